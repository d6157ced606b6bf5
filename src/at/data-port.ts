/** Raw bytes between a CONNECT and the final result code, in either direction: what AT+QFUPL and its like do. */
import type { Cancel, Clock } from "#runtime";

export interface Received {
  readonly bytes: Buffer;
  /** How it ended: all bytes came, the host said +++, or the line was silent for too long. */
  readonly end: "complete" | "escaped" | "timeout";
}

export interface DataPort {
  /**
   * Says CONNECT and takes bytes as they are, without echo.
   * @param silenceMs longest time without a byte
   * @param onProgress called with the bytes taken so far, after each piece
   */
  receive(bytes: number, silenceMs: number, onProgress?: (taken: number) => void): Promise<Received>;
  /** Says `connect` and sends the bytes as they are. */
  send(bytes: Buffer, connect?: string): void;
  /** Sends bytes as they are. */
  write(bytes: Buffer): void;
}

export interface DataMode {
  readonly port: DataPort;
  /** Whether bytes from the host are data now. */
  readonly taking: boolean;
  /** @returns those of the bytes that are no data any more. */
  push(bytes: Buffer): Buffer;
  /** Drops what has been taken; nobody hears of it any more. */
  reset(): void;
}

export interface DataModeOptions {
  readonly clock: Clock;
  readonly output: (bytes: Buffer) => void;
  readonly connect: (text: string) => void;
}

/** Silence before and after +++ that makes it an escape (V.250's S12 of the modems: 1 s). */
const GUARD_MS = 1000;
const ESCAPE = Buffer.from("+++");

interface Taking {
  readonly wanted: number;
  readonly silenceMs: number;
  readonly pieces: Buffer[];
  readonly onProgress: ((taken: number) => void) | undefined;
  readonly resolve: (received: Received) => void;
  taken: number;
}

export function createDataMode({ clock, output, connect }: DataModeOptions): DataMode {
  let now: Taking | undefined;
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
    taking?.resolve({ bytes: Buffer.concat(taking.pieces), end });
  };
  const take = (taking: Taking, bytes: Buffer) => {
    taking.pieces.push(Buffer.from(bytes)); // the port's buffer is its own
    taking.taken += bytes.length;
    taking.onProgress?.(taking.taken);
  };

  return {
    get taking() {
      return now !== undefined;
    },
    push(bytes) {
      const taking = now;
      if (!taking) return bytes;
      const wasQuiet = clock.monotonic() - lastAtMs >= GUARD_MS;
      lastAtMs = clock.monotonic();
      stopTimers();
      silence = clock.after(taking.silenceMs, () => finish("timeout"));
      const data = bytes.subarray(0, taking.wanted - taking.taken);
      if (wasQuiet && data.equals(ESCAPE)) {
        guard = clock.after(GUARD_MS, () => {
          taking.taken -= ESCAPE.length;
          taking.pieces.pop();
          finish("escaped");
        });
      }
      take(taking, data);
      if (taking.taken < taking.wanted) return Buffer.alloc(0);
      finish("complete");
      return bytes.subarray(data.length);
    },
    reset() {
      now = undefined;
      stopTimers();
    },
    port: {
      receive(wanted, silenceMs, onProgress) {
        connect("CONNECT");
        if (wanted === 0) return Promise.resolve({ bytes: Buffer.alloc(0), end: "complete" });
        lastAtMs = clock.monotonic();
        silence = clock.after(silenceMs, () => finish("timeout"));
        return new Promise((resolve) => {
          now = { wanted, silenceMs, onProgress, resolve, pieces: [], taken: 0 };
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
