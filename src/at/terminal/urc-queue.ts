/** URCs waiting until the host neither types nor awaits an answer. */
import type { Cancel, Clock } from "#runtime";

/** Line time without a byte before a URC: hosts take one that comes closer for part of an answer. */
export const QUIET_MS = 20;
/** A host that leaves a line half typed for so long has forgotten it. */
const FORGOTTEN_MS = 10_000;
/** A host that polls without rest gets its URCs between two commands after so long. */
const LONGEST_WAIT_MS = 1000;
const MOST_LINES = 256;
const MOST_CHARACTERS = 262_144;

export interface UrcQueue {
  /** Sends the lines as soon as the line is free; beyond the bounds the newest are dropped, which is told of then. */
  push(lines: readonly string[]): void;
  /** A byte from the host or a final result code has just passed. */
  activity(): void;
  /** Sends what waits, quiet or not. */
  flush(): void;
  clear(): void;
}

export interface UrcQueueOptions {
  readonly clock: Clock;
  /** Whether a command line is half typed or being executed; whatever ends that must call activity(). */
  readonly line: () => "free" | "typing" | "busy";
  readonly send: (line: string) => void;
  readonly onDrop: (lines: number) => void;
}

export function createUrcQueue({ clock, line, send, onDrop }: UrcQueueOptions): UrcQueue {
  let waiting: string[] = [];
  let characters = 0;
  let dropped = 0;
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
    if (dropped > 0) onDrop(dropped);
    dropped = 0;
  };
  const flush = () => {
    const lines = waiting;
    clear();
    for (const each of lines) send(each);
  };
  const sendIfQuiet = () => {
    timer?.();
    timer = undefined;
    if (waiting.length === 0) return;
    const state = line();
    if (state === "busy") return;
    const nowMs = clock.monotonic();
    const leftMs = lastActivityMs + (state === "typing" ? FORGOTTEN_MS : QUIET_MS) - nowMs;
    if (state === "free") deferredSinceMs ??= nowMs;
    const isOverdue = state === "free" && nowMs - deferredSinceMs! >= LONGEST_WAIT_MS;
    if (leftMs <= 0 || isOverdue) return flush();
    timer = clock.after(leftMs, sendIfQuiet);
  };

  return {
    push(lines) {
      for (const each of lines) {
        if (waiting.length === MOST_LINES || characters + each.length > MOST_CHARACTERS) {
          dropped++;
          continue;
        }
        waiting.push(each);
        characters += each.length;
      }
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
