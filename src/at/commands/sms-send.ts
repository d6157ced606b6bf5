/** Messages to the network. */

import { requireCard } from "#at/card/sim-access";
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { promptFor, readNumber, readPduTyped, readTextTyped, recipientOrLength, serviceCentre, typeOfAddress } from "#at/messages/message-entry";
import { integer, optional, string } from "#at/parameter";
import { CmsError } from "#at/result";
import { inService } from "#modem/network";
import { fromSeptets } from "#modem/sms/gsm-alphabet";
import { submitMessage } from "#modem/sms/message-centre";
import { chosenStores, isReceived, withStore } from "#modem/sms/message-store";
import { numberOf } from "#modem/sms/pdu-fields";
import { decodeMessage, type Message, septetsIn } from "#modem/sms/tpdu";

const spec = "3GPP TS 27.005";
const errors = "cms";

/** 3GPP TS 27.005 §3.2.5. */
const NOT_ALLOWED = 302;
const INVALID_INDEX = 321;
const NO_CENTRE = 330;
const NO_NETWORK = 331;
const NOTHING_TO_ACKNOWLEDGE = 340;

/** Hands a message to the network. @returns its TP-Message-Reference @throws CmsError */
function send(context: CommandContext, { tpdu, centre, length }: Message): number {
  const { modem, runtime } = context;
  if (tpdu.kind !== "submit") throw new CmsError(NOT_ALLOWED, "a message that was received");
  if (centre.digits === "") throw new CmsError(NO_CENTRE);
  if (!inService(modem.state)) throw new CmsError(NO_NETWORK);
  // the next one of 0-255 (3GPP TS 23.040 §9.2.3.6)
  const reference = (Number(keptSetting(context, "sms/reference", "255")) + 1) % 256;
  keepSetting(context, "sms/reference", String(reference));
  const { data } = tpdu;
  const text = data.alphabet === "gsm" ? fromSeptets(septetsIn(data)) : data.octets.toString("hex");
  runtime.log.info({ to: numberOf(tpdu.to), alphabet: data.alphabet, text, reference }, "short message sent");
  submitMessage(modem, { centre, length, tpdu: { ...tpdu, reference } });
  return reference;
}

const cmgs = defineCommand({
  name: "+CMGS",
  title: "Send a message; the text follows the prompt and ends with Ctrl-Z",
  spec: `${spec} §3.5.1`,
  errors,
  parameters: [recipientOrLength, optional(typeOfAddress)],
  test: () => [],
  async write(context, { da_or_length, toda }) {
    requireCard(context.modem.state, false);
    const to = typeof da_or_length === "string" ? readNumber(context, da_or_length, toda) : undefined;
    const typed = await promptFor(context, da_or_length);
    if (typed === undefined) return [];
    const message = to ? readTextTyped(context, typed, to) : readPduTyped(typed, da_or_length as number, false, serviceCentre(context));
    return [`+CMGS: ${send(context, message)}`];
  },
});

const cmss = defineCommand({
  name: "+CMSS",
  title: "Send a message that is stored",
  spec: `${spec} §3.5.2`,
  errors,
  parameters: [integer("index", { min: 0, max: 65_535 }), optional(string("da", { max: 84 })), optional(typeOfAddress)],
  test: () => [],
  write(context, { index, da, toda }) {
    const { modem } = context;
    requireCard(modem.state, false);
    const [, store] = chosenStores(modem.state);
    const stored = modem.state.sms.stores[store][index];
    if (!stored) throw new CmsError(INVALID_INDEX);
    if (isReceived(stored.status)) throw new CmsError(NOT_ALLOWED, "a message that was received");
    const message = decodeMessage(stored.pdu, false);
    const centre = message.centre.digits === "" ? serviceCentre(context) : message.centre;
    const to = da === undefined ? undefined : readNumber(context, da, toda);
    const tpdu = to && message.tpdu.kind === "submit" ? { ...message.tpdu, to } : message.tpdu;
    const reference = send(context, { ...message, centre, tpdu });
    modem.update(({ sms }) => ({ sms: withStore(sms, store, { ...sms.stores[store], [index]: { ...stored, status: 3 } }) }));
    return [`+CMSS: ${reference}`];
  },
});

const cmms = defineCommand({
  name: "+CMMS",
  title: "More messages to send: the link is kept in between",
  spec: `${spec} §3.5.6`,
  errors,
  parameters: [integer("n", [0, 1, 2])],
  read: ({ session }) => [`+CMMS: ${session.cmms}`],
  write({ session }, { n }) {
    session.cmms = n;
    return [];
  },
});

/** @throws CmsError(340) */
function acknowledge({ modem }: CommandContext): readonly string[] {
  const { sms } = modem.state;
  if (!sms.unacknowledged) throw new CmsError(NOTHING_TO_ACKNOWLEDGE);
  modem.update({ sms: { ...sms, unacknowledged: undefined } });
  return [];
}

const cnma = defineCommand({
  name: "+CNMA",
  title: "Acknowledge a message that was told as a whole",
  spec: `${spec} §3.4.4`,
  errors,
  parameters: [integer("n", [0, 1, 2])],
  test: ({ session }) => (session.cmgf === 1 ? [] : ["+CNMA: (0-2)"]),
  write: (context) => acknowledge(context),
  execute: acknowledge,
});

export const smsSendCommands: readonly CommandDefinition[] = [cmgs, cmss, cmms, cnma];
