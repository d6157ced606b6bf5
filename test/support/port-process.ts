/** A process of its own that holds a pty, so that a test can kill it or run it as another user. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export interface PortProgram {
  /** Runs a modem that answers each line with OK and prints a line at each attach; resolves once its link stands. */
  start(link: string, user?: { uid: number; gid: number }): Promise<PortProcess>;
  remove(): void;
}

export interface PortProcess {
  readonly pid: number;
  /** Ends it and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** What it printed: "ready <link>" or "refused <message>", then "attached" and "detached". */
  readonly printed: readonly string[];
}

const PROGRAM = `
import { openPty } from "#port/pty";
import { systemClock, systemRandom, silentLog } from "#runtime";
try {
  const port = openPty({ link: process.argv[2], runtime: { clock: systemClock, random: systemRandom, log: silentLog }, mode: 0o666 });
  port.onData((bytes) => { if (bytes.includes(13)) port.write(Buffer.from("\\r\\nOK\\r\\n")); });
  port.onAttach((attached) => console.log(attached ? "attached" : "detached"));
  process.on("SIGTERM", () => process.exit(0));
  console.log("ready " + port.link);
} catch (error) {
  console.log("refused " + error.message);
}
`;

/** Compiles the port alone into a directory of the project's cache. */
export function buildPortProgram(): PortProgram {
  const root = resolve(import.meta.dirname, "../..");
  mkdirSync(join(root, ".cache"), { recursive: true });
  const directory = mkdtempSync(join(root, ".cache/port-"));
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  execFileSync("chmod", ["755", directory]);
  write("package.json", JSON.stringify({ type: "module", imports: { "#*": "./out/*.js" } }));
  write("program.js", PROGRAM);
  write(
    "tsconfig.json",
    JSON.stringify({
      extends: join(root, "tsconfig.build.json"),
      compilerOptions: { outDir: "out", rootDir: join(root, "src"), declaration: false },
      files: [join(root, "src/port/pty.ts")],
      include: [],
    }),
  );
  execFileSync(process.execPath, [
    join(root, "node_modules/typescript/bin/tsc"),
    "-p",
    join(directory, "tsconfig.json"),
  ]);

  return {
    async start(link, user) {
      const child = spawn(process.execPath, [join(directory, "program.js"), link], {
        stdio: ["ignore", "pipe", "inherit"],
        ...user,
      });
      const printed: string[] = [];
      const lines = createInterface({ input: child.stdout! });
      lines.on("line", (line) => printed.push(line));
      await Promise.race([once(lines, "line"), once(child, "exit")]);
      if (printed.length === 0) throw new Error("the port's process printed nothing");
      return { pid: child.pid!, printed, kill: (signal) => end(child, signal) };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}
