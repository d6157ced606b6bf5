/** CoAP exchanges in both directions: tokens, duplicates, retransmission, separate responses (RFC 7252 §4, §5). */
import { describe, expect, it } from "vitest";
import type { Response } from "#coap/message";
import { block, showCoap } from "../support/coap-bytes.ts";
import { createCoapPeer } from "../support/coap-peer.ts";
import { get, OPTION, post, put, show, text } from "./ask.ts";
import {
  account,
  answer,
  NOTHING,
  openRawDevice,
  openRegistered,
  SECOND_ACCOUNT,
  SERVER_ACCOUNT,
  walk,
} from "./raw-device.ts";

const LOCATION = [
  [OPTION.locationPath, "rd"],
  [OPTION.locationPath, "7"],
] as const;

describe("requests of a server", () => {
  it("RFC7252-TOK-01 RFC7252-TX-01 are answered in the Acknowledgement, with message id and token of the request", async () => {
    const { server } = await openRegistered();
    for (const token of ["", "aa", "0102030405060708"]) {
      await server.send({ ...get("/3/0/1"), mid: 0x77aa, token, type: "CON" });
      const [heard] = server.take();
      expect(heard!.message).toMatchObject({ type: "ACK", code: "2.05", mid: 0x77aa, token });
    }
  });

  it("ANJ-CO-05 with a token, then without; a server URI of 256 bytes harms nobody", async () => {
    const { server } = await openRegistered();
    await walk(server, [
      [get("/3/0/1", { token: "666f6f" }), "2.05"],
      [get("/3/0/1", { token: "" }), "2.05"],
    ]);
    const long = await openRawDevice({ ini: account(1, 102, 300, `coap://${"a".repeat(244)}:5683`) });
    try {
      long.client.register(false);
    } catch (error) {
      expect((error as Error).message).toMatch(/URI: outside 0-255|no server account/);
    }
    await long.clock.advance(1000);
    expect(long.requests().length).toBeLessThanOrEqual(1);
  });

  it("RFC7252-TX-04 that come twice within 247 s are answered twice and served once", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    const request = { ...put("/19/1/0", { format: 42, payload: "x" }), mid: 0x1234, token: "aa" };
    let served = 0;
    device.modem.onChange((now, before) => {
      if (now.lwm2m.downlink !== before.lwm2m.downlink) served++;
    });
    await server.send(request);
    await clock.advance(240_000);
    await server.send(request);
    const acks = server.take().filter(({ message }) => message.type === "ACK");
    expect(acks).toHaveLength(2);
    expect(acks[1]!.datagram).toEqual(acks[0]!.datagram);
    expect(served).toBe(1);
    await clock.advance(10_000);
    await server.send(request);
    expect(served).toBe(2);
  });

  it("ANJ-CO-02 under one message id from two servers are two requests", async () => {
    const device = await openRegistered({ ini: `${SERVER_ACCOUNT}\n${SECOND_ACCOUNT}` });
    const [first, second] = device.servers;
    for (let round = 0; round < 2; round++) {
      await first!.send({ ...get("/1/1/1"), mid: 1234, token: "aa" });
      await second!.send({ ...put("/3/0/15", text("UTC")), mid: 1234, token: "bb" });
    }
    const lines = (server: typeof first) =>
      server!
        .take()
        .filter(({ message }) => message.type === "ACK")
        .map(({ message }) => `${message.mid} ${message.token} ${show(message)}`);
    expect(lines(first)).toEqual(Array(2).fill("1234 aa 2.05 ct=0 300"));
    expect(lines(second)).toEqual(Array(2).fill("1234 bb 2.04"));
  });
});

describe("requests of the device", () => {
  it("ANJ-REG-05 take a separate response by its token; a foreign one is reset", async () => {
    const device = await openRawDevice({
      script: (request) => ({ type: "ACK", code: "0.00", mid: request.mid }),
    });
    device.client.register(false);
    await device.clock.advance(1000);
    const { token } = device.server.take()[0]!.message;
    await device.server.send({ type: "CON", code: "2.01", mid: 0x1111, token: "f0f1f2", options: LOCATION });
    expect(device.server.take().map(({ datagram }) => showCoap(datagram))).toEqual(["RST 0.00 mid=1111"]);
    await device.server.send({ type: "CON", code: "2.01", mid: 0x2222, token, options: LOCATION });
    expect(device.server.take().map(({ datagram }) => showCoap(datagram))).toEqual(["ACK 0.00 mid=2222"]);
    expect(device.client.status.servers[0]).toMatchObject({ state: "registered", location: "/rd/7" });
  });

  it("RFC7252-TX-11 take a Confirmable response without an Acknowledgement before it", async () => {
    const device = await openRawDevice({ script: () => NOTHING });
    device.client.register(false);
    await device.clock.advance(500);
    const { token } = device.server.take()[0]!.message;
    await device.server.send({ type: "CON", code: "2.01", mid: 0x2222, token, options: LOCATION });
    expect(device.server.take().map(({ datagram }) => showCoap(datagram))).toEqual(["ACK 0.00 mid=2222"]);
    await device.clock.advance(50_000);
    expect(device.server.take()).toEqual([]);
    expect(device.client.status.servers[0]?.state).toBe("registered");
  });

  it("RFC7252-TX-05 are repeated after 2-3 s, then at doubling gaps, 4 times, and given up within 93 s", async () => {
    const device = await openRawDevice({ script: () => NOTHING });
    device.client.register(false);
    await device.clock.advance(93_000);
    const [, ...rest] = device.server.heard;
    const at = device.server.heard.map(({ atMs }) => atMs);
    const gaps = at.slice(1).map((each, index) => each - at[index]!);
    expect(rest).toHaveLength(4);
    expect(gaps[0]).toBeGreaterThanOrEqual(2000);
    expect(gaps[0]).toBeLessThanOrEqual(3000);
    for (const [index, gap] of gaps.slice(1).entries()) expect(gap / gaps[index]!).toBeCloseTo(2, 2);
    expect(device.client.status.servers[0]?.state).toBe("waiting");
  });

  it("RFC7252-TX-06 wait for one another: one is outstanding", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    device.rescript(() => NOTHING);
    await walk(server, [[put("/1/1/1", text("200")), "2.04"]]);
    await clock.advance(10);
    device.client.update(0, true);
    await walk(server, [[post("/1/1/8"), "2.04"]]);
    await clock.advance(10_000);
    const outgoing = server.take().filter(({ message }) => message.type === "CON");
    expect(outgoing.length).toBeGreaterThan(1);
    expect(new Set(outgoing.map(({ message }) => message.mid)).size).toBe(1);
  });

  it("RFC7252-TX-07 and notifications never share a message id within 247 s", async () => {
    const { server, clock, modem } = await openRegistered();
    await walk(server, [[get("/3/0/7", { observe: 0, token: "aa" }), "2.05"]]);
    server.take();
    for (let i = 0; i < 500; i++) {
      modem.update((state) => ({ battery: { ...state.battery, millivolts: 3000 + i } }));
      await clock.advance(400);
    }
    const own = server.take().filter(({ message }) => message.type !== "ACK");
    expect(own.length).toBeGreaterThan(490);
    expect(new Set(own.map(({ message }) => message.mid)).size).toBe(own.length);
  });

  it("RFC7252-TX-08 that get a Reset have failed, and are tried again later", async () => {
    const device = await openRawDevice({ script: (request) => ({ type: "RST", code: "0.00", mid: request.mid }) });
    device.client.register(false);
    await device.clock.advance(59_000);
    expect(device.requests()).toHaveLength(1);
    expect(device.client.status.servers[0]?.state).toBe("waiting");
    await device.clock.advance(2_000);
    expect(device.requests()).toHaveLength(2);
  });

  it("RFC7252-TX-10 whose response comes after they were given up answer it with Reset, and stay given up", async () => {
    const peer = createCoapPeer();
    const failure = peer.endpoint.request({ method: "POST", uriPath: ["rd"] }).catch((error) => error);
    await peer.clock.advance(100_000);
    expect(await failure).toMatchObject({ reason: "timeout" });
    const { token } = peer.take()[0]!.message;
    await peer.send({ type: "CON", code: "2.01", mid: 0x2222, token, options: [...LOCATION] });
    expect(peer.lines()).toEqual(["RST 0.00 mid=2222"]);
    await peer.clock.advance(100_000);
    expect(peer.lines()).toEqual([]);
  });

  it("RFC7252-OPT-04 do not take a response with an unknown critical option: Reset where it is Confirmable", async () => {
    const options = [...LOCATION, [2049, "x"] as const];
    const inAck = await openRawDevice({ script: (request) => answer(request, "2.01", { options }) });
    inAck.client.register(false);
    await inAck.clock.advance(1000);
    expect(inAck.client.status.servers[0]?.state).not.toBe("registered");
    const separate = await openRawDevice({ script: (request) => ({ type: "ACK", code: "0.00", mid: request.mid }) });
    separate.client.register(false);
    await separate.clock.advance(1000);
    const { token } = separate.server.take()[0]!.message;
    await separate.server.send({ type: "CON", code: "2.01", mid: 0x2222, token, options });
    expect(separate.server.take().map(({ datagram }) => showCoap(datagram))).toContain("RST 0.00 mid=2222");
    expect(separate.client.status.servers[0]?.state).not.toBe("registered");
  });
});

/** No Object of the device takes its time, so the message layer is shown alone. */
describe("an endpoint whose answer takes its time", () => {
  it("RFC7252-TX-02 TD_COAP_CORE_11 IOTT-COAP-RESP_SEPARATE acknowledges the request, then sends the response with its token until that is acknowledged", async () => {
    let give: (response: Response) => void = () => {};
    const peer = createCoapPeer({ onRequest: () => new Promise<Response>((resolve) => (give = resolve)) });
    await peer.send({ code: "0.01", mid: 0x7d38, token: "beef", options: [[OPTION.uriPath, "slow"]] });
    expect(peer.lines()).toEqual(["ACK 0.00 mid=7d38"]);
    await peer.clock.advance(20_000);
    expect(peer.lines()).toEqual([]);
    give({ code: "2.05", payload: Buffer.from("at last") });
    await peer.clock.advance(3000);
    const [first, again] = peer.take();
    expect(first!.line).toMatch(/^CON 2\.05 mid=\w{4} token=beef 'at last'$/);
    expect(again!.datagram).toEqual(first!.datagram);
    await peer.send({ type: "ACK", code: "0.00", mid: first!.message.mid });
    await peer.clock.advance(300_000);
    expect(peer.lines()).toEqual([]);
  });

  it("RFC7959-04 TD_COAP_BLOCK_05 takes a POST in blocks and answers it in blocks, in one exchange", async () => {
    const peer = createCoapPeer({
      onRequest: ({ payload }) => ({ code: "2.04", payload: Buffer.concat([payload, payload]) }),
    });
    const post = (mid: number, options: readonly (readonly [number, number])[], payload?: string) =>
      peer.send({
        code: "0.02",
        mid,
        token: "b5",
        options: [[OPTION.uriPath, "large"], ...options],
        ...(payload !== undefined && { payload }),
      });
    await post(1, [[OPTION.block1, block(0, 1, 16)]], "0123456789abcdef");
    await post(
      2,
      [
        [OPTION.block2, block(0, 0, 16)],
        [OPTION.block1, block(1, 0, 16)],
      ],
      "end",
    );
    await post(3, [[OPTION.block2, block(1, 0, 16)]]);
    await post(4, [[OPTION.block2, block(2, 0, 16)]]);
    expect(peer.take().map(({ message: { code, payload } }) => [code, payload.toString()])).toEqual([
      ["2.31", ""],
      ["2.04", "0123456789abcdef"],
      ["2.04", "end0123456789abc"],
      ["2.04", "defend"],
    ]);
    expect(peer.requests).toHaveLength(1);
  });
});
