import { createSocket, type Socket } from "node:dgram";
import { createJournal, type Journal } from "./event-journal.ts";

/** One datagram on its way through the relay. */
export interface Datagram {
  readonly direction: "toServer" | "toClient";
  readonly bytes: Buffer;
  readonly fate: Fate;
}

/** How many copies go on (0: dropped), and how late. */
export interface Fate {
  readonly copies: number;
  readonly delayMs?: number;
}

/** A UDP relay between one modem and one server that can lose, repeat and hold back datagrams. */
export interface Relay {
  /** Where the modem finds the server. */
  readonly port: number;
  readonly seen: Journal<Datagram>;
  /** Decides over each datagram from now on. */
  rule(decide: (direction: Datagram["direction"], bytes: Buffer) => Fate): void;
  close(): Promise<void>;
}

const PASS: Fate = { copies: 1 };

/** @param serverPort on loopback; each port of a client keeps one port of the relay towards the server */
export async function openRelay(serverPort: number): Promise<Relay> {
  const seen = createJournal<Datagram>(
    (one) => `${one.direction} x${one.fate.copies} ${one.bytes.toString("hex").slice(0, 60)}`,
  );
  const upstreams = new Map<number, Socket>();
  let decide: (direction: Datagram["direction"], bytes: Buffer) => Fate = () => PASS;
  let closed = false;

  const forward = (direction: Datagram["direction"], bytes: Buffer, send: () => void): void => {
    const fate = decide(direction, bytes);
    seen.add({ direction, bytes, fate });
    const go = (): void => {
      for (let copy = 0; copy < fate.copies && !closed; copy += 1) send();
    };
    if (fate.delayMs === undefined) go();
    else setTimeout(go, fate.delayMs);
  };

  const front = createSocket("udp4");
  front.on("error", () => {});
  front.on("message", (bytes, client) => {
    let upstream = upstreams.get(client.port);
    if (upstream === undefined) {
      const opened = createSocket("udp4");
      opened.on("error", () => {});
      opened.on("message", (reply) => {
        forward("toClient", reply, () => front.send(reply, client.port, client.address));
      });
      upstreams.set(client.port, opened);
      upstream = opened;
    }
    const towards = upstream;
    forward("toServer", bytes, () => towards.send(bytes, serverPort, "127.0.0.1"));
  });
  await new Promise<void>((resolve) => front.bind(0, "127.0.0.1", resolve));

  return {
    port: front.address().port,
    seen,
    rule(next) {
      decide = next;
    },
    async close() {
      closed = true;
      for (const socket of [front, ...upstreams.values()]) socket.close();
      seen.end("the relay is closed");
    },
  };
}

/** The parts of a CoAP header a rule looks at (RFC 7252 §3); undefined for anything else, such as DTLS. */
export function coapHeader(
  bytes: Buffer,
): { type: "CON" | "NON" | "ACK" | "RST"; code: string; messageId: number } | undefined {
  if (bytes.length < 4 || bytes[0]! >> 6 !== 1) return undefined;
  const type = (["CON", "NON", "ACK", "RST"] as const)[(bytes[0]! >> 4) & 3]!;
  const code = `${bytes[1]! >> 5}.${String(bytes[1]! & 31).padStart(2, "0")}`;
  return { type, code, messageId: bytes.readUInt16BE(2) };
}
