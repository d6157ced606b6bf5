/** A Client of the tests: the `coap` package's server and agent on one socket, answering what it is told to. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, type OutgoingMessage } from "coap";

type CoapMethod = IncomingMessage["method"];

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly payload: Buffer;
  readonly observe: number | undefined;
}

export type Reply = { code: string; format?: number; payload?: Buffer | string; location?: string[] };

export interface RawClient {
  readonly port: number;
  readonly seen: readonly Seen[];
  send(
    method: CoapMethod,
    port: number,
    path: string,
    options?: { payload?: string; format?: number },
  ): Promise<{ code: string; location: string[] }>;
  /** Sends a notification on every observation begun. */
  notify(payload: Buffer, format: number): void;
  /** Resolves when the server has refused a notification with Reset. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function openRawClient(answer: (request: Seen) => Reply | undefined): Promise<RawClient> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const seen: Seen[] = [];
  const streams: Array<OutgoingMessage & { write(data: Buffer): void }> = [];
  const server = createServer((request: IncomingMessage, response: OutgoingMessage) => {
    const observe = request.headers.Observe as number | undefined;
    const each = { method: request.method, path: request.url, payload: request.payload, observe };
    seen.push(each);
    const reply = answer(each);
    if (!reply) return;
    response.code = response.statusCode = reply.code;
    if (reply.format !== undefined) {
      response.setOption("Content-Format", Buffer.of(reply.format >> 8, reply.format & 0xff));
    }
    if (reply.location)
      response.setOption(
        "Location-Path",
        reply.location.map((segment) => Buffer.from(segment)),
      );
    if (observe === 0 && reply.code === "2.05") {
      response.write(reply.payload);
      streams.push(response);
    } else response.end(reply.payload);
  });
  server.listen(socket);
  const agent = new Agent({ socket });
  return {
    port: socket.address().port,
    seen,
    async send(method, port, path, options = {}) {
      const [pathname = "", query = ""] = path.split("?");
      const request = agent.request({ host: "127.0.0.1", port, method, pathname, query });
      if (options.format !== undefined) request.setOption("Content-Format", Buffer.of(options.format));
      request.end(options.payload);
      const [response] = (await once(request, "response")) as [
        IncomingMessage & { options: { name: string; value: string }[] },
      ];
      const location = response.options.filter(({ name }) => name === "Location-Path").map(({ value }) => value);
      return { code: response.code, location };
    },
    notify(payload, format) {
      for (const stream of streams) {
        stream.setOption("Content-Format", Buffer.of(format >> 8, format & 0xff));
        stream.write(payload);
      }
    },
    reset: () => new Promise<void>((resolve) => streams[0]?.on("finish", () => resolve())),
    async close() {
      server.close();
      agent.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
