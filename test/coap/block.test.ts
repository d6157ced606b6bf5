import { describe, expect, it } from "vitest";
import type { Request, Response } from "#coap/message";
import { block, coapBytes, optionOf } from "../support/coap-bytes.ts";
import { type CoapPeer, createCoapPeer } from "../support/coap-peer.ts";

const GET = "0.01";
const PUT = "0.03";
const [PATH, BLOCK2, BLOCK1, SIZE2, SIZE1] = [11, 23, 27, 28, 60];

/** Bytes of which no two blocks are alike. */
const pattern = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13) & 255));

/** What is compared with the figures of RFC 7959: method or code, block options, payload length. */
const brief = (peer: CoapPeer) =>
  peer.take().map(({ line, message }) => {
    const blocks = line.split(" ").filter((word) => /^[12]:/.test(word));
    return [message.type, message.code, ...blocks, message.payload.length].join(" ");
  });

/** Sends blocks of 16 octets of a PUT. */
const putTo = (peer: CoapPeer) => (mid: number, number: number, more: 0 | 1) =>
  peer.send({
    code: PUT,
    mid,
    options: [
      [PATH, "x"],
      [BLOCK1, block(number, more, 16)],
    ],
    payload: "0123456789abcdef",
  });

const echo = { onRequest: ({ payload }: Request): Response => ({ code: "2.04", payload: payload.subarray(0, 10) }) };

describe("bodies of requests, joined", () => {
  it("a PUT in three blocks is served once, whole (RFC 7959 figure 7)", async () => {
    const peer = createCoapPeer(echo);
    const body = pattern(300);
    const put = (mid: number, number: number, more: 0 | 1, token: string) =>
      peer.send({
        code: PUT,
        mid,
        token,
        options: [
          [PATH, "options"],
          [BLOCK1, block(number, more, 128)],
        ],
        payload: body.subarray(number * 128, number * 128 + 128),
      });
    await put(0x1234, 0, 1, "a1");
    await put(0x1235, 1, 1, "a2"); // tokens may differ from block to block
    expect(peer.requests).toHaveLength(0);
    await put(0x1236, 2, 0, "a3");
    expect(brief(peer)).toEqual(["ACK 2.31 1:0/1/128 0", "ACK 2.31 1:1/1/128 0", "ACK 2.04 1:2/0/128 10"]);
    expect(peer.requests).toHaveLength(1);
    expect(peer.requests[0]).toMatchObject({ method: "PUT", uriPath: ["options"], payload: body });
  });

  it("a repeated last block is answered again and served once", async () => {
    const peer = createCoapPeer(echo);
    const blocks = [0, 1].map((number) =>
      coapBytes({
        code: PUT,
        mid: number,
        options: [
          [PATH, "x"],
          [BLOCK1, block(number, number === 0 ? 1 : 0, 16)],
        ],
        payload: "0123456789abcdef",
      }),
    );
    for (const datagram of [blocks[0]!, blocks[0]!, blocks[1]!, blocks[1]!]) await peer.send(datagram);
    const lines = brief(peer);
    expect(lines[0]).toBe("ACK 2.31 1:0/1/16 0");
    expect(lines[1]).toBe(lines[0]);
    expect(lines[2]).toBe("ACK 2.04 1:1/0/16 10");
    expect(lines[3]).toBe(lines[2]);
    expect(peer.requests).toHaveLength(1);
  });

  it("a body that is complete is forgotten: its last block alone is no request", async () => {
    const peer = createCoapPeer(echo);
    const put = putTo(peer);
    await put(1, 0, 1);
    await put(2, 1, 0);
    await put(3, 1, 0);
    expect(brief(peer)).toEqual(["ACK 2.31 1:0/1/16 0", "ACK 2.04 1:1/0/16 10", "ACK 4.08 0"]);
    expect(peer.requests).toHaveLength(1);
  });

  it("the peer may go on with smaller blocks", async () => {
    const peer = createCoapPeer(echo);
    const body = pattern(128 + 64 + 20);
    const steps: [number, 0 | 1, number][] = [
      [0, 1, 128],
      [4, 1, 32],
      [5, 1, 32],
      [6, 0, 32],
    ];
    for (const [mid, [number, more, size]] of steps.entries()) {
      const payload = body.subarray(number * size, number * size + size);
      await peer.send({
        code: PUT,
        mid,
        options: [
          [PATH, "x"],
          [BLOCK1, block(number, more, size)],
        ],
        payload,
      });
    }
    expect(peer.requests.map(({ payload }) => payload)).toEqual([body]);
  });

  it("a gap is 4.08, and the transfer can go on where it was", async () => {
    const peer = createCoapPeer(echo);
    const put = putTo(peer);
    await put(1, 1, 1); // never begun
    await put(2, 0, 1);
    await put(3, 2, 1);
    await put(4, 1, 1);
    await put(5, 1, 1); // the same block in a new message
    await put(6, 2, 0);
    expect(brief(peer)).toEqual([
      "ACK 4.08 0",
      "ACK 2.31 1:0/1/16 0",
      "ACK 4.08 0",
      "ACK 2.31 1:1/1/16 0",
      "ACK 2.31 1:1/1/16 0",
      "ACK 2.04 1:2/0/16 10",
    ]);
    expect(peer.requests[0]!.payload).toHaveLength(48);
  });

  it("too large a body is 4.13 with the size that is allowed, announced or found out", async () => {
    const peer = createCoapPeer({ ...echo, maxBodyBytes: 40 });
    const put = (mid: number, number: number, more: 0 | 1, size1?: number) =>
      peer.send({
        code: PUT,
        mid,
        options: [[PATH, "x"], [BLOCK1, block(number, more, 16)], ...(size1 ? [[SIZE1, size1] as const] : [])],
        payload: "0123456789abcdef",
      });
    await put(1, 0, 1, 41);
    await put(2, 0, 1, 40);
    await put(3, 1, 1);
    await put(4, 2, 0);
    const taken = peer.take().map(({ message }) => [message.code, optionOf(message, SIZE1)]);
    expect(taken).toEqual([
      ["4.13", 40],
      ["2.31", undefined],
      ["2.31", undefined],
      ["4.13", 40],
    ]);
    expect(peer.requests).toHaveLength(0);
  });

  it("a block of the wrong length, or of the reserved size, is 4.00", async () => {
    const peer = createCoapPeer(echo);
    const put = (mid: number, value: number, payload: string) =>
      peer.send({
        code: PUT,
        mid,
        options: [
          [PATH, "x"],
          [BLOCK1, value],
        ],
        payload,
      });
    await put(1, block(0, 1, 16), "short");
    await put(2, block(0, 0, 16), "longer than 16 bytes");
    await put(3, 0x0f, "szx 7");
    await peer.send({ code: GET, mid: 4, options: [[BLOCK2, 0x07]] });
    expect(brief(peer)).toEqual(Array(4).fill("ACK 4.00 0"));
    expect(peer.requests).toHaveLength(0);
  });

  it("other requests are served between the blocks, and transfers to other paths kept apart", async () => {
    const peer = createCoapPeer(echo);
    const put = (mid: number, path: string, number: number, more: 0 | 1, letter: string) =>
      peer.send({
        code: PUT,
        mid,
        options: [
          [PATH, path],
          [BLOCK1, block(number, more, 16)],
        ],
        payload: letter.repeat(16),
      });
    await put(1, "a", 0, 1, "a");
    await peer.send({ code: GET, mid: 2, options: [[PATH, "3"]] });
    await put(3, "b", 0, 1, "b");
    await put(4, "a", 1, 0, "A");
    await put(5, "b", 1, 0, "B");
    expect(peer.requests.map(({ uriPath, payload }) => `${uriPath} ${payload}`)).toEqual([
      "3 ",
      `a ${"a".repeat(16)}${"A".repeat(16)}`,
      `b ${"b".repeat(16)}${"B".repeat(16)}`,
    ]);
  });

  it("a transfer that stops is forgotten after 247 s", async () => {
    const peer = createCoapPeer(echo);
    const put = (mid: number, number: number) =>
      peer.send({
        code: PUT,
        mid,
        options: [
          [PATH, "x"],
          [BLOCK1, block(number, 1, 16)],
        ],
        payload: "0123456789abcdef",
      });
    await put(1, 0);
    await peer.clock.advance(246_000);
    await put(2, 1);
    await peer.clock.advance(246_000);
    await put(3, 2);
    await peer.clock.advance(247_000);
    await put(4, 3);
    expect(brief(peer)).toEqual(["ACK 2.31 1:0/1/16 0", "ACK 2.31 1:1/1/16 0", "ACK 2.31 1:2/1/16 0", "ACK 4.08 0"]);
    await peer.clock.advance(247_000);
    expect(peer.clock.pending()).toBe(0);
  });

  it("of more than 16 transfers, or more than four times the largest body, the oldest is given up", async () => {
    const peer = createCoapPeer({ ...echo, maxBodyBytes: 64 });
    let mid = 0;
    const put = async (path: string, number: number, size = 16) => {
      const options = [
        [PATH, path],
        [BLOCK1, block(number, 1, size)],
      ] as const;
      await peer.send({ code: PUT, mid: mid++, options, payload: Buffer.alloc(size) });
      return peer.take()[0]!.message.code;
    };
    for (let i = 0; i < 13; i++) expect(await put(`small ${i}`, 0)).toBe("2.31"); // 208 bytes of 256
    expect(await put("large", 0, 64)).toBe("2.31");
    expect(await put("small 0", 1)).toBe("4.08");
    expect(await put("small 12", 1)).toBe("2.31");
    const many = createCoapPeer(echo);
    for (let i = 0; i < 17; i++) {
      await many.send({
        code: PUT,
        mid: i,
        options: [
          [PATH, String(i)],
          [BLOCK1, block(0, 1, 16)],
        ],
        payload: "0123456789abcdef",
      });
    }
    many.take();
    for (const i of [0, 1]) {
      await many.send({
        code: PUT,
        mid: 99 + i,
        options: [
          [PATH, String(i)],
          [BLOCK1, block(1, 0, 16)],
        ],
        payload: "x",
      });
    }
    expect(brief(many)).toEqual(["ACK 4.08 0", "ACK 2.04 1:1/0/16 10"]);
  });
});

describe("bodies of responses, cut", () => {
  const body = pattern(500);
  const serveBody = { onRequest: (): Response => ({ code: "2.05", contentFormat: 42, payload: body }) };
  const big = pattern(2500);
  const serveBig = (response: Partial<Response> = {}) => ({
    onRequest: (): Response => ({ code: "2.05", contentFormat: 11542, payload: big, ...response }),
  });

  it("a large body is read in blocks of 1024 with one ETag, and made once", async () => {
    const peer = createCoapPeer(serveBig());
    for (const number of [0, 1, 2]) {
      const options = [[PATH, "status"], ...(number > 0 ? [[BLOCK2, block(number, 0, 1024)]] : [])] as [
        number,
        number,
      ][];
      await peer.send({ code: GET, mid: number, token: "a0", options });
    }
    const taken = peer.take();
    expect(taken.map(({ line }) => /2:\S+/.exec(line)?.[0])).toEqual(["2:0/1/1024", "2:1/1/1024", "2:2/0/1024"]);
    expect(Buffer.concat(taken.map(({ message }) => message.payload))).toEqual(big);
    const etags = taken.map(({ message }) => message.options.find(([number]) => number === 4)![1].toString("hex"));
    expect(new Set(etags).size).toBe(1);
    expect(taken.map(({ message }) => optionOf(message, 12))).toEqual([11542, 11542, 11542]);
    expect(optionOf(taken[0]!.message, SIZE2)).toBe(2500);
    expect(peer.requests).toHaveLength(1);
  });

  it("the peer's smaller block size is kept from the first block on (RFC 7959 figure 3, early negotiation)", async () => {
    const peer = createCoapPeer(serveBody);
    for (let number = 0; number < 4; number++) {
      await peer.send({
        code: GET,
        mid: number,
        options: [
          [PATH, "status"],
          [BLOCK2, block(number, 0, 128)],
        ],
      });
    }
    const taken = peer.take();
    expect(taken.map(({ line }) => /2:\S+/.exec(line)?.[0])).toEqual([
      "2:0/1/128",
      "2:1/1/128",
      "2:2/1/128",
      "2:3/0/128",
    ]);
    expect(Buffer.concat(taken.map(({ message }) => message.payload))).toEqual(body);
    expect(peer.requests).toHaveLength(1);
  });

  it("the peer may go on with smaller blocks (RFC 7959 figure 4, late negotiation)", async () => {
    const peer = createCoapPeer(serveBig());
    await peer.send({ code: GET, mid: 1, options: [[PATH, "status"]] });
    await peer.send({
      code: GET,
      mid: 2,
      options: [
        [PATH, "status"],
        [BLOCK2, block(16, 0, 64)],
      ],
    });
    const [, second] = peer.take();
    expect(second!.line).toContain("2:16/1/64");
    expect(second!.message.payload).toEqual(big.subarray(1024, 1088));
    expect(peer.requests).toHaveLength(1);
  });

  it("a block beyond the end is 4.00", async () => {
    const peer = createCoapPeer(serveBody);
    await peer.send({
      code: GET,
      mid: 1,
      options: [
        [PATH, "x"],
        [BLOCK2, block(9, 0, 1024)],
      ],
    });
    expect(brief(peer)).toEqual(["ACK 4.00 0"]);
  });

  it("a later block of a body no longer kept is made anew for a GET, and 4.08 for anything else", async () => {
    const peer = createCoapPeer(serveBig());
    await peer.send({
      code: GET,
      mid: 1,
      options: [
        [PATH, "x"],
        [BLOCK2, block(1, 0, 1024)],
      ],
    });
    await peer.send({
      code: "0.02",
      mid: 2,
      options: [
        [PATH, "x"],
        [BLOCK2, block(1, 0, 1024)],
      ],
    });
    expect(brief(peer)).toEqual(["ACK 2.05 2:1/1/1024 1024", "ACK 4.08 0"]);
    expect(peer.requests).toHaveLength(1);
    await peer.send({ code: GET, mid: 3, options: [[PATH, "y"]] });
    await peer.clock.advance(250_000);
    await peer.send({
      code: GET,
      mid: 4,
      options: [
        [PATH, "y"],
        [BLOCK2, block(1, 0, 1024)],
      ],
    });
    expect(peer.requests).toHaveLength(3);
  });

  it("a block that is made anew has the ETag of the whole body, as the first one had", async () => {
    const peer = createCoapPeer(serveBig());
    const ask = async (mid: number, number: number) => {
      await peer.send({
        code: GET,
        mid,
        options: [
          [PATH, "x"],
          [BLOCK2, block(number, 0, 1024)],
        ],
      });
      return peer
        .take()[0]!
        .message.options.find(([option]) => option === 4)?.[1]
        .toString("hex");
    };
    const first = await ask(1, 0);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    await peer.clock.advance(250_000);
    expect(await ask(2, 1)).toBe(first);
    expect(peer.requests).toHaveLength(2);
  });

  /** Asks for one block of a body of its own, and @returns how often the handler has run until then. */
  const fetching = () => {
    const peer = createCoapPeer(serveBig());
    let mid = 0;
    return async (path: number, number: number, options: readonly [number, number][] = []) => {
      const all = [...options, [PATH, String(path)], [BLOCK2, block(number, 0, 1024)]] as [number, number][];
      await peer.send({ code: GET, mid: ++mid, token: String(path).padStart(4, "0"), options: all });
      return { made: peer.requests.length, observe: peer.requests.at(-1)?.observe, peer };
    };
  };

  it("the eight bodies asked for last are kept, and no more", async () => {
    const fetch = fetching();
    for (let path = 0; path < 8; path++) await fetch(path, 0);
    expect((await fetch(0, 1)).made).toBe(8); // the latest of them now
    await fetch(8, 0);
    expect((await fetch(0, 2)).made).toBe(9);
    expect((await fetch(1, 1)).made).toBe(10);
  });

  it("a later block begins no observation", async () => {
    const fetch = fetching();
    expect((await fetch(0, 0, [[6, 0]])).observe).toBe(0);
    expect(await fetch(1, 1, [[6, 0]])).toMatchObject({ made: 2, observe: undefined });
  });

  it("the rest of a large notification is that of its first block for the latest 256 observations, and no more", async () => {
    const fetch = fetching();
    for (let path = 0; path <= 256; path++) await fetch(path, 0, [[6, 0]]);
    const { peer } = await fetch(256, 0, [[6, 0]]);
    const notify = (path: number) =>
      peer.endpoint.notify(
        Buffer.from(String(path).padStart(4, "0"), "hex"),
        { code: "2.05", payload: Buffer.alloc(2000, "n") },
        false,
        () => {},
      );
    const before = peer.requests.length;
    notify(1);
    expect((await fetch(1, 1)).made).toBe(before);
    notify(0);
    expect((await fetch(0, 1)).made).toBe(before + 1);
  });

  it("bodies are kept apart by query and Accept", async () => {
    const peer = createCoapPeer({
      onRequest: ({ accept, uriQuery }) => ({ code: "2.05", payload: Buffer.alloc(1500, `${accept}${uriQuery}`) }),
    });
    for (const [mid, accept] of [40, 42].entries()) {
      await peer.send({
        code: GET,
        mid,
        options: [
          [PATH, "x"],
          [15, "q"],
          [17, accept],
        ],
      });
    }
    peer.take();
    for (const [mid, accept] of [40, 42].entries()) {
      await peer.send({
        code: GET,
        mid: mid + 8,
        options: [
          [PATH, "x"],
          [15, "q"],
          [17, accept],
          [BLOCK2, block(1, 0, 1024)],
        ],
      });
    }
    expect(peer.take().map(({ message }) => message.payload.subarray(-3).toString())).toEqual(
      [40, 42].map((accept) => Buffer.alloc(1500, `${accept}q`).subarray(-3).toString()),
    );
    expect(peer.requests).toHaveLength(2);
  });

  it("a small body asked for as blocks says it is the only one; an error says nothing", async () => {
    const peer = createCoapPeer({
      onRequest: ({ uriPath }) => (uriPath ? { code: "2.05", payload: Buffer.from("x") } : { code: "4.04" }),
    });
    await peer.send({
      code: GET,
      mid: 1,
      options: [
        [PATH, "x"],
        [BLOCK2, block(0, 0, 64)],
      ],
    });
    await peer.send({ code: GET, mid: 2, options: [[BLOCK2, block(0, 0, 64)]] });
    expect(brief(peer)).toEqual(["ACK 2.05 2:0/0/64 1", "ACK 4.04 0"]);
  });

  it("a large request and a large response go together (RFC 7959 figure 11)", async () => {
    const peer = createCoapPeer({
      onRequest: ({ payload }) => ({ code: "2.04", payload: Buffer.concat([payload, payload]) }),
    });
    const request = pattern(250);
    for (const number of [0, 1]) {
      await peer.send({
        code: "0.02",
        mid: number,
        options: [
          [PATH, "soap"],
          [BLOCK2, block(0, 0, 128)],
          [BLOCK1, block(number, number === 0 ? 1 : 0, 128)],
        ],
        payload: request.subarray(number * 128, number * 128 + 128),
      });
    }
    for (const number of [1, 2, 3]) {
      await peer.send({
        code: "0.02",
        mid: number + 8,
        options: [
          [PATH, "soap"],
          [BLOCK2, block(number, 0, 128)],
        ],
      });
    }
    expect(brief(peer)).toEqual([
      "ACK 2.31 1:0/1/128 0",
      "ACK 2.04 2:0/1/128 1:1/0/128 128",
      "ACK 2.04 2:1/1/128 128",
      "ACK 2.04 2:2/1/128 128",
      "ACK 2.04 2:3/0/128 116",
    ]);
    expect(peer.requests).toHaveLength(1);
  });

  it("a large response that comes later is cut too", async () => {
    const peer = createCoapPeer({ onRequest: async () => ({ code: "2.05", payload: big }) });
    await peer.send({ code: GET, mid: 1, options: [[PATH, "x"]] });
    await peer.clock.advance(0);
    expect(brief(peer)).toEqual(["ACK 0.00 0", "CON 2.05 2:0/1/1024 1024"]);
  });
});

describe("own requests with a large body", () => {
  const body = pattern(2500);

  /** Answers each of the endpoint's requests; returns the lines seen. */
  async function converse(
    peer: CoapPeer,
    answer: (message: ReturnType<CoapPeer["take"]>[number]["message"]) => object,
  ) {
    const seen: string[] = [];
    for (let rounds = 0; rounds < 200; rounds++) {
      await peer.clock.advance(0);
      const [sent] = peer.take();
      if (!sent) break;
      seen.push(/[12]:\S+/.exec(sent.line)?.[0] ?? "whole");
      const { mid, token } = sent.message;
      await peer.send(coapBytes({ type: "ACK", code: "2.04", mid, token, ...answer(sent.message) }));
    }
    return seen;
  }

  it("leave in blocks, under one token, the size told first", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request({ method: "POST", uriPath: ["rd"], payload: body });
    const pieces: Buffer[] = [];
    const tokens = new Set<string>();
    const sizes: (number | undefined)[] = [];
    const seen = await converse(peer, (message) => {
      pieces.push(message.payload);
      tokens.add(message.token);
      sizes.push(optionOf(message, SIZE1));
      return { code: pieces.length < 3 ? "2.31" : "2.01", options: [[BLOCK1, optionOf(message, BLOCK1)]] };
    });
    expect(seen).toEqual(["1:0/1/1024", "1:1/1/1024", "1:2/0/1024"]);
    expect(Buffer.concat(pieces)).toEqual(body);
    expect(tokens.size).toBe(1);
    expect(sizes).toEqual([2500, undefined, undefined]);
    expect(await response).toMatchObject({ code: "2.01" });
  });

  it("shrink their blocks when the server asks so (RFC 7959 figure 9)", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request({ method: "PUT", payload: body });
    const pieces: Buffer[] = [];
    const seen = await converse(peer, (message) => {
      pieces.push(message.payload);
      const value = optionOf(message, BLOCK1)!;
      return { code: value & 8 ? "2.31" : "2.04", options: [[BLOCK1, (value & ~7) | 4]] };
    });
    expect(seen.slice(0, 3)).toEqual(["1:0/1/1024", "1:4/1/256", "1:5/1/256"]);
    expect(Buffer.concat(pieces)).toEqual(body);
    expect(await response).toMatchObject({ code: "2.04" });
  });

  it("begin again with smaller blocks after 4.13, and from the start after 4.08", async () => {
    const peer = createCoapPeer();
    const response = peer.endpoint.request({ method: "PUT", payload: body.subarray(0, 1100) });
    let count = 0;
    const seen = await converse(peer, (message) => {
      count++;
      const value = optionOf(message, BLOCK1)!;
      if (count === 1) return { code: "4.13", options: [[BLOCK1, block(0, 1, 512)]] };
      if (count === 3) return { code: "4.08" };
      return { code: value & 8 ? "2.31" : "2.04", options: [[BLOCK1, value]] };
    });
    expect(seen).toEqual(["1:0/1/1024", "1:0/1/512", "1:1/1/512", "1:0/1/512", "1:1/1/512", "1:2/0/512"]);
    expect(await response).toMatchObject({ code: "2.04" });
  });

  it("end with the server's refusal, or as a protocol failure when it confuses blocks", async () => {
    const refused = createCoapPeer();
    const response = refused.endpoint.request({ method: "PUT", payload: body });
    await converse(refused, () => ({ code: "4.04" }));
    expect(await response).toMatchObject({ code: "4.04" });

    const confused = createCoapPeer();
    const failure = confused.endpoint.request({ method: "PUT", payload: body }).catch((error) => error);
    await converse(confused, () => ({ code: "2.31", options: [[BLOCK1, block(7, 1, 1024)]] }));
    expect(await failure).toMatchObject({
      reason: "protocol",
      message: "PUT /: block 7 is acknowledged where 0 was sent",
    });
  });

  describe("and a large response", () => {
    const options = (value: number, etag = "e1") =>
      [
        [4, Buffer.from(etag)],
        [BLOCK2, value],
      ] as const;
    const fetch = async (
      answer: (count: number, value: number | undefined) => object,
      more: Parameters<typeof createCoapPeer>[0] = {},
    ) => {
      const peer = createCoapPeer(more);
      const response = peer.endpoint.request({ method: "GET", uriPath: ["x"], observe: 0 }).catch((error) => error);
      let count = 0;
      const observes: (number | undefined)[] = [];
      const seen = await converse(peer, (message) => {
        observes.push(optionOf(message, 6));
        return { code: "2.05", ...answer(count++, optionOf(message, BLOCK2)) };
      });
      return { seen, observes, response: await response };
    };

    it("is joined, in the server's block size", async () => {
      const { seen, observes, response } = await fetch((count) => ({
        options: options(block(count, count < 2 ? 1 : 0, 64)),
        payload: body.subarray(count * 64, count < 2 ? count * 64 + 64 : 150),
      }));
      expect(seen).toEqual(["whole", "2:1/0/64", "2:2/0/64"]);
      expect(observes).toEqual([0, undefined, undefined]);
      expect(response).toMatchObject({ code: "2.05", payload: body.subarray(0, 150) });
    });

    it("is fetched from the start again when its ETag changes", async () => {
      const { seen, response } = await fetch((count, value) => {
        const number = (value ?? 0) >> 4;
        const etag = count === 0 ? "old" : "new";
        return {
          options: options(block(number, number === 0 ? 1 : 0, 16), etag),
          payload: etag.padEnd(16, String(number)),
        };
      });
      expect(seen).toEqual(["whole", "2:1/0/16", "2:0/0/1024", "2:1/0/16"]);
      expect(response.payload.toString()).toBe(`${"new".padEnd(16, "0")}${"new".padEnd(16, "1")}`);
    });

    it("that never stays the same is given up", async () => {
      const { response } = await fetch((count) => ({
        options: options(block(count % 2, 1, 16), String(count)),
        payload: "0123456789abcdef",
      }));
      expect(response).toMatchObject({ reason: "protocol" });
    });

    const sixteen = "0123456789abcdef";
    it.each([
      [
        "of another number than asked for",
        (n: number) => ({ options: options(block(n * 2, 1, 16)), payload: sixteen }),
        "block 2 of 16 bytes arrived where byte 16 was due",
      ],
      [
        "shorter than its size",
        (n: number) => ({ options: options(block(n, 1, 16)), payload: n < 2 ? sixteen : "short" }),
        "block 2 is not 16 bytes long",
      ],
      [
        "of the reserved size",
        () => ({ options: options(0x0f), payload: "x" }),
        "block 0 of 2048 bytes arrived where byte 0 was due",
      ],
      [
        "beyond the bound",
        (n: number) => ({ options: options(block(n, 1, 16)), payload: sixteen }),
        "the response is larger than 100 bytes",
      ],
    ] as [string, (n: number) => object, string][])("with a block %s is a protocol failure", async (_, answer, why) => {
      const { response, seen } = await fetch(answer, { maxBodyBytes: 100 });
      expect(response).toMatchObject({ name: "CoapFailure", reason: "protocol", message: `GET /x: ${why}` });
      expect(seen.length).toBeLessThan(10);
    });
  });
});
