/** The message layer of one peer: CON/NON/ACK/RST, tokens, de-duplication, blocks (RFC 7252, 7641, 7959). */
import { createBodies } from "#coap/bodies";
import { createDuplicates, fingerprintOf, type Seen } from "#coap/duplicates";
import { createExchanges } from "#coap/exchanges";
import type { Link } from "#coap/link";
import { CoapFailure, type Request, type Response } from "#coap/message";
import { createNotifications } from "#coap/notifications";
import { performRequest } from "#coap/requests";
import { createRetransmission, exchangeLifetimeMs } from "#coap/retransmission";
import { createServing } from "#coap/serving";
import { type BodySink, createUploads } from "#coap/uploads";
import { type Block, decode, EMPTY, encodeEmpty, isRequestCode, type Message } from "#coap/wire";
import type { Runtime } from "#runtime";

/** RFC 7252 §4.8. */
export interface TransmissionParameters {
  readonly ackTimeoutMs: number;
  readonly ackRandomFactor: number;
  readonly maxRetransmit: number;
  readonly nstart: number;
}

export const DEFAULT_TRANSMISSION: TransmissionParameters = {
  ackTimeoutMs: 2000,
  ackRandomFactor: 1.5,
  maxRetransmit: 4,
  nstart: 1,
};

export type OutgoingRequest = Omit<Request, "token" | "confirmable" | "payload"> & { readonly payload?: Buffer };

/** How a notification ended. A NON one ends as "sent"; a later Reset to it is reported as "reset" too. */
export type NotificationOutcome = "acknowledged" | "sent" | "reset" | "timeout";

export interface EndpointOptions {
  readonly link: Link;
  readonly runtime: Runtime;
  readonly transmission?: TransmissionParameters;
  /** Largest body joined from Block1 or Block2, bytes; beyond it 4.13 or a CoapFailure. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Serves one request, exactly once however often its datagram arrives; a thrown CoapError becomes its code, anything else 5.00. A promise makes a separate response. */
  readonly onRequest: (request: Request) => Response | Promise<Response>;
  /**
   * Where the body of a request that comes in several blocks goes, as its first block arrives; undefined = it is joined
   * in memory, and onRequest gets it. @throws CoapError
   * @param size of the whole body, bytes, where the peer tells it (Size1)
   */
  readonly onUpload?: ((request: Request, size: number | undefined) => BodySink | undefined) | undefined;
  /** The link has closed without us asking. */
  readonly onClosed?: (reason: string) => void;
  /** Every datagram, for counters. */
  readonly onTraffic?: (direction: "in" | "out", bytes: number) => void;
}

export interface Endpoint {
  readonly link: Link;
  /** Sends a Confirmable request; large payloads go by Block1, large responses are joined. @throws CoapFailure */
  request(request: OutgoingRequest): Promise<Response>;
  /** Asks for one block of a representation, for who does not want it joined in memory. @throws CoapFailure */
  requestBlock(request: OutgoingRequest, block2: Block): Promise<Message>;
  /** Sends a notification to an observer; large ones go by Block2. `onOutcome` may be called again with "reset" for a NON one. */
  notify(
    token: Buffer,
    response: Response,
    confirmable: boolean,
    onOutcome: (outcome: NotificationOutcome) => void,
  ): void;
  /** Nothing is sent or received afterwards; open requests end with CoapFailure("closed"). Idempotent. */
  close(): void;
}

const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;

/** Our tokens; long enough not to be guessed by who cannot read the traffic (RFC 7252 §5.3.1). */
const TOKEN_BYTES = 8;

/** Starts to serve and to use `options.link`. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { link, runtime, onTraffic, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = options;
  const { clock, random, log } = runtime;
  const parameters = options.transmission ?? DEFAULT_TRANSMISSION;
  const lifetimeMs = exchangeLifetimeMs(parameters);
  let isClosed = false;
  let messageId = random.bytes(2).readUInt16BE(0); // RFC 7252 §4.4

  const nextMessageId = () => {
    messageId = (messageId + 1) & 0xffff;
    return messageId;
  };

  const send = (datagram: Buffer) => {
    if (isClosed) return;
    onTraffic?.("out", datagram.length);
    link.send(datagram);
  };

  const duplicates = createDuplicates({ clock, lifetimeMs });
  const answer = (seen: Seen, reply: Buffer) => {
    duplicates.answer(seen, reply);
    send(reply);
  };
  const retransmission = createRetransmission({ clock, random, parameters, nextMessageId, send });
  const exchanges = createExchanges(retransmission, clock, lifetimeMs);
  const bodies = createBodies(clock, lifetimeMs);
  const uploads = createUploads(clock, lifetimeMs, maxBodyBytes);
  const notifications = createNotifications({ retransmission, nextMessageId, send, log });
  const { onRequest, onUpload } = options;
  const serving = createServing({ onRequest, onUpload, bodies, uploads, retransmission, nextMessageId, answer, log });

  /** An Acknowledgement or a Reset to one of our messages. */
  const onAnswer = (message: Message) => {
    const transmission = retransmission.find(message.messageId);
    if (message.type === "RST") {
      if (message.code !== "0.00") return; // RFC 7252 §4.2
      if (transmission) retransmission.end(transmission, "reset");
      else notifications.onReset(message.messageId);
    } else if (message.code !== "0.00") {
      if (!isRequestCode(message.code)) exchanges.onResponse(message);
    } else if (transmission) retransmission.end(transmission, "acknowledged");
  };

  const onDatagram = (datagram: Buffer) => {
    onTraffic?.("in", datagram.length);
    const message = decode(datagram);
    if (!message) return;
    if (message.malformed !== undefined) {
      log.debug({ problem: message.malformed }, "a malformed message was rejected");
      if (message.type === "CON") send(encodeEmpty("RST", message.messageId)); // RFC 7252 §4.2
      return;
    }
    if (message.type === "ACK" || message.type === "RST") return onAnswer(message);
    if (message.code === "0.00") {
      if (message.type === "CON") send(encodeEmpty("RST", message.messageId)); // a ping, RFC 7252 §4.3
      return;
    }
    const fingerprint = fingerprintOf(datagram);
    const earlier = duplicates.find(message.messageId, fingerprint);
    if (earlier) {
      const reply = duplicates.replyTo(earlier);
      if (reply && message.type === "CON") send(reply);
      return;
    }
    const seen = duplicates.add(message.messageId, fingerprint);
    if (isRequestCode(message.code)) return serving.serve(message, seen);
    const isAccepted = exchanges.onResponse(message) === "accepted";
    if (isAccepted && message.type === "NON") return;
    answer(seen, encodeEmpty(isAccepted ? "ACK" : "RST", message.messageId)); // RFC 7252 §4.2, §4.3
  };

  const shut = (reason: string) => {
    if (isClosed) return false;
    isClosed = true;
    retransmission.close();
    uploads.close();
    exchanges.close(reason);
    link.close();
    return true;
  };

  link.listen({
    message(datagram) {
      if (isClosed) return;
      try {
        onDatagram(datagram);
      } catch (error) {
        log.error(
          { err: error, bytes: datagram.length, header: datagram.subarray(0, 4).toString("hex") },
          "a datagram could not be handled",
        );
      }
    },
    closed(reason) {
      if (shut(reason)) options.onClosed?.(reason);
    },
  });

  return {
    link,
    async request(request) {
      if (isClosed) throw new CoapFailure("closed", `${request.method}: the endpoint is closed`);
      return performRequest(exchanges.perform, request, random.bytes(TOKEN_BYTES), maxBodyBytes);
    },
    async requestBlock({ method, payload = EMPTY, ...options }, block2) {
      return exchanges.perform({ method, token: random.bytes(TOKEN_BYTES), options, payload, block2 });
    },
    notify(token, response, confirmable, onOutcome) {
      if (isClosed) return;
      const part = bodies.first(response, undefined, () => serving.observedKey(token));
      notifications.send(token, part, confirmable, onOutcome);
    },
    close() {
      shut("the endpoint was closed");
    },
  };
}
