/** The way to a host behind a pty, which may not read: never blocks. */
import { writeSync } from "node:fs";
import { type Backlog, createBacklog } from "#port/backlog";
import type { Cancel, Runtime } from "#runtime";

export interface OutputQueue extends Pick<Backlog, "clear" | "full" | "onRoom"> {
  push(bytes: Buffer): void;
}

/** Doubled at each attempt in vain: a host that reads gets megabytes a second, a deaf one costs nothing. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 80;

/** @param descriptor answers the O_NONBLOCK master; asked at each write, because the pty may be replaced. */
export function createOutputQueue(descriptor: () => number, { clock, log }: Runtime): OutputQueue {
  const backlog = createBacklog({ clock, log });
  let retry: Cancel | undefined;

  const clear = () => {
    retry?.();
    retry = undefined;
    backlog.clear();
  };

  const flush = (retryMs: number) => {
    retry = undefined;
    let written = 0;
    try {
      written = writeSync(descriptor(), backlog.peek());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") {
        log.warn({ error: (error as Error).message }, "output dropped: the port does not take it");
        return clear();
      }
    }
    backlog.taken(written);
    if (backlog.bytes === 0 || retry) return;
    const nextMs = written > 0 ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
    retry = clock.after(nextMs, () => flush(nextMs));
  };

  return {
    get full() {
      return backlog.full;
    },
    onRoom: backlog.onRoom,
    push(bytes) {
      backlog.add(bytes);
      if (!retry && backlog.bytes > 0) flush(FIRST_RETRY_MS);
    },
    clear,
  };
}
