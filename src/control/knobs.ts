/** What an operator may turn on a running modem: one row a knob, with the values it takes. */
import { CHANNEL } from "#modem/initial-state";
import type { Modem } from "#modem/modem";
import { type AccessTechnology, FIRMWARE_FAULTS, type ModemState, type Position } from "#modem/state";

/** A value that a knob does not take: "what: why". */
export class KnobError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KnobError";
  }
}

interface Knob {
  /** For the help and the error, e.g. "an integer of 0-100". */
  readonly takes: string;
  /** @returns undefined when the value does not fit. */
  change(value: unknown, state: ModemState): Partial<ModemState> | undefined;
}

/** A knob on one member of one part of the state. */
function knob<Part extends keyof ModemState>(
  part: Part,
  member: string & keyof ModemState[Part],
  takes: string,
  fits: (value: unknown, state: ModemState) => boolean,
): Knob {
  return {
    takes,
    change: (value, state) =>
      fits(value, state)
        ? ({ [part]: { ...(state[part] as object), [member]: value } } as Partial<ModemState>)
        : undefined,
  };
}

const integer = (low: number, high: number): [string, (value: unknown) => boolean] => [
  `an integer of ${low} to ${high}`,
  (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
];
const oneOf = (words: readonly string[]): [string, (value: unknown) => boolean] => [
  `one of ${words.join(", ")}`,
  (value) => words.some((word) => word === value),
];
const flag: [string, (value: unknown) => boolean] = ["true or false", (value) => typeof value === "boolean"];

const TECHNOLOGIES: readonly AccessTechnology[] = ["CAT-M1", "CAT-NB1", "GSM"];

export const KNOBS: Readonly<Record<string, Knob>> = {
  "battery.percent": knob("battery", "percent", ...integer(0, 100)),
  "battery.millivolts": knob("battery", "millivolts", ...integer(0, 6000)),
  "battery.milliamps": knob("battery", "milliamps", ...integer(0, 3000)),
  "battery.charging": knob("battery", "charging", ...integer(0, 2)),
  "battery.externalPower": knob("battery", "externalPower", ...flag),
  "network.coverage": knob("network", "coverage", ...flag),
  "network.powerSaving": knob("network", "powerSaving", ...flag),
  "network.zoneQuarters": knob("network", "zoneQuarters", ...integer(-48, 56)),
  "network.roaming": knob("network", "roaming", ...flag),
  // Ranges of 3GPP TS 27.007 +CSQ and TS 36.133 RSRP, RSRQ.
  "radio.rssiDbm": knob("radio", "rssiDbm", ...integer(-113, -51)),
  "radio.rsrpDbm": knob("radio", "rsrpDbm", ...integer(-140, -44)),
  "radio.rsrqDb": knob("radio", "rsrqDb", ...integer(-20, -3)),
  "radio.sinrDb": knob("radio", "sinrDb", ...integer(-20, 30)),
  "radio.technology": {
    takes: `one of ${TECHNOLOGIES.join(", ")}`,
    change(value, { radio }) {
      const technology = TECHNOLOGIES.find((each) => each === value);
      return technology && { radio: { ...radio, technology, ...CHANNEL[technology] } };
    },
  },
  "radio.cellId": knob("radio", "cellId", ...integer(0, 0xfffffff)),
  "radio.trackingArea": knob("radio", "trackingArea", ...integer(0, 0xffff)),
  "memory.freeKb": knob("memory", "freeKb", "an integer of 0 to the total", (value, state) => {
    return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= state.memory.totalKb;
  }),
  "sensors.temperatureC": knob("sensors", "temperatureC", ...integer(-40, 85)),
  "time.offsetMs": knob("time", "offsetMs", ...integer(-1e13, 1e13)),
  "time.zoneQuarters": knob("time", "zoneQuarters", ...integer(-48, 56)),
  "firmware.fault": knob("firmware", "fault", ...oneOf(FIRMWARE_FAULTS)),
  "firmware.faultPercent": knob("firmware", "faultPercent", ...integer(0, 100)),
  "sim.inserted": {
    takes: flag[0],
    change(value, { sim }) {
      const isInserted = sim.card !== "NOT INSERTED";
      if (typeof value !== "boolean") return undefined;
      if (value === isInserted) return {};
      if (!value) return { sim: { ...sim, status: "NOT INSERTED", card: "NOT INSERTED", removed: sim.card } };
      return { sim: { ...sim, status: "NOT READY", card: sim.removed ?? "READY", removed: undefined } };
    },
  },
  fix: {
    takes: '"latitude,longitude[,altitude m[,uncertainty m[,speed m/s[,course]]]]" in degrees, or "none"',
    change(value) {
      if (value === "none") return { position: undefined };
      const position = typeof value === "string" ? parsePosition(value) : undefined;
      return position && { position };
    },
  },
  "gnss.faulty": knob("gnss", "faulty", ...flag),
};

/** Turns one knob. @throws KnobError */
export function turnKnob(modem: Modem, path: string, value: unknown): void {
  modem.update(knobChange(modem, path, value));
}

/** What turning it would change. @throws KnobError */
export function knobChange(modem: Modem, path: string, value: unknown): Partial<ModemState> {
  const knob = Object.hasOwn(KNOBS, path) ? KNOBS[path] : undefined;
  if (!knob) throw new KnobError(`${path}: no such setting, there are ${Object.keys(KNOBS).join(", ")}`);
  const change = knob.change(value, modem.state);
  if (!change) throw new KnobError(`${path}: takes ${knob.takes}`);
  return change;
}

function parsePosition(text: string): Position | undefined {
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [latitude = Number.NaN, longitude = Number.NaN, altitudeM = 0, uncertaintyM = 10, speedMs = 0, courseDeg = 0] =
    parts;
  const position = { latitude, longitude, altitudeM, uncertaintyM, speedMs, courseDeg };
  if (parts.length > 6 || !Object.values(position).every(Number.isFinite)) return undefined;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || uncertaintyM < 0 || speedMs < 0) return undefined;
  return position;
}
