/** `bg96 start`: one modem as a daemon. */
import { startDaemon } from "#cli/daemon";
import { configOf } from "#cli/modem-config";
import { absolutePaths, type ModemOptions } from "#cli/modem-options";
import { namedRunDirectory, openRunDirectory, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

export async function start(name: string, options: ModemOptions, surroundings: Surroundings): Promise<number> {
  const named = namedRunDirectory(name, surroundings);
  const given = absolutePaths(options);
  configOf(given); // refuses before anything is made
  const ready = await startDaemon(openRunDirectory(named, surroundings), given, systemClock);
  process.stdout.write(`${ready}\n`);
  return 0;
}
