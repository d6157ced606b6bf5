/** The demo server's own reading and writing of OMA-TLV, so that a clause misread in the Client is not misread here too (OMA TS 1.0.2 §6.4.3). */

export type TlvKind = "instance" | "resourceInstance" | "multiple" | "resource";

export interface TlvEntry {
  readonly kind: TlvKind;
  readonly id: number;
  /** Empty for an instance or a multiple Resource, whose entries are in `children`. */
  readonly value: Buffer;
  readonly children: readonly TlvEntry[];
}

/** Bits 7-6 of the type byte. */
const KINDS: readonly TlvKind[] = ["instance", "resourceInstance", "multiple", "resource"];

/** What may stand inside what; the outermost level may be any kind. */
const INSIDE: Readonly<Record<TlvKind, readonly TlvKind[]>> = {
  instance: ["multiple", "resource"],
  multiple: ["resourceInstance"],
  resource: [],
  resourceInstance: [],
};

/** @throws Error when the bytes are no TLV. */
export function readTlv(bytes: Buffer, allowed: readonly TlvKind[] = KINDS): TlvEntry[] {
  const entries: TlvEntry[] = [];
  let at = 0;
  const number = (width: number): number => {
    if (at + width > bytes.length) throw new Error(`tlv: ends inside a header, at byte ${at}`);
    const value = width === 0 ? 0 : bytes.readUIntBE(at, width);
    at += width;
    return value;
  };
  while (at < bytes.length) {
    const type = number(1);
    const kind = KINDS[type >> 6]!;
    const id = number(type & 0x20 ? 2 : 1);
    const lengthWidth = (type >> 3) & 3;
    const length = lengthWidth === 0 ? type & 7 : number(lengthWidth);
    if (at + length > bytes.length)
      throw new Error(`tlv: entry ${id} is ${length} bytes long, ${bytes.length - at} are left`);
    const value = bytes.subarray(at, at + length);
    at += length;
    if (!allowed.includes(kind)) throw new Error(`tlv: entry ${id} is of a kind that cannot stand where it stands`);
    const inside = INSIDE[kind];
    const nested = inside.length > 0;
    entries.push({ kind, id, value: nested ? Buffer.alloc(0) : value, children: nested ? readTlv(value, inside) : [] });
  }
  return entries;
}

/** @param content a value's bytes, or the entries inside an instance or a multiple Resource, already written. */
export function writeTlv(kind: TlvKind, id: number, content: Buffer): Buffer {
  const wideId = id > 0xff;
  const lengthWidth = content.length < 8 ? 0 : content.length < 0x100 ? 1 : content.length < 0x10000 ? 2 : 3;
  const header = Buffer.alloc(2 + Number(wideId) + lengthWidth);
  header[0] =
    (KINDS.indexOf(kind) << 6) | (wideId ? 0x20 : 0) | (lengthWidth << 3) | (lengthWidth === 0 ? content.length : 0);
  header.writeUIntBE(id, 1, wideId ? 2 : 1);
  if (lengthWidth > 0) header.writeUIntBE(content.length, header.length - lengthWidth, lengthWidth);
  return Buffer.concat([header, content]);
}
