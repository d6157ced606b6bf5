import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import coap from "coap";
import { afterEach, describe, expect, it } from "vitest";
import { createEndpoint, type EndpointOptions } from "#coap/endpoint";
import type { Request, Response } from "#coap/message";
import { openUdpLink } from "#coap/udp";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { findFreePort } from "../support/coap-dtls-server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const runtime = { clock: systemClock, random: systemRandom, log: silentLog };

async function openSocket(type: "udp4" | "udp6" = "udp4", port = 0) {
  const socket = createSocket(type);
  socket.bind(port, type === "udp4" ? "127.0.0.1" : "::1");
  await once(socket, "listening");
  cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

const openLink = async (port: number, host = "127.0.0.1") => {
  const link = await openUdpLink({ scheme: "coap", host, port });
  cleanups.push(() => link.close());
  return link;
};

describe("a UDP link", () => {
  it.each([
    ["127.0.0.1", "udp4", "127.0.0.1"],
    ["localhost", "udp4", "127.0.0.1"],
    ["::1", "udp6", "[::1]"],
  ] as const)("[ET-019][ET-022] datagrams go both ways with %s", async (host, type, shown) => {
    const server = await openSocket(type);
    const { port } = server.address();
    const link = await openLink(port, host);
    expect(link.description).toBe(`udp ${shown}:${port}`);
    const heard = new Promise<string>((resolve) => {
      link.listen({ message: (datagram) => resolve(datagram.toString()), closed: () => {} });
    });
    link.send(Buffer.from("ping"));
    const [datagram, from] = await once(server, "message");
    expect(datagram.toString()).toBe("ping");
    expect(from.port).toBe(link.localPort);
    server.send("pong", from.port, from.address);
    expect(await heard).toBe("pong");
  });

  it("leaves from the port it is given, or from another where that one is taken", async () => {
    const { port } = (await openSocket("udp4")).address();
    const localPort = await findFreePort();
    const target = { scheme: "coap", host: "127.0.0.1", port, localPort } as const;
    for (const isMine of [true, false]) {
      const link = await openUdpLink(target);
      cleanups.push(() => link.close());
      expect(link.localPort === localPort).toBe(isMine);
      expect(link.localPort).toBeGreaterThan(0);
    }
  });

  it("a server that is down and comes back is reached by the same link", async () => {
    const port = await findFreePort();
    const link = await openLink(port);
    const reasons: string[] = [];
    const heard: string[] = [];
    link.listen({ message: (datagram) => heard.push(datagram.toString()), closed: (reason) => reasons.push(reason) });
    const probe = createSocket("udp4"); // learns of the refusal the same way, later
    cleanups.push(() => probe.close());
    probe.connect(port, "127.0.0.1");
    await once(probe, "connect");
    for (let i = 0; i < 3; i++) {
      link.send(Buffer.from("refused"));
      const refused = once(probe, "error");
      probe.on("error", () => {});
      probe.send("x");
      await refused;
    }
    const server: Socket = await openSocket("udp4", port);
    link.send(Buffer.from("again"));
    const [datagram] = await once(server, "message");
    expect(datagram.toString()).toBe("again");
    expect(reasons).toEqual([]);
  });

  it("datagrams of another peer are not heard", async () => {
    const server = await openSocket();
    const stranger = await openSocket();
    const link = await openLink(server.address().port);
    const heard: string[] = [];
    const arrived = new Promise<void>((resolve) => {
      link.listen({
        message(datagram) {
          heard.push(datagram.toString());
          resolve();
        },
        closed: () => {},
      });
    });
    for (let i = 0; i < 10; i++) stranger.send("forged", link.localPort, "127.0.0.1");
    await new Promise<void>((resolve) => stranger.send("forged", link.localPort, "127.0.0.1", () => resolve()));
    server.send("genuine", link.localPort, "127.0.0.1");
    await arrived;
    expect(heard).toEqual(["genuine"]);
  });

  it("closing twice and sending afterwards does nothing", async () => {
    const link = await openLink(await findFreePort());
    link.listen({ message: () => {}, closed: () => expect.unreachable() });
    link.send(Buffer.alloc(70_000)); // larger than any datagram: lost
    link.close();
    link.close();
    link.send(Buffer.from("late"));
  });

  it("a host that does not exist, and an abandoned opening, are link errors of one line", async () => {
    const opening = openUdpLink({ scheme: "coap", host: "no-such-host.invalid", port: 5683 });
    await expect(opening).rejects.toMatchObject({
      name: "LinkError",
      message: expect.stringMatching(/^host no-such-host\.invalid cannot be resolved: E\w+$/),
    });
    const aborted = openUdpLink({ scheme: "coap", host: "127.0.0.1", port: 5683 }, AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ name: "LinkError" });
    await expect(openUdpLink({ scheme: "coap", host: "127.0.0.1", port: 0 })).rejects.toMatchObject({
      name: "LinkError",
    });
  });
});

/** The npm package coap, which shares nothing with the endpoint. */
describe("with the coap package as peer", () => {
  /** A coap server and an endpoint connected to it. */
  async function openWithServer(serve: (request: coap.IncomingMessage, response: coap.OutgoingMessage) => void) {
    const port = await findFreePort();
    const server = coap.createServer(serve);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
    cleanups.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    return openEndpoint(port);
  }

  async function openEndpoint(port: number, options: Partial<EndpointOptions> = {}) {
    const link = await openUdpLink({ scheme: "coap", host: "127.0.0.1", port });
    const endpoint = createEndpoint({ onRequest: () => ({ code: "4.04" }), ...options, link, runtime });
    cleanups.push(() => endpoint.close());
    return endpoint;
  }

  /** A coap client on a socket of its own, and an endpoint connected to that. */
  async function openWithClient(onRequest: (request: Request) => Response | Promise<Response>) {
    const socket = await openSocket();
    const agent = new coap.Agent({ socket });
    const endpoint = await openEndpoint(socket.address().port, { onRequest });
    const ask = (parameters: coap.CoapRequestParams, payload?: Buffer, block1 = false) =>
      new Promise<coap.IncomingMessage>((resolve, reject) => {
        const request = coap.request({ ...parameters, agent, host: "127.0.0.1", port: endpoint.link.localPort });
        if (block1) request.setOption("Block1", Buffer.of(6));
        request.on("response", resolve);
        request.on("error", reject);
        request.end(payload);
      });
    return { endpoint, ask };
  }

  it("[ET-012][ET-015][ET-016][ET-017] a registration and a de-registration", async () => {
    const seen: string[] = [];
    const endpoint = await openWithServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.payload}`);
      if (request.method === "POST") {
        response.setOption("Location-Path", [Buffer.from("rd"), Buffer.from("5a3f")]);
        response.code = "2.01";
      } else response.code = "2.02";
      response.end();
    });
    const registered = await endpoint.request({
      method: "POST",
      uriPath: ["rd"],
      uriQuery: ["ep=urn:imei:1", "lt=60"],
      contentFormat: 40,
      payload: Buffer.from("</1/0>,</3/0>"),
    });
    expect(registered).toMatchObject({ code: "2.01", locationPath: ["rd", "5a3f"] });
    const gone = await endpoint.request({ method: "DELETE", uriPath: registered.locationPath! });
    expect(gone.code).toBe("2.02");
    expect(seen).toEqual(["POST /rd?ep=urn:imei:1&lt=60 </1/0>,</3/0>", "DELETE /rd/5a3f "]);
  });

  it("a body of 20 000 bytes goes up by Block1 and comes back by Block2", async () => {
    const endpoint = await openWithServer((request, response) => {
      response.code = "2.05";
      response.end(request.payload);
    });
    const body = systemRandom.bytes(20_000);
    const response = await endpoint.request({ method: "PUT", uriPath: ["5", "0", "0"], payload: body });
    expect(response.payload).toEqual(body);
  });

  it("[ET-012] a read, a write and a refusal", async () => {
    const { ask } = await openWithClient(({ method, uriPath, payload }) =>
      uriPath?.[0] === "3"
        ? { code: method === "GET" ? "2.05" : "2.04", contentFormat: 0, payload: Buffer.from(`${method} ${payload}`) }
        : { code: "4.04" },
    );
    expect((await ask({ pathname: "/3/0/9" })).payload.toString()).toBe("GET ");
    const written = await ask({ pathname: "/3/0/14", method: "PUT" }, Buffer.from("+02"));
    expect(written.code).toBe("2.04");
    expect(written.payload.toString()).toBe("PUT +02");
    expect((await ask({ pathname: "/9" })).code).toBe("4.04");
    expect((await ask({ pathname: "/3", confirmable: false })).payload.toString()).toBe("GET ");
  });

  it("a slow answer", async () => {
    const { ask } = await openWithClient(
      () => new Promise((resolve) => setImmediate(() => resolve({ code: "2.05", payload: Buffer.from("slow") }))),
    );
    expect((await ask({ pathname: "/3/0" })).payload.toString()).toBe("slow");
  });

  it("a large write and a large read", async () => {
    const body = systemRandom.bytes(30_000);
    const bodies: Buffer[] = [];
    const { ask } = await openWithClient(({ method, payload }) => {
      if (method === "GET") return { code: "2.05", payload: body };
      bodies.push(payload);
      return { code: "2.04" };
    });
    expect((await ask({ pathname: "/5/0/0", method: "PUT" }, body, true)).code).toBe("2.04");
    expect(bodies).toEqual([body]);
    expect((await ask({ pathname: "/5/0/0" })).payload).toEqual(body);
  });

  it("an observation, with Confirmable and Non-confirmable notifications", async () => {
    const observers: Request[] = [];
    const { endpoint, ask } = await openWithClient((request) => {
      observers.push(request);
      return { code: "2.05", observe: 1, payload: Buffer.from("0") };
    });
    const stream = (await ask({ pathname: "/3/0/9", observe: true })) as coap.ObserveReadStream;
    const values: string[] = [];
    for (const [i, confirmable] of [true, false, true].entries()) {
      const arrived = once(stream, "data");
      const ended = new Promise<string>((resolve) => {
        const value = { code: "2.05", observe: i + 2, payload: Buffer.from(String(i + 1)) } as const;
        endpoint.notify(observers[0]!.token, value, confirmable, resolve);
      });
      values.push(String((await arrived)[0]));
      expect(await ended).toBe(confirmable ? "acknowledged" : "sent");
    }
    expect(values.at(-1)).toBe("3");
    stream.close();
  });
});
