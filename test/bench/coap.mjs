/** CoAP requests as bytes, written for the benchmark alone: a clause misread in the modem is not misread here too. */

const OBSERVE = 6;
const URI_PATH = 11;
const CONTENT_FORMAT = 12;
const URI_QUERY = 15;
const BLOCK2 = 23;
const BLOCK1 = 27;
const SIZE2 = 28;
const EMPTY = Buffer.alloc(0);
const MARKER = Buffer.from([0xff]);
const CONTENT_CODE = 0x45;

/** First bytes of the messages sent here: version 1, type, four bytes of token. */
const CON = 0x44;
export const METHOD = { GET: 1, PUT: 3 };

/** A Confirmable request with room for a message ID and a token, see `name`. Values as bytes. */
export function request(method, path, { observe, contentFormat, query, block1, payload = EMPTY } = {}) {
  const parts = [Buffer.from([CON, method, 0, 0, 0, 0, 0, 0])];
  let before = 0;
  const option = (number, value) => {
    const delta = number - before;
    before = number;
    parts.push(Buffer.from(delta < 13 ? [(delta << 4) | value.length] : [0xd0 | value.length, delta - 13]), value);
  };
  if (observe !== undefined) option(OBSERVE, uint(observe));
  for (const segment of path.split("/").slice(1)) option(URI_PATH, Buffer.from(segment));
  if (contentFormat !== undefined) option(CONTENT_FORMAT, uint(contentFormat));
  if (query !== undefined) option(URI_QUERY, Buffer.from(query));
  if (block1 !== undefined) option(BLOCK1, uint(block1));
  if (payload.length > 0) parts.push(MARKER, payload);
  return Buffer.concat(parts);
}

/** Gives a request its message ID and its token. */
export function name(datagram, messageId, token) {
  datagram.writeUInt16BE(messageId & 0xffff, 2);
  datagram.writeUInt32BE(token, 4);
}

/** The token, where it has four bytes as those given here. */
export const tokenOf = (datagram) =>
  (datagram[0] & 15) === 4 && datagram.length >= 8 ? datagram.readUInt32BE(4) : undefined;

/** Code as written: 0x45 is "2.05". */
export const codeOf = (datagram) => `${datagram[1] >> 5}.${String(datagram[1] & 31).padStart(2, "0")}`;

/** The Acknowledgement of a request, with its response. @param options raw option bytes */
export function acknowledge(datagram, code, options = EMPTY, payload = EMPTY) {
  const end = 4 + (datagram[0] & 15);
  const head = Buffer.from(datagram.subarray(0, end));
  head[0] = 0x60 | (datagram[0] & 15);
  head[1] = code;
  return Buffer.concat(payload.length > 0 ? [head, options, MARKER, payload] : [head, options]);
}

/** The block of `file` that a GET asks for by its Block2 option, with Size2. @returns the reply, and whether it is the last */
export function blockOf(datagram, file) {
  const asked = optionOf(datagram, BLOCK2) ?? 6;
  const size = 16 << (asked & 7);
  const start = (asked >> 4) * size;
  const isLast = start + size >= file.length;
  const block = uint(isLast ? asked & ~8 : asked | 8);
  const total = uint(file.length);
  const options = Buffer.concat([
    Buffer.from([0xd0 | block.length, BLOCK2 - 13]),
    block,
    Buffer.from([((SIZE2 - BLOCK2) << 4) | total.length]),
    total,
  ]);
  return { reply: acknowledge(datagram, CONTENT_CODE, options, file.subarray(start, start + size)), isLast };
}

/** The value of an option as a number; undefined where there is none. */
function optionOf(datagram, wanted) {
  let at = 4 + (datagram[0] & 15);
  const extended = (nibble) => (nibble < 13 ? nibble : 13 + datagram[at++]); // no modem sends option numbers of two bytes
  for (let number = 0; at < datagram.length && datagram[at] !== 0xff; ) {
    const first = datagram[at++];
    number += extended(first >> 4);
    const length = extended(first & 15);
    if (number === wanted) return length === 0 ? 0 : datagram.readUIntBE(at, length);
    at += length;
  }
  return undefined;
}

function uint(value) {
  const bytes = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 255);
  return Buffer.from(bytes);
}
