/** Bodies that arrive in Block1 pieces (RFC 7959 §2.5), a few at a time: joined in memory, or handed on piece by piece. */
import { blockBytes, LARGEST_SZX, transferKey } from "#coap/block";
import type { Response, ResponseCode } from "#coap/message";
import { type Block, EMPTY, type Message } from "#coap/wire";
import type { Cancel, Clock } from "#runtime";

/** Takes a body piece by piece, so that it is never in memory as a whole. What throws is through: it hears no more. */
export interface BodySink {
  /** The piece is a view of the datagram, which is not ours to keep. @throws CoapError, which ends the transfer */
  write(piece: Buffer): void;
  /** All of it has come. @returns the response to the last piece. @throws CoapError */
  end(): Response;
  /** The transfer was begun anew, or will never be finished. */
  abandon(): void;
}

/** A body that is complete, one that has gone to its sink, or the answer to the piece. */
export type UploadStep =
  | { readonly body: Buffer; readonly block1: Block }
  | { readonly sink: BodySink; readonly block1: Block }
  | { readonly code: ResponseCode; readonly block1?: Block; readonly size1?: number };

export interface Uploads {
  /**
   * Takes one request that has a Block1 option.
   * @param openSink called for the first of several pieces; undefined = join them in memory
   * @throws CoapError of the sink
   */
  add(message: Message, block: Block, openSink: () => BodySink | undefined): UploadStep;
  close(): void;
}

interface Upload {
  readonly sink: BodySink | undefined;
  /** As much as has come, and room for more; empty where there is a sink. */
  body: Buffer;
  received: number;
  /** Where the latest piece began, to know it again. */
  latest: number;
  touchedAtMs: number;
}

const MAX_UPLOADS = 16;
/** Bytes of all uploads together, as a multiple of the largest body. */
const MAX_TOTAL_BODIES = 4;

/**
 * @param lifetimeMs how long an upload waits for its next block
 * @param maxBodyBytes of a body that is joined in memory
 */
export function createUploads(clock: Clock, lifetimeMs: number, maxBodyBytes: number): Uploads {
  const uploads = new Map<string, Upload>();
  let cancelSweep: Cancel | undefined;

  const drop = (key: string) => {
    const upload = uploads.get(key);
    uploads.delete(key);
    upload?.sink?.abandon();
  };

  const sweep = () => {
    cancelSweep = undefined;
    const nowMs = clock.monotonic();
    for (const [key, upload] of [...uploads]) if (nowMs - upload.touchedAtMs >= lifetimeMs) drop(key);
    const [oldest] = uploads.values();
    if (oldest) cancelSweep = clock.after(oldest.touchedAtMs + lifetimeMs - nowMs, sweep);
  };

  const heldBytes = ({ sink, received }: Upload) => (sink ? 0 : received);

  /** The longest untouched go first. */
  const makeRoom = () => {
    let total = 0;
    for (const upload of uploads.values()) total += heldBytes(upload);
    for (const [key, upload] of [...uploads]) {
      if (uploads.size < MAX_UPLOADS && total <= (MAX_TOTAL_BODIES - 1) * maxBodyBytes) return;
      total -= heldBytes(upload);
      drop(key);
    }
  };

  const begin = (sink: BodySink | undefined): Upload => ({
    sink,
    body: EMPTY,
    received: 0,
    latest: -1,
    touchedAtMs: 0,
  });

  const find = (key: string): Upload | undefined => {
    const upload = uploads.get(key);
    return upload && clock.monotonic() - upload.touchedAtMs < lifetimeMs ? upload : undefined;
  };

  return {
    add(message, block, openSink) {
      const size = blockBytes(block.szx);
      const { payload } = message;
      if (block.szx > LARGEST_SZX || (block.more ? payload.length !== size : payload.length > size)) {
        return { code: "4.00" }; // RFC 7959 §2.2
      }
      const offset = block.number * size;
      const key = `${transferKey(message)}${message.options.contentFormat ?? -1}`;
      if (block.number === 0) drop(key); // RFC 7959 §2.5: a transfer begun anew
      const isWhole = block.number === 0 && !block.more;
      const upload = block.number === 0 ? begin(isWhole ? undefined : openSink()) : find(key);
      const isTooLarge = (message.size1 ?? 0) > maxBodyBytes || offset + payload.length > maxBodyBytes;
      if (isTooLarge && !upload?.sink) return { code: "4.13", size1: maxBodyBytes }; // RFC 7959 §2.9.3
      if (!upload || (offset !== upload.received && offset !== upload.latest)) return { code: "4.08" }; // §2.9.2
      if (isWhole) return { body: payload, block1: block };
      uploads.delete(key);
      if (offset === upload.received) {
        if (upload.sink) upload.sink.write(payload);
        else append(upload, payload);
        upload.latest = offset;
        upload.received += payload.length;
      }
      if (!block.more) {
        if (upload.sink) return { sink: upload.sink, block1: block };
        return { body: upload.body.subarray(0, upload.received), block1: block };
      }
      makeRoom();
      upload.touchedAtMs = clock.monotonic();
      cancelSweep ??= clock.after(lifetimeMs, sweep);
      uploads.set(key, upload); // at the end of the order: the most recently touched
      return { code: "2.31", block1: block };
    },
    close() {
      cancelSweep?.();
      for (const key of [...uploads.keys()]) drop(key);
    },
  };
}

/** Copies the piece, into room that doubles: kept as they come, pieces of 16 bytes would take many times that. */
function append(upload: Upload, piece: Buffer): void {
  const length = upload.received + piece.length;
  if (length > upload.body.length) {
    const body = Buffer.allocUnsafeSlow(2 * length);
    upload.body.copy(body, 0, 0, upload.received);
    upload.body = body;
  }
  piece.copy(upload.body, upload.received);
}
