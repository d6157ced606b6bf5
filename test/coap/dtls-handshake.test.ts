import { describe, expect, it } from "vitest";
import { createAssembly, formatHandshake, parseServerHello, splitHandshake } from "#coap/dtls-handshake";

/** RFC 6347 §4.2.2: type, length, message_seq, fragment_offset, fragment_length, body. */
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const SERVER_HELLO_DONE = hex("0e 000000 0002 000000 000000");
const FINISHED = hex("14 00000c 0003 000000 00000c 000102030405060708090a0b");
const FINISHED_HEAD = hex("14 00000c 0003 000000 000005 0001020304");
const FINISHED_TAIL = hex("14 00000c 0003 000004 000008 0405060708090a0b");

const shown = (record: Buffer) =>
  splitHandshake(record).map(({ msg_type, message_seq, fragment }) => [
    msg_type,
    message_seq,
    fragment.toString("hex"),
  ]);

describe("handshake messages in a record", () => {
  it("are told apart, however many there are", () => {
    expect(shown(Buffer.concat([SERVER_HELLO_DONE, FINISHED]))).toEqual([
      [14, 2, ""],
      [20, 3, "000102030405060708090a0b"],
    ]);
  });

  it.each([
    ["cut off in its header", FINISHED.subarray(0, 11)],
    ["cut off in its body", FINISHED.subarray(0, 20)],
    ["with a fragment that ends beyond the message", hex("14 000004 0003 000003 000002 0001")],
    ["too long to be one of ours", hex("14 ffffff 0003 000000 000001 00")],
  ])("one %s is left out", (_, bytes) => {
    expect(shown(Buffer.concat([SERVER_HELLO_DONE, bytes]))).toEqual([[14, 2, ""]]);
  });

  it("are joined from fragments that overlap, repeat and come in any order", () => {
    const [head] = splitHandshake(FINISHED_HEAD);
    const [tail] = splitHandshake(FINISHED_TAIL);
    for (const order of [
      [head, tail],
      [tail, tail, head],
      [head, head, tail],
    ]) {
      const assembly = createAssembly();
      const results = order.map((part) => assembly.add(part!));
      expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
      expect(results.at(-1)?.fragment.toString("hex")).toBe("000102030405060708090a0b");
      expect(results.at(-1)?.isFragmented()).toBe(false);
    }
  });
});

it("a whole message is written as it is read", () => {
  expect(formatHandshake(20, 3, hex("000102030405060708090a0b"))).toEqual(FINISHED);
  expect(formatHandshake(14, 2, Buffer.alloc(0))).toEqual(SERVER_HELLO_DONE);
});

describe("a ServerHello (RFC 5246 §7.4.1.3)", () => {
  const random = `${"00".repeat(31)}01`;
  it.each([
    [
      "with a session id and two extensions",
      `fefd ${random} 03 a1b2c3 c0a8 00 0009 ff01 0001 00 0017 0000`,
      "a1b2c3",
      [0xff01, 0x17],
    ],
    ["with neither", `fefd ${random} 00 c0a8 00`, "", []],
    ["with an empty block of extensions", `fefd ${random} 00 c0a8 00 0000`, "", []],
  ])("is read %s", (_, text, sessionId, extensions) => {
    const { sessionId: id, ...rest } = parseServerHello(hex(text));
    expect(id.toString("hex")).toBe(sessionId);
    expect(rest).toEqual({ version: 0xfefd, random: hex(random), cipherSuite: 0xc0a8, extensions });
  });

  it("that is cut off is a RangeError", () => {
    const whole = hex(`fefd ${random} 03 a1b2c3 c0a8 00 0004 0017 0000`);
    for (const length of [0, 1, 33, 34, 36, 38, 39, 44]) {
      expect(() => parseServerHello(whole.subarray(0, length))).toThrow(RangeError);
    }
  });
});
