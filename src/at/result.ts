/** Final result codes and their forms on the line (ITU-T V.250 §5.7, 3GPP TS 27.007 §9). */
import type { ErrorStyle } from "#at/command";
import { CME_TEXTS, CMS_OF_CME, CMS_TEXTS, TCPIP_TEXTS, type TcpipCode } from "#at/error-codes";
import type { Session } from "#at/session";
import type { Spelling } from "#config/spelling";
import { ClientError } from "#lwm2m/client";

/** A failure that AT+CMEE makes readable: `+CME ERROR: <code>`. */
export class CmeError extends Error {
  readonly code: number;
  constructor(code: number, detail?: string) {
    super(`${CME_TEXTS[code] ?? "unknown"}${detail ? `: ${detail}` : ""}`);
    this.name = "CmeError";
    this.code = code;
  }
}

/** A failure answered with a result that has no number: a bare ERROR whatever AT+CMEE says, or NO CARRIER. */
export class CommandError extends Error {
  readonly result: "ERROR" | "NO CARRIER";
  constructor(message: string, result: "ERROR" | "NO CARRIER" = "ERROR") {
    super(message);
    this.name = "CommandError";
    this.result = result;
  }
}

/** A failure among short messages: `+CMS ERROR: <code>`. */
export class CmsError extends Error {
  readonly code: number;
  constructor(code: number, detail?: string) {
    super(`${CMS_TEXTS[code] ?? "unknown"}${detail ? `: ${detail}` : ""}`);
    this.name = "CmsError";
    this.code = code;
  }
}

/** A failure of the TCP/IP commands: a bare ERROR, and AT+QIGETERROR tells the code. */
export class TcpipError extends Error {
  readonly code: TcpipCode;
  constructor(code: TcpipCode, detail?: string) {
    super(`${TCPIP_TEXTS[code]}${detail ? `: ${detail}` : ""}`);
    this.name = "TcpipError";
    this.code = code;
  }
}

export type Framing = Pick<Session, "verbose" | "quiet" | "s">;

/** V.250 §5.7.1: ATV0 numbers. */
const NUMERIC: Readonly<Record<string, string>> = { OK: "0", CONNECT: "1", "NO CARRIER": "3", ERROR: "4" };

/** S3 and S4. */
export const lineEnd = ({ s }: Pick<Framing, "s">) => String.fromCharCode(s[3] ?? 13, s[4] ?? 10);

/** The lines of one answer, or one URC: they share one header (V.250 §5.7.1). */
export function formatInformation(lines: readonly string[], framing: Framing): string {
  if (lines.length === 0) return "";
  const end = lineEnd(framing);
  return `${framing.verbose ? end : ""}${lines.map((line) => line + end).join("")}`;
}

/** Its framing is that of information; ATQ1 suppresses it as every result code (V.250 §6.2.5). */
export function formatUrc(line: string, framing: Framing): string {
  return framing.quiet ? "" : formatInformation([line], framing);
}

/** @param result "OK", "ERROR" or "+CME ERROR: …", which has no number and stays verbose under ATV0. */
export function formatResult(result: string, framing: Framing): string {
  if (framing.quiet) return "";
  const end = lineEnd(framing);
  const number = NUMERIC[result];
  if (!framing.verbose && number !== undefined) return number + String.fromCharCode(framing.s[3] ?? 13);
  return end + result + end;
}

/** Whether an error is an answer to the host, not a bug. */
export function isRefusal(error: unknown): error is Error {
  return [CmeError, CommandError, CmsError, TcpipError, ClientError].some((each) => error instanceof each);
}

/** What values that do not fit are among each family's codes. */
const MISFIT = { cme: 50, gnss: 501, file: 400 } as const;
const NOT_ALLOWED = 3;

/** What a failure is on the line at one level of AT+CMEE. */
export function failureResult(
  error: unknown,
  family: ErrorStyle,
  cmee: Session["cmee"],
  { errors, cmeAtZero }: Pick<Spelling, "errors" | "cmeAtZero">,
): string {
  if (error instanceof CommandError) return error.result;
  const level = cmee === 0 && cmeAtZero ? 2 : cmee;
  const style = family === "client" ? (errors === "cme" ? "cme" : "bare") : family;
  if (family === "client" && style === "cme" && error instanceof ClientError)
    return codeResult("CME", NOT_ALLOWED, CME_TEXTS, level);
  if (style === "cms")
    return codeResult("CMS", error instanceof CmsError ? error.code : cmsOf(error), CMS_TEXTS, level);
  if (!(error instanceof CmeError) || style === "bare" || style === "tcpip") return "ERROR";
  const code = error.code === 50 ? MISFIT[style] : error.code;
  return codeResult("CME", code, CME_TEXTS, level);
}

/** What AT+QIGETERROR tells of a failure. */
export function tcpipCode(error: unknown): TcpipCode {
  if (error instanceof TcpipError) return error.code;
  return error instanceof CmeError ? 552 : 550;
}

const cmsOf = (error: unknown) => (error instanceof CmeError && CMS_OF_CME[error.code]) || 500;

function codeResult(
  family: "CME" | "CMS",
  code: number,
  texts: Readonly<Record<number, string>>,
  level: Session["cmee"],
) {
  // 3GPP TS 27.005 §3.2.5: +CMS ERROR stays at level 0
  if (level === 0 && family === "CME") return "ERROR";
  return `+${family} ERROR: ${level === 2 ? (texts[code] ?? "unknown") : code}`;
}
