/** Time, chance and the log, passed to everything that needs them; the real ones are made once, in cli.ts. */
import { randomBytes } from "node:crypto";

/** Ends what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Wall clock in ms since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Monotonic ms since an arbitrary start; unaffected by changes of the wall clock. */
  monotonic(): number;
  /** Runs `task` once, `delayMs` from now (any length; not before the current call stack has ended). */
  after(delayMs: number, task: () => void): Cancel;
}

export interface Random {
  bytes(length: number): Buffer;
  /** @returns a number in [0, 1). */
  fraction(): number;
}

/** Structured log: fields first, then the words. pino satisfies it. */
export interface Log {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** setTimeout fires at once for longer delays. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    if (delayMs <= 0) {
      const soon = setImmediate(task); // setTimeout waits a millisecond at least
      return () => clearImmediate(soon);
    }
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      const slice = Math.min(leftMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (leftMs > slice ? arm(leftMs - slice) : task()), slice);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

export interface EndableClock extends Clock {
  /** Forgets every task; new ones are not taken. */
  end(): void;
}

/** The clock of something that ends: no task outlives it. */
export function createEndableClock(clock: Clock): EndableClock {
  const pending = new Set<Cancel>();
  let ended = false;
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(delayMs, task) {
      if (ended) return () => {};
      const forget = clock.after(delayMs, () => {
        pending.delete(cancel);
        task();
      });
      const cancel = () => {
        pending.delete(cancel);
        forget();
      };
      pending.add(cancel);
      return cancel;
    },
    end() {
      ended = true;
      for (const cancel of pending) cancel();
    },
  };
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  fraction: () => Math.random(),
};

export const silentLog: Log = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
