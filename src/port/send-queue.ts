/** The way to a host behind something that takes bytes in its own time, a piece after the other. */
import { type Backlog, createBacklog } from "#port/backlog";
import type { Runtime } from "#runtime";

export interface SendQueue extends Pick<Backlog, "clear" | "bytes" | "full" | "onRoom"> {
  push(bytes: Buffer): void;
}

export interface SendQueueOptions {
  readonly runtime: Pick<Runtime, "clock" | "log">;
  /** What is given to `send` at a time: small enough that a slow line takes one in seconds. */
  readonly pieceBytes: number;
  /** Resolves once the piece is taken; never rejects. What waits may be cleared meanwhile. */
  send(piece: Buffer): Promise<void>;
}

export function createSendQueue({ runtime, pieceBytes, send }: SendQueueOptions): SendQueue {
  const backlog = createBacklog(runtime);
  /** Of what waits: another one after clear(). */
  let life = 0;
  let sending = false;

  const flush = async () => {
    sending = true;
    while (backlog.bytes > 0) {
      const piece = backlog.peek(pieceBytes);
      const ownLife = life;
      await send(piece);
      if (life === ownLife) backlog.taken(piece.length);
    }
    sending = false;
  };

  return {
    get bytes() {
      return backlog.bytes;
    },
    get full() {
      return backlog.full;
    },
    onRoom: backlog.onRoom,
    push(bytes) {
      backlog.add(bytes);
      if (!sending && backlog.bytes > 0) void flush();
    },
    clear() {
      life++;
      backlog.clear();
    },
  };
}
