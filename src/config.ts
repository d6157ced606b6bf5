/** The configuration of one modem: defaults < file < environment < options, one frozen value. */
import type { BootProfile } from "#modem/power";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

export interface Config {
  readonly log: { readonly level: LogLevel };
  readonly boot: BootProfile;
  /** Directory of the module's file tree; undefined = a fresh one in the run directory. */
  readonly efs: string | undefined;
  /** Path of the port's symbolic link; undefined = `tty` in the run directory. */
  readonly tty: string | undefined;
  /** Whether LwM2M registers by itself at start. */
  readonly register: boolean;
  /** Settings for this run that win over the module's files and are not stored. */
  readonly lwm2m: {
    readonly server: string | undefined;
    readonly endpoint: string | undefined;
    readonly pskIdentity: string | undefined;
    readonly pskKeyHex: string | undefined;
    readonly lifetimeS: number | undefined;
    readonly ciphers: readonly string[];
    /** Register carries lwm2m=1.0 always, or only a version above 1.0 (the OMA slides' reading). */
    readonly registerVersion: "always" | "above1.0";
    /** Body of +QLWOBSERVE's third field (bg96-at rule 8). */
    readonly observeFlag: "always" | "cancelOnly" | "never";
  };
  readonly coap: { readonly ackTimeoutMs: number; readonly maxRetransmit: number };
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
    readonly roaming: boolean;
    readonly coverage: boolean;
    readonly mcc: string;
    readonly mnc: string;
    readonly operatorLong: string;
    readonly operatorShort: string;
    readonly technology: "CAT-M1" | "CAT-NB1" | "GSM";
    readonly rssiDbm: number;
    readonly rsrpDbm: number;
    readonly rsrqDb: number;
    readonly sinrDb: number;
  };
  readonly battery: { readonly percent: number; readonly millivolts: number };
}

/** One thing wrong with the configuration: where, what, and what to do. */
export interface ConfigProblem {
  /** "file:line:column", or the option or variable's name. */
  readonly place: string;
  readonly message: string;
  readonly remedy: string;
}

/** Every problem at once; the process ends with 78. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((each) => `${each.place}: ${each.message} (${each.remedy})`).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}
