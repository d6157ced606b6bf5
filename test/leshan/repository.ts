import { createSocket } from "node:dgram";
import { once } from "node:events";
import { blockOf } from "../ets/file-server.ts";
import { coapBytes, readCoap } from "../support/coap-bytes.ts";
import { openDtlsServer } from "../support/coap-dtls-server.ts";
import type { Bench } from "./bench.ts";

/** A repository of one package beside Leshan, over DTLS where it has a key. @returns its port */
export async function openRepository(bench: Bench, file: Buffer, key?: Buffer | undefined): Promise<number> {
  const serve = (datagram: Buffer) => coapBytes(blockOf(readCoap(datagram), file, { etag: "v1" }));
  if (key) {
    const server = await openDtlsServer({
      key: () => key,
      onMessage: (message, session) => session.send(serve(message)),
    });
    bench.onClose(() => server.close());
    return server.port;
  }
  const socket = createSocket("udp4");
  socket.on("message", (datagram, { port, address }) => socket.send(serve(datagram), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  bench.onClose(async () => {
    socket.close();
    await once(socket, "close");
  });
  return socket.address().port;
}
