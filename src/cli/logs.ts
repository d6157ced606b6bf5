/** `bg96 logs`: what a daemon has written, and with -f what it goes on to write. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { CliError, NOT_RUNNING } from "#cli/failure";
import { namedRunDirectory, type Surroundings } from "#cli/run-directory";
import { openCLibrary } from "#port/c-library";
import { systemClock } from "#runtime";

const LOOK_AGAIN_MS = 200;

export async function logs(name: string, follow: boolean, surroundings: Surroundings): Promise<number> {
  const { log } = namedRunDirectory(name, surroundings);
  let file: number;
  try {
    file = openSync(log, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new CliError(`${name}: not running, and there is no log ${log}`, `bg96 start ${name}`, NOT_RUNNING);
  }
  let readerGone = false;
  process.stdout.on("error", () => {
    readerGone = true; // `bg96 logs | head`
  });
  const library = follow ? openCLibrary() : undefined;
  const chunk = Buffer.alloc(65_536);
  let at = 0;
  try {
    do {
      for (let length = readSync(file, chunk, 0, chunk.length, at); length > 0; ) {
        await new Promise<void>((resolve) =>
          process.stdout.write(Buffer.from(chunk.subarray(0, length)), () => resolve()),
        );
        at += length;
        length = readerGone ? 0 : readSync(file, chunk, 0, chunk.length, at);
      }
      if (!follow || readerGone) break;
      await new Promise<void>((resolve) => void systemClock.after(LOOK_AGAIN_MS, resolve));
      if (statSync(log, { throwIfNoEntry: false })?.size === 0) at = 0; // emptied
    } while (!readerGone && !library?.isAbandoned(process.stdout.fd));
  } finally {
    closeSync(file);
  }
  return 0;
}
