/** CoAP messages and options, good and bad, at a whole registered device (RFC 7252 §3 - §5). */
import { describe, expect, it } from "vitest";
import { coapBytes, showCoap } from "../support/coap-bytes.ts";
import { type AskParts, del, FORMAT, get, hex, post, put } from "./ask.ts";
import { type Case, defineCases, openRegistered, type RawDevice, walk } from "./raw-device.ts";

/** Sends a datagram. @returns what comes back, one line a message. */
async function throwAt({ server }: RawDevice, digits: string): Promise<string[]> {
  server.take();
  await server.send(hex(digits));
  return server.take().map(({ datagram }) => showCoap(datagram));
}

const RESET = "RST 0.00 mid=1234";
/** Title, then datagram and what comes back. GET /3/0/1 is "b133 0130 0131" after its header. */
const DATAGRAMS: ReadonlyArray<readonly [title: string, ...(readonly [sent: string, back: string[]])[]]> = [
  [
    "RFC7252-MSG-01 IOTT-COAP-HDR_VER another version is ignored",
    ["80011234 b133 0130 0131", []],
    ["c0011234", []],
    ["00011234", []],
  ],
  [
    "RFC7252-MSG-02 IOTT-COAP-HDR_TKL_9_15 a token length of 9 to 15 is a format error",
    ["49011234 010203040506070809 b133", [RESET]],
    ["4f011234 0102030405060708090a0b0c0d0e0f", [RESET]],
    ["59011234 010203040506070809 b133", []],
  ],
  ["RFC7252-MSG-03 a token cut short is a format error", ["44011234 aabb", [RESET]], ["54011234 aabb", []]],
  [
    "RFC7252-MSG-04 IOTT-COAP-MSG_MARKER a payload marker without payload is a format error",
    ["40011234 b133 0130 0131 ff", [RESET]],
    ["50011234 b133 0130 0131 ff", []],
  ],
  [
    "RFC7252-MSG-05 the reserved option delta and length are format errors",
    ["40011234 f0", [RESET]],
    ["40011234 bf33", [RESET]],
    ["50011234 f0", []],
  ],
  ["RFC7252-MSG-06 an empty Confirmable message is answered by Reset", ["40001234", [RESET]]],
  ["RFC7252-MSG-07 an empty Non-confirmable message is ignored", ["50001234", []]],
  ["RFC7252-MSG-08 a Confirmable response that nobody waits for is answered by Reset", ["42451234 aabb", [RESET]]],
  [
    "RFC7252-MSG-09 IOTT-COAP-HDR_TYPE_CON_RSV the reserved classes 1, 6, 7 are answered by Reset, or ignored",
    ["40211234", [RESET]],
    ["40c11234", [RESET]],
    ["40e11234", [RESET]],
    ["50211234", []],
    ["50e11234", []],
  ],
  ["RFC7252-MSG-10 an Acknowledgement of nothing is ignored", ["60001234", []], ["62451234 aabb", []]],
  ["RFC7252-MSG-11 IOTT-COAP-HDR_ACK_REQ a request in an Acknowledgement is ignored", ["60011234 b133 0130 0131", []]],
  [
    "IOTT-COAP-HDR_ACK_RSV an Acknowledgement of a reserved class is ignored",
    ["60211234", []],
    ["60c11234", []],
    ["60e11234", []],
  ],
  [
    "RFC7252-MSG-12 IOTT-COAP-HDR_RST_NONEMPTY a Reset that is not empty is ignored",
    ["70451234 ff61", []],
    ["70011234 b133", []],
  ],
  [
    "RFC7252-MSG-13 an empty message with more bytes is a format error",
    ["42001234 aabb", [RESET]],
    ["40001234 ff61", [RESET]],
    ["52001234 aabb", []],
  ],
  ["ANJ-OB-16 a Reset to nothing is ignored", ["70001234", []]],
];

describe("messages", () => {
  for (const [title, ...exchanges] of DATAGRAMS) {
    it(title, async () => {
      const device = await openRegistered();
      for (const [sent, back] of exchanges) expect(await throwAt(device, sent), sent).toEqual(back);
      await walk(device.server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    });
  }
});

const option = (number: number, value: string | number | Buffer): AskParts => ({ options: [[number, value]] });
const served = "2.05 ct=0 BG96";

const OPTIONS: readonly Case[] = [
  {
    title: "ANJ-DM-01 TD_COAP_CORE_22 If-None-Match and If-Match are critical and unknown here",
    steps: [
      [get("/1/1/0", option(5, "")), "4.02"],
      [get("/1/1/0", option(1, "ab")), "4.02"],
      [get("/1/1/0"), "2.05 ct=0 102"],
    ],
  },
  {
    title: "RFC7252-OPT-01 an unknown elective option is ignored",
    steps: [[get("/3/0/1", option(2048, "x")), served]],
  },
  {
    title: "RFC7252-OPT-02 IOTT-COAP-OPT_CRITICAL an unknown critical option is refused",
    steps: [
      [get("/3/0/1", option(2049, "x")), "4.02"],
      [get("/3/0/1", option(9, "x")), "4.02"],
      [get("/3/0/1"), served],
    ],
  },
  {
    title: "RFC7252-OPT-05 an option that may not be repeated is unknown the second time",
    steps: [
      [
        get("/3/0/1", {
          options: [
            [17, 0],
            [17, 11542],
          ],
        }),
        "4.02",
      ],
      [
        put("/1/1/1", {
          options: [
            [12, 0],
            [12, 0],
          ],
          payload: "60",
        }),
        "2.04",
      ],
    ],
  },
  {
    title: "RFC7252-OPT-06 Uri-Host and Uri-Port are taken",
    steps: [
      [
        get("/3/0/1", {
          options: [
            [3, "bg96.example"],
            [7, 5683],
          ],
        }),
        served,
      ],
    ],
  },
  {
    title: "RFC7252-OPT-07 it is no proxy",
    steps: [
      [get("/3/0/1", option(35, "coap://192.0.2.1/3/0/1")), "5.05"],
      [get("/3/0/1", option(39, "coap")), "5.05"],
    ],
  },
  {
    title: "RFC7252-OPT-08 Accept of no bytes is 0",
    steps: [
      [get("/3/0/1", option(17, Buffer.alloc(0))), served],
      [get("/3/0/1", option(17, Buffer.alloc(1))), served],
    ],
  },
  {
    title: "RFC7252-OPT-09 leading zero bytes are no part of Accept",
    steps: [
      [get("/3/0/1", option(17, hex("002d16"))), /^2\.05 ct=11542 /],
      [get("/3/0/1", option(17, hex("00000000"))), served],
      [get("/3/0/1", option(17, hex("012d16"))), "4.02"],
    ],
  },
  { title: "RFC7252-OPT-10 an empty segment names nothing", steps: [[get("/3//0"), /^4\.0[04]/]] },
  {
    title: "RFC7252-OPT-11 a segment that is no plain number names nothing",
    steps: [
      [get("/03/0"), /^4\.0[04]/],
      [get("/a"), /^4\.0[04]/],
      [get("/3/0/1a"), /^4\.0[04]/],
      [get("/-1"), /^4\.0[04]/],
      [get("/65536"), /^4\.0[04]/],
    ],
  },
];

const METHODS: readonly Case[] = [
  {
    title:
      "RFC7252-REQ-01 RFC7252-REQ-02 IOTT-COAP-CODE_NOTALLOWED a method that 1.0 does not have, or the Resource does not offer",
    steps: [
      [{ ...get("/3/0/1"), code: "0.31" }, "4.05"],
      [{ ...get("/3/0/1"), code: "0.05" }, "4.05"],
      [{ ...get("/3/0/1"), code: "0.06" }, "4.05"],
      [{ ...get("/3/0/1"), code: "0.07" }, "4.05"],
      [put("/3/0/1", { format: FORMAT.text, payload: "x" }), "4.05"],
    ],
  },
  {
    title:
      "TD_COAP_CORE_03 TD_COAP_CORE_04 TD_COAP_CORE_02 IOTT-COAP-CODE_PUT IOTT-COAP-CODE_POST IOTT-COAP-CODE_DELETE Confirmable PUT, POST and DELETE",
    steps: [
      [put("/1/1/1", { format: FORMAT.text, payload: "60" }), "2.04"],
      [post("/19", { format: FORMAT.tlv, payload: hex("c2006162") }), "2.01 at=19/2"],
      [post("/3/0/12"), "2.04"],
      [del("/19/2"), "2.02"],
    ],
  },
  {
    title: "TD_COAP_CORE_12 TD_COAP_CORE_13 an empty token; several Uri-Path options",
    steps: [
      [get("/3/0/1", { token: "" }), served],
      [get("/1/1/0", { token: "" }), "2.05 ct=0 102"],
    ],
  },
  {
    title:
      "TD_COAP_LINK_02 TD_COAP_LINK_03 TD_COAP_LINK_05 TD_COAP_LINK_06 TD_COAP_LINK_07 TD_COAP_LINK_08 /.well-known/core is a link list, whatever the filter",
    steps: [
      [get("/.well-known/core"), /^2\.05 ct=40 .*<\/3\/0>/],
      [get("/.well-known/core?rt=Type1"), /^2\.05 ct=40 /],
      [get("/.well-known/core?href=/3*"), /^2\.05 ct=40 /],
    ],
  },
];

defineCases("options", OPTIONS);
defineCases("methods", METHODS);

describe("Non-confirmable requests", () => {
  it("TD_COAP_CORE_06 TD_COAP_CORE_07 TD_COAP_CORE_08 RFC7252-TX-03 are answered Non-confirmable, under message ids of the device", async () => {
    const { server } = await openRegistered();
    const mids: number[] = [];
    for (const [request, code] of [
      [get("/3/0/1", { type: "NON" }), "2.05"],
      [put("/1/1/1", { type: "NON", format: FORMAT.text, payload: "60" }), "2.04"],
      [post("/19", { type: "NON", format: FORMAT.tlv, payload: hex("c2006162") }), "2.01"],
      [post("/3/0/12", { type: "NON" }), "2.04"],
      [del("/19/2", { type: "NON" }), "2.02"],
    ] as const) {
      const response = await server.ask(request);
      expect(response).toMatchObject({ type: "NON", code });
      mids.push(response.mid);
    }
    expect(new Set(mids).size).toBe(mids.length);
    expect(mids.some((mid) => mid >= 0x4000 && mid < 0x4010)).toBe(false);
  });

  it("RFC7252-OPT-03 with an unknown critical option are rejected", async () => {
    const { server } = await openRegistered();
    const request = { ...get("/3/0/1", { options: [[2049, "x"]] }), type: "NON", mid: 0x1234, token: "aa" } as const;
    await server.send(coapBytes(request));
    const back = server.take().map(({ message }) => message);
    expect(back.every(({ type, mid }) => type === "RST" && mid === 0x1234)).toBe(true);
  });
});
