/** Confirmable messages on their way out: NSTART, retransmission, and how each ended (RFC 7252 §4.2, §4.7). */
import type { TransmissionParameters } from "#coap/endpoint";
import type { Cancel, Clock, Random } from "#runtime";

export type ConfirmableEnd = "acknowledged" | "reset" | "timeout";

/** One Confirmable message in the queue or in flight; only this file changes it. */
export interface Transmission {
  state: "waiting" | "sent" | "ended";
  messageId: number;
  datagram: Buffer;
  /** Takes the place of `datagram` at the next retransmission. */
  renewal: Buffer | undefined;
  retransmissions: number;
  timeoutMs: number;
  cancelTimer: Cancel | undefined;
  readonly ended: (end: ConfirmableEnd) => void;
}

export interface Retransmission {
  /**
   * Queues an encoded message, whose message ID is filled in when its turn comes.
   * @returns undefined if too many are waiting, or after close()
   */
  submit(datagram: Buffer, ended: (end: ConfirmableEnd) => void): Transmission | undefined;
  /** Newer bytes: at once if still waiting, else with the next retransmission, under a new message ID (RFC 7641 §4.5.2). */
  renew(transmission: Transmission, datagram: Buffer): void;
  /** The transmission in flight under this message ID. */
  find(messageId: number): Transmission | undefined;
  /** Ends it, frees its place, tells its owner. */
  end(transmission: Transmission, end: ConfirmableEnd): void;
  /** Ends it without telling its owner. */
  cancel(transmission: Transmission): void;
  /** Ends all without telling anybody. */
  close(): void;
}

export interface RetransmissionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly parameters: TransmissionParameters;
  readonly nextMessageId: () => number;
  readonly send: (datagram: Buffer) => void;
}

const MAX_WAITING = 1000;

/** MAX_LATENCY, RFC 7252 §4.8.2. */
const MAX_LATENCY_MS = 100_000;

/** EXCHANGE_LIFETIME: how long a message ID stays taken (RFC 7252 §4.8.2); 247 s by default. */
export function exchangeLifetimeMs(parameters: TransmissionParameters): number {
  const transmitSpanMs = parameters.ackTimeoutMs * (2 ** parameters.maxRetransmit - 1) * parameters.ackRandomFactor;
  return transmitSpanMs + 2 * MAX_LATENCY_MS + parameters.ackTimeoutMs;
}

export function createRetransmission(options: RetransmissionOptions): Retransmission {
  const { clock, random, parameters, send } = options;
  const inFlight = new Map<number, Transmission>();
  let waiting: Transmission[] = [];
  let isClosed = false;

  const identify = (transmission: Transmission) => {
    do transmission.messageId = options.nextMessageId();
    while (inFlight.has(transmission.messageId));
    transmission.datagram.writeUInt16BE(transmission.messageId, 2);
    inFlight.set(transmission.messageId, transmission);
  };

  const arm = (transmission: Transmission) => {
    transmission.cancelTimer = clock.after(transmission.timeoutMs, () => onTimer(transmission));
  };

  const start = (transmission: Transmission) => {
    transmission.state = "sent";
    identify(transmission);
    transmission.timeoutMs = parameters.ackTimeoutMs * (1 + random.fraction() * (parameters.ackRandomFactor - 1));
    arm(transmission);
    send(transmission.datagram);
  };

  const onTimer = (transmission: Transmission) => {
    if (transmission.state !== "sent") return;
    if (transmission.retransmissions >= parameters.maxRetransmit) {
      end(transmission, "timeout");
      return;
    }
    transmission.retransmissions++;
    transmission.timeoutMs *= 2;
    if (transmission.renewal) {
      inFlight.delete(transmission.messageId);
      transmission.datagram = transmission.renewal;
      transmission.renewal = undefined;
      identify(transmission);
    }
    arm(transmission);
    send(transmission.datagram);
  };

  const cancel = (transmission: Transmission) => {
    if (transmission.state === "ended") return;
    if (transmission.state === "waiting") waiting = waiting.filter((other) => other !== transmission);
    else inFlight.delete(transmission.messageId);
    transmission.state = "ended";
    transmission.cancelTimer?.();
    while (inFlight.size < parameters.nstart && waiting.length > 0) start(waiting.shift()!);
  };

  const end = (transmission: Transmission, how: ConfirmableEnd) => {
    if (transmission.state === "ended") return;
    cancel(transmission);
    transmission.ended(how);
  };

  return {
    submit(datagram, ended) {
      if (isClosed || waiting.length >= MAX_WAITING) return undefined;
      const transmission: Transmission = {
        state: "waiting",
        messageId: 0,
        datagram,
        renewal: undefined,
        retransmissions: 0,
        timeoutMs: 0,
        cancelTimer: undefined,
        ended,
      };
      if (inFlight.size < parameters.nstart) start(transmission);
      else waiting.push(transmission);
      return transmission;
    },
    renew(transmission, datagram) {
      if (transmission.state === "waiting") transmission.datagram = datagram;
      else transmission.renewal = datagram;
    },
    find: (messageId) => inFlight.get(messageId),
    end,
    cancel,
    close() {
      isClosed = true;
      for (const transmission of [...inFlight.values(), ...waiting]) {
        transmission.state = "ended";
        transmission.cancelTimer?.();
      }
      inFlight.clear();
      waiting = [];
    },
  };
}
