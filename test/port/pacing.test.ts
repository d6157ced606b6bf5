import { describe, expect, it } from "vitest";
import { paced } from "#port/pacing";
import { silentLog } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";
import { createMemoryLine } from "../support/memory-line.ts";

function open(baud = 115_200) {
  const clock = createManualClock();
  const line = createMemoryLine();
  const rate = { baud };
  return { clock, line, rate, port: paced(line, () => rate.baud, { clock, log: silentLog }) };
}

describe("paced output", () => {
  it("comes at the line rate: 11520 bytes a second at 115200", async () => {
    const { clock, line, port } = open();
    port.write(Buffer.alloc(11_520, "x"));
    await clock.advance(500);
    expect(line.take().length / 5760).toBeCloseTo(1, 1);
    await clock.advance(520);
    expect(line.take().length / 5760).toBeCloseTo(1, 1);
    await clock.advance(1000);
    expect(line.take()).toBe("");
  });

  it("comes at once where it is short, in its order, and later writes wait for earlier ones", async () => {
    const { clock, line, port } = open(9600);
    port.write(Buffer.from("A"));
    expect(line.take()).toBe("A");
    port.write(Buffer.from("T"));
    port.write(Buffer.from("I"));
    expect(line.take()).toBe("");
    await clock.advance(2);
    expect(line.take()).toBe("TI");
    for (const each of ["one ", "two ", "three"]) port.write(Buffer.from(each));
    await clock.advance(50);
    expect(line.take()).toBe("one two three");
  });

  it("follows a change of the rate", async () => {
    const { clock, line, rate, port } = open(9600);
    port.write(Buffer.alloc(3000, "x"));
    await clock.advance(1000);
    expect(line.take().length / 960).toBeCloseTo(1, 1);
    rate.baud = 921_600;
    await clock.advance(100);
    expect(line.take().length).toBeGreaterThan(1900);
  });

  it("ends with the host, and does not grow for one that writes faster than the line", async () => {
    const { clock, line, port } = open();
    for (let i = 0; i < 1000; i++) port.write(Buffer.alloc(1024, "x"));
    let bytes = 0;
    for (let s = 0; s < 60; s++) {
      await clock.advance(1000);
      bytes += line.take().length;
    }
    expect(bytes).toBeLessThan(300_000);
    port.write(Buffer.alloc(10_000, "y"));
    line.attach(false);
    line.attach(true);
    line.take();
    await clock.advance(1000);
    expect(line.take()).toBe("");
    port.write(Buffer.from("z"));
    await clock.advance(100);
    expect(line.take()).toBe("z");
    port.write(Buffer.alloc(10_000, "y"));
    port.close();
    expect(line.closed).toBe(true);
    expect(clock.pending()).toBe(0);
  });

  it("tells when too much waits and when there is room, and waits for a line that is full itself", async () => {
    const { clock, line, port } = open();
    const told = { times: 0 };
    port.onRoom(() => {
      told.times++;
    });
    port.write(Buffer.alloc(300_000, "x"));
    expect(port.full).toBe(true);
    await clock.advance(5000);
    expect([port.full, told.times]).toEqual([false, 1]);
    line.take();
    line.fill(true);
    await clock.advance(5000);
    expect(line.take()).toBe("");
    line.fill(false);
    await clock.advance(25_000);
    expect(line.take().length).toBeGreaterThan(230_000);
  });

  it("is the same line otherwise", () => {
    const { line, port } = open();
    const heard: string[] = [];
    port.onData((bytes) => heard.push(String(bytes)));
    line.say("AT");
    expect(heard).toEqual(["AT"]);
    expect(port.attached).toBe(true);
    line.attach(false);
    expect(port.attached).toBe(false);
  });
});
