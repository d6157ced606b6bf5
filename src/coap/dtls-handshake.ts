/** DTLS handshake messages out of records, fragmented or not (RFC 6347 §4.2.2, §4.2.3). */

/** HandshakeType, RFC 5246 §7.4. */
export const SERVER_HELLO = 2;
export const CLIENT_KEY_EXCHANGE = 16;
export const FINISHED = 20;

/** In the shape node-dtls-client takes it. */
export interface HandshakeMessage {
  readonly msg_type: number;
  readonly message_seq: number;
  readonly total_length: number;
  readonly fragment_offset: number;
  readonly fragment: Buffer;
  isFragmented(): boolean;
}

/** RFC 6347 §4.3.2. */
const HEADER_BYTES = 12;
const MAX_MESSAGE_BYTES = 4096;
/** Messages that may be incomplete at a time. */
const MAX_PARTIAL = 16;

/** The handshake messages, or fragments of them, in one record; what is cut off or absurdly long is left out. */
export function splitHandshake(data: Buffer): HandshakeMessage[] {
  const messages: HandshakeMessage[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= data.length) {
    const total = data.readUIntBE(at + 1, 3);
    const offset = data.readUIntBE(at + 6, 3);
    const length = data.readUIntBE(at + 9, 3);
    const start = at + HEADER_BYTES;
    at = start + length;
    if (at > data.length || offset + length > total || total > MAX_MESSAGE_BYTES) break;
    messages.push({
      msg_type: data[start - HEADER_BYTES]!,
      message_seq: data.readUInt16BE(start - 8),
      total_length: total,
      fragment_offset: offset,
      fragment: data.subarray(start, at),
      isFragmented: () => length < total,
    });
  }
  return messages;
}

/** The bytes of a whole message, as they count for Finished (RFC 6347 §4.2.6). */
export function formatHandshake(type: number, sequence: number, body: Buffer): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + body.length);
  message[0] = type;
  message.writeUIntBE(body.length, 1, 3);
  message.writeUInt16BE(sequence, 4);
  message.writeUIntBE(body.length, 9, 3);
  body.copy(message, HEADER_BYTES);
  return message;
}

export interface ServerHello {
  /** 0xfefd is DTLS 1.2, 0xfeff is 1.0. */
  readonly version: number;
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cipherSuite: number;
  /** The types of the extensions agreed to. */
  readonly extensions: readonly number[];
}

/** RFC 5246 §7.4.1.3. @throws RangeError where it is cut off */
export function parseServerHello(body: Buffer): ServerHello {
  const idEnd = 35 + body.readUInt8(34);
  const extensions: number[] = [];
  for (let at = idEnd + 5; at < body.length; at += 4 + body.readUInt16BE(at + 2))
    extensions.push(body.readUInt16BE(at));
  return {
    version: body.readUInt16BE(0),
    random: body.subarray(2, 34),
    sessionId: body.subarray(35, idEnd),
    cipherSuite: body.readUInt16BE(idEnd),
    extensions,
  };
}

export interface Assembly {
  /** @returns the whole message, once all of it is there */
  add(part: HandshakeMessage): HandshakeMessage | undefined;
}

/** Joins fragmented handshake messages (RFC 6347 §4.2.3), whatever their order and repetition. */
export function createAssembly(): Assembly {
  const partial = new Map<number, { type: number; body: Buffer; present: Uint8Array }>();
  return {
    add(part) {
      if (!part.isFragmented()) return part;
      let entry = partial.get(part.message_seq);
      if (!entry || entry.type !== part.msg_type || entry.body.length !== part.total_length) {
        if (partial.size >= MAX_PARTIAL) partial.clear();
        entry = {
          type: part.msg_type,
          body: Buffer.alloc(part.total_length),
          present: new Uint8Array(part.total_length),
        };
        partial.set(part.message_seq, entry);
      }
      part.fragment.copy(entry.body, part.fragment_offset);
      entry.present.fill(1, part.fragment_offset, part.fragment_offset + part.fragment.length);
      if (entry.present.includes(0)) return undefined;
      partial.delete(part.message_seq);
      return { ...part, fragment_offset: 0, fragment: entry.body, isFragmented: () => false };
    },
  };
}
