/** The TLV format, Content-Format 11542 (OMA TS 1.0.2 §6.4.3). */
import { CoapError } from "#coap/message";
import type { InstanceNode, Node, ResourceNode } from "#lwm2m/node";
import { isMultiple, type ResourceType, type ResourceValue, type Value } from "#lwm2m/object";
import { narrow } from "#lwm2m/value";

/** Bits 7-6 of the type byte. */
export const TLV_KIND = { instance: 0, resourceInstance: 1, multipleResource: 2, resource: 3 } as const;
export type TlvKind = (typeof TLV_KIND)[keyof typeof TLV_KIND];

export interface TlvEntry {
  readonly kind: TlvKind;
  readonly id: number;
  readonly value: Buffer;
}

/** @returns an Object as its Instances, an Instance as its bare Resources, a Resource as one entry. */
export function encodeTlv(node: Node): Buffer {
  const buffer = Buffer.allocUnsafe(nodeSize(node));
  writeNode(buffer, 0, node);
  return buffer;
}

/** @throws CoapError 4.00 when the bytes do not divide into entries exactly. */
export function decodeTlvEntries(bytes: Buffer): TlvEntry[] {
  const entries: TlvEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = bytes[at++] as number;
    const idWidth = head & 0x20 ? 2 : 1;
    const lengthWidth = (head >> 3) & 3;
    if (at + idWidth + lengthWidth > bytes.length) throw malformed("header is cut short");
    const id = bytes.readUIntBE(at, idWidth);
    at += idWidth;
    const length = lengthWidth === 0 ? head & 7 : bytes.readUIntBE(at, lengthWidth);
    at += lengthWidth;
    if (at + length > bytes.length) throw malformed(`value of ${id} is cut short`);
    entries.push({ kind: (head >> 6) as TlvKind, id, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return entries;
}

/** @throws CoapError 4.00 when the bytes are no value of this type. */
export function decodeTlvValue(type: ResourceType, bytes: Buffer): Value {
  switch (type) {
    case "string":
      return decodeUtf8(bytes);
    case "opaque":
      return Buffer.from(bytes); // a copy: the datagram's memory is not ours to keep
    case "boolean":
      if (bytes.length !== 1 || (bytes[0] as number) > 1) throw malformed("boolean is neither 0 nor 1");
      return bytes[0] === 1;
    case "integer":
    case "time":
      if (bytes.length === 8) return narrow(bytes.readBigInt64BE());
      if (bytes.length === 1 || bytes.length === 2 || bytes.length === 4) return bytes.readIntBE(0, bytes.length);
      throw malformed(`${type} of ${bytes.length} bytes`);
    case "float":
      if (bytes.length === 4) return bytes.readFloatBE();
      if (bytes.length === 8) return bytes.readDoubleBE();
      throw malformed(`float of ${bytes.length} bytes`);
    case "objlnk":
      if (bytes.length !== 4) throw malformed(`object link of ${bytes.length} bytes`);
      return { objectId: bytes.readUInt16BE(0), instanceId: bytes.readUInt16BE(2) };
  }
}

/** @param multiple whether the row is a multiple Resource. @throws CoapError 4.00 */
export function decodeTlvResource(entry: TlvEntry, type: ResourceType, multiple: boolean): ResourceNode {
  const value = multiple ? decodeMultiple(entry, type) : decodeTlvValue(type, singleValue(entry));
  return { kind: "resource", id: entry.id, type, value };
}

function decodeMultiple(entry: TlvEntry, type: ResourceType): ResourceValue {
  if (entry.kind !== TLV_KIND.multipleResource) throw malformed(`${entry.id} is a multiple resource`);
  const values = new Map<number, Value>();
  for (const inner of resourceInstances(entry)) {
    if (values.has(inner.id)) throw malformed(`resource instance ${inner.id} occurs twice`);
    values.set(inner.id, decodeTlvValue(type, inner.value));
  }
  return values;
}

/** Servers whose model calls the Resource multiple send one Resource Instance for a single value. */
function singleValue(entry: TlvEntry): Buffer {
  if (entry.kind === TLV_KIND.resource) return entry.value;
  if (entry.kind !== TLV_KIND.multipleResource) throw malformed(`${entry.id} is no resource`);
  const [only, ...others] = resourceInstances(entry);
  if (!only || others.length > 0) throw malformed(`${entry.id} is a single resource`);
  return only.value;
}

function resourceInstances(entry: TlvEntry): TlvEntry[] {
  const inner = decodeTlvEntries(entry.value);
  if (inner.some(({ kind }) => kind !== TLV_KIND.resourceInstance)) throw malformed(`${entry.id} holds no instances`);
  return inner;
}

/** @throws CoapError 4.00 when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (text.includes("\ufffd") && !Buffer.from(text).equals(bytes)) throw new CoapError("4.00", "string: not UTF-8");
  return text;
}

function malformed(why: string): CoapError {
  return new CoapError("4.00", `tlv: ${why}`);
}

function headerSize(id: number, length: number): number {
  return 1 + (id > 0xff ? 2 : 1) + (length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3);
}

function entrySize(id: number, length: number): number {
  return headerSize(id, length) + length;
}

function writeHeader(buffer: Buffer, start: number, kind: TlvKind, id: number, length: number): number {
  const lengthWidth = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  buffer[start] = (kind << 6) | (id > 0xff ? 0x20 : 0) | (lengthWidth << 3) | (lengthWidth === 0 ? length : 0);
  let at = start + 1;
  at = id > 0xff ? buffer.writeUInt16BE(id, at) : buffer.writeUInt8(id, at);
  return lengthWidth === 0 ? at : buffer.writeUIntBE(length, at, lengthWidth);
}

/** Smallest of 1, 2, 4, 8 bytes. */
function integerWidth(value: number | bigint): 1 | 2 | 4 | 8 {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x80000000 && value < 0x80000000 ? 4 : 8;
}

function valueSize(type: ResourceType, value: Value): number {
  switch (type) {
    case "string":
      return Buffer.byteLength(value as string);
    case "opaque":
      return (value as Buffer).length;
    case "boolean":
      return 1;
    case "integer":
    case "time":
      return integerWidth(value as number | bigint);
    case "float":
      return Math.fround(value as number) === value ? 4 : 8;
    case "objlnk":
      return 4;
  }
}

function writeValue(buffer: Buffer, at: number, type: ResourceType, value: Value, size: number): number {
  switch (type) {
    case "string":
      return at + buffer.write(value as string, at, "utf8");
    case "opaque":
      return at + (value as Buffer).copy(buffer, at);
    case "boolean":
      return buffer.writeUInt8(value ? 1 : 0, at);
    case "integer":
    case "time":
      if (size === 8) return buffer.writeBigInt64BE(BigInt(value as number | bigint), at);
      return buffer.writeIntBE(Number(value), at, size);
    case "float":
      return size === 4 ? buffer.writeFloatBE(value as number, at) : buffer.writeDoubleBE(value as number, at);
    case "objlnk": {
      const { objectId, instanceId } = value as { objectId: number; instanceId: number };
      return buffer.writeUInt16BE(instanceId, buffer.writeUInt16BE(objectId, at));
    }
  }
}

/** Bytes of a Resource's value without its header. */
function contentSize({ type, value }: ResourceNode): number {
  if (!isMultiple(value)) return valueSize(type, value);
  let size = 0;
  for (const [id, single] of value) size += entrySize(id, valueSize(type, single));
  return size;
}

function instanceSize(instance: InstanceNode): number {
  let size = 0;
  for (const resource of instance.resources) size += entrySize(resource.id, contentSize(resource));
  return size;
}

function nodeSize(node: Node): number {
  if (node.kind === "resource") return entrySize(node.id, contentSize(node));
  if (node.kind === "instance") return instanceSize(node);
  let size = 0;
  for (const instance of node.instances) size += entrySize(instance.id, instanceSize(instance));
  return size;
}

function writeResource(buffer: Buffer, start: number, resource: ResourceNode): number {
  const { id, type, value } = resource;
  if (!isMultiple(value)) {
    const size = valueSize(type, value);
    return writeValue(buffer, writeHeader(buffer, start, TLV_KIND.resource, id, size), type, value, size);
  }
  let at = writeHeader(buffer, start, TLV_KIND.multipleResource, id, contentSize(resource));
  for (const [instanceId, single] of value) {
    const size = valueSize(type, single);
    at = writeHeader(buffer, at, TLV_KIND.resourceInstance, instanceId, size);
    at = writeValue(buffer, at, type, single, size);
  }
  return at;
}

function writeNode(buffer: Buffer, start: number, node: Node): number {
  if (node.kind === "resource") return writeResource(buffer, start, node);
  let at = start;
  if (node.kind === "instance") {
    for (const resource of node.resources) at = writeResource(buffer, at, resource);
    return at;
  }
  for (const instance of node.instances) {
    at = writeHeader(buffer, at, TLV_KIND.instance, instance.id, instanceSize(instance));
    at = writeNode(buffer, at, instance);
  }
  return at;
}
