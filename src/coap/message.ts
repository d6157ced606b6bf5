/** CoAP messages as the Client sees them (RFC 7252); bytes are the business of coap/wire.ts. */

export type Method = "GET" | "POST" | "PUT" | "DELETE";
/** Class and detail as the texts write them, e.g. "2.05". */
export type ResponseCode = `${2 | 4 | 5}.${number}`;

/** Options by name, decoded: the ones LwM2M 1.0 needs. */
export interface Options {
  readonly uriPath?: readonly string[];
  readonly uriQuery?: readonly string[];
  readonly uriHost?: string;
  readonly contentFormat?: number;
  readonly accept?: number;
  readonly observe?: number;
  readonly locationPath?: readonly string[];
  readonly maxAge?: number;
  readonly etag?: Buffer;
}

export interface Request extends Options {
  readonly method: Method;
  readonly confirmable: boolean;
  readonly token: Buffer;
  /** Whole body; Block1 transfers have been joined. */
  readonly payload: Buffer;
}

export interface Response extends Options {
  readonly code: ResponseCode;
  readonly payload?: Buffer;
}

/** What a request or notification ended in, where there is no response. */
export type FailureReason = "timeout" | "reset" | "closed" | "protocol";

export class CoapFailure extends Error {
  readonly reason: FailureReason;
  constructor(reason: FailureReason, message: string) {
    super(message);
    this.name = "CoapFailure";
    this.reason = reason;
  }
}

/** A refusal with its response code, thrown by whoever serves a request, caught by the endpoint. */
export class CoapError extends Error {
  readonly code: ResponseCode;
  constructor(code: ResponseCode, detail: string) {
    super(detail);
    this.name = "CoapError";
    this.code = code;
  }
}

export const CONTENT_FORMAT = {
  text: 0,
  link: 40,
  opaque: 42,
  tlv: 11542,
  json: 11543,
} as const;
