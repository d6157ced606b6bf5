/** CoAP datagrams to messages and back (RFC 7252 §3), strict where the codec is lenient. */
import { isUtf8 } from "node:buffer";
import { generate, type Option, parse } from "coap-packet";
import type { Method, Options } from "#coap/message";

export type MessageType = "CON" | "NON" | "ACK" | "RST";

/** A Block1 or Block2 option (RFC 7959 §2.2). */
export interface Block {
  readonly number: number;
  readonly more: boolean;
  /** 0-6 stand for 16-1024 bytes; 7 is reserved. */
  readonly szx: number;
}

export interface Message {
  readonly type: MessageType;
  /** Class and detail, e.g. "0.01"; "0.00" is an empty message. */
  readonly code: string;
  readonly messageId: number;
  readonly token: Buffer;
  readonly options: Options;
  readonly block1?: Block | undefined;
  readonly block2?: Block | undefined;
  readonly size1?: number | undefined;
  readonly size2?: number | undefined;
  /** A view of the datagram. */
  readonly payload: Buffer;
  /** Number of a critical option that was not understood, repeated against its definition, or of a wrong length. */
  readonly badOption?: number;
  /** Proxy-Uri or Proxy-Scheme is present. */
  readonly proxied?: boolean;
  readonly malformed?: never;
}

/** A datagram that is CoAP version 1 but breaks the message format. */
export interface Malformed {
  readonly type: MessageType;
  readonly messageId: number;
  readonly malformed: string;
}

export const EMPTY = Buffer.alloc(0);

const TYPES = ["CON", "NON", "ACK", "RST"] as const;

const METHODS: Readonly<Record<string, Method>> = { "0.01": "GET", "0.02": "POST", "0.03": "PUT", "0.04": "DELETE" };
const METHOD_CODES: Readonly<Record<Method, string>> = { GET: "0.01", POST: "0.02", PUT: "0.03", DELETE: "0.04" };

/** @returns undefined for a method we do not know. */
export const methodOf = (code: string): Method | undefined => METHODS[code];
export const codeOf = (method: Method): string => METHOD_CODES[method];
/** Whether the code is a request's, known or not: class 0 but not empty. */
export const isRequestCode = (code: string): boolean => code.charCodeAt(0) === 0x30 && code !== "0.00";

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

/**
 * Reads one datagram.
 * @returns undefined for what is to be ignored in silence: shorter than a header, or another version (RFC 7252 §3)
 */
export function decode(datagram: Buffer): Message | Malformed | undefined {
  if (datagram.length < 4 || datagram[0]! >> 6 !== 1) return undefined;
  const numbers: number[] = [];
  const problem = scan(datagram, numbers);
  if (problem === undefined) {
    try {
      return readMessage(datagram, numbers);
    } catch (error) {
      return describeMalformed(datagram, String(error));
    }
  }
  return describeMalformed(datagram, problem);
}

function describeMalformed(datagram: Buffer, malformed: string): Malformed {
  return { type: TYPES[(datagram[0]! >> 4) & 3]!, messageId: datagram.readUInt16BE(2), malformed };
}

/**
 * Checks all that the codec lets pass, and notes the option numbers in order.
 * @returns what is wrong, or undefined
 */
function scan(datagram: Buffer, numbers: number[]): string | undefined {
  const length = datagram.length;
  const code = datagram[1]!;
  const tokenLength = datagram[0]! & 15;
  if (tokenLength > 8) return "token length above 8";
  if (4 + tokenLength > length) return "token ends outside the datagram";
  if (code === 0) return length === 4 ? undefined : "empty message with content";
  const codeClass = code >> 5;
  if (codeClass !== 0 && codeClass !== 2 && codeClass !== 4 && codeClass !== 5) return "reserved code class"; // RFC 7252 §4.2
  let at = 4 + tokenLength;
  let number = 0;
  while (at < length) {
    const head = datagram[at++]!;
    if (head === 0xff) return at < length ? undefined : "payload marker without payload";
    let delta = head >> 4;
    let size = head & 15;
    if (delta === 15 || size === 15) return "reserved option delta or length";
    if (delta === 13) delta = 13 + (datagram[at++] ?? Number.NaN);
    else if (delta === 14) {
      delta = 269 + (datagram[at]! * 256 + datagram[at + 1]!);
      at += 2;
    }
    if (size === 13) size = 13 + (datagram[at++] ?? Number.NaN);
    else if (size === 14) {
      size = 269 + (datagram[at]! * 256 + datagram[at + 1]!);
      at += 2;
    }
    number += delta;
    at += size;
    if (!(at <= length)) return "option ends outside the datagram"; // also true of NaN: header cut off
    if (number > 0xffff) return "option number above 65535";
    numbers.push(number);
  }
  return undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readMessage(datagram: Buffer, numbers: readonly number[]): Message {
  const packet = parse(datagram);
  const options: Mutable<Options> = {};
  const message: Mutable<Message> = {
    type: TYPES[(datagram[0]! >> 4) & 3]!,
    code: packet.code,
    messageId: packet.messageId,
    token: packet.token,
    options,
    payload: packet.payload,
  };
  let before = -1;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const value = packet.options[i]!.value;
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
  return message;
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

/** Far above anything sent here: blocks keep messages small. */
const MAX_DATAGRAM_BYTES = 65_000;

/** @throws RangeError if a part does not fit its field. */
export function encode(message: Message): Buffer {
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
  return generate(
    {
      code: message.code,
      messageId: message.messageId,
      token: message.token,
      confirmable: message.type === "CON",
      ack: message.type === "ACK",
      reset: message.type === "RST",
      options: list,
      payload: message.payload,
    },
    MAX_DATAGRAM_BYTES,
  );
}

/** An empty Acknowledgement or Reset (RFC 7252 §4.1); four bytes, so without the codec. */
export function encodeEmpty(type: "CON" | "ACK" | "RST", messageId: number): Buffer {
  return Buffer.from([0x40 | (TYPES.indexOf(type) << 4), 0, messageId >> 8, messageId & 0xff]);
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
  if (number === 0) return EMPTY;
  if (number < 0x100) return Buffer.from([number]);
  if (number < 0x10000) return Buffer.from([number >> 8, number & 0xff]);
  const length = number < 0x1000000 ? 3 : 4;
  const value = Buffer.allocUnsafe(length);
  value.writeUIntBE(number, 0, length);
  return value;
}
