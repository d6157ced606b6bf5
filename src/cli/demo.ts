/** `bg96 demo`: the demo server and one modem registered to it, in one process; what `npm start` runs. */
import { dirname } from "node:path";
import { atPrompt } from "#cli/at";
import { openDemoServerAt, PortInUse } from "#cli/demo-server";
import { runToTheEnd } from "#cli/ending";
import { configOf, warnIn } from "#cli/modem-config";
import type { ModemOptions } from "#cli/modem-options";
import { watchParent } from "#cli/parent-watch";
import { createProgramLog } from "#cli/program-log";
import { openRunningModem } from "#cli/run";
import type { Surroundings } from "#cli/run-directory";
import { formatEvent } from "#demo-server/console";
import type { DemoEvent, DemoServer } from "#demo-server/server";
import { type Runtime, systemClock, systemRandom } from "#runtime";

export interface DemoCommand extends ModemOptions {
  readonly host: string;
  /** undefined = the usual one, or a free one when it is taken. */
  readonly port: number | undefined;
  readonly bootstrapPort: number | undefined;
  /** Whether to end when the process that started this one is gone. */
  readonly endWithParent: boolean;
}

const PORT = 5683;
const BOOTSTRAP_PORT = 5783;

export async function demo(command: DemoCommand, surroundings: Surroundings): Promise<number> {
  const log = createProgramLog(command.logLevel ?? "warn", process.stderr.isTTY ?? false);
  const runtime: Runtime = { clock: systemClock, random: systemRandom, log };
  const plainly = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  let print = plainly;
  return runToTheEnd(
    async () => {
      const server = await openSomewhere(command, runtime, (event) => {
        for (const line of formatEvent(event)) print(`server: ${line}`);
      });
      try {
        const options = { logLevel: "warn", ...command, server: server.uri, register: true };
        const modem = await openRunningModem(configOf(options, warnIn(log)), runtime, surroundings);
        const endEvents = modem.onEvent((event, name) => print(`+QLWEVENT: ${event},"${name}"`));
        const interactive = process.stdin.isTTY ?? false;
        for (const line of introduction(modem.tty, modem.endpoint, server, interactive)) print(line);
        const prompt = async () => {
          const onOpen = (show: (line: string) => void) => {
            endEvents(); // from here on they come as URCs
            print = show;
          };
          await atPrompt({ tty: modem.tty, clock: systemClock, onOpen });
          print = plainly;
          return 0;
        };
        const done = interactive ? prompt() : undefined;
        return {
          ...(done && { done }),
          async close() {
            await modem.close(); // first: it de-registers from the server
            await server.close();
          },
          kill() {
            modem.kill();
            void server.close();
          },
        };
      } catch (error) {
        await server.close();
        throw error;
      }
    },
    {
      clock: systemClock,
      log,
      signals: process,
      ...(command.endWithParent && { watch: (end: () => void) => watchParent(systemClock, end) }),
    },
  );
}

/** The ports asked for, or the usual ones; a usual one that is taken gives way to a free one. */
async function openSomewhere(command: DemoCommand, runtime: Runtime, onEvent: (event: DemoEvent) => void) {
  const asked = {
    host: command.host,
    port: command.port ?? PORT,
    bootstrapPort: command.bootstrapPort ?? BOOTSTRAP_PORT,
  };
  for (let at = asked; ; ) {
    try {
      return await openDemoServerAt(at, runtime, onEvent);
    } catch (error) {
      if (!(error instanceof PortInUse)) throw error;
      if (error.port === at.port && command.port === undefined) at = { ...at, port: 0 };
      else if (error.port === at.bootstrapPort && command.bootstrapPort === undefined) at = { ...at, bootstrapPort: 0 };
      else throw error;
    }
  }
}

/** What there is, and what to type next; on a terminal the port is the prompt's, so others cannot open it. */
function introduction(tty: string, endpoint: string, server: DemoServer, interactive: boolean): string[] {
  const lines = ["ATI", "AT+CSQ", 'AT+QLWM2M="update",0,0'];
  const here = ["Next, type AT commands here (Ctrl-D ends it all):", "", ...lines.map((line) => `  ${line}`), ""];
  const elsewhere = [`  bin/bg96 at --tty ${tty} ${lines.map((line) => `'${line}'`).join(" ")}`, `  minicom -D ${tty}`];
  return [
    "",
    "A virtual BG96 and a small LwM2M server.",
    "",
    `  AT port    ${tty}`,
    `  endpoint   ${endpoint}`,
    `  server     ${server.uri}, bootstrap server ${server.bootstrapUri}`,
    "",
    ...(interactive ? [...here, "In another terminal:"] : ["Next, in another terminal:"]),
    "",
    ...(interactive ? [] : elsewhere),
    `  bin/bg96 set --run-dir ${dirname(tty)} battery.percent=42`,
    "",
  ];
}
