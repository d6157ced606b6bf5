/** CoAP datagrams to messages and back (RFC 7252 §3). */
import type { Method, Options } from "#coap/message";
import { isRepeatable, listOptions, type Mutable, readOption } from "#coap/options";

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

/** Codes as they are written, by their byte. */
const CODES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `${byte >> 5}.${String(byte & 31).padStart(2, "0")}`,
);

const PAYLOAD_MARKER = 0xff;

/**
 * Reads one datagram.
 * @returns undefined for what is to be ignored in silence: shorter than a header, or another version (RFC 7252 §3)
 */
export function decode(datagram: Buffer): Message | Malformed | undefined {
  if (datagram.length < 4 || datagram[0]! >> 6 !== 1) return undefined;
  const code = datagram[1]!;
  const tokenEnd = 4 + (datagram[0]! & 15);
  const problem = problemOfHeader(datagram.length, code, tokenEnd);
  if (problem !== undefined) return malformed(datagram, problem);
  const options: Mutable<Options> = {};
  const message: Mutable<Message> = {
    type: TYPES[(datagram[0]! >> 4) & 3]!,
    code: CODES[code]!,
    messageId: (datagram[2]! << 8) | datagram[3]!,
    token: tokenEnd === 4 ? EMPTY : datagram.subarray(4, tokenEnd),
    options,
    payload: EMPTY,
  };
  const otherProblem = readRest(datagram, tokenEnd, message, options);
  return otherProblem === undefined ? message : malformed(datagram, otherProblem);
}

function malformed(datagram: Buffer, problem: string): Malformed {
  return { type: TYPES[(datagram[0]! >> 4) & 3]!, messageId: datagram.readUInt16BE(2), malformed: problem };
}

function problemOfHeader(length: number, code: number, tokenEnd: number): string | undefined {
  if (tokenEnd > 12) return "token length above 8";
  if (tokenEnd > length) return "token ends outside the datagram";
  if (code === 0) return length === 4 ? undefined : "empty message with content";
  const codeClass = code >> 5;
  if (codeClass !== 0 && codeClass !== 2 && codeClass !== 4 && codeClass !== 5) return "reserved code class"; // RFC 7252 §4.2
  return undefined;
}

/** Reads options and payload. @returns what is wrong, or undefined */
function readRest(
  datagram: Buffer,
  start: number,
  message: Mutable<Message>,
  options: Mutable<Options>,
): string | undefined {
  const length = datagram.length;
  let at = start;
  let number = 0;
  let before = -1;
  while (at < length) {
    const head = datagram[at++]!;
    if (head === PAYLOAD_MARKER) {
      if (at === length) return "payload marker without payload";
      message.payload = datagram.subarray(at);
      return undefined;
    }
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
    const end = at + size;
    if (!(end <= length)) return "option ends outside the datagram"; // also true of NaN: header cut off
    if (number > 0xffff) return "option number above 65535";
    const isUnderstood =
      (number !== before || isRepeatable(number)) && readOption(number, datagram, at, end, message, options); // §5.4.5
    if (!isUnderstood && number & 1) message.badOption ??= number;
    before = number;
    at = end;
  }
  return undefined;
}

/** Far above anything sent here: blocks keep messages small. */
const MAX_DATAGRAM_BYTES = 65_000;

/** @throws RangeError if a part does not fit its field. */
export function encode(message: Message): Buffer {
  const { code, messageId, token, payload } = message;
  const options = listOptions(message);
  let length = 4 + token.length + (payload.length === 0 ? 0 : 1 + payload.length);
  let before = 0;
  for (const [number, value] of options) {
    length += 1 + extensionBytes(number - before) + extensionBytes(value.length) + value.length;
    before = number;
  }
  if (token.length > 8) throw new RangeError("token: longer than 8 bytes");
  if (length > MAX_DATAGRAM_BYTES) throw new RangeError(`message: ${length} bytes are too many for a datagram`);

  const datagram = Buffer.allocUnsafe(length);
  datagram[0] = 0x40 | (TYPES.indexOf(message.type) << 4) | token.length;
  datagram[1] = (Number(code[0]) << 5) | Number(code.slice(2));
  datagram[2] = messageId >> 8;
  datagram[3] = messageId;
  let at = 4 + token.copy(datagram, 4);
  before = 0;
  for (const [number, value] of options) {
    at = writeOptionHead(datagram, at, number - before, value.length);
    at += value.copy(datagram, at);
    before = number;
  }
  if (payload.length > 0) {
    datagram[at] = PAYLOAD_MARKER;
    payload.copy(datagram, at + 1);
  }
  return datagram;
}

/** Bytes that follow an option's first one for its delta or its length (RFC 7252 §3.1). */
function extensionBytes(value: number): number {
  if (value < 13) return 0;
  return value < 269 ? 1 : 2;
}

function writeOptionHead(datagram: Buffer, start: number, delta: number, size: number): number {
  const deltaBytes = extensionBytes(delta);
  const sizeBytes = extensionBytes(size);
  datagram[start] = ((deltaBytes === 0 ? delta : 12 + deltaBytes) << 4) | (sizeBytes === 0 ? size : 12 + sizeBytes);
  return writeExtension(datagram, writeExtension(datagram, start + 1, delta, deltaBytes), size, sizeBytes);
}

function writeExtension(datagram: Buffer, at: number, value: number, bytes: number): number {
  if (bytes === 1) return datagram.writeUInt8(value - 13, at);
  return bytes === 2 ? datagram.writeUInt16BE(value - 269, at) : at;
}

/** An empty Acknowledgement or Reset (RFC 7252 §4.1). */
export function encodeEmpty(type: "CON" | "ACK" | "RST", messageId: number): Buffer {
  return Buffer.from([0x40 | (TYPES.indexOf(type) << 4), 0, messageId >> 8, messageId & 0xff]);
}
