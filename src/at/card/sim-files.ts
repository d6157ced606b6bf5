/** Files of the simulated card, by file id (3GPP TS 31.102 §4, ETSI TS 102 221 §13). */
import { CmeError } from "#at/result";
import type { ModemState } from "#modem/state";

/** What a file holds: one run of bytes, or records of one length. */
export interface CardFile {
  readonly id: number;
  /** Where it lies: in the master file, or in the application. */
  readonly folder: number;
  /** Readable before the PIN. */
  readonly open?: true;
  /** Writable by who knows the PIN. */
  readonly writable?: true;
  /** One for a transparent file. */
  readonly contents: (state: ModemState) => readonly Buffer[];
  readonly records?: true;
}

export const FOLDER = { master: 0x3f00, application: 0x7fff, telecom: 0x7f10 } as const;
/** Application identifier of a USIM (ETSI TS 101 220 §4). */
const AID = Buffer.from("A0000000871002FFFFFFFF8903020000", "hex");
/** What SELECT may be given of it. */
const AID_PREFIX = AID.subarray(0, 7);

/** Digits in pairs, the first of a pair in the low half; "F" fills. */
function swapped(digits: string): Buffer {
  const even = digits.length % 2 === 0 ? digits : `${digits}F`;
  return Buffer.from(even.replace(/(.)(.)/g, "$2$1"), "hex");
}

/** Ten bytes of digits on the card, those that are missing filled. */
export const cardNumber = ({ sim }: ModemState): string => sim.iccid.padEnd(20, "F");

/** The home network: the IMSI begins with it, and the serving one has as many digits. */
function homeNetwork({ sim, radio }: ModemState) {
  const { imsi } = sim;
  return { mcc: imsi.slice(0, 3), mnc: imsi.slice(3, 3 + radio.mnc.length) };
}

/** MCC 2 1, MNC 3 or F and MCC 3, MNC 2 1 (3GPP TS 24.008 §10.5.1.3). */
function encodePlmn({ mcc, mnc }: { readonly mcc: string; readonly mnc: string }): Buffer {
  return swapped(`${mcc}${mnc[2] ?? "F"}${mnc.slice(0, 2)}`);
}

/** E-UTRAN and GSM. */
const TECHNOLOGIES = Buffer.from("4080", "hex");
const ALPHA_BYTES = 14;
const NUMBER_BYTES = 10;

/** 3GPP TS 31.102 §4.2.26: name, length, type, number in pairs of digits, two identifiers. */
function numberRecord(msisdn: string | undefined): Buffer {
  const record = Buffer.alloc(ALPHA_BYTES + NUMBER_BYTES + 4, 0xff);
  if (msisdn === undefined) return record;
  const number = swapped(msisdn.replace(/\D/g, "").slice(0, 2 * NUMBER_BYTES));
  record.set([number.length + 1, msisdn.startsWith("+") ? 0x91 : 0x81, ...number], ALPHA_BYTES);
  return record;
}

const tlv = (tag: number, ...parts: readonly Buffer[]) => {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, value.length), value]);
};
const two = (value: number) => Buffer.of(value >> 8, value & 0xff);

/** Where what hosts have written to a card's file is kept. */
const settingOf = (id: number) => `card/${id.toString(16)}`;
const EMPTY_FORBIDDEN = "F".repeat(24);

const FILES: readonly CardFile[] = [
  // EF DIR: the applications of the card
  {
    id: 0x2f00,
    folder: FOLDER.master,
    open: true,
    records: true,
    contents: () => [tlv(0x61, tlv(0x4f, AID), tlv(0x50, Buffer.from("USIM")))],
  },
  // EF ICCID
  { id: 0x2fe2, folder: FOLDER.master, open: true, contents: (state) => [swapped(cardNumber(state))] },
  // EF IMSI: length, parity and the first digit, then pairs
  {
    id: 0x6f07,
    folder: FOLDER.application,
    contents({ sim: { imsi } }) {
      const digits = swapped(`${imsi.length % 2 === 1 ? "9" : "1"}${imsi}`);
      return [Buffer.concat([Buffer.of(digits.length), digits])];
    },
  },
  // EF MSISDN
  { id: 0x6f40, folder: FOLDER.application, records: true, contents: ({ sim }) => [numberRecord(sim.msisdn)] },
  // EF HPLMNwAcT
  {
    id: 0x6f62,
    folder: FOLDER.application,
    contents: (state) => [Buffer.concat([encodePlmn(homeNetwork(state)), TECHNOLOGIES])],
  },
  // EF FPLMN: forbidden networks, which hosts empty
  {
    id: 0x6f7b,
    folder: FOLDER.application,
    writable: true,
    contents: ({ settings }) => [Buffer.from(settings[settingOf(0x6f7b)] ?? EMPTY_FORBIDDEN, "hex")],
  },
  // EF AD: normal operation, digits of the MNC
  { id: 0x6fad, folder: FOLDER.application, contents: ({ radio }) => [Buffer.of(0, 0, 0, radio.mnc.length)] },
];

/** @returns undefined for a file that the card does not have. */
export const cardFile = (id: number): CardFile | undefined => FILES.find((each) => each.id === id);

/** The settings with what is written to a transparent file of the card. */
export function writtenTo(
  state: ModemState,
  file: CardFile,
  offset: number,
  bytes: Buffer,
): Pick<ModemState, "settings"> {
  const content = Buffer.from(file.contents(state)[0] ?? []);
  if (offset + bytes.length > content.length) throw new CmeError(50, "beyond the end of the file");
  bytes.copy(content, offset);
  return { settings: { ...state.settings, [settingOf(file.id)]: content.toString("hex").toUpperCase() } };
}

const isUsim = (name: Buffer) =>
  name.length >= AID_PREFIX.length && name.length <= AID.length && AID.subarray(0, name.length).equals(name);

/** @param name an AID or the beginning of one */
export const folderNamed = (name: Buffer): number | undefined => (isUsim(name) ? FOLDER.application : undefined);

/** File control parameters (ETSI TS 102 221 §11.1.1.3). */
export function describeFile(state: ModemState, file: CardFile): Buffer {
  const contents = file.contents(state);
  const length = contents[0]?.length ?? 0;
  const descriptor = file.records ? [0x42, 0x21, 0, length, contents.length] : [0x41, 0x21];
  return tlv(
    0x62,
    tlv(0x82, Buffer.from(descriptor)),
    tlv(0x83, two(file.id)),
    tlv(0x8a, Buffer.of(5)),
    tlv(0x80, two(length * contents.length)),
  );
}

/** The same of a folder, with whether the PIN is asked for. */
export function describeFolder({ sim }: ModemState, id: number): Buffer {
  const pinStatus = tlv(0xc6, tlv(0x90, Buffer.of(sim.card === "READY" ? 0 : 0x80)), tlv(0x83, Buffer.of(1)));
  const name = id === FOLDER.application ? [tlv(0x84, AID)] : [];
  return tlv(0x62, tlv(0x82, Buffer.of(0x78, 0x21)), tlv(0x83, two(id)), ...name, tlv(0x8a, Buffer.of(5)), pinStatus);
}
