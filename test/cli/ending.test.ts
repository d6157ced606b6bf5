import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { runToTheEnd } from "#cli/ending";
import { silentLog } from "#runtime";
import { createManualClock } from "../support/manual-clock.js";

/** Something that runs, whose close() takes until `finish()`. */
function begin(
  options: { done?: Promise<number>; opening?: Promise<void>; watch?: (end: () => void) => () => void } = {},
) {
  const clock = createManualClock();
  const signals = new EventEmitter();
  const did: string[] = [];
  let finish = () => {};
  const closing = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const code = runToTheEnd(
    async () => {
      await options.opening;
      did.push("open");
      return {
        close: async () => {
          did.push("close");
          await closing;
          did.push("closed");
        },
        kill: () => void did.push("kill"),
        ...(options.done && { done: options.done }),
      };
    },
    { clock, log: silentLog, signals, ...(options.watch && { watch: options.watch }) },
  );
  return { clock, signals, did, finish, code };
}

it.each(["SIGTERM", "SIGINT", "SIGHUP"])("%s closes in order and exits 0", async (signal) => {
  const { clock, signals, did, finish, code } = begin();
  await clock.settle();
  signals.emit(signal);
  await clock.settle();
  expect(did).toEqual(["open", "close"]);
  finish();
  expect(await code).toBe(0);
  expect(did).toEqual(["open", "close", "closed"]);
  expect(signals.eventNames()).toEqual([]);
});

it("a signal that comes a second time within a second is the same one", async () => {
  const { clock, signals, did, finish, code } = begin();
  await clock.settle();
  signals.emit("SIGINT");
  await clock.advance(1000);
  signals.emit("SIGINT");
  signals.emit("SIGTERM");
  await clock.settle();
  finish();
  expect(await code).toBe(0);
  expect(did).toEqual(["open", "close", "closed"]);
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
])("%s more than a second after the first signal ends it at once, with %i", async (signal, exitCode) => {
  const { clock, signals, did, code } = begin();
  await clock.settle();
  signals.emit("SIGTERM");
  await clock.advance(1001);
  signals.emit(signal);
  expect(await code).toBe(exitCode);
  expect(did).toEqual(["open", "close", "kill"]);
});

it("a signal while it is being opened closes it once it is open", async () => {
  let opened = () => {};
  const opening = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const { clock, signals, did, finish, code } = begin({ opening });
  signals.emit("SIGTERM");
  await clock.settle();
  expect(did).toEqual([]);
  opened();
  finish();
  expect(await code).toBe(0);
  expect(did).toEqual(["open", "close", "closed"]);
});

it.each(["uncaughtException", "unhandledRejection"])("after an %s it closes in order and exits 1", async (fault) => {
  const { clock, signals, did, finish, code } = begin();
  await clock.settle();
  signals.emit(fault, new Error("boom"));
  finish();
  expect(await code).toBe(1);
  expect(did).toEqual(["open", "close", "closed"]);
});

it("ends by itself with its own exit code, and when its parent is gone", async () => {
  const own = begin({ done: Promise.resolve(4) });
  own.finish();
  expect(await own.code).toBe(4);

  let gone = () => {};
  const orphan = begin({
    watch: (end) => {
      gone = end;
      return () => {};
    },
  });
  await orphan.clock.settle();
  gone();
  orphan.finish();
  expect(await orphan.code).toBe(0);
  expect(orphan.did).toEqual(["open", "close", "closed"]);
});
