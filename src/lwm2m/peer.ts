/** The way to one server, LwM2M or bootstrap: data call, link, endpoint. */
import { createEndpoint, type Endpoint, type TransmissionParameters } from "#coap/endpoint";
import { type OpenLink, parseServerUri } from "#coap/link";
import { CoapFailure, type Request, type Response } from "#coap/message";
import type { Account } from "#lwm2m/accounts";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Runtime } from "#runtime";

/** What a session of either kind needs to reach its server. */
export interface PeerOptions {
  readonly account: Account;
  readonly runtime: Runtime;
  readonly openLink: OpenLink;
  readonly ciphers: readonly string[];
  readonly transmission: TransmissionParameters;
  /** Whether the packet network carries this account's data now; a text says why not. */
  dataCall(): true | string;
  readonly onTraffic: CountTraffic;
}

export interface PeerEvents {
  onRequest(request: Request): Response | Promise<Response>;
  /** The link has ended without us asking. */
  onClosed(reason: string): void;
}

/** @throws Error without data call or usable URI, LinkError, CoapFailure("closed") when `signal` was given meanwhile. */
export async function openPeer(options: PeerOptions, events: PeerEvents, signal: AbortSignal): Promise<Endpoint> {
  const { account, runtime, ciphers, transmission, onTraffic } = options;
  const ready = options.dataCall();
  if (ready !== true) throw new Error(`data call failed: ${ready}`);
  const target = parseServerUri(account.uri);
  if (!target) throw new Error(`server URI not usable: ${account.uri}`);
  const link = await options.openLink({ ...target, identity: account.identity, key: account.key, ciphers }, signal);
  if (signal.aborted) {
    link.close();
    throw new CoapFailure("closed", "link not needed any more");
  }
  return createEndpoint({ link, runtime, transmission, onTraffic, ...events });
}
