import type { Clock, Random } from "#runtime";

export interface ManualClock extends Clock {
  /** Runs every task due within the next `ms`, in order, letting promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Lets promises and immediates settle without moving time. */
  settle(): Promise<void>;
  /** Tasks not yet run. */
  pending(): number;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = 0;
  let sequence = 0;
  const tasks = new Map<number, { atMs: number; order: number; task: () => void }>();
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const nextDue = (untilMs: number) => {
    let found: { key: number; atMs: number; order: number; task: () => void } | undefined;
    for (const [key, entry] of tasks) {
      if (entry.atMs > untilMs) continue;
      if (!found || entry.atMs < found.atMs || (entry.atMs === found.atMs && entry.order < found.order)) {
        found = { key, ...entry };
      }
    }
    return found;
  };
  return {
    now: () => startMs + nowMs,
    monotonic: () => nowMs,
    after(delayMs, task) {
      const key = ++sequence;
      tasks.set(key, { atMs: nowMs + Math.max(0, delayMs), order: key, task });
      return () => void tasks.delete(key);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let due = nextDue(untilMs); due; due = nextDue(untilMs)) {
        tasks.delete(due.key);
        nowMs = Math.max(nowMs, due.atMs);
        due.task();
        await settle();
      }
      nowMs = untilMs;
    },
    settle,
    pending: () => tasks.size,
  };
}

/** A seeded generator (mulberry32), so that a failing run can be repeated. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    bytes: (length) => Buffer.from(Array.from({ length }, () => Math.floor(fraction() * 256))),
  };
}
