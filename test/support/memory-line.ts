/** A line to a host without an operating system. */
import type { Line } from "#port/port";

export interface MemoryLine extends Line {
  /** The host sends characters (latin1). */
  say(text: string): void;
  /** What the host has got since the last call. */
  take(): string;
  /** The host comes, or leaves. */
  attach(attached: boolean): void;
  readonly closed: boolean;
}

export function createMemoryLine(): MemoryLine {
  const dataHandlers: ((bytes: Buffer) => void)[] = [];
  const attachHandlers: ((attached: boolean) => void)[] = [];
  let attached = true;
  let closed = false;
  let got = "";
  return {
    get attached() {
      return attached;
    },
    get closed() {
      return closed;
    },
    onData: (handler) => void dataHandlers.push(handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (attached) got += bytes.toString("latin1");
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
      return text;
    },
    attach(now) {
      attached = now;
      for (const handle of attachHandlers) handle(now);
    },
  };
}
