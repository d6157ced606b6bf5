/** Messages as an operator writes them: `+491701234567: hello`, or `pdu:` and the PDU in hexadecimal. */

import { toSeptets } from "#modem/sms/gsm-alphabet";
import type { Waiting } from "#modem/sms/message-centre";
import { ALPHANUMERIC, addressOf, NUMBER, PduError } from "#modem/sms/pdu-fields";
import { MOST_PARTS, partsOf } from "#modem/sms/text-message";
import { decodeMessage, type Submit, type Tpdu } from "#modem/sms/tpdu";

const MOST_CHARACTERS = 1530;
const MOST_NAME = 11;

/** @returns undefined for what is neither. */
export function parseIncoming(text: string): Waiting | undefined {
  if (/^pdu:/i.test(text)) return parsePdu(text.slice(4).trim().toUpperCase());
  const [, sender = "", content = ""] = /^([^:]{1,21}): ?(.*)$/s.exec(text) ?? [];
  if (sender === "" || content.length > MOST_CHARACTERS || partsOf(content) > MOST_PARTS) return undefined;
  if (NUMBER.test(sender)) return { from: addressOf(sender), text: content };
  const septets = toSeptets(sender);
  if (!septets || septets.length > MOST_NAME) return undefined;
  return { from: { digits: sender, type: ALPHANUMERIC }, text: content };
}

function parsePdu(pdu: string): Waiting | undefined {
  try {
    return { pdu, tpdu: decodeMessage(pdu, true).tpdu as Exclude<Tpdu, Submit> };
  } catch (error) {
    if (error instanceof PduError) return undefined;
    throw error;
  }
}
