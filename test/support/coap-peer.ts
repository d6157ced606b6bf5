/** An endpoint on the manual clock with a peer that is driven byte by byte. */
import { createEndpoint, type Endpoint, type EndpointOptions } from "#coap/endpoint";
import type { Request, Response } from "#coap/message";
import { type Log, silentLog } from "#runtime";
import { type CoapParts, coapBytes, type ReadCoap, readCoap, showCoap } from "./coap-bytes.ts";
import { createManualClock, createSeededRandom, type ManualClock } from "./manual-clock.ts";
import { createLinkPair, type MemoryLink } from "./memory-link.ts";

export interface CoapPeer {
  readonly endpoint: Endpoint;
  readonly clock: ManualClock;
  /** The endpoint's own link. */
  readonly link: MemoryLink;
  readonly requests: Request[];
  /** What the log was told at warn and error. */
  readonly complaints: string[];
  /** Sends a datagram to the endpoint and lets it work. */
  send(message: CoapParts | Buffer): Promise<void>;
  /** What the endpoint has sent since the last call, and when (ms). */
  take(): { atMs: number; datagram: Buffer; message: ReadCoap; line: string }[];
  /** The lines of take(). */
  lines(): string[];
}

export type CoapPeerOptions = Partial<Omit<EndpointOptions, "link" | "runtime">> & { seed?: number };

export function createCoapPeer(options: CoapPeerOptions = {}): CoapPeer {
  const clock = createManualClock();
  const random = createSeededRandom(options.seed ?? 1);
  const [link, far] = createLinkPair({ clock, random: createSeededRandom(2) });
  const requests: Request[] = [];
  const complaints: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (_, message) => void complaints.push(message),
    error: (_, message) => void complaints.push(message),
  };
  const serve = options.onRequest ?? ((): Response => ({ code: "2.05" }));
  const endpoint = createEndpoint({
    ...options,
    link,
    runtime: { clock, random, log },
    onRequest(request) {
      requests.push(request);
      return serve(request);
    },
  });
  let arrived: { atMs: number; datagram: Buffer; message: ReadCoap; line: string }[] = [];
  far.listen({
    message(datagram) {
      arrived.push({ atMs: clock.monotonic(), datagram, message: readCoap(datagram), line: showCoap(datagram) });
    },
    closed() {},
  });
  const take = () => {
    const taken = arrived;
    arrived = [];
    return taken;
  };
  return {
    endpoint,
    clock,
    link,
    requests,
    complaints,
    async send(message) {
      far.send(Buffer.isBuffer(message) ? message : coapBytes(message));
      await clock.advance(0);
      await clock.advance(0);
    },
    take,
    lines: () => take().map(({ line }) => line),
  };
}
