/** The settings of one terminal (one port); AT&W keeps them, ATZ restores them, AT&F resets them. */

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
  /** S-registers by number: S0 S3 S4 S5 S6 S7 S8 S10. */
  s: Record<number, number>;
}

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
  Object.assign(session, factory);
  if (profile === undefined) return;
  let kept: unknown;
  try {
    kept = JSON.parse(profile);
  } catch {
    return;
  }
  if (typeof kept !== "object" || kept === null) return;
  for (const [name, value] of Object.entries(kept)) {
    if (name === "s" || !Object.hasOwn(factory, name)) continue;
    if (typeof value === typeof factory[name as keyof Session]) Object.assign(session, { [name]: value });
  }
  const registers: unknown = "s" in kept ? kept.s : undefined;
  for (const [number, value] of Object.entries(registers ?? {})) {
    if (Object.hasOwn(factory.s, number) && Number.isInteger(value)) session.s[Number(number)] = value;
  }
}
