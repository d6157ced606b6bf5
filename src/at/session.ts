/** The settings of one terminal (one port); AT&W keeps them, ATZ restores them, AT&F resets them. */
import type { TcpipCode } from "#at/error-codes";

export interface Scratch {
  /** AT+QINDCFG without <save>, by its key. */
  readonly indications: Record<string, 0 | 1>;
  /** AT+QIDNSCFG by <cid>: primary and secondary. */
  readonly nameServers: Record<number, readonly [string, string]>;
}

export interface Session {
  echo: boolean;
  /** ATV: verbose results. */
  verbose: boolean;
  /** ATQ: result codes suppressed. */
  quiet: boolean;
  /** ATX, AT&C, AT&D. */
  x: number;
  c: number;
  d: number;
  cmee: 0 | 1 | 2;
  creg: 0 | 1 | 2;
  cgreg: 0 | 1 | 2;
  cereg: 0 | 1 | 2 | 4;
  /** AT+COPS <format>: 0 long, 1 short, 2 numeric. */
  copsFormat: 0 | 1 | 2;
  cscs: string;
  ctzr: 0 | 1 | 2;
  /** AT+CGEREP <mode>,<bfr>. */
  cgerep: readonly [mode: 0 | 1 | 2, buffer: 0 | 1];
  /** AT+CMGF: 0 PDU, 1 text. */
  cmgf: 0 | 1;
  cnmi: readonly number[];
  csmp: readonly number[];
  cusd: 0 | 1;
  qsimstat: 0 | 1;
  qsclk: 0 | 1 | 2;
  /** What AT+QIGETERROR tells. */
  tcpipError: TcpipCode;
  /** What no profile holds and no AT&F resets: it goes with the power. */
  scratch: Scratch;
  /** S-registers by number: S0 S3 S4 S5 S6 S7 S8 S10. */
  s: Record<number, number>;
}

const createScratch = (): Scratch => ({ indications: {}, nameServers: {} });

export function createSession(): Session {
  return {
    echo: true,
    verbose: true,
    quiet: false,
    x: 4,
    c: 1,
    d: 1,
    cmee: 1,
    creg: 0,
    cgreg: 0,
    cereg: 0,
    copsFormat: 0,
    cscs: "GSM",
    ctzr: 0,
    cgerep: [0, 0],
    cmgf: 0,
    cnmi: [2, 1, 0, 0, 0],
    csmp: [17, 167, 0, 0],
    cusd: 0,
    qsimstat: 0,
    qsclk: 0,
    scratch: createScratch(),
    tcpipError: 0,
    s: { 0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 0, 8: 2, 10: 15 },
  };
}

/** What AT&W keeps, as JSON. BG96: the manual's table leaves CMEE, CSCS, CTZR, S3, S4 and S5 out. */
export function storedProfile({ echo, verbose, quiet, x, c, d, creg, cgreg, cereg, s }: Session): string {
  return JSON.stringify({ echo, verbose, quiet, x, c, d, creg, cgreg, cereg, s: { 0: s[0], 7: s[7], 10: s[10] } });
}

/** Sets factory values, then those of a stored profile; values of another kind than the factory's are passed over. */
export function restoreSession(session: Session, profile: string | undefined): void {
  const factory = createSession();
  const { scratch, tcpipError } = session;
  Object.assign(session, factory, { scratch, tcpipError });
  if (profile === undefined) return;
  let kept: unknown;
  try {
    kept = JSON.parse(profile);
  } catch {
    return;
  }
  if (typeof kept !== "object" || kept === null) return;
  for (const [name, value] of Object.entries(kept)) {
    if (!Object.hasOwn(factory, name) || typeof value === "object") continue;
    if (typeof value === typeof factory[name as keyof Session]) Object.assign(session, { [name]: value });
  }
  const registers: unknown = "s" in kept ? kept.s : undefined;
  for (const [number, value] of Object.entries(registers ?? {})) {
    if (Object.hasOwn(factory.s, number) && Number.isInteger(value)) session.s[Number(number)] = value;
  }
}

/** Power is lost: nothing but the stored profile is left. */
export function resetSession(session: Session, profile: string | undefined): void {
  Object.assign(session, createSession());
  restoreSession(session, profile);
}
