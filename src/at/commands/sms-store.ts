/** The messages that lie in the module and on its card: listed, read, written, deleted. */

import { requireCard } from "#at/card/sim-access";
import { type CommandContext, type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { keepSetting } from "#at/memory/kept-setting";
import { promptFor, readNumber, readPduTyped, readTextTyped, recipientOrLength, serviceCentre, typeOfAddress } from "#at/messages/message-entry";
import { listLines, readLines, STATUS_WORDS } from "#at/messages/message-lines";
import { integer, optional, word } from "#at/parameter";
import { CmeError, CmsError } from "#at/result";
import {
  CAPACITY,
  chosenStores,
  countIn,
  isReceived,
  type MessageStatus,
  type MessageStore,
  STORES,
  type StoredMessage,
  type StoreName,
  withMessage,
  withStore,
} from "#modem/sms/message-store";
import { centreTime } from "#modem/sms/text-message";
import { encodeMessage } from "#modem/sms/tpdu";
import type { ModemState } from "#modem/state";

const spec = "3GPP TS 27.005";
const errors = "cms";

/** 3GPP TS 27.005 §3.2.5. */
const INVALID_INDEX = 321;
const MEMORY_FULL = 322;

const used = ({ sms }: ModemState, store: StoreName) => `${countIn(sms, store)},${CAPACITY[store]}`;

const cpms = defineCommand({
  name: "+CPMS",
  title: "Message stores: to read and delete, to write and send, to receive",
  spec: `${spec} §3.2.2`,
  errors,
  parameters: [word("mem1", STORES), optional(word("mem2", STORES)), optional(word("mem3", STORES))],
  read: ({ modem }) => [
    `+CPMS: ${chosenStores(modem.state)
      .map((store) => `"${store}",${used(modem.state, store)}`)
      .join(",")}`,
  ],
  write(context, { mem1, mem2, mem3 }) {
    const { modem } = context;
    requireCard(modem.state, false);
    const [, before2, before3] = chosenStores(modem.state);
    const chosen = [mem1, mem2 ?? before2, mem3 ?? before3] as const;
    keepSetting(context, "cpms", chosen.join(","));
    return [`+CPMS: ${chosen.map((store) => used(modem.state, store)).join(",")}`];
  },
});

/** Changes the store that is read: a message that the host has seen is no longer unread. */
function markRead({ modem }: CommandContext, store: StoreName, places: readonly number[]): void {
  const messages = modem.state.sms.stores[store];
  const unread = places.filter((place) => messages[place]?.status === 0);
  if (unread.length === 0) return;
  const changed: Record<number, StoredMessage> = { ...messages };
  for (const place of unread) changed[place] = { ...messages[place]!, status: 1 };
  modem.update((state) => ({ sms: withStore(state.sms, store, changed) }));
}

const ALL = 4;
const WORDS = [...STATUS_WORDS, "ALL"];

interface Status {
  readonly value: number;
  readonly isWord: boolean;
}

/** <stat>, in words in text mode, in numbers in PDU mode. */
function statusParameter(words: readonly string[]): Parameter<"stat", Status> {
  return {
    name: "stat",
    optional: false,
    range: `(${words.map((each) => `"${each}"`).join(",")})`,
    parse(text) {
      const isWord = !/^\d$/.test(text);
      const value = isWord ? words.indexOf(text.toUpperCase()) : Number(text);
      if (value < 0 || value >= words.length) throw new CmeError(50, "stat: none of these");
      return { value, isWord };
    },
  };
}

/** @throws CmsError for a word in PDU mode, a number in text mode */
function statusOf({ session }: CommandContext, { value, isWord }: Status): number {
  if (isWord !== (session.cmgf === 1)) throw new CmsError(isWord ? 304 : 305, "stat");
  return value;
}

function list(context: CommandContext, wanted: number): readonly string[] {
  const { modem, session } = context;
  requireCard(modem.state, false);
  const [store] = chosenStores(modem.state);
  const found = Object.entries(modem.state.sms.stores[store]).filter(([, { status }]) => wanted === ALL || status === wanted);
  const lines = found.flatMap(([place, message]) => listLines(Number(place), message, session));
  markRead(
    context,
    store,
    found.map(([place]) => Number(place)),
  );
  return lines;
}

const cmgl = defineCommand({
  name: "+CMGL",
  title: "List messages",
  spec: `${spec} §3.4.2`,
  errors,
  parameters: [statusParameter(WORDS)],
  test: ({ session }) => [`+CMGL: ${session.cmgf === 1 ? statusParameter(WORDS).range : "(0-4)"}`],
  write: (context, { stat }) => list(context, statusOf(context, stat)),
  execute: (context) => list(context, 0),
});

const index = integer("index", { min: 0, max: 65_535 });

/** @throws CmsError(321) where no message lies */
function messageAt({ modem }: CommandContext, store: StoreName, place: number): StoredMessage {
  const message = modem.state.sms.stores[store][place];
  if (!message) throw new CmsError(INVALID_INDEX, `${store} ${place}`);
  return message;
}

const cmgr = defineCommand({
  name: "+CMGR",
  title: "Read a message",
  spec: `${spec} §3.4.3`,
  errors,
  parameters: [index],
  test: () => [],
  write(context, { index: place }) {
    requireCard(context.modem.state, false);
    const [store] = chosenStores(context.modem.state);
    const lines = readLines(messageAt(context, store, place), context.session);
    markRead(context, store, [place]);
    return lines;
  },
});

/** What each <delflag> takes along: those of these statuses; 0 the one named. */
const DELETED: Readonly<Record<1 | 2 | 3 | 4, readonly MessageStatus[]>> = { 1: [1], 2: [1, 3], 3: [1, 2, 3], 4: [0, 1, 2, 3] };

const without = (messages: MessageStore, isGone: (place: number, message: StoredMessage) => boolean): MessageStore =>
  Object.fromEntries(Object.entries(messages).filter(([place, message]) => !isGone(Number(place), message)));

const cmgd = defineCommand({
  name: "+CMGD",
  title: "Delete messages",
  spec: `${spec} §3.5.4`,
  errors,
  parameters: [index, optional(integer("delflag", [0, 1, 2, 3, 4]))],
  test({ modem }) {
    const [store] = chosenStores(modem.state);
    return [`+CMGD: (${Object.keys(modem.state.sms.stores[store]).join(",")}),(0-4)`];
  },
  write({ modem }, { index: place, delflag = 0 }) {
    requireCard(modem.state, false);
    const [store] = chosenStores(modem.state);
    if (delflag === 0 && place >= CAPACITY[store]) throw new CmsError(INVALID_INDEX);
    const messages = modem.state.sms.stores[store];
    const left = without(messages, (at, { status }) => (delflag === 0 ? at === place : DELETED[delflag].includes(status)));
    if (Object.keys(left).length < Object.keys(messages).length) modem.update(({ sms }) => ({ sms: withStore(sms, store, left) }));
    return [];
  },
});

const cmgw = defineCommand({
  name: "+CMGW",
  title: "Write a message; the text follows the prompt and ends with Ctrl-Z",
  spec: `${spec} §3.5.3`,
  errors,
  // In text mode <da>,<toda>,<stat>; in PDU mode <length>,<stat>.
  parameters: [
    optional(recipientOrLength),
    optional({ ...statusParameter(STATUS_WORDS), name: "toda_or_stat" as const, parse: parseTypeOrStatus }),
    optional(statusParameter(STATUS_WORDS)),
  ],
  test: () => [],
  execute: (context) => write(context, undefined, undefined, undefined),
  write: (context, { da_or_length, toda_or_stat, stat }) => write(context, da_or_length, toda_or_stat, stat),
});

function parseTypeOrStatus(text: string, quoted: boolean): Status {
  return quoted ? statusParameter(STATUS_WORDS).parse(text, true) : { value: typeOfAddressOrStatus.parse(text, false), isWord: false };
}
const typeOfAddressOrStatus = integer("toda_or_stat", { min: 0, max: 255 });

async function write(context: CommandContext, party: string | number | undefined, second: Status | undefined, third: Status | undefined) {
  const { modem, runtime } = context;
  requireCard(modem.state, false);
  const isPdu = typeof party === "number";
  const stat = isPdu ? second : third;
  const status = (stat ? statusOf(context, stat) : 2) as MessageStatus;
  if (status > 3 || (isPdu && third)) throw new CmsError(305, "stat");
  const type = isPdu || !second ? undefined : typeOfAddress.parse(String(second.value), false);
  const to = isPdu ? undefined : readNumber(context, party ?? "", type);
  const typed = await promptFor(context, party);
  if (typed === undefined) return [];
  const [, store] = chosenStores(modem.state);
  let pdu = typed.trim().toUpperCase();
  if (to) {
    const at = centreTime(runtime.clock.now(), modem.state.network.zoneQuarters);
    const { centre, tpdu } = readTextTyped(context, typed, to, isReceived(status) ? at : undefined);
    pdu = encodeMessage(centre, tpdu);
  } else readPduTyped(pdu, party as number, isReceived(status), serviceCentre(context));
  const stored = withMessage(modem.state.sms, store, { status, pdu });
  if (!stored) throw new CmsError(MEMORY_FULL);
  modem.update({ sms: stored.sms });
  return [`+CMGW: ${stored.place}`];
}

export const smsStoreCommands: readonly CommandDefinition[] = [cpms, cmgl, cmgr, cmgd, cmgw];
