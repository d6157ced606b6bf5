/** The configuration of the modem that a command line describes. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { tell } from "#cli/failure";
import type { ModemOptions } from "#cli/modem-options";
import { type Config, type ConfigProblem, loadConfig } from "#config";
import { PortError } from "#port/port";
import type { Log } from "#runtime";

type Warn = (warning: ConfigProblem) => void;

/** Warnings as lines beside the output of a command that has no log. */
const tellWarning: Warn = ({ place, message, remedy }) => tell(`${place}: ${message} (${remedy})`);

/** Warnings as lines of the modem's log. */
export const warnIn =
  (log: Log): Warn =>
  ({ place, message, remedy }) =>
    log.warn({ place, remedy }, message);

/** @throws ConfigError, and PortError when there is no directory for the link. */
export function configOf({ config, ...options }: ModemOptions, warn = tellWarning): Config {
  const loaded = loadConfig({ file: config, env: process.env, options, warn });
  for (const path of [loaded.tty, loaded.usbmodem, loaded.uart1, loaded.nmea, loaded.qcli]) {
    if (path === undefined) continue;
    const link = resolve(path);
    const parent = dirname(link);
    if (!isDirectory(parent)) {
      throw new PortError(`cannot make the port ${link}: there is no directory ${parent}`, `mkdir -p ${parent}`);
    }
  }
  return loaded;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
