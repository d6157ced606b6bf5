/** Bytes that wait for a host: how many there may be, and whether it reads them at all. */
import type { Cancel, Runtime } from "#runtime";

export interface Backlog {
  /** Takes all of `bytes`, as a copy; drops all of them when too much waits already. */
  add(bytes: Buffer): void;
  /** The first bytes that wait, `most` of them if there are so many; they go on waiting. */
  peek(most?: number): Buffer;
  /** The first `count` bytes have gone. */
  taken(count: number): void;
  clear(): void;
  readonly bytes: number;
  /** More would be dropped, but for a host that reads there will be room; false for one that has been deaf for long. */
  readonly full: boolean;
  /** No longer full. @returns a function that ends the subscription. */
  onRoom(handler: () => void): () => void;
}

/** What may wait beyond the operating system's own buffers, not counting the last bytes added. */
const CAPACITY_BYTES = 256 * 1024;
/** A host that takes nothing for so long is deaf: what is said to it is lost, as on a wire. */
const DEAF_MS = 30_000;

export function createBacklog({ clock, log }: Pick<Runtime, "clock" | "log">): Backlog {
  const handlers = new Set<() => void>();
  let waiting: Buffer[] = [];
  let bytes = 0;
  let droppedBytes = 0;
  /** Runs while it is full. */
  let watch: Cancel | undefined;

  const tell = () => {
    for (const handle of [...handlers]) handle();
  };
  const watchFrom = (then: number) => {
    watch = clock.after(DEAF_MS, () => {
      if (bytes < then) return watchFrom(bytes);
      watch = undefined;
      tell();
    });
  };
  const eased = () => {
    if (bytes === 0 && droppedBytes > 0) {
      log.warn({ bytes: droppedBytes }, "output dropped: the host did not read");
      droppedBytes = 0;
    }
    if (bytes >= CAPACITY_BYTES || !watch) return;
    watch();
    watch = undefined;
    tell();
  };

  return {
    get bytes() {
      return bytes;
    },
    get full() {
      return watch !== undefined;
    },
    onRoom(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    add(added) {
      if (bytes >= CAPACITY_BYTES) {
        droppedBytes += added.length;
        return;
      }
      if (added.length === 0) return;
      waiting.push(Buffer.from(added)); // the caller may use its buffer again
      bytes += added.length;
      if (bytes >= CAPACITY_BYTES) watchFrom(bytes);
    },
    peek(most = bytes) {
      if (waiting.length > 1 && waiting[0]!.length < most) waiting = [Buffer.concat(waiting)];
      return waiting[0]?.subarray(0, most) ?? Buffer.alloc(0);
    },
    taken(count) {
      waiting[0] = waiting[0]!.subarray(count);
      if (waiting[0].length === 0) waiting.shift();
      bytes -= count;
      eased();
    },
    clear() {
      waiting = [];
      bytes = 0;
      eased();
    },
  };
}
