/** Fields that the PDUs of short messages are made of: addresses, times, coding schemes (3GPP TS 23.040 §9.1.2, §9.2.3). */
import { fromSeptets, packSeptets, toSeptets, unpackSeptets } from "#modem/sms/gsm-alphabet";

/** A PDU that makes no sense: "what: why". */
export class PduError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PduError";
  }
}

export interface Address {
  /** Without "+"; text where the type says alphanumeric. */
  readonly digits: string;
  /** Type of number and numbering plan: 145 international, 129 unknown, 161 national, 208 alphanumeric. */
  readonly type: number;
}

const INTERNATIONAL = 145;
const UNKNOWN = 129;
export const ALPHANUMERIC = 208;
/** Most digits of an address (§9.1.2.5). */
const MOST_DIGITS = 20;

/** §9.1.2.3: the semi-octets beyond 9. */
const SEMI_OCTETS = "0123456789*#abc";
export const NUMBER = /^\+?[\d*#a-c]{0,20}$/i;

const isAlphanumeric = (type: number) => (type & 0x70) === 0x50;

/** @param type of a number that says of itself whether it is international; default as its "+" tells */
export function addressOf(number: string, type = number.startsWith("+") ? INTERNATIONAL : UNKNOWN): Address {
  return { digits: number.replace("+", "").toLowerCase(), type };
}

/** As hosts are told it: "+" before an international number. */
export const numberOf = ({ digits, type }: Address): string =>
  digits !== "" && (type & 0x70) === 0x10 ? `+${digits}` : digits;

function encodeSemiOctets(digits: string): Buffer {
  const codes = [...digits].map((digit) => SEMI_OCTETS.indexOf(digit));
  if (digits.length > MOST_DIGITS || codes.includes(-1))
    throw new PduError(`address: ${digits.length} digits or other than digits`);
  if (codes.length % 2 === 1) codes.push(0xf);
  return Buffer.from(codes.flatMap((code, index) => (index % 2 === 0 ? [code | (codes[index + 1]! << 4)] : [])));
}

function decodeSemiOctets(bytes: Buffer, count: number): string {
  let digits = "";
  for (let index = 0; index < count; index++) {
    const code = (bytes[index >> 1]! >> (index % 2 === 0 ? 0 : 4)) & 0xf;
    if (code === 0xf) break;
    digits += SEMI_OCTETS[code]!;
  }
  return digits;
}

/** §9.1.2.5: the length counts semi-octets. @throws PduError */
export function encodeAddress({ digits, type }: Address): Buffer {
  if (isAlphanumeric(type)) {
    const septets = toSeptets(digits);
    const semiOctets = Math.ceil(((septets?.length ?? 0) * 7) / 4);
    if (!septets || semiOctets > MOST_DIGITS) throw new PduError("address: not 1 to 11 characters of the GSM alphabet");
    return Buffer.concat([Buffer.of(semiOctets, type), packSeptets(septets)]);
  }
  return Buffer.concat([Buffer.of(digits.length, type), encodeSemiOctets(digits)]);
}

/** The service centre's, whose length counts octets, its type included (3GPP TS 24.011 §8.2.5.1). @throws PduError */
export function encodeCentre(address: Address): Buffer {
  if (address.digits === "") return Buffer.of(0);
  const digits = encodeSemiOctets(address.digits);
  return Buffer.concat([Buffer.of(digits.length + 1, address.type), digits]);
}

/** Takes fields off the front of a PDU. */
export interface PduReader {
  readonly left: number;
  octet(what: string): number;
  octets(count: number, what: string): Buffer;
  /** All that is left. */
  rest(): Buffer;
}

export function readPdu(bytes: Buffer): PduReader {
  let at = 0;
  const octets = (count: number, what: string) => {
    if (at + count > bytes.length) throw new PduError(`${what}: the PDU ends before it`);
    at += count;
    return bytes.subarray(at - count, at);
  };
  return {
    get left() {
      return bytes.length - at;
    },
    octets,
    octet: (what) => octets(1, what)[0]!,
    rest: () => octets(bytes.length - at, "the rest"),
  };
}

/** @throws PduError */
export function readAddress(reader: PduReader, what: string): Address {
  const length = reader.octet(what);
  const type = reader.octet(what);
  if (length > MOST_DIGITS) throw new PduError(`${what}: ${length} digits`);
  const bytes = reader.octets((length + 1) >> 1, what);
  if (isAlphanumeric(type)) return { type, digits: fromSeptets(unpackSeptets(bytes, Math.floor((length * 4) / 7))) };
  return { type, digits: decodeSemiOctets(bytes, length) };
}

/** @throws PduError */
export function readCentre(reader: PduReader): Address {
  const length = reader.octet("service centre");
  if (length === 0) return { digits: "", type: UNKNOWN };
  if (length > 11) throw new PduError(`service centre: ${length} octets`);
  const type = reader.octet("service centre");
  return { type, digits: decodeSemiOctets(reader.octets(length - 1, "service centre"), (length - 1) * 2) };
}

const swap = (value: number) => Number.parseInt(String(value).padStart(2, "0").split("").reverse().join(""), 16);

/** §9.2.3.11, of "yy/MM/dd,hh:mm:ss±zz". @throws PduError */
export function encodeTime(text: string): Buffer {
  const parts = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-])(\d\d)$/.exec(text);
  if (!parts) throw new PduError("time: malformed");
  const fields = [1, 2, 3, 4, 5, 6, 8].map((index) => swap(Number(parts[index])));
  if (parts[7] === "-") fields[6] = fields[6]! | 0x08;
  return Buffer.from(fields);
}

/** @returns "yy/MM/dd,hh:mm:ss±zz"; a semi-octet that is no digit is shown as 0. */
export function decodeTime(bytes: Buffer): string {
  const digit = (code: number) => (code > 9 ? 0 : code);
  const two = (byte: number) => `${digit(byte & 0xf)}${digit(byte >> 4)}`;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0] = bytes;
  const sign = (zone & 0x08) === 0 ? "+" : "-";
  return `${two(year)}/${two(month)}/${two(day)},${two(hour)}:${two(minute)}:${two(second)}${sign}${two(zone & 0xf7)}`;
}

export type Alphabet = "gsm" | "octets" | "ucs2";

/** 3GPP TS 23.038 §4; compressed text is octets to whoever cannot expand it. */
export function alphabetOf(dcs: number): Alphabet {
  const group = dcs >> 4;
  if (group < 8)
    return (dcs & 0x20) !== 0 ? "octets" : ((["gsm", "octets", "ucs2", "gsm"] as const)[(dcs >> 2) & 3] ?? "gsm");
  if (group === 0xe) return "ucs2";
  return group === 0xf && (dcs & 0x04) !== 0 ? "octets" : "gsm";
}

/** @returns undefined for a message without one. */
export function classOf(dcs: number): 0 | 1 | 2 | 3 | undefined {
  const hasClass = dcs >> 4 === 0xf || (dcs < 0x80 && (dcs & 0x10) !== 0);
  return hasClass ? ((dcs & 3) as 0 | 1 | 2 | 3) : undefined;
}
