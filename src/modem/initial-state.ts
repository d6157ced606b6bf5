/** The state of a module that has never been switched on, from its configuration. */
import { noMessages } from "#modem/sms/message-centre";
import type { AccessTechnology, FirmwareFault, ModemState, SimStatus } from "#modem/state";
import { noTraffic } from "#modem/traffic-meter";

/** The parts of the configuration that describe the hardware around the module. */
export interface Hardware {
  readonly identity: { readonly imei: string; readonly revision: string; readonly applicationRevision: string };
  readonly sim: {
    readonly present: boolean;
    readonly pin: string | undefined;
    readonly iccid: string;
    readonly imsi: string;
    readonly msisdn: string | undefined;
  };
  readonly network: {
    readonly apns: readonly string[] | undefined;
    readonly defaultApn: string;
    readonly rejectCause: number;
    readonly searchS: number | undefined;
    readonly activationS: number;
    readonly roaming: boolean;
    readonly coverage: boolean;
    readonly mcc: string;
    readonly mnc: string;
    readonly operatorLong: string;
    readonly operatorShort: string;
    readonly technology: ModemState["radio"]["technology"];
    readonly rssiDbm: number;
    readonly rsrpDbm: number;
    readonly rsrqDb: number;
    readonly sinrDb: number;
  };
  readonly battery: { readonly percent: number; readonly millivolts: number };
  readonly firmware: { readonly fault: FirmwareFault; readonly faultPercent: number };
}

/** Band and channel that each technology is simulated on. */
export const CHANNEL: Readonly<Record<AccessTechnology, { readonly band: number; readonly earfcn: number }>> = {
  "CAT-M1": { band: 13, earfcn: 5230 },
  "CAT-NB1": { band: 8, earfcn: 3736 },
  GSM: { band: 900, earfcn: 62 },
};

/** Of short messages: a number of no country. */
const SERVICE_CENTRE = "+9990001";

/** A module is delivered for the network it is to be used in: the factory's "iotopmode" is Cat M1. */
const deliveredFor = (technology: AccessTechnology): Readonly<Record<string, string>> =>
  technology === "CAT-NB1" ? { "qcfg/iotopmode": "1" } : {};

/** 3GPP TS 11.11 §8.9, §8.13. */
export const PIN_TRIES = 3;
export const PUK_TRIES = 10;
const FACTORY_PUK = "12345678";

export function createInitialState(hardware: Hardware, settings: Readonly<Record<string, string>> = {}): ModemState {
  const { identity, sim, network, battery } = hardware;
  const card: SimStatus = sim.pin === undefined ? "READY" : "SIM PIN";
  const { fault, faultPercent } = hardware.firmware;
  const { apns, defaultApn, rejectCause, searchS, activationS, roaming, coverage, ...radio } = network;
  return {
    power: {
      phase: "off",
      boots: 0,
      ready: false,
      appReady: false,
      smsDone: false,
      poweredDown: false,
      sleeping: false,
    },
    identity: { manufacturer: "Quectel", model: "BG96", hardware: "R1.2", ...identity },
    sim: {
      status: sim.present ? "NOT READY" : "NOT INSERTED",
      card: sim.present ? card : "NOT INSERTED",
      removed: sim.present ? undefined : card,
      iccid: sim.iccid,
      imsi: sim.imsi,
      msisdn: sim.msisdn,
      centre: SERVICE_CENTRE,
      pin: sim.pin ?? "1234",
      pinTriesLeft: PIN_TRIES,
      puk: FACTORY_PUK,
      pukTriesLeft: PUK_TRIES,
      starts: 0,
    },
    functionality: 1,
    radio: { ...radio, ...CHANNEL[radio.technology], physicalCellId: 256, cellId: 0x1a2d001, trackingArea: 0x5212 },
    registration: { eps: 0 },
    network: {
      apns,
      defaultApn,
      rejectCause,
      searchS,
      activationS,
      roaming,
      coverage,
      selection: 0,
      attached: false,
      attachWanted: undefined,
      powerSaving: true,
      zoneQuarters: 0,
      detaches: 0,
      endedBy: "ME",
      untilRestart: {},
    },
    networkReport: undefined,
    defaultBearer: undefined,
    pdp: {},
    moduleCalls: [],
    battery: { ...battery, milliamps: 125, charging: 0, externalPower: true },
    memory: { totalKb: 34_000, freeKb: 21_500 },
    sensors: { temperatureC: 28, adcMillivolts: [0, 0] },
    time: { offsetMs: 0, zoneQuarters: 0, zoneName: "Etc/UTC", synchronised: false, heardAtMs: 0 },
    position: undefined,
    gnss: { enabled: true, faulty: false },
    gnssSession: undefined,
    geofences: {},
    fix: undefined,
    traffic: noTraffic,
    linkUtilisationPercent: 0,
    lineRate: undefined,
    settings: { ...deliveredFor(radio.technology), ...settings },
    firmware: {
      update: { state: 0, result: 0, uri: "", name: undefined, version: undefined },
      software: { state: 0, result: 0, name: "", version: "", active: false },
      report: undefined,
      fault,
      faultPercent,
    },
    sms: noMessages,
    phonebooks: { SM: {}, ME: {} },
    lwm2m: { phase: undefined, observation: undefined, downlink: undefined },
  };
}
