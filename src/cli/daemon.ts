/** A modem in the background: whether it runs, starting it and waiting for it, ending it and waiting for that. */
import { spawn } from "node:child_process";
import { lstatSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { BAD_CONFIGURATION, CliError, FAILED, notRunning } from "#cli/failure";
import type { ModemOptions } from "#cli/modem-options";
import { isAlive, type ProcessRecord, readProcessRecord } from "#cli/process-record";
import { namedRunDirectory, type RunDirectory, type Surroundings } from "#cli/run-directory";
import { askControlSocket } from "#control/socket";
import type { Clock } from "#runtime";

const PROGRAM = fileURLToPath(new URL("../../bin/bg96", import.meta.url));
/** Opening takes well under a second; more means that something is wrong. */
const START_WITHIN_MS = 30_000;
/** De-registering takes at most 5 s. */
const STOP_WITHIN_MS = 8000;
const LOOK_AGAIN_MS = 50;
const LOG_TAIL_LINES = 20;

/** @returns the living process of this directory. */
export function findDaemon(directory: RunDirectory): ProcessRecord | undefined {
  const record = readProcessRecord(directory.pid);
  return record && isAlive(record) ? record : undefined;
}

/** The port of a daemon, wherever it was told to have it. @throws CliError when it does not run. */
export async function ttyOf(name: string, surroundings: Surroundings, clock: Clock): Promise<string> {
  const directory = namedRunDirectory(name, surroundings);
  if (!findDaemon(directory)) throw notRunning(name);
  const answer = await askControlSocket(directory.control, { do: "status" }, clock).catch((error: Error) => {
    throw new CliError(`${name}: does not answer: ${error.message}`, `bg96 restart ${name}`);
  });
  return (answer.ok && answer.status?.tty) || directory.tty;
}

/** Starts `bg96 run` apart from this terminal. @returns its READY line. @throws CliError with what it said, if it ended instead. */
export async function startDaemon(directory: RunDirectory, options: ModemOptions, clock: Clock): Promise<string> {
  const alive = findDaemon(directory);
  if (alive) {
    throw new CliError(`${directory.name}: is running already, as process ${alive.pid}`, `bg96 stop ${directory.name}`);
  }
  sweep(directory);
  writeFileSync(directory.options, JSON.stringify(options), { mode: 0o600 });
  const log = openSync(directory.log, "a", 0o600);
  const logBefore = statSync(directory.log).size;
  const child = spawn(process.execPath, [PROGRAM, "run", "--daemon", directory.path], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", log],
  });
  let said = "";
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = clock.after(START_WITHIN_MS, () => {
        child.kill("SIGKILL");
        reject(new CliError(`${directory.name}: not ready within ${START_WITHIN_MS / 1000} s`, `see ${directory.log}`));
      });
      child.stdout?.on("data", (text: Buffer) => {
        said += text.toString("utf8");
        const ready = /^READY .*$/m.exec(said);
        if (!ready) return;
        cancel();
        resolve(ready[0]);
      });
      child.on("error", (error) => {
        cancel();
        reject(new CliError(`${process.execPath}: ${error.message}`));
      });
      child.on("close", (code) => {
        cancel();
        const log = readFileSync(directory.log).subarray(logBefore).toString("utf8").trimEnd();
        const tail = log.split("\n").slice(-LOG_TAIL_LINES).join("\n");
        reject(new CliError(tail || `${directory.name}: ended at once`, undefined, code || FAILED));
      });
    });
  } catch (error) {
    sweep(directory);
    // Nothing was logged beyond what is told now.
    if (logBefore === 0 && error instanceof CliError && error.exitCode === BAD_CONFIGURATION) removeUnused(directory);
    throw error;
  } finally {
    child.stdout?.destroy();
    child.unref();
  }
}

/** Ends the daemon, by force if need be, and removes what it left. @returns whether there was one. */
export async function stopDaemon(directory: RunDirectory, clock: Clock): Promise<boolean> {
  const record = findDaemon(directory);
  if (record) {
    for (const [signal, withinMs] of [
      ["SIGTERM", STOP_WITHIN_MS],
      ["SIGTERM", 2000],
      ["SIGKILL", 2000],
    ] as const) {
      send(record, signal);
      if (await ended(record, withinMs, clock)) break;
    }
    if (isAlive(record)) throw new CliError(`${directory.name}: process ${record.pid} does not end`);
  }
  sweep(directory);
  return record !== undefined;
}

/** The options a daemon was started with. */
export function readDaemonOptions(directory: RunDirectory): ModemOptions | undefined {
  try {
    return JSON.parse(readFileSync(directory.options, "utf8")) as ModemOptions;
  } catch {
    return undefined;
  }
}

/** Removes what a dead daemon left: link, lock, pid, socket and options. The log and the module's files stay. */
export function sweep(directory: RunDirectory): void {
  const record = readProcessRecord(directory.pid);
  if (record && isAlive(record)) return;
  const elsewhere = readDaemonOptions(directory)?.tty;
  for (const link of [directory.tty, ...(elsewhere ? [elsewhere] : [])]) {
    const ours = link === directory.tty || (record !== undefined && lockedBy(`${link}.lock`) === record.pid);
    if (!ours) continue;
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link, { force: true });
    rmSync(`${link}.lock`, { force: true });
  }
  for (const path of [directory.control, directory.options, directory.pid]) rmSync(path, { force: true });
}

/** Removes the directory if there is but the log of a start that failed. */
function removeUnused(directory: RunDirectory): void {
  if (readdirSync(directory.path).join() === basename(directory.log)) rmSync(directory.path, { recursive: true });
}

function lockedBy(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8").trim());
  } catch {
    return undefined;
  }
}

function send(record: ProcessRecord, signal: NodeJS.Signals): void {
  try {
    if (isAlive(record)) process.kill(record.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH")
      throw new CliError(`process ${record.pid}: ${String(error)}`);
  }
}

async function ended(record: ProcessRecord, withinMs: number, clock: Clock): Promise<boolean> {
  const untilMs = clock.monotonic() + withinMs;
  while (isAlive(record)) {
    if (clock.monotonic() > untilMs) return false;
    await new Promise<void>((resolve) => void clock.after(LOOK_AGAIN_MS, resolve));
  }
  return true;
}
