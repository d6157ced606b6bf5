/** `bg96 stop`: ends a daemon in order, and waits for it. */
import { stopDaemon } from "#cli/daemon";
import { tell } from "#cli/failure";
import { namedRunDirectory, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

/** Stopping what does not run is no failure: afterwards it does not run. */
export async function stop(name: string, surroundings: Surroundings): Promise<number> {
  const wasRunning = await stopDaemon(namedRunDirectory(name, surroundings), systemClock, tell);
  process.stdout.write(`${name}: ${wasRunning ? "stopped" : "was not running"}\n`);
  return 0;
}
