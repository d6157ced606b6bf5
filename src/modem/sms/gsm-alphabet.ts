/** The GSM 7 bit default alphabet and its packing into octets (3GPP TS 23.038 §6). */

/** §6.2.1; at 0x1B stands the escape to the extension table. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const ESCAPE = 0x1b;
/** §6.2.1.1. */
const EXTENSION: Readonly<Record<string, number>> = {
  "\f": 0x0a,
  "^": 0x14,
  "{": 0x28,
  "}": 0x29,
  "\\": 0x2f,
  "[": 0x3c,
  "~": 0x3d,
  "]": 0x3e,
  "|": 0x40,
  "€": 0x65,
};
const EXTENDED = Object.fromEntries(Object.entries(EXTENSION).map(([letter, code]) => [code, letter]));

/** @returns the septets of one character, undefined when the alphabet has it not. */
export function septetsOf(letter: string): readonly number[] | undefined {
  if (Object.hasOwn(EXTENSION, letter)) return [ESCAPE, EXTENSION[letter]!];
  const code = BASIC.indexOf(letter);
  return code < 0 || code === ESCAPE || letter.length !== 1 ? undefined : [code];
}

/** @returns undefined when a character is not in the alphabet. */
export function toSeptets(text: string): number[] | undefined {
  const septets: number[] = [];
  for (const letter of text) {
    const codes = septetsOf(letter);
    if (!codes) return undefined;
    septets.push(...codes);
  }
  return septets;
}

/** An escape to a code that the extension table has not shows the basic character; one at the end, a space (§6.2.1.1). */
export function fromSeptets(septets: Iterable<number>): string {
  let text = "";
  let escaped = false;
  for (const septet of septets) {
    const code = septet & 0x7f;
    if (!escaped && code === ESCAPE) {
      escaped = true;
      continue;
    }
    text += (escaped && EXTENDED[code]) || (code === ESCAPE ? " " : BASIC[code]!);
    escaped = false;
  }
  return escaped ? `${text} ` : text;
}

/** @param fillBits zero bits before the first septet, which puts it on a septet boundary behind a header (3GPP TS 23.040 §9.2.3.24). */
export function packSeptets(septets: readonly number[], fillBits = 0): Buffer {
  const bytes = Buffer.alloc(Math.ceil((septets.length * 7 + fillBits) / 8));
  for (const [index, septet] of septets.entries()) {
    const bit = index * 7 + fillBits;
    const shifted = (septet & 0x7f) << (bit & 7);
    const at = bit >> 3;
    bytes[at] = bytes[at]! | (shifted & 0xff);
    if (shifted > 0xff) bytes[at + 1] = bytes[at + 1]! | (shifted >> 8);
  }
  return bytes;
}

/** Bits beyond the end of `bytes` read as zero. */
export function unpackSeptets(bytes: Buffer, count: number, fillBits = 0): number[] {
  return Array.from({ length: count }, (_, index) => {
    const bit = index * 7 + fillBits;
    const at = bit >> 3;
    return (((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)) >> (bit & 7)) & 0x7f;
  });
}
