/** Short messages as AT commands and unsolicited result codes print them (3GPP TS 27.005 §3.1). */

import { toTe } from "#at/messages/te-charset";
import type { Session } from "#at/session";
import { fromSeptets } from "#modem/sms/gsm-alphabet";
import { isReceived, type MessageStatus, type StoredMessage } from "#modem/sms/message-store";
import { type Address, numberOf } from "#modem/sms/pdu-fields";
import { decodeMessage, HAS_HEADER, type Message, type StatusReport, septetsIn, type Tpdu } from "#modem/sms/tpdu";

/** <stat> in text mode; in PDU mode its number. */
export const STATUS_WORDS = ["REC UNREAD", "REC READ", "STO UNSENT", "STO SENT"] as const;

type Style = Pick<Session, "cmgf" | "csdh" | "cscs">;

const number = (address: Address, { cscs }: Style) => `"${toTe(numberOf(address), cscs)}"`;

/** Text, or octets in hexadecimal where it is none. */
function dataOf(tpdu: Exclude<Tpdu, StatusReport>, { cscs }: Style): string {
  const { fo, data } = tpdu;
  const isText = data.alphabet === "gsm" && (fo & HAS_HEADER) === 0;
  return isText ? toTe(fromSeptets(septetsIn(data)), cscs) : data.octets.toString("hex").toUpperCase();
}

const reportFields = ({ fo, reference, to, at, dischargedAt, status }: StatusReport, style: Style) =>
  `${fo},${reference},${number(to, style)},${to.type},"${at}","${dischargedAt}",${status}`;

/** What AT+CSDH=1 adds. */
function details({ tpdu, centre }: Message, style: Style): string {
  if (style.csdh === 0 || tpdu.kind === "report") return "";
  const { fo, pid, dcs, data } = tpdu;
  const party = tpdu.kind === "deliver" ? tpdu.from : tpdu.to;
  const validity =
    tpdu.kind === "submit"
      ? `,${typeof tpdu.validity === "string" ? `"${tpdu.validity}"` : (tpdu.validity ?? "")}`
      : "";
  return `,${party.type},${fo},${pid},${dcs}${validity},${number(centre, style)},${centre.type},${data.length}`;
}

const read = ({ status, pdu }: StoredMessage) => decodeMessage(pdu, isReceived(status));
const statusText = (status: MessageStatus, { cmgf }: Style) =>
  cmgf === 1 ? `"${STATUS_WORDS[status]}"` : String(status);

/** Of AT+CMGL. */
export function listLines(place: number, stored: StoredMessage, style: Style): readonly string[] {
  const message = read(stored);
  const { tpdu } = message;
  const head = `+CMGL: ${place},${statusText(stored.status, style)}`;
  if (style.cmgf === 0) return [`${head},,${message.length}`, stored.pdu];
  if (tpdu.kind === "report") return [`${head},${reportFields(tpdu, style)}`];
  const party = tpdu.kind === "deliver" ? tpdu.from : tpdu.to;
  const at = tpdu.kind === "deliver" ? `"${tpdu.at}"` : "";
  const more = style.csdh === 1 ? `,${party.type},${tpdu.data.length}` : "";
  return [`${head},${number(party, style)},,${at}${more}`, dataOf(tpdu, style)];
}

/** Of AT+CMGR. */
export function readLines(stored: StoredMessage, style: Style): readonly string[] {
  const message = read(stored);
  const { tpdu } = message;
  const head = `+CMGR: ${statusText(stored.status, style)}`;
  if (style.cmgf === 0) return [`${head},,${message.length}`, stored.pdu];
  if (tpdu.kind === "report") return [`${head},${reportFields(tpdu, style)}`];
  const fields = tpdu.kind === "deliver" ? `${number(tpdu.from, style)},,"${tpdu.at}"` : `${number(tpdu.to, style)},`;
  return [`${head},${fields}${details(message, style)}`, dataOf(tpdu, style)];
}

/** +CMT and +CDS: a message as a whole. */
export function directLines(pdu: string, style: Style): readonly string[] {
  const message = decodeMessage(pdu, true);
  const { tpdu, length } = message;
  if (tpdu.kind === "report")
    return style.cmgf === 1 ? [`+CDS: ${reportFields(tpdu, style)}`] : [`+CDS: ${length}`, pdu];
  if (style.cmgf === 0) return [`+CMT: ,${length}`, pdu];
  if (tpdu.kind === "submit") return [];
  return [`+CMT: ${number(tpdu.from, style)},,"${tpdu.at}"${details(message, style)}`, dataOf(tpdu, style)];
}
