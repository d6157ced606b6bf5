import { describe, expect, it } from "vitest";
import { createEndpoint } from "#coap/endpoint";
import { decode, encode } from "#coap/wire";
import { block, coapBytes } from "../support/coap-bytes.ts";
import { createCoapPeer } from "../support/coap-peer.ts";
import { createManualClock, createSeededRandom } from "../support/manual-clock.ts";
import { createLinkPair } from "../support/memory-link.ts";

/** Requests and answers as a real peer sends them. */
const VALID = [
  coapBytes({
    code: "0.01",
    mid: 1,
    token: "0102030405060708",
    options: [
      [11, "3"],
      [11, "0"],
      [11, "9"],
      [17, 11542],
    ],
  }),
  coapBytes({
    code: "0.01",
    mid: 2,
    token: "01",
    options: [
      [6, 0],
      [11, "3"],
      [11, "0"],
    ],
  }),
  coapBytes({
    code: "0.03",
    mid: 3,
    token: "02",
    options: [
      [11, "1"],
      [12, 11542],
      [15, "pmin=5"],
    ],
    payload: "value",
  }),
  coapBytes({
    code: "0.03",
    mid: 4,
    token: "03",
    options: [
      [11, "5"],
      [27, block(0, 1, 16)],
    ],
    payload: "0123456789abcdef",
  }),
  coapBytes({
    code: "0.03",
    mid: 5,
    token: "03",
    options: [
      [11, "5"],
      [27, block(1, 0, 16)],
    ],
    payload: "tail",
  }),
  coapBytes({
    code: "0.01",
    mid: 6,
    token: "04",
    options: [
      [11, "large"],
      [23, block(1, 0, 64)],
    ],
  }),
  coapBytes({ type: "NON", code: "0.02", mid: 7, token: "05", options: [[11, "slow"]] }),
  coapBytes({ code: "0.02", mid: 7, token: "05", options: [[11, "slow"]] }),
  coapBytes({ code: "0.00", mid: 8 }),
  coapBytes({ type: "ACK", code: "2.05", mid: 9, token: "06", payload: "x" }),
  coapBytes({ type: "RST", code: "0.00", mid: 10 }),
];

describe("10 000 hostile datagrams", () => {
  it.each([1, 2, 3])(
    "leave the endpoint serving and its memory bounded (seed %i)",
    { timeout: 60_000 },
    async (seed) => {
      const random = createSeededRandom(seed);
      const pick = (below: number) => Math.floor(random.fraction() * below);
      const sizes = { largest: 0 };
      const peer = createCoapPeer({
        seed,
        maxBodyBytes: 4096,
        onRequest({ uriPath, payload }) {
          sizes.largest = Math.max(sizes.largest, payload.length);
          if (uriPath?.[0] === "large") return { code: "2.05", payload: Buffer.alloc(3000, "l") };
          if (uriPath?.[0] === "slow") return Promise.resolve({ code: "2.04" });
          return { code: "2.05", payload: Buffer.from("served") };
        },
      });
      // Work of our own goes on meanwhile, so that answers have something to hit.
      for (let i = 0; i < 5; i++)
        peer.endpoint.request({ method: "POST", uriPath: ["rd"], payload: Buffer.alloc(3000) }).catch(() => {});
      const mutate = (datagram: Buffer) => {
        const copy = Buffer.from(datagram);
        for (let i = pick(4); i >= 0; i--) copy[pick(copy.length)] = pick(256);
        const cutTo = random.fraction() < 0.3 ? pick(copy.length + 1) : copy.length;
        return copy.subarray(0, cutTo);
      };
      for (let i = 0; i < 10_000; i++) {
        const isRandom = i % 2 === 0;
        const datagram = isRandom ? random.bytes(pick(60)) : mutate(VALID[pick(VALID.length)]!);
        if (isRandom && datagram.length > 0 && pick(2) === 0) datagram[0] = 0x40 | (datagram[0]! & 0x3f);
        if (i % 50 === 0) await peer.send(datagram);
        else void peer.send(datagram);
        if (i % 500 === 0) {
          peer.endpoint.notify(
            Buffer.from([pick(9)]),
            { code: "2.05", payload: Buffer.alloc(pick(3000)) },
            i % 1000 === 0,
            () => {},
          );
          await peer.clock.advance(1000);
        }
      }
      await peer.clock.advance(0);
      peer.take();
      expect(sizes.largest).toBeLessThanOrEqual(4096);
      expect(peer.complaints).toEqual([]);

      await peer.send({ code: "0.01", mid: 0xfff0, token: "77777777", options: [[11, "3"]] });
      expect(peer.lines()).toEqual(["ACK 2.05 mid=fff0 token=77777777 'served'"]);
      // Timers belong to our own messages and one sweep, not to what arrived.
      expect(peer.clock.pending()).toBeLessThan(10);
      await peer.clock.advance(1_000_000);
      peer.endpoint.close();
      expect(peer.clock.pending()).toBe(0);
    },
  );

  it("every datagram that can be read is written again as it was meant", () => {
    const random = createSeededRandom(7);
    let read = 0;
    for (let i = 0; i < 10_000; i++) {
      const datagram = Buffer.from(VALID[i % VALID.length]!);
      datagram[Math.floor(random.fraction() * datagram.length)] = Math.floor(random.fraction() * 256);
      const message = decode(datagram);
      if (!message || message.malformed !== undefined) continue;
      read++;
      if (message.badOption === undefined && !message.proxied) expect(decode(encode(message))).toEqual(message);
    }
    expect(read).toBeGreaterThan(2000);
  });
});

describe("two endpoints over a bad network", () => {
  it.each([1, 2, 3, 4, 5])("serve every request once and in full (seed %i)", { timeout: 60_000 }, async (seed) => {
    const clock = createManualClock();
    const random = createSeededRandom(seed);
    const [near, far] = createLinkPair({ clock, random, lossRate: 0.15, duplicateRate: 0.2, maxDelayMs: 800 });
    const log = { trace() {}, debug() {}, info() {}, warn() {}, error: () => expect.unreachable(), child: () => log };
    const runs = new Map<string, number>();
    const transmission = { ackTimeoutMs: 2000, ackRandomFactor: 1.5, maxRetransmit: 10, nstart: 1 };
    const client = createEndpoint({
      link: near,
      runtime: { clock, random, log },
      transmission,
      onRequest: () => ({ code: "4.04" }),
    });
    createEndpoint({
      link: far,
      runtime: { clock, random, log },
      transmission,
      onRequest({ uriPath, payload }) {
        const name = uriPath!.join("/");
        runs.set(name, (runs.get(name) ?? 0) + 1);
        const response = { code: "2.04", payload: Buffer.concat([payload, payload]) } as const;
        return name.endsWith("0") ? Promise.resolve(response) : response;
      },
    });
    const bodies = Array.from({ length: 20 }, (_, i) => random.bytes(i % 4 === 0 ? 3000 : 20));
    const responses = bodies.map((payload, i) => client.request({ method: "POST", uriPath: [String(i)], payload }));
    const all = Promise.all(responses);
    let isDone = false;
    all.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) await clock.advance(10_000);
    for (const [i, response] of (await all).entries()) {
      const twice = Buffer.concat([bodies[i]!, bodies[i]!]);
      expect({ ...response, isWhole: response.payload?.equals(twice) }).toMatchObject({ code: "2.04", isWhole: true });
    }
    expect([...runs.values()]).toEqual(Array(20).fill(1));
  });
});
