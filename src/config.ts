/** The configuration of one modem: defaults < file < environment < options, one frozen value. */

import { DEFAULT_CIPHERS } from "#coap/cipher-suites";
import { OPTIONS, type OptionPath, type OptionRow } from "#config/options";
import { readEnvironment, readFile, readOptions } from "#config/sources";
import { type ClientDialect, DEFAULT_CLIENT_DIALECT, DEFAULT_SPELLING, type Spelling } from "#config/spelling";
import { readUserRules } from "#config/user-rules";
import { millivoltsAt } from "#modem/battery";
import type { Hardware } from "#modem/initial-state";
import type { BootProfile } from "#modem/power";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

export interface Config extends Hardware {
  readonly log: { readonly level: LogLevel };
  readonly boot: BootProfile;
  /** Directory of the module's file tree; undefined = a fresh one in the run directory. */
  readonly efs: string | undefined;
  /** The main AT port: path of its symbolic link, or of a serial device; undefined = `tty` in the run directory. */
  readonly tty: string | undefined;
  /** Further AT ports likewise, as AT+QURCCFG names them; undefined = none. */
  readonly usbmodem: string | undefined;
  readonly uart1: string | undefined;
  /** host:port where each connection is an AT terminal of its own; undefined = none. */
  readonly tcp: string | undefined;
  /** The GNSS receiver's port, likewise a path; undefined = none. */
  readonly nmea: string | undefined;
  /** The debug port: path of its symbolic link, or of a serial device; undefined = none. */
  readonly qcli: string | undefined;
  /** Whether what the ports say comes at the rate of AT+IPR. */
  readonly pacing: boolean;
  /** Whether the links of ports vanish while the module has no power, as the devices of a USB module. */
  readonly reopenOnReset: boolean;
  /** Path of a file of AT answers; undefined = the module's own alone. */
  readonly rules: string | undefined;
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
    /** Whether every notification is Confirmable; otherwise one a day is (RFC 7641 §4.5). */
    readonly confirmableNotifications: boolean;
    /** Whether 1542 and 1543 are understood as TLV and JSON, and answered in kind. */
    readonly oldFormats: boolean;
    /** Whether a Bootstrap-Server may bootstrap the device without having been asked; a BG96 does not offer it. */
    readonly serverInitiatedBootstrap: boolean;
  };
  readonly coap: {
    readonly ackTimeoutMs: number;
    readonly ackRandomFactor: number;
    readonly maxRetransmit: number;
    readonly nstart: number;
  };
  readonly firmware: Hardware["firmware"] & {
    /** Files that are no packages are taken for some, too. */
    readonly acceptAny: boolean;
    /** Whether the certificate of an HTTPS server must be one that the host trusts. */
    readonly httpsVerify: boolean;
  };
  /** What the module's documents tell in more than one way. */
  readonly dialect: Spelling &
    ClientDialect & {
      /** How the debug port spells the URN of IMEI and MSISDN: as OMA, or as the guide's sample log. */
      readonly msisdnUrn: "msisdn" | "msisdh";
      /** What a Server may do: all of LwM2M, or read, write and observe alone, as the guide says of this firmware. */
      readonly operations: "all" | "rwOnly";
    };
  readonly dtls: {
    /** Of one whole handshake. */
    readonly handshakeTimeoutMs: number;
  };
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

export const DEFAULTS: Config = freeze({
  log: { level: "info" },
  boot: "fast",
  efs: undefined,
  tty: undefined,
  usbmodem: undefined,
  uart1: undefined,
  tcp: undefined,
  nmea: undefined,
  qcli: undefined,
  pacing: false,
  reopenOnReset: false,
  rules: undefined,
  register: false,
  lwm2m: {
    server: undefined,
    endpoint: undefined,
    pskIdentity: undefined,
    pskKeyHex: undefined,
    lifetimeS: undefined,
    ciphers: DEFAULT_CIPHERS,
    registerVersion: "always",
    confirmableNotifications: false,
    oldFormats: false,
    serverInitiatedBootstrap: false,
  },
  // RFC 7252 §4.8
  coap: { ackTimeoutMs: 2000, ackRandomFactor: 1.5, maxRetransmit: 4, nstart: 1 },
  dtls: { handshakeTimeoutMs: 60_000 },
  identity: { imei: "864508030000019", revision: "BG96MAR02A07M1G", applicationRevision: "01.007.01.007" },
  // 001-01 is the test network (3GPP TS 23.003 §2.2, ITU-T E.212 Annex A)
  sim: {
    present: true,
    pin: undefined,
    iccid: "89001011234567890128",
    imsi: "001010123456789",
    msisdn: "15555550100",
  },
  network: {
    apns: undefined,
    defaultApn: "internet",
    rejectCause: 0,
    searchS: undefined,
    activationS: 0,
    roaming: false,
    coverage: true,
    mcc: "001",
    mnc: "01",
    operatorLong: "Test Network",
    operatorShort: "Test",
    technology: "CAT-M1",
    rssiDbm: -73,
    rsrpDbm: -95,
    rsrqDb: -9,
    sinrDb: 12,
  },
  battery: { percent: 85, millivolts: 3900 },
  dialect: {
    ...DEFAULT_SPELLING,
    ...DEFAULT_CLIENT_DIALECT,
    msisdnUrn: "msisdn",
    operations: "all",
  },
  firmware: { acceptAny: false, httpsVerify: true, fault: "none", faultPercent: 50 },
});

/** As the command line gives them; absent or undefined = not given. */
export interface ConfigOptions {
  readonly efs?: string | undefined;
  readonly tty?: string | undefined;
  readonly usbmodem?: string | undefined;
  readonly uart1?: string | undefined;
  readonly tcp?: string | undefined;
  readonly nmea?: string | undefined;
  readonly qcli?: string | undefined;
  readonly rules?: string | undefined;
  /** Keys of `dialect`: "observeFlag=never,epnsMode=true". */
  readonly dialect?: string | undefined;
  readonly server?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly pskIdentity?: string | undefined;
  readonly pskKey?: string | undefined;
  readonly lifetime?: string | number | undefined;
  readonly boot?: string | undefined;
  readonly register?: boolean | undefined;
  readonly logLevel?: string | undefined;
}

export interface ConfigSources {
  /** Path of a TOML file. */
  readonly file?: string | undefined;
  /** The environment: BG96_NETWORK_APNS is network.apns, a list is separated by commas. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: ConfigOptions;
  /** Hears of what is probably a mistake and harms nothing. */
  readonly warn?: ((warning: ConfigProblem) => void) | undefined;
}

/** Puts a Config together from its sources, the later over the earlier. @throws ConfigError with every problem of all of them. */
export function loadConfig({ file, env, options, warn = () => {} }: ConfigSources): Config {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const given = [
    ...(file === undefined ? [] : readFile(file, problems)),
    ...readEnvironment(env, warnings),
    ...readOptions(options, problems),
  ];
  const config: Config = structuredClone(DEFAULTS);
  const places = new Map<OptionPath, string>();
  const refused = new Set<OptionPath>();
  for (const { path, value, place } of given) {
    const row = OPTIONS[path];
    places.set(path, place);
    if (value !== undefined && !row.schema.safeParse(value).success) {
      refused.add(path);
      problems.push({ place, message: `${path} cannot be ${show(row, value)}`, remedy: remedy(row, value) });
      continue;
    }
    assign(config, path, value);
  }
  if (places.has("battery.percent") && !places.has("battery.millivolts")) {
    assign(config, "battery.millivolts", millivoltsAt(config.battery.percent));
  }
  if (config.rules !== undefined) readUserRules(config.rules, problems);
  problems.push(...checkSecurity(config, refused, (path) => places.get(path) ?? path));
  // what is only warned of may be why something else is missing
  if (problems.length > 0) throw new ConfigError(inOrder([...problems, ...warnings], file));
  warnings.forEach(warn);
  return freeze(config);
}

/** By line and column of the file; then the environment, then the command line, each as found. */
function inOrder(problems: readonly ConfigProblem[], file: string | undefined): readonly ConfigProblem[] {
  const rank = ({ place }: ConfigProblem): readonly number[] => {
    if (file !== undefined && (place === file || place.startsWith(`${file}:`))) {
      const [, line = 0, column = 0] = /:(\d+):(\d+)$/.exec(place) ?? [];
      return [0, Number(line), Number(column)];
    }
    return [place.startsWith("--") ? 2 : 1];
  };
  return problems
    .map((problem) => ({ problem, rank: rank(problem) }))
    .sort((a, b) => a.rank.map((each, index) => each - (b.rank[index] ?? 0)).find((step) => step !== 0) ?? 0)
    .map(({ problem }) => problem);
}

/** Server, identity and key have to fit each other; one that was refused is there, but cannot be compared. */
function checkSecurity(
  { lwm2m, efs }: Config,
  refused: ReadonlySet<OptionPath>,
  placeOf: (path: OptionPath) => string,
): readonly ConfigProblem[] {
  const server = refused.has("lwm2m.server") ? undefined : lwm2m.server;
  const hasIdentity = lwm2m.pskIdentity !== undefined || refused.has("lwm2m.pskIdentity");
  const hasKey = lwm2m.pskKeyHex !== undefined || refused.has("lwm2m.pskKeyHex");
  const problems: ConfigProblem[] = [];
  const report = (path: OptionPath, message: string, what: string) =>
    void problems.push({ place: placeOf(path), message, remedy: what });
  if (hasIdentity && !hasKey) {
    report("lwm2m.pskIdentity", "there is an identity without a key", "give lwm2m.pskKeyHex (--psk-key) too");
  } else if (hasKey && !hasIdentity) {
    report("lwm2m.pskKeyHex", "there is a key without an identity", "give lwm2m.pskIdentity (--psk-identity) too");
  } else if (hasKey && server?.startsWith("coap://")) {
    const secure = server.replace("coap://", "coaps://").replace(/:5683(?=\/?$)/, ":5684");
    report("lwm2m.server", `a PSK is given, but ${server} is without security`, `did you mean ${secure}?`);
  } else if (!hasKey && server?.startsWith("coaps://") && efs === undefined && !refused.has("efs")) {
    // a tree of the user's own may hold the server's PSK file
    report("lwm2m.server", `${server} needs a PSK`, "give --psk-identity and --psk-key, or --efs with a PSK file");
  }
  return problems;
}

const show = (row: OptionRow, value: unknown): string =>
  row.secret ? "what is given" : (JSON.stringify(value) ?? String(value)).slice(0, 80);

const remedy = (row: OptionRow, value: unknown): string => row.remedy?.(value) ?? `give ${row.allowed}`;

function assign(config: Config, path: OptionPath, value: unknown): void {
  const [section, key] = path.split(".") as [string, string | undefined];
  const target = config as unknown as Record<string, unknown>;
  if (key === undefined) target[section] = value;
  else (target[section] as Record<string, unknown>)[key] = value;
}

function freeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) freeze(each);
  return Object.freeze(value);
}
