/** The commands that run on in the foreground: a modem, a server, both. */
import { type CommandRow, portOf, secondsOf, withPort } from "#cli/command-row";
import { modemOptionsOf, withModemOptions } from "#cli/modem-options";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];
const HOST = { type: "string", default: "127.0.0.1", requiresArg: true, describe: "address to listen on" } as const;

export const FOREGROUND_ROWS: readonly CommandRow[] = [
  {
    form: "run",
    title: "one modem in the foreground",
    options: (of) => withModemOptions(of).option("daemon", { type: "string", hidden: true }),
    notes: () => [
      "Prints one line, READY tty=LINK endpoint=NAME, when the port is open; the log is on standard error.",
      "SIGINT (Ctrl-C), SIGTERM and SIGHUP end it in order, De-register included (5 s at most); a second one at once.",
    ],
    examples: [
      ["run", "a modem; its port is on the READY line"],
      ["run --tty ./modem --efs ./modem-files", "with a link and files of your own"],
      ["run --server coap://127.0.0.1:5683 --register", "registered at once"],
      [
        "run --server coaps://leshan.example:5684 --psk-identity bg96 --psk-key 00112233 --register",
        "the same over DTLS",
      ],
      ["run --config bg96.toml --boot realistic --log-level debug", "the module's own timing"],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/run")).run(
        { ...modemOptionsOf(parsed), daemon: parsed.daemon as string | undefined },
        surroundings,
      ),
  },
  {
    form: "demo-server",
    title: "a small LwM2M and bootstrap server with a console (UDP, no security)",
    options: (of) =>
      withPort(
        withPort(of, "port", "UDP port of the LwM2M server; 0 = a free one", 5683),
        "bootstrap-port",
        "of the bootstrap server",
        5783,
      )
        .option("host", HOST)
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
        .option("log-level", { choices: LOG_LEVELS, default: "warn", requiresArg: true, describe: "what is logged" }),
    examples: [
      ["demo-server", "then type help"],
      ['demo-server --command "read /3/0/9" --command "execute /3/0/4"', "for scripts; exits 0 if all went well"],
      ["demo-server --host 0.0.0.0 --port 5690", "reachable from other machines"],
    ],
    run: async (parsed) =>
      (await import("#cli/demo-server")).demoServer({
        host: String(parsed.host),
        port: portOf(parsed, "port") ?? 0,
        bootstrapPort: portOf(parsed, "bootstrap-port") ?? 0,
        commands: parsed.command as string[],
        timeoutS: secondsOf(parsed, "timeout"),
        logLevel: String(parsed.logLevel),
      }),
  },
  {
    form: "demo",
    title: "the demo server and a modem registered to it, to try things out",
    options(of) {
      const modem = ["config", "efs", "tty", "endpoint", "lifetime", "boot", "log-level"] as const;
      return withPort(
        withPort(withModemOptions(of, modem), "port", "UDP port of the server; default 5683, or a free one"),
        "bootstrap-port",
        "of the bootstrap server; default 5783, or a free one",
      ).option("host", HOST);
    },
    notes: () => ["On a terminal it gives you the modem's AT prompt; without one the port is left to other programs."],
    examples: [
      ["demo", "what npm start runs"],
      ["demo --boot realistic --endpoint urn:dev:1", ""],
    ],
    run: async (parsed, surroundings) =>
      (await import("#cli/demo")).demo(
        {
          ...modemOptionsOf(parsed),
          host: String(parsed.host),
          port: portOf(parsed, "port"),
          bootstrapPort: portOf(parsed, "bootstrap-port"),
          endWithParent: process.env.npm_lifecycle_event !== undefined,
        },
        surroundings,
      ),
  },
];
