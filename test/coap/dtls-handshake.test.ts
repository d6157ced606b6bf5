import { describe, expect, it } from "vitest";
import { createAssembly, splitHandshake } from "#coap/dtls-handshake";

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
