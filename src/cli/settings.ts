/** The settings of `bg96 get` and `bg96 set`: their names, and which modem is meant. */
import { UsageError } from "#cli/failure";
import {
  DEFAULT_NAME,
  type RunDirectory,
  runDirectoryAt,
  type Surroundings,
  shownRunDirectory,
} from "#cli/run-directory";
import { nearest } from "#config/nearest";
import { KNOBS } from "#control/knobs";
import { POWER_ORDERS } from "#control/operator";

/** What each takes; `power` is an order. */
export const SETTINGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(KNOBS).map(([path, { takes }]) => [path, takes])),
  power: `one of ${POWER_ORDERS.join(", ")}`,
};

export const isSetting = (text: string): boolean => Object.hasOwn(SETTINGS, text);

export function noSuchSetting(path: string): string {
  const close = nearest(path, Object.keys(SETTINGS));
  return `${path}: no such setting${close ? ` (did you mean ${close}?)` : ""}`;
}

/** For the help. */
export function settingLines(): string[] {
  const width = Math.max(...Object.keys(SETTINGS).map((path) => path.length));
  return ["Settings:", ...Object.entries(SETTINGS).map(([path, takes]) => `  ${path.padEnd(width)}  ${takes}`)];
}

/** The directory of the modem that a command line names. @throws UsageError */
export function modemNamed(
  name: string | undefined,
  runDirectory: string | undefined,
  surroundings: Surroundings,
): RunDirectory {
  if (runDirectory === undefined) return shownRunDirectory(name ?? DEFAULT_NAME, surroundings);
  if (name !== undefined) throw new UsageError(`${name}: a NAME and --run-dir, give one of them`);
  return runDirectoryAt(runDirectory);
}
