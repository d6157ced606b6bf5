/** Which CoAP options are understood, how they are read from their bytes and written again. */
import { isUtf8 } from "node:buffer";
import type { Option } from "coap-packet";
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

/** Bytes an option may have, [least, most]. A value outside is treated as an unrecognised option (RFC 7252 §5.4.3). */
const LENGTHS: Readonly<Record<number, readonly [number, number]>> = {
  [OPTION.uriHost]: [1, 255],
  [OPTION.etag]: [1, 8],
  [OPTION.observe]: [0, 3],
  [OPTION.uriPort]: [0, 2],
  [OPTION.locationPath]: [0, 255],
  [OPTION.uriPath]: [0, 255],
  [OPTION.contentFormat]: [0, 2],
  [OPTION.maxAge]: [0, 4],
  [OPTION.uriQuery]: [0, 255],
  [OPTION.accept]: [0, 2],
  [OPTION.block2]: [0, 3],
  [OPTION.block1]: [0, 3],
  [OPTION.size2]: [0, 4],
  [OPTION.proxyUri]: [1, 1034],
  [OPTION.proxyScheme]: [1, 255],
  [OPTION.size1]: [0, 4],
};

const isRepeatable = (number: number): boolean =>
  number === OPTION.uriPath ||
  number === OPTION.uriQuery ||
  number === OPTION.locationPath ||
  number === OPTION.etag ||
  number === OPTION.proxyUri;

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Fills `options` and `message` from raw options, whose numbers stand in `numbers`; what is not understood goes to `badOption`. */
export function readOptions(
  raw: readonly { readonly value: Buffer }[],
  numbers: readonly number[],
  message: Mutable<Message>,
  options: Mutable<Options>,
): void {
  let before = -1;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const value = raw[i]!.value;
    const range = LENGTHS[number];
    const isUnderstood =
      range !== undefined &&
      value.length >= range[0] &&
      value.length <= range[1] &&
      (number !== before || isRepeatable(number)) && // RFC 7252 §5.4.5
      readOption(number, value, options, message);
    before = number;
    if (!isUnderstood && number & 1) message.badOption ??= number;
  }
}

/** @returns false if the value cannot be understood. */
function readOption(number: number, value: Buffer, options: Mutable<Options>, message: Mutable<Message>): boolean {
  switch (number) {
    case OPTION.uriPath:
      return readText(value, options, "uriPath");
    case OPTION.uriQuery:
      return readText(value, options, "uriQuery");
    case OPTION.locationPath:
      return readText(value, options, "locationPath");
    case OPTION.uriHost:
      options.uriHost = value.toString();
      return isUtf8(value);
    case OPTION.etag:
      options.etag ??= value;
      return true;
    case OPTION.observe:
      options.observe = readUint(value);
      return true;
    case OPTION.contentFormat:
      options.contentFormat = readUint(value);
      return true;
    case OPTION.maxAge:
      options.maxAge = readUint(value);
      return true;
    case OPTION.accept:
      options.accept = readUint(value);
      return true;
    case OPTION.block1:
      message.block1 = readBlock(value);
      return true;
    case OPTION.block2:
      message.block2 = readBlock(value);
      return true;
    case OPTION.size1:
      message.size1 = readUint(value);
      return true;
    case OPTION.size2:
      message.size2 = readUint(value);
      return true;
    case OPTION.proxyUri:
    case OPTION.proxyScheme:
      message.proxied = true;
      return true;
    default:
      return true; // Uri-Port: there is one server here, whatever its port
  }
}

function readText(value: Buffer, options: Mutable<Options>, name: "uriPath" | "uriQuery" | "locationPath"): boolean {
  const text = value.toString();
  const before = options[name] as string[] | undefined;
  if (before) before.push(text);
  else options[name] = [text];
  return !text.includes("\ufffd") || isUtf8(value);
}

function readUint(value: Buffer): number {
  return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
}

function readBlock(value: Buffer): Block {
  const raw = readUint(value);
  return { number: raw >>> 4, more: (raw & 8) !== 0, szx: raw & 7 };
}

/** The options of a message, for the codec to put in order. @throws RangeError if a value does not fit. */
export function listOptions(message: Message): Option[] {
  const { options } = message;
  const list: Option[] = [];
  if (options.uriHost !== undefined) list.push(textOption("Uri-Host", options.uriHost));
  if (options.etag !== undefined) list.push({ name: "ETag", value: options.etag });
  if (options.observe !== undefined) list.push(uintOption("Observe", options.observe));
  if (options.locationPath) for (const part of options.locationPath) list.push(textOption("Location-Path", part));
  if (options.uriPath) for (const part of options.uriPath) list.push(textOption("Uri-Path", part));
  if (options.contentFormat !== undefined) list.push(uintOption("Content-Format", options.contentFormat));
  if (options.maxAge !== undefined) list.push(uintOption("Max-Age", options.maxAge));
  if (options.uriQuery) for (const part of options.uriQuery) list.push(textOption("Uri-Query", part));
  if (options.accept !== undefined) list.push(uintOption("Accept", options.accept));
  if (message.block2) list.push(blockOption("Block2", message.block2));
  if (message.block1) list.push(blockOption("Block1", message.block1));
  if (message.size2 !== undefined) list.push(uintOption("Size2", message.size2));
  if (message.size1 !== undefined) list.push(uintOption("Size1", message.size1));
  return list;
}

function textOption(name: string, text: string): Option {
  const value = Buffer.from(text);
  if (value.length > 255) throw new RangeError(`${name} option: longer than 255 bytes`); // RFC 7252 §5.10
  return { name, value };
}

function uintOption(name: string, number: number): Option {
  return { name, value: uintBytes(number) };
}

function blockOption(name: string, block: Block): Option {
  if (block.number > 0xfffff) throw new RangeError(`${name} option: block number above 2^20-1`); // RFC 7959 §2.2
  return { name, value: uintBytes(block.number * 16 + (block.more ? 8 : 0) + block.szx) };
}

/** Without leading zero bytes; 0 is the empty value (RFC 7252 §3.2). */
function uintBytes(number: number): Buffer {
  if (number === 0) return Buffer.alloc(0);
  if (number < 0x100) return Buffer.from([number]);
  if (number < 0x10000) return Buffer.from([number >> 8, number & 0xff]);
  const length = number < 0x1000000 ? 3 : 4;
  const value = Buffer.allocUnsafe(length);
  value.writeUIntBE(number, 0, length);
  return value;
}
