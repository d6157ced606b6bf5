/** A running modem, found by its run directory and asked through its control socket. */
import { CliError, NOT_IN_TIME, notRunning } from "#cli/failure";
import { isAlive, type ProcessRecord, readProcessRecord } from "#cli/process-record";
import { isForeground, type RunDirectory, type Surroundings, shownRunDirectory } from "#cli/run-directory";
import type { OperatorAnswer, OperatorRequest, OperatorStatus } from "#control/operator";
import { askControlSocket } from "#control/socket";
import type { Clock } from "#runtime";

export interface FoundModem {
  readonly name: string;
  /** undefined = it does not run. */
  readonly pid: number | undefined;
  /** undefined when it does not run, or does not answer: then there is a `trouble`. */
  readonly status: OperatorStatus | undefined;
  readonly trouble: string | undefined;
}

const LOOK_AGAIN_MS = 100;

/** @returns the living process of this directory. */
export function findDaemon(directory: RunDirectory): ProcessRecord | undefined {
  const record = readProcessRecord(directory.pid);
  return record && isAlive(record) ? record : undefined;
}

/** @throws CliError when it does not run, or does not answer. */
export async function askModem(
  directory: RunDirectory,
  request: OperatorRequest,
  clock: Clock,
): Promise<OperatorAnswer> {
  const { name } = directory;
  const inForeground = isForeground(directory);
  if (!findDaemon(directory)) throw notRunning(name, inForeground ? "bg96 list, for those that run" : undefined);
  return askControlSocket(directory.control, request, clock).catch((error: Error) => {
    throw new CliError(`${name}: does not answer: ${error.message}`, inForeground ? undefined : `bg96 restart ${name}`);
  });
}

/** Never throws. */
export async function findModem(directory: RunDirectory, clock: Clock): Promise<FoundModem> {
  const { name } = directory;
  const record = findDaemon(directory);
  if (!record) return { name, pid: undefined, status: undefined, trouble: undefined };
  const known = { name, pid: record.pid, status: undefined, trouble: undefined };
  try {
    const answer = await askControlSocket(directory.control, { do: "status" }, clock);
    return answer.ok ? { ...known, status: answer.status } : { ...known, trouble: answer.error };
  } catch (error) {
    return { ...known, trouble: (error as Error).message };
  }
}

export function asJson({ name, pid, status, trouble }: FoundModem): string {
  return JSON.stringify({ name, running: pid !== undefined, pid, ...status, trouble });
}

/** The port of a daemon, wherever it was told to have it. @throws CliError when it does not run. */
export async function ttyOf(name: string, surroundings: Surroundings, clock: Clock): Promise<string> {
  const directory = shownRunDirectory(name, surroundings);
  const answer = await askModem(directory, { do: "status" }, clock);
  return (answer.ok && answer.status?.tty) || directory.tty;
}

/** Resolves once every Server has it registered. @throws CliError when that is not in time, or it ends. */
export async function waitForRegistration(directory: RunDirectory, withinS: number, clock: Clock): Promise<void> {
  const { name } = directory;
  const untilMs = clock.monotonic() + withinS * 1000;
  for (;;) {
    const { pid, status, trouble } = await findModem(directory, clock);
    if (status?.registered) return;
    if (pid === undefined) throw new CliError(`${name}: ended before it was registered`, `bg96 logs ${name}`);
    if (clock.monotonic() >= untilMs) {
      const servers = status?.servers.map(({ shortServerId, uri, state }) => `server ${shortServerId} ${uri} ${state}`);
      const why =
        trouble ?? (servers?.join(", ") || `it has not begun (power ${status?.power}, network ${status?.network})`);
      throw new CliError(
        `${name}: runs, but is not registered within ${withinS} s: ${why}`,
        `bg96 logs ${name}`,
        NOT_IN_TIME,
      );
    }
    await new Promise<void>((resolve) => void clock.after(LOOK_AGAIN_MS, resolve));
  }
}
