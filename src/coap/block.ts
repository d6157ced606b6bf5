/** Sizes and identities of blockwise transfers (RFC 7959). */
import { createHash } from "node:crypto";
import type { Message } from "#coap/wire";

/** 1024 bytes, the largest block there is over UDP. */
export const LARGEST_SZX = 6;

export const blockBytes = (szx: number): number => 16 << szx;

export const LARGEST_BLOCK_BYTES = blockBytes(LARGEST_SZX);

/** The same for every block of one transfer, whatever its token: method, path, query and format (RFC 7959 §2.4, §2.5). */
export function transferKey(message: Message): string {
  const { uriPath = [], uriQuery = [], accept = -1 } = message.options;
  return JSON.stringify([message.code, uriPath, uriQuery, accept]);
}

/** Tells two representations of a resource apart, 8 bytes (RFC 7252 §5.10.6). */
export function etagOf(body: Buffer): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, 8);
}
