/** Messages of the multiplexer's control channel: type, length, value (3GPP TS 27.010 §5.4.6). */

/** Types without their C/R bit, §5.4.6.3. */
export const CONTROL_TYPE = {
  parameterNegotiation: 0x81,
  powerSaving: 0x41,
  closeDown: 0xc1,
  test: 0x21,
  flowOn: 0xa1,
  flowOff: 0x61,
  modemStatus: 0xe1,
  notSupported: 0x11,
} as const;

/** The FC bit of a modem status: its sender takes no frames, §5.4.6.3.7. */
export const FLOW_STOPPED = 0x02;

export interface ControlMessage {
  readonly type: number;
  /** A command, not the response to one: the C/R bit of the type. */
  readonly command: boolean;
  readonly value: Buffer;
}

const EA = 0x01;
const CR = 0x02;
const LENGTH_BITS = 0x7f;
/** A longer value is none of a message: what is begun and not ended has to be kept. */
const MOST_VALUE = 4096;
/** Of the second octet of length, which is enough for that. */
const MOST_LENGTH_SHIFT = 7;

export function encodeControl({ type, command, value }: ControlMessage): Buffer {
  const octets = [command ? type | CR : type];
  let { length } = value;
  for (; length > LENGTH_BITS; length >>>= 7) octets.push((length & LENGTH_BITS) << 1);
  return Buffer.concat([Buffer.of(...octets, (length << 1) | EA), value]);
}

export interface ControlMessages {
  readonly messages: readonly ControlMessage[];
  /** A message begun, which goes on in the next frame. */
  readonly rest: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Reads messages that stand one behind another; a malformed one ends them. */
export function decodeControl(information: Buffer): ControlMessages {
  const messages: ControlMessage[] = [];
  for (let start = 0; ; ) {
    const cut = { messages, rest: information.subarray(start) };
    let at = start;
    const head = information[at++];
    if (head === undefined) return cut;
    if (!(head & EA)) return { messages, rest: NOTHING }; // types of several octets: none is known
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = information[at++];
      if (octet === undefined) return cut;
      length |= (octet >>> 1) << shift;
      if (length > MOST_VALUE || shift > MOST_LENGTH_SHIFT) return { messages, rest: NOTHING };
      if (octet & EA) break;
    }
    if (at + length > information.length) return cut;
    messages.push({
      type: head & ~CR,
      command: (head & CR) !== 0,
      value: information.subarray(at, at + length),
    });
    start = at + length;
  }
}
