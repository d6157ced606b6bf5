/** One opaque value out of a payload that comes in pieces, in any of the formats; no more of it is held than a piece. */
import { CONTENT_FORMAT, CoapError } from "#coap/message";
import { OLD_FORMAT } from "#lwm2m/format/content";
import { decodeJsonEntries } from "#lwm2m/format/json";
import { parseBase64 } from "#lwm2m/format/text";
import { TLV_KIND } from "#lwm2m/format/tlv";
import { formatPath, type Path } from "#lwm2m/path";

export interface ValueStream {
  /** @returns what of the value is in this piece, perhaps a view of it. @throws CoapError 4.00 */
  push(piece: Buffer): Buffer;
  /** No more pieces. @throws CoapError 4.00 when the value is cut short */
  end(): void;
  /** About how long the value is in a payload of so many bytes. */
  sizeIn(payloadBytes: number): number;
}

/** Longest text before and after the value in JSON. */
const MAX_JSON_FRAME = 512;
/** Type, 16-bit id, 24-bit length. */
const MAX_TLV_HEADER = 6;
/** {"bn":"/5/0/0","e":[{"sv":""}]} and some. */
const USUAL_JSON_FRAME = 40;
const JSON_VALUE = /"sv"\s*:\s*"/;

/** @param path of an opaque single Resource. @throws CoapError 4.15 for a format there is not */
export function createValueStream(contentFormat: number | undefined, path: Path): ValueStream {
  switch (contentFormat ?? CONTENT_FORMAT.text) {
    case CONTENT_FORMAT.opaque:
      return { push: (piece) => piece, end() {}, sizeIn: (bytes) => bytes };
    case CONTENT_FORMAT.text:
      return createBase64Stream();
    case CONTENT_FORMAT.tlv:
    case OLD_FORMAT.tlv:
      return createTlvStream(path);
    case CONTENT_FORMAT.json:
    case OLD_FORMAT.json:
      return createJsonStream(path);
  }
  throw new CoapError("4.15", `content format ${contentFormat}: not supported`);
}

function createBase64Stream(): ValueStream {
  /** Less than the four characters that make three bytes. */
  let held = "";
  let isPadded = false;
  return {
    push(piece) {
      const text = held + piece.toString("latin1");
      if (isPadded && text !== "") throw new CoapError("4.00", "text: goes on after its padding");
      const whole = text.length - (text.length % 4);
      held = text.slice(whole);
      isPadded = text.charAt(whole - 1) === "=";
      return parseBase64(text.slice(0, whole));
    },
    end() {
      if (held !== "") throw new CoapError("4.00", "text: not padded base64");
    },
    // with two characters of padding
    sizeIn: (bytes) => Math.max(0, Math.floor(bytes / 4) * 3 - 2),
  };
}

/** OMA TS 1.0.2 §6.4.3: one entry, the Resource. */
function createTlvStream(path: Path): ValueStream {
  const mismatch = () => new CoapError("4.00", `payload: does not fit ${formatPath(path)}`);
  let head: Buffer = Buffer.alloc(0);
  /** Bytes of the value still to come; undefined until the header is complete. */
  let left: number | undefined;

  /** @returns the bytes after the header, once it is there. */
  const readHeader = (bytes: Buffer): Buffer => {
    const type = bytes[0];
    if (type === undefined) return bytes;
    const idWidth = type & 0x20 ? 2 : 1;
    const lengthWidth = (type >> 3) & 3;
    const end = 1 + idWidth + lengthWidth;
    if (bytes.length < end) {
      head = Buffer.from(bytes);
      return Buffer.alloc(0);
    }
    if (type >> 6 !== TLV_KIND.resource || bytes.readUIntBE(1, idWidth) !== path.resourceId) throw mismatch();
    left = lengthWidth === 0 ? type & 7 : bytes.readUIntBE(1 + idWidth, lengthWidth);
    return bytes.subarray(end);
  };

  return {
    push(piece) {
      const value = left === undefined ? readHeader(head.length > 0 ? Buffer.concat([head, piece]) : piece) : piece;
      if (left === undefined) return value;
      if (value.length > left) throw mismatch();
      left -= value.length;
      return value;
    },
    end() {
      if (left !== 0) throw new CoapError("4.00", "tlv: value is cut short");
    },
    sizeIn: (bytes) => Math.max(0, bytes - MAX_TLV_HEADER),
  };
}

/** The value is taken out as it passes; what is around it is read at the end, as a document whose value is empty. */
function createJsonStream(path: Path): ValueStream {
  const value = createBase64Stream();
  let before = "";
  let after = "";
  let at: "before" | "value" | "after" = "before";
  /** A backslash at the end of a piece, whose second character is to come. */
  let splitEscape = "";

  const refuseLong = (text: string) => {
    if (text.length > MAX_JSON_FRAME) throw new CoapError("4.00", "json: holds more than one opaque value");
  };

  return {
    push(piece) {
      let text = piece.toString("latin1");
      if (at === "before") {
        before += text;
        const found = JSON_VALUE.exec(before);
        if (!found) {
          refuseLong(before);
          return Buffer.alloc(0);
        }
        const start = found.index + found[0].length;
        refuseLong(before.slice(0, start));
        text = before.slice(start);
        before = before.slice(0, start);
        at = "value";
      }
      let taken = "";
      if (at === "value") {
        const quote = text.indexOf('"');
        taken = splitEscape + (quote < 0 ? text : text.slice(0, quote));
        splitEscape = taken.endsWith("\\") ? "\\" : "";
        taken = taken.slice(0, taken.length - splitEscape.length).replaceAll("\\/", "/"); // RFC 8259 §7
        text = quote < 0 ? "" : text.slice(quote);
        if (quote >= 0) at = "after";
      }
      after += text;
      refuseLong(after);
      return value.push(Buffer.from(taken, "latin1"));
    },
    end() {
      value.end();
      const entries = decodeJsonEntries(Buffer.from(before + after, "latin1"));
      const fits = entries.length === 1 && formatPath(entries[0]!.path) === formatPath(path) && entries[0]!.raw === "";
      if (!fits) throw new CoapError("4.00", `payload: does not fit ${formatPath(path)}`);
    },
    sizeIn: (bytes) => value.sizeIn(Math.max(0, bytes - USUAL_JSON_FRAME)),
  };
}
