/** Output at the pace of a UART: what a terminal says at once comes byte after byte, as its line rate has it. */
import { createBacklog } from "#port/backlog";
import type { Line } from "#port/port";
import type { Cancel, Runtime } from "#runtime";

/** 8N1: a start bit, eight bits, a stop bit. */
const BITS_A_BYTE = 10;
/** Bytes go in bundles of so much time. */
const TICK_MS = 10;

/** The same line, on which bytes leave at `baud`. */
export function paced<T extends Line>(line: T, baud: () => number, { clock, log }: Pick<Runtime, "clock" | "log">): T {
  const backlog = createBacklog({ clock, log });
  let timer: Cancel | undefined;
  /** Up to when the line is busy with what has been sent, monotonic ms. */
  let busyUntilMs = 0;

  const flush = () => {
    timer = undefined;
    if (line.full) return; // it tells when there is room
    const nowMs = clock.monotonic();
    const msAByte = (BITS_A_BYTE * 1000) / baud();
    const startMs = Math.max(busyUntilMs, nowMs);
    const room = Math.max(1, Math.floor((nowMs + TICK_MS - startMs) / msAByte));
    const now = backlog.peek(room);
    busyUntilMs = startMs + now.length * msAByte;
    line.write(now);
    backlog.taken(now.length);
    flushSoon();
  };
  const flushSoon = () => {
    if (timer || backlog.bytes === 0) return;
    const waitMs = busyUntilMs - clock.monotonic();
    if (waitMs > 0) timer = clock.after(waitMs, flush);
    else flush();
  };
  const clear = () => {
    timer?.();
    timer = undefined;
    backlog.clear();
  };
  line.onRoom(flushSoon);
  line.onAttach((attached) => attached || clear());

  // everything else is the line's own
  return Object.setPrototypeOf(
    {
      write(bytes: Buffer) {
        backlog.add(bytes);
        flushSoon();
      },
      get full() {
        return backlog.full;
      },
      onRoom: backlog.onRoom,
      close() {
        clear();
        line.close();
      },
    },
    line,
  );
}
