/** A package fetched by HTTP or HTTPS, going on by Range where it was broken off (RFC 9110 §14). */
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { IPV6_ADDED_BYTES } from "#coap/link";
import { DownloadError } from "#firmware/download-error";
import type { Fetch, FetchSink, Resume } from "#firmware/fetch";
import { parsePackageUri } from "#firmware/package-uri";
import type { Clock } from "#runtime";

export interface HttpFetchOptions {
  readonly clock: Clock;
  /** Whether the server's certificate must be one the host trusts. */
  readonly verify: boolean;
  onTraffic(direction: "in" | "out", bytes: number): void;
}

const MAX_REDIRECTS = 5;
/** Not Found and Gone (RFC 9110 §15.5.5, §15.5.11). */
const NO_SUCH_FILE: ReadonlySet<number> = new Set([404, 410]);
/** What a TCP segment carries on a radio link, and what its header is longer by than UDP's (RFC 9293 §3.1). */
const SEGMENT_BYTES = 1360;
const TCP_ADDED_BYTES = 12;
/** After so long without a byte the connection counts as lost. */
const SILENCE_MS = 60_000;

export function createHttpFetch({ clock, verify, onTraffic }: HttpFetchOptions): Fetch {
  const open = (url: URL, resume: Resume, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const isResumed = resume.from > 0 && resume.etag !== undefined;
      const headers = isResumed ? { range: `bytes=${resume.from}-`, "if-range": resume.etag } : {};
      const options = { agent: false, headers, signal, rejectUnauthorized: verify };
      const isSecure = url.protocol === "https:";
      const request = isSecure ? getSecure(url, options, resolve) : getPlain(url, options, resolve);
      let connected = false;
      request.on("socket", (socket) =>
        socket.once(isSecure ? "secureConnect" : "connect", () => {
          connected = true;
        }),
      );
      request.on("error", ({ message }) =>
        reject(new DownloadError("connection", `download: ${message}`, connected ? "refused" : "unconnected")),
      );
    });

  const receive = async (response: IncomingMessage, resume: Resume, sink: FetchSink, heard: () => void) => {
    const { etag, "last-modified": modified, "content-length": length, "content-range": range } = response.headers;
    // a weak tag cannot vouch for bytes (RFC 9110 §13.1.5)
    const tag = etag?.startsWith("W/") ? undefined : (etag ?? modified);
    const from = response.statusCode === 206 ? Number(/^bytes (\d+)-/.exec(range ?? "")?.[1]) : 0;
    if (from !== 0 && from !== resume.from)
      throw new DownloadError("connection", "download: another range came than was asked for", "refused");
    const added = TCP_ADDED_BYTES + (response.socket.remoteFamily === "IPv6" ? IPV6_ADDED_BYTES : 0);
    sink.begin(from, length === undefined ? undefined : from + Number(length), tag);
    for await (const bytes of response as AsyncIterable<Buffer>) {
      heard();
      for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
        onTraffic("in", Math.min(SEGMENT_BYTES, bytes.length - at) + added);
      sink.piece(bytes);
    }
  };

  const follow = async (text: string, resume: Resume, sink: FetchSink, signal: AbortSignal, heard: () => void) => {
    let url = new URL(text);
    let asked = resume;
    for (let redirects = 0; ; redirects++) {
      const response = await open(url, asked, signal);
      heard();
      const { statusCode = 0, headers } = response;
      if (statusCode === 200 || statusCode === 206) return receive(response, asked, sink, heard);
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw new DownloadError("uri", "download: redirected too often", "refused");
      if (statusCode === 416 && asked.from > 0) asked = { from: 0, etag: undefined };
      else if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        url = new URL(headers.location, url);
        if (!parsePackageUri(url.href).scheme.startsWith("http"))
          throw new DownloadError("protocol", "download: redirected away from http");
      } else {
        const trouble = NO_SUCH_FILE.has(statusCode) ? "absent" : "refused";
        throw new DownloadError(
          statusCode < 500 ? "uri" : "connection",
          `download: HTTP status ${statusCode}`,
          trouble,
        );
      }
    }
  };

  return async ({ text }, resume, sink, signal) => {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let isSilent = false;
    let heardAtMs = clock.monotonic();
    const watch = (delayMs: number) =>
      clock.after(delayMs, () => {
        const leftMs = heardAtMs + SILENCE_MS - clock.monotonic();
        if (leftMs > 0) {
          cancelWatch = watch(leftMs);
          return;
        }
        isSilent = true;
        stop();
      });
    let cancelWatch = watch(SILENCE_MS);
    try {
      await follow(text, resume, sink, attempt.signal, () => {
        heardAtMs = clock.monotonic();
      });
    } catch (error) {
      if (isSilent) throw new DownloadError("connection", "download: nothing came for a minute", "timeout");
      if (error instanceof DownloadError) throw error;
      throw new DownloadError("connection", `download: ${(error as Error).message}`, "refused");
    } finally {
      cancelWatch();
      signal.removeEventListener("abort", stop);
    }
  };
}
