/** Confirmable notifications under way to one Server. */
import type { Endpoint } from "#coap/endpoint";
import type { Response } from "#coap/message";

export interface Notification {
  readonly token: Buffer;
  readonly response: Response;
  readonly onOutcome: Parameters<Endpoint["notify"]>[3];
}

export interface UnsettledNotifications {
  /** How many have no outcome yet. */
  readonly count: number;
  send(notification: Notification, endpoint: Endpoint): void;
  /** The link of those under way leads nowhere any more: they go again with sendStranded(), once the Server knows another. */
  strand(): void;
  sendStranded(endpoint: Endpoint | undefined): void;
  /** None of them matters any more. */
  clear(): void;
}

export function createUnsettledNotifications(): UnsettledNotifications {
  const unsettled = new Set<Notification>();
  let stranded: readonly Notification[] = [];

  const send = (notification: Notification, endpoint: Endpoint) => {
    const { token, response, onOutcome } = notification;
    unsettled.add(notification);
    endpoint.notify(token, response, true, (outcome) => {
      unsettled.delete(notification);
      onOutcome(outcome);
    });
  };

  return {
    get count() {
      return unsettled.size;
    },
    send,
    strand() {
      stranded = [...stranded, ...unsettled];
      unsettled.clear();
    },
    sendStranded(endpoint) {
      if (!endpoint) return;
      for (const each of stranded) send(each, endpoint);
      stranded = [];
    },
    clear() {
      unsettled.clear();
      stranded = [];
    },
  };
}
