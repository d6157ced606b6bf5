/**
 * The initiating station of the multiplexer, as a host has it: an encoder and a decoder of their own, written from the
 * figures of 3GPP TS 27.010 bit by bit and sharing nothing with the product's.
 */

/** Control octets with their P/F bit, 3GPP TS 27.010 table 2. */
const CONTROL_OCTETS: Readonly<Record<string, number>> = {
  SABM: 0b0011_1111,
  UA: 0b0111_0011,
  DM: 0b0001_1111,
  DISC: 0b0101_0011,
  UIH: 0b1110_1111,
  UI: 0b0000_0011,
};

/** Annex B, shifted out bit after bit: x^8 + x^2 + x + 1, least significant bit first. */
export function checksum(octets: readonly number[]): number {
  const register = Array.from({ length: 8 }, () => 1);
  for (const octet of octets) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = register[7]! ^ ((octet >> bit) & 1);
      register.unshift(feedback);
      register.pop();
      register[1]! ^= feedback;
      register[2]! ^= feedback;
    }
  }
  // the term of the highest order goes first on the line, where the least significant bit is the first
  return register.reduce((sum, _, index) => sum | ((register[7 - index]! ^ 1) << index), 0);
}

export interface WireFrame {
  /** "SABM", "UA", "DM", "DISC", "UIH", "UI". */
  readonly type: string;
  readonly dlci: number;
  readonly cr: 0 | 1;
  readonly pf: 0 | 1;
  readonly text: string;
}

export interface Oddities {
  readonly cr?: 0 | 1;
  readonly pf?: 0 | 1;
  /** Added to the checksum. */
  readonly damage?: number;
}

/** @returns a frame between two flags, latin1. */
export function frame(type: string, dlci: number, text = "", { cr = 1, pf, damage = 0 }: Oddities = {}): string {
  const poll = pf ?? (type.startsWith("UI") ? 0 : 1);
  const control = (CONTROL_OCTETS[type]! & 0b1110_1111) | (poll << 4);
  const length = text.length < 128 ? [text.length * 2 + 1] : [(text.length % 128) * 2, Math.floor(text.length / 128)];
  const head = [dlci * 4 + cr * 2 + 1, control, ...length];
  const info = Array.from(text, (each) => each.charCodeAt(0));
  const sum = checksum(type === "UIH" ? head : [...head, ...info]);
  return String.fromCharCode(0xf9, ...head, ...info, (sum + damage) % 256, 0xf9);
}

/** @returns a message of the control channel: type with its C/R bit, length, value. */
export function message(type: number, value = ""): string {
  const length = value.length < 128 ? [value.length * 2 + 1] : [(value.length % 128) * 2, (value.length >> 7) * 2 + 1];
  return String.fromCharCode(type, ...length) + value;
}

const TYPES = new Map(Object.entries(CONTROL_OCTETS).map(([name, octet]) => [octet & 0b1110_1111, name]));

/**
 * Reads frames that stand one behind another, each between flags of its own or sharing them.
 * @throws Error at whatever is no frame, so that nothing else may stand between them
 */
export function readFrames(text: string): readonly WireFrame[] {
  const octets = Array.from(text, (each) => each.charCodeAt(0));
  const frames: WireFrame[] = [];
  const refuse = (why: string, at: number): never => {
    throw new Error(`${why} at ${at} of ${Buffer.from(text, "latin1").toString("hex")}`);
  };
  for (let at = 0; at < octets.length; ) {
    if (octets[at] !== 0xf9) refuse("no flag", at);
    while (octets[at] === 0xf9) at++;
    if (at === octets.length) break;
    const start = at;
    const [address, control] = [octets[at++]!, octets[at++]!];
    const first = octets[at++]!;
    const length = first % 2 === 1 ? first >> 1 : (first >> 1) + octets[at++]! * 128;
    const info = octets.slice(at, at + length);
    const type = TYPES.get(control & 0b1110_1111) ?? refuse("no kind of frame", start);
    const covered = type === "UIH" ? octets.slice(start, at) : octets.slice(start, at + length);
    at += length;
    if (octets[at] !== checksum(covered)) refuse("bad checksum", at);
    if (octets[++at] !== 0xf9) refuse("no closing flag", at);
    if (address % 2 !== 1) refuse("an address of several octets", start);
    frames.push({
      type: type as string,
      dlci: address >> 2,
      cr: ((address >> 1) % 2) as 0 | 1,
      pf: ((control >> 4) % 2) as 0 | 1,
      text: String.fromCharCode(...info),
    });
  }
  return frames;
}

/** Frames as one line each, e.g. "UA 1 cr=1 pf=1" or `UIH 1 cr=0 pf=0 "OK"`. */
export const told = (text: string): readonly string[] =>
  readFrames(text).map(
    ({ type, dlci, cr, pf, text: info }) =>
      `${type} ${dlci} cr=${cr} pf=${pf}${info === "" ? "" : ` ${JSON.stringify(info)}`}`,
  );

/** What came on a channel as data, put together again. */
export const dataOf = (text: string, dlci: number): string =>
  readFrames(text)
    .filter((each) => each.dlci === dlci && each.type.startsWith("UI"))
    .map((each) => each.text)
    .join("");
