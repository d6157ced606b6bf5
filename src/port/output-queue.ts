/** Bytes on their way to a host that may not read: never blocks, never grows without bound. */
import { writeSync } from "node:fs";
import type { Cancel, Runtime } from "#runtime";

export interface OutputQueue {
  /** Takes all of `bytes`, or drops all of them when too much is unread already. */
  push(bytes: Buffer): void;
  clear(): void;
}

/** What may wait here beyond the kernel's own 20 KiB, not counting the last write taken. */
const CAPACITY_BYTES = 256 * 1024;
/** Doubled at each attempt in vain: a host that reads gets megabytes a second, a deaf one costs nothing. */
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 80;

/** @param descriptor answers the O_NONBLOCK master; asked at each write, because the pty may be replaced. */
export function createOutputQueue(descriptor: () => number, { clock, log }: Runtime): OutputQueue {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let droppedBytes = 0;
  let retry: Cancel | undefined;

  const clear = () => {
    retry?.();
    retry = undefined;
    waiting = [];
    waitingBytes = 0;
    if (droppedBytes > 0) log.warn({ bytes: droppedBytes }, "output dropped: the host did not read");
    droppedBytes = 0;
  };

  const flush = (retryMs: number) => {
    retry = undefined;
    const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    let written = 0;
    try {
      written = writeSync(descriptor(), bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") {
        log.warn({ error: (error as Error).message }, "output dropped: the port does not take it");
        return clear();
      }
    }
    if (written === bytes.length) return clear();
    waiting = [bytes.subarray(written)];
    waitingBytes -= written;
    const nextMs = written > 0 ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
    retry = clock.after(nextMs, () => flush(nextMs));
  };

  return {
    push(bytes) {
      if (waitingBytes >= CAPACITY_BYTES) {
        droppedBytes += bytes.length;
        return;
      }
      if (bytes.length === 0) return;
      waiting.push(Buffer.from(bytes)); // a copy: the caller may use its buffer again
      waitingBytes += bytes.length;
      if (!retry) flush(FIRST_RETRY_MS);
    },
    clear,
  };
}
