/** DTLS handshake messages out of records, fragmented or not (RFC 6347 §4.2.2, §4.2.3). */

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
