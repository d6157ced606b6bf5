import { describe, expect, it } from "vitest";
import { createDuplicates, fingerprintOf } from "#coap/duplicates";
import { createManualClock } from "../support/manual-clock.ts";

describe("the memory of the peer's messages", () => {
  it("knows a message for its lifetime, through both generations", async () => {
    const clock = createManualClock();
    const duplicates = createDuplicates({ clock, lifetimeMs: 1000 });
    duplicates.add(1, 11);
    await clock.advance(900);
    duplicates.answer(duplicates.add(2, 22), Buffer.from("reply"));
    await clock.advance(200);
    duplicates.add(3, 33); // begins a new generation
    expect(duplicates.find(1, 11)).toBeUndefined();
    expect(duplicates.replyTo(duplicates.find(2, 22)!)?.toString()).toBe("reply");
    await clock.advance(800);
    expect(duplicates.find(2, 22)).toBeUndefined();
    expect(duplicates.find(3, 33)).toBeDefined();
    await clock.advance(1000);
    duplicates.add(4, 44);
    expect(duplicates.size).toBe(2); // what has lived its time is gone, however few have come since
  });

  it("takes another message under a message ID used too soon for what it is", () => {
    const duplicates = createDuplicates({ clock: createManualClock(), lifetimeMs: 1000 });
    duplicates.add(1, fingerprintOf(Buffer.from("one")));
    expect(duplicates.find(1, fingerprintOf(Buffer.from("one")))).toBeDefined();
    expect(duplicates.find(1, fingerprintOf(Buffer.from("two")))).toBeUndefined();
  });

  it("stays within twice its bound under a flood, and knows at least the latest of that many", () => {
    const duplicates = createDuplicates({ clock: createManualClock(), lifetimeMs: 1000, maxEntries: 100 });
    for (let id = 0; id < 10_000; id++) {
      duplicates.add(id, id);
      expect(duplicates.size).toBeLessThanOrEqual(200);
    }
    for (let id = 9_900; id < 10_000; id++) expect(duplicates.find(id, id)).toBeDefined();
  });

  it("holds no more after 500 000 messages than after 20 000, and still the latest 8192", () => {
    const duplicates = createDuplicates({ clock: createManualClock(), lifetimeMs: 247_000 });
    const id = (n: number) => [n & 0xffff, n] as const;
    for (let n = 0; n < 500_000; n++) duplicates.add(...id(n));
    expect(duplicates.size).toBeLessThanOrEqual(2 * 8192);
    for (let n = 500_000 - 8192; n < 500_000; n++) expect(duplicates.find(...id(n))).toBeDefined();
  });

  it("keeps replies of any size as they were, and of large ones no more than its bound", () => {
    const maxReplyBytes = 100_000;
    const duplicates = createDuplicates({ clock: createManualClock(), lifetimeMs: 1000, maxReplyBytes });
    const sizes = [0, 1, 4, 17, 511, 512, 513, 1100, 65_000];
    const replyOf = (id: number) => Buffer.alloc(sizes[id % sizes.length]!, id);
    for (let id = 0; id < 2000; id++) {
      const reply = replyOf(id);
      duplicates.answer(duplicates.add(id, id), reply);
      reply.fill(0); // it is the sender's again
    }
    const kept = Array.from({ length: 2000 }, (_, id) => id).filter((id) => duplicates.find(id, id));
    expect(kept.at(-1)).toBe(1999);
    for (const id of kept) expect(duplicates.replyTo(duplicates.find(id, id)!)).toEqual(replyOf(id));
    const total = kept.reduce((sum, id) => sum + replyOf(id).length, 0);
    expect(total).toBeGreaterThan(maxReplyBytes / 2);
    expect(total).toBeLessThan(2 * (maxReplyBytes + 65_000));
    expect(duplicates.replyTo(duplicates.add(3000, 3000))).toBeUndefined();
  });

  it("tells messages apart that differ in any one byte, whatever their length", () => {
    for (const length of [4, 5, 6, 7, 8, 30, 1050]) {
      const datagram = Buffer.alloc(length, 7);
      const prints = new Set([fingerprintOf(datagram)]);
      for (let at = 0; at < length; at++) {
        const other = Buffer.from(datagram);
        other[at] = 8;
        prints.add(fingerprintOf(other));
      }
      expect(prints.size).toBe(length + 1);
    }
  });

  it("tells messages apart that differ in three bits close together", () => {
    const datagram = Buffer.from("4401123461626364b33100ff3132333435363738", "hex");
    const print = fingerprintOf(datagram);
    const flip = (bit: number) => {
      datagram[bit >> 3]! ^= 1 << (bit & 7);
    };
    const alike: number[][] = [];
    for (let first = 64; first < 96; first++) {
      for (let second = first + 1; second < 128; second++) {
        for (let third = second + 1; third < 128; third++) {
          for (const bit of [first, second, third]) flip(bit);
          if (fingerprintOf(datagram) === print) alike.push([first, second, third]);
          for (const bit of [first, second, third]) flip(bit);
        }
      }
    }
    expect(alike).toEqual([]);
  });
});
