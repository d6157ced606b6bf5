/** `bg96 start`: one modem as a daemon. */
import { waitForRegistration } from "#cli/contact";
import { startDaemon } from "#cli/daemon";
import { configOf } from "#cli/modem-config";
import { absolutePaths, type ModemOptions } from "#cli/modem-options";
import { namedRunDirectory, openRunDirectory, type RunDirectory, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

/** @param waitS how long to wait until it is registered; undefined = not at all. */
export async function start(
  name: string,
  options: ModemOptions,
  surroundings: Surroundings,
  waitS: number | undefined,
): Promise<number> {
  const directory = namedRunDirectory(name, surroundings);
  const given = absolutePaths(options);
  configOf(given); // refuses before anything is made
  await bringUp(openRunDirectory(directory, surroundings), given, waitS);
  return 0;
}

/** Starts it and shows its READY line, then waits. @throws CliError */
export async function bringUp(
  directory: RunDirectory,
  options: ModemOptions,
  waitS: number | undefined,
): Promise<void> {
  const ready = await startDaemon(directory, options, systemClock);
  process.stdout.write(`${ready}\n`);
  if (waitS !== undefined) await waitForRegistration(directory, waitS, systemClock);
}
