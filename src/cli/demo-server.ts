/** `bg96 demo-server`: the small LwM2M Server with its console, or a list of commands for a script. */
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { runToTheEnd } from "#cli/ending";
import { CliError, FAILED, NOT_IN_TIME, UsageError } from "#cli/failure";
import { createProgramLog } from "#cli/program-log";
import { formatEvent, refusalOf, runConsoleLine } from "#demo-server/console";
import { type DemoEvent, type DemoServer, openDemoServer } from "#demo-server/server";
import { type Runtime, systemClock, systemRandom } from "#runtime";

export interface DemoServerCommand {
  readonly host: string;
  readonly port: number;
  readonly bootstrapPort: number;
  /** Run on the first client that registers; then the server ends. */
  readonly commands: readonly string[];
  /** How long to wait for that client. */
  readonly timeoutS: number;
  readonly logLevel: string;
}

/** @throws UsageError for a command that there is not, before anything is opened. */
export async function demoServer(command: DemoServerCommand): Promise<number> {
  for (const line of command.commands) {
    const refusal = refusalOf(line);
    if (refusal !== undefined) throw new UsageError(`--command "${line}": ${refusal}`, "bg96 demo-server, then help");
  }
  const log = createProgramLog(command.logLevel, process.stderr.isTTY ?? false);
  const runtime: Runtime = { clock: systemClock, random: systemRandom, log };
  return runToTheEnd(
    async () => {
      let terminal: Interface | undefined;
      let onRegistered = () => {};
      const print = (line: string) => printAbove(terminal, line);
      const server = await openDemoServerAt(command, runtime, (event) => {
        for (const line of formatEvent(event)) print(line);
        if (event.type === "registered") onRegistered();
      });
      print(`LwM2M server ${server.uri}, bootstrap server ${server.bootstrapUri}`);
      let done: Promise<number>;
      if (command.commands.length > 0) {
        const registered = new Promise<void>((resolve) => {
          onRegistered = resolve;
        });
        done = runCommands(server, command, registered, print);
      } else {
        terminal = createInterface({
          input: process.stdin,
          output: process.stdout,
          terminal: process.stdin.isTTY ?? false,
        });
        done = runConsole(server, terminal, print);
      }
      const close = async () => {
        terminal?.close();
        await server.close();
      };
      return { close, kill: () => void close(), done };
    },
    { clock: systemClock, log, signals: process },
  );
}

/** @throws CliError telling what to do about a port that is taken. */
export async function openDemoServerAt(
  at: { host: string; port: number; bootstrapPort: number },
  runtime: Runtime,
  onEvent: (event: DemoEvent) => void,
): Promise<DemoServer> {
  try {
    return await openDemoServer({ ...at, runtime, onEvent });
  } catch (error) {
    const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
    if (code === "EADDRINUSE") throw new PortInUse(port ?? at.port);
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
      throw new CliError(`--host ${at.host}: is no address of this machine`, "--host 127.0.0.1, or 0.0.0.0 for all");
    }
    throw new CliError(`demo server: ${message}`);
  }
}

export class PortInUse extends CliError {
  readonly port: number;
  constructor(port: number) {
    super(
      `UDP port ${port}: is in use`,
      "stop whoever uses it, or name another: --port 0 --bootstrap-port 0 take free ones",
    );
    this.name = "PortInUse";
    this.port = port;
  }
}

async function runCommands(
  server: DemoServer,
  { commands, timeoutS }: DemoServerCommand,
  registered: Promise<void>,
  print: (line: string) => void,
): Promise<number> {
  const late = new Promise<"late">((resolve) => void systemClock.after(timeoutS * 1000, () => resolve("late")));
  if ((await Promise.race([registered, late])) === "late") {
    throw new CliError(
      `no client registered within ${timeoutS} s`,
      `point one at ${server.uri}, or wait longer: --timeout 300`,
      NOT_IN_TIME,
    );
  }
  let failed = false;
  for (const line of commands) {
    const { ok, lines } = await runConsoleLine(server, line);
    for (const each of lines) print(each);
    failed ||= !ok;
  }
  return failed ? FAILED : 0;
}

/** Resolves when the user types quit or ends a terminal's input; input that is no terminal may end without ending us. */
function runConsole(server: DemoServer, terminal: Interface, print: (line: string) => void): Promise<number> {
  const interactive = process.stdin.isTTY ?? false;
  const prompt = () => interactive && terminal.prompt();
  return new Promise<number>((resolve) => {
    let before = Promise.resolve();
    terminal.on("line", (line) => {
      before = before.then(async () => {
        if (line.trim() === "quit") return resolve(0);
        for (const each of (await runConsoleLine(server, line)).lines) print(each);
        prompt();
      });
    });
    // Ctrl-C: in a terminal's raw mode it comes as a key, not as a signal.
    terminal.on("SIGINT", () => resolve(0));
    terminal.on("close", () => interactive && resolve(0));
    if (interactive) print("Type help for the commands.");
    prompt();
  });
}

/** Prints a line above whatever the user is typing. */
function printAbove(terminal: Interface | undefined, line: string): void {
  if (!terminal?.terminal) {
    process.stdout.write(`${line}\n`);
    return;
  }
  clearLine(process.stdout, 0);
  cursorTo(process.stdout, 0);
  process.stdout.write(`${line}\n`);
  terminal.prompt(true);
}
