/** A line to a host without an operating system. */
import type { Line } from "#port/port";

export interface MemoryLine extends Line {
  /** The host sends characters (latin1). */
  say(text: string): void;
  /** What the host has got since the last call. */
  take(): string;
  /** The host comes, or leaves. */
  attach(attached: boolean): void;
  /** The host reads no more, or again. */
  fill(full: boolean): void;
  /** Whether the host is made to wait. */
  readonly held: boolean;
  readonly closed: boolean;
}

/** @param mostUnread bytes not taken that make it full */
export function createMemoryLine(mostUnread = Number.POSITIVE_INFINITY): MemoryLine {
  const dataHandlers: ((bytes: Buffer) => void)[] = [];
  const attachHandlers: ((attached: boolean) => void)[] = [];
  const roomHandlers = new Set<() => void>();
  let attached = true;
  let filled = false;
  let held = false;
  let closed = false;
  let got = "";
  const isFull = () => filled || got.length >= mostUnread;
  const tellOfRoom = () => {
    if (!filled) for (const handle of [...roomHandlers]) handle();
  };
  return {
    get attached() {
      return attached;
    },
    get closed() {
      return closed;
    },
    get full() {
      return isFull();
    },
    get held() {
      return held;
    },
    onRoom(handler) {
      roomHandlers.add(handler);
      return () => roomHandlers.delete(handler);
    },
    hold(wanted) {
      held = wanted;
    },
    fill(now) {
      filled = now;
      tellOfRoom();
    },
    onData: (handler) => void dataHandlers.push(handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (attached && !isFull()) got += bytes.toString("latin1");
    },
    close() {
      closed = true;
    },
    say(text) {
      for (const handle of dataHandlers) handle(Buffer.from(text, "latin1"));
    },
    take() {
      const text = got;
      got = "";
      if (text.length >= mostUnread) tellOfRoom();
      return text;
    },
    attach(now) {
      attached = now;
      for (const handle of attachHandlers) handle(now);
    },
  };
}
