/** Which of the peer's messages have been seen, and what was answered (RFC 7252 §4.5). */
import type { Clock } from "#runtime";

/** One message; only this file looks into it. */
export interface Seen {
  readonly atMs: number;
  readonly fingerprint: number;
  /** Where the reply stands; undefined = there is none (yet). */
  page: Buffer | undefined;
  start: number;
  end: number;
}

export interface Duplicates {
  /** @returns the earlier arrival of this very message within its lifetime. */
  find(messageId: number, fingerprint: number): Seen | undefined;
  /** Notes a first arrival. */
  add(messageId: number, fingerprint: number): Seen;
  /** Notes what a duplicate is to be answered with. */
  answer(seen: Seen, reply: Buffer): void;
  replyTo(seen: Seen): Buffer | undefined;
  readonly size: number;
}

export interface DuplicatesOptions {
  readonly clock: Clock;
  readonly lifetimeMs: number;
  /** Of one generation. */
  readonly maxEntries?: number;
  readonly maxReplyBytes?: number;
}

/** Replies are copied together: each in memory of its own would cost many times its few bytes. */
const PAGE_BYTES = { first: 512, largest: 65_536 };

/**
 * Two generations of entries: the older is dropped as a whole, so there is no timer per message. Under a flood the
 * horizon shrinks, never below one generation's bounds, and memory stays within twice those.
 */
export function createDuplicates(options: DuplicatesOptions): Duplicates {
  const { clock, lifetimeMs, maxEntries = 8192, maxReplyBytes = 2 ** 22 } = options;
  let current = new Map<number, Seen>();
  let previous = new Map<number, Seen>();
  let startedAtMs = clock.monotonic();
  let replyBytes = 0;
  let page = Buffer.alloc(0);
  let used = 0;
  return {
    find(messageId, fingerprint) {
      const seen = current.get(messageId) ?? previous.get(messageId);
      if (!seen || clock.monotonic() - seen.atMs >= lifetimeMs) return undefined;
      // A peer that wraps its message IDs too early sends a new message, not a duplicate.
      return seen.fingerprint === fingerprint ? seen : undefined;
    },
    add(messageId, fingerprint) {
      const atMs = clock.monotonic();
      if (atMs - startedAtMs >= lifetimeMs || current.size >= maxEntries || replyBytes >= maxReplyBytes) {
        previous = current;
        current = new Map();
        startedAtMs = atMs;
        replyBytes = 0;
      }
      const seen: Seen = { atMs, fingerprint, page: undefined, start: 0, end: 0 };
      current.set(messageId, seen);
      return seen;
    },
    answer(seen, reply) {
      if (used + reply.length > page.length) {
        const length = Math.min(Math.max(2 * page.length, PAGE_BYTES.first), PAGE_BYTES.largest);
        page = Buffer.allocUnsafeSlow(Math.max(length, reply.length));
        used = 0;
      }
      seen.page = page;
      seen.start = used;
      used += reply.copy(page, used);
      seen.end = used;
      replyBytes += reply.length;
    },
    replyTo: ({ page, start, end }) => page?.subarray(start, end),
    get size() {
      return current.size + previous.size;
    },
  };
}

/** Of all bytes, since a retransmission is byte for byte the same; four at a time, mixed as in MurmurHash. */
export function fingerprintOf(datagram: Buffer): number {
  const length = datagram.length;
  let hash = length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const word = datagram[at]! | (datagram[at + 1]! << 8) | (datagram[at + 2]! << 16) | (datagram[at + 3]! << 24);
    hash = mix(hash ^ word);
  }
  for (; at < length; at++) hash = mix(hash ^ datagram[at]!);
  return hash;
}

/** Two rounds: after one, a high bit has reached so few others that the next bytes can undo it. */
function mix(hash: number): number {
  let mixed = Math.imul(hash, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
