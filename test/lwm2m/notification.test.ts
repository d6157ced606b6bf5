import { describe, expect, it } from "vitest";
import type { AttributeSet } from "#lwm2m/attributes";
import { type Due, nextNotify } from "#lwm2m/notification";

const number = (value: number) => ({ news: Buffer.from(String(value)), numbers: [value] });

/** The last notification went out at 100 s. */
function due(from: number, to: number, attributes: AttributeSet, atS: number, happened = false): Due {
  return nextNotify({ ...number(from), atMs: 100_000 }, number(to), attributes, atS * 1000, happened);
}

describe("the time of the next notification", () => {
  it.each<[string, number, number, AttributeSet, number, Due]>([
    ["no change and no pmax: never", 5, 5, {}, 200, "never"],
    ["a change without pmin: now", 5, 6, {}, 100, "now"],
    ["a change before pmin has passed: when it has", 5, 6, { pmin: 10 }, 104, { atMs: 110_000 }],
    ["a change as pmin has passed: now", 5, 6, { pmin: 10 }, 110, "now"],
    ["no change before pmax: at pmax", 5, 5, { pmax: 60 }, 130, { atMs: 160_000 }],
    ["no change at pmax: now", 5, 5, { pmax: 60 }, 160, "now"],
    ["a change held back by pmin comes before pmax", 5, 6, { pmin: 10, pmax: 60 }, 104, { atMs: 110_000 }],
    ["pmax below pmin is ignored", 5, 5, { pmin: 10, pmax: 5 }, 120, "never"],
    ["pmax 0 is ignored", 5, 5, { pmax: 0 }, 120, "never"],
    ["gt crossed upwards: now", 50, 51, { gt: 50 }, 101, "now"],
    ["gt crossed downwards: now", 51, 50, { gt: 50 }, 101, "now"],
    ["above gt all the time: never", 51, 99, { gt: 50 }, 101, "never"],
    ["gt reached but not crossed: never", 40, 50, { gt: 50 }, 101, "never"],
    ["lt crossed downwards: now", 20, 19, { lt: 20 }, 101, "now"],
    ["lt crossed upwards: now", 19, 20, { lt: 20 }, 101, "now"],
    ["below lt all the time: never", 19, 1, { lt: 20 }, 101, "never"],
    ["between lt and gt: never", 30, 40, { lt: 20, gt: 50 }, 101, "never"],
    ["a step as large as st: now", 30, 35, { st: 5 }, 101, "now"],
    ["a step as large as st, downwards: now", 30, 25, { st: 5 }, 101, "now"],
    ["a step smaller than st: never", 30, 34.9, { st: 5 }, 101, "never"],
    ["a small step across gt: now", 49, 51, { gt: 50, st: 5 }, 101, "now"],
    ["a threshold crossed before pmin has passed: when it has", 49, 51, { gt: 50, pmin: 10 }, 101, { atMs: 110_000 }],
    ["a small step still comes at pmax", 30, 31, { st: 5, pmax: 60 }, 130, { atMs: 160_000 }],
  ])("[OM-037][OM-038] %s", (_sentence, from, to, attributes, atS, expected) => {
    expect(due(from, to, attributes, atS)).toEqual(expected);
  });

  it("counts an event as a change whatever the value", () => {
    expect(due(5, 5, {}, 100, true)).toBe("now");
    expect(due(5, 5, { pmin: 10 }, 104, true)).toEqual({ atMs: 110_000 });
  });

  it("looks at each value of a multiple resource, and takes another number of them for a change", () => {
    const last = { news: Buffer.from("a"), numbers: [10, 20], atMs: 0 };
    expect(nextNotify(last, { news: Buffer.from("b"), numbers: [10, 29] }, { st: 10 }, 1, false)).toBe("never");
    expect(nextNotify(last, { news: Buffer.from("b"), numbers: [10, 30] }, { st: 10 }, 1, false)).toBe("now");
    expect(nextNotify(last, { news: Buffer.from("b"), numbers: [10] }, { st: 10 }, 1, false)).toBe("now");
  });
});
