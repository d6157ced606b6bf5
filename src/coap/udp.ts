/** A link over plain UDP (NoSec mode). */
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { isIP } from "node:net";
import { IPV6_ADDED_BYTES, LinkError, type LinkEvents, type OpenLink } from "#coap/link";

export interface PeerAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** An IP address for `host`; of several the first IPv4 one, as the module's default PDP type has it. @throws LinkError */
export async function resolvePeer(host: string): Promise<PeerAddress> {
  const literal = isIP(host);
  if (literal !== 0) return { address: host, family: literal === 4 ? 4 : 6 };
  try {
    const found = await lookup(host, { all: true });
    const chosen = found.find(({ family }) => family === 4) ?? found[0];
    if (chosen) return { address: chosen.address, family: chosen.family === 4 ? 4 : 6 };
  } catch (error) {
    throw new LinkError(`host ${host} cannot be resolved: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  throw new LinkError(`host ${host} cannot be resolved: it has no address`);
}

/** "127.0.0.1:5683" or "[::1]:5683". */
export function formatPeer({ address, family }: PeerAddress, port: number): string {
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}

/** @returns Link.addedBytes over plain UDP. */
export const addedBytes = ({ family }: PeerAddress): number => (family === 6 ? IPV6_ADDED_BYTES : 0);

/** Opens a connected UDP socket: datagrams of other peers never arrive. @throws LinkError */
export const openUdpLink: OpenLink = async (target, signal) => {
  const peer = await resolvePeer(target.host);
  throwIfAborted(signal);
  const socket = createSocket(peer.family === 4 ? "udp4" : "udp6");
  try {
    if (target.localPort !== undefined) await bindIfFree(socket, target.localPort);
    socket.connect(target.port, peer.address);
    await once(socket, "connect");
    throwIfAborted(signal);
  } catch (error) {
    socket.close();
    if (error instanceof LinkError) throw error;
    throw new LinkError(`no socket to ${formatPeer(peer, target.port)}: ${(error as Error).message}`);
  }
  // A server that is not there (ECONNREFUSED) may come back: what could not be sent is lost, the link stays.
  socket.on("error", () => {});
  let events: LinkEvents | undefined;
  let isClosed = false;
  socket.on("message", (datagram) => events?.message(datagram));
  return {
    localPort: socket.address().port,
    description: `udp ${formatPeer(peer, target.port)}`,
    addedBytes: addedBytes(peer),
    listen(listener) {
      events = listener;
    },
    send(datagram) {
      if (isClosed) return;
      try {
        socket.send(datagram);
      } catch {
        // lost, as datagrams are
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      socket.close();
    },
  };
};

/** A socket that is not bound gets any port when it is connected. */
async function bindIfFree(socket: Socket, port: number): Promise<void> {
  try {
    socket.bind({ port, exclusive: true });
    await once(socket, "listening");
  } catch {
    // taken, or not ours to take
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LinkError("opening the link was abandoned");
}
