import { describe, expect, it } from "vitest";
import { DEFAULT_TRANSMISSION } from "#coap/endpoint";
import { CoapError, CoapFailure, type Response } from "#coap/message";
import { createCoapPeer } from "../support/coap-peer.ts";

const GET = "0.01";
const text = (payload: string): Response => ({ code: "2.05", payload: Buffer.from(payload) });

/** A response that comes when the test says so. */
function createLater() {
  let settle: (response: Response | Promise<never>) => void = () => {};
  const response = new Promise<Response>((resolve) => {
    settle = resolve;
  });
  return { response, settle };
}

describe("serving requests", () => {
  it("[ET-010][ET-019] a lost reply is sent again for the repeated request, which is served once (RFC 7252 figure 19)", async () => {
    const peer = createCoapPeer({ onRequest: () => text("22.3 C") });
    const request = { code: GET, mid: 0x7d37, token: "42", options: [[11, "temperature"]] } as const;
    await peer.send(request);
    await peer.clock.advance(2000);
    await peer.send(request);
    expect(peer.lines()).toEqual(Array(2).fill("ACK 2.05 mid=7d37 token=42 '22.3 C'"));
    expect(peer.requests).toHaveLength(1);
    expect(peer.requests[0]).toMatchObject({ method: "GET", confirmable: true, uriPath: ["temperature"] });
  });

  it("[ET-010][ET-018] a late response follows its Acknowledgement as a Confirmable message (RFC 7252 figure 20)", async () => {
    const later = createLater();
    const peer = createCoapPeer({ onRequest: () => later.response });
    await peer.send({ code: GET, mid: 0x7d38, token: "53", options: [[11, "temperature"]] });
    expect(peer.lines()).toEqual(["ACK 0.00 mid=7d38"]);
    later.settle(text("22.3 C"));
    await peer.clock.advance(0);
    const [response] = peer.take();
    expect(response?.line).toMatch(/^CON 2\.05 mid=[0-9a-f]{4} token=53 '22\.3 C'$/);
    await peer.send({ type: "ACK", code: "0.00", mid: response!.message.mid });
    await peer.clock.advance(300_000);
    expect(peer.take()).toEqual([]);
  });

  it("a duplicate of a request answered later gets the Acknowledgement alone and no second run", async () => {
    const later = createLater();
    const peer = createCoapPeer({ onRequest: () => later.response });
    const request = { code: "0.02", mid: 0x7d38, token: "53", options: [[11, "3"]] } as const;
    await peer.send(request);
    await peer.send(request);
    later.settle({ code: "2.04" });
    await peer.clock.advance(0);
    const [, , response] = peer.take();
    await peer.send({ type: "ACK", code: "0.00", mid: response!.message.mid });
    await peer.send(request);
    expect(peer.lines()).toEqual(["ACK 0.00 mid=7d38"]);
    expect(peer.requests).toHaveLength(1);
  });

  it("a separate response is repeated until it is acknowledged, and given up after a Reset", async () => {
    const peer = createCoapPeer({ onRequest: async () => text("late") });
    await peer.send({ code: GET, mid: 7, token: "53" });
    await peer.clock.advance(3000);
    const [, first, second] = peer.take();
    expect(first!.line).toMatch(/^CON 2\.05/);
    expect(second!.datagram).toEqual(first!.datagram);
    await peer.send({ type: "RST", code: "0.00", mid: first!.message.mid });
    await peer.clock.advance(300_000);
    expect(peer.take()).toEqual([]);
  });

  it("[ET-011] a Non-confirmable request is answered by a Non-confirmable response (RFC 7252 figure 22)", async () => {
    const peer = createCoapPeer({ onRequest: () => text("22.3 C") });
    const request = { type: "NON", code: GET, mid: 0x7d40, token: "75", options: [[11, "temperature"]] } as const;
    await peer.send(request);
    await peer.send(request);
    const lines = peer.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^NON 2\.05 mid=[0-9a-f]{4} token=75 '22\.3 C'$/);
    expect(peer.requests).toHaveLength(1);
    expect(peer.requests[0]!.confirmable).toBe(false);
  });

  it("[ET-011] a Non-confirmable request answered later gets no Acknowledgement", async () => {
    const peer = createCoapPeer({ onRequest: async () => text("late") });
    await peer.send({ type: "NON", code: GET, mid: 1, token: "75" });
    await peer.clock.advance(0);
    const lines = peer.lines();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^NON 2\.05 .* 'late'$/);
  });

  it("[ET-012] GET, PUT, POST and DELETE are told apart; other methods are 4.05", async () => {
    const peer = createCoapPeer({ onRequest: () => ({ code: "2.04" }) });
    for (const [mid, code] of ["0.01", "0.02", "0.03", "0.04", "0.05", "0.31"].entries())
      await peer.send({ code, mid });
    expect(peer.requests.map(({ method }) => method)).toEqual(["GET", "POST", "PUT", "DELETE"]);
    expect(peer.lines().map((line) => line.slice(4, 8))).toEqual(["2.04", "2.04", "2.04", "2.04", "4.05", "4.05"]);
  });

  it("[ET-013] a response code returned or thrown is the code on the wire; anything else thrown is 5.00", async () => {
    const codes = ["2.01", "2.02", "2.04", "2.05", "4.00", "4.01", "4.04", "4.05", "4.06"] as const;
    for (const code of codes) {
      const peer = createCoapPeer({
        onRequest: ({ method }) => {
          if (method === "GET") throw new CoapError(code, "why");
          return { code };
        },
      });
      await peer.send({ code: GET, mid: 1 });
      await peer.send({ code: "0.02", mid: 2 });
      expect(peer.lines()).toEqual([`ACK ${code} mid=0001 'why'`, `ACK ${code} mid=0002`]);
    }
    for (const fault of [
      () => Promise.reject(new Error("secret")),
      () => {
        throw new Error("secret");
      },
    ]) {
      const peer = createCoapPeer({ onRequest: fault });
      await peer.send({ code: GET, mid: 1, token: "01" });
      await peer.clock.advance(0);
      expect(peer.lines().at(-1)).toMatch(/5\.00 mid=[0-9a-f]{4} token=01$/);
      expect(peer.complaints).toEqual(["a request could not be served"]);
    }
  });

  it("a response that does not fit its fields is 5.00", async () => {
    const peer = createCoapPeer({ onRequest: () => ({ code: "2.01", locationPath: ["x".repeat(300)] }) });
    await peer.send({ code: GET, mid: 1 });
    expect(peer.lines()).toEqual(["ACK 5.00 mid=0001"]);
  });

  it("a handler that returns nothing is 5.00", async () => {
    const peer = createCoapPeer({ onRequest: () => undefined as unknown as Response });
    await peer.send({ code: GET, mid: 1 });
    expect(peer.lines()).toEqual(["ACK 5.00 mid=0001"]);
  });

  it("an unknown critical option is 4.02, a Reset where the request is Non-confirmable; an elective one is ignored", async () => {
    const peer = createCoapPeer();
    await peer.send({ code: GET, mid: 1, options: [[65001, "x"]] });
    await peer.send({ code: GET, mid: 2, options: [[65000, "x"]] });
    await peer.send({ type: "NON", code: GET, mid: 3, options: [[65001, "x"]] });
    expect(peer.lines()).toEqual(["ACK 4.02 mid=0001", "ACK 2.05 mid=0002", "RST 0.00 mid=0003"]);
    expect(peer.requests).toHaveLength(1);
  });

  it("a diagnostic payload is brief, however long what is wrong", async () => {
    const peer = createCoapPeer({
      onRequest: () => {
        throw new CoapError("4.00", `${"/x".repeat(100_000)} is no path`);
      },
    });
    await peer.send({ code: GET, mid: 1 });
    const { message } = peer.take()[0]!;
    expect([message.code, message.payload.toString()]).toEqual(["4.00", "/x".repeat(100)]);
  });

  it("a request to a proxy is 5.05", async () => {
    const peer = createCoapPeer();
    await peer.send({ code: GET, mid: 1, options: [[35, "coap://elsewhere/"]] });
    await peer.send({ code: GET, mid: 2, options: [[39, "coap"]] });
    expect(peer.lines()).toEqual(["ACK 5.05 mid=0001", "ACK 5.05 mid=0002"]);
  });

  it("a message ID may be used for another request once its lifetime of 247 s is over, not before", async () => {
    const peer = createCoapPeer();
    const request = { code: GET, mid: 9, token: "01" } as const;
    await peer.send(request);
    await peer.clock.advance(246_999);
    await peer.send(request);
    expect(peer.requests).toHaveLength(1);
    await peer.clock.advance(1);
    await peer.send(request);
    expect(peer.requests).toHaveLength(2);
  });

  it("more than 64 requests waiting for their handlers are refused with 5.03", async () => {
    const peer = createCoapPeer({ onRequest: () => new Promise(() => {}) });
    for (let mid = 0; mid < 65; mid++) await peer.send({ code: GET, mid });
    expect(peer.lines().slice(-2)).toEqual(["ACK 0.00 mid=003f", "ACK 5.03 mid=0040"]);
  });
});

describe("messages that are not requests", () => {
  it("[ET-010] a ping is answered by Reset", async () => {
    const peer = createCoapPeer();
    await peer.send({ code: "0.00", mid: 0x1234 });
    expect(peer.lines()).toEqual(["RST 0.00 mid=1234"]);
  });

  it.each([
    ["a token length of 9", "49017d34000000000000000000"],
    ["an option that ends outside the datagram", "40017d34bb7465"],
    ["a reserved code class", "40217d34"],
    ["an empty message with content", "41007d3401"],
  ])("a Confirmable message with %s is answered by Reset, any other type in silence", async (_, bytes) => {
    const peer = createCoapPeer();
    const datagram = Buffer.from(bytes, "hex");
    await peer.send(datagram);
    expect(peer.lines()).toEqual(["RST 0.00 mid=7d34"]);
    for (const type of [0x10, 0x20, 0x30]) {
      datagram[0] = (datagram[0]! & 0xcf) | type;
      await peer.send(datagram);
    }
    expect(peer.lines()).toEqual([]);
  });

  it("what is not CoAP version 1 is ignored", async () => {
    const peer = createCoapPeer();
    for (const bytes of ["", "40", "40017d", "80017d34", "00017d34", "16feff"])
      await peer.send(Buffer.from(bytes, "hex"));
    expect(peer.lines()).toEqual([]);
  });

  it("[ET-010] a response nobody waits for is answered by Reset (RFC 7252 figure 21)", async () => {
    const peer = createCoapPeer();
    await peer.send({ code: "2.05", mid: 0xad7c, token: "64", payload: "22.3 C" });
    await peer.send({ type: "ACK", code: "2.05", mid: 0xad7d, token: "64" });
    await peer.send({ type: "ACK", code: "0.00", mid: 0xad7e });
    await peer.send({ type: "RST", code: "0.00", mid: 0xad7f });
    await peer.send({ type: "ACK", code: "0.01", mid: 0xad80 });
    await peer.send({ type: "NON", code: "0.00", mid: 0xad81 });
    expect(peer.lines()).toEqual(["RST 0.00 mid=ad7c"]);
  });
});

describe("own requests", () => {
  const request = { method: "POST", uriPath: ["rd"], uriQuery: ["ep=x"] } as const;

  it("[ET-010][ET-018] a piggybacked response ends the request", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request({ ...request, contentFormat: 40, payload: Buffer.from("</1/0>") });
    await peer.clock.advance(0);
    const [sent] = peer.take();
    expect(sent!.line).toMatch(/^CON 0\.02 mid=[0-9a-f]{4} token=[0-9a-f]{16} 11=rd 12=40 15=ep=x '<\/1\/0>'$/);
    const { mid, token } = sent!.message;
    await peer.send({
      type: "ACK",
      code: "2.01",
      mid,
      token,
      options: [
        [8, "rd"],
        [8, "5a3f"],
      ],
    });
    expect(await response).toMatchObject({ code: "2.01", locationPath: ["rd", "5a3f"] });
    expect(peer.clock.pending()).toBe(0);
  });

  it("[ET-019] a request is sent again after 2-3 s, doubling, four times, and then ends as timeout", async () => {
    const peer = createCoapPeer();
    const failure = peer.endpoint.request(request).catch((error) => error);
    await peer.clock.advance(100_000);
    const sent = peer.take();
    const firstMs = sent[1]!.atMs;
    expect(firstMs).toBeGreaterThanOrEqual(2000);
    expect(firstMs).toBeLessThanOrEqual(3000);
    const times = sent.map(({ atMs }) => atMs / firstMs);
    for (const [i, wanted] of [0, 1, 3, 7, 15].entries()) expect(times[i]).toBeCloseTo(wanted, 9);
    expect(sent).toHaveLength(5);
    for (const { datagram } of sent) expect(datagram).toEqual(sent[0]!.datagram);
    expect(await failure).toMatchObject({ reason: "timeout", message: "POST /rd: no answer from the peer" });
    expect(peer.clock.pending()).toBe(0);
  });

  it("[ET-019] the transmission parameters are the caller's", async () => {
    const transmission = { ackTimeoutMs: 500, ackRandomFactor: 1, maxRetransmit: 2, nstart: 1 };
    const peer = createCoapPeer({ transmission });
    let failedAtMs = 0;
    peer.endpoint.request(request).catch(() => {
      failedAtMs = peer.clock.monotonic();
    });
    await peer.clock.advance(10_000);
    expect(peer.take().map(({ atMs }) => atMs)).toEqual([0, 500, 1500]);
    expect(failedAtMs).toBe(3500);
  });

  it("[ET-010] a separate response is acknowledged, and again when it is repeated", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request(request);
    await peer.clock.advance(0);
    const { mid, token } = peer.take()[0]!.message;
    await peer.send({ type: "ACK", code: "0.00", mid });
    await peer.clock.advance(60_000);
    expect(peer.take()).toEqual([]);
    const separate = { code: "2.04", mid: 0x0777, token } as const;
    await peer.send(separate);
    await peer.send(separate);
    expect(peer.lines()).toEqual(["ACK 0.00 mid=0777", "ACK 0.00 mid=0777"]);
    expect(await response).toMatchObject({ code: "2.04" });
    expect(peer.clock.pending()).toBe(0);
  });

  it("a separate response that overtakes its Acknowledgement ends the request", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request(request);
    await peer.clock.advance(0);
    const { mid, token } = peer.take()[0]!.message;
    await peer.send({ type: "NON", code: "2.04", mid: 0x0777, token });
    await peer.send({ type: "ACK", code: "0.00", mid });
    expect(await response).toMatchObject({ code: "2.04" });
    await peer.clock.advance(100_000);
    expect(peer.take()).toEqual([]);
  });

  it("an acknowledged request that is never answered ends as timeout", async () => {
    const peer = createCoapPeer();
    const failure = peer.endpoint.request(request).catch((error) => error);
    await peer.clock.advance(0);
    await peer.send({ type: "ACK", code: "0.00", mid: peer.take()[0]!.message.mid });
    await peer.clock.advance(250_000);
    expect(await failure).toMatchObject({ reason: "timeout", message: "POST /rd: acknowledged but never answered" });
    expect(peer.clock.pending()).toBe(0);
  });

  it("[ET-010] a Reset ends the request as reset", async () => {
    const peer = createCoapPeer();
    const failure = peer.endpoint.request(request).catch((error) => error);
    await peer.clock.advance(0);
    await peer.send({ type: "RST", code: "0.00", mid: peer.take()[0]!.message.mid });
    expect(await failure).toBeInstanceOf(CoapFailure);
    expect(await failure).toMatchObject({ reason: "reset", message: "POST /rd: answered by Reset" });
  });

  it("an Acknowledgement with another token is not the answer", async () => {
    const peer = createCoapPeer();
    peer.endpoint.request(request).catch(() => {});
    await peer.clock.advance(0);
    const { mid } = peer.take()[0]!.message;
    await peer.send({ type: "ACK", code: "2.04", mid, token: "0102030405060708" });
    await peer.send({ type: "RST", code: "2.04", mid }); // nor is a Reset that is not empty
    await peer.clock.advance(3000);
    expect(peer.take()).toHaveLength(1);
  });

  it("an Acknowledgement that carries a request is no answer", async () => {
    const peer = createCoapPeer();
    let hasEnded = false;
    peer.endpoint.request(request).then(
      () => (hasEnded = true),
      () => {},
    );
    await peer.clock.advance(0);
    const { mid, token } = peer.take()[0]!.message;
    await peer.send({ type: "ACK", code: GET, mid, token });
    expect([hasEnded, peer.take()]).toEqual([false, []]);
    await peer.send({ type: "ACK", code: "2.04", mid, token });
    expect(hasEnded).toBe(true);
  });

  it("a response with an unknown critical option is rejected", async () => {
    for (const type of ["CON", "ACK"] as const) {
      const peer = createCoapPeer();
      const failure = peer.endpoint.request(request).catch((error) => error);
      await peer.clock.advance(0);
      const { mid, token } = peer.take()[0]!.message;
      await peer.send({ type, code: "2.04", mid, token, options: [[65001, "x"]] });
      expect(await failure).toMatchObject({ reason: "protocol" });
      expect(peer.lines()).toEqual(type === "CON" ? [`RST 0.00 mid=${mid.toString(16).padStart(4, "0")}`] : []);
    }
  });

  it("[ET-019] a second request waits until the first is answered or acknowledged (NSTART 1)", async () => {
    const peer = createCoapPeer();
    for (const name of ["a", "b", "c"]) peer.endpoint.request({ method: "GET", uriPath: [name] }).catch(() => {});
    await peer.clock.advance(0);
    const [first, ...others] = peer.take();
    expect(others).toEqual([]);
    await peer.send({ type: "ACK", code: "0.00", mid: first!.message.mid });
    const [second, ...more] = peer.take();
    expect(second!.line).toContain("11=b");
    expect(more).toEqual([]);
    await peer.send({ type: "ACK", code: "2.05", mid: second!.message.mid, token: second!.message.token });
    expect(peer.lines()[0]).toContain("11=c");
  });

  it("[ET-019] with NSTART 2 the third request is the first to wait", async () => {
    const peer = createCoapPeer({ transmission: { ...DEFAULT_TRANSMISSION, nstart: 2 } });
    const requests = [1, 2, 3].map(() => peer.endpoint.request(request));
    await peer.clock.advance(0);
    const [first, second, ...others] = peer.take();
    expect([first?.message.code, second?.message.code, ...others]).toEqual(["0.02", "0.02"]);
    await peer.send({ type: "ACK", code: "2.04", mid: second!.message.mid, token: second!.message.token });
    const [third] = peer.take();
    await peer.send({ type: "ACK", code: "2.04", mid: third!.message.mid, token: third!.message.token });
    await peer.send({ type: "ACK", code: "2.04", mid: first!.message.mid, token: first!.message.token });
    expect((await Promise.all(requests)).map(({ code }) => code)).toEqual(["2.04", "2.04", "2.04"]);
  });

  it("of 2000 requests at once, what does not fit in the queue fails", async () => {
    const peer = createCoapPeer();
    const failed: string[] = [];
    for (let i = 0; i < 2000; i++) peer.endpoint.request(request).catch((error) => failed.push(error.message));
    await peer.clock.advance(0);
    expect(failed).toEqual(Array(999).fill("POST /rd: too many messages are waiting to be sent"));
  });

  it("message IDs count up from a random start, one space for all that is sent", async () => {
    const starts = new Set<number>();
    for (const seed of [1, 2, 3]) {
      const peer = createCoapPeer({ seed, onRequest: async () => ({ code: "2.05" }) });
      peer.endpoint.notify(Buffer.from([1]), { code: "2.05" }, false, () => {});
      await peer.send({ type: "NON", code: GET, mid: 5 });
      peer.endpoint.request(request).catch(() => {});
      await peer.clock.advance(0);
      const ids = peer.take().map(({ message }) => message.mid);
      expect(ids).toEqual([ids[0]!, (ids[0]! + 1) & 0xffff, (ids[0]! + 2) & 0xffff]);
      starts.add(ids[0]!);
    }
    expect(starts.size).toBe(3);
  });

  it("a request that does not fit its fields fails at once", async () => {
    const peer = createCoapPeer();
    await expect(peer.endpoint.request({ method: "GET", uriQuery: ["x".repeat(256)] })).rejects.toMatchObject({
      reason: "protocol",
      message: "GET /: Uri-Query option: longer than 255 bytes",
    });
  });
});

describe("the end of an endpoint", () => {
  it("closing fails open requests, sends nothing more and leaves no task behind", async () => {
    const later = createLater();
    const peer = createCoapPeer({ onRequest: () => later.response });
    const failures = [1, 2].map(() => peer.endpoint.request({ method: "GET" }).catch((error) => error));
    peer.endpoint.notify(Buffer.from([1]), { code: "2.05" }, true, () => {});
    await peer.send({ code: GET, mid: 1 });
    await peer.send({ code: "0.03", mid: 2, options: [[27, 8]], payload: "x".repeat(16) });
    peer.take();
    peer.endpoint.close();
    peer.endpoint.close();
    expect(peer.clock.pending()).toBe(0);
    later.settle(text("too late"));
    peer.endpoint.notify(Buffer.from([1]), { code: "2.05" }, true, () => {});
    await peer.send({ code: GET, mid: 3 });
    for (const failure of failures) expect(await failure).toMatchObject({ reason: "closed" });
    await expect(peer.endpoint.request({ method: "GET" })).rejects.toMatchObject({ reason: "closed" });
    await peer.clock.advance(300_000);
    expect(peer.take()).toEqual([]);
    expect(peer.clock.pending()).toBe(0);
  });

  it("a link that ends by itself fails open requests and tells why", async () => {
    const reasons: string[] = [];
    const peer = createCoapPeer({ onClosed: (reason) => reasons.push(reason) });
    const failure = peer.endpoint.request({ method: "GET" }).catch((error) => error);
    await peer.clock.advance(0);
    peer.link.drop("close_notify");
    expect(await failure).toMatchObject({ reason: "closed", message: "GET /: close_notify" });
    peer.endpoint.close();
    expect(reasons).toEqual(["close_notify"]);
    expect(peer.clock.pending()).toBe(0);
  });

  it("every datagram is counted, both ways", async () => {
    const counts = { in: 0, out: 0 };
    const peer = createCoapPeer({
      onTraffic: (direction, bytes) => {
        counts[direction] += bytes;
      },
    });
    await peer.send({ code: GET, mid: 1 });
    await peer.send(Buffer.from("garbage"));
    expect(counts).toEqual({ in: 11, out: 4 });
  });
});
