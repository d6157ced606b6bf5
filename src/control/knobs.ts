/** What an operator may turn on a running modem: one row a knob, with the values it takes. */
import { flag, integer, type Knob, type KnobValue, knob, oneOf } from "#control/knob";
import { NETWORK_KNOBS } from "#control/network-knobs";
import { millivoltsAt } from "#modem/battery";
import type { Modem } from "#modem/modem";
import { parseIncoming } from "#modem/sms/incoming-text";
import { sentTo } from "#modem/sms/message-centre";
import { FIRMWARE_FAULTS, type ModemState, type Position } from "#modem/state";

/** A value that a knob does not take: "what: why". */
export class KnobError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KnobError";
  }
}

export const KNOBS: Readonly<Record<string, Knob>> = {
  "battery.percent": {
    ...knob("battery", "percent", ...integer(0, 100)),
    change(value, { battery }) {
      if (!integer(0, 100)[1](value)) return undefined;
      const percent = value as number;
      // a voltage that was set by itself stays
      const follows = battery.millivolts === millivoltsAt(battery.percent);
      return { battery: { ...battery, percent, ...(follows && { millivolts: millivoltsAt(percent) }) } };
    },
  },
  "battery.millivolts": knob("battery", "millivolts", ...integer(0, 6000)),
  "battery.milliamps": knob("battery", "milliamps", ...integer(0, 3000)),
  "battery.charging": knob("battery", "charging", ...integer(0, 2)),
  "battery.externalPower": knob("battery", "externalPower", ...flag),
  ...NETWORK_KNOBS,
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
    value: ({ sim }) => sim.card !== "NOT INSERTED",
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
    value({ position }) {
      if (!position) return "none";
      const { latitude, longitude, altitudeM, uncertaintyM, speedMs, courseDeg } = position;
      return [latitude, longitude, altitudeM, uncertaintyM, speedMs, courseDeg].join(",");
    },
    change(value) {
      if (value === "none") return { position: undefined };
      const position = typeof value === "string" ? parsePosition(value) : undefined;
      return position && { position };
    },
  },
  "gnss.faulty": knob("gnss", "faulty", ...flag),
  sms: {
    takes: '"number: text" or "pdu:<hexadecimal>" of a message to the module, or "none" to drop those that wait for it',
    value: () => "none", // a message is an event
    change(value, { sms }) {
      if (value === "none") return { sms: { ...sms, waiting: [] } };
      const message = typeof value === "string" ? parseIncoming(value) : undefined;
      if (!message) return undefined;
      const sent = sentTo(sms, message);
      if (!sent)
        throw new KnobError("sms: too many messages wait for the module, which has no room or cannot be reached");
      return { sms: sent };
    },
  },
};

/** How every knob stands. */
export function knobValues({ state }: Modem): Record<string, KnobValue> {
  return Object.fromEntries(Object.entries(KNOBS).map(([path, knob]) => [path, knob.value(state)]));
}

/** A knob by its path, and what it is turned to. */
export type Turn = readonly [path: string, value: unknown];

/** Turns one knob. @throws KnobError */
export function turnKnob(modem: Modem, path: string, value: unknown): void {
  modem.update(knobsChange(modem.state, [[path, value]]));
}

/**
 * What turning them would change, each on top of those before it; as one change, so that nothing between is ever seen.
 * @throws KnobError naming each that does not fit
 */
export function knobsChange(state: ModemState, turns: readonly Turn[]): Partial<ModemState> {
  let whole: Partial<ModemState> = {};
  const wrong: string[] = [];
  for (const [path, value] of turns) {
    const knob = Object.hasOwn(KNOBS, path) ? KNOBS[path] : undefined;
    if (!knob) throw new KnobError(`${path}: no such setting, there are ${Object.keys(KNOBS).join(", ")}`);
    const change = knob.change(value, { ...state, ...whole });
    if (change) whole = { ...whole, ...change };
    else wrong.push(`${path}: takes ${knob.takes}`);
  }
  if (wrong.length > 0) throw new KnobError(wrong.join("\n"));
  return whole;
}

/** Beyond any receiver's: metres, and m/s. */
const FAR_M = 1e6;
const FAST_MS = 1e4;

function parsePosition(text: string): Position | undefined {
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [latitude = Number.NaN, longitude = Number.NaN, altitudeM = 0, uncertaintyM = 10, speedMs = 0, courseDeg = 0] =
    parts;
  const position = { latitude, longitude, altitudeM, uncertaintyM, speedMs, courseDeg };
  if (parts.length > 6 || !Object.values(position).every(Number.isFinite)) return undefined;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || Math.abs(altitudeM) > FAR_M) return undefined;
  const isWithin = (value: number, most: number) => value >= 0 && value <= most;
  if (!isWithin(uncertaintyM, FAR_M) || !isWithin(speedMs, FAST_MS) || !isWithin(courseDeg, 360)) return undefined;
  return position;
}
