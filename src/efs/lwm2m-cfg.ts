/** lwm2m_cfg: the Client's options as a block of `KEY=value;` lines in braces (BG96: guide §3.3.3, Table 4). */
import type { ConfigProblem } from "#config";
import { createFindings, type Findings, refuseLonger } from "#efs/findings";
import { applyEdits, editsOf, type KeyRow, lineEnd, MAX_BYTES, type Pair, readFields, readPair } from "#efs/pairs";

export interface Lwm2mCfg {
  /** Used where carrier_apn_cfg is absent. */
  readonly apn: string | undefined;
  /** Data call: first delay, factor, longest delay and attempts. */
  readonly retryTimeoutS: number;
  readonly retryExponent: number;
  readonly maxRetryTimeoutS: number;
  readonly maxRetries: number;
  /** Without activity for so long the device goes to sleep. */
  readonly ackTimeoutS: number;
  /** Registration: first delay, factor, longest delay. */
  readonly registrationRetryTimeoutS: number;
  readonly registrationRetryExponent: number;
  readonly registrationRetryMaxTimeoutS: number;
  /** 1 = LwM2M is off while roaming. */
  readonly roamingFeature: 0 | 1;
  /** 1 = the registration survives a reboot. */
  readonly keepRegistration: 0 | 1;
  readonly batteryLowPercent: number;
  /** 0 default, 1 Verizon. */
  readonly carrierType: 0 | 1;
  /** Further attempts after a failed bootstrap. */
  readonly maxRebootstraps: number;
  /** 4 IMEI URN, 7 IMEI-MSISDN URN. */
  readonly registrationEndpointForm: 4 | 7;
  readonly bootstrapEndpointForm: 4 | 7;
  readonly bootUpSleepS: number;
  readonly gpsMinIntervalMs: number;
  readonly gpsMinDistanceM: number;
}

const SECONDS = [0, 2 ** 31 - 1] as const;
const COUNT = [0, 1_000_000] as const;
const FACTOR = [1, 1_000] as const;

/** `missing` is Table 4; the file the module is shipped with differs in places. */
const ROWS: readonly KeyRow<keyof Lwm2mCfg>[] = [
  { key: "APN", field: "apn", missing: undefined },
  { key: "RETRY_TIMEOUT", field: "retryTimeoutS", missing: 30, range: SECONDS },
  { key: "RETRY_EXPONENT_VAL", field: "retryExponent", missing: 2, range: FACTOR },
  { key: "MAX_RETRY_TIMEOUT", field: "maxRetryTimeoutS", missing: 640, range: SECONDS },
  { key: "MAX_NO_RETRIES", field: "maxRetries", missing: 5, range: COUNT },
  { key: "ACK_TIMEOUT", field: "ackTimeoutS", missing: 60, range: SECONDS },
  { key: "REG_RETRY_TIMEOUT", field: "registrationRetryTimeoutS", missing: 60, range: SECONDS },
  { key: "REG_RETRY_EXPONENT", field: "registrationRetryExponent", missing: 2, range: FACTOR },
  { key: "REG_RETRY_MAXTIMEOUT", field: "registrationRetryMaxTimeoutS", missing: 480, range: SECONDS },
  { key: "ROAMING_FEAT", field: "roamingFeature", missing: 1, oneOf: [0, 1] },
  // BG96: Table 4 misspells it; the one that comes later in this table wins
  { key: "FER_REGSTATUS_FEAT", field: "keepRegistration", missing: 0, oneOf: [0, 1] },
  { key: "PER_REGSTATUS_FEAT", field: "keepRegistration", missing: 0, oneOf: [0, 1] },
  { key: "BATTERY_LEVEL_THRESHOLD", field: "batteryLowPercent", missing: 20, range: [0, 100] },
  { key: "CARRIER_TYPE", field: "carrierType", missing: 0, oneOf: [0, 1] },
  { key: "REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS", field: "maxRebootstraps", missing: 0, range: COUNT },
  { key: "REG_EP_NAME", field: "registrationEndpointForm", missing: 4, oneOf: [4, 7] },
  { key: "BOOTSTRAP_EP_NAME", field: "bootstrapEndpointForm", missing: 7, oneOf: [4, 7] },
  { key: "BOOT_UP_SLEEP_TIME", field: "bootUpSleepS", missing: 5, range: SECONDS },
  { key: "GPS_MIN_INTERVAL", field: "gpsMinIntervalMs", missing: 3000, range: SECONDS },
  { key: "GPS_MIN_DISTANCE", field: "gpsMinDistanceM", missing: 1, range: SECONDS },
];

/** What the guide's sample of the file says in place of Table 4. */
const SAMPLE: Partial<Record<keyof Lwm2mCfg, number>> = { ackTimeoutS: 30, maxRebootstraps: 5, bootUpSleepS: 10 };
const SAMPLE_ROWS = ROWS.map((row) => ({ ...row, missing: SAMPLE[row.field] ?? row.missing }));

/**
 * @param defaults where those of missing options come from
 * @returns the options, those missing at their defaults (`parseLwm2mCfg("{}", …)` = all of them), and warnings of unknown keys.
 * @throws ConfigError with every problem, each at "file:line:column".
 */
export function parseLwm2mCfg(
  text: string,
  fileName: string,
  defaults: "table" | "sample" = "table",
): { readonly cfg: Lwm2mCfg; readonly warnings: readonly ConfigProblem[] } {
  refuseLonger(MAX_BYTES, text, fileName);
  const findings = createFindings(text, fileName);
  const { pairs } = readBlock(text, findings);
  const cfg = readFields<Lwm2mCfg>(pairs, defaults === "sample" ? SAMPLE_ROWS : ROWS, findings);
  findings.check();
  return { cfg, warnings: findings.warnings };
}

/**
 * Changes options where they stand, adds those missing, and leaves the rest of the text; "" begins a new file.
 * @throws ConfigError when the text cannot be read or a value cannot be kept.
 */
export function editLwm2mCfg(text: string, changes: Partial<Lwm2mCfg>, fileName: string): string {
  refuseLonger(MAX_BYTES, text, fileName);
  const whole = text.trim() === "" ? "{\n}\n" : text;
  const findings = createFindings(whole, fileName);
  const { pairs, end } = readBlock(whole, findings);
  findings.check();
  const newline = lineEnd(whole);
  const changed = applyEdits(whole, pairs, editsOf<Lwm2mCfg>(changes, ROWS, fileName), {
    at: end,
    format: ({ key, value }) => `${key}=${value};${newline}`,
  });
  refuseLonger(MAX_BYTES, changed, fileName);
  return changed;
}

/** @returns the pairs, and the offset of the closing brace. */
function readBlock(text: string, findings: Findings): { readonly pairs: readonly Pair[]; readonly end: number } {
  const start = /^\ufeff?\s*/.exec(text)![0].length;
  const end = text.trimEnd().length - 1;
  if (text[start] !== "{") findings.report(start, 'the opening "{" is missing', 'begin the file with "{"');
  if (end <= start || text[end] !== "}")
    findings.report(end + 1, 'the closing "}" is missing', 'end the file with "}"');
  findings.check();
  const pairs: Pair[] = [];
  for (let at = start + 1; at < end && !findings.full; ) {
    const semicolon = text.indexOf(";", at);
    const stop = semicolon >= 0 && semicolon < end ? semicolon : end;
    if (text.slice(at, stop).trim() === "") {
      at = stop + 1;
      continue;
    }
    const pair = readPair(text, at, stop);
    const first = at + /^\s*/.exec(text.slice(at, stop))![0].length;
    const line = text.slice(first, stop).split(/\r?\n/)[0]!.trimEnd();
    if (pair && stop < end) pairs.push(pair);
    else if (readPair(line, 0, line.length))
      findings.report(first + line.length, 'the ";" is missing', 'end the line with ";"');
    else
      findings.report(first, `${JSON.stringify(line.slice(0, 40))} is no KEY=value;`, "write KEY=value; or remove it");
    // after a missing ";" the next line is read on its own
    at = pair && stop < end ? stop + 1 : first + line.length + (text[first + line.length] === ";" ? 1 : 0);
  }
  return { pairs, end };
}
