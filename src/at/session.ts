/** The settings of one terminal (one port); AT&W keeps them, ATZ restores them, AT&F resets them. */

import { createSelection, type Selection } from "#at/card/sim-card";
import type { TcpipCode } from "#at/error-codes";

export interface Scratch {
  /** AT+QINDCFG without <save>, by its key. */
  readonly indications: Record<string, 0 | 1>;
  /** AT+QIDNSCFG by <cid>: primary and secondary. */
  readonly nameServers: Record<number, readonly [string, string]>;
  /** What AT+CSIM has selected. */
  readonly card: Selection;
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
  /** AT+CSMP: <fo>,<vp>,<pid>,<dcs>; a validity is relative as a number, absolute as a time. */
  csmp: readonly [fo: number, vp: number | string, pid: number, dcs: number];
  /** AT+CSDH: details of messages in text mode. */
  csdh: 0 | 1;
  /** AT+CMMS. */
  cmms: 0 | 1 | 2;
  /** AT+CSCB: <mode>,"<mids>","<dcss>" as printed. */
  cscb: string;
  /** AT+CPBS. */
  cpbs: string;
  clip: 0 | 1;
  clir: 0 | 1 | 2;
  colp: 0 | 1;
  crc: 0 | 1;
  /** AT+CSSN. */
  cssn: readonly [0 | 1, 0 | 1];
  ccwa: 0 | 1;
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

const createScratch = (): Scratch => ({ indications: {}, nameServers: {}, card: createSelection() });

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
    csmp: [17, 167, 0, 0],
    csdh: 0,
    cmms: 0,
    cscb: '0,"",""',
    cpbs: "SM",
    clip: 0,
    clir: 0,
    colp: 0,
    crc: 0,
    cssn: [0, 0],
    ccwa: 0,
    cusd: 0,
    qsimstat: 0,
    qsclk: 0,
    scratch: createScratch(),
    tcpipError: 0,
    s: { 0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 0, 8: 2, 10: 15 },
  };
}

/** What AT&W keeps. BG96: the manual's table leaves CMEE, CSCS, CTZR, S3, S4 and S5 out. */
const KEPT = ["echo", "verbose", "quiet", "x", "c", "d", "creg", "cgreg", "cereg"] as const;
const KEPT_REGISTERS = [0, 7, 10] as const;

/** As JSON. */
export function storedProfile(session: Session): string {
  const kept = Object.fromEntries(KEPT.map((name) => [name, session[name]]));
  return JSON.stringify({
    ...kept,
    s: Object.fromEntries(KEPT_REGISTERS.map((number) => [number, session.s[number]])),
  });
}

/** Sets factory values, then those of a stored profile; what AT&W cannot have written is passed over. */
export function restoreSession(session: Session, profile: string | undefined): void {
  const factory = createSession();
  const { scratch, tcpipError } = session;
  Object.assign(session, factory, { scratch, tcpipError });
  if (profile === undefined) return;
  let kept: Record<string, unknown> & { readonly s?: Readonly<Record<string, unknown>> };
  try {
    kept = JSON.parse(profile) ?? {};
  } catch {
    return;
  }
  const fits = (value: unknown, like: unknown) =>
    typeof value === typeof like &&
    (typeof value === "boolean" || (Number.isInteger(value) && isOctet(value as number)));
  for (const name of KEPT) if (fits(kept[name], factory[name])) Object.assign(session, { [name]: kept[name] });
  for (const number of KEPT_REGISTERS) {
    const value = kept.s?.[number];
    if (fits(value, 0)) session.s[number] = value as number;
  }
}

const isOctet = (value: number) => value >= 0 && value <= 255;

/** Power is lost: nothing but the stored profile is left. */
export function resetSession(session: Session, profile: string | undefined): void {
  Object.assign(session, createSession());
  restoreSession(session, profile);
}
