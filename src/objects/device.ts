/** Device (OMA TS 1.0.2 Appendix E.4). */
import { CoapError } from "#coap/message";
import { multipleOf, type ObjectDefinition, type ResourceValue, type Value } from "#lwm2m/object";
import { lowestFree } from "#lwm2m/shelf";
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";

export interface DeviceEffects {
  /** Restarts the module; the answer to Execute must leave first. */
  reboot(): void;
  factoryReset(): void;
  /** BATTERY_LEVEL_THRESHOLD of lwm2m_cfg, percent. */
  threshold(): number;
  /** The host's wall clock, ms since 1970. */
  now(): number;
}

const POWER_SOURCE = { dc: 0, internalBattery: 1 } as const;
const ERROR = { lowBattery: 1, externalSupplyOff: 2, gnssFailure: 3, lowSignal: 4, outOfMemory: 5, ipFailure: 7 } as const;
const NO_ERROR: ReadonlyMap<number, Value> = new Map([[0, 0]]);
const BATTERY = { normal: 0, charging: 1, charged: 2, low: 4 } as const;
/** Voltage of the external supply, which the module does not measure. */
const SUPPLY_MILLIVOLTS = 5000;
/** Latest time, s, that fits four bytes: in 2106. */
const LATEST_S = 2 ** 32 - 1;
/** +CSQ answers 0 or 1 from here down. */
const WEAK_SIGNAL_DBM = -111;

export const device = (modem: Modem, effects: DeviceEffects): ObjectDefinition => {
  /** By Resource Instance: an error keeps its own as long as its cause lasts (OMA TS 1.0.2 Appendix E.4). */
  let errors: ReadonlyMap<number, number> = new Map();

  const presentErrors = (): number[] => {
    const { battery, radio, network, memory, gnss } = modem.state;
    const present: number[] = [];
    if (battery.percent < effects.threshold()) present.push(ERROR.lowBattery);
    if (!battery.externalPower) present.push(ERROR.externalSupplyOff);
    if (gnss.enabled && gnss.faulty) present.push(ERROR.gnssFailure);
    if (!network.coverage || radio.rssiDbm <= WEAK_SIGNAL_DBM) present.push(ERROR.lowSignal);
    if (memory.freeKb <= 0) present.push(ERROR.outOfMemory);
    if (inService(modem.state) && !network.attached) present.push(ERROR.ipFailure);
    return present;
  };
  const shownErrors = (): ResourceValue => {
    const present = presentErrors();
    if (present.length === 0) {
      errors = new Map();
      return NO_ERROR;
    }
    const lasting = new Map([...errors].filter(([, error]) => present.includes(error)));
    const known = [...lasting.values()];
    for (const error of present) if (!known.includes(error)) lasting.set(lowestFree(lasting), error);
    errors = new Map([...lasting].sort(([a], [b]) => a - b));
    return errors;
  };
  /** By power source; the battery's own first, as in 6. */
  const perSource = (battery: number, supply: number) => multipleOf(modem.state.battery.externalPower ? [battery, supply] : [battery]);
  const supplied = (milliamps: number) => perSource(modem.state.battery.externalPower ? 0 : milliamps, milliamps);
  const batteryStatus = () => {
    const { charging, percent } = modem.state.battery;
    if (charging === 1) return BATTERY.charging;
    if (charging === 2) return BATTERY.charged;
    return percent < effects.threshold() ? BATTERY.low : BATTERY.normal;
  };
  const setTime = (change: Partial<typeof modem.state.time>) => modem.update((state) => ({ time: { ...state.time, ...change } }));

  return {
    id: 3,
    name: "Device",
    urn: "urn:oma:lwm2m:oma:3",
    instances: "single",
    mandatory: true,
    resources: {
      0: { name: "Manufacturer", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.manufacturer },
      1: { name: "Model Number", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.model },
      2: { name: "Serial Number", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.imei },
      3: { name: "Firmware Version", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.revision },
      4: { name: "Reboot", operations: "E", mandatory: true, execute: () => effects.reboot() },
      5: { name: "Factory Reset", operations: "E", mandatory: false, execute: () => effects.factoryReset() },
      6: {
        name: "Available Power Sources",
        operations: "R",
        type: "integer",
        mandatory: false,
        multiple: true,
        range: [0, 7],
        read: () => perSource(POWER_SOURCE.internalBattery, POWER_SOURCE.dc),
      },
      7: {
        name: "Power Source Voltage",
        operations: "R",
        type: "integer",
        mandatory: false,
        multiple: true,
        units: "mV",
        read: () => perSource(modem.state.battery.millivolts, SUPPLY_MILLIVOLTS),
      },
      8: {
        name: "Power Source Current",
        operations: "R",
        type: "integer",
        mandatory: false,
        multiple: true,
        units: "mA",
        read: () => supplied(modem.state.battery.milliamps),
      },
      9: { name: "Battery Level", operations: "R", type: "integer", mandatory: false, range: [0, 100], units: "%", read: () => modem.state.battery.percent },
      10: { name: "Memory Free", operations: "R", type: "integer", mandatory: false, units: "KB", read: () => modem.state.memory.freeKb },
      11: { name: "Error Code", operations: "R", type: "integer", mandatory: true, multiple: true, range: [0, 8], read: shownErrors },
      12: {
        name: "Reset Error Code",
        operations: "E",
        mandatory: false,
        // all Instances go; those whose cause lasts are made anew when the errors are read next
        execute() {
          errors = new Map();
        },
      },
      13: {
        name: "Current Time",
        operations: "RW",
        type: "time",
        mandatory: false,
        range: [0, LATEST_S],
        read: () => Math.floor((effects.now() + modem.state.time.offsetMs) / 1000),
        write: (seconds) => setTime({ offsetMs: Number(seconds) * 1000 - effects.now() }),
        compare: () => modem.state.time.offsetMs,
      },
      14: {
        name: "UTC Offset",
        operations: "RW",
        type: "string",
        mandatory: false,
        read: () => formatUtcOffset(modem.state.time.zoneQuarters),
        check: (text) => void parseUtcOffset(text as string),
        write: (text) => setTime({ zoneQuarters: parseUtcOffset(text as string) }),
      },
      15: {
        name: "Timezone",
        operations: "RW",
        type: "string",
        mandatory: false,
        range: [0, 64],
        read: () => modem.state.time.zoneName,
        write: (name) => setTime({ zoneName: name as string }),
      },
      16: { name: "Supported Binding and Modes", operations: "R", type: "string", mandatory: true, read: () => "UQ" },
      17: { name: "Device Type", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.model },
      18: { name: "Hardware Version", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.hardware },
      19: { name: "Software Version", operations: "R", type: "string", mandatory: false, read: () => modem.state.identity.applicationRevision },
      20: { name: "Battery Status", operations: "R", type: "integer", mandatory: false, range: [0, 6], read: batteryStatus },
      21: { name: "Memory Total", operations: "R", type: "integer", mandatory: false, units: "KB", read: () => modem.state.memory.totalKb },
      // Nothing is attached to the module: absent until something is.
      22: { name: "ExtDevInfo", operations: "R", type: "objlnk", mandatory: false, multiple: true, read: () => undefined },
    },
  };
};

/** ISO 8601, e.g. "+09:00". */
function formatUtcOffset(quarters: number): string {
  const minutes = Math.abs(quarters) * 15;
  const two = (number: number) => String(number).padStart(2, "0");
  return `${quarters < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** @throws CoapError 4.00 unless it is an offset of whole quarters within a day's zones. */
function parseUtcOffset(text: string): number {
  const parts = /^(?:(Z)|([+-])(\d\d)(?::?([0-5]\d))?)$/.exec(text);
  if (parts?.[1]) return 0;
  const minutes = Number(parts?.[3]) * 60 + Number(parts?.[4] ?? 0);
  if (!parts || minutes > 14 * 60 || minutes % 15 !== 0) throw new CoapError("4.00", "UTC offset: not an ISO 8601 offset");
  return minutes === 0 ? 0 : (parts[2] === "-" ? -minutes : minutes) / 15;
}
