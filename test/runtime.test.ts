import { expect, it, onTestFinished, vi } from "vitest";
import { createEndableClock, systemClock } from "#runtime";
import { createManualClock } from "./support/manual-clock.js";

it("a task without delay runs after the current call stack, in order, unless it is cancelled", async () => {
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    systemClock.after(0, () => ran.push("first"));
    const cancel = systemClock.after(0, () => ran.push("cancelled"));
    systemClock.after(-5, () => ran.push("overdue"));
    systemClock.after(0, resolve);
    ran.push("stack");
    cancel();
    cancel();
  });
  expect(ran).toEqual(["stack", "first", "overdue"]);
});

it("a task of any delay can be cancelled", () => {
  systemClock.after(2 ** 40, () => expect.unreachable())();
});

it("a task of more than 2^31 - 1 ms runs when it is due", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const dueMs = 3 * 2 ** 31 + 1000;
  let runs = 0;
  systemClock.after(dueMs, () => runs++);
  vi.advanceTimersByTime(dueMs - 1);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(1);
});

it("a clock that has ended runs nothing any more, and takes nothing", async () => {
  const manual = createManualClock();
  const clock = createEndableClock(manual);
  const ran: string[] = [];
  clock.after(10, () => ran.push("before"));
  clock.after(10, () => ran.push("cancelled"))();
  await manual.advance(10);
  clock.after(10, () => ran.push("pending"));
  clock.end();
  clock.after(0, () => ran.push("after"));
  expect(manual.pending()).toBe(0);
  await manual.advance(1000);
  expect(ran).toEqual(["before"]);
  expect([clock.now(), clock.monotonic()]).toEqual([manual.now(), manual.monotonic()]);
});
