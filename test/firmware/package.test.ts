import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { examinePackage, makePackage, type PackageBytes } from "#firmware/package";

const bytesOf = (bytes: Buffer): PackageBytes => ({
  size: bytes.length,
  read: (at, length) => bytes.subarray(at, at + length),
});
const examine = (bytes: Buffer, acceptAny = false) => examinePackage(bytesOf(bytes), acceptAny);
const image = { name: "BG96 firmware", version: "BG96MAR04A04M1G" };

/** Written by hand from the table in src/firmware/package.ts, its image the three bytes 01 02 03. */
function byHand(): Buffer {
  const head = Buffer.concat([
    Buffer.from("4247393646 4f5441 00000003".replaceAll(" ", ""), "hex"),
    Buffer.from("meter".padEnd(64, "\0")),
    Buffer.from("02.001".padEnd(64, "\0")),
  ]);
  const rest = Buffer.from([1, 2, 3]);
  return Buffer.concat([head, createHash("sha256").update(head).update(rest).digest(), rest]);
}

describe("a package", () => {
  it("written by hand is read", () => {
    expect(examine(byHand())).toEqual({ name: "meter", version: "02.001" });
  });

  it.each([172, 173, 1000, 200_000])("of %i bytes is read as it was made", (size) => {
    const made = makePackage(image, size);
    expect(made).toHaveLength(size);
    expect(examine(made)).toEqual(image);
    expect(makePackage(image, size)).toEqual(made);
  });

  it("is unsound when any part of it is changed, cut off or added to", () => {
    const made = makePackage(image, 1000);
    for (let at = 8; at < made.length; at += 13) {
      const changed = Buffer.from(made);
      changed[at]! ^= 0x10;
      expect(() => examine(changed), `byte ${at}`).toThrow(expect.objectContaining({ fault: "integrity" }));
    }
    for (const bytes of [made.subarray(0, 999), made.subarray(0, 100), Buffer.concat([made, Buffer.from([0])])]) {
      expect(() => examine(bytes)).toThrow(expect.objectContaining({ fault: "integrity" }));
    }
  });

  it("is not one without its first bytes, but any file may be taken for one", () => {
    for (const bytes of [Buffer.from("PK\u0003\u0004 and so on"), Buffer.from([0x42])]) {
      expect(() => examine(bytes)).toThrow(expect.objectContaining({ fault: "unsupported" }));
      expect(examine(bytes, true)).toEqual({ name: "", version: expect.stringMatching(/^BG96-[0-9a-f]{12}$/) });
    }
    expect(() => examine(Buffer.alloc(0), true)).toThrow(expect.objectContaining({ fault: "unsupported" }));
    const damaged = makePackage(image, 1000);
    damaged[500]! ^= 1;
    expect(() => examine(damaged, true)).toThrow(expect.objectContaining({ fault: "integrity" }));
  });

  it("is made of sizes and names that fit", () => {
    for (const size of [171, 8 * 1024 * 1024 + 1, 1.5, Number.NaN])
      expect(() => makePackage(image, size)).toThrow(RangeError);
    for (const version of ["", 'a"b', "a\nb", "v".repeat(65), "ü".repeat(33)]) {
      expect(() => makePackage({ ...image, version }, 1000), version).toThrow(RangeError);
    }
    expect(() => makePackage({ ...image, name: "n".repeat(65) }, 1000)).toThrow(RangeError);
  });
});
