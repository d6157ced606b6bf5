/** Types of the Resources the demo server can name; from the OMA registry, kept apart from the Client's own tables. */

/** s string, i integer, f float, b boolean, o opaque, t time, l object link, x executable. */
export type TypeLetter = "s" | "i" | "f" | "b" | "o" | "t" | "l" | "x";

/** By Object: "<resource id><letter>". */
const TYPES: Readonly<Record<number, string>> = {
  0: "0s 1b 2i 3o 4o 5o 6i 7o 8o 9s 10i 11i 12i",
  1: "0i 1i 2i 3i 4x 5i 6b 7s 8x",
  2: "0i 1i 2i 3i",
  3: "0s 1s 2s 3s 4x 5x 6i 7i 8i 9i 10i 11i 12x 13t 14s 15s 16s 17s 18s 19s 20i 21i 22l",
  4: "0i 1i 2i 3i 4s 5s 6i 7s 8i 9i 10i",
  5: "0o 1s 2x 3i 5i 6s 7s 8i 9i",
  6: "0f 1f 2f 3f 4o 5t 6f",
  7: "0i 1i 2i 3i 4i 5i 6x 7x 8i",
  9: "0s 1s 2o 3s 4x 5l 6x 7i 8b 9i 10x 11x 12b 13l 14s 15s",
  15: "0s 1i 2s 3b 4b 5x 6x 7b",
  19: "0o 1i 2t 3s 4s 5i",
  10250: "0o 1o",
  26241: "0o 1o",
};

/** @returns undefined for a Resource the demo server has no type for. */
export function typeOf(objectId: number, resourceId: number): TypeLetter | undefined {
  const found = TYPES[objectId]?.split(" ").find((entry) => Number.parseInt(entry, 10) === resourceId);
  return found?.at(-1) as TypeLetter | undefined;
}
