/** A modem in the background: starting it and waiting for it, ending it and waiting for that. */
import { spawn } from "node:child_process";
import { lstatSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { findDaemon } from "#cli/contact";
import { SIGNALS } from "#cli/ending";
import { BAD_CONFIGURATION, CliError, FAILED } from "#cli/failure";
import type { ModemOptions } from "#cli/modem-options";
import { isAlive, type ProcessRecord, readProcessRecord } from "#cli/process-record";
import type { RunDirectory } from "#cli/run-directory";
import type { Clock } from "#runtime";

const PROGRAM = fileURLToPath(new URL("../../bin/bg96", import.meta.url));
/** Opening takes well under a second; more means that something is wrong. */
const START_WITHIN_MS = 30_000;
/** De-registering takes at most 5 s. */
const STOP_WITHIN_MS = 8000;
/** From then on the user is told what is waited for. */
const SILENT_MS = 1000;
const LOOK_AGAIN_MS = 50;
const LOG_TAIL_LINES = 20;

/**
 * Starts `bg96 run` apart from this terminal; a signal until it is ready ends it again.
 * @returns its READY line. @throws CliError with what it said, if it ended instead.
 */
export async function startDaemon(directory: RunDirectory, options: ModemOptions, clock: Clock): Promise<string> {
  const alive = findDaemon(directory);
  if (alive) {
    throw new CliError(`${directory.name}: is running already, as process ${alive.pid}`, `bg96 stop ${directory.name}`);
  }
  sweep(directory);
  let said = "";
  let signalled: keyof typeof SIGNALS | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    signalled = signal as keyof typeof SIGNALS;
    child.kill("SIGTERM");
  };
  for (const signal of Object.keys(SIGNALS)) process.on(signal, interrupt);
  const log = openSync(directory.log, "a", 0o600);
  writeFileSync(directory.options, JSON.stringify(options), { mode: 0o600 });
  const logBefore = statSync(directory.log).size;
  const child = spawn(process.execPath, [PROGRAM, "run", "--daemon", directory.path], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", "pipe", log],
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = clock.after(START_WITHIN_MS, () => {
        child.kill("SIGKILL");
        reject(new CliError(`${directory.name}: not ready within ${START_WITHIN_MS / 1000} s`, `see ${directory.log}`));
      });
      child.stdout?.on("data", (text: Buffer) => {
        said += text.toString("utf8");
        const ready = /^READY .*$/m.exec(said);
        if (!ready || signalled) return;
        cancel();
        resolve(ready[0]);
      });
      child.on("error", (error) => {
        cancel();
        reject(new CliError(`${process.execPath}: ${error.message}`));
      });
      child.on("close", (code) => {
        cancel();
        if (signalled) {
          const interrupted = `${directory.name}: not started, ${signalled} came before it was ready`;
          return reject(new CliError(interrupted, undefined, 128 + SIGNALS[signalled]));
        }
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
    for (const signal of Object.keys(SIGNALS)) process.off(signal, interrupt);
    child.stdout?.destroy();
    child.unref();
  }
}

/**
 * Ends the daemon, by force if need be, and removes what it left.
 * @param tell what takes longer than a moment. @returns whether there was one.
 */
export async function stopDaemon(
  directory: RunDirectory,
  clock: Clock,
  tell: (line: string) => void,
): Promise<boolean> {
  const record = findDaemon(directory);
  if (record) {
    const cancel = clock.after(SILENT_MS, () =>
      tell(`${directory.name}: waiting for its servers to answer the De-register, 5 s at most`),
    );
    for (const [signal, withinMs] of [
      ["SIGTERM", STOP_WITHIN_MS],
      ["SIGTERM", 2000],
      ["SIGKILL", 2000],
    ] as const) {
      send(record, signal);
      if (signal === "SIGKILL") tell(`${directory.name}: does not end in order, is killed`);
      if (await ended(record, withinMs, clock)) break;
    }
    cancel();
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
