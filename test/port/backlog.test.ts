import { describe, expect, it } from "vitest";
import { createBacklog } from "#port/backlog";
import { type Log, silentLog } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";

const CAPACITY = 256 * 1024;

function open() {
  const clock = createManualClock();
  const logged: object[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void logged.push(fields) };
  const backlog = createBacklog({ clock, log });
  const told = { times: 0 };
  const unsubscribe = backlog.onRoom(() => {
    told.times++;
  });
  return { clock, logged, backlog, told, unsubscribe };
}

describe("what waits for a host", () => {
  it("goes in the order in which it came, in pieces of any size, and is a copy", () => {
    const { backlog } = open();
    const bytes = Buffer.from("one ");
    backlog.add(bytes);
    bytes.fill("x");
    backlog.add(Buffer.from("two"));
    expect(backlog.peek(2).toString()).toBe("on");
    backlog.taken(2);
    expect(backlog.peek().toString()).toBe("e two");
    backlog.taken(5);
    expect([backlog.bytes, backlog.peek().length]).toEqual([0, 0]);
  });

  it("is full at 256 KiB, not counting the last; what comes then is dropped and told of once all is read", () => {
    const { backlog, told, logged } = open();
    backlog.add(Buffer.alloc(CAPACITY - 1));
    expect(backlog.full).toBe(false);
    backlog.add(Buffer.alloc(CAPACITY));
    expect(backlog.full).toBe(true);
    backlog.add(Buffer.from("lost"));
    backlog.taken(CAPACITY);
    expect([backlog.full, told.times, logged]).toEqual([false, 1, []]);
    backlog.taken(CAPACITY - 1);
    expect([backlog.bytes, told.times, logged]).toEqual([0, 1, [{ bytes: 4 }]]);
  });

  it("is as good as said after 30 seconds in which a host took nothing: it is deaf, and nobody waits for it", async () => {
    const { backlog, clock, told } = open();
    backlog.add(Buffer.alloc(2 * CAPACITY));
    for (let times = 0; times < 4; times++) {
      await clock.advance(29_000);
      backlog.taken(1);
    }
    expect([backlog.full, told.times]).toEqual([true, 0]);
    await clock.advance(60_000);
    expect([backlog.full, told.times]).toEqual([false, 1]);
    backlog.add(Buffer.from("to nobody"));
    expect(backlog.bytes).toBe(2 * CAPACITY - 4);
    backlog.taken(CAPACITY);
    backlog.add(Buffer.alloc(CAPACITY));
    expect(backlog.full).toBe(true);
  });

  it("may be thrown away, which makes room; nothing is left running", () => {
    const { backlog, clock, told, unsubscribe } = open();
    backlog.add(Buffer.alloc(CAPACITY));
    backlog.clear();
    expect([backlog.full, backlog.bytes, told.times, clock.pending()]).toEqual([false, 0, 1, 0]);
    unsubscribe();
    backlog.add(Buffer.alloc(CAPACITY));
    backlog.clear();
    expect(told.times).toBe(1);
  });
});
