/** The command line: its commands and their help. The only file that ends the process. */
import { readFileSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { BAD_CONFIGURATION, CliError, FAILED, NO_RESULT, UsageError } from "#cli/failure";
import { modemOptionsOf, withModemOptions } from "#cli/modem-options";
import { DEFAULT_NAME, type Surroundings } from "#cli/run-directory";
import { KNOBS } from "#control/knobs";
import { POWER_ORDERS } from "#control/operator";
import { PortError } from "#port/port";
import { systemClock } from "#runtime";

type Parsed = Record<string, unknown>;

const surroundings: Surroundings = {
  uid: process.getuid?.() ?? 0,
  xdgRuntimeDirectory: process.env.XDG_RUNTIME_DIR,
};
const COMMANDS = [
  "run",
  "start",
  "stop",
  "restart",
  "status",
  "logs",
  "at",
  "set",
  "init",
  "firmware",
  "commands",
  "demo-server",
  "demo",
];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** Commands are loaded when they are called for: `status` and `at` should not wait for what only `run` needs. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  /** A command's handler: its result is the exit code. */
  const does = (work: (parsed: Parsed) => number | Promise<number>) => async (parsed: Parsed) => {
    exitCode = await work(parsed);
  };
  const named = (of: Argv) =>
    of.positional("name", { type: "string", default: DEFAULT_NAME, describe: "the modem's name" });
  const nameOf = (parsed: Parsed) => String(parsed.name);
  const portOption = (of: Argv, name: string, describe: string, fallback?: number) =>
    of.option(name, {
      type: "number",
      requiresArg: true,
      describe,
      ...(fallback !== undefined && { default: fallback }),
    });

  const program = yargs([...args])
    .scriptName("bg96")
    .locale("en")
    .usage("$0 <command>\n\nA Quectel BG96 modem in software: AT commands on one side, LwM2M on the other.")
    .parserConfiguration({ "parse-positional-numbers": false, "dot-notation": false, "greedy-arrays": false })
    .command(
      "run",
      "one modem in the foreground",
      (of) =>
        withModemOptions(of)
          .option("daemon", { type: "string", hidden: true })
          .example([
            ["$0 run", "a modem; its port is on the READY line"],
            ["$0 run --tty ./modem --efs ./modem-files", "with a link and files of your own"],
            ["$0 run --server coap://127.0.0.1:5683 --register", "registered at once"],
            [
              "$0 run --server coaps://leshan.example:5684 --psk-identity bg96 --psk-key 00112233 --register",
              "the same over DTLS",
            ],
            ["$0 run --config bg96.toml --boot realistic --log-level debug", "the module's own timing"],
          ]),
      does(async (parsed) =>
        (await import("#cli/run")).run(
          { ...modemOptionsOf(parsed), daemon: parsed.daemon as string | undefined },
          surroundings,
        ),
      ),
    )
    .command(
      "start [name]",
      "the same as a background daemon",
      (of) =>
        withModemOptions(named(of)).example([
          ["$0 start", `a modem named "${DEFAULT_NAME}"`],
          ["$0 start meter --server coap://127.0.0.1:5683 --register", "a second one, registered at once"],
        ]),
      does(async (parsed) => (await import("#cli/start")).start(nameOf(parsed), modemOptionsOf(parsed), surroundings)),
    )
    .command(
      "stop [name]",
      "end a daemon: de-register, remove its link",
      (of) =>
        named(of).example([
          ["$0 stop", ""],
          ["$0 stop meter", ""],
        ]),
      does(async (parsed) => (await import("#cli/stop")).stop(nameOf(parsed), surroundings)),
    )
    .command(
      "restart [name]",
      "stop a daemon and start it with the same options",
      (of) =>
        withModemOptions(named(of)).example([
          ["$0 restart meter", ""],
          ["$0 restart meter --log-level debug", "one option changed"],
        ]),
      does(async (parsed) =>
        (await import("#cli/restart")).restart(nameOf(parsed), modemOptionsOf(parsed), surroundings),
      ),
    )
    .command(
      "status [name]",
      "what a daemon is doing; exits 0 if it runs, 3 if not",
      (of) =>
        named(of)
          .option("json", { type: "boolean", default: false, describe: "one line of JSON" })
          .example([
            ["$0 status", ""],
            ["$0 status meter --json | jq .registered", ""],
          ]),
      does(async (parsed) => (await import("#cli/status")).status(nameOf(parsed), parsed.json === true, surroundings)),
    )
    .command(
      "logs [name]",
      "what a daemon has logged",
      (of) =>
        named(of)
          .option("follow", { alias: "f", type: "boolean", default: false, describe: "go on with what comes" })
          .example([
            ["$0 logs meter", ""],
            ["$0 logs -f", "until Ctrl-C"],
          ]),
      does(async (parsed) => (await import("#cli/logs")).logs(nameOf(parsed), parsed.follow === true, surroundings)),
    )
    .command(
      "at [lines..]",
      "send AT command lines, print the answers; exits 0 on OK, 1 on ERROR, 4 on no final result",
      (of) =>
        of
          .positional("lines", { type: "string", array: true, default: [], describe: "without any: a prompt" })
          .option("tty", { type: "string", requiresArg: true, describe: "the port's link" })
          .option("name", { type: "string", requiresArg: true, describe: `a daemon's name; default ${DEFAULT_NAME}` })
          .option("timeout", {
            type: "number",
            requiresArg: true,
            default: 10,
            describe: "seconds to wait for a final result",
          })
          .conflicts("tty", "name")
          .example([
            ["$0 at ATI AT+CSQ", "two lines to the default daemon"],
            ["$0 at --name meter 'AT+QLWM2M=\"register\"'", ""],
            ["$0 at --tty /dev/ttyUSB2", "a prompt, on any modem"],
          ]),
      does(async (parsed) => {
        const timeoutS = secondsOf(parsed.timeout);
        const lines = parsed.lines as string[];
        if (lines.length === 0 && !process.stdin.isTTY) {
          throw new UsageError("at: no lines to send", "give some, such as: bg96 at ATI");
        }
        const { atPrompt, sendLines } = await import("#cli/at");
        const { ttyOf } = await import("#cli/daemon");
        const name = (parsed.name as string | undefined) ?? DEFAULT_NAME;
        const tty = (parsed.tty as string | undefined) ?? (await ttyOf(name, surroundings, systemClock));
        if (lines.length === 0) return atPrompt({ tty, clock: systemClock }).then(() => 0);
        const outcome = await sendLines({ tty, lines, timeoutMs: timeoutS * 1000, clock: systemClock });
        if (outcome !== NO_RESULT) return outcome;
        throw new CliError(
          `no answer within ${timeoutS} s`,
          "--timeout 180 for a slow command; the modem is silent while it is off or after ATQ1",
          NO_RESULT,
        );
      }),
    )
    .command(
      "set [words..]",
      "change what surrounds a running modem: battery, radio, position, power",
      (of) =>
        of
          .positional("words", { type: "string", array: true, default: [], describe: "[NAME] setting=value …" })
          .option("run-dir", { type: "string", requiresArg: true, describe: "run directory of a foreground modem" })
          .epilogue(`Settings: ${Object.keys(KNOBS).join(", ")}, power=${POWER_ORDERS.join("|")}`)
          .example([
            ["$0 set battery.percent=42 battery.millivolts=3600", ""],
            ["$0 set meter network.coverage=false", "drive into a tunnel"],
            ["$0 set meter fix=52.5200,13.4050", "latitude, longitude"],
            ["$0 set --run-dir /run/bg96/run-123 power=brownout", "power lost and back"],
          ]),
      does(async (parsed) =>
        (await import("#cli/set")).set(parsed.words as string[], parsed.runDir as string | undefined, surroundings),
      ),
    )
    .command(
      "init <directory>",
      "write a commented bg96.toml and the module's files, to be edited",
      (of) =>
        of
          .positional("directory", {
            type: "string",
            demandOption: true,
            describe: "to be made; must be empty if it exists",
          })
          .example([["$0 init meter && $0 run --config meter/bg96.toml", ""]]),
      does(async (parsed) => (await import("#cli/init")).init(String(parsed.directory))),
    )
    .command(
      "firmware <action>",
      "make a package to update a modem with, over the air",
      (of) =>
        of
          .version(false) // the program's own is not meant here
          .positional("action", { choices: ["make"], demandOption: true, describe: "what to do" })
          .option("version", {
            type: "string",
            requiresArg: true,
            demandOption: true,
            describe: "the revision the modem has afterwards",
          })
          .option("output", { type: "string", requiresArg: true, demandOption: true, describe: "the file to be made" })
          .option("size", { type: "number", requiresArg: true, default: 65_536, describe: "bytes of the package" })
          .option("name", {
            type: "string",
            requiresArg: true,
            default: "BG96 firmware",
            describe: "the package's name",
          })
          .example([
            ["$0 firmware make --version BG96MAR04A04M1G --output fw.bin", "to be written to /5/0/0, or served"],
            ["$0 firmware make --version BG96MAR04A04M1G --size 1000000 --output fw.bin", ""],
          ]),
      does(async (parsed) =>
        (await import("#cli/firmware-make")).makeFirmware({
          version: String(parsed.version),
          name: String(parsed.name),
          size: Number(parsed.size),
          output: String(parsed.output),
        }),
      ),
    )
    .command(
      "commands [search]",
      "the AT commands: forms, values and where they are defined",
      (of) =>
        of
          .positional("search", { type: "string", describe: "part of a name or title; without it: all" })
          .option("markdown", { type: "boolean", default: false, describe: "as a table in Markdown" })
          .example([
            ["$0 commands", ""],
            ["$0 commands CEREG", "one of them"],
            ["$0 commands --markdown > AT.md", ""],
          ]),
      does(async (parsed) =>
        (await import("#cli/commands")).commands({
          search: parsed.search as string | undefined,
          markdown: parsed.markdown === true,
        }),
      ),
    )
    .command(
      "demo-server",
      "a small LwM2M and bootstrap server with a console (UDP, no security)",
      (of) =>
        portOption(
          portOption(of, "port", "UDP port of the LwM2M server; 0 = a free one", 5683),
          "bootstrap-port",
          "of the bootstrap server",
          5783,
        )
          .option("host", { type: "string", default: "127.0.0.1", requiresArg: true, describe: "address to listen on" })
          .option("command", {
            type: "string",
            array: true,
            requiresArg: true,
            default: [],
            describe: "run this on the first client, then end; may be repeated",
          })
          .option("timeout", {
            type: "number",
            default: 60,
            requiresArg: true,
            describe: "seconds to wait for that client",
          })
          .option("log-level", { choices: LOG_LEVELS, default: "warn", requiresArg: true, describe: "what is logged" })
          .example([
            ["$0 demo-server", "then type help"],
            [
              '$0 demo-server --command "read /3/0/9" --command "execute /3/0/4"',
              "for scripts; exits 0 if all went well",
            ],
            ["$0 demo-server --host 0.0.0.0 --port 5690", "reachable from other machines"],
          ]),
      does(async (parsed) =>
        (await import("#cli/demo-server")).demoServer({
          host: String(parsed.host),
          port: portOf(parsed.port) ?? 0,
          bootstrapPort: portOf(parsed.bootstrapPort) ?? 0,
          commands: parsed.command as string[],
          timeoutS: secondsOf(parsed.timeout),
          logLevel: String(parsed.logLevel),
        }),
      ),
    )
    .command(
      "demo",
      "the demo server and a modem registered to it, to try things out",
      (of) => {
        const modem = ["config", "efs", "tty", "endpoint", "lifetime", "boot", "log-level"] as const;
        const ports = portOption(
          portOption(withModemOptions(of, modem), "port", "UDP port of the server; default 5683, or a free one"),
          "bootstrap-port",
          "of the bootstrap server; default 5783, or a free one",
        );
        return ports
          .option("host", { type: "string", default: "127.0.0.1", requiresArg: true, describe: "address to listen on" })
          .example([
            ["$0 demo", "what npm start runs"],
            ["$0 demo --boot realistic --endpoint urn:dev:1", ""],
          ]);
      },
      does(async (parsed) =>
        (await import("#cli/demo")).demo(
          {
            ...modemOptionsOf(parsed),
            host: String(parsed.host),
            port: portOf(parsed.port),
            bootstrapPort: portOf(parsed.bootstrapPort),
            endWithParent: process.env.npm_lifecycle_event !== undefined,
          },
          surroundings,
        ),
      ),
    )
    .example([
      ["$0 demo", "a modem and a server, to try things out"],
      ["$0 run --server coap://127.0.0.1:5683 --register", "a modem registered to your server"],
      ["$0 start meter && $0 at --name meter ATI && $0 stop meter", "a modem in the background"],
    ])
    .demandCommand(1, 1, "a command is missing")
    .strict()
    .check((parsed) => {
      const repeatable = ["_", "$0", "command", "lines", "words"];
      const twice = Object.keys(parsed).find((key) => Array.isArray(parsed[key]) && !repeatable.includes(key));
      if (twice) throw new UsageError(`--${twice}: is given more than once`);
      return true;
    })
    .version(versionOfProgram())
    .help()
    .wrap(null) // an example is to be copied, so it stays on one line
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs itself throws is a usage error too; anything else comes from a command.
      if (error && error.name !== "YError") throw error;
      const [command = ""] = args;
      const known = COMMANDS.includes(command);
      if (!known && command !== "" && !command.startsWith("-")) throw new UsageError(`no such command: ${command}`);
      throw new UsageError(message ?? error.message, `bg96 ${known ? `${command} ` : ""}--help`);
    });
  await program.parseAsync();
  return exitCode;
}

/** @throws UsageError */
function portOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 65535) {
    throw new UsageError("port: is not a number of 0 to 65535");
  }
  return value as number;
}

/** Timers hold 2^31 ms. @throws UsageError */
function secondsOf(value: unknown): number {
  const seconds = Number(value);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new UsageError("--timeout: is not a number of seconds above 0, a day at most", "--timeout 10");
  }
  return seconds;
}

function versionOfProgram(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Says what went wrong, with what can be done about it. @returns the exit code. */
async function report(error: unknown): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  if (error instanceof CliError || error instanceof PortError) {
    say(error.message);
    if (error.remedy !== undefined) say(`try: ${error.remedy}`);
    return error instanceof CliError ? error.exitCode : FAILED;
  }
  const { ConfigError } = await import("#config");
  if (error instanceof ConfigError) {
    for (const { place, message, remedy } of error.problems) say(`${place}: ${message} (${remedy})`);
    return BAD_CONFIGURATION;
  }
  const { EfsError } = await import("#efs/efs");
  if (error instanceof EfsError) {
    say(error.message);
    return FAILED;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return FAILED;
}

// Whoever reads our output may be gone; the command decides whether that matters.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

process.exit(await main(process.argv.slice(2)).catch(report));
