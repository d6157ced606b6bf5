/** Two links joined in memory, on the test's clock, losing and repeating datagrams from a seed. */
import type { Link, LinkEvents } from "#coap/link";
import type { Clock, Random } from "#runtime";

export interface LinkPairOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Share of datagrams lost, 0-1. */
  readonly lossRate?: number;
  /** Share of datagrams that arrive twice, 0-1. */
  readonly duplicateRate?: number;
  /** Each datagram takes 0 to this many ms, so later ones may overtake; 0 = after the current call stack. */
  readonly maxDelayMs?: number;
  /** Link.addedBytes of both. */
  readonly addedBytes?: number;
  /** Sees every datagram sent, before loss; `from` is the index of the sending link. @returns false to lose it. */
  readonly onDatagram?: (from: 0 | 1, datagram: Buffer) => boolean | undefined;
}

export interface MemoryLink extends Link {
  /** Ends the link as the peer would; the owner is told `reason`. */
  drop(reason: string): void;
}

/** @returns the two ends; whatever one sends, the other hears after a task of the clock. */
export function createLinkPair(options: LinkPairOptions): [MemoryLink, MemoryLink] {
  const { clock, random, lossRate = 0, duplicateRate = 0, maxDelayMs = 0, addedBytes = 0, onDatagram } = options;
  const listeners: (LinkEvents | undefined)[] = [undefined, undefined];
  const closed = [false, false];

  const deliver = (to: 0 | 1, datagram: Buffer) => {
    const delayMs = maxDelayMs === 0 ? 0 : Math.floor(random.fraction() * (maxDelayMs + 1));
    clock.after(delayMs, () => {
      if (!closed[to]) listeners[to]?.message(datagram);
    });
  };

  const createEnd = (self: 0 | 1): MemoryLink => {
    const other = self === 0 ? 1 : 0;
    return {
      localPort: 50000 + self,
      description: `memory ${self}`,
      addedBytes,
      listen(events) {
        listeners[self] = events;
      },
      send(datagram) {
        if (closed[self]) return;
        const copy = Buffer.from(datagram);
        if (onDatagram?.(self, copy) === false) return;
        if (lossRate > 0 && random.fraction() < lossRate) return;
        deliver(other, copy);
        if (duplicateRate > 0 && random.fraction() < duplicateRate) deliver(other, Buffer.from(copy));
      },
      close() {
        closed[self] = true;
      },
      drop(reason) {
        if (closed[self]) return;
        closed[self] = true;
        listeners[self]?.closed(reason);
      },
    };
  };
  return [createEnd(0), createEnd(1)];
}
