/** The built program, run as a user runs it: `bg96 run` in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export interface Bg96Process {
  readonly pid: number;
  /** From the READY line. */
  readonly tty: string;
  readonly endpoint: string;
  /** Where its control socket is. */
  readonly runDirectory: string;
  /** What it logged last. */
  log(): string;
  /** Ends it and waits until it is gone; safe to call twice. @returns its exit code, null after a signal */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const ROOT = resolve(import.meta.dirname, "../..");
export const PROGRAM = join(ROOT, "bin/bg96");
export const isBuilt = (): boolean => existsSync(join(ROOT, "dist/cli.js"));

const READY_DEADLINE_MS = 15_000;
const END_DEADLINE_MS = 10_000;

/**
 * Starts a modem whose boot takes no time, in a directory of its own that goes when it ends.
 * @throws Error with its log when no READY line comes in time
 */
export async function startBg96(options: readonly string[] = []): Promise<Bg96Process> {
  const directory = mkdtempSync(join(tmpdir(), "bg96-host-"));
  const places = ["--tty", join(directory, "tty"), "--efs", join(directory, "efs")];
  const child = spawn(process.execPath, [PROGRAM, "run", "--boot", "instant", ...places, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, XDG_RUNTIME_DIR: directory },
  });
  let log = "";
  child.stderr.on("data", (bytes) => {
    log = `${log}${bytes}`.slice(-8_000);
  });
  const gone = once(child, "exit").then(([code]) => code as number | null);
  const deadline = setTimeout(() => child.kill("SIGKILL"), READY_DEADLINE_MS);
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([once(lines, "line").then(([line]) => String(line)), gone]);
  clearTimeout(deadline);
  const found = /^READY tty=(\S+) endpoint=(\S+)$/.exec(String(ready));
  if (!found) {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`bg96 run: no READY line but ${ready}; log:\n${log}`);
  }
  return {
    pid: child.pid!,
    tty: found[1]!,
    endpoint: found[2]!,
    runDirectory: join(directory, "bg96", `run-${child.pid}`),
    log: () => log,
    async end(signal) {
      child.kill(signal);
      const stuck = setTimeout(() => child.kill("SIGKILL"), END_DEADLINE_MS);
      const code = await gone;
      clearTimeout(stuck);
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}
