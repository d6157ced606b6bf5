/** The message layer of one peer: CON/NON/ACK/RST, tokens, de-duplication, blocks (RFC 7252, 7641, 7959). */
import type { Link } from "#coap/link";
import type { Request, Response } from "#coap/message";
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
  /** Largest body joined from Block1, bytes; beyond it 4.13. */
  readonly maxBodyBytes?: number;
  /** Serves one request, exactly once however often its datagram arrives; a thrown CoapError becomes its code, anything else 5.00. A promise makes a separate response. */
  readonly onRequest: (request: Request) => Response | Promise<Response>;
  /** The link has closed without us asking. */
  readonly onClosed?: (reason: string) => void;
  /** Every datagram, for counters. */
  readonly onTraffic?: (direction: "in" | "out", bytes: number) => void;
}

export interface Endpoint {
  readonly link: Link;
  /** Sends a Confirmable request; large payloads go by Block1, large responses are joined. @throws CoapFailure */
  request(request: OutgoingRequest): Promise<Response>;
  /** Sends a notification to an observer; large ones go by Block2. `onOutcome` may be called again with "reset" for a NON one. */
  notify(token: Buffer, response: Response, confirmable: boolean, onOutcome: (outcome: NotificationOutcome) => void): void;
  /** Nothing is sent or received afterwards; open requests end with CoapFailure("closed"). Idempotent. */
  close(): void;
}
