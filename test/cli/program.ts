/** Runs the real program, as a user would. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BIN = join(ROOT, "bin", "bg96");

/** Deadline of every wait. */
const WITHIN_MS = 20_000;

export interface Program {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the match as soon as its output (stdout and stderr together) has one. */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A private place for run directories, and all processes begun in it; `close` leaves nothing of either. */
export interface Place {
  readonly directory: string;
  /** What $XDG_RUNTIME_DIR/bg96 holds. */
  readonly base: string;
  begin(args: readonly string[], options?: BeginOptions): Program;
  /** Runs to the end. */
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  close(): Promise<void>;
}

interface BeginOptions {
  readonly command?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A process group of its own, as a terminal gives it. */
  readonly detached?: boolean;
}

/** Builds dist if a source is newer. */
export function build(): void {
  execFileSync(process.execPath, [join(ROOT, "scripts", "freshen.mjs"), "--no-install"], { stdio: "pipe" });
}

export function openPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), "bg96-cli-"));
  const programs: Program[] = [];
  const begin: Place["begin"] = (args, { command = BIN, cwd = directory, env = {}, detached = false } = {}) => {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(BG96_|npm_)/.test(name));
    const child = spawn(command, [...args], {
      cwd,
      detached,
      env: { ...Object.fromEntries(inherited), XDG_RUNTIME_DIR: directory, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const program = watch(child, `${command} ${args.join(" ")}`);
    programs.push(program);
    return program;
  };
  return {
    directory,
    base: join(directory, "bg96"),
    begin,
    async run(...args) {
      const program = begin(args);
      const { code } = await within(
        program.ended,
        () => `${args.join(" ")} has not ended: ${program.stdout}${program.stderr}`,
      );
      return { code, stdout: program.stdout, stderr: program.stderr };
    },
    async close() {
      for (const program of programs) program.kill("SIGKILL");
      for (const pid of daemonsIn(join(directory, "bg96"))) process.kill(pid, "SIGKILL");
      await Promise.all(programs.map((program) => program.ended));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Processes that the pid files in these run directories name. */
function daemonsIn(base: string): number[] {
  const names = existsSync(base) ? readdirSync(base) : [];
  const files = names.map((name) => join(base, name, "pid")).filter((file) => existsSync(file));
  return files
    .map((file) => Number.parseInt(readFileSync(file, "utf8"), 10))
    .filter((pid) => pid > 1 && isRunning(pid));
}

/** @throws Error with `what` when the deadline passes first. */
export async function within<T>(promise: Promise<T>, what: () => string, ms = WITHIN_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether there is such a process, zombies left out. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Resolves once `condition` holds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + WITHIN_MS;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function watch(child: ChildProcess, title: string): Program {
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout?.on("data", (text) => {
    stdout += text;
    for (const look of [...watchers]) look();
  });
  child.stderr?.on("data", (text) => {
    stderr += text;
    for (const look of [...watchers]) look();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    sees(pattern) {
      const seen = new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout + stderr);
          if (!match) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        look();
        void ended.then(({ code }) => reject(new Error(`${title} ended with ${code}: ${stdout}${stderr}`)));
      });
      return within(seen, () => `${title} did not print ${pattern}: ${stdout}${stderr}`);
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
