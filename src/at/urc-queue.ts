/** URCs waiting until the host neither types nor awaits an answer. */
import type { Cancel, Clock } from "#runtime";

/** Line time without a byte before a URC: hosts take one that comes closer for part of an answer. */
export const QUIET_MS = 20;
/** A host that polls without rest gets its URCs between two commands after so long. */
const LONGEST_WAIT_MS = 1000;
const MOST_LINES = 256;
const MOST_CHARACTERS = 262_144;

export interface UrcQueue {
  /** Sends the lines as soon as the line is free; beyond the bounds the newest are dropped. */
  push(lines: readonly string[]): void;
  /** A byte from the host or a final result code has just passed. */
  activity(): void;
  /** Sends what waits, quiet or not. */
  flush(): void;
  clear(): void;
}

export interface UrcQueueOptions {
  readonly clock: Clock;
  /** Whether no line is half typed or being executed; whatever ends that must call activity(). */
  readonly mayTalk: () => boolean;
  readonly send: (line: string) => void;
  readonly onDrop: (lines: number) => void;
}

export function createUrcQueue({ clock, mayTalk, send, onDrop }: UrcQueueOptions): UrcQueue {
  let waiting: string[] = [];
  let characters = 0;
  /** When the line first had room but for the quiet. */
  let deferredSinceMs: number | undefined;
  let lastActivityMs = Number.NEGATIVE_INFINITY;
  let timer: Cancel | undefined;

  const clear = () => {
    timer?.();
    timer = undefined;
    waiting = [];
    characters = 0;
    deferredSinceMs = undefined;
  };
  const flush = () => {
    const lines = waiting;
    clear();
    for (const line of lines) send(line);
  };
  const sendIfQuiet = () => {
    if (waiting.length === 0 || !mayTalk()) return;
    const nowMs = clock.monotonic();
    deferredSinceMs ??= nowMs;
    const leftMs = lastActivityMs + QUIET_MS - nowMs;
    if (leftMs <= 0 || nowMs - deferredSinceMs >= LONGEST_WAIT_MS) return flush();
    if (timer) return;
    timer = clock.after(leftMs, () => {
      timer = undefined;
      sendIfQuiet();
    });
  };

  return {
    push(lines) {
      let dropped = 0;
      for (const line of lines) {
        if (waiting.length === MOST_LINES || characters + line.length > MOST_CHARACTERS) {
          dropped++;
          continue;
        }
        waiting.push(line);
        characters += line.length;
      }
      if (dropped > 0) onDrop(dropped);
      sendIfQuiet();
    },
    activity() {
      lastActivityMs = clock.monotonic();
      sendIfQuiet();
    },
    flush,
    clear,
  };
}
