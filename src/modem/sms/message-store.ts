/** The places where the module keeps short messages: those of the card and its own (3GPP TS 27.005 §3.2.2). */
import type { Arrival, Routing, Waiting } from "#modem/sms/message-centre";
import type { ModemState } from "#modem/state";

/** <stat>: received unread, received read, stored unsent, stored sent. */
export type MessageStatus = 0 | 1 | 2 | 3;

export interface StoredMessage {
  readonly status: MessageStatus;
  /** The service centre's address, then the TPDU, in hexadecimal of upper case. */
  readonly pdu: string;
}

export const STORES = ["SM", "ME"] as const;
export type StoreName = (typeof STORES)[number];
/** By the place where it lies, from 0. */
export type MessageStore = Readonly<Record<number, StoredMessage>>;

/** Short messages: those that lie in the module and on its card, and those on their way to it. */
export interface SmsState {
  readonly stores: Readonly<Record<StoreName, MessageStore>>;
  readonly routing: Routing;
  /** At the service centre. */
  readonly waiting: readonly Waiting[];
  /** The latest that the host is told of; each change is a value of its own. */
  readonly arrivals: readonly Arrival[];
  /** Those that AT+CNMI keeps from the host for now. */
  readonly held: readonly Arrival[];
  /** Told to the host, which has to answer it with AT+CNMA. */
  readonly unacknowledged: Waiting | undefined;
}

/** Messages that fit. */
export const CAPACITY: Readonly<Record<StoreName, number>> = { SM: 40, ME: 255 };

export const isReceived = (status: MessageStatus) => status < 2;

export const countIn = ({ stores }: SmsState, store: StoreName): number => Object.keys(stores[store]).length;

export const isFull = (sms: SmsState, store: StoreName): boolean => countIn(sms, store) >= CAPACITY[store];

/** What AT+CPMS has chosen: to read and delete, to write and send, to receive. */
export function chosenStores({ settings }: Pick<ModemState, "settings">): readonly [StoreName, StoreName, StoreName] {
  const chosen = (settings.cpms ?? "").split(",");
  const at = (index: number) => STORES.find((store) => store === chosen[index]) ?? "ME";
  return [at(0), at(1), at(2)];
}

/** @returns the state with the message at the first free place, and that place; undefined when there is none. */
export function withMessage(
  sms: SmsState,
  store: StoreName,
  message: StoredMessage,
): { readonly sms: SmsState; readonly place: number } | undefined {
  const messages = sms.stores[store];
  let place = 0;
  while (messages[place]) place++;
  if (place >= CAPACITY[store]) return undefined;
  return { place, sms: withStore(sms, store, { ...messages, [place]: message }) };
}

export const withStore = (sms: SmsState, store: StoreName, messages: MessageStore): SmsState => ({
  ...sms,
  stores: { ...sms.stores, [store]: messages },
});
