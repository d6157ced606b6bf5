/** A small LwM2M Server on a real socket, for one Client, whose every request it grants; CoAP by coap-bytes. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type CoapParts, coapBytes, type ReadCoap, readCoap } from "./coap-bytes.ts";

const URI_PATH = 11;
const LOCATION_PATH = 8;

interface Tally {
  datagrams: number;
  bytes: number;
}

export interface UdpServer {
  /** For the Client's configuration. */
  readonly uri: string;
  /** The address of the Client, once it has asked for something. */
  readonly client: string | undefined;
  /** What it has heard and sent until now. */
  readonly heard: Readonly<Tally>;
  readonly sent: Readonly<Tally>;
  send(datagram: CoapParts | Buffer): void;
  close(): void;
}

export const pathOf = ({ options }: ReadCoap): string =>
  options.flatMap(([number, value]) => (number === URI_PATH ? [`/${value}`] : [])).join("");

/** @param onMessage gets every message, before it is answered. */
export async function openUdpServer(
  host: "127.0.0.1" | "::1",
  onMessage: (message: ReadCoap) => void,
): Promise<UdpServer> {
  const isIpv6 = host === "::1";
  const socket = createSocket({ type: isIpv6 ? "udp6" : "udp4", ipv6Only: isIpv6 });
  const heard: Tally = { datagrams: 0, bytes: 0 };
  const sent: Tally = { datagrams: 0, bytes: 0 };
  const count = (tally: Tally, datagram: Buffer) => {
    tally.datagrams++;
    tally.bytes += datagram.length;
  };
  let client: { address: string; port: number } | undefined;
  let registrations = 0;

  const send = (message: CoapParts | Buffer) => {
    const datagram = Buffer.isBuffer(message) ? message : coapBytes(message);
    count(sent, datagram);
    socket.send(datagram, client!.port, client!.address);
  };
  socket.on("message", (datagram, from) => {
    count(heard, datagram);
    const message = readCoap(datagram);
    onMessage(message);
    const { type, code, mid, token } = message;
    if (type !== "CON" || !code.startsWith("0.")) return;
    client = from;
    const answer = { type: "ACK", mid, token } as const;
    if (pathOf(message) === "/rd") {
      const location = ["rd", String(++registrations)].map((segment) => [LOCATION_PATH, segment] as const);
      send({ ...answer, code: "2.01", options: location });
    } else {
      send({ ...answer, code: code === "0.04" ? "2.02" : "2.04" });
    }
  });
  socket.bind(0, host);
  await once(socket, "listening");
  const { port } = socket.address();
  return {
    uri: `coap://${isIpv6 ? `[${host}]` : host}:${port}`,
    get client() {
      return client?.address;
    },
    heard,
    sent,
    send,
    close: () => void socket.close(),
  };
}
