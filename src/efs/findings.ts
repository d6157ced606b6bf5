/** What is found wrong while a file of the module is read: every problem at once, each with its place. */
import { ConfigError, type ConfigProblem } from "#config";

export interface Findings {
  /** @param offset into the text, in UTF-16 units. */
  report(offset: number, message: string, remedy: string): void;
  /** Something the file is still read with. */
  warn(offset: number, message: string, remedy: string): void;
  readonly warnings: readonly ConfigProblem[];
  /** As many were reported as are told: reading on finds nothing for anybody. */
  readonly full: boolean;
  /** Both from 1. */
  place(offset: number): { readonly line: number; readonly column: number };
  /** @throws ConfigError with what was reported, in the order of the text. */
  check(): void;
}

/** A file that is none of ours at all need not fill the log. */
const MAX_FINDINGS = 100;

export function createFindings(text: string, fileName: string): Findings {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const place = (offset: number) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
  const found: { readonly offset: number; readonly problem: ConfigProblem }[] = [];
  const warnings: ConfigProblem[] = [];
  const problem = (offset: number, message: string, remedy: string): ConfigProblem => {
    const { line, column } = place(offset);
    return { place: `${fileName}:${line}:${column}`, message, remedy };
  };
  return {
    report(offset, message, remedy) {
      if (found.length < MAX_FINDINGS) found.push({ offset, problem: problem(offset, message, remedy) });
    },
    warn(offset, message, remedy) {
      if (warnings.length < MAX_FINDINGS) warnings.push(problem(offset, message, remedy));
    },
    warnings,
    get full() {
      return found.length >= MAX_FINDINGS;
    },
    place,
    check() {
      if (found.length === 0) return;
      throw new ConfigError(found.sort((a, b) => a.offset - b.offset).map((each) => each.problem));
    },
  };
}

/** Keeps a file that is no configuration at all from holding up the module. @throws ConfigError */
export function refuseLonger(maxBytes: number, content: string | Buffer, fileName: string): void {
  const bytes = Buffer.byteLength(content);
  if (bytes <= maxBytes) return;
  const message = `the file is ${bytes} bytes long, ${maxBytes} is the most`;
  throw new ConfigError([
    { place: `${fileName}:1:1`, message, remedy: "see whether it is the right file, or shorten it" },
  ]);
}
