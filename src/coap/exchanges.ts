/** Our requests, each matched to its one response by token (RFC 7252 §5.3). */
import { CoapFailure, type Method, type Options } from "#coap/message";
import type { ConfirmableEnd, Retransmission, Transmission } from "#coap/retransmission";
import { type Block, codeOf, encode, type Message } from "#coap/wire";
import type { Cancel, Clock } from "#runtime";

/** One request message: a whole request, or one block of a larger one. */
export interface RequestPart {
  readonly method: Method;
  readonly token: Buffer;
  readonly options: Options;
  readonly payload: Buffer;
  readonly block1?: Block | undefined;
  readonly block2?: Block | undefined;
  readonly size1?: number | undefined;
}

export interface Exchanges {
  /** Sends one Confirmable request. @throws CoapFailure */
  perform(part: RequestPart): Promise<Message>;
  /** Takes a response of any type. "unexpected": nobody waits for it; "rejected": it carries what we must understand but do not. */
  onResponse(response: Message): "accepted" | "unexpected" | "rejected";
  /** Fails all that is open. */
  close(reason: string): void;
}

interface Exchange {
  readonly name: string;
  readonly resolve: (response: Message) => void;
  readonly reject: (failure: CoapFailure) => void;
  transmission: Transmission | undefined;
  cancelTimer: Cancel | undefined;
}

/** @param responseWaitMs how long an acknowledged request waits for its separate response */
export function createExchanges(retransmission: Retransmission, clock: Clock, responseWaitMs: number): Exchanges {
  const open = new Map<string, Exchange>();
  let closedBecause: string | undefined;

  const finish = (key: string, exchange: Exchange) => {
    if (open.get(key) === exchange) open.delete(key);
    exchange.cancelTimer?.();
    if (exchange.transmission) retransmission.cancel(exchange.transmission);
  };

  const fail = (key: string, exchange: Exchange, failure: CoapFailure) => {
    finish(key, exchange);
    exchange.reject(failure);
  };

  const onEnd = (key: string, exchange: Exchange, end: ConfirmableEnd) => {
    if (end === "acknowledged") {
      exchange.cancelTimer = clock.after(responseWaitMs, () =>
        fail(key, exchange, new CoapFailure("timeout", `${exchange.name}: acknowledged but never answered`)),
      );
    } else if (end === "reset") fail(key, exchange, new CoapFailure("reset", `${exchange.name}: answered by Reset`));
    else fail(key, exchange, new CoapFailure("timeout", `${exchange.name}: no answer from the peer`));
  };

  return {
    perform(part) {
      return new Promise<Message>((resolve, reject) => {
        const name = `${part.method} /${part.options.uriPath?.join("/") ?? ""}`;
        if (closedBecause !== undefined) {
          reject(new CoapFailure("closed", `${name}: ${closedBecause}`));
          return;
        }
        let datagram: Buffer;
        try {
          datagram = encode({ ...part, type: "CON", code: codeOf(part.method), messageId: 0 });
        } catch (error) {
          reject(new CoapFailure("protocol", `${name}: ${(error as Error).message}`));
          return;
        }
        const key = part.token.toString("latin1");
        const exchange: Exchange = { name, resolve, reject, transmission: undefined, cancelTimer: undefined };
        exchange.transmission = retransmission.submit(datagram, (end) => onEnd(key, exchange, end));
        if (exchange.transmission) open.set(key, exchange);
        else reject(new CoapFailure("protocol", `${name}: too many messages are waiting to be sent`));
      });
    },

    onResponse(response) {
      const key = response.token.toString("latin1");
      const exchange = open.get(key);
      if (!exchange) return "unexpected";
      // A piggybacked response must match in both, message ID and token (RFC 7252 §5.3.2).
      if (response.type === "ACK" && response.messageId !== exchange.transmission?.messageId) return "unexpected";
      if (response.badOption !== undefined) {
        const why = `the response has critical option ${response.badOption}, which is unknown here`;
        fail(key, exchange, new CoapFailure("protocol", `${exchange.name}: ${why}`)); // RFC 7252 §5.4.1
        return "rejected";
      }
      finish(key, exchange);
      exchange.resolve(response);
      return "accepted";
    },

    close(reason) {
      closedBecause = reason;
      for (const [key, exchange] of [...open]) {
        fail(key, exchange, new CoapFailure("closed", `${exchange.name}: ${reason}`));
      }
    },
  };
}
