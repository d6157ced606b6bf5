/** Device management: operations, and the code each is answered with. */
import { describe, expect, it } from "vitest";
import { del, FORMAT, get, hex, post, put, text, tlv } from "./ask.ts";
import { type Case, defineCases, openRegistered, type Step, walk } from "./raw-device.ts";

const opaque = (payload: string) => ({ format: FORMAT.opaque, payload });
const json = (payload: string) => ({ format: FORMAT.json, payload });
const plain = { accept: FORMAT.text };
const SERVER_VALUES = "c10066c201012cc10265c20303f2c20507d0c10601c10755";

const READS: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-201 TD_LWM2M_1_INT_201 manufacturer, model and serial number as plain text",
    steps: [
      [get("/3/0/0", plain), /^2\.05 ct=0 \S+/],
      [get("/3/0/1", plain), "2.05 ct=0 BG96"],
      [get("/3/0/2", plain), "2.05 ct=0 864508030012428"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-202 the opaque format for opaque Resources only",
    steps: [
      [put("/19/1/0", opaque("ab")), "2.04"],
      [get("/19/1/0", { accept: FORMAT.opaque }), "2.05 ct=42 6162"],
      [get("/3/0/0", { accept: FORMAT.opaque }), "4.06"],
      [get("/3/0", { accept: FORMAT.opaque }), "4.06"],
    ],
  },
  {
    title: "LES-DM-01 an executable Resource cannot be read",
    steps: [[get("/3/0/4"), "4.05"]],
  },
  {
    title: "LES-DM-02 no such Object, Instance or Resource",
    steps: [
      [get("/50"), "4.04"],
      [get("/3/1"), "4.04"],
      [get("/3/0/50"), "4.04"],
    ],
  },
  { title: "LES-DM-04 an Object without Instances is empty", steps: [[get("/2"), "2.05 ct=11542"]] },
  {
    title: "LES-DM-03 LES-DM-10 ANJ-SEC-01 T10-BS-01 the Security Object is for the Bootstrap-Server alone",
    steps: [
      [get("/0"), "4.01"],
      [get("/0/1"), "4.01"],
      [get("/0/0/0"), "4.01"],
      [put("/0/0/0", text("coap://192.0.2.66")), "4.01"],
      [put("/0/1/0", text("coap://192.0.2.66")), "4.01"],
      [put("/0/1?pmin=1"), "4.01"],
      [post("/0", tlv("c800")), "4.01"],
      [del("/0/1"), "4.01"],
      [get("/3/0/1"), "2.05 ct=0 BG96"],
    ],
  },
  {
    title: "LSV-DM-11 without Accept text for a value and TLV for more, each named",
    steps: [
      [get("/3/0/1"), "2.05 ct=0 BG96"],
      [get("/3/0/6"), /^2\.05 ct=11542 8./],
      [get("/3/0"), /^2\.05 ct=11542 c./],
      [get("/3"), /^2\.05 ct=11542 (08|10)00/],
    ],
  },
  {
    title: "ANJ-DMP-01 ANJ-DMP-02 ANJ-DMP-03 ANJ-DMP-04 the root is nothing to manage",
    steps: [
      [get("/"), "4.00"],
      [put("/", tlv("")), "4.00"],
      [post("/"), "4.00"],
      [del("/"), "4.00"],
    ],
  },
  {
    title: "ANJ-DMP-08 ANJ-DMP-09 ANJ-DMP-10 a path of five segments names nothing",
    steps: [
      [put("/1/1/1/1/1", text("1")), /^4\.0[24]/],
      [post("/1/1/1/1/1"), /^4\.0[24]/],
      [del("/1/1/1/1/1"), /^4\.0[24]/],
    ],
  },
];

const WRITES: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-205 TD_LWM2M_1_INT_205 periods and Disable Timeout as plain text, and back",
    steps: [
      [put("/1/1/2", text("101")), "2.04"],
      [put("/1/1/3", text("1010")), "2.04"],
      [put("/1/1/5", text("2000")), "2.04"],
      [get("/1/1", { accept: FORMAT.tlv }), `2.05 ct=11542 ${SERVER_VALUES}`],
      [put("/1/1/2", text("1")), "2.04"],
      [put("/1/1/3", text("10")), "2.04"],
      [put("/1/1/5", text("86400")), "2.04"],
      [get("/1/1", { accept: FORMAT.tlv }), "2.05 ct=11542 c10066c201012cc10201c1030ac40500015180c10601c10755"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-210 the opaque format is refused where the value is none",
    steps: [
      [put("/1/1/2", opaque("1")), /^4\.(00|15)/],
      [get("/1/1/2"), "4.04"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-215 LightweightM2M-1.0-int-551 a partial update as TLV keeps what it does not name",
    steps: [
      [post("/1/1", tlv("c10265 c20303f2 c20507d0 c10601 c10755")), "2.04"],
      [get("/1/1", { accept: FORMAT.tlv }), `2.05 ct=11542 ${SERVER_VALUES}`],
      [put("/1/1", tlv("c201012c c10201 c1030a c40500015180 c10601 c10755")), "2.04"],
      [get("/1/1", { accept: FORMAT.tlv }), "2.05 ct=11542 c10066c201012cc10201c1030ac40500015180c10601c10755"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-220 TD_LWM2M_1_INT_220 the same as JSON",
    steps: [
      [
        post(
          "/1/1",
          json(
            '{"bn":"/1/1/","e":[{"n":"2","v":101},{"n":"3","v":1010},{"n":"5","v":2000},{"n":"6","bv":true},{"n":"7","sv":"U"}]}',
          ),
        ),
        "2.04",
      ],
      [
        get("/1/1", { accept: FORMAT.json }),
        '2.05 ct=11543 {"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"2","v":101},{"n":"3","v":1010},{"n":"5","v":2000},{"n":"6","bv":true},{"n":"7","sv":"U"}]}',
      ],
      [
        put(
          "/1/1",
          json(
            '{"bn":"/1/1/","e":[{"n":"1","v":300},{"n":"2","v":1},{"n":"3","v":10},{"n":"5","v":86400},{"n":"6","bv":true},{"n":"7","sv":"U"}]}',
          ),
        ),
        "2.04",
      ],
      [get("/1/1/5"), "2.05 ct=0 86400"],
      [get("/1/1/2"), "2.05 ct=0 1"],
    ],
  },
  {
    title: "LES-DM-08 a read-only Resource cannot be written",
    steps: [
      [put("/3/0/0", text("x")), "4.05"],
      [get("/3/0/1"), "2.05 ct=0 BG96"],
    ],
  },
  {
    title: "LES-DM-09 a replacement that lacks mandatory Resources is refused whole",
    steps: [
      [put("/1/1", tlv("c1013c c10202")), "4.00"],
      [get("/1/1/1"), "2.05 ct=0 300"],
      [get("/1/1/2"), "4.04"],
    ],
  },
  {
    title: "LSV-DM-10 an error says why as text without a Content-Format",
    steps: [[put("/3/0/0", text("x")), /^4\.05 [A-Z][a-z]+: /]],
  },
];

const MADE_AND_GONE: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-680 a single-instance Object takes no Create",
    steps: [[post("/3", tlv("0003c10001")), "4.05"]],
  },
  {
    title: "LightweightM2M-1.0-int-685 ANJ-DMP-05 ANJ-DMP-06 the Device, its Instance and its Resources stay",
    steps: [
      [del("/3/0"), "4.05"],
      [del("/3"), "4.05"],
      [del("/3/0/0"), "4.05"],
      [get("/3/0/1"), "2.05 ct=0 BG96"],
    ],
  },
  {
    title: "ANJ-DM-11 Create takes no format of single values",
    steps: [
      [post("/19", text("x")), "4.00"],
      [post("/19", opaque("x")), "4.00"],
      [post("/19", { format: 60, payload: "x" }), "4.15"],
      [post("/19", { format: 65000, payload: "x" }), "4.15"],
    ],
  },
  {
    title: "ANJ-DM-14 LSV-DM-07 Create without an id takes the next free one and says where",
    steps: [
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [get("/19/2/0"), "2.05 ct=42 6162"],
    ],
  },
  {
    title: "ANJ-DM-15 Create with an id uses it, once",
    steps: [
      [post("/19", tlv("040a c2006162")), "2.01 at=19/10"],
      [get("/19/10/0"), "2.05 ct=42 6162"],
      [post("/19", tlv("040a c2006364")), "4.00"],
      [get("/19/10/0"), "2.05 ct=42 6162"],
    ],
  },
  {
    title: "ANJ-DM-16 Create that lacks a mandatory Resource creates nothing",
    steps: [
      [post("/19", tlv("")), "4.00"],
      [post("/19", tlv("c10105")), "4.00"],
      [post("/19", tlv("030a c10105")), "4.00"],
      [post("/19", json('{"bn":"/19/","e":[{"n":"10/1","v":5}]}')), "4.00"],
      [get("/19", { accept: FORMAT.link }), /^2\.05 ct=40 <\/19>,<\/19\/0>[^2]*<\/19\/1>,<\/19\/1\/0>$/],
      [post("/19", tlv("c10105 c2006162")), "2.01 at=19/2"],
      [post("/19", json('{"bn":"/19/","e":[{"n":"10/0","sv":"YWI="}]}')), "2.01 at=19/10"],
    ],
  },
  {
    title: "LES-DM-18 Delete of an Instance, and again",
    steps: [
      [post("/19", tlv("c2006162")), "2.01"],
      [del("/19/2"), "2.02"],
      [del("/19/2"), "4.04"],
      [del("/2/0"), "4.04"],
    ],
  },
  {
    title: "LSV-DM-06 each operation has its own code for success",
    steps: [
      [post("/19", tlv("c2006162")), "2.01"],
      [get("/19/2"), "2.05"],
      [put("/19/2/0", opaque("cd")), "2.04"],
      [put("/19/2?pmin=1"), "2.04"],
      [post("/3/0/12"), "2.04"],
      [get("/19/2", { accept: FORMAT.link }), "2.05"],
      [get("/19/2/0", { observe: 0 }), "2.05"],
      [del("/19/2"), "2.02"],
    ],
  },
];

const EXECUTIONS: readonly Case[] = [
  {
    title: "LES-DM-23 Execute of what is not there",
    steps: [
      [post("/3/0/9999"), "4.04"],
      [post("/9999/0/0"), "4.04"],
    ],
  },
  { title: "LES-DM-24 Execute with a payload", steps: [[post("/3/0/4", { payload: "6" }), "2.04"]] },
  {
    title: "ANJ-DM-18 Execute takes numbered arguments, each with or without a text, and nothing else",
    steps: [
      ["0", "9", "0,1,2", "2='10.3'", "0='x',7", "7,0='https://www.oma.org'", "0='',1=',=0'"],
      [
        "a",
        "10",
        "00",
        "0,",
        ",0",
        "0;1",
        "0=",
        "0=x",
        "0='x",
        "0=x'",
        '0="x"',
        " 0",
        "0, 1",
        "0='a b'",
        "0='\\'",
        "0='é'",
        "0\n",
        "0,0",
      ],
    ].flatMap((payloads, wrong) =>
      payloads.map((payload): Step => [post("/3/0/12", { payload }), wrong ? "4.00" : "2.04"]),
    ),
  },
  {
    title: "LSV-DM-12 a POST of three segments is an Execute",
    steps: [
      [post("/3/0/12", text("1")), "2.04"],
      [post("/3/0/0"), "4.05"],
    ],
  },
];

defineCases("Read", READS);
defineCases("Write", WRITES);
defineCases("Create and Delete", MADE_AND_GONE);
defineCases("Execute", EXECUTIONS);

describe("multiple Resources", () => {
  it("ANJ-DM-19 are read with ascending Resource Instance ids", async () => {
    const { server } = await openRegistered();
    const { payload } = await server.ask(get("/3/0/6", { accept: FORMAT.tlv }));
    expect(payload).toEqual(hex("8606 410001 410100"));
  });
});

describe("Execute", () => {
  it("ANJ-DM-18 does nothing where its arguments are malformed or in another format", async () => {
    const { server, clock } = await openRegistered();
    await walk(server, [
      [post("/1/1/8", { payload: "now" }), "4.00"],
      [post("/1/1/8", tlv("c10001")), "4.15"],
    ]);
    await clock.advance(100);
    expect(server.requests().slice(1)).toEqual([]);
    await walk(server, [[post("/1/1/8", text("0='now'")), "2.04"]]);
    await clock.advance(100);
    expect(server.requests().slice(1)).toEqual(["POST /rd/1"]);
  });
});

describe("what a Server learns and does", () => {
  it("LSV-DM-06 [ET-005][ET-007][OM-003] it operates on what the device has told it of itself in Register", async () => {
    const { server } = await openRegistered();
    const [register] = server.heard;
    expect(server.requests()).toEqual(["POST /rd?ep=urn:imei:864508030012428&lt=300&lwm2m=1.0&b=U"]);
    const links = register!.message.payload.toString().split(",");
    expect(links).toEqual(expect.arrayContaining(["</1/1>", "</3/0>", "</19/0>", "</19/1>"]));
    for (const link of links) {
      const place = link.slice(1, link.indexOf(">"));
      const code = (await server.ask(get(place))).code;
      expect([place, code]).toEqual([place, "2.05"]);
    }
    await walk(server, [
      [get("/19/1", { accept: FORMAT.link }), "2.05 ct=40 </19/1>,</19/1/0>"],
      [put("/19/1/0", opaque("ab")), "2.04"],
      [get("/19/1/0"), "2.05 ct=42 6162"],
      [put("/19/1?pmin=1"), "2.04"],
      [post("/3/0/12"), "2.04"],
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [del("/19/2"), "2.02"],
    ]);
  });
});
