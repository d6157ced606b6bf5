/** SMS-DELIVER, SMS-SUBMIT and SMS-STATUS-REPORT as octets (3GPP TS 23.040 §9.2.2). */
import { packSeptets, unpackSeptets } from "#modem/sms/gsm-alphabet";
import {
  type Address,
  type Alphabet,
  alphabetOf,
  decodeTime,
  encodeAddress,
  encodeCentre,
  encodeTime,
  PduError,
  type PduReader,
  readAddress,
  readCentre,
  readPdu,
} from "#modem/sms/pdu-fields";

export interface UserData {
  readonly alphabet: Alphabet;
  /** TP-UDL: septets, of the GSM alphabet, else octets; a header's counted. */
  readonly length: number;
  /** As it stands in the PDU, header and packing included. */
  readonly octets: Buffer;
  /** Its length octet included; empty when there is none. */
  readonly header: Buffer;
}

interface Coded {
  readonly fo: number;
  readonly pid: number;
  readonly dcs: number;
  readonly data: UserData;
}
export interface Deliver extends Coded {
  readonly kind: "deliver";
  readonly from: Address;
  /** "yy/MM/dd,hh:mm:ss±zz", as all times here. */
  readonly at: string;
}
export interface Submit extends Coded {
  readonly kind: "submit";
  readonly reference: number;
  readonly to: Address;
  /** Relative as a number, absolute as a time; undefined = none, or of the enhanced format. */
  readonly validity: number | string | undefined;
}
export interface StatusReport {
  readonly kind: "report";
  readonly fo: number;
  readonly reference: number;
  readonly to: Address;
  readonly at: string;
  readonly dischargedAt: string;
  readonly status: number;
}
export type Tpdu = Deliver | Submit | StatusReport;

export interface Message {
  readonly centre: Address;
  readonly tpdu: Tpdu;
  /** Octets without the service centre's address, as AT commands count them. */
  readonly length: number;
}

/** First octet: TP-MTI, TP-MMS (no more messages), TP-VPF relative, TP-SRR, TP-UDHI. */
export const MTI = { deliver: 0, submit: 1, report: 2 } as const;
const NO_MORE = 0x04;
export const STATUS_REQUESTED = 0x20;
export const HAS_HEADER = 0x40;
/** Most octets of user data. */
const MOST_DATA = 140;
/** Most octets of all: those, and an SMS-SUBMIT's longest fields before them. */
const MOST_OCTETS = 164;

/** The septets of a text behind its header. */
export function septetsIn({ octets, header, length }: UserData): number[] {
  const headerSeptets = Math.ceil((header.length * 8) / 7);
  return unpackSeptets(octets, length, 0).slice(headerSeptets);
}

/** @throws PduError */
export function userData(alphabet: Alphabet, content: Buffer | readonly number[], header = Buffer.alloc(0)): UserData {
  const isPacked = alphabet === "gsm";
  const headerSeptets = Math.ceil((header.length * 8) / 7);
  const fillBits = headerSeptets * 7 - header.length * 8;
  const packed = isPacked ? packSeptets(content as readonly number[], fillBits) : Buffer.from(content);
  const octets = Buffer.concat([header, packed]);
  if (octets.length > MOST_DATA) throw new PduError(`text: ${octets.length} octets of at most ${MOST_DATA}`);
  return { alphabet, octets, header, length: isPacked ? headerSeptets + content.length : octets.length };
}

function readUserData(reader: PduReader, fo: number, dcs: number): UserData {
  const alphabet = alphabetOf(dcs);
  const length = reader.octet("length of the text");
  const size = alphabet === "gsm" ? Math.ceil((length * 7) / 8) : length;
  if (size > MOST_DATA) throw new PduError(`text: ${size} octets of at most ${MOST_DATA}`);
  const octets = reader.octets(size, "text");
  const headerLength = (fo & HAS_HEADER) === 0 ? 0 : (octets[0] ?? 0) + 1;
  if (headerLength > octets.length) throw new PduError("header of the text: longer than the text");
  return { alphabet, length, octets, header: octets.subarray(0, headerLength) };
}

const VALIDITY_OCTETS = [0, 7, 1, 7] as const;
/** TP-VPF: 0 none, 1 enhanced, 2 relative, 3 absolute. */
export const validityFormat = (fo: number) => ((fo >> 3) & 3) as 0 | 1 | 2 | 3;

function readSubmit(reader: PduReader, fo: number): Submit {
  const reference = reader.octet("reference");
  const to = readAddress(reader, "recipient");
  const pid = reader.octet("protocol");
  const dcs = reader.octet("coding scheme");
  const format = validityFormat(fo);
  const octets = reader.octets(VALIDITY_OCTETS[format], "validity");
  const validity = format === 2 ? octets[0] : format === 3 ? decodeTime(octets) : undefined;
  return { kind: "submit", fo, reference, to, pid, dcs, validity, data: readUserData(reader, fo, dcs) };
}

/**
 * @param fromCentre whether it travels to the module: the first octet means something else in each direction
 * @throws PduError
 */
export function decodeTpdu(bytes: Buffer, fromCentre: boolean): Tpdu {
  if (bytes.length > MOST_OCTETS) throw new PduError(`message: ${bytes.length} octets of at most ${MOST_OCTETS}`);
  const reader = readPdu(bytes);
  const fo = reader.octet("first octet");
  const decode = (): Tpdu => {
    if (!fromCentre) {
      if ((fo & 3) !== MTI.submit) throw new PduError("first octet: not SMS-SUBMIT");
      return readSubmit(reader, fo);
    }
    if ((fo & 3) === MTI.report) {
      const reference = reader.octet("reference");
      const to = readAddress(reader, "recipient");
      const [at, dischargedAt] = [reader.octets(7, "time"), reader.octets(7, "time of discharge")].map(decodeTime) as [
        string,
        string,
      ];
      const status = reader.octet("status");
      reader.rest(); // optional parameters
      return { kind: "report", fo, reference, to, at, dischargedAt, status };
    }
    if ((fo & 3) !== MTI.deliver) throw new PduError("first octet: neither SMS-DELIVER nor SMS-STATUS-REPORT");
    const from = readAddress(reader, "originator");
    const pid = reader.octet("protocol");
    const dcs = reader.octet("coding scheme");
    const at = decodeTime(reader.octets(7, "time"));
    return { kind: "deliver", fo, from, pid, dcs, at, data: readUserData(reader, fo, dcs) };
  };
  const tpdu = decode();
  if (reader.left > 0) throw new PduError(`${reader.left} octets after the end`);
  return tpdu;
}

const encodeData = ({ length, octets }: UserData) => [Buffer.of(length), octets];

/** @throws PduError */
export function encodeTpdu(tpdu: Tpdu): Buffer {
  switch (tpdu.kind) {
    case "deliver": {
      const { fo, from, pid, dcs, at, data } = tpdu;
      return Buffer.concat([
        Buffer.of(fo),
        encodeAddress(from),
        Buffer.of(pid, dcs),
        encodeTime(at),
        ...encodeData(data),
      ]);
    }
    case "submit": {
      const { fo, reference, to, pid, dcs, validity, data } = tpdu;
      const time =
        typeof validity === "string" ? encodeTime(validity) : Buffer.from(validity === undefined ? [] : [validity]);
      return Buffer.concat([
        Buffer.of(fo, reference),
        encodeAddress(to),
        Buffer.of(pid, dcs),
        time,
        ...encodeData(data),
      ]);
    }
    case "report": {
      const { fo, reference, to, at, dischargedAt, status } = tpdu;
      return Buffer.concat([
        Buffer.of(fo, reference),
        encodeAddress(to),
        encodeTime(at),
        encodeTime(dischargedAt),
        Buffer.of(status),
      ]);
    }
  }
}

/** A PDU as AT commands have it: the service centre's address, then the TPDU, in hexadecimal. @throws PduError */
export function encodeMessage(centre: Address, tpdu: Tpdu): string {
  return Buffer.concat([encodeCentre(centre), encodeTpdu(tpdu)])
    .toString("hex")
    .toUpperCase();
}

/** @throws PduError */
export function decodeMessage(pdu: string, fromCentre: boolean): Message {
  if (!/^([0-9A-Fa-f]{2})+$/.test(pdu)) throw new PduError("not hexadecimal digits in pairs");
  const reader = readPdu(Buffer.from(pdu, "hex"));
  const centre = readCentre(reader);
  const length = reader.left;
  return { centre, length, tpdu: decodeTpdu(reader.rest(), fromCentre) };
}

/** An SMS-DELIVER of one part. */
export function deliver(from: Address, at: string, dcs: number, data: UserData): Deliver {
  const fo = MTI.deliver | NO_MORE | (data.header.length > 0 ? HAS_HEADER : 0);
  return { kind: "deliver", fo, from, pid: 0, dcs, at, data };
}

export function report(submit: Submit, at: string): StatusReport {
  return {
    kind: "report",
    fo: MTI.report | NO_MORE,
    reference: submit.reference,
    to: submit.to,
    at,
    dischargedAt: at,
    status: 0,
  };
}
