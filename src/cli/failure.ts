/** How a command fails: with which exit code, why, and what the user can do about it. */

/** Exit codes; 0 is success. */
export const FAILED = 1;
export const USAGE = 2;
/** Nothing runs under that name (as of LSB init scripts). */
export const NOT_RUNNING = 3;
/** `at`: no final result code came. */
export const NO_RESULT = 4;
/** sysexits.h EX_CONFIG. */
export const BAD_CONFIGURATION = 78;

/** The message is "what: why"; the remedy says what to do. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(message: string, remedy?: string, exitCode = FAILED) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** A command line that was not understood. */
export class UsageError extends CliError {
  constructor(message: string, remedy = "bg96 --help") {
    super(message, remedy, USAGE);
    this.name = "UsageError";
  }
}

/** @param start the command that would make it run. */
export function notRunning(name: string, start = `bg96 start ${name}`): CliError {
  return new CliError(`${name}: not running`, start, NOT_RUNNING);
}
