/** What a command of the command line is: one row, from which come its parsing and its help. */
import type { Argv } from "yargs";
import { UsageError } from "#cli/failure";
import { DEFAULT_NAME, type Surroundings } from "#cli/run-directory";

/** What yargs made of a command line. */
export type Parsed = Readonly<Record<string, unknown>>;

export interface CommandRow {
  /** Its name and positionals, as yargs has them: "stop [name]". */
  readonly form: string;
  readonly title: string;
  /** Declares its positionals and options. */
  options(of: Argv): Argv;
  /** What follows the options in its help. */
  notes?(): readonly string[];
  /** A line to be copied, behind "bg96 ", and what it is for. */
  readonly examples: readonly (readonly [line: string, why: string])[];
  /**
   * Loads what it needs itself: `status` should not wait for what only `run` needs.
   * @returns the exit code
   */
  run(parsed: Parsed, surroundings: Surroundings): number | Promise<number>;
}

export const nameOfRow = ({ form }: CommandRow): string => form.split(" ", 1)[0] ?? "";

export const named = (of: Argv): Argv =>
  of.positional("name", { type: "string", default: DEFAULT_NAME, describe: "the modem's name" });
export const nameOf = (parsed: Parsed): string => String(parsed.name);

/** For commands that also reach a modem which has no name. */
export const withRunDirectory = (of: Argv): Argv =>
  of.option("run-dir", {
    type: "string",
    requiresArg: true,
    describe: "run directory of a modem in the foreground, instead of a name",
  });
export const runDirectoryOf = (parsed: Parsed): string | undefined => parsed.runDir as string | undefined;

export const withPort = (of: Argv, name: string, describe: string, fallback?: number): Argv =>
  of.option(name, {
    type: "number",
    requiresArg: true,
    describe,
    ...(fallback !== undefined && { default: fallback }),
  });

/** @throws UsageError */
export function portOf(parsed: Parsed, name: string): number | undefined {
  const value = parsed[name];
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 65535) {
    throw new UsageError(`--${name}: is not a number of 0 to 65535`, `--${name} 0 for a free one`);
  }
  return value as number;
}

/** A time an option gives; timers hold 2^31 ms. @throws UsageError */
export function secondsOf(parsed: Parsed, name: string): number {
  const seconds = Number(parsed[name]);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new UsageError(`--${name}: is not a number of seconds above 0, a day at most`, `--${name} 10`);
  }
  return seconds;
}
