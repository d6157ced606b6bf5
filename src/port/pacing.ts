/** Output at the pace of a UART: what a terminal says at once comes byte after byte, as its line rate has it. */
import type { Line } from "#port/port";
import type { Cancel, Clock } from "#runtime";

/** 8N1: a start bit, eight bits, a stop bit. */
const BITS_A_BYTE = 10;
/** Bytes go in bundles of so much time. */
const TICK_MS = 10;
/** What may wait, not counting the last write taken. */
const CAPACITY_BYTES = 256 * 1024;

/** The same line, on which bytes leave at `baud`. */
export function paced<T extends Line>(line: T, baud: () => number, clock: Clock): T {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let timer: Cancel | undefined;
  /** Up to when the line is busy with what has been sent, monotonic ms. */
  let busyUntilMs = 0;

  const clear = () => {
    timer?.();
    timer = undefined;
    waiting = [];
    waitingBytes = 0;
  };
  const flush = () => {
    timer = undefined;
    const nowMs = clock.monotonic();
    const msAByte = (BITS_A_BYTE * 1000) / baud();
    const startMs = Math.max(busyUntilMs, nowMs);
    const room = Math.max(1, Math.floor((nowMs + TICK_MS - startMs) / msAByte));
    const all = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    const now = all.subarray(0, room);
    const rest = all.subarray(now.length);
    waiting = rest.length > 0 ? [rest] : [];
    waitingBytes = rest.length;
    busyUntilMs = startMs + now.length * msAByte;
    line.write(now);
    if (rest.length > 0) timer = clock.after(busyUntilMs - nowMs, flush);
  };
  line.onAttach((attached) => attached || clear());

  // everything else is the line's own
  return Object.setPrototypeOf(
    {
      write(bytes: Buffer) {
        if (bytes.length === 0 || waitingBytes >= CAPACITY_BYTES) return;
        waiting.push(Buffer.from(bytes));
        waitingBytes += bytes.length;
        const waitMs = busyUntilMs - clock.monotonic();
        if (timer) return;
        if (waitMs <= 0) flush();
        else timer = clock.after(waitMs, flush);
      },
      close() {
        clear();
        line.close();
      },
    },
    line,
  );
}
