/** The whole simulated hardware as one immutable value; AT answers, URCs and LwM2M Resources are derived from it. */
import type { Phonebooks } from "#modem/phonebook";
import type { SmsState } from "#modem/sms/message-store";

export type PowerPhase = "off" | "booting" | "running";
/** +CPIN codes; "NOT INSERTED" stands for an empty slot. */
export type SimStatus = "READY" | "SIM PIN" | "SIM PUK" | "NOT READY" | "NOT INSERTED";
export type AccessTechnology = "CAT-M1" | "CAT-NB1" | "GSM";
/** 3GPP TS 27.007 §10.1.22 <stat>: 0 idle, 1 home, 2 searching, 3 denied, 4 unknown, 5 roaming. */
export type RegistrationStatus = 0 | 1 | 2 | 3 | 4 | 5;
export type PdpType = "IP" | "IPV6" | "IPV4V6";
/** Wakaama's client states, which +QLWEVENT prints. */
export type ClientPhase = 0 | 1 | 2 | 3 | 4 | 5;

export interface PdpContext {
  readonly type: PdpType;
  readonly apn: string;
  readonly user: string;
  readonly password: string;
  /** 0 none, 1 PAP, 2 CHAP, 3 PAP or CHAP. */
  readonly authentication: 0 | 1 | 2 | 3;
  readonly active: boolean;
  /** Address given by the network while active. */
  readonly address: string | undefined;
  /** The APN of its call, where its definition has none, or has been another since. */
  readonly calledApn?: string;
}

/** A data call that is up. */
export interface Call {
  readonly apn: string;
  readonly address: string;
  /** Of the module's own calls, APN_CLASS of carrier_apn_cfg: each class of an APN is a call of its own. */
  readonly apnClass?: number;
}

/** Degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Where the module is and how it moves, as satellites tell. */
export interface Position extends Place {
  readonly altitudeM: number;
  readonly uncertaintyM: number;
  readonly speedMs: number;
  readonly courseDeg: number;
}

export interface Fix extends Position {
  /** Wall clock ms at which it was taken. */
  readonly takenAtMs: number;
}

/** An area whose borders the host wants to hear of. */
export interface Geofence {
  /** Bits: 1 entering, 2 leaving. */
  readonly mode: 0 | 1 | 2 | 3;
  readonly area: { readonly centre: Place; readonly radiusM: number } | { readonly corners: readonly Place[] };
  /** `<mode>,<shape>,…` as the host gave it. */
  readonly asTold: string;
}

export interface GnssSession {
  /** Monotonic ms after which it is over; Infinity = until the host ends it. */
  readonly untilMs: number;
}

/** By kind: the time of AT+QNTP, one echo and the sums of AT+QPING, USSD of AT+CUSD. `error` 0 = none, else a TCP/IP code. */
export type NetworkReport =
  | { readonly kind: "time"; readonly error: number; readonly utcMs: number }
  | {
      readonly kind: "echo";
      readonly error: number;
      readonly address: string;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      readonly kind: "echoes";
      readonly error: number;
      readonly sent: number;
      readonly received: number;
      readonly ms: { readonly least: number; readonly most: number; readonly average: number };
    }
  | { readonly kind: "ussd"; readonly status: number };

export interface Traffic {
  readonly txBytes: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly rxPackets: number;
  readonly largestBytes: number;
  /** False after /7/0/7: what passes is not counted. */
  readonly collecting: boolean;
  /** /7/0/8: how long to collect from the next Start on, s; 0 = until Stop. */
  readonly periodS: number;
}

/** What is to go wrong with the next firmware or software update; it strikes once. */
export const FIRMWARE_FAULTS = [
  "none",
  "flash",
  "ram",
  "connection",
  "integrity",
  "unsupported",
  "uri",
  "protocol",
  "update",
  "powerInDownload",
  "powerInUpdating",
  "powerInRestore",
] as const;
export type FirmwareFault = (typeof FIRMWARE_FAULTS)[number];

/** What `+QIND: "FOTA"` tells of DFOTA. */
export type FotaReport =
  | { readonly step: "HTTPSTART" | "START" | "continued" }
  | { readonly step: "HTTPEND" | "END"; readonly error: number }
  | { readonly step: "UPDATING" | "RESTORE"; readonly percent: number };

export interface ModemState {
  readonly power: {
    readonly phase: PowerPhase;
    /** Counts boots; a change of it means everything volatile was lost. */
    readonly boots: number;
    /** The functionality level has been reported in this boot: `+CFUN: 1`, shortly after `RDY` (phase running). */
    readonly ready: boolean;
    /** `APP RDY`. */
    readonly appReady: boolean;
    /** `+QIND: SMS DONE`; false again while the SIM is re-initialised (AT+CFUN=0, then 1). */
    readonly smsDone: boolean;
    /** Set by AT+QPOWD when the module has gone down: `POWERED DOWN`. */
    readonly poweredDown: boolean;
    /** In power saving mode, `PSM POWER DOWN`: registered, and off until the periodic update or PWRKEY. */
    readonly sleeping: boolean;
  };
  readonly identity: {
    readonly manufacturer: string;
    readonly model: string;
    readonly revision: string;
    readonly applicationRevision: string;
    readonly hardware: string;
    readonly imei: string;
  };
  readonly sim: {
    /** What +CPIN? answers; NOT READY while it is being initialised. */
    readonly status: SimStatus;
    /** What the card asks for once initialised. */
    readonly card: SimStatus;
    /** What a card that lies beside the empty slot would ask for. */
    readonly removed: SimStatus | undefined;
    readonly iccid: string;
    readonly imsi: string;
    readonly msisdn: string | undefined;
    /** The service centre of short messages that stands on the card. */
    readonly centre: string;
    readonly pin: string;
    readonly pinTriesLeft: number;
    readonly puk: string;
    /** None left: the card is of no use any more. */
    readonly pukTriesLeft: number;
    /** Times that it has been initialised: what was selected on it before is not any more. */
    readonly starts: number;
  };
  /** AT+CFUN: 0 minimum, 1 full, 4 radio off. */
  readonly functionality: 0 | 1 | 4;
  readonly radio: {
    readonly technology: AccessTechnology;
    readonly band: number;
    readonly earfcn: number;
    readonly physicalCellId: number;
    readonly cellId: number;
    readonly trackingArea: number;
    readonly mcc: string;
    readonly mnc: string;
    readonly operatorLong: string;
    readonly operatorShort: string;
    readonly rssiDbm: number;
    readonly rsrpDbm: number;
    readonly rsrqDb: number;
    readonly sinrDb: number;
  };
  readonly registration: {
    readonly eps: RegistrationStatus;
  };
  readonly network: {
    /** APNs the network accepts; undefined = any that is not empty. */
    readonly apns: readonly string[] | undefined;
    /** The APN it gives to a module that attaches without one that it accepts. */
    readonly defaultApn: string;
    /** The cause with which it denies registration, of 3GPP TS 24.301 §9.9.3.9; 0 = it does not. */
    readonly rejectCause: number;
    /** How long a search takes; undefined = as the boot profile says. */
    readonly searchS: number | undefined;
    /** How long it takes to activate a context for the host. */
    readonly activationS: number;
    /** Whether the cell in reach is the home network. */
    readonly roaming: boolean;
    /** Whether there is a cell in reach at all. */
    readonly coverage: boolean;
    /** AT+COPS <mode>: 0 automatic, 1 manual, 2 de-registered. */
    readonly selection: 0 | 1 | 2;
    readonly attached: boolean;
    /** Whether it is to be attached wherever it can: it has been, or was told so; undefined = AT+QCFG decides. */
    readonly attachWanted: boolean | undefined;
    /** Whether it grants PSM and eDRX. */
    readonly powerSaving: boolean;
    /** Its UTC offset, quarters of an hour, which it tells the module (NITZ). */
    readonly zoneQuarters: number;
    /** Times that the module has left the packet network: after each its addresses are others. */
    readonly detaches: number;
    /** Who has ended the calls that ended last: the module (by order of the host) or the network. */
    readonly endedBy: "ME" | "NW";
    /** What still holds of the settings of AT+QCFG that were changed with <effect> 0, by key. */
    readonly untilRestart: Readonly<Record<string, string>>;
  };
  /** What the network has answered to an order of the host; the latest, each a value of its own. */
  readonly networkReport: NetworkReport | undefined;
  /** What the network has given context 1 on attach to LTE; undefined elsewhere. */
  readonly defaultBearer: Call | undefined;
  /** Contexts by <cid> 1-16, those that have been defined. */
  readonly pdp: Readonly<Record<number, PdpContext>>;
  /** Those that LwM2M has set up for itself, in the order of their setting up. */
  readonly moduleCalls: readonly Call[];
  readonly battery: {
    readonly percent: number;
    readonly millivolts: number;
    readonly milliamps: number;
    /** +CBC <bcs>: 0 not charging, 1 charging, 2 charging finished. */
    readonly charging: 0 | 1 | 2;
    readonly externalPower: boolean;
  };
  readonly memory: { readonly totalKb: number; readonly freeKb: number };
  readonly sensors: {
    readonly temperatureC: number;
    /** At the ADC pins 0 and 1. */
    readonly adcMillivolts: readonly [number, number];
  };
  readonly time: {
    /** The module's clock minus the host's clock, ms. */
    readonly offsetMs: number;
    /** UTC offset in quarters of an hour, as +CCLK prints it. */
    readonly zoneQuarters: number;
    /** IANA zone name of /3/0/15. */
    readonly zoneName: string;
    /** Whether the network has given the time (AT+QLTS). */
    readonly synchronised: boolean;
    /** Wall clock ms at which it did so last. */
    readonly heardAtMs: number;
  };
  /** What a working receiver would find; undefined = no satellites in view. */
  readonly position: Position | undefined;
  readonly gnss: { readonly enabled: boolean; readonly faulty: boolean };
  /** The host's (AT+QGPS); LwM2M needs none. */
  readonly gnssSession: GnssSession | undefined;
  /** By their number, 0 to 9; they go with the power. */
  readonly geofences: Readonly<Record<number, Geofence>>;
  /** What the receiver has found last. */
  readonly fix: Fix | undefined;
  /** What has passed over IP, headers included, since boot or since /7/0/6 was executed. */
  readonly traffic: Traffic;
  /** Of the radio link's highest rate, over the last minute. */
  readonly linkUtilisationPercent: number;
  /** AT+IPR since the start, bit/s; undefined = the rate that AT&W has kept. */
  readonly lineRate: number | undefined;
  /** Settings kept in the module's non-volatile memory (AT+QCFG, AT+IFC …), by name; values as printed. */
  readonly settings: Readonly<Record<string, string>>;
  readonly firmware: {
    /** Object 5 as it is shown, with the package's own name and version while there is one. */
    readonly update: {
      readonly state: 0 | 1 | 2 | 3;
      readonly result: number;
      readonly uri: string;
      readonly name: string | undefined;
      readonly version: string | undefined;
    };
    /** Object 9 likewise. */
    readonly software: {
      readonly state: 0 | 1 | 2 | 3 | 4;
      readonly result: number;
      readonly name: string;
      readonly version: string;
      readonly active: boolean;
    };
    /** The latest; each is a value of its own. */
    readonly report: FotaReport | undefined;
    readonly fault: FirmwareFault;
    /** Where in a download, in UPDATING or in RESTORE the fault strikes, %. */
    readonly faultPercent: number;
  };
  readonly sms: SmsState;
  readonly phonebooks: Phonebooks;
  /** What the LwM2M Client shows to the terminal. */
  readonly lwm2m: {
    readonly phase: ClientPhase | undefined;
    /** The latest observation begun or ended on /19, /10250, /26241: token in hex, upper case. */
    readonly observation: { readonly token: string; readonly path: string; readonly cancelled: boolean } | undefined;
    /** The latest downlink data. */
    readonly downlink: { readonly path: string; readonly data: Buffer } | undefined;
  };
}
