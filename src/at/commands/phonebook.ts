/** Phonebooks of the card and of the module; the lists of calls, which stay empty (3GPP TS 27.007 §8.11 to §8.14). */

import { requireCard } from "#at/card/sim-access";
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { fromTe, toTe } from "#at/messages/te-charset";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError } from "#at/result";
import { LONGEST_NUMBER, LONGEST_TEXT, PHONEBOOK_CAPACITY, PHONEBOOKS, type Phonebook, type PhonebookName } from "#modem/phonebook";
import { addressOf } from "#modem/sms/pdu-fields";

const spec = "3GPP TS 27.007";

/** The card's and the module's own, the lists of calls, and the card's own number. */
const BOOKS = ["SM", "DC", "LD", "MC", "ME", "RC", "ON"] as const;
/** Entries of those that cannot be written. */
const LIST_CAPACITY = 10;

const NOT_ALLOWED = 3;
const MEMORY_FULL = 20;
const INVALID_INDEX = 21;
const NOT_FOUND = 22;
const INVALID_TEXT = 50;

const writable = (name: string): PhonebookName | undefined => PHONEBOOKS.find((each) => each === name);

interface Chosen {
  readonly name: string;
  readonly book: Phonebook;
  readonly capacity: number;
}

function chosen({ modem, session }: CommandContext): Chosen {
  const { sim, phonebooks } = modem.state;
  requireCard(modem.state, false);
  const name = session.cpbs;
  const own = writable(name);
  if (own) return { name, book: phonebooks[own], capacity: PHONEBOOK_CAPACITY[own] };
  if (name !== "ON") return { name, book: {}, capacity: LIST_CAPACITY };
  const { msisdn } = sim;
  const book = msisdn === undefined ? {} : { 1: { number: msisdn, type: addressOf(msisdn).type, text: "" } };
  return { name, book, capacity: 1 };
}

const cpbs = defineCommand({
  name: "+CPBS",
  title: "Phonebook in use",
  spec: `${spec} §8.11`,
  parameters: [word("storage", BOOKS)],
  read(context) {
    const { name, book, capacity } = chosen(context);
    return [`+CPBS: "${name}",${Object.keys(book).length},${capacity}`];
  },
  write({ modem, session }, { storage }) {
    requireCard(modem.state, false);
    session.cpbs = storage;
    return [];
  },
});

function line(command: string, place: string | number, { book }: Chosen, charset: string): string {
  const { number, type, text } = book[Number(place)]!;
  return `${command}: ${place},"${number}",${type},"${toTe(text, charset)}"`;
}

const place = { min: 1, max: 999 };

const cpbr = defineCommand({
  name: "+CPBR",
  title: "Read entries",
  spec: `${spec} §8.12`,
  parameters: [integer("index1", place), optional(integer("index2", place))],
  test: (context) => [`+CPBR: (1-${chosen(context).capacity}),${LONGEST_NUMBER},${LONGEST_TEXT}`],
  write(context, { index1, index2 = index1 }) {
    const all = chosen(context);
    if (index1 > all.capacity || index2 > all.capacity) throw new CmeError(INVALID_INDEX);
    return Object.keys(all.book)
      .filter((each) => Number(each) >= index1 && Number(each) <= index2)
      .map((each) => line("+CPBR", each, all, context.session.cscs));
  },
});

const cpbf = defineCommand({
  name: "+CPBF",
  title: "Find entries whose text begins so",
  spec: `${spec} §8.13`,
  parameters: [string("findtext", { max: 4 * LONGEST_TEXT })],
  test: () => [`+CPBF: ${LONGEST_NUMBER},${LONGEST_TEXT}`],
  write(context, { findtext }) {
    const all = chosen(context);
    const { cscs } = context.session;
    const wanted = fromTe(findtext, cscs)?.toLowerCase();
    const found = Object.entries(all.book).filter(([, { text }]) => wanted !== undefined && text.toLowerCase().startsWith(wanted));
    if (found.length === 0) throw new CmeError(NOT_FOUND);
    return found.map(([each]) => line("+CPBF", each, all, cscs));
  },
});

function firstFree({ book, capacity }: Chosen): number {
  let free = 1;
  while (book[free]) free++;
  if (free > capacity) throw new CmeError(MEMORY_FULL);
  return free;
}

const cpbw = defineCommand({
  name: "+CPBW",
  title: "Write an entry; without a number, delete it",
  spec: `${spec} §8.14`,
  parameters: [
    optional(integer("index", place)),
    optional(string("number", { max: LONGEST_NUMBER, pattern: /^\+?[\d*#pPwW,]*$/ })),
    optional(integer("type", { min: 128, max: 255 })),
    optional(string("text", { max: 4 * LONGEST_TEXT })),
  ],
  test(context) {
    return [`+CPBW: (1-${chosen(context).capacity}),${LONGEST_NUMBER},(129,145,161),${LONGEST_TEXT}`];
  },
  write(context, { index, number, type, text = "" }) {
    const all = chosen(context);
    const name = writable(all.name);
    if (!name) throw new CmeError(NOT_ALLOWED);
    if (index === undefined && number === undefined) throw new CmeError(INVALID_TEXT, "neither index nor number");
    const at = index ?? firstFree(all);
    if (at > all.capacity) throw new CmeError(INVALID_INDEX);
    const { [at]: _, ...others } = all.book;
    const shown = fromTe(text, context.session.cscs);
    if (shown === undefined || shown.length > LONGEST_TEXT) throw new CmeError(INVALID_TEXT, "text");
    const entry = number === undefined ? {} : { [at]: { number, type: type ?? addressOf(number).type, text: shown } };
    context.modem.update(({ phonebooks }) => ({ phonebooks: { ...phonebooks, [name]: { ...others, ...entry } } }));
    return [];
  },
});

export const phonebookCommands: readonly CommandDefinition[] = [cpbs, cpbr, cpbf, cpbw];
