/** The commands that do one thing and end: AT command lines, files to begin with, firmware packages, the reference. */
import { type CommandRow, secondsOf } from "#cli/command-row";
import { DEFAULT_NAME } from "#cli/run-directory";

export const TOOL_ROWS: readonly CommandRow[] = [
  {
    form: "at [lines..]",
    title: "send AT command lines, print the answers",
    options: (of) =>
      of
        .positional("lines", {
          type: "string",
          array: true,
          default: [],
          describe: "without any: a prompt, or those on standard input when that is no terminal",
        })
        .option("tty", { type: "string", requiresArg: true, describe: "the port's link" })
        .option("name", { type: "string", requiresArg: true, describe: `a daemon's name; default ${DEFAULT_NAME}` })
        .option("timeout", {
          type: "number",
          requiresArg: true,
          default: 10,
          describe: "seconds to wait for each final result",
        })
        .option("keep-going", {
          type: "boolean",
          default: false,
          describe: "send the other lines also after an ERROR",
        })
        .conflicts("tty", "name"),
    notes: () => [
      "Exits 0 when every line ended in OK, 1 at the first ERROR, 4 when no final result came in time.",
      "Without --keep-going the lines after an ERROR are not sent; with it, it still exits 1.",
    ],
    examples: [
      ["at ATI AT+CSQ", "two lines to the default daemon"],
      ["at --name meter 'AT+QLWM2M=\"register\"'", ""],
      ["at --name meter --keep-going < lines.txt", ""],
      ["at --tty /dev/ttyUSB2", "a prompt, on any modem"],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/at-command")).atCommand(
        {
          lines: parsed.lines as string[],
          tty: parsed.tty as string | undefined,
          name: (parsed.name as string | undefined) ?? DEFAULT_NAME,
          timeoutS: secondsOf(parsed, "timeout"),
          keepGoing: parsed.keepGoing === true,
        },
        surroundings,
      ),
  },
  {
    form: "init <directory>",
    title: "write a commented bg96.toml and the module's files, to be edited",
    options: (of) =>
      of.positional("directory", {
        type: "string",
        demandOption: true,
        describe: "to be made; must be empty if it exists",
      }),
    examples: [["init meter && bg96 run --config meter/bg96.toml", ""]],
    run: async (parsed) => (await import("#cli/init")).init(String(parsed.directory)),
  },
  {
    form: "firmware <action>",
    title: "make a package to update a modem with, over the air",
    options: (of) =>
      of
        .version(false) // the program's own is not meant here
        .positional("action", { choices: ["make"], demandOption: true, describe: "what to do" })
        .option("version", {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "the revision the modem has afterwards",
        })
        .option("output", {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "the file to be made; one that exists is left alone",
        })
        .option("size", { type: "number", requiresArg: true, default: 65_536, describe: "bytes of the package" })
        .option("name", {
          type: "string",
          requiresArg: true,
          default: "BG96 firmware",
          describe: "the package's name",
        }),
    examples: [
      ["firmware make --version BG96MAR04A04M1G --output fw.bin", "to be written to /5/0/0, or served"],
      ["firmware make --version BG96MAR04A04M1G --size 1000000 --output fw.bin", ""],
    ],
    run: async (parsed) =>
      (await import("#cli/firmware-make")).makeFirmware({
        version: String(parsed.version),
        name: String(parsed.name),
        size: Number(parsed.size),
        output: String(parsed.output),
      }),
  },
  {
    form: "commands [search]",
    title: "the AT commands: forms, values and where they are defined",
    options: (of) =>
      of
        .positional("search", { type: "string", describe: "part of a name or title; without it: all" })
        .option("markdown", { type: "boolean", default: false, describe: "as a table in Markdown" }),
    examples: [
      ["commands", ""],
      ["commands CEREG", "one of them"],
      ["commands --markdown > AT.md", ""],
    ],
    run: async (parsed) =>
      (await import("#cli/commands")).commands({
        search: parsed.search as string | undefined,
        markdown: parsed.markdown === true,
      }),
  },
];
