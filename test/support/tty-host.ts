/** A host on a serial port, for tests on real ttys: no driver, no buffering, deadlines on every wait. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";

export interface TtyHost {
  write(text: string): void;
  /** All bytes received so far, as latin1. */
  received(): string;
  /** @returns everything received, once it holds `text`. @throws after `deadlineMs`. */
  waitFor(text: string, deadlineMs?: number): Promise<string>;
  close(): void;
}

/** Opens the tty as it stands: its settings are not touched. */
export function openTtyHost(path: string): TtyHost {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const chunk = Buffer.alloc(65_536);
  let text = "";
  const received = () => {
    try {
      for (let length = -1; length !== 0; ) {
        length = readSync(fd, chunk);
        text += chunk.toString("latin1", 0, length);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    return text;
  };
  return {
    write: (out) => void writeSync(fd, Buffer.from(out, "latin1")),
    received,
    async waitFor(wanted, deadlineMs = 5_000) {
      await until(() => received().includes(wanted), `"${wanted}" from the port`, deadlineMs);
      return text;
    },
    close: () => closeSync(fd),
  };
}

/** Lets the event loop run until what is counted has not grown for a while. */
export async function untilStill(count: () => number): Promise<void> {
  let last = -1;
  let times = 0;
  await until(() => {
    const now = count();
    times = now === last ? times + 1 : 0;
    last = now;
    return times > 50;
  }, "it to rest");
}

/** Lets the event loop run until `condition` holds. @throws naming `what` after `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 5_000): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > deadlineMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
