/** The options that describe a modem, the same for run, start, restart and demo. */
import { resolve } from "node:path";
import type { Argv, Options } from "yargs";
import type { ConfigOptions } from "#config";

/** As typed; what they may hold is the configuration's business. */
export interface ModemOptions extends ConfigOptions {
  readonly config?: string | undefined;
}

const text = (describe: string): Options => ({ type: "string", requiresArg: true, describe });

const OPTIONS = {
  config: text("configuration file (TOML)"),
  efs: text("directory of the module's files; filled with the factory's when missing or empty"),
  tty: text("path of the AT port's link, or a serial device; default: tty in the run directory"),
  usbmodem: text("the same for a second AT port"),
  uart1: text("the same for a third AT port"),
  tcp: text("AT over TCP, host:port; each connection is a terminal of its own"),
  nmea: text("path of the NMEA port's link, or a serial device: the position once a second after AT+QGPS=1"),
  qcli: text("path of the debug port's link, or a serial device"),
  rules: text("file of AT answers of your own (TOML)"),
  dialect: text("what is printed where the documents differ, KEY=VALUE,…; see [dialect] in bg96.toml"),
  server: text("LwM2M (or bootstrap) server, coap://host:port or coaps://host:port"),
  endpoint: text("endpoint name; default: urn:imei:<imei>"),
  "psk-identity": text("PSK identity for coaps"),
  "psk-key": text("PSK in hexadecimal for coaps"),
  lifetime: text("registration lifetime, seconds"),
  boot: { ...text("how the module boots"), choices: ["instant", "fast", "realistic"] },
  register: { type: "boolean", describe: "register at start, without waiting for an AT command" },
  "log-level": { ...text("what is logged"), choices: ["trace", "debug", "info", "warn", "error", "silent"] },
} satisfies Record<string, Options>;

export const MODEM_OPTIONS = Object.keys(OPTIONS) as Array<keyof typeof OPTIONS>;

/** Declares them on a command. */
export function withModemOptions<T>(yargs: Argv<T>, names: readonly (keyof typeof OPTIONS)[] = MODEM_OPTIONS): Argv<T> {
  for (const name of names) yargs.option(name, OPTIONS[name]);
  return yargs;
}

/** Picks them from what yargs parsed. */
export function modemOptionsOf(parsed: Record<string, unknown>): ModemOptions {
  return Object.fromEntries(
    MODEM_OPTIONS.map((name) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))
      .filter((name) => parsed[name] !== undefined)
      .map((name) => [name, parsed[name]]),
  );
}

/** The same options for a process with another working directory. */
export function absolutePaths(options: ModemOptions): ModemOptions {
  const { config, efs, tty, usbmodem, uart1, nmea, qcli, rules } = options;
  const paths = Object.entries({ config, efs, tty, usbmodem, uart1, nmea, qcli, rules });
  const given = paths.flatMap(([name, path]) => (path === undefined ? [] : [[name, resolve(path)]]));
  return { ...options, ...Object.fromEntries(given) };
}
