/** Bodies that arrive in Block1 pieces (RFC 7959 §2.5), a few at a time. */
import { blockBytes, LARGEST_SZX, transferKey } from "#coap/block";
import type { ResponseCode } from "#coap/message";
import type { Block, Message } from "#coap/wire";
import type { Cancel, Clock } from "#runtime";

/** A body that is complete, or the answer to the piece. */
export type UploadStep =
  | { readonly body: Buffer; readonly block1: Block }
  | { readonly code: ResponseCode; readonly block1?: Block; readonly size1?: number };

export interface Uploads {
  /** Takes one request that has a Block1 option. */
  add(message: Message, block: Block): UploadStep;
  close(): void;
}

interface Upload {
  readonly chunks: Buffer[];
  received: number;
  /** Where the latest piece began, to know it again. */
  latest: number;
  touchedAtMs: number;
}

const MAX_UPLOADS = 16;
/** Bytes of all uploads together, as a multiple of the largest body. */
const MAX_TOTAL_BODIES = 4;

/** @param lifetimeMs how long an upload waits for its next block */
export function createUploads(clock: Clock, lifetimeMs: number, maxBodyBytes: number): Uploads {
  const uploads = new Map<string, Upload>();
  let cancelSweep: Cancel | undefined;

  const sweep = () => {
    cancelSweep = undefined;
    const nowMs = clock.monotonic();
    for (const [key, upload] of uploads) if (nowMs - upload.touchedAtMs >= lifetimeMs) uploads.delete(key);
    if (uploads.size > 0) cancelSweep = clock.after(lifetimeMs, sweep);
  };

  /** The longest untouched go first. */
  const makeRoom = () => {
    let total = 0;
    for (const { received } of uploads.values()) total += received;
    for (const [key, { received }] of uploads) {
      if (uploads.size < MAX_UPLOADS && total <= (MAX_TOTAL_BODIES - 1) * maxBodyBytes) return;
      uploads.delete(key);
      total -= received;
    }
  };

  const begin = (): Upload => {
    cancelSweep ??= clock.after(lifetimeMs, sweep);
    return { chunks: [], received: 0, latest: -1, touchedAtMs: 0 };
  };

  const find = (key: string): Upload | undefined => {
    const upload = uploads.get(key);
    return upload && clock.monotonic() - upload.touchedAtMs < lifetimeMs ? upload : undefined;
  };

  return {
    add(message, block) {
      const size = blockBytes(block.szx);
      const { payload } = message;
      if (block.szx > LARGEST_SZX || (block.more ? payload.length !== size : payload.length > size)) {
        return { code: "4.00" }; // RFC 7959 §2.2
      }
      const offset = block.number * size;
      if ((message.size1 ?? 0) > maxBodyBytes || offset + payload.length > maxBodyBytes) {
        return { code: "4.13", size1: maxBodyBytes }; // RFC 7959 §2.9.3
      }
      const key = `${transferKey(message)}${message.options.contentFormat ?? -1}`;
      if (block.number === 0 && !block.more) {
        uploads.delete(key);
        return { body: payload, block1: block };
      }
      const upload = block.number === 0 ? begin() : find(key);
      if (!upload || (offset !== upload.received && offset !== upload.latest)) return { code: "4.08" }; // §2.9.2
      if (offset === upload.received) {
        upload.chunks.push(payload);
        upload.latest = offset;
        upload.received += payload.length;
      }
      uploads.delete(key);
      if (!block.more) return { body: Buffer.concat(upload.chunks, upload.received), block1: block };
      makeRoom();
      upload.touchedAtMs = clock.monotonic();
      uploads.set(key, upload); // at the end of the order: the most recently touched
      return { code: "2.31", block1: block };
    },
    close() {
      cancelSweep?.();
      uploads.clear();
    },
  };
}
