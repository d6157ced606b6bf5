/** Notifications on their way to the observer, and what became of them (RFC 7641 §4.5). */
import type { ResponsePart } from "#coap/bodies";
import type { NotificationOutcome } from "#coap/endpoint";
import type { ConfirmableEnd, Retransmission, Transmission } from "#coap/retransmission";
import { type Block, encode, type Message, type MessageType } from "#coap/wire";
import type { Log } from "#runtime";

type OnOutcome = (outcome: NotificationOutcome) => void;

export interface Notifications {
  send(token: Buffer, part: ResponsePart, confirmable: boolean, onOutcome: OnOutcome): void;
  /** A Reset came to a message that is not in flight: the observer may have rejected a NON notification. */
  onReset(messageId: number): void;
}

/** The Confirmable notification of one observation. */
interface Pending {
  transmission: Transmission | undefined;
  /** Waiting for the end of what has been sent. */
  sent: OnOutcome[];
  /** Waiting for the end of the renewal. */
  renewed: OnOutcome[];
}

/** NON notifications to which a Reset is still understood. */
const MAX_REMEMBERED = 256;
/** Callbacks kept for notifications that a newer one has replaced. */
const MAX_REPLACED = 64;

export interface NotificationsOptions {
  readonly retransmission: Retransmission;
  readonly nextMessageId: () => number;
  readonly send: (datagram: Buffer) => void;
  readonly log: Log;
}

export function createNotifications(options: NotificationsOptions): Notifications {
  const { retransmission, log } = options;
  const pending = new Map<string, Pending>();
  const remembered = new Map<number, OnOutcome>();

  const tell = (listeners: readonly OnOutcome[], outcome: NotificationOutcome) => {
    for (const listener of listeners) {
      try {
        listener(outcome);
      } catch (error) {
        log.error({ err: error }, "the outcome of a notification could not be handled");
      }
    }
  };

  const submit = (key: string, datagram: Buffer, listeners: OnOutcome[]) => {
    const entry: Pending = { transmission: undefined, sent: listeners, renewed: [] };
    entry.transmission = retransmission.submit(datagram, (end) => onEnd(key, entry, end));
    if (entry.transmission) pending.set(key, entry);
    else tell(listeners, "timeout");
  };

  const onEnd = (key: string, entry: Pending, end: ConfirmableEnd) => {
    if (pending.get(key) === entry) pending.delete(key);
    const renewal = entry.transmission?.renewal;
    if (end === "acknowledged" && renewal) {
      submit(key, renewal, entry.renewed);
      tell(entry.sent, end);
    } else tell([...entry.sent, ...entry.renewed], end);
  };

  /** The newer one takes the place of the one in flight at its next retransmission (RFC 7641 §4.5.2). */
  const replace = (entry: Pending, transmission: Transmission, datagram: Buffer, onOutcome: OnOutcome) => {
    if (!transmission.renewal) {
      entry.sent.push(...entry.renewed);
      entry.renewed = [];
    }
    retransmission.renew(transmission, datagram);
    (transmission.renewal ? entry.renewed : entry.sent).push(onOutcome);
    while (entry.sent.length + entry.renewed.length > MAX_REPLACED) {
      tell([(entry.sent.shift() ?? entry.renewed.shift())!], "sent");
    }
  };

  return {
    send(token, part, confirmable, onOutcome) {
      if (!confirmable) {
        const messageId = options.nextMessageId();
        options.send(encode(responseMessage("NON", messageId, token, part)));
        remembered.delete(messageId);
        if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
        remembered.set(messageId, onOutcome);
        tell([onOutcome], "sent");
        return;
      }
      const key = token.toString("latin1");
      const datagram = encode(responseMessage("CON", 0, token, part));
      const entry = pending.get(key);
      if (entry?.transmission) replace(entry, entry.transmission, datagram, onOutcome);
      else submit(key, datagram, [onOutcome]);
    },
    onReset(messageId) {
      const onOutcome = remembered.get(messageId);
      if (!onOutcome) return;
      remembered.delete(messageId);
      tell([onOutcome], "reset");
    },
  };
}

/** One message of a response, in whichever type it leaves. @param block1 the block of the request that it answers */
export function responseMessage(
  type: MessageType,
  messageId: number,
  token: Buffer,
  part: ResponsePart,
  block1?: Block,
  size1?: number,
): Message {
  const { response, payload, block2, size2 } = part;
  return { type, code: response.code, messageId, token, options: response, payload, block1, block2, size1, size2 };
}
