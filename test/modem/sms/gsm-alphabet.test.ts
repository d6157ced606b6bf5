import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSeptets, packSeptets, toSeptets, unpackSeptets } from "#modem/sms/gsm-alphabet";

/** As the figure of 3GPP TS 23.038 §6.1.2.1.1 draws it: each septet above the one before it, octets cut off from below. */
function packedAsDrawn(septets: readonly number[], fillBits: number): string {
  const bits =
    [...septets]
      .reverse()
      .map((each) => each.toString(2).padStart(7, "0"))
      .join("") + "0".repeat(fillBits);
  const padded = bits.padStart(Math.ceil(bits.length / 8) * 8, "0");
  return (padded.match(/.{8}/g) ?? [])
    .reverse()
    .map((each) => Number.parseInt(each, 2).toString(16).padStart(2, "0"))
    .join("");
}

describe("the GSM 7 bit alphabet", () => {
  it("packs as the user data of 3GPP TS 31.124 §27.22.4.10.1.4.2 has it", () => {
    const septets = toSeptets("Short Message")!;
    expect(packSeptets(septets).toString("hex")).toBe("53f45b4e0735cbf379f85c06");
  });

  it("packs and unpacks any septets as the figure of TS 23.038 draws them, behind any fill bits", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 160 }),
        fc.integer({ min: 0, max: 6 }),
        (septets, fill) => {
          const packed = packSeptets(septets, fill);
          expect(packed.toString("hex")).toBe(
            septets.length === 0 ? "00".repeat(Math.ceil(fill / 8)) : packedAsDrawn(septets, fill),
          );
          expect(unpackSeptets(packed, septets.length, fill)).toEqual(septets);
        },
      ),
    );
  });

  it("has the characters of the tables of TS 23.038 §6.2.1 at their places", () => {
    // row by row of the table: first and last of each column, and what ASCII has elsewhere
    expect(toSeptets("@Δ 0¡P¿pòΞ/?OÜoà")).toEqual([
      0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x08, 0x1a, 0x2f, 0x3f, 0x4f, 0x5e, 0x6f, 0x7f,
    ]);
    expect(toSeptets("£$¥_¤§É")).toEqual([0x01, 0x02, 0x03, 0x11, 0x24, 0x5f, 0x1f]);
    expect(toSeptets("^{}\\[~]|€\f")).toEqual(
      [0x14, 0x28, 0x29, 0x2f, 0x3c, 0x3d, 0x3e, 0x40, 0x65, 0x0a].flatMap((code) => [0x1b, code]),
    );
    const all = Array.from({ length: 128 }, (_, code) => code).filter((code) => code !== 0x1b);
    expect(toSeptets(fromSeptets(all))).toEqual(all);
  });

  it("has no character beyond its tables", () => {
    for (const letter of ["ő", "\u001b", "日", "😀", "`"]) expect(toSeptets(`a${letter}`)).toBeUndefined();
  });

  it("shows an unknown escape as its basic character, one at the end as a space", () => {
    expect(fromSeptets([0x1b, 0x41, 0x1b, 0x1b, 0x41, 0x1b])).toBe("A A ");
  });
});
