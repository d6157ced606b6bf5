/** The configuration of the modem that a command line describes. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ModemOptions } from "#cli/modem-options";
import { type Config, loadConfig } from "#config";
import { PortError } from "#port/port";

/** @throws ConfigError, and PortError when there is no directory for the link. */
export function configOf({ config, ...options }: ModemOptions): Config {
  const loaded = loadConfig({ file: config, env: process.env, options });
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
