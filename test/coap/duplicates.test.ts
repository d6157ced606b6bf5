import { describe, expect, it } from "vitest";
import { createDuplicates, fingerprintOf } from "#coap/duplicates";
import { createManualClock } from "../support/manual-clock.ts";

describe("the memory of the peer's messages", () => {
  it("knows a message for its lifetime, through both generations", async () => {
    const clock = createManualClock();
    const duplicates = createDuplicates(clock, 1000);
    duplicates.add(1, 11);
    await clock.advance(900);
    const seen = duplicates.add(2, 22);
    seen.reply = Buffer.from("reply");
    await clock.advance(200);
    duplicates.add(3, 33); // begins a new generation
    expect(duplicates.find(1, 11)).toBeUndefined();
    expect(duplicates.find(2, 22)?.reply?.toString()).toBe("reply");
    await clock.advance(800);
    expect(duplicates.find(2, 22)).toBeUndefined();
    expect(duplicates.find(3, 33)).toBeDefined();
  });

  it("takes another message under a message ID used too soon for what it is", () => {
    const duplicates = createDuplicates(createManualClock(), 1000);
    duplicates.add(1, fingerprintOf(Buffer.from("one")));
    expect(duplicates.find(1, fingerprintOf(Buffer.from("one")))).toBeDefined();
    expect(duplicates.find(1, fingerprintOf(Buffer.from("two")))).toBeUndefined();
  });

  it("stays within twice its bound under a flood, and knows at least the latest of that many", () => {
    const duplicates = createDuplicates(createManualClock(), 1000, 100);
    for (let id = 0; id < 10_000; id++) {
      duplicates.add(id, id);
      expect(duplicates.size).toBeLessThanOrEqual(200);
    }
    for (let id = 9_900; id < 10_000; id++) expect(duplicates.find(id, id)).toBeDefined();
  });
});
