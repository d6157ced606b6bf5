/** The simulated card as its commands see it: what is selected, and one answer a command (ETSI TS 102 221 §11). */

import { verifyPin } from "#at/card/sim-access";
import {
  type CardFile,
  cardFile,
  describeFile,
  describeFolder,
  FOLDER,
  folderNamed,
  writtenTo,
} from "#at/card/sim-files";
import { isRefusal } from "#at/result";
import type { Modem } from "#modem/modem";

/** What a terminal has selected on the card, and the answer that waits for GET RESPONSE. */
export interface Selection {
  folder: number;
  file: CardFile | undefined;
  waiting: Buffer;
  /** Which initialisation of the card it is of. */
  start: number;
}

export const createSelection = (start = 0): Selection => ({
  start,
  folder: FOLDER.master,
  file: undefined,
  waiting: Buffer.alloc(0),
});

/** Status words, ETSI TS 102 221 §10.2.1. */
export const STATUS = {
  done: 0x9000,
  wrongLength: 0x6700,
  noChannels: 0x6881,
  wrongStructure: 0x6981,
  notAllowed: 0x6982,
  blocked: 0x6983,
  noFileSelected: 0x6986,
  noSuchFile: 0x6a82,
  noSuchRecord: 0x6a83,
  wrongParameters: 0x6a86,
  wrongOffset: 0x6b00,
  noSuchInstruction: 0x6d00,
  noSuchClass: 0x6e00,
  triesLeft: 0x63c0,
  moreBytes: 0x6100,
  exactBytes: 0x6c00,
} as const;

export const INSTRUCTION = {
  verify: 0x20,
  manageChannel: 0x70,
  select: 0xa4,
  readBinary: 0xb0,
  readRecord: 0xb2,
  getResponse: 0xc0,
  updateBinary: 0xd6,
  updateRecord: 0xdc,
  status: 0xf2,
} as const;

export interface CardAnswer {
  readonly data: Buffer;
  /** Two status bytes as one number. */
  readonly status: number;
}

const EMPTY = Buffer.alloc(0);
const says = (status: number, data: Buffer = EMPTY): CardAnswer => ({ status, data });

export interface FileOrder {
  readonly instruction: number;
  readonly p1: number;
  readonly p2: number;
  /** Bytes wanted; 0 = all. */
  readonly length: number;
  readonly data: Buffer;
}

/** READ and UPDATE of one file, BINARY and RECORD. */
export function workOn(modem: Modem, file: CardFile, order: FileOrder): CardAnswer {
  const { instruction, p1, p2, length, data } = order;
  const { state } = modem;
  const { readBinary, readRecord, updateBinary } = INSTRUCTION;
  if ((state.sim.status === "SIM PIN" || state.sim.status === "SIM PUK") && !file.open) return says(STATUS.notAllowed);
  const isOfRecords = instruction === readRecord || instruction === INSTRUCTION.updateRecord;
  if (isOfRecords !== (file.records === true)) return says(STATUS.wrongStructure);
  const contents = file.contents(state);
  if (instruction === readRecord) {
    const record = contents[p1 - 1];
    if (!record) return says(STATUS.noSuchRecord);
    if (length !== 0 && length !== record.length) return says(STATUS.exactBytes + record.length);
    return says(STATUS.done, record);
  }
  const content = contents[0] ?? EMPTY;
  const offset = p1 * 256 + p2;
  if (instruction === readBinary) {
    if (offset > content.length) return says(STATUS.wrongOffset);
    const most = content.length - offset;
    if (length > most) return says(STATUS.exactBytes + most);
    return says(STATUS.done, content.subarray(offset, offset + (length === 0 ? most : length)));
  }
  if (instruction !== updateBinary) return says(STATUS.notAllowed);
  if (!file.writable) return says(STATUS.notAllowed);
  if (offset > content.length) return says(STATUS.wrongOffset);
  if (data.length === 0 || offset + data.length > content.length) return says(STATUS.wrongLength);
  modem.update((before) => writtenTo(before, file, offset, data));
  return says(STATUS.done);
}

/** One command of the card as bytes. @param command CLA INS P1 P2, then P3 and what it counts */
export function exchange(modem: Modem, selection: Selection, command: Buffer): CardAnswer {
  const [cla = 0, instruction = 0, p1 = 0, p2 = 0, p3 = 0] = command;
  const data = command.subarray(5, 5 + p3);
  const { starts } = modem.state.sim;
  if (selection.start !== starts) Object.assign(selection, createSelection(starts));
  const { waiting } = selection;
  if (cla !== 0 && cla !== 0x80) return says(STATUS.noSuchClass);
  if (instruction !== INSTRUCTION.getResponse) selection.waiting = EMPTY;
  switch (instruction) {
    case INSTRUCTION.select:
      return data.length === p3 ? select(modem, selection, p1, p2, data) : says(STATUS.wrongLength);
    case INSTRUCTION.status:
      return says(STATUS.done, p2 === 0x0c ? EMPTY : describeFolder(modem.state, selection.folder));
    case INSTRUCTION.getResponse:
      if (waiting.length === 0) return says(STATUS.noFileSelected);
      if (p3 !== 0 && p3 !== waiting.length) return says(STATUS.exactBytes + waiting.length);
      selection.waiting = EMPTY;
      return says(STATUS.done, waiting);
    case INSTRUCTION.verify:
      return verify(modem, data);
    case INSTRUCTION.manageChannel:
      return says(STATUS.noChannels);
    case INSTRUCTION.readBinary:
    case INSTRUCTION.readRecord:
      if (!selection.file) return says(STATUS.noFileSelected);
      return workOn(modem, selection.file, { instruction, p1, p2, length: p3, data: EMPTY });
    case INSTRUCTION.updateBinary:
    case INSTRUCTION.updateRecord:
      if (!selection.file) return says(STATUS.noFileSelected);
      if (data.length !== p3) return says(STATUS.wrongLength);
      return workOn(modem, selection.file, { instruction, p1, p2, length: 0, data });
    default:
      return says(STATUS.noSuchInstruction);
  }
}

/** By file id (P1 0), by name (4), by path from the master file (8). */
function select({ state }: Modem, selection: Selection, p1: number, p2: number, data: Buffer): CardAnswer {
  let { folder } = selection;
  let file: CardFile | undefined;
  if (p1 === 4) {
    const named = folderNamed(data);
    if (named === undefined) return says(STATUS.noSuchFile);
    folder = named;
  } else if (p1 === 0 || p1 === 8) {
    if (data.length === 0 || data.length % 2 !== 0) return says(STATUS.wrongLength);
    if (p1 === 8) folder = FOLDER.master;
    for (let at = 0; at < data.length; at += 2) {
      const id = data.readUInt16BE(at);
      const isFolder = Object.values(FOLDER).some((each) => each === id);
      const found = isFolder || file ? undefined : cardFile(id);
      if (isFolder && !file) folder = id;
      else if (found && found.folder === folder) file = found;
      else return says(STATUS.noSuchFile);
    }
  } else {
    return says(STATUS.wrongParameters);
  }
  selection.folder = folder;
  selection.file = file;
  if ((p2 & 0x0c) === 0x0c) return says(STATUS.done);
  selection.waiting = file ? describeFile(state, file) : describeFolder(state, folder);
  return says(STATUS.moreBytes + selection.waiting.length);
}

/** Without a PIN: how many tries are left. */
function verify(modem: Modem, padded: Buffer): CardAnswer {
  const { sim } = modem.state;
  if (sim.status === "SIM PUK") return says(STATUS.blocked);
  if (padded.length === 0) return says(sim.status === "READY" ? STATUS.done : STATUS.triesLeft + sim.pinTriesLeft);
  if (padded.length !== 8) return says(STATUS.wrongLength);
  try {
    verifyPin(modem, padded.toString("latin1").replace(/\xff+$/, ""));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { pinTriesLeft } = modem.state.sim;
    return says(pinTriesLeft === 0 ? STATUS.blocked : STATUS.triesLeft + pinTriesLeft);
  }
  modem.update((state) => ({ sim: { ...state.sim, status: "READY" } }));
  return says(STATUS.done);
}
