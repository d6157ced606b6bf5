import { describe, expect, it } from "vitest";
import type { Response } from "#coap/message";
import { block, optionOf } from "../support/coap-bytes.ts";
import { createCoapPeer } from "../support/coap-peer.ts";

const token = Buffer.from("4a", "hex");

const temperature = (payload: string, observe: number): Response => ({
  code: "2.05",
  contentFormat: 0,
  observe,
  payload: Buffer.from(payload),
});

function createNotifier() {
  const peer = createCoapPeer();
  const outcomes: string[] = [];
  return {
    peer,
    outcomes,
    notify(payload: string, { confirmable = true, observe = 12, to = token } = {}) {
      peer.endpoint.notify(to, temperature(payload, observe), confirmable, (outcome) =>
        outcomes.push(`${payload} ${outcome}`),
      );
    },
  };
}

describe("notifications", () => {
  it("the first one answers the registration, the others follow under its token (RFC 7641 figure 1)", async () => {
    const peer = createCoapPeer({ onRequest: () => temperature("22.9 Cel", 9) });
    await peer.send({
      code: "0.01",
      mid: 0x1633,
      token: "4a",
      options: [
        [6, 0],
        [11, "temperature"],
      ],
    });
    expect(peer.requests[0]).toMatchObject({ observe: 0, uriPath: ["temperature"], token });
    expect(peer.lines()).toEqual(["ACK 2.05 mid=1633 token=4a 6=9 12=0 '22.9 Cel'"]);
    peer.endpoint.notify(token, temperature("22.8 Cel", 16), false, () => {});
    await peer.clock.advance(0);
    expect(peer.lines()[0]).toMatch(/^NON 2\.05 mid=[0-9a-f]{4} token=4a 6=16 12=0 '22\.8 Cel'$/);
  });

  it("[ET-010] a Confirmable one is repeated until it is acknowledged", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("a");
    await peer.clock.advance(3000);
    const [first, second] = peer.take();
    expect(first!.line).toMatch(/^CON 2\.05 .* 'a'$/);
    expect(second!.datagram).toEqual(first!.datagram);
    expect(outcomes).toEqual([]);
    await peer.send({ type: "ACK", code: "0.00", mid: first!.message.mid });
    expect(outcomes).toEqual(["a acknowledged"]);
    expect(peer.clock.pending()).toBe(0);
  });

  it("[ET-010] a Confirmable one that is reset ends as reset, one without any answer as timeout", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("a");
    await peer.clock.advance(0);
    await peer.send({ type: "RST", code: "0.00", mid: peer.take()[0]!.message.mid });
    notify("b");
    await peer.clock.advance(100_000);
    expect(peer.take()).toHaveLength(5);
    expect(outcomes).toEqual(["a reset", "b timeout"]);
  });

  it("[ET-011] a Non-confirmable one ends as sent, and as reset if a Reset comes for it, once", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("a", { confirmable: false });
    notify("b", { confirmable: false });
    await peer.clock.advance(0);
    const [, second] = peer.take();
    await peer.send({ type: "RST", code: "0.00", mid: second!.message.mid });
    await peer.send({ type: "RST", code: "0.00", mid: second!.message.mid });
    expect(outcomes).toEqual(["a sent", "b sent", "b reset"]);
    expect(peer.clock.pending()).toBe(0);
  });

  it("a Reset is understood for the latest 256 Non-confirmable ones", async () => {
    const { peer, outcomes, notify } = createNotifier();
    for (let i = 0; i < 257; i++) notify(String(i), { confirmable: false });
    await peer.clock.advance(0);
    const ids = peer.take().map(({ message }) => message.mid);
    outcomes.length = 0;
    for (const mid of ids.slice(0, 2)) await peer.send({ type: "RST", code: "0.00", mid });
    expect(outcomes).toEqual(["1 reset"]);
  });

  it("a newer one takes the place of the one in flight at its next retransmission (RFC 7641 §4.5.2)", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("old", { observe: 1 });
    await peer.clock.advance(100);
    notify("newer", { observe: 2 });
    notify("newest", { observe: 3 });
    await peer.clock.advance(100_000);
    const sent = peer.take();
    expect(sent.map(({ message }) => message.payload.toString())).toEqual(["old", ...Array(4).fill("newest")]);
    expect(new Set(sent.map(({ message }) => message.mid)).size).toBe(2);
    const [, t1, t2] = sent.map(({ atMs }) => atMs);
    expect(t2! - t1!).toBeCloseTo(2 * t1!, 6);
    expect(outcomes).toEqual(["old timeout", "newer timeout", "newest timeout"]);
  });

  it("a newer one is sent anew if the one in flight is acknowledged first", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("old");
    notify("new");
    await peer.clock.advance(0);
    const [old] = peer.take();
    await peer.send({ type: "ACK", code: "0.00", mid: old!.message.mid });
    expect(outcomes).toEqual(["old acknowledged"]);
    const [fresh] = peer.take();
    expect(fresh!.message.payload.toString()).toBe("new");
    await peer.send({ type: "ACK", code: "0.00", mid: fresh!.message.mid });
    expect(outcomes).toEqual(["old acknowledged", "new acknowledged"]);
  });

  it("a Reset to the one in flight ends the newer one too", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("old");
    notify("new");
    await peer.clock.advance(0);
    await peer.send({ type: "RST", code: "0.00", mid: peer.take()[0]!.message.mid });
    expect(outcomes).toEqual(["old reset", "new reset"]);
    expect(peer.clock.pending()).toBe(0);
  });

  it("of those that wait behind another observation's, only the newest of each is sent", async () => {
    const { peer, outcomes, notify } = createNotifier();
    notify("a");
    notify("b1", { to: Buffer.from("bb") });
    notify("b2", { to: Buffer.from("bb") });
    await peer.clock.advance(0);
    const [first, ...others] = peer.take();
    expect(others).toEqual([]);
    await peer.send({ type: "ACK", code: "0.00", mid: first!.message.mid });
    const [second] = peer.take();
    expect(second!.message.payload.toString()).toBe("b2");
    await peer.send({ type: "ACK", code: "0.00", mid: second!.message.mid });
    expect(outcomes).toEqual(["a acknowledged", "b1 acknowledged", "b2 acknowledged"]);
  });

  it("an observer that never answers costs no memory however often it is notified", async () => {
    const { peer, outcomes, notify } = createNotifier();
    for (let i = 0; i < 500; i++) notify(String(i));
    expect(outcomes).toHaveLength(500 - 64);
    await peer.clock.advance(100_000);
    expect(outcomes).toHaveLength(500);
    expect(outcomes.at(-1)).toBe("499 timeout");
  });

  it("a listener that throws is noted in the log and harms nobody", async () => {
    const { peer, outcomes, notify } = createNotifier();
    peer.endpoint.notify(token, temperature("a", 1), false, () => {
      throw new Error("listener");
    });
    notify("b", { confirmable: false });
    expect(outcomes).toEqual(["b sent"]);
    expect(peer.complaints).toEqual(["the outcome of a notification could not be handled"]);
  });

  it("a large one leaves by Block2, and the observer fetches the rest of the same body (RFC 7959 figure 10)", async () => {
    let version = 0;
    const state = () => Buffer.alloc(2500, String(version));
    const peer = createCoapPeer({ onRequest: () => ({ code: "2.05", observe: 1, payload: state() }) });
    await peer.send({
      code: "0.01",
      mid: 1,
      token: "fb",
      options: [
        [6, 0],
        [11, "status"],
      ],
    });
    version = 1;
    peer.endpoint.notify(Buffer.from("fb", "hex"), { code: "2.05", observe: 2, payload: state() }, false, () => {});
    version = 2; // changes again meanwhile
    for (const number of [1, 2]) {
      await peer.send({
        code: "0.01",
        mid: 8 + number,
        token: "fc",
        options: [
          [11, "status"],
          [23, block(number, 0, 1024)],
        ],
      });
    }
    const [, notification, ...rest] = peer.take();
    expect(notification!.line).toMatch(/^NON 2\.05 .* token=fb etag 6=2 2:0\/1\/1024/);
    expect(rest.map(({ message }) => optionOf(message, 6))).toEqual([undefined, undefined]);
    const body = Buffer.concat([notification!, ...rest].map(({ message }) => message.payload));
    expect(body).toEqual(Buffer.alloc(2500, "1"));
    expect(peer.requests).toHaveLength(1);
  });
});
