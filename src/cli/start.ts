/** `bg96 start`: one modem as a daemon. */
import { startDaemon } from "#cli/daemon";
import { absolutePaths, type ModemOptions } from "#cli/modem-options";
import { namedRunDirectory, openRunDirectory, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

export async function start(name: string, options: ModemOptions, surroundings: Surroundings): Promise<number> {
  const directory = openRunDirectory(namedRunDirectory(name, surroundings), surroundings);
  const ready = await startDaemon(directory, absolutePaths(options), systemClock);
  process.stdout.write(`${ready}\n`);
  return 0;
}
