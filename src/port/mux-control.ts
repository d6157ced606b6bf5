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
/** Octets of length: a frame carries less than three can tell. */
const MOST_LENGTH_SHIFT = 14;

export function encodeControl({ type, command, value }: ControlMessage): Buffer {
  const octets = [command ? type | CR : type];
  let { length } = value;
  for (; length > LENGTH_BITS; length >>>= 7) octets.push((length & LENGTH_BITS) << 1);
  return Buffer.concat([Buffer.of(...octets, (length << 1) | EA), value]);
}

/** @returns the messages that stand whole in the information of a frame; a cut or malformed one ends them. */
export function decodeControl(information: Buffer): readonly ControlMessage[] {
  const messages: ControlMessage[] = [];
  for (let at = 0; at + 1 < information.length; ) {
    const head = information[at++]!;
    if (!(head & EA)) break; // types of several octets: none is known
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = information[at++];
      if (octet === undefined || shift > MOST_LENGTH_SHIFT) return messages;
      length |= (octet >>> 1) << shift;
      if (octet & EA) break;
    }
    if (at + length > information.length) break;
    messages.push({
      type: head & ~CR,
      command: (head & CR) !== 0,
      value: information.subarray(at, at + length),
    });
    at += length;
  }
  return messages;
}
