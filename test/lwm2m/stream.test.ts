import { describe, expect, it } from "vitest";
import { createValueStream } from "#lwm2m/format/stream";

const PATH = { objectId: 5, instanceId: 0, resourceId: 0 };
const VALUE = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 31) % 256));

/** The value that comes out of a payload cut into pieces of so many bytes. */
function through(format: number | undefined, payload: Buffer, pieceBytes: number): Buffer {
  const stream = createValueStream(format, PATH);
  const out: Buffer[] = [];
  for (let at = 0; at < payload.length; at += pieceBytes)
    out.push(Buffer.from(stream.push(payload.subarray(at, at + pieceBytes))));
  stream.end();
  return Buffer.concat(out);
}

const base64 = VALUE.toString("base64");
// OMA TS 1.0.2 §6.4.3: type 11 0 10 000 (Resource, 8-bit id, 16-bit length), and with 16-bit id and 24-bit length
const short = Buffer.concat([Buffer.from([0xd0, 0, 700 >> 8, 700 & 255]), VALUE]);
const long = Buffer.concat([Buffer.from([0xf8, 0, 0, 0, 700 >> 8, 700 & 255]), VALUE]);
const json = (text: string) => Buffer.from(text);

describe("an opaque value in pieces", () => {
  it.each([
    ["CU-047", "opaque", 42, VALUE],
    ["CU-048", "TLV", 11542, short],
    ["CU-048", "TLV with long fields", 11542, long],
    ["CU-048", "TLV by its old number", 1542, short],
    ["CU-049", "JSON", 11543, json(`{"bn":"/5/0/0","e":[{"sv":"${base64}"}]}`)],
    [
      "CU-049",
      "JSON, spread out",
      11543,
      json(`{ "e" : [ { "n" : "0", "sv" : "${base64.replaceAll("/", "\\/")}" } ] , "bn" : "/5/0/" }`),
    ],
    ["CU-050", "text", 0, json(base64)],
    ["CU-050", "no format at all", undefined, json(base64)],
  ])("[%s] comes out of %s as it went in, however it is cut", (_, _name, format, payload) => {
    for (const pieceBytes of [1, 2, 3, 5, 16, 64, 512, 1024]) {
      expect(through(format, payload, pieceBytes).equals(VALUE), `pieces of ${pieceBytes}`).toBe(true);
    }
  });

  it.each([
    ["TLV of another Resource", 11542, Buffer.concat([Buffer.from([0xd0, 1, 2, 188]), VALUE])],
    ["TLV of an Instance", 11542, Buffer.concat([Buffer.from([0x10, 0, 2, 188]), VALUE])],
    ["TLV cut short", 11542, short.subarray(0, 500)],
    ["TLV that ends in its header", 11542, short.subarray(0, 3)],
    ["TLV that goes on", 11542, Buffer.concat([short, short])],
    ["text that is no Base64", 0, json(`${base64.slice(0, 400)}*${base64.slice(401)}`)],
    ["text with padding in it", 0, json(`YQ==${base64}`)],
    ["text cut short", 0, json(base64.slice(0, 402))],
    ["JSON of another Resource", 11543, json(`{"bn":"/5/0/1","e":[{"sv":"${base64}"}]}`)],
    ["JSON of two values", 11543, json(`{"bn":"/5/0/0","e":[{"sv":"${base64}"},{"sv":"${base64}"}]}`)],
    ["JSON cut short", 11543, json(`{"bn":"/5/0/0","e":[{"sv":"${base64}`)],
    ["JSON without a value", 11543, json(`{"bn":"/5/0/0","e":[${" ".repeat(600)}]}`)],
    ["JSON that is none", 11543, json(`"sv":"${base64}"`)],
  ])("%s is refused", (_, format, payload) => {
    for (const pieceBytes of [1, 64, 1024]) {
      expect(() => through(format, payload, pieceBytes)).toThrow(expect.objectContaining({ code: "4.00" }));
    }
  });

  it("of a format there is not is refused", () => {
    expect(() => createValueStream(60, PATH)).toThrow(expect.objectContaining({ code: "4.15" }));
  });
});
