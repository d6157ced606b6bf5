/** Plain text, Content-Format 0: one value (OMA TS 1.0.2 §6.4.1, Appendix C). */
import { CoapError } from "#coap/message";
import { decodeUtf8 } from "#lwm2m/format/tlv";
import type { ObjectLink, ResourceType, Value } from "#lwm2m/object";
import { narrow } from "#lwm2m/value";

/** Also what opaque values look like where text is asked for: Base64 with padding. */
export function formatValue(type: ResourceType, value: Value): string {
  switch (type) {
    case "string":
      return value as string;
    case "boolean":
      return value ? "1" : "0";
    case "opaque":
      return (value as Buffer).toString("base64");
    case "objlnk":
      return `${(value as ObjectLink).objectId}:${(value as ObjectLink).instanceId}`;
    default:
      return String(value);
  }
}

/** @throws CoapError 4.00 when the text is no value of this type. */
export function parseValue(type: ResourceType, text: string): Value {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      if (text === "0" || text === "1") return text === "1";
      break;
    case "integer":
    case "time":
      if (/^-?\d{1,19}$/.test(text)) return narrow(BigInt(text));
      break;
    case "float":
      if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text);
      break;
    case "opaque":
      return parseBase64(text);
    case "objlnk": {
      const parts = /^(\d{1,5}):(\d{1,5})$/.exec(text);
      if (parts) return { objectId: Number(parts[1]), instanceId: Number(parts[2]) };
      break;
    }
  }
  throw new CoapError("4.00", `text: not of type ${type}`);
}

/** @throws CoapError 4.00 unless it is padded Base64 without anything in between (RFC 4648 §4). */
export function parseBase64(text: string): Buffer {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new CoapError("4.00", "text: not padded base64");
  }
  return Buffer.from(text, "base64");
}

export function encodeText(type: ResourceType, value: Value): Buffer {
  return Buffer.from(formatValue(type, value), "utf8");
}

/** @throws CoapError 4.00 */
export function decodeText(type: ResourceType, bytes: Buffer): Value {
  return parseValue(type, decodeUtf8(bytes));
}
