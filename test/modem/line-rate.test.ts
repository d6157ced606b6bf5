import { expect, it } from "vitest";
import { rateInForce } from "#modem/line-rate";

it("the line's rate is one of those there are, whatever stands in the module's memory", () => {
  const kept = (ipr: string) => rateInForce({ lineRate: undefined, settings: { ipr } });
  expect(kept("9600")).toBe(9600);
  for (const wrong of ["", "x", "0", "-9600", "NaN", "Infinity", "1e9"]) expect(kept(wrong)).toBe(115_200);
});
