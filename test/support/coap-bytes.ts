/** CoAP datagrams written and read by hand, independently of the product's codec (RFC 7252 §3). */

export type CoapType = "CON" | "NON" | "ACK" | "RST";

export interface CoapParts {
  type?: CoapType;
  /** "0.01", "2.05", "0.00". */
  code: string;
  mid?: number;
  /** Hex. */
  token?: string;
  /** Number and value, in ascending order; a number as value is written in as few bytes as it takes. */
  options?: readonly (readonly [number, string | number | Buffer])[];
  payload?: string | Buffer;
}

export interface ReadCoap {
  type: CoapType;
  code: string;
  mid: number;
  token: string;
  options: [number, Buffer][];
  payload: Buffer;
}

const TYPES: readonly CoapType[] = ["CON", "NON", "ACK", "RST"];

export function coapBytes({ type = "CON", code, mid = 1, token = "", options = [], payload }: CoapParts): Buffer {
  const [codeClass, detail] = code.split(".").map(Number) as [number, number];
  const tokenBytes = Buffer.from(token, "hex");
  const parts: Buffer[] = [
    Buffer.from([
      0x40 | (TYPES.indexOf(type) << 4) | tokenBytes.length,
      (codeClass << 5) | detail,
      mid >> 8,
      mid & 255,
    ]),
    tokenBytes,
  ];
  let before = 0;
  for (const [number, value] of options) {
    const bytes = typeof value === "number" ? uintBytes(value) : Buffer.from(value as string);
    const [deltaNibble, deltaMore] = split(number - before);
    const [lengthNibble, lengthMore] = split(bytes.length);
    parts.push(Buffer.from([(deltaNibble << 4) | lengthNibble, ...deltaMore, ...lengthMore]), bytes);
    before = number;
  }
  const body = Buffer.from(payload ?? "");
  if (body.length > 0) parts.push(Buffer.from([0xff]), body);
  return Buffer.concat(parts);
}

function split(value: number): [number, number[]] {
  if (value < 13) return [value, []];
  if (value < 269) return [13, [value - 13]];
  return [14, [(value - 269) >> 8, (value - 269) & 255]];
}

function uintBytes(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from(bytes);
}

/** The value of a Block1 or Block2 option as the figures of RFC 7959 write it: number/more/size. */
export function block(number: number, more: 0 | 1, size: number): number {
  return number * 16 + more * 8 + (Math.log2(size) - 4);
}

export function readCoap(datagram: Buffer): ReadCoap {
  const tokenEnd = 4 + (datagram[0]! & 15);
  const options: [number, Buffer][] = [];
  let at = tokenEnd;
  let number = 0;
  const extended = (nibble: number) => {
    if (nibble < 13) return nibble;
    if (nibble === 13) return 13 + datagram[at++]!;
    at += 2;
    return 269 + datagram.readUInt16BE(at - 2);
  };
  while (at < datagram.length && datagram[at] !== 0xff) {
    const head = datagram[at++]!;
    number += extended(head >> 4);
    const length = extended(head & 15);
    options.push([number, datagram.subarray(at, at + length)]);
    at += length;
  }
  return {
    type: TYPES[(datagram[0]! >> 4) & 3]!,
    code: `${datagram[1]! >> 5}.${String(datagram[1]! & 31).padStart(2, "0")}`,
    mid: datagram.readUInt16BE(2),
    token: datagram.subarray(4, tokenEnd).toString("hex"),
    options,
    payload: datagram.subarray(at + 1),
  };
}

/** The value of an option as a number, or undefined if it is absent. */
export function optionOf(message: ReadCoap, number: number): number | undefined {
  const found = message.options.find(([other]) => other === number)?.[1];
  return found && (found.length === 0 ? 0 : found.readUIntBE(0, found.length));
}

/** One line a message, e.g. "ACK 2.05 mid=7d34 token=20 2:0/1/128 'text'", for comparing whole exchanges. */
export function showCoap(datagram: Buffer): string {
  const { type, code, mid, token, options, payload } = readCoap(datagram);
  const words = [type, code, `mid=${mid.toString(16).padStart(4, "0")}`];
  if (token) words.push(`token=${token}`);
  for (const [number, value] of options) words.push(showOption(number, value));
  if (payload.length > 40) words.push(`(${payload.length} bytes)`);
  else if (payload.length > 0) words.push(`'${payload.toString()}'`);
  return words.join(" ");
}

function showOption(number: number, value: Buffer): string {
  const uint = value.length === 0 ? 0 : value.length <= 6 ? value.readUIntBE(0, value.length) : Number.NaN;
  if (number === 27 || number === 23) {
    return `${number === 27 ? 1 : 2}:${uint >> 4}/${(uint >> 3) & 1}/${16 << (uint & 7)}`;
  }
  if (number === 8 || number === 11 || number === 15) return `${number}=${value.toString()}`;
  if (number === 4) return "etag";
  return `${number}=${uint}`;
}
