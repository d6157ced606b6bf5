/** How a command fails: with which exit code, why, and what the user can do about it. */

/** Exit codes; 0 is success. */
export const FAILED = 1;
export const USAGE = 2;
/** Nothing runs under that name (as of LSB init scripts). */
export const NOT_RUNNING = 3;
/** What was waited for did not come: a final result code, a registration, a client. */
export const NOT_IN_TIME = 4;
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

/** A command line that was not understood; without a better remedy, the command's help is one. */
export class UsageError extends CliError {
  constructor(message: string, remedy?: string) {
    super(message, remedy, USAGE);
    this.name = "UsageError";
  }
}

/** Says something beside the command's output. */
export const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** @param start the command that would make it run. */
export function notRunning(name: string, start = `bg96 start ${name}`): CliError {
  return new CliError(`${name}: not running`, start, NOT_RUNNING);
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "it exists",
  EISDIR: "it is a directory",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or directory",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is no directory",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
};

/** What the operating system refused, in words. @returns undefined for any other error. */
export function systemReason(error: unknown): string | undefined {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || syscall === undefined) return undefined;
  return SYSTEM_REASONS[code] ?? message;
}
