/** Which CoAP options are understood, how they are read from their bytes and written again. */
import { isUtf8 } from "node:buffer";
import type { Options } from "#coap/message";
import type { Block, Message } from "#coap/wire";

/** Option numbers: RFC 7252 §5.10, RFC 7641 §2, RFC 7959 §2.1 and §4. */
const OPTION = {
  uriHost: 3,
  etag: 4,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
  size2: 28,
  proxyUri: 35,
  proxyScheme: 39,
  size1: 60,
} as const;

/** Bytes that the number in an option may have. A longer value is treated as an unrecognised option (RFC 7252 §5.4.3). */
const NUMBER_BYTES: Readonly<Record<number, number>> = {
  [OPTION.observe]: 3,
  [OPTION.uriPort]: 2,
  [OPTION.contentFormat]: 2,
  [OPTION.maxAge]: 4,
  [OPTION.accept]: 2,
  [OPTION.block2]: 3,
  [OPTION.block1]: 3,
  [OPTION.size2]: 4,
  [OPTION.size1]: 4,
};

/** Bytes that a text or an opaque value may have, [least, most]. */
const LENGTHS: Readonly<Record<number, readonly [number, number]>> = {
  [OPTION.uriHost]: [1, 255],
  [OPTION.etag]: [1, 8],
  [OPTION.locationPath]: [0, 255],
  [OPTION.uriPath]: [0, 255],
  [OPTION.uriQuery]: [0, 255],
  [OPTION.proxyUri]: [1, 1034],
  [OPTION.proxyScheme]: [1, 255],
};

export const isRepeatable = (number: number): boolean =>
  number === OPTION.uriPath || number === OPTION.uriQuery || number === OPTION.locationPath || number === OPTION.etag;

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes the option whose value are the bytes from `start` to `end`. @returns false if it is not understood. */
export function readOption(
  number: number,
  bytes: Buffer,
  start: number,
  end: number,
  message: Mutable<Message>,
  options: Mutable<Options>,
): boolean {
  const numberBytes = NUMBER_BYTES[number];
  if (numberBytes !== undefined) {
    let from = start;
    while (from < end && bytes[from] === 0) from++; // RFC 7252 §3.2: leading zero bytes are no part of the number
    if (end - from > numberBytes) return false;
    takeNumber(number, readNumber(bytes, from, end), message, options);
    return true;
  }
  const range = LENGTHS[number];
  if (range === undefined || end - start < range[0] || end - start > range[1]) return false;
  switch (number) {
    case OPTION.uriPath:
      return takeText(bytes, start, end, options, "uriPath");
    case OPTION.uriQuery:
      return takeText(bytes, start, end, options, "uriQuery");
    case OPTION.locationPath:
      return takeText(bytes, start, end, options, "locationPath");
    case OPTION.uriHost:
      options.uriHost = bytes.toString("utf8", start, end);
      return isUtf8(bytes.subarray(start, end));
    case OPTION.etag:
      options.etag ??= bytes.subarray(start, end);
      return true;
    default:
      message.proxied = true; // Proxy-Uri, Proxy-Scheme
      return true;
  }
}

function readNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 256 + bytes[at]!;
  return value;
}

function takeNumber(number: number, value: number, message: Mutable<Message>, options: Mutable<Options>): void {
  switch (number) {
    case OPTION.observe:
      options.observe = value;
      return;
    case OPTION.contentFormat:
      options.contentFormat = value;
      return;
    case OPTION.maxAge:
      options.maxAge = value;
      return;
    case OPTION.accept:
      options.accept = value;
      return;
    case OPTION.block1:
      message.block1 = blockOf(value);
      return;
    case OPTION.block2:
      message.block2 = blockOf(value);
      return;
    case OPTION.size1:
      message.size1 = value;
      return;
    case OPTION.size2:
      message.size2 = value;
      return;
    // Uri-Port: there is one server here, whatever its port
  }
}

function blockOf(value: number): Block {
  return { number: value >>> 4, more: (value & 8) !== 0, szx: value & 7 };
}

function takeText(
  bytes: Buffer,
  start: number,
  end: number,
  options: Mutable<Options>,
  name: "uriPath" | "uriQuery" | "locationPath",
): boolean {
  const text = readText(bytes, start, end);
  if (text.includes("\ufffd") && !isUtf8(bytes.subarray(start, end))) return false;
  const before = options[name] as string[] | undefined;
  if (before) before.push(text);
  else options[name] = [text];
  return true;
}

/** Ids in a path are a few digits: to call out of JavaScript for them costs more than all else here. */
const SHORT_TEXT_BYTES = 5;

function readText(bytes: Buffer, start: number, end: number): string {
  if (end - start > SHORT_TEXT_BYTES) return bytes.toString("utf8", start, end);
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte > 0x7f) return bytes.toString("utf8", start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Number and value. */
export type RawOption = readonly [number, Buffer];

const EMPTY = Buffer.alloc(0);

/** The options of a message in ascending order. @throws RangeError if a value does not fit. */
export function listOptions(message: Message): readonly RawOption[] {
  const { options } = message;
  const list: RawOption[] = [];
  const add = (number: number, value: number | undefined) => {
    if (value !== undefined) list.push([number, numberBytes(value)]);
  };
  if (options.uriHost !== undefined) list.push([OPTION.uriHost, textBytes("Uri-Host", options.uriHost)]);
  if (options.etag !== undefined) list.push([OPTION.etag, options.etag]);
  add(OPTION.observe, options.observe);
  for (const part of options.locationPath ?? []) list.push([OPTION.locationPath, textBytes("Location-Path", part)]);
  for (const part of options.uriPath ?? []) list.push([OPTION.uriPath, textBytes("Uri-Path", part)]);
  add(OPTION.contentFormat, options.contentFormat);
  add(OPTION.maxAge, options.maxAge);
  for (const part of options.uriQuery ?? []) list.push([OPTION.uriQuery, textBytes("Uri-Query", part)]);
  add(OPTION.accept, options.accept);
  add(OPTION.block2, message.block2 && blockValue("Block2", message.block2));
  add(OPTION.block1, message.block1 && blockValue("Block1", message.block1));
  add(OPTION.size2, message.size2);
  add(OPTION.size1, message.size1);
  return list;
}

function textBytes(name: string, text: string): Buffer {
  const value = Buffer.from(text);
  if (value.length > 255) throw new RangeError(`${name} option: longer than 255 bytes`); // RFC 7252 §5.10
  return value;
}

function blockValue(name: string, block: Block): number {
  if (block.number > 0xfffff) throw new RangeError(`${name} option: block number above 2^20-1`); // RFC 7959 §2.2
  return block.number * 16 + (block.more ? 8 : 0) + block.szx;
}

/** Without leading zero bytes; 0 is the empty value (RFC 7252 §3.2). */
function numberBytes(value: number): Buffer {
  if (value === 0) return EMPTY;
  const length = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}
