/** What yargs cannot lay out: lines to be copied stay whole, however narrow the terminal is. */
import { BAD_CONFIGURATION, FAILED, NOT_IN_TIME, NOT_RUNNING, USAGE } from "#cli/failure";

/** As wide as help is made on a wider terminal, and where there is none. */
const MOST_COLUMNS = 80;
/** Behind an example that is longer than this, its explanation is not in line with the others. */
const WIDEST_EXAMPLE = 48;

const EXIT_CODES: readonly (readonly [number | string, string])[] = [
  [0, "done; at: OK"],
  [FAILED, "failed, standard error says why; at: ERROR"],
  [USAGE, "the command line does not fit: an option, a name, a setting, a value"],
  [NOT_RUNNING, "no modem of that name runs"],
  [NOT_IN_TIME, "nothing came in time: a final result, a registration, a client"],
  [BAD_CONFIGURATION, "bad configuration: every problem with its place and remedy"],
  ["128+N", "ended at once by the second of two signals, N"],
];

export const columns = (): number => Math.min(process.stdout.columns ?? MOST_COLUMNS, MOST_COLUMNS);

/** @param lines what follows "bg96 " */
export function exampleLines(lines: readonly (readonly [line: string, why: string])[]): string[] {
  const width = Math.min(WIDEST_EXAMPLE, Math.max(...lines.map(([line]) => line.length)));
  return [
    "Examples:",
    ...lines.map(([line, why]) => `  bg96 ${why === "" ? line : `${line.padEnd(width)}  # ${why}`}`),
  ];
}

export const exitCodeLines = (): string[] => [
  "Exit codes:",
  ...EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(7)}${meaning}`),
];
