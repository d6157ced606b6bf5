/** Text as the network sends it: in as many parts as it needs (3GPP TS 23.040 §9.2.3.24.1). */
import { septetsOf, toSeptets } from "#modem/sms/gsm-alphabet";
import type { Address } from "#modem/sms/pdu-fields";
import { type Deliver, deliver, userData } from "#modem/sms/tpdu";

const MOST_SEPTETS = { single: 160, part: 153 };
const MOST_LETTERS = { single: 70, part: 67 };
export const MOST_PARTS = 10;

const UCS2 = 0x08;
const QUARTER_MS = 15 * 60_000;

/** "yy/MM/dd,hh:mm:ss±zz" */
export function centreTime(utcMs: number, zoneQuarters: number): string {
  const local = new Date(utcMs + zoneQuarters * QUARTER_MS).toISOString();
  const zone = `${zoneQuarters < 0 ? "-" : "+"}${String(Math.abs(zoneQuarters)).padStart(2, "0")}`;
  return `${local.slice(2, 19).replaceAll("-", "/").replace("T", ",")}${zone}`;
}

/** Cuts at `most` units without cutting a character of several. */
function cut<T>(characters: readonly (readonly T[])[], most: number): T[][] {
  const parts: T[][] = [[]];
  for (const units of characters) {
    if (parts.at(-1)!.length + units.length > most) parts.push([]);
    parts.at(-1)!.push(...units);
  }
  return parts;
}

/** @returns the units of each part; one without a header when all fits. */
function split<T>(
  characters: readonly (readonly T[])[],
  most: { readonly single: number; readonly part: number },
): T[][] {
  const whole = cut(characters, most.single);
  return whole.length === 1 ? whole : cut(characters, most.part);
}

const lettersOf = (character: string) =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
const isGsm = (text: string) => toSeptets(text) !== undefined;

/** How many parts a text makes. */
export const partsOf = (text: string): number =>
  isGsm(text)
    ? split(
        [...text].map((each) => septetsOf(each)!),
        MOST_SEPTETS,
      ).length
    : split([...text].map(lettersOf), MOST_LETTERS).length;

/** @param reference that the parts share, 0-255 */
export function textParts(from: Address, at: string, text: string, reference: number): readonly Deliver[] {
  const characters = [...text];
  const header = (index: number, of: number) =>
    of === 1 ? Buffer.alloc(0) : Buffer.of(5, 0, 3, reference, of, index + 1);
  if (isGsm(text)) {
    const parts = split(
      characters.map((each) => septetsOf(each)!),
      MOST_SEPTETS,
    );
    return parts.map((septets, index) => deliver(from, at, 0, userData("gsm", septets, header(index, parts.length))));
  }
  const parts = split(characters.map(lettersOf), MOST_LETTERS);
  return parts.map((letters, index) => {
    const octets = Buffer.from(letters.flatMap((letter) => [letter >> 8, letter & 0xff]));
    return deliver(from, at, UCS2, userData("ucs2", octets, header(index, parts.length)));
  });
}
