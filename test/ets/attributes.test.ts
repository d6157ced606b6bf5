/** Discover and Write-Attributes. */
import { describe, expect, it } from "vitest";
import { del, FORMAT, get, post, put, text, tlv } from "./ask.ts";
import { type Case, defineCases, openRegistered, SECOND_ACCOUNT, SERVER_ACCOUNT, walk } from "./raw-device.ts";

const link = { accept: FORMAT.link };
/** Links of Device Resources 0-21 as they are without attributes. */
const RESOURCES = "<\\/3\\/0\\/0>.*<\\/3\\/0\\/4>.*<\\/3\\/0\\/6>;dim=2.*<\\/3\\/0\\/13>.*<\\/3\\/0\\/16>";

const DISCOVERIES: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-260 shows attributes where they are attached, of a Resource also the inherited ones",
    steps: [
      [get("/3", link), new RegExp(`^2\\.05 ct=40 </3>,</3/0>,${RESOURCES}`)],
      [put("/3/0?pmin=10&pmax=200"), "2.04"],
      [get("/3", link), new RegExp(`^2\\.05 ct=40 </3>,</3/0>;pmin=10;pmax=200,${RESOURCES}`)],
      [put("/3/0/7?lt=1&gt=6&st=1"), "2.04"],
      [get("/3", link), /<\/3\/0>;pmin=10;pmax=200,.*<\/3\/0\/7>;dim=2;gt=6;lt=1;st=1,/],
      [get("/3/0/7", link), "2.05 ct=40 </3/0/7>;dim=2;pmin=10;pmax=200;gt=6;lt=1;st=1"],
    ],
  },
  {
    title: "LES-DM-20 begins at the level asked for",
    steps: [
      [get("/3", link), /^2\.05 ct=40 <\/3>,<\/3\/0>,<\/3\/0\/0>/],
      [get("/3/0", link), /^2\.05 ct=40 <\/3\/0>,<\/3\/0\/0>/],
      [get("/3/0/0", link), "2.05 ct=40 </3/0/0>"],
      [get("/3/0/11", link), "2.05 ct=40 </3/0/11>;dim=1"],
      [get("/3/1", link), "4.04"],
      [get("/50", link), "4.04"],
    ],
  },
  {
    title: "LSV-DM-08 LSV-DM-09 is in format 40, without spaces, quotes or attributes of its own",
    steps: [
      [put("/3/0?pmin=1"), "2.04"],
      [get("/3", link), /^2\.05 ct=40 (<\/3(\/\d+)*>(;(pmin|pmax|gt|lt|st|dim)=-?[\d.]+)*,?)+$/],
    ],
  },
];

const WRITE_ATTRIBUTES: readonly Case[] = [
  {
    title: "LES-DM-27 ANJ-WA-01 thresholds that contradict each other are refused and nothing changes",
    steps: [
      [put("/3/0/9?gt=200"), "2.04"],
      [put("/3/0/9?lt=200"), "4.00"],
      [put("/3/0/9?lt=201"), "4.00"],
      [get("/3/0/9", link), "2.05 ct=40 </3/0/9>;gt=200"],
      [put("/3/0/9?gt"), "2.04"],
      [put("/3/0/9?lt=10&st=2"), "2.04"],
      [put("/3/0/9?gt=11"), "4.00"],
      [put("/3/0/9?gt=14"), "4.00"],
      [put("/3/0/9?st=-1"), "4.00"],
      [put("/3/0/9?lt=9&gt=4"), "4.00"],
      [put("/3/0/9?lt=4&gt=9&st=3"), "4.00"],
      [get("/3/0/9", link), "2.05 ct=40 </3/0/9>;lt=10;st=2"],
    ],
  },
  {
    title: "ANJ-WA-02 what cannot be parsed is refused",
    steps: [
      [put("/3/0/9?lt=invalid"), "4.00"],
      [put("/3/0/9?pmin=-1"), "4.00"],
      [put("/3/0/9?pmin=1.5"), "4.00"],
      [put("/3/0/9?unknown=1"), "4.00"],
      [put("/3/0/9?pmin=1&lt=invalid"), "4.00"],
      [get("/3/0/9", link), "2.05 ct=40 </3/0/9>"],
    ],
  },
  {
    title: "T10-WA-01 gt, lt and st are for numeric readable Resources",
    steps: [
      [put("/3/0/0?gt=1"), /^4\.0[05]/],
      [put("/3?gt=1"), /^4\.0[05]/],
      [put("/3/0?st=1"), /^4\.0[05]/],
      [put("/3/0/4?pmin=1"), /^4\.0[05]/],
      [get("/3", link), /^2\.05 ct=40 <\/3>,<\/3\/0>,<\/3\/0\/0>,/],
    ],
  },
  {
    title: "T10-WA-02 a PUT with a query and no payload is for attributes, and the value stays",
    steps: [
      [get("/1/1/1"), "2.05 ct=0 300"],
      [put("/1/1/1?pmin=1"), "2.04"],
      [get("/1/1/1"), "2.05 ct=0 300"],
      [get("/1/1/1", link), "2.05 ct=40 </1/1/1>;pmin=1"],
    ],
  },
  {
    title: "LES-DM-28 attributes go with their Instance",
    steps: [
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [put("/19/2?pmin=1"), "2.04"],
      [put("/19/2/0?pmax=9"), "2.04"],
      [del("/19/2"), "2.02"],
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [get("/19/2", link), "2.05 ct=40 </19/2>,</19/2/0>"],
    ],
  },
  {
    title: "TD_COAP_CORE_14 each of several queries counts",
    steps: [
      [put("/3/0/9?pmin=1&pmax=9&gt=80&lt=20&st=5"), "2.04"],
      [get("/3/0/9", link), "2.05 ct=40 </3/0/9>;pmin=1;pmax=9;gt=80;lt=20;st=5"],
    ],
  },
];

defineCases("Discover", DISCOVERIES);
defineCases("Write-Attributes", WRITE_ATTRIBUTES);

describe("thresholds", () => {
  // OMA TS 1.0.2 §5.1.2: notified "each time" the value crosses, whichever way
  it("LES-OB-08 LES-OB-09 are crossed upwards and downwards", async () => {
    const { server, clock, modem } = await openRegistered();
    await walk(server, [
      [put("/3/0/9?lt=20&gt=80"), "2.04"],
      [get("/3/0/9", { observe: 0, token: "aa" }), "2.05 ct=0 100"],
    ]);
    server.take();
    for (const percent of [90, 80, 81, 50, 20, 19, 5, 20, 21, 85]) {
      modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
      await clock.advance(100);
    }
    expect(server.responses().map(({ message }) => message.payload.toString())).toEqual([
      "80",
      "81",
      "50",
      "19",
      "20",
      "85",
    ]);
  });
});

describe("several servers", () => {
  it("LightweightM2M-1.0-int-951 have attributes of their own", async () => {
    const device = await openRegistered({ ini: `${SERVER_ACCOUNT}\n${SECOND_ACCOUNT}` });
    const [first, second] = device.servers;
    await walk(first!, [[put("/3/0?pmin=2&pmax=10"), "2.04"]]);
    await walk(second!, [[put("/3/0?pmin=15&pmax=50"), "2.04"]]);
    await walk(first!, [[get("/3/0", link), /^2\.05 ct=40 <\/3\/0>;pmin=2;pmax=10,/]]);
    await walk(second!, [[get("/3/0", link), /^2\.05 ct=40 <\/3\/0>;pmin=15;pmax=50,/]]);
  });

  it("T10-WA-03 LightweightM2M-1.0-int-560 D-OBJ-1-02 notify by the default periods of their account where no attribute says otherwise", async () => {
    const { server, clock, modem } = await openRegistered();
    await walk(server, [
      [put("/1/1/2", text("4")), "2.04"],
      [put("/1/1/3", text("10")), "2.04"],
      [get("/3/0/9", { observe: 0, token: "aa" }), "2.05 ct=0 100"],
    ]);
    server.take();
    const start = clock.monotonic();
    modem.update(({ battery }) => ({ battery: { ...battery, percent: 90 } }));
    await clock.advance(24_000);
    const at = server
      .responses()
      .map(({ atMs, message }) => [Math.round((atMs - start) / 1000), message.payload.toString()]);
    expect(at).toEqual([
      [4, "90"],
      [14, "90"],
      [24, "90"],
    ]);
    await walk(server, [[get("/1/1", { observe: 0, token: "bb", accept: FORMAT.json }), "2.05"]]);
    server.take();
    await walk(server, [[put("/1/1/1", text("200")), "2.04"]]);
    await clock.advance(4_000);
    const news = server.responses().filter(({ message }) => message.token === "bb");
    expect(news.map(({ message }) => message.payload.toString())).toEqual([expect.stringContaining('"v":200')]);
  });
});
