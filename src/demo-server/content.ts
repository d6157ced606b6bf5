/** Payloads as the demo server's user sees them: a list of paths and values (OMA TS 1.0.2 §6.4, Appendix C). */
import { type TypeLetter, typeOf } from "#demo-server/model";
import { readTlv, type TlvEntry, writeTlv } from "#demo-server/tlv";

/** Content-Format numbers (OMA TS 1.0.2 §6.4; IANA). */
export const TEXT = 0;
export const LINK_FORMAT = 40;
export const OPAQUE = 42;
export const TLV = 11542;
/** TLV's number in drafts before the registration with IANA. */
const OLD_TLV = 1542;

/** An opaque value is a Buffer, an object link "3:0", a time seconds since 1970. */
export type Scalar = string | number | bigint | boolean | Buffer;

export interface Leaf {
  /** e.g. "/3/0/9", or "/3/0/6/0" for a Resource Instance. */
  readonly path: string;
  readonly value: Scalar;
}

/** What a write or create carries: values by Resource id; an object or array of values for a multiple Resource. */
export type Values = Readonly<Record<string, JsonValue>>;
export type JsonValue = string | number | boolean | Readonly<Record<string, string | number | boolean>>;

/** @throws Error when the payload does not fit its format. */
export function decodeContent(path: string, format: number | undefined, payload: Buffer): Leaf[] {
  const [objectId = 0, , resourceId] = idsOf(path);
  if (format === TLV || format === OLD_TLV) return readTlv(payload).flatMap((entry) => leavesOf(entry, path, objectId));
  if (format === OPAQUE) return [{ path, value: payload }];
  const type = resourceId === undefined ? undefined : typeOf(objectId, resourceId);
  return [{ path, value: scalarOfText(type, payload.toString("utf8")) }];
}

export function formatScalar(value: Scalar): string {
  return Buffer.isBuffer(value) ? `0x${value.toString("hex")}` : String(value);
}

/** Whether the value of a Resource may be any bytes: it is opaque, or of no type known here. */
export function takesBytes(path: string): boolean {
  const [objectId = 0, , resourceId = 0] = idsOf(path);
  return (typeOf(objectId, resourceId) ?? "o") === "o";
}

/** The payload of a write to one Resource; bytes go as they are. @throws Error when the text does not fit the Resource's type. */
export function encodeResource(path: string, text: string | Buffer): { format: number; payload: Buffer } {
  if (typeof text !== "string") return { format: OPAQUE, payload: text };
  const [objectId = 0, , resourceId = 0] = idsOf(path);
  const type = typeOf(objectId, resourceId);
  if (type === "o") return { format: OPAQUE, payload: bytesOf(text) };
  if (type === "b") return { format: TEXT, payload: Buffer.from(truth(text) ? "1" : "0") };
  if ((type === "i" || type === "t") && !/^[+-]?\d+$/.test(text)) throw new Error(`value: ${path} takes an integer`);
  if (type === "f" && !Number.isFinite(Number(text || "?"))) throw new Error(`value: ${path} takes a number`);
  return { format: TEXT, payload: Buffer.from(text) };
}

/** The Resources of one Object Instance in TLV, inside an instance entry if its id is given. @throws Error when a value does not fit. */
export function encodeInstance(objectId: number, values: Values, instanceId?: number): Buffer {
  const resources = Buffer.concat(
    Object.entries(values).map(([key, value]) => {
      const resourceId = idOf(key);
      const type = typeOf(objectId, resourceId);
      if (typeof value !== "object") return writeTlv("resource", resourceId, bytesOfScalar(type, value));
      const instances = Object.entries(value).map(([instance, each]) =>
        writeTlv("resourceInstance", idOf(instance), bytesOfScalar(type, each)),
      );
      return writeTlv("multiple", resourceId, Buffer.concat(instances));
    }),
  );
  return instanceId === undefined ? resources : writeTlv("instance", instanceId, resources);
}

/** @returns the numbers of a path such as "/3/0/9". */
export function idsOf(path: string): number[] {
  return path.split("/").filter(Boolean).map(Number);
}

function idOf(key: string): number {
  if (!/^\d{1,5}$/.test(key) || Number(key) > 65534) throw new Error(`id: "${key}" is not a number of 0-65534`);
  return Number(key);
}

/** Entries stand one below the path asked for, or at it: a read of /3/0/9 answers entry 9. */
function leavesOf(entry: TlvEntry, path: string, objectId: number): Leaf[] {
  const ids = idsOf(path);
  const depth = entry.kind === "instance" ? 1 : entry.kind === "resourceInstance" ? 3 : 2;
  const own = `/${[...ids.slice(0, depth), entry.id].join("/")}`;
  if (entry.kind === "instance" || entry.kind === "multiple") {
    return entry.children.flatMap((child) => leavesOf(child, own, objectId));
  }
  const resourceId = entry.kind === "resource" ? entry.id : (ids[2] ?? 0);
  return [{ path: own, value: scalarOfBytes(typeOf(objectId, resourceId), entry.value) }];
}

function scalarOfBytes(type: TypeLetter | undefined, bytes: Buffer): Scalar {
  switch (type) {
    case "s":
      return bytes.toString("utf8");
    case "i":
    case "t":
      return integerOf(bytes) ?? bytes;
    case "f":
      return bytes.length === 4 ? bytes.readFloatBE(0) : bytes.length === 8 ? bytes.readDoubleBE(0) : bytes;
    case "b":
      return bytes.length === 1 ? bytes[0] === 1 : bytes;
    case "l":
      return bytes.length === 4 ? `${bytes.readUInt16BE(0)}:${bytes.readUInt16BE(2)}` : bytes;
    case undefined:
      // No type at hand: text if it reads as text, else a number if it could be one.
      return /^[\x20-\x7e]+$/.test(bytes.toString("latin1")) ? bytes.toString("utf8") : (integerOf(bytes) ?? bytes);
    default:
      return bytes;
  }
}

/** @returns undefined unless it is 1, 2, 4 or 8 bytes long (OMA TS 1.0.2 Appendix C). */
function integerOf(bytes: Buffer): number | bigint | undefined {
  if (bytes.length === 8) {
    const value = bytes.readBigInt64BE(0);
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  return [1, 2, 4].includes(bytes.length) ? bytes.readIntBE(0, bytes.length) : undefined;
}

function scalarOfText(type: TypeLetter | undefined, text: string): Scalar {
  if ((type === "i" || type === "f" || type === "t") && text.trim() !== "" && Number.isFinite(Number(text))) {
    return Number(text);
  }
  if (type === "b" && (text === "0" || text === "1")) return text === "1";
  if (type === "o") return Buffer.from(text, "base64");
  return text;
}

function bytesOfScalar(type: TypeLetter | undefined, value: string | number | boolean): Buffer {
  switch (
    type ??
    (typeof value === "number" ? (Number.isInteger(value) ? "i" : "f") : typeof value === "boolean" ? "b" : "s")
  ) {
    case "i":
    case "t":
      return bytesOfInteger(value);
    case "f": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(Number(value));
      return bytes;
    }
    case "b":
      return Buffer.of(truth(String(value)) ? 1 : 0);
    case "o":
      return bytesOf(String(value));
    case "l": {
      const [objectId = 0, instanceId = 0] = String(value).split(":").map(Number);
      return Buffer.of(objectId >> 8, objectId & 0xff, instanceId >> 8, instanceId & 0xff);
    }
    default:
      return Buffer.from(String(value));
  }
}

function bytesOfInteger(value: string | number | boolean): Buffer {
  if (!/^[+-]?\d+$/.test(String(value))) throw new Error(`value: "${value}" is not an integer`);
  const whole = BigInt(value);
  const width = [1, 2, 4].find((each) => BigInt.asIntN(8 * each, whole) === whole);
  const bytes = Buffer.alloc(width ?? 8);
  if (width === undefined) bytes.writeBigInt64BE(whole);
  else bytes.writeIntBE(Number(whole), 0, width);
  return bytes;
}

function truth(text: string): boolean {
  if (/^(1|true)$/i.test(text)) return true;
  if (/^(0|false)$/i.test(text)) return false;
  throw new Error(`value: "${text}" is not 0, 1, true or false`);
}

/** Hexadecimal after "0x", else the text's own bytes. */
function bytesOf(text: string): Buffer {
  if (!text.startsWith("0x")) return Buffer.from(text);
  if (!/^0x([0-9a-f]{2})*$/i.test(text)) throw new Error(`value: "${text}" is not hexadecimal of whole bytes`);
  return Buffer.from(text.slice(2), "hex");
}
