/** Links over DTLS 1.2 with a pre-shared key (LwM2M 1.0.2 §7.1.7). */
import { DEFAULT_CIPHERS, KNOWN_CIPHERS } from "#coap/cipher-suites";
import { createTicketBox } from "#coap/dtls-resumption";
import { type DtlsSession, openDtlsSession } from "#coap/dtls-session";
import { type Link, LinkError, type LinkEvents, type OpenLink } from "#coap/link";
import { addedBytes, formatPeer, resolvePeer, throwIfAborted } from "#coap/udp";
import type { Clock, Log } from "#runtime";

export interface DtlsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The whole handshake, retransmissions included. Default 60 000. */
  readonly handshakeTimeoutMs?: number;
  /** Offered by their IANA names, in order of preference. */
  readonly ciphers?: readonly string[];
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 60_000;

/** The head of a record, and nonce and tag of AES_128_CCM_8 (RFC 6347 §4.3.1, RFC 6655 §3). */
const RECORD_BYTES = 13 + 8 + 8;
/** Datagrams kept between the end of the handshake and listen(). */
const MAX_EARLY = 16;

/**
 * Sessions are resumed where the server still knows them; they are forgotten with what is returned here.
 * @returns a way to open DTLS links; each fails with a LinkError of one line for the operator
 */
export function createDtlsOpener(options: DtlsOptions): OpenLink {
  const { clock, log, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  const ciphers = options.ciphers ?? DEFAULT_CIPHERS;
  const unknown = ciphers.find((name) => !KNOWN_CIPHERS.includes(name));
  if (unknown !== undefined)
    throw new LinkError(`cipher suite ${unknown} cannot be offered: it is not a known PSK suite`);
  const tickets = createTicketBox();
  return async (target, signal) => {
    const { identity, key } = target;
    if (!identity?.length || !key?.length) {
      throw new LinkError(`no handshake with ${target.host}:${target.port}: PSK identity or key is missing`);
    }
    const peer = await resolvePeer(target.host);
    throwIfAborted(signal);
    if (target.port < 1 || target.port > 65535)
      throw new LinkError(`no handshake with ${target.host}: port ${target.port} cannot be sent to`);
    const name = formatPeer(peer, target.port);

    return new Promise<Link>((resolve, reject) => {
      let listener: LinkEvents | undefined;
      let early: Buffer[] = [];
      let isOpen = false;
      let endedBecause: string | undefined;

      const giveUp = (message: string) => {
        stopWaiting();
        session.close();
        reject(new LinkError(message));
      };
      const onAbort = () => giveUp(`handshake with ${name} was abandoned`);
      const cancelTimeout = clock.after(handshakeTimeoutMs, () =>
        giveUp(`handshake with ${name} timed out: ${adviceFor(session.reached, identity)}`),
      );
      const stopWaiting = () => {
        cancelTimeout();
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort);

      const link: Link = {
        get localPort() {
          return session.localPort;
        },
        description: `dtls ${name}`,
        addedBytes: RECORD_BYTES + addedBytes(peer),
        listen(events) {
          listener = events;
          for (const datagram of early) events.message(datagram);
          early = [];
          if (endedBecause !== undefined) events.closed(endedBecause);
        },
        send: (datagram) => session.send(datagram),
        close() {
          listener = undefined;
          session.close();
        },
      };

      const account = { peer: name, identity, key };
      const session: DtlsSession = openDtlsSession(
        { clock, log, ...peer, port: target.port, identity, key, ciphers, ticket: tickets.take(account) },
        {
          connected(ticket) {
            isOpen = true;
            stopWaiting();
            if (ticket) tickets.put(account, ticket);
            log.debug({ peer: name, localPort: session.localPort }, "the DTLS handshake is done");
            resolve(link);
          },
          message(datagram) {
            if (listener) listener.message(datagram);
            else if (early.length < MAX_EARLY) early.push(datagram);
          },
          ended(reason) {
            if (!isOpen) giveUp(`handshake with ${name} failed: ${reason}`);
            else if (listener) listener.closed(reason);
            else endedBecause = reason;
          },
        },
      );
    });
  };
}

/** Most servers drop a wrong key in silence, and many an unknown identity. */
function adviceFor(reached: DtlsSession["reached"], identity: Buffer): string {
  switch (reached) {
    case "refused":
      return "nobody listens there";
    case "nothing":
      return "no answer at all, check host, port and network";
    case "server":
      return "the server has stopped answering, check the network";
    case "credentials":
      return `no answer to PSK identity ${JSON.stringify(identity.toString())}, check that the server has it, with the same key`;
  }
}
