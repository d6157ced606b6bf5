/** The commands about modems that run: those in the background, and what surrounds any. */
import type { Argv } from "yargs";
import {
  type CommandRow,
  named,
  nameOf,
  type Parsed,
  runDirectoryOf,
  secondsOf,
  withRunDirectory,
} from "#cli/command-row";
import { modemOptionsOf, withModemOptions } from "#cli/modem-options";
import { DEFAULT_NAME } from "#cli/run-directory";
import { settingLines } from "#cli/settings";

const withWait = (of: Argv): Argv =>
  of.option("wait", {
    type: "number",
    requiresArg: true,
    describe: "seconds to wait until it is registered; without it READY means that the port is open",
  });
const waitOf = (parsed: Parsed) => (parsed.wait === undefined ? undefined : secondsOf(parsed, "wait"));
const withJson = (of: Argv, describe = "one line of JSON"): Argv =>
  of.option("json", { type: "boolean", default: false, describe });

export const DAEMON_ROWS: readonly CommandRow[] = [
  {
    form: "start [name]",
    title: "the same as a background daemon",
    options: (of) => withModemOptions(withWait(named(of))),
    examples: [
      ["start", `a modem named "${DEFAULT_NAME}"`],
      [
        "start meter --server coap://127.0.0.1:5683 --register --wait 10",
        "a second one, and wait until it is registered",
      ],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/start")).start(nameOf(parsed), modemOptionsOf(parsed), surroundings, waitOf(parsed)),
  },
  {
    form: "stop [name]",
    title: "end a daemon: de-register, remove its link",
    options: named,
    notes: () => ["A server that does not answer is waited for, 5 s at most. What does not run is no failure."],
    examples: [
      ["stop", ""],
      ["stop meter", ""],
    ],
    run: async (parsed, surroundings) => (await import("#cli/stop")).stop(nameOf(parsed), surroundings),
  },
  {
    form: "restart [name]",
    title: "stop a daemon and start it with the same options",
    options: (of) => withModemOptions(withWait(named(of))),
    examples: [
      ["restart meter", ""],
      ["restart meter --log-level debug", "one option changed"],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/restart")).restart(nameOf(parsed), modemOptionsOf(parsed), surroundings, waitOf(parsed)),
  },
  {
    form: "status [name]",
    title: "what a modem is doing; exits 0 if it runs, 3 if not",
    options: (of) =>
      withRunDirectory(withJson(of)).positional("name", {
        type: "string",
        describe: `the modem's name; default ${DEFAULT_NAME}`,
      }),
    examples: [
      ["status", ""],
      ["status meter --json | jq .registered", ""],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/status")).status(
        parsed.name as string | undefined,
        runDirectoryOf(parsed),
        parsed.json === true,
        surroundings,
      ),
  },
  {
    form: "list",
    title: "the modems that run: name, process, port",
    options: (of) => withJson(of, "one line of JSON a modem"),
    examples: [["list", "those in the foreground too"]],
    run: async (parsed, surroundings) => (await import("#cli/list")).list(parsed.json === true, surroundings),
  },
  {
    form: "logs [name]",
    title: "what a daemon has logged",
    options: (of) =>
      named(of).option("follow", { alias: "f", type: "boolean", default: false, describe: "go on with what comes" }),
    examples: [
      ["logs meter", "its whole log, also after its end"],
      ["logs -f", "until Ctrl-C"],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/logs")).logs(nameOf(parsed), parsed.follow === true, surroundings),
  },
  {
    form: "get [words..]",
    title: "what surrounds a running modem: every setting that `set` changes, as it stands",
    options: (of) =>
      withRunDirectory(withJson(of)).positional("words", {
        type: "string",
        array: true,
        default: [],
        describe: "[NAME] [setting …]; without settings: all",
      }),
    examples: [
      ["get", ""],
      ["get meter battery.percent battery.millivolts", ""],
      ["get meter --json | jq .fix", ""],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/get")).get(
        parsed.words as string[],
        runDirectoryOf(parsed),
        parsed.json === true,
        surroundings,
      ),
  },
  {
    form: "set [words..]",
    title: "change what surrounds a running modem: battery, radio, position, power",
    options: (of) =>
      withRunDirectory(of).positional("words", {
        type: "string",
        array: true,
        default: [],
        describe: "[NAME] setting=value …; all of them or, if one does not fit, none",
      }),
    notes: () => [
      ...settingLines(),
      "",
      "battery.percent takes battery.millivolts along, unless that was set by itself.",
    ],
    examples: [
      ["set battery.percent=42 battery.millivolts=3600", ""],
      ["set meter network.coverage=false", "drive into a tunnel"],
      ["set meter fix=52.5200,13.4050", "latitude, longitude"],
      ['set meter "sms=+491701234567: hello"', "a short message to the module"],
      ["set --run-dir /run/bg96/run-123 power=brownout", "power lost and back"],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/set")).set(parsed.words as string[], runDirectoryOf(parsed), surroundings),
  },
];
