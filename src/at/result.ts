/** Final result codes and their forms on the line (ITU-T V.250 §5.7, 3GPP TS 27.007 §9). */
import type { Session } from "#at/session";

/** 3GPP TS 27.007 §9.2.1, those a BG96 prints. */
const CME_TEXTS: Readonly<Record<number, string>> = {
  3: "operation not allowed",
  4: "operation not supported",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  13: "SIM failure",
  14: "SIM busy",
  15: "SIM wrong",
  16: "incorrect password",
  20: "memory full",
  22: "not found",
  30: "no network service",
  31: "network timeout",
  50: "Incorrect parameters",
  58: "invalid command line",
  100: "unknown",
  // Quectel BG96 FILE manual
  400: "Invalid input value",
  402: "Read zero byte",
  403: "Drive full",
  405: "File not found",
  406: "Invalid file name",
  407: "File already existed",
  409: "Fail to write the file",
  413: "Reach the max number of file allowed to be opened",
  414: "The file read-only",
  416: "Invalid file descriptor",
  421: "Time out",
  423: "File too large",
  426: "File already opened",
};

/** A failure that AT+CMEE makes readable: `+CME ERROR: <code>`. */
export class CmeError extends Error {
  readonly code: number;
  constructor(code: number, detail?: string) {
    super(`${CME_TEXTS[code] ?? "unknown"}${detail ? `: ${detail}` : ""}`);
    this.name = "CmeError";
    this.code = code;
  }
}

/** A failure answered with a bare ERROR whatever AT+CMEE says: an unknown command, a malformed line. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

export type Framing = Pick<Session, "verbose" | "quiet" | "s">;

/** V.250 §5.7.1: ATV0 numbers. */
const NUMERIC: Readonly<Record<string, string>> = { OK: "0", CONNECT: "1", ERROR: "4" };

const lineEnd = ({ s }: Framing) => String.fromCharCode(s[3] ?? 13, s[4] ?? 10);

/** The lines of one answer, or one URC: they share one header (V.250 §5.7.1). */
export function formatInformation(lines: readonly string[], framing: Framing): string {
  if (lines.length === 0) return "";
  const end = lineEnd(framing);
  return `${framing.verbose ? end : ""}${lines.map((line) => line + end).join("")}`;
}

/** @param result "OK", "ERROR" or "+CME ERROR: …", which has no number and stays verbose under ATV0. */
export function formatResult(result: string, framing: Framing): string {
  if (framing.quiet) return "";
  const end = lineEnd(framing);
  const number = NUMERIC[result];
  if (!framing.verbose && number !== undefined) return number + String.fromCharCode(framing.s[3] ?? 13);
  return end + result + end;
}

/** What a CmeError is on the line at one level of AT+CMEE. */
export function cmeResult(code: number, level: Session["cmee"]): string {
  if (level === 0) return "ERROR";
  return `+CME ERROR: ${level === 1 ? code : (CME_TEXTS[code] ?? CME_TEXTS[100])}`;
}
