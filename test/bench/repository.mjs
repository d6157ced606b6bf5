/** A server of one file by CoAP, in blocks: where a modem pulls its package from. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { blockOf } from "./coap.mjs";

const MAX_PULL_MS = 60_000;

/** On a port of 127.0.0.1 that is free. */
export async function openRepository(file) {
  const socket = createSocket("udp4");
  let served = 0;
  let onLast = () => {};
  socket.on("message", (datagram, { port, address }) => {
    served++;
    const { reply, isLast } = blockOf(datagram, file);
    socket.send(reply, port, address);
    if (isLast) onLast();
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    uri: `coap://127.0.0.1:${socket.address().port}/package`,
    /** Blocks since the start. */
    get served() {
      return served;
    },
    /** Resolves once the last block of the file has been sent. */
    lastServed: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not pulled within ${MAX_PULL_MS} ms`)), MAX_PULL_MS);
        onLast = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    close: () => socket.close(),
  };
}
