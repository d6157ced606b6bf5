/** The way to one server, LwM2M or bootstrap: data call, link, endpoint. */
import { createEndpoint, type Endpoint, type EndpointOptions, type TransmissionParameters } from "#coap/endpoint";
import { type OpenLink, parseServerUri } from "#coap/link";
import { CoapFailure, type Request, type Response } from "#coap/message";
import { securityModeProblem } from "#lwm2m/account-check";
import type { Account } from "#lwm2m/accounts";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Runtime } from "#runtime";

/** What a session of either kind needs to reach its server. */
export interface PeerOptions {
  readonly account: Account;
  readonly runtime: Runtime;
  readonly openLink: OpenLink;
  readonly transmission: TransmissionParameters;
  /** Whether packet data can flow. */
  isOnline(): boolean;
  /** Whether the packet network carries this account's data now; a text says why not. */
  dataCall(): true | string;
  /** The module's own address in that call. */
  address(): string | undefined;
  readonly onTraffic: CountTraffic;
  /** LinkTarget.localPort. */
  readonly localPort?: number;
}

export interface PeerEvents {
  onRequest(request: Request): Response | Promise<Response>;
  readonly onUpload?: EndpointOptions["onUpload"];
  /** The link has ended without us asking. */
  onClosed(reason: string): void;
}

/** @throws Error without data call or usable URI, LinkError, CoapFailure("closed") when `signal` was given meanwhile. */
export async function openPeer(options: PeerOptions, events: PeerEvents, signal: AbortSignal): Promise<Endpoint> {
  const { account, runtime, transmission, onTraffic, localPort } = options;
  const ready = options.dataCall();
  if (ready !== true) throw new Error(`data call failed: ${ready}`);
  const target = parseServerUri(account.uri);
  if (!target) throw new Error(`server URI not usable: ${account.uri}`);
  const problem = securityModeProblem(target.scheme, account.securityMode);
  if (problem) throw new Error(`account of server ${account.shortServerId} not usable: ${problem}`);
  const { identity, key } = account;
  const own = localPort === undefined ? {} : { localPort };
  const link = await options.openLink({ ...target, identity, key, ...own }, signal);
  if (signal.aborted) {
    link.close();
    throw new CoapFailure("closed", "link not needed any more");
  }
  const { addedBytes = 0 } = link;
  const count: CountTraffic = (direction, bytes) => onTraffic(direction, bytes + addedBytes);
  return createEndpoint({ link, runtime, transmission, onTraffic: count, ...events });
}
