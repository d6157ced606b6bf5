/** Short messages as the host types them behind the prompt. */
import type { CommandContext, Parameter } from "#at/command";
import { keptSetting } from "#at/memory/kept-setting";
import { fromTe } from "#at/messages/te-charset";
import { integer } from "#at/parameter";
import { CmeError, CmsError } from "#at/result";
import { toSeptets } from "#modem/sms/gsm-alphabet";
import { type Address, addressOf, alphabetOf, NUMBER, PduError } from "#modem/sms/pdu-fields";
import {
  decodeMessage,
  encodeMessage,
  HAS_HEADER,
  type Message,
  MTI,
  type Tpdu,
  type UserData,
  userData,
  validityFormat,
} from "#modem/sms/tpdu";

/** 3GPP TS 27.005 §3.2.5. */
const INVALID_PDU = 304;
const INVALID_TEXT = 305;
/** 160 characters of text, 140 octets or 164 octets and a service centre's address in hexadecimal; one more makes it too long. */
const MOST_TYPED = 400;

/** Text mode's `"<da>"`, in the host's character set, or PDU mode's length in octets. */
export const recipientOrLength: Parameter<"da_or_length", string | number> = {
  name: "da_or_length",
  optional: false,
  range: "<da>",
  parse(text, quoted) {
    if (quoted && /^[+\d*#A-Ca-c]{1,84}$/.test(text)) return text;
    if (quoted && /^[\dA-Fa-f]{4,84}$/.test(text)) return text;
    if (!quoted && /^\d{1,3}$/.test(text)) return Number(text);
    throw new CmeError(50, "da_or_length: neither a number in quotes nor a length");
  },
};

export const typeOfAddress = integer("toda", { min: 128, max: 255 });

/** @throws CmsError(305) */
export function readNumber({ session }: Pick<CommandContext, "session">, typed: string, type?: number): Address {
  const number = fromTe(typed, session.cscs) ?? "";
  if (!NUMBER.test(number)) throw new CmsError(INVALID_TEXT, "the number is none");
  return addressOf(number, type);
}

/** The service centre's: the host's own, else the card's. */
export function serviceCentre(context: CommandContext): Address {
  const { number = "", type } =
    /^"(?<number>[^"]*)",(?<type>\d+)$/.exec(keptSetting(context, "csca", ""))?.groups ?? {};
  return type === undefined ? addressOf(context.modem.state.sim.centre) : addressOf(number, Number(type));
}

/** Takes what follows the prompt. @returns undefined when the host gives up */
export async function promptFor(
  { data, session }: CommandContext,
  addressOrLength: string | number | undefined,
): Promise<string | undefined> {
  const isText = typeof addressOrLength !== "number";
  if (isText !== (session.cmgf === 1)) throw new CmsError(isText ? INVALID_PDU : INVALID_TEXT);
  return (await data.prompt(MOST_TYPED))?.toString("latin1");
}

/** @throws CmsError(304) */
export function readPduTyped(typed: string, length: number, fromCentre: boolean, centre: Address): Message {
  try {
    const message = decodeMessage(typed.trim(), fromCentre);
    if (message.length !== length) throw new PduError(`${message.length} octets, not ${length}`);
    return message.centre.digits === "" ? { ...message, centre } : message;
  } catch (error) {
    if (error instanceof PduError) throw new CmsError(INVALID_PDU, error.message);
    throw error;
  }
}

/** Text, or octets in hexadecimal, as AT+CSMP says. */
function dataOf(typed: string, fo: number, dcs: number, charset: string): UserData {
  const alphabet = alphabetOf(dcs);
  const isHex = (fo & HAS_HEADER) !== 0 || alphabet !== "gsm";
  if (isHex) {
    if (!/^([0-9A-Fa-f]{2})*$/.test(typed)) throw new PduError("text: not hexadecimal digits in pairs");
    const octets = Buffer.from(typed, "hex");
    return {
      alphabet,
      octets,
      header: Buffer.alloc(0),
      length: alphabet === "gsm" ? Math.floor((octets.length * 8) / 7) : octets.length,
    };
  }
  const text = fromTe(typed, charset);
  const septets = text === undefined ? undefined : toSeptets(text);
  if (!septets) throw new PduError("text: characters that the alphabet has not");
  return userData(alphabet, septets);
}

/** @param at of a message as the network brings it, undefined of one to be sent @throws CmsError(305) */
export function readTextTyped(context: CommandContext, typed: string, party: Address, at?: string): Message {
  const [fo, vp, pid, dcs] = context.session.csmp;
  try {
    const data = dataOf(typed, fo, dcs, context.session.cscs);
    const coded = { pid, dcs, data };
    const validity = validityFormat(fo) === 0 ? undefined : vp;
    const tpdu: Tpdu =
      at === undefined
        ? { kind: "submit", fo: (fo & ~3) | MTI.submit, reference: 0, to: party, validity, ...coded }
        : { kind: "deliver", fo: (fo & HAS_HEADER) | 0x04, from: party, at, ...coded };
    // decoded again: a header that does not fit is found
    return decodeMessage(encodeMessage(serviceCentre(context), tpdu), at !== undefined);
  } catch (error) {
    if (error instanceof PduError) throw new CmsError(INVALID_TEXT, error.message);
    throw error;
  }
}
