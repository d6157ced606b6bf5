/** Which of the peer's messages have been seen, and what was answered (RFC 7252 §4.5). */
import type { Clock } from "#runtime";

export interface Seen {
  readonly atMs: number;
  readonly fingerprint: number;
  /** What a duplicate is answered with; undefined = nothing (yet). */
  reply: Buffer | undefined;
}

export interface Duplicates {
  /** @returns the earlier arrival of this very message within its lifetime. */
  find(messageId: number, fingerprint: number): Seen | undefined;
  /** Notes a first arrival. */
  add(messageId: number, fingerprint: number): Seen;
  readonly size: number;
}

/**
 * Two generations of entries: the older is dropped as a whole, so there is no timer per message. Under a flood the
 * horizon shrinks, never below `maxEntries` messages, and memory stays within twice that.
 */
export function createDuplicates(clock: Clock, lifetimeMs: number, maxEntries = 4096): Duplicates {
  let current = new Map<number, Seen>();
  let previous = new Map<number, Seen>();
  let startedAtMs = clock.monotonic();
  return {
    find(messageId, fingerprint) {
      const seen = current.get(messageId) ?? previous.get(messageId);
      if (!seen || clock.monotonic() - seen.atMs >= lifetimeMs) return undefined;
      // A peer that wraps its message IDs too early sends a new message, not a duplicate.
      return seen.fingerprint === fingerprint ? seen : undefined;
    },
    add(messageId, fingerprint) {
      const atMs = clock.monotonic();
      if (atMs - startedAtMs >= lifetimeMs || current.size >= maxEntries) {
        previous = current;
        current = new Map();
        startedAtMs = atMs;
      }
      const seen: Seen = { atMs, fingerprint, reply: undefined };
      current.set(messageId, seen);
      return seen;
    },
    get size() {
      return current.size + previous.size;
    },
  };
}

/** FNV-1a over the datagram: retransmissions are byte for byte the same. */
export function fingerprintOf(datagram: Buffer): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < datagram.length; i++) hash = Math.imul(hash ^ datagram[i]!, 0x01000193);
  return hash;
}
