/** A package fetched by HTTP or HTTPS, going on by Range where it was broken off (RFC 9110 §14). */
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
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
/** What a TCP segment carries on a radio link. */
const SEGMENT_BYTES = 1360;
/** After so long without a byte the connection counts as lost. */
const SILENCE_MS = 60_000;

export function createHttpFetch({ clock, verify, onTraffic }: HttpFetchOptions): Fetch {
  const open = (url: URL, resume: Resume, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const isResumed = resume.from > 0 && resume.etag !== undefined;
      const headers = isResumed ? { range: `bytes=${resume.from}-`, "if-range": resume.etag } : {};
      const options = { agent: false, headers, signal, rejectUnauthorized: verify };
      const request = url.protocol === "https:" ? getSecure(url, options, resolve) : getPlain(url, options, resolve);
      request.on("error", reject);
    });

  const receive = async (response: IncomingMessage, resume: Resume, sink: FetchSink, heard: () => void) => {
    const { etag, "last-modified": modified, "content-length": length, "content-range": range } = response.headers;
    // a weak tag cannot vouch for bytes (RFC 9110 §13.1.5)
    const tag = etag?.startsWith("W/") ? undefined : (etag ?? modified);
    const from = response.statusCode === 206 ? Number(/^bytes (\d+)-/.exec(range ?? "")?.[1]) : 0;
    if (from !== 0 && from !== resume.from)
      throw new DownloadError("connection", "download: another range came than was asked for");
    sink.begin(from, length === undefined ? undefined : from + Number(length), tag);
    for await (const bytes of response as AsyncIterable<Buffer>) {
      heard();
      for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
        onTraffic("in", Math.min(SEGMENT_BYTES, bytes.length - at));
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
      if (redirects === MAX_REDIRECTS) throw new DownloadError("uri", "download: redirected too often");
      if (statusCode === 416 && asked.from > 0) asked = { from: 0, etag: undefined };
      else if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        url = new URL(headers.location, url);
        if (!parsePackageUri(url.href).scheme.startsWith("http"))
          throw new DownloadError("protocol", "download: redirected away from http");
      } else throw new DownloadError(statusCode < 500 ? "uri" : "connection", `download: HTTP status ${statusCode}`);
    }
  };

  return async ({ text }, resume, sink, signal) => {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let heardAtMs = clock.monotonic();
    const watch = (delayMs: number) =>
      clock.after(delayMs, () => {
        const leftMs = heardAtMs + SILENCE_MS - clock.monotonic();
        if (leftMs <= 0) stop();
        else cancelWatch = watch(leftMs);
      });
    let cancelWatch = watch(SILENCE_MS);
    try {
      await follow(text, resume, sink, attempt.signal, () => {
        heardAtMs = clock.monotonic();
      });
    } catch (error) {
      if (error instanceof DownloadError) throw error;
      throw new DownloadError("connection", `download: ${(error as Error).message}`);
    } finally {
      cancelWatch();
      signal.removeEventListener("abort", stop);
    }
  };
}
