/** A way to exchange datagrams with exactly one peer; UDP and DTLS implement it. */

export interface LinkEvents {
  message(datagram: Buffer): void;
  /** The link is gone: by the peer (close_notify, alert) or by an error of the network. Not called after our own close(). */
  closed(reason: string): void;
}

export interface Link {
  readonly localPort: number;
  /** "udp" or "dtls", and the peer, for logs. */
  readonly description: string;
  /** What a datagram costs the network beyond its payload and the headers of IPv4 and UDP; 0 where nothing is said. */
  readonly addedBytes?: number;
  /** Must be called once, before the first message can arrive. */
  listen(events: LinkEvents): void;
  /** Never throws; what cannot be sent is lost, as datagrams are. */
  send(datagram: Buffer): void;
  /** Idempotent. */
  close(): void;
}

/** The header of IPv6 is longer by so much (RFC 791 §3.1, RFC 8200 §3). */
export const IPV6_ADDED_BYTES = 20;

export interface LinkTarget {
  readonly scheme: "coap" | "coaps";
  readonly host: string;
  readonly port: number;
  /** PSK credentials; needed for coaps. */
  readonly identity?: Buffer;
  readonly key?: Buffer;
  /** Our own port, where it is free: a server over plain UDP knows a device by it. */
  readonly localPort?: number;
}

/** Opens a link: resolves once datagrams can be exchanged (for DTLS: the handshake is done). @throws LinkError */
export type OpenLink = (target: LinkTarget, signal?: AbortSignal) => Promise<Link>;

/** The link could not be opened: host unknown, handshake failed; the message says what to check. */
export class LinkError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LinkError";
  }
}

/** "coap://host[:port]" or "coaps://host[:port]"; IPv6 hosts in brackets. @returns undefined if it is not such a URI. */
export function parseServerUri(uri: string): { scheme: "coap" | "coaps"; host: string; port: number } | undefined {
  const match = /^(coaps?):\/\/(\[[0-9a-fA-F:.]+\]|[^[\]:/?#\s]+)(?::(\d{1,5}))?\/?$/.exec(uri);
  if (!match) return undefined;
  const scheme = match[1] as "coap" | "coaps";
  const port = match[3] === undefined ? (scheme === "coap" ? 5683 : 5684) : Number(match[3]);
  if (port > 65535) return undefined;
  return { scheme, host: match[2]!.replace(/^\[|\]$/g, ""), port };
}
