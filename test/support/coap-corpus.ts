/** Valid requests of every operation, content format and option, and messages that answer: what mutations start from. */

import type { Random } from "#runtime";
import { type Ask, del, FORMAT, get, hex, OPTION, post, put, text, tlv } from "../ets/ask.ts";
import { block, type CoapParts, coapBytes } from "./coap-bytes.ts";

const json = (payload: string) => ({ format: FORMAT.json, payload });
const ACCEPTS = [undefined, FORMAT.text, FORMAT.link, FORMAT.opaque, FORMAT.tlv, FORMAT.json, 110] as const;
const READABLE = [
  "/1",
  "/1/1",
  "/1/1/1",
  "/2",
  "/3",
  "/3/0",
  "/3/0/0",
  "/3/0/9",
  "/3/0/11",
  "/4/0",
  "/5/0",
  "/6",
  "/7/0",
  "/19/0/0",
];

const accepting = (path: string) => ACCEPTS.map((accept) => get(path, accept === undefined ? {} : { accept }));

/** Of a Server that manages the device. */
export const MANAGEMENT: readonly Ask[] = [
  ...READABLE.flatMap(accepting),
  get("/.well-known/core"),
  get("/.well-known/core", { block2: block(1, 0, 16) }),
  get("/3/0", { accept: FORMAT.tlv, block2: block(0, 0, 64) }),
  // Observe and Cancel Observation
  get("/3/0/9", { observe: 0, token: "a1" }),
  get("/3/0", { observe: 0, token: "a2", accept: FORMAT.json }),
  get("/19/0/0", { observe: 0, token: "a3" }),
  get("/3/0/9", { observe: 1, token: "a1" }),
  get("/4", { observe: 0, token: "a4", accept: FORMAT.tlv, block2: block(0, 0, 32) }),
  // Write-Attributes
  put("/3/0/9?pmin=1&pmax=50"),
  put("/3/0/9?gt=60&lt=20&st=5"),
  put("/3/0?pmin"),
  put("/3?pmax=3600"),
  put("/4/0/2?st=1.5&gt=-50.25"),
  // Write, replacing and in part, in every format
  put("/3/0/14", text("+02:00")),
  put("/3/0/14", tlv("c60e 2b30323a3030")),
  put("/3/0/14", json('{"bn":"/3/0/","e":[{"n":"14","sv":"+02:00"}]}')),
  put("/3/0/13", text("1734567890")),
  put("/1/1/6", text("1")),
  put("/1/1/2", text("1")),
  put("/1/1", tlv("c10066 c2012000 c10201 c10601 c10755")),
  post("/1/1", tlv("c1023c")),
  post("/1/1", json('{"bn":"/1/1/","e":[{"n":"2","v":1},{"n":"6","bv":true}]}')),
  put("/2/0/2", tlv("8602 4100661f")),
  put("/19/1/0", { format: FORMAT.opaque, payload: hex("00ff10") }),
  put("/19/1/0", { format: FORMAT.opaque, payload: "x".repeat(64), block1: block(0, 1, 64), token: "b1" }),
  put("/19/1/0", { format: FORMAT.opaque, payload: "y".repeat(20), block1: block(1, 0, 64), token: "b1" }),
  put("/5/0/0", { format: FORMAT.opaque, payload: "z".repeat(32), block1: block(0, 1, 32), token: "b2" }),
  put("/5/0/1", text("coap://127.0.0.1:9/image")),
  put("/3/0/14", {
    ...text("+01:00"),
    options: [
      [5, ""],
      [1, hex("00aa")],
    ],
  }), // If-None-Match, If-Match
  // Execute
  post("/3/0/12"),
  post("/1/1/8"),
  post("/1/1/8", text("0='a',1,2='b c'")),
  post("/7/0/6", text("0")),
  // Create and Delete
  post("/2", tlv("c10003 c10100 c10366")),
  post("/2/7", tlv("c10003 c10100 8602 4100661f c10366")),
  post("/19", tlv("080706 c80003010203")),
  del("/2/7"),
  del("/19/7"),
  // what a Server has no business asking
  get("/0/0"),
  get("/"),
  put("/0/1/5", { format: FORMAT.opaque, payload: "key" }),
  get("/1/2/3/4/5"),
  { code: "0.05", options: [[OPTION.uriPath, "3"]] }, // FETCH
  get("/3/0", {
    options: [
      [3, "host"],
      [7, 5683],
      [35, "coap://proxy/"],
    ],
  }),
  get("/3/0", {
    options: [
      [14, 60],
      [60, 1000],
      [4, hex("01")],
      [258, 2],
    ],
  }),
];

/** Of a Bootstrap-Server. */
export const BOOTSTRAP: readonly Ask[] = [
  del("/"),
  del("/0"),
  del("/1"),
  get("/", { accept: FORMAT.link }),
  get("/1", { accept: FORMAT.link }),
  put(
    "/0/1",
    tlv("c80012 636f61703a2f2f3139322e302e322e383a31 c10100 c10203 c10366 c10400 c10500 c10a66".replaceAll(" ", "")),
  ),
  put("/1/1", tlv("c10066 c2012000 c10601 c10755")),
  put("/1", tlv("0801 0d c10066 c2012000 c10601 c10755".replaceAll(" ", ""))),
  put("/1/1/1", text("300")),
  put("/2/0", tlv("c10003 c10100 8602 4100661f c10366".replaceAll(" ", ""))),
  put(
    "/0/1",
    json(
      '{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.8:1"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}',
    ),
  ),
  post("/bs"),
];

const ANSWERS: readonly CoapParts[] = [
  { type: "CON", code: "0.00" },
  { type: "ACK", code: "0.00" },
  { type: "RST", code: "0.00" },
  { type: "ACK", code: "2.04", token: "0e" },
  { type: "CON", code: "2.05", token: "0e", options: [[12, 0]], payload: "late" },
  { type: "NON", code: "4.04", token: "0e" },
  { type: "ACK", code: "2.31", token: "0e", options: [[27, block(0, 1, 64)]] },
  {
    type: "ACK",
    code: "2.01",
    token: "0e",
    options: [
      [8, "rd"],
      [8, "7"],
    ],
  },
];

export const corpusOf = (requests: readonly Ask[]): readonly Buffer[] =>
  [...requests, ...ANSWERS].map((each) => coapBytes(each));

/** Changes a message in a few of many ways: bytes, bits, lengths, options doubled or spliced in, a cut, a tail. */
export function mutate(corpus: readonly Buffer[], random: Random, messageId: number): Buffer {
  const below = (bound: number) => Math.floor(random.fraction() * bound);
  const any = () => corpus[below(corpus.length)]!;
  let datagram = Buffer.from(any());
  datagram.writeUInt16BE(messageId & 0xffff, 2);
  for (let changes = 1 + below(3); changes > 0; changes--) {
    // mostly behind the header, so that the parsers behind it get something to read
    const from = below(5) === 0 ? 0 : Math.min(4, datagram.length - 1);
    const at = from + below(datagram.length - from);
    switch (below(9)) {
      case 0:
        datagram[at] = below(256);
        break;
      case 1:
        datagram[at]! ^= 1 << below(8);
        break;
      case 2:
        datagram[at] = [0x00, 0xff, 0x7f, 0x80, 0xd0, 0xe0, 0xdd, 0xee][below(8)]!;
        break;
      case 3:
        datagram = datagram.subarray(0, at);
        break;
      case 4:
        datagram = Buffer.concat([datagram, random.bytes(1 + below(40))]);
        break;
      case 5: // a piece twice
        datagram = Buffer.concat([datagram.subarray(0, at), datagram.subarray(Math.max(0, at - 8))]);
        break;
      case 6: // a piece of another message
        datagram = Buffer.concat([datagram.subarray(0, at), any().subarray(below(12))]);
        break;
      case 7: // a piece left out
        datagram = Buffer.concat([datagram.subarray(0, at), datagram.subarray(at + 1 + below(4))]);
        break;
      case 8: // random bytes within
        datagram = Buffer.concat([datagram.subarray(0, at), random.bytes(1 + below(6)), datagram.subarray(at)]);
        break;
    }
    if (datagram.length === 0) return random.bytes(below(6));
  }
  return datagram;
}
