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
    s: { 0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 0, 8: 2, 10: 15 },
  };
}
