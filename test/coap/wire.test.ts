import { describe, expect, it } from "vitest";
import { decode, encode, encodeEmpty, type Message } from "#coap/wire";
import { block, coapBytes } from "../support/coap-bytes.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const decoded = (datagram: Buffer): Message => {
  const message = decode(datagram);
  if (!message || message.malformed !== undefined) throw new Error(`not a message: ${message?.malformed}`);
  return message;
};

// RFC 7252 appendix A, figures 16 and 17 (the only ones printed bit by bit).
const FIGURE_16_REQUEST = hex("40 01 7d34 bb 74656d7065726174757265");
const FIGURE_16_RESPONSE = hex("60 45 7d34 ff 32322e332043");
const FIGURE_17_REQUEST = hex("41 01 7d35 20 bb 74656d7065726174757265");
const FIGURE_17_RESPONSE = hex("61 45 7d35 20 ff 32322e332043");

describe("golden messages", () => {
  it("[ET-009][ET-014] the request of RFC 7252 figure 16 is read and written byte for byte", () => {
    const message = decoded(FIGURE_16_REQUEST);
    expect(message).toMatchObject({
      type: "CON",
      code: "0.01",
      messageId: 0x7d34,
      options: { uriPath: ["temperature"] },
    });
    expect(message.token).toHaveLength(0);
    expect(message.payload).toHaveLength(0);
    expect(encode(message)).toEqual(FIGURE_16_REQUEST);
  });

  it("[ET-010] the response of RFC 7252 figure 16 is read and written byte for byte", () => {
    const message = decoded(FIGURE_16_RESPONSE);
    expect(message).toMatchObject({ type: "ACK", code: "2.05", messageId: 0x7d34, options: {} });
    expect(message.payload.toString()).toBe("22.3 C");
    expect(encode(message)).toEqual(FIGURE_16_RESPONSE);
  });

  it("[ET-018] request and response of RFC 7252 figure 17 carry their token", () => {
    for (const golden of [FIGURE_17_REQUEST, FIGURE_17_RESPONSE]) {
      const message = decoded(golden);
      expect(message.token).toEqual(hex("20"));
      expect(encode(message)).toEqual(golden);
    }
  });

  it("[ET-010] empty messages are four bytes", () => {
    expect(encodeEmpty("ACK", 0x7d34)).toEqual(hex("6000 7d34"));
    expect(encodeEmpty("RST", 0xffff)).toEqual(hex("7000 ffff"));
    expect(decoded(hex("7000 7d38"))).toMatchObject({ type: "RST", code: "0.00", messageId: 0x7d38 });
  });

  it("[ET-016][ET-017] the register request of the LwM2M text is written with its options in order", () => {
    // OMA LwM2M 1.0.2 §5.3.1 example line, options encoded by hand after RFC 7252 §3.1.
    const wanted = hex(
      `44 02 0001 01020304 b2 7264 11 28 39 ${Buffer.from("ep=node_1").toString("hex")} 06 ${Buffer.from("lt=300").toString("hex")} ff ${Buffer.from("</1/0>").toString("hex")}`,
    );
    const written = encode({
      type: "CON",
      code: "0.02",
      messageId: 1,
      token: hex("01020304"),
      options: { uriPath: ["rd"], contentFormat: 40, uriQuery: ["ep=node_1", "lt=300"] },
      payload: Buffer.from("</1/0>"),
    });
    expect(written).toEqual(wanted);
    expect(decoded(wanted).options).toEqual({ uriPath: ["rd"], contentFormat: 40, uriQuery: ["ep=node_1", "lt=300"] });
  });

  it("[ET-015] Location-Path segments stay apart", () => {
    // 2.01 Created with Location-Path "rd" and "5a3f": option 8, then delta 0.
    const golden = hex("61 41 1234 07 82 7264 04 35613366");
    expect(decoded(golden).options).toEqual({ locationPath: ["rd", "5a3f"] });
    expect(encode(decoded(golden))).toEqual(golden);
  });

  it("block, observe, size, ETag and Max-Age options survive both ways", () => {
    const golden = coapBytes({
      type: "ACK",
      code: "2.05",
      mid: 0x1234,
      options: [
        [4, Buffer.from([1, 2, 3])],
        [6, 12],
        [12, 11542],
        [14, 70000],
        [23, block(70000, 1, 64)],
        [27, block(2, 0, 1024)],
        [28, 3_000_000_000],
        [60, 0],
      ],
      payload: "x",
    });
    const message = decoded(golden);
    expect(message).toMatchObject({
      options: { etag: Buffer.from([1, 2, 3]), observe: 12, contentFormat: 11542, maxAge: 70000 },
      block2: { number: 70000, more: true, szx: 2 },
      block1: { number: 2, more: false, szx: 6 },
      size2: 3_000_000_000,
      size1: 0,
    });
    expect(encode(message)).toEqual(golden);
  });

  it("option values of 12, 13, 255 bytes are read and written alike", () => {
    for (const length of [0, 12, 13, 255]) {
      const golden = coapBytes({ code: "0.01", options: [[11, "p".repeat(length)]] });
      expect(decoded(golden).options.uriPath).toEqual(["p".repeat(length)]);
      expect(encode(decoded(golden))).toEqual(golden);
    }
    expect(() =>
      encode({
        type: "CON",
        code: "0.01",
        messageId: 1,
        token: hex(""),
        options: { uriPath: ["p".repeat(256)] },
        payload: hex(""),
      }),
    ).toThrow("Uri-Path option: longer than 255 bytes");
  });

  it("what no datagram can carry is not written", () => {
    const message = { type: "CON", code: "0.01", messageId: 1, token: hex(""), options: {}, payload: hex("") } as const;
    expect(() => encode({ ...message, token: Buffer.alloc(9) })).toThrow(RangeError);
    expect(() => encode({ ...message, payload: Buffer.alloc(65_000) })).toThrow(RangeError);
  });
});

describe("format errors", () => {
  it.each([
    ["nothing at all", ""],
    ["three bytes", "40017d"],
    ["version 0", "00017d34"],
    ["version 2", "80017d34"],
  ])("%s is ignored", (_, bytes) => {
    expect(decode(hex(bytes))).toBeUndefined();
  });

  it.each([
    ["a token length of 9", `49017d34${"00".repeat(9)}`, "token length above 8"],
    ["a token length of 13", `4d017d34${"00".repeat(14)}`, "token length above 8"],
    ["a token cut off", "44017d34 0102", "token ends outside the datagram"],
    ["an option value cut off", "40017d34 bb 74656d", "option ends outside the datagram"],
    ["an extended delta cut off", "40017d34 d0", "option ends outside the datagram"],
    ["an extended delta of two bytes cut off", "40017d34 e0 01", "option ends outside the datagram"],
    ["an extended length cut off", "40017d34 0d", "option ends outside the datagram"],
    ["an extended length of two bytes cut off", "40017d34 0e 00", "option ends outside the datagram"],
    ["delta 15", "40017d34 f1 00", "reserved option delta or length"],
    ["length 15", "40017d34 1f 00", "reserved option delta or length"],
    ["a payload marker without payload", "40017d34 b1 33 ff", "payload marker without payload"],
    ["option number 65536", "40017d34 e0 fef3 e0 0000", "option number above 65535"],
    ["code class 1", "40217d34", "reserved code class"],
    ["code class 3", "40617d34", "reserved code class"],
    ["code class 6", "40c07d34", "reserved code class"],
    ["code class 7", "40ff7d34", "reserved code class"],
    ["an empty message with a token", "41007d34 20", "empty message with content"],
    ["an empty message with a payload", "40007d34 ff 20", "empty message with content"],
  ])("%s is malformed", (_, bytes, problem) => {
    expect(decode(hex(bytes))).toEqual({ type: "CON", messageId: 0x7d34, malformed: problem });
  });

  it("option number 65535 is read", () => {
    expect(decoded(hex("40017d34 e0 fef2"))).toMatchObject({ badOption: 65535 });
  });
});

describe("options that are not understood", () => {
  it.each([
    ["an unknown critical option", [[9, "x"]], 9],
    ["If-Match, which is not served", [[1, "x"]], 1],
    ["If-None-Match, which is not served", [[5, ""]], 5],
    [
      "a second Accept",
      [
        [17, 0],
        [17, 40],
      ],
      17,
    ],
    [
      "a second Block1",
      [
        [27, 6],
        [27, 6],
      ],
      27,
    ],
    [
      "a second Uri-Host",
      [
        [3, "a"],
        [3, "b"],
      ],
      3,
    ],
    ["an Accept above 65535", [[17, 0x10000]], 17],
    ["a Block1 of a number above 2^20-1", [[27, 0x1000000]], 27],
    ["a Uri-Path of 256 bytes", [[11, "p".repeat(256)]], 11],
    ["a Uri-Path that is not UTF-8", [[11, Buffer.from([0xc3, 0x28])]], 11],
    ["an empty Uri-Host", [[3, ""]], 3],
    [
      "a second Proxy-Uri",
      [
        [35, "coap://a/"],
        [35, "coap://b/"],
      ],
      35,
    ],
  ] as [string, [number, string | number | Buffer][], number][])("%s is reported", (_, options, number) => {
    expect(decoded(coapBytes({ code: "0.01", options })).badOption).toBe(number);
  });

  it("elective options are ignored when unknown, too long, repeated or no text", () => {
    const message = decoded(
      coapBytes({
        code: "0.01",
        options: [
          [4, Buffer.alloc(9)],
          [6, 0x1000000],
          [8, Buffer.from([0xc3, 0x28])],
          [12, 40],
          [12, 0],
          [14, hex("0100000000")],
          [60, hex("0100000000")],
          [258, 2],
          [65534, "x"],
        ],
      }),
    );
    expect(message.badOption).toBeUndefined();
    expect(message.options).toEqual({ contentFormat: 40 });
    expect(message.size1).toBeUndefined();
  });

  it("leading zero bytes are no part of a number, however many (RFC 7252 §3.2)", () => {
    const message = decoded(
      coapBytes({
        code: "0.01",
        options: [
          [6, hex("000000000c")],
          [12, hex("0000")],
          [14, hex("0000011170")],
          [17, hex("002d16")],
          [23, hex("00000000")],
          [27, hex("0000002e")],
          [60, Buffer.alloc(300)],
        ],
      }),
    );
    expect(message).toMatchObject({
      options: { observe: 12, contentFormat: 0, maxAge: 70000, accept: 11542 },
      block2: { number: 0, more: false, szx: 0 },
      block1: { number: 2, more: true, szx: 6 },
      size1: 0,
    });
    expect(message.badOption).toBeUndefined();
  });

  it("Uri-Host and Uri-Port are understood", () => {
    const message = decoded(
      coapBytes({
        code: "0.01",
        options: [
          [3, "device"],
          [7, 5683],
          [11, "3"],
        ],
      }),
    );
    expect(message.badOption).toBeUndefined();
    expect(message.options).toEqual({ uriHost: "device", uriPath: ["3"] });
  });

  it("of several ETags the first is taken", () => {
    const message = decoded(
      coapBytes({
        code: "0.01",
        options: [
          [4, "first"],
          [4, "second"],
        ],
      }),
    );
    expect(message.options.etag?.toString()).toBe("first");
    expect(message.badOption).toBeUndefined();
  });

  it("a path is text whatever its length and its letters", () => {
    for (const segment of ["", "3", "10250", "é", "日本", "ascii", "a longer one", "longer, with ü"]) {
      const golden = coapBytes({ code: "0.01", options: [[11, segment]] });
      expect(decoded(golden).options.uriPath).toEqual([segment]);
      expect(encode(decoded(golden))).toEqual(golden);
    }
  });

  it("a replacement character that was really sent in a Uri-Path is text", () => {
    expect(decoded(coapBytes({ code: "0.01", options: [[11, "\ufffd"]] })).options.uriPath).toEqual(["\ufffd"]);
  });
});
