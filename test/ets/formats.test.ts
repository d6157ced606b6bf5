/** Content formats: text, opaque, TLV, JSON and link format, asked for and given. */
import { describe, expect, it } from "vitest";
import { FORMAT, get, hex, post, put, show, text, tlv } from "./ask.ts";
import { type Case, defineCases, openRegistered, SERVER_ACCOUNT, type Step, walk } from "./raw-device.ts";

const opaque = (payload: string | Buffer) => ({ format: FORMAT.opaque, payload });
const asTlv = { accept: FORMAT.tlv };

const NEGOTIATION: readonly Case[] = [
  {
    title: "ANJ-DM-02 a Content-Format that is not supported",
    steps: [
      [put("/1/1/1", { format: 65000, payload: "60" }), "4.15"],
      [put("/1/1/1", { format: 65000 }), "4.15"],
      [get("/1/1/1"), "2.05 ct=0 300"],
    ],
  },
  {
    title: "ANJ-DM-03 TD_COAP_CORE_20 IOTT-COAP-OPT_ACCEPT an Accept that is not supported",
    steps: [
      [get("/1/1/1", { accept: 65000 }), "4.06"],
      [get("/3/0", { accept: FORMAT.text }), "4.06"],
      [get("/1/1/1", { accept: FORMAT.tlv }), "2.05 ct=11542 c201012c"],
      [get("/1/1/1", { accept: FORMAT.json }), '2.05 ct=11543 {"bn":"/1/1/1","e":[{"v":300}]}'],
      [get("/1/1/1", { accept: FORMAT.text }), "2.05 ct=0 300"],
    ],
  },
  {
    title: "LSV-DM-01 every 2.05 names its format, 0 too",
    steps: [
      [get("/3/0/0"), /^2\.05 ct=0 /],
      [get("/3/0/0", { observe: 0 }), /^2\.05 ct=0 /],
      [get("/3/0"), /^2\.05 ct=11542 /],
      [get("/3", { accept: FORMAT.link }), /^2\.05 ct=40 /],
    ],
  },
  {
    title: "LSV-DM-02 the old numbers 1542 and 1543 are not known",
    steps: [
      [get("/1/1", { accept: 1542 }), "4.06"],
      [get("/1/1", { accept: 1543, observe: 0 }), "4.06"],
      [put("/1/1/1", { format: 1542, payload: hex("c1013c") }), "4.15"],
      [post("/19", { format: 1542, payload: hex("c2006162") }), "4.15"],
      [get("/1/1"), "2.05 ct=11542 c10066c201012cc1053cc10601c10755"],
    ],
  },
  {
    title: "LSV-DM-02 the old numbers are understood and answered in kind where that is switched on",
    options: { oldFormats: true },
    steps: [
      [get("/1/1", { accept: 1542 }), "2.05 ct=1542 c10066c201012cc1053cc10601c10755"],
      [get("/1/1/1", { accept: 1543 }), /^2\.05 ct=1543 7b22626e22/],
      [put("/1/1/1", { format: 1542, payload: hex("c1013c") }), "2.04"],
      [post("/1/1", { format: 1543, payload: '{"bn":"/1/1/","e":[{"n":"2","v":1}]}' }), "2.04"],
      [post("/19", { format: 1542, payload: hex("c2006162") }), "2.01 at=19/2"],
      [get("/1/1"), "2.05 ct=11542 c10066c1013cc10201c1053cc10601c10755"],
      [put("/1/1/1", { format: 1544, payload: "60" }), "4.15"],
    ],
  },
];

const TEXT: readonly Case[] = [
  {
    title: "ANJ-DM-04 T10-FMT-09 text that is no value of the type",
    steps: [
      [put("/1/1/1", text("not-an-int")), "4.00"],
      [put("/1/1/1", text("+60")), "4.00"],
      [put("/1/1/1", text(" 60")), "4.00"],
      [put("/1/1/1", text("60 ")), "4.00"],
      [put("/1/1/1", text("")), "4.00"],
      [put("/1/1/1", text("-5")), "4.00"],
      [put("/1/1/6", text("true")), "4.00"],
      [put("/1/1/6", text("2")), "4.00"],
      [put("/1/1/6", text("0")), "2.04"],
      [get("/1/1/6"), "2.05 ct=0 0"],
      [put("/1/1/6", text("1")), "2.04"],
      [put("/19/0/2", text("-5")), "2.04"],
      [get("/19/0/2"), "2.05 ct=0 -5"],
    ],
  },
  {
    title: "ANJ-DM-05 LES-DM-06 empty text is an empty string, and an empty opaque value",
    steps: [
      [put("/3/0/15", text("")), "2.04"],
      [get("/3/0/15"), "2.05 ct=0"],
      [put("/19/1/0", opaque("ab")), "2.04"],
      [put("/19/1/0", text("")), "2.04"],
      [get("/19/1/0"), "2.05 ct=42"],
      [get("/19/1/0", { accept: FORMAT.text }), "2.05 ct=0"],
      [get("/19/1/0", asTlv), "2.05 ct=11542 c000"],
    ],
  },
  { title: "ANJ-DM-06 text is refused for an Instance", steps: [[put("/19/1", text("x")), "4.00"]] },
  {
    title: "ANJ-DM-07 the opaque format is refused for other types and for an Instance",
    steps: [
      [put("/1/1/1", opaque("60")), "4.00"],
      [put("/1/1/6", opaque("1")), "4.00"],
      [put("/1/1/7", opaque("U")), "4.00"],
      [put("/3/0/13", opaque("1")), "4.00"],
      [put("/19/1", opaque("ab")), "4.00"],
      [put("/19/1/0", opaque("ab")), "2.04"],
    ],
  },
];

const TLV: readonly Case[] = [
  {
    title: "ANJ-DM-08 malformed or mistyped TLV; an empty one changes nothing",
    steps: [
      [put("/1/1/1", tlv("ff")), "4.00"],
      [put("/1/1", tlv("c101")), "4.00"],
      [post("/1/1", tlv("c30155c2")), "4.00"],
      [post("/1/1", tlv("c106c801")), "4.00"],
      [post("/1/1", tlv("c3013c0000")), "4.00"],
      [post("/1/1", tlv("")), "2.04"],
      [get("/1/1/1"), "2.05 ct=0 300"],
    ],
  },
  {
    title: "ANJ-DM-10 TLV of another Resource than the path",
    steps: [
      [put("/1/1/1", tlv("c1023c")), "4.00"],
      [get("/1/1/1"), "2.05 ct=0 300"],
      [get("/1/1/2"), "4.04"],
    ],
  },
  {
    title: "T10-FMT-10 T10-FMT-04 integers of every width are taken, and given in the smallest",
    steps: [
      [put("/1/1/1", tlv("c1017f")), "2.04"],
      [get("/1/1/1", asTlv), "2.05 ct=11542 c1017f"],
      [put("/1/1/1", tlv("c2010080")), "2.04"],
      [get("/1/1/1", asTlv), "2.05 ct=11542 c2010080"],
      [put("/1/1/1", tlv("c40100000080")), "2.04"],
      [get("/1/1/1", asTlv), "2.05 ct=11542 c2010080"],
      [put("/1/1/1", tlv("c80108 0000000000010000")), "2.04"],
      [get("/1/1/1", asTlv), "2.05 ct=11542 c40100010000"],
      [put("/1/1/1", tlv("c80108 00000000ffffffff")), "2.04"],
      [get("/1/1/1", asTlv), "2.05 ct=11542 c8010800000000ffffffff"],
      [put("/19/0/2", tlv("c102ff")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c102ff"],
      [put("/19/0/2", text("-128")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c10280"],
      [put("/19/0/2", text("-129")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c202ff7f"],
      [put("/19/0/2", text("-32769")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c402ffff7fff"],
      [put("/1/1/1", tlv("c30100003c")), "4.00"],
    ],
  },
  {
    title: "T10-FMT-06 a boolean is one byte of 0 or 1",
    steps: [
      [put("/1/1/6", tlv("c10600")), "2.04"],
      [get("/1/1/6", asTlv), "2.05 ct=11542 c10600"],
      [put("/1/1/6", tlv("c10601")), "2.04"],
      [get("/1/1/6", asTlv), "2.05 ct=11542 c10601"],
      [put("/1/1/6", tlv("c10602")), "4.00"],
      [put("/1/1/6", tlv("c2060001")), "4.00"],
      [put("/1/1/6", tlv("c006")), "4.00"],
    ],
  },
  {
    title: "T10-FMT-08 a time is an integer of 4 bytes, of 8 from 2038 on",
    steps: [
      [put("/19/0/2", tlv("c402 5182428f")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c4025182428f"],
      [get("/19/0/2"), "2.05 ct=0 1367491215"],
      [put("/19/0/2", text("2147483647")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c4027fffffff"],
      [put("/19/0/2", text("2147483648")), "2.04"],
      [get("/19/0/2", asTlv), "2.05 ct=11542 c802080000000080000000"],
    ],
  },
];

const WHOLE: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-203 TD_LWM2M_1_INT_203 the Device as TLV: 0, 1, 2, 3, 11 (multiple) and 16",
    steps: [
      [
        get("/3/0", asTlv),
        new RegExp(
          `^2\\.05 ct=11542 (c.00|c800..)(..)+?c401${Buffer.from("BG96").toString("hex")}c8020f${Buffer.from("864508030012428").toString("hex")}c803(..)+8.0b4.00(..)+c210${Buffer.from("UQ").toString("hex")}`,
        ),
      ],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-204 the Device as JSON under its own base name",
    steps: [
      [
        get("/3/0", { accept: FORMAT.json }),
        /^2\.05 ct=11543 \{"bn":"\/3\/0\/?","e":\[\{"n":"\/?0","sv":"[^"]+"\},\{"n":"\/?1","sv":"BG96"\},.*\{"n":"\/?9","v":100\}/,
      ],
    ],
  },
  {
    title: "LSV-DM-05 an Object wraps each Instance in TLV",
    steps: [
      [get("/1", asTlv), "2.05 ct=11542 080110c10066c201012cc1053cc10601c10755"],
      [get("/19", asTlv), "2.05 ct=11542 0200c0000201c000"],
    ],
  },
];

const NESTED: readonly Case[] = [
  {
    title: "T10-FMT-02 an id takes one byte up to 255, two from 256 on",
    steps: [
      [post("/19", tlv("04ff c2006162")), "2.01 at=19/255"],
      [post("/19", tlv("240100 c2006162")), "2.01 at=19/256"],
      [get("/19", asTlv), "2.05 ct=11542 0200c0000201c00004ffc2006162240100c2006162"],
    ],
  },
  {
    title: "T10-FMT-03 Instances hold Resources, multiple Resources hold theirs",
    options: {
      ini: `${SERVER_ACCOUNT}\n{"bn":"/2/0/","e":[{"n":"0","v":3},{"n":"1","v":0},{"n":"2/102","v":31},{"n":"2/300","v":1},{"n":"3","v":102}]}`,
    },
    steps: [[get("/2", asTlv), "2.05 ct=11542 080012c10003c10100870241661f61012c01c10366"]],
  },
];

const bodyOf = (payload: string) => ({ format: FORMAT.json, payload });

const BASE_NAMES: readonly Case[] = [
  {
    title: "ANJ-DM-13 base name and name of JSON may be divided anywhere between two ids",
    steps: [
      ...[
        '{"bn":"/1/1/","e":[{"n":"1","v":61}]}',
        '{"bn":"/1/1","e":[{"n":"/1","v":62}]}',
        '{"bn":"/1/1","e":[{"n":"1","v":63}]}',
        '{"bn":"/1/1/","e":[{"n":"/1","v":64}]}',
        '{"bn":"/","e":[{"n":"1/1/1","v":65}]}',
        '{"bn":"/1","e":[{"n":"1/1","v":66}]}',
        '{"e":[{"n":"/1/1/1","v":67}]}',
        '{"e":[{"n":"1/1/1","v":68}]}',
        '{"bn":"/1/1/1","e":[{"v":69}]}',
      ].flatMap((payload, index): Step[] => [
        [post("/1/1", bodyOf(payload)), "2.04"],
        [get("/1/1/1"), `2.05 ct=0 ${61 + index}`],
        [put("/1/1/1", bodyOf(payload)), "2.04"],
      ]),
      ...[
        '{"bn":"/1/2/","e":[{"n":"1","v":70}]}',
        '{"bn":"/1/1/","e":[{"n":"/1/1/1","v":70}]}',
        '{"e":[{"n":"1","v":70}]}',
        '{"bn":"coap://192.0.2.1/1/1/","e":[{"n":"1","v":70}]}',
        '{"bn":7,"e":[{"n":"1","v":70}]}',
      ].map((payload): Step => [post("/1/1", bodyOf(payload)), "4.00"]),
      [get("/1/1/1"), "2.05 ct=0 69"],
    ],
  },
];

defineCases("JSON", BASE_NAMES);
defineCases("nested TLV", NESTED);
defineCases("negotiation", NEGOTIATION);
defineCases("text and opaque", TEXT);
defineCases("TLV", TLV);
defineCases("whole nodes", WHOLE);

describe("opaque values", () => {
  it("ANJ-DM-12 are padded Base64 in text, of any length, and nothing looser", async () => {
    const { server } = await openRegistered();
    for (const length of [1, 2, 3, 4, 20, 100, 255, 600]) {
      const value = Buffer.alloc(length, 0xa5);
      const base64 = value.toString("base64");
      await walk(server, [
        [put("/19/1/0", text(base64)), "2.04"],
        [get("/19/1/0"), `2.05 ct=42 ${value.toString("hex")}`],
        [get("/19/1/0", { accept: FORMAT.text }), `2.05 ct=0 ${base64}`],
      ]);
    }
    for (const wrong of ["YQ", "YQ=", "Y Q=", "YQ\n==", "Y\tQ=", "=YQ=", "YQ==YQ=="]) {
      expect((await server.ask(put("/19/1/0", text(wrong)))).code, wrong).toBe("4.00");
    }
  });
});

describe("JSON", () => {
  it("ANJ-DM-13 has names that with their base name are whole paths, and none for the Resource asked for", async () => {
    const { server } = await openRegistered();
    await walk(server, [[put("/19/1/0", opaque("Man")), "2.04"]]);
    for (const [place, expected] of [
      ["/19/1/0", ["/19/1/0=TWFu"]],
      ["/19/1", ["/19/1/0=TWFu"]],
      ["/19", ["/19/0/0=", "/19/1/0=TWFu"]],
      ["/3/0/6", ["/3/0/6/0=1", "/3/0/6/1=0"]],
      ["/1", ["/1/1/0=102", "/1/1/1=300", "/1/1/5=60", "/1/1/6=true", "/1/1/7=U"]],
    ] as const) {
      const { payload } = await server.ask(get(place, { accept: FORMAT.json }));
      const { bn, e } = JSON.parse(payload.toString()) as { bn: string; e: Record<string, unknown>[] };
      expect(bn.startsWith(place)).toBe(true);
      expect(e.map(({ n = "", ...value }) => `${bn}${n}=${Object.values(value)}`)).toEqual(expected);
      if (place === "/19/1/0") expect(e).toEqual([{ sv: "TWFu" }]);
    }
  });
});

describe("old numbers", () => {
  it("LSV-DM-02 notifications keep the number that was asked for", async () => {
    const { server, clock } = await openRegistered({ oldFormats: true });
    await walk(server, [[get("/1/1/1", { observe: 0, accept: 1542 }), "2.05 ct=1542 c201012c"]]);
    server.take();
    await walk(server, [[put("/1/1/1", text("60")), "2.04"]]);
    await clock.advance(100);
    const news = server.responses().filter(({ message }) => message.type === "NON");
    expect(news.map(({ message }) => show(message))).toEqual(["2.05 ct=1542 c1013c"]);
  });
});

/** Entries of TLV, read by hand (OMA TS 1.0.2 §6.4.3). */
function readTlv(bytes: Buffer): { kind: number; id: number; value: Buffer }[] {
  const entries: { kind: number; id: number; value: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const head = bytes[at++]!;
    const idBytes = head & 0x20 ? 2 : 1;
    const id = bytes.readUIntBE(at, idBytes);
    at += idBytes;
    const lengthBytes = (head >> 3) & 3;
    const length = lengthBytes === 0 ? head & 7 : bytes.readUIntBE(at, lengthBytes);
    at += lengthBytes;
    entries.push({ kind: head >> 6, id, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return entries;
}

describe("strictness", () => {
  it("LSV-DM-03 no id occurs twice, the Instance has its own id, and no integer or boolean has another width", async () => {
    const { server } = await openRegistered();
    for (const object of [1, 3, 4, 5, 7]) {
      const { payload } = await server.ask(get(`/${object}`, asTlv));
      const instances = readTlv(payload);
      expect(instances.map(({ kind, id }) => [kind, id])).toEqual([[0, object === 1 ? 1 : 0]]);
      const resources = readTlv(instances[0]!.value);
      expect(new Set(resources.map(({ id }) => id)).size).toBe(resources.length);
      const { payload: text } = await server.ask(get(`/${object}`, { accept: FORMAT.json }));
      for (const { n, v, bv } of JSON.parse(text.toString()).e as { n: string; v?: number; bv?: boolean }[]) {
        const [, resource, inner] = n.split("/").map(Number);
        const found = resources.find(({ id }) => id === resource)!;
        const { value } = inner === undefined ? found : readTlv(found.value).find(({ id }) => id === inner)!;
        if (v !== undefined) expect([1, 2, 4, 8], `/${object}/${n}`).toContain(value.length);
        if (bv !== undefined) expect(value, `/${object}/${n}`).toHaveLength(1);
      }
    }
  });
});
