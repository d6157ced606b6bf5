/** A package fetched block by block from any CoAP server (RFC 7959 §2.4). */
import { isIP } from "node:net";
import { blockBytes, LARGEST_SZX } from "#coap/block";
import { createEndpoint, type Endpoint, type TransmissionParameters } from "#coap/endpoint";
import { LinkError, type OpenLink } from "#coap/link";
import { CoapFailure, type Method } from "#coap/message";
import type { Message } from "#coap/wire";
import { DownloadError } from "#firmware/download-error";
import type { Fetch, FetchSink, Resume } from "#firmware/fetch";
import type { PackageUri } from "#firmware/package-uri";
import type { Runtime } from "#runtime";

export interface Credentials {
  readonly identity: Buffer;
  readonly key: Buffer;
}

export interface CoapFetchOptions {
  readonly runtime: Runtime;
  readonly openLink: OpenLink;
  readonly transmission: TransmissionParameters;
  /** The PSK for a coaps host; undefined = there is none. */
  credentials(uri: PackageUri): Credentials | undefined;
  onTraffic(direction: "in" | "out", bytes: number): void;
}

/** How often a package that changes while it is fetched is begun anew. */
const MAX_RESTARTS = 2;

export function createCoapFetch(options: CoapFetchOptions): Fetch {
  const { runtime, transmission, onTraffic } = options;
  return async (uri, resume, sink, signal) => {
    const target = { scheme: uri.scheme === "coaps" ? "coaps" : "coap", host: uri.host, port: uri.port } as const;
    const credentials = target.scheme === "coaps" ? options.credentials(uri) : undefined;
    let endpoint: Endpoint | undefined;
    const close = () => endpoint?.close();
    signal.addEventListener("abort", close);
    try {
      const link = await options.openLink({ ...target, ...credentials }, signal);
      const { addedBytes = 0 } = link;
      endpoint = createEndpoint({
        link,
        runtime,
        transmission,
        onTraffic: (direction, bytes) => onTraffic(direction, bytes + addedBytes),
        onRequest: () => ({ code: "4.04" }),
      });
      if (signal.aborted) throw new DownloadError("connection", "download: stopped");
      await fetchBlocks(endpoint, uri, resume, sink);
    } catch (error) {
      if (error instanceof LinkError || error instanceof CoapFailure)
        throw new DownloadError("connection", error.message);
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  };
}

async function fetchBlocks(endpoint: Endpoint, uri: PackageUri, resume: Resume, sink: FetchSink): Promise<void> {
  const request = {
    method: "GET" as Method,
    ...(isIP(uri.host) === 0 && { uriHost: uri.host }), // RFC 7252 §6.4
    uriPath: uri.path,
    ...(uri.query.length > 0 && { uriQuery: uri.query }),
  };
  let szx = LARGEST_SZX;
  // without an ETag nobody knows whether the rest belongs to what is here
  let received = resume.etag === undefined ? 0 : resume.from - (resume.from % blockBytes(szx));
  let etag = resume.etag;
  let begun = false;
  for (let restarts = 0; ; ) {
    const wanted = { number: received / blockBytes(szx), more: false, szx };
    const response = await endpoint.requestBlock(request, wanted).catch((error) => {
      if (!(error instanceof CoapFailure) || error.reason !== "timeout") throw error;
      return endpoint.requestBlock(request, wanted); // five losses in a row happen in a long download
    });
    refuseFailure(response, received);
    const block = response.block2;
    const itsEtag = response.options.etag?.toString("hex");
    const isAnother = received > 0 && (itsEtag !== etag || !block || response.code !== "2.05");
    if (isAnother) {
      if (restarts++ === MAX_RESTARTS)
        throw new DownloadError("connection", "download: the package changes all the time");
      received = 0;
      begun = false;
      continue;
    }
    etag = itsEtag;
    if (block && block.number * blockBytes(block.szx) !== received) {
      throw new DownloadError("connection", `download: block ${block.number} came where byte ${received} was due`);
    }
    if (block?.more && response.payload.length !== blockBytes(block.szx)) {
      throw new DownloadError("connection", `download: block ${block.number} has ${response.payload.length} bytes`);
    }
    if (!begun)
      sink.begin(received, response.size2 ?? (block?.more ? undefined : received + response.payload.length), etag);
    begun = true;
    sink.piece(response.payload);
    received += response.payload.length;
    if (!block?.more) return;
    szx = block.szx;
  }
}

/** A block beyond the end is an error too, when a package that was broken off has become a shorter one. */
function refuseFailure({ code, payload }: Message, received: number): void {
  if (code === "2.05" || (received > 0 && (code.startsWith("4.") || code.startsWith("2.")))) return;
  const fault = code.startsWith("4.") ? "uri" : "connection";
  throw new DownloadError(fault, `download: ${`${code} ${payload.toString("utf8", 0, 100)}`.trimEnd()}`);
}
