/** CoAP datagrams to messages and back (RFC 7252 §3), strict where the codec is lenient. */
import { generate, parse } from "coap-packet";
import type { Method, Options } from "#coap/message";
import { listOptions, type Mutable, readOptions } from "#coap/options";

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
  readOptions(packet.options, numbers, message, options);
  return message;
}

/** Far above anything sent here: blocks keep messages small. */
const MAX_DATAGRAM_BYTES = 65_000;

/** @throws RangeError if a part does not fit its field. */
export function encode(message: Message): Buffer {
  return generate(
    {
      code: message.code,
      messageId: message.messageId,
      token: message.token,
      confirmable: message.type === "CON",
      ack: message.type === "ACK",
      reset: message.type === "RST",
      options: listOptions(message),
      payload: message.payload,
    },
    MAX_DATAGRAM_BYTES,
  );
}

/** An empty Acknowledgement or Reset (RFC 7252 §4.1); four bytes, so without the codec. */
export function encodeEmpty(type: "CON" | "ACK" | "RST", messageId: number): Buffer {
  return Buffer.from([0x40 | (TYPES.indexOf(type) << 4), 0, messageId >> 8, messageId & 0xff]);
}
