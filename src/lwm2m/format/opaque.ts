/** Opaque, Content-Format 42: the bytes of one opaque value (OMA TS 1.0.2 §6.4.2). */
import { CoapError } from "#coap/message";
import type { ResourceType, Value } from "#lwm2m/object";

/** @throws CoapError 4.06 for other types. */
export function encodeOpaque(type: ResourceType, value: Value): Buffer {
  if (type !== "opaque") throw new CoapError("4.06", `opaque: resource is of type ${type}`);
  return value as Buffer;
}

/** @throws CoapError 4.00 for other types. */
export function decodeOpaque(type: ResourceType, bytes: Buffer): Value {
  if (type !== "opaque") throw new CoapError("4.00", `opaque: resource is of type ${type}`);
  return Buffer.from(bytes); // a copy: the datagram's memory is not ours to keep
}
