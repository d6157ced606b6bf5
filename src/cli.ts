/** The command line: its parsing, its help, and how it fails. The only file that ends the process. */
import { readFileSync } from "node:fs";
import yargs from "yargs";
import { type CommandRow, nameOfRow, type Parsed } from "#cli/command-row";
import { DAEMON_ROWS } from "#cli/daemon-rows";
import { BAD_CONFIGURATION, CliError, FAILED, systemReason, UsageError } from "#cli/failure";
import { FOREGROUND_ROWS } from "#cli/foreground-rows";
import { columns, exampleLines, exitCodeLines } from "#cli/help";
import type { Surroundings } from "#cli/run-directory";
import { TOOL_ROWS } from "#cli/tool-rows";
import { nearest } from "#config/nearest";
import { PortError } from "#port/port";

/** In the order of the help. */
const ROWS: readonly CommandRow[] = [...FOREGROUND_ROWS, ...DAEMON_ROWS, ...TOOL_ROWS];
const NAMES = ROWS.map(nameOfRow);
const REPEATABLE = ["_", "$0", "command", "lines", "words"];

const surroundings: Surroundings = {
  uid: process.getuid?.() ?? 0,
  xdgRuntimeDirectory: process.env.XDG_RUNTIME_DIR,
};

/** @returns the exit code. @throws UsageError, and what a command throws */
async function main(args: readonly string[]): Promise<number> {
  const [first = "", ...others] = args;
  if (first === "help" && others.length > 0) return main([...others, "--help"]);
  const row = ROWS.find((each) => nameOfRow(each) === first);
  if (!row && /^[^-]/.test(first) && first !== "help") {
    const close = nearest(first, NAMES);
    throw new UsageError(`no such command: ${first}`, close && `bg96 ${close}`);
  }
  let exitCode = 0;
  const program = yargs([...args])
    .scriptName("bg96")
    .locale("en")
    .usage("$0 <command>\n\nA Quectel BG96 modem in software: AT commands on one side, LwM2M on the other.")
    .parserConfiguration({ "parse-positional-numbers": false, "dot-notation": false, "greedy-arrays": false });
  for (const { form, title, options, run } of ROWS) {
    program.command(form, title, options, async (parsed: Parsed) => {
      exitCode = await run(parsed, surroundings);
    });
  }
  program
    .demandCommand(1, 1, "a command is missing")
    .strict()
    .check((parsed) => {
      refuseHalfFlags(args, row);
      const twice = Object.keys(parsed).find((key) => Array.isArray(parsed[key]) && !REPEATABLE.includes(key));
      if (twice) throw new UsageError(`--${twice}: is given more than once`);
      return true;
    })
    .version(versionOfProgram())
    .help()
    .alias("help", "h")
    .wrap(columns())
    .exitProcess(false)
    .fail((message, error) => {
      // What yargs itself throws is a usage error too; anything else comes from a command.
      if (error && error.name !== "YError") throw error;
      throw new UsageError(withNearestOption(message ?? error.message, optionsOf(row).all));
    });
  await program.parseAsync([...args], {}, (_error: unknown, parsed: Parsed, output: string) => {
    if (output === "") return;
    const [name] = parsed._ as string[];
    const below = parsed.version === true ? [] : helpBelow(ROWS.find((each) => nameOfRow(each) === name));
    process.stdout.write(`${[output, ...below].join("\n")}\n`);
  });
  return exitCode;
}

/** What stands below the options in a help. */
function helpBelow(row: CommandRow | undefined): string[] {
  if (row) return ["", ...(row.notes ? [...row.notes(), ""] : []), ...exampleLines(row.examples)];
  return [
    "",
    ...exampleLines([
      ["demo", "a modem and a server, to try things out"],
      ["run --server coap://127.0.0.1:5683 --register", "a modem registered to your server"],
      ["start meter && bg96 at --name meter ATI && bg96 stop meter", "a modem in the background"],
    ]),
    "",
    ...exitCodeLines(),
  ];
}

/** The options a command declares, and those of them that are flags. */
function optionsOf(row: CommandRow | undefined): { all: string[]; flags: string[] } {
  const of = yargs([]);
  row?.options(of);
  const { key, boolean } = (of as unknown as { getOptions(): { key: object; boolean: string[] } }).getOptions();
  return { all: Object.keys(key), flags: boolean };
}

/** yargs takes --register=maybe for false. @throws UsageError */
function refuseHalfFlags(args: readonly string[], row: CommandRow | undefined): void {
  const { flags } = optionsOf(row);
  for (const each of args) {
    const [, name = "", value = ""] = /^--([^=]+)=(.*)$/s.exec(each) ?? [];
    if (flags.includes(name) && !["true", "false"].includes(value)) {
      throw new UsageError(`--${name}: cannot be "${value}"`, `--${name}, or --no-${name}`);
    }
  }
}

function withNearestOption(message: string, known: readonly string[]): string {
  const [, list] = /^Unknown arguments?: ([\w-]+(?:, [\w-]+)*)$/.exec(message) ?? [];
  if (!list) return message;
  const given = list.split(", ");
  // yargs tells --psk-ident a second time, as pskIdent
  const twins = given.map((each) => each.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  const unknown = given.filter((each) => !given.some((other, at) => other !== each && twins[at] === each));
  const named = unknown.map((each) => {
    const close = nearest(each, known);
    return close ? `${each} (did you mean --${close}?)` : each;
  });
  return `Unknown argument${unknown.length > 1 ? "s" : ""}: ${named.join(", ")}`;
}

function versionOfProgram(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Says what went wrong, with what can be done about it. @returns the exit code. */
async function report(error: unknown, [command = ""]: readonly string[]): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  if (error instanceof CliError || error instanceof PortError) {
    say(error.message);
    const help = NAMES.includes(command) ? `bg96 ${command} --help` : "bg96 --help";
    const remedy = error.remedy ?? (error instanceof UsageError ? help : undefined);
    if (remedy !== undefined) say(`try: ${remedy}`);
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
  const reason = systemReason(error);
  if (reason !== undefined) {
    const { path = command } = error as NodeJS.ErrnoException;
    say(`${path}: ${reason}`);
    return FAILED;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return FAILED;
}

// Whoever reads our output may be gone; the command decides whether that matters.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const args = process.argv.slice(2);
process.exit(await main(args).catch((error) => report(error, args)));
