/** The card's files: as the module reaches them (AT+CRSM), and by the card's own commands (AT+CSIM). */

import { requireCard } from "#at/card/sim-access";
import { type CardAnswer, exchange, INSTRUCTION, STATUS, workOn } from "#at/card/sim-card";
import { cardFile, describeFile, describeFolder, FOLDER } from "#at/card/sim-files";
import { type CommandDefinition, defineCommand } from "#at/command";
import { hex, integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";

const byte = { min: 0, max: 255 };
const { getResponse, readBinary, readRecord, status, updateBinary, updateRecord } = INSTRUCTION;
const hexOf = (bytes: Buffer) => bytes.toString("hex").toUpperCase();

/** 3GPP TS 27.007 §8.18: the status bytes as decimal numbers. */
function crsmLine({ status: words, data }: CardAnswer): string {
  // AT+CRSM has no way to ask anew with the length that the card names
  const told = words >> 8 === STATUS.exactBytes >> 8 ? STATUS.wrongLength : words;
  return `+CRSM: ${told >> 8},${told & 0xff}${data.length > 0 ? `,"${hexOf(data)}"` : ""}`;
}

const crsm = defineCommand({
  name: "+CRSM",
  title: "Files of the card: read and written by file id",
  spec: "3GPP TS 27.007 §8.18",
  parameters: [
    integer("command", [readBinary, readRecord, getResponse, updateBinary, updateRecord, status]),
    optional(integer("fileid", { min: 0, max: 65_535 })),
    optional(integer("P1", byte)),
    optional(integer("P2", byte)),
    optional(integer("P3", byte)),
    optional(hex("data", { maxBytes: 255 })),
    optional(string("pathid", { max: 64 })),
  ],
  test: () => [],
  write({ modem }, { command: instruction, fileid, P1: p1 = 0, P2: p2 = 0, P3: length = 0, data = Buffer.alloc(0) }) {
    requireCard(modem.state, false);
    if (instruction === status) {
      return [crsmLine({ status: STATUS.done, data: describeFolder(modem.state, FOLDER.application) })];
    }
    if (fileid === undefined) throw new CmeError(50, "fileid is missing");
    const file = cardFile(fileid);
    if (!file) return [crsmLine({ status: STATUS.noSuchFile, data: Buffer.alloc(0) })];
    if (instruction === getResponse) return [crsmLine({ status: STATUS.done, data: describeFile(modem.state, file) })];
    if ((instruction === updateBinary || instruction === updateRecord) && length !== data.length) {
      throw new CmeError(50, "P3 is not the length of data");
    }
    return [crsmLine(workOn(modem, file, { instruction, p1, p2, length, data }))];
  },
});

/** CLA INS P1 P2. */
const HEADER_BYTES = 4;

const csim = defineCommand({
  name: "+CSIM",
  title: "Commands of the card: SELECT, READ, UPDATE, STATUS, VERIFY, GET RESPONSE",
  spec: "3GPP TS 27.007 §8.17",
  parameters: [integer("length", { min: 8, max: 522 }), hex("command", { maxBytes: 261 })],
  test: () => [],
  write({ modem, session }, { length, command }) {
    requireCard(modem.state, true);
    if (command.length * 2 !== length) throw new CmeError(50, "length is not that of command");
    if (command.length < HEADER_BYTES) throw new CmeError(50, "command is too short");
    const { data, status: words } = exchange(modem, session.scratch.card, command);
    const answer = `${hexOf(data)}${words.toString(16).toUpperCase().padStart(4, "0")}`;
    return [`+CSIM: ${answer.length},"${answer}"`];
  },
});

export const cardCommands: readonly CommandDefinition[] = [crsm, csim];
