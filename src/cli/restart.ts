/** `bg96 restart`: stop, and start with the same options. */
import { findDaemon } from "#cli/contact";
import { readDaemonOptions, stopDaemon } from "#cli/daemon";
import { notRunning, tell } from "#cli/failure";
import { configOf } from "#cli/modem-config";
import { absolutePaths, type ModemOptions } from "#cli/modem-options";
import { namedRunDirectory, openRunDirectory, type Surroundings } from "#cli/run-directory";
import { bringUp } from "#cli/start";
import { systemClock } from "#runtime";

/**
 * Options given here win over those of the start before.
 * @param waitS how long to wait until it is registered; undefined = not at all.
 */
export async function restart(
  name: string,
  options: ModemOptions,
  surroundings: Surroundings,
  waitS: number | undefined,
): Promise<number> {
  const directory = namedRunDirectory(name, surroundings);
  const before = readDaemonOptions(directory);
  // One that was killed has left its options, and may be started again.
  if (!before && !findDaemon(directory)) throw notRunning(name);
  const given = Object.fromEntries(Object.entries(absolutePaths(options)).filter(([, value]) => value !== undefined));
  const together = { ...before, ...given };
  configOf(together); // refuses before anything is stopped
  openRunDirectory(directory, surroundings);
  await stopDaemon(directory, systemClock, tell);
  await bringUp(directory, together, waitS);
  return 0;
}
