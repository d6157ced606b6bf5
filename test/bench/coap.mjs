/** CoAP requests as bytes, written for the benchmark alone: a clause misread in the modem is not misread here too. */

const OBSERVE = 6;
const URI_PATH = 11;
const CONTENT_FORMAT = 12;
const URI_QUERY = 15;
const BLOCK1 = 27;
const EMPTY = Buffer.alloc(0);

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
  if (payload.length > 0) parts.push(Buffer.from([0xff]), payload);
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

/** The Acknowledgement of a request, with a response that has no payload. @param options raw option bytes */
export function acknowledge(datagram, code, options = EMPTY) {
  const end = 4 + (datagram[0] & 15);
  const head = Buffer.from(datagram.subarray(0, end));
  head[0] = 0x60 | (datagram[0] & 15);
  head[1] = code;
  return Buffer.concat([head, options]);
}

function uint(value) {
  const bytes = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 255);
  return Buffer.from(bytes);
}
