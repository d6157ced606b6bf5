/** What comes between a command and its final result code when it is no command line: raw bytes behind CONNECT, text behind `> `. */
import type { Cancel, Clock } from "#runtime";

export interface Received {
  readonly bytes: Buffer;
  /** How it ended: all bytes came, the host said +++, or it was silent for too long or has left. */
  readonly end: "complete" | "escaped" | "timeout";
}

export interface DataPort {
  /**
   * Says CONNECT and takes bytes as they are, without echo.
   * @param silenceMs longest time without a byte
   * @param onProgress called with the bytes taken so far, after each piece
   */
  receive(bytes: number, silenceMs: number, onProgress?: (taken: number) => void): Promise<Received>;
  /** Says `> ` and takes text up to Ctrl-Z. @returns undefined when the host gives up with ESC, or leaves. */
  prompt(mostBytes: number): Promise<Buffer | undefined>;
  /** Says `connect` and sends the bytes as they are. */
  send(bytes: Buffer, connect?: string): void;
  /** Sends bytes as they are. */
  write(bytes: Buffer): void;
}

export interface DataMode {
  readonly port: DataPort;
  /** Whether what the host sends is data. */
  readonly active: boolean;
  /** @returns those of the bytes that are no data any more. */
  push(bytes: Buffer): Buffer;
  /** The host is gone: text begun at a prompt is given up, data behind CONNECT likewise where its DTR has a say (AT&D1, AT&D2). */
  abandon(heedsDtr: boolean): void;
  /** Drops what has been taken; nobody hears of it any more. */
  reset(): void;
}

export interface DataModeOptions {
  readonly clock: Clock;
  readonly output: (bytes: Buffer) => void;
  readonly connect: (text: string) => void;
  readonly mayEcho: () => boolean;
  /** From now on data is expected. */
  readonly onOpen: () => void;
}

/** Silence before and after +++ that makes it an escape, and the longest between two of its characters. */
const GUARD_MS = 1000;
const ESCAPE = "+++";
const PLUS = 0x2b;
const CTRL_Z = 0x1a;
const ESC = 0x1b;
const BACKSPACE = 0x08;
const PROMPT = Buffer.from("\r\n> ");

interface Taking {
  readonly wanted: number;
  readonly silenceMs: number;
  readonly pieces: Buffer[];
  readonly onProgress: ((taken: number) => void) | undefined;
  readonly resolve: (received: Received) => void;
  taken: number;
  /** Characters of +++ that have come so far. */
  pluses: number;
}

interface Typing {
  readonly most: number;
  readonly bytes: number[];
  readonly resolve: (text: Buffer | undefined) => void;
}

export function createDataMode({ clock, output, connect, mayEcho, onOpen }: DataModeOptions): DataMode {
  let now: Taking | undefined;
  let typing: Typing | undefined;
  let silence: Cancel | undefined;
  let guard: Cancel | undefined;
  let lastAtMs = Number.NEGATIVE_INFINITY;

  const stopTimers = () => {
    silence?.();
    guard?.();
    silence = guard = undefined;
  };
  const finish = (end: Received["end"]) => {
    const taking = now;
    now = undefined;
    stopTimers();
    if (!taking) return;
    const bytes = Buffer.concat(taking.pieces);
    taking.resolve({ bytes: end === "escaped" ? bytes.subarray(0, -ESCAPE.length) : bytes, end });
  };
  const finishTyping = (text: Buffer | undefined) => {
    const { resolve } = typing ?? {};
    typing = undefined;
    resolve?.(text);
  };

  const take = (taking: Taking, bytes: Buffer): Buffer => {
    const wasQuiet = clock.monotonic() - lastAtMs >= GUARD_MS;
    lastAtMs = clock.monotonic();
    stopTimers();
    silence = clock.after(taking.silenceMs, () => finish("timeout"));
    const data = bytes.subarray(0, taking.wanted - taking.taken);
    taking.pieces.push(Buffer.from(data)); // the port's buffer is its own
    taking.taken += data.length;
    taking.onProgress?.(taking.taken);
    if (taking.taken === taking.wanted) {
      finish("complete");
      return bytes.subarray(data.length);
    }
    const before = wasQuiet ? 0 : taking.pluses;
    const mayEscape = (wasQuiet || before > 0) && data.every((byte) => byte === PLUS);
    taking.pluses = mayEscape ? before + data.length : 0;
    if (taking.pluses === ESCAPE.length) guard = clock.after(GUARD_MS, () => finish("escaped"));
    return Buffer.alloc(0);
  };

  const type = ({ bytes: typed, most }: Typing, bytes: Buffer): Buffer => {
    for (const [index, byte] of bytes.entries()) {
      if (byte === CTRL_Z || byte === ESC) {
        finishTyping(byte === CTRL_Z ? Buffer.from(typed) : undefined);
        return bytes.subarray(index + 1);
      }
      if (byte === BACKSPACE) {
        if (typed.pop() !== undefined && mayEcho()) output(Buffer.from("\b \b"));
        continue;
      }
      if (typed.length === most) continue;
      typed.push(byte);
      if (mayEcho()) output(Buffer.of(byte));
    }
    return Buffer.alloc(0);
  };

  return {
    push(bytes) {
      if (bytes.length === 0) return bytes;
      if (typing) return type(typing, bytes);
      return now ? take(now, bytes) : bytes;
    },
    get active() {
      return now !== undefined || typing !== undefined;
    },
    abandon(heedsDtr) {
      finishTyping(undefined);
      if (heedsDtr) finish("timeout");
    },
    reset() {
      now = undefined;
      typing = undefined;
      stopTimers();
    },
    port: {
      receive(wanted, silenceMs, onProgress) {
        connect("CONNECT");
        if (wanted === 0) return Promise.resolve({ bytes: Buffer.alloc(0), end: "complete" });
        lastAtMs = clock.monotonic();
        silence = clock.after(silenceMs, () => finish("timeout"));
        return new Promise((resolve) => {
          now = { wanted, silenceMs, onProgress, resolve, pieces: [], taken: 0, pluses: 0 };
          onOpen();
        });
      },
      prompt(most) {
        output(PROMPT);
        return new Promise((resolve) => {
          typing = { most, bytes: [], resolve };
          onOpen();
        });
      },
      send(bytes, text = "CONNECT") {
        connect(text);
        output(bytes);
      },
      write: output,
    },
  };
}
