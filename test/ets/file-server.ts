/** What a repository of packages answers, for scripts of raw servers (RFC 7959 §2.4). */
import { block, type CoapParts, optionOf, type ReadCoap } from "../support/coap-bytes.ts";
import { OPTION } from "./ask.ts";

export interface FileParts {
  readonly etag?: string;
  /** The largest block it gives. */
  readonly size?: number;
}

/** The Acknowledgement with the block of `file` that the request asks for. */
export function blockOf(request: ReadCoap, file: Buffer, { etag, size = 1024 }: FileParts = {}): CoapParts {
  const asked = optionOf(request, OPTION.block2) ?? 6;
  const bytes = Math.min(16 << (asked & 7), size);
  const start = (asked >> 4) * (16 << (asked & 7));
  const head = { type: "ACK", mid: request.mid, token: request.token } as const;
  if (start > 0 && start >= file.length) return { ...head, code: "4.00" };
  const more = start + bytes < file.length ? 1 : 0;
  const options: [number, number | string][] = [[OPTION.block2, block(start / bytes, more, bytes)]];
  if (start === 0) options.push([28, file.length]);
  if (etag !== undefined) options.unshift([4, etag]);
  return { ...head, code: "2.05", options, payload: file.subarray(start, start + bytes) };
}
