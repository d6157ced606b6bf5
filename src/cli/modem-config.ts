/** The configuration of the modem that a command line describes. */
import type { ModemOptions } from "#cli/modem-options";
import { type Config, loadConfig } from "#config";

/** @throws ConfigError */
export function configOf({ config, ...options }: ModemOptions): Config {
  return loadConfig({ file: config, env: process.env, options });
}
