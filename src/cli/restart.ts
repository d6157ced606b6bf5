/** `bg96 restart`: stop, and start with the same options. */
import { readDaemonOptions, startDaemon, stopDaemon } from "#cli/daemon";
import { absolutePaths, type ModemOptions } from "#cli/modem-options";
import { namedRunDirectory, openRunDirectory, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

/** Options given here win over those of the start before. */
export async function restart(name: string, options: ModemOptions, surroundings: Surroundings): Promise<number> {
  const directory = openRunDirectory(namedRunDirectory(name, surroundings), surroundings);
  const before = readDaemonOptions(directory) ?? {};
  const given = Object.fromEntries(Object.entries(absolutePaths(options)).filter(([, value]) => value !== undefined));
  await stopDaemon(directory, systemClock);
  const ready = await startDaemon(directory, { ...before, ...given }, systemClock);
  process.stdout.write(`${ready}\n`);
  return 0;
}
