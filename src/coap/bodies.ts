/** Bodies larger than a block, kept while the peer fetches the rest by Block2 (RFC 7959 §2.4). */
import { blockBytes, etagOf, LARGEST_SZX } from "#coap/block";
import type { Response } from "#coap/message";
import { type Block, EMPTY } from "#coap/wire";
import type { Clock } from "#runtime";

/** What of a response goes into one message. */
export interface ResponsePart {
  readonly response: Response;
  readonly payload: Buffer;
  readonly block2?: Block | undefined;
  readonly size2?: number | undefined;
}

export interface Bodies {
  /** The first message of a response, whose body is kept if it takes more than one. `key` is called only then. */
  first(response: Response, wanted: Block | undefined, key: () => string | undefined): ResponsePart;
  /** A later block of a kept body; undefined if it is not kept (any more). */
  next(key: string, wanted: Block): ResponsePart | undefined;
}

const MAX_BODIES = 8;

/** @param lifetimeMs how long a body waits for the next request for a block of it */
export function createBodies(clock: Clock, lifetimeMs: number): Bodies {
  const bodies = new Map<string, { readonly response: Response; touchedAtMs: number }>();

  const keep = (key: string, response: Response) => {
    bodies.delete(key);
    if (bodies.size >= MAX_BODIES) bodies.delete(bodies.keys().next().value!); // the longest untouched
    bodies.set(key, { response, touchedAtMs: clock.monotonic() });
  };

  return {
    first(response, wanted, key) {
      const body = response.payload ?? EMPTY;
      const szx = Math.min(wanted?.szx ?? LARGEST_SZX, LARGEST_SZX);
      if (body.length <= blockBytes(szx)) {
        const isBlock = wanted !== undefined && response.code.startsWith("2.");
        return { response, payload: body, block2: isBlock ? { number: 0, more: false, szx } : undefined };
      }
      const whole = tagged(response);
      const name = key();
      if (name !== undefined) keep(name, whole);
      return cut(whole, { number: 0, more: false, szx });
    },
    next(key, wanted) {
      const kept = bodies.get(key);
      if (!kept) return undefined;
      if (clock.monotonic() - kept.touchedAtMs >= lifetimeMs) {
        bodies.delete(key);
        return undefined;
      }
      keep(key, kept.response);
      return cut(kept.response, wanted);
    },
  };
}

/** A body in blocks has an ETag, by which the peer tells whether they are all of one (RFC 7959 §2.4). */
export function tagged(response: Response): Response {
  return response.etag ? response : { ...response, etag: etagOf(response.payload ?? EMPTY) };
}

/** @returns the wanted block of the body; 4.00 if it begins beyond the end. */
export function cut(response: Response, wanted: Block): ResponsePart {
  const body = response.payload ?? EMPTY;
  const szx = Math.min(wanted.szx, LARGEST_SZX);
  const start = wanted.number * blockBytes(szx);
  if (start >= body.length && wanted.number > 0) return { response: { code: "4.00" }, payload: EMPTY };
  const end = start + blockBytes(szx);
  const block2 = { number: wanted.number, more: end < body.length, szx };
  if (wanted.number === 0) return { response, payload: body.subarray(start, end), block2, size2: body.length };
  // Observe and Location-Path belong to the first message (RFC 7959 §2.6).
  const { code, contentFormat, maxAge, etag } = response;
  const rest: Response = {
    code,
    ...(contentFormat !== undefined && { contentFormat }),
    ...(maxAge !== undefined && { maxAge }),
    ...(etag !== undefined && { etag }),
  };
  return { response: rest, payload: body.subarray(start, end), block2 };
}
