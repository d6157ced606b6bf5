/** Access control among several servers (OMA TS 1.0.2 §7.3): 102 owns what is under control, 103 has what it is given. */
import { describe, expect, it } from "vitest";
import { type Ask, del, FORMAT, get, post, put, show, text, tlv } from "./ask.ts";
import { openRegistered, SECOND_ACCOUNT, SERVER_ACCOUNT, type Step, walk } from "./raw-device.ts";

interface Rule {
  readonly of: string;
  readonly owner?: number;
  /** Rights by Short Server ID: 1 read, 2 write, 4 execute, 8 delete, 16 create. */
  readonly acl?: Readonly<Record<number, number>>;
}

const WHOLE = 65535;
const asTlv = { accept: FORMAT.tlv };
const opaque = (payload: string) => ({ format: FORMAT.opaque, payload });

const instanceOf = ({ of, owner = 102, acl = {} }: Rule, id: number) => {
  const [objectId, instanceId] = of.split("/").map(Number);
  const entries = Object.entries(acl).map(([server, rights]) => `{"n":"2/${server}","v":${rights}}`);
  const values = [`{"n":"0","v":${objectId}}`, `{"n":"1","v":${instanceId}}`, ...entries, `{"n":"3","v":${owner}}`];
  return `{"bn":"/2/${id}/","e":[${values.join(",")}]}`;
};

async function openControlled(rules: readonly Rule[], unreachable?: string) {
  const device = await openRegistered({
    ini: [SERVER_ACCOUNT, SECOND_ACCOUNT, ...rules.map(instanceOf)].join("\n"),
    unreachable: ({ host }) => (host === unreachable ? "host unknown" : undefined),
  });
  return { device, owner: device.servers[0]!, other: device.servers.at(-1)! };
}

interface AccessCase {
  readonly title: string;
  readonly rules: readonly Rule[];
  /** What 103 may. */
  readonly other: readonly Step[];
  /** What 102 finds afterwards. */
  readonly owner?: readonly Step[];
}

const CASES: readonly AccessCase[] = [
  {
    title: "ANJ-ACL-02 the right to create makes the creator an owner with full rights",
    rules: [{ of: `19/${WHOLE}`, acl: { 103: 16 } }],
    other: [
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [get("/2/1", { accept: FORMAT.tlv }), /^2\.05 ct=11542 c10013c10102(8002)?c10367$/],
      [get("/19/2/0"), "2.05 ct=42 6162"],
      [put("/19/2/0", opaque("x")), "2.04"],
    ],
    owner: [
      [get("/19/2/0"), "4.01"],
      [del("/19/2"), "4.01"],
    ],
  },
  {
    title: "ANJ-ACL-03 ANJ-ACL-10 without a right to it nothing is read: an empty list is for the owner only",
    rules: [{ of: "3/0" }],
    other: [
      [get("/3/0"), "4.01"],
      [get("/3/0/1"), "4.01"],
      [get("/3/0/9", { observe: 0 }), "4.01"],
    ],
    owner: [[get("/3/0/1"), "2.05 ct=0 BG96"]],
  },
  {
    title: "ANJ-ACL-04 the right to read is none to write, and without it no attributes are written",
    rules: [{ of: "19/1", acl: { 103: 1 } }, { of: "3/0" }],
    other: [
      [put("/19/1/0", opaque("x")), "4.01"],
      [post("/19/1", tlv("c10078")), "4.01"],
      [put("/19/1?pmin=1"), "2.04"],
      [put("/3/0?pmin=1"), "4.01"],
    ],
    owner: [[get("/19/1/0"), "2.05 ct=42"]],
  },
  { title: "ANJ-ACL-05 nor to execute", rules: [{ of: "3/0", acl: { 103: 3 } }], other: [[post("/3/0/12"), "4.01"]] },
  {
    title: "ANJ-ACL-06 nor to delete",
    rules: [{ of: "19/0", acl: { 103: 7 } }],
    other: [[del("/19/0"), "4.01"]],
    owner: [[get("/19/0"), "2.05"]],
  },
  {
    title: "ANJ-ACL-07 of an Object only the readable Instances are shown",
    rules: [
      { of: "19/0", acl: { 103: 2 } },
      { of: "19/1", acl: { 103: 1 } },
    ],
    other: [[get("/19", { accept: FORMAT.tlv }), "2.05 ct=11542 0201c000"]],
    owner: [[get("/19", { accept: FORMAT.tlv }), "2.05 ct=11542 0200c0000201c000"]],
  },
  {
    title: "ANJ-ACL-08 what is not there is not there, whatever the rights",
    rules: [{ of: "3/0" }],
    other: [
      [get("/19/99"), "4.04"],
      [put("/19/99/0", opaque("x")), "4.04"],
      [get("/3/1"), "4.04"],
    ],
  },
  {
    title: "ANJ-ACL-09 the default entry is for servers that are not named",
    rules: [
      { of: "3/0", acl: { 0: 1 } },
      { of: "19/1", acl: { 0: 3, 103: 1 } },
    ],
    other: [
      [get("/3/0/1"), "2.05 ct=0 BG96"],
      [post("/3/0/12"), "4.01"],
      [put("/19/1/0", opaque("x")), "4.01"],
    ],
  },
  {
    title: "ANJ-ACL-14 ANJ-ACL-15 everybody may read the Access Control Object, the owner alone writes",
    rules: [{ of: "3/0" }],
    other: [
      [get("/2"), "2.05"],
      [get("/2/0/3"), "2.05 ct=0 102"],
      [put("/2/0/2", tlv("8302416701")), "4.01"],
      [put("/2/0/3", text("103")), "4.01"],
      [get("/3/0/1"), "4.01"],
    ],
    owner: [[put("/2/0/2", tlv("8302416701")), "2.04"]],
  },
  {
    title: "ANJ-ACL-20 a server has its own account alone",
    rules: [{ of: "3/0" }],
    other: [
      [get("/1/1"), "4.01"],
      [put("/1/1/1", text("60")), "4.01"],
      [post("/1/1/8"), "4.01"],
      [get("/1/2/0"), "2.05 ct=0 103"],
      [put("/1/2/1", text("700")), "2.04"],
      [get("/1", { accept: FORMAT.tlv }), /^2\.05 ct=11542 0802..c10067/],
    ],
  },
];

/** Every operation, and the right it needs; Discover needs none. */
const NEEDS: ReadonlyArray<readonly [Ask, number, string]> = [
  [get("/19/1"), 1, "2.05"],
  [get("/19/1/0", { observe: 0 }), 1, "2.05"],
  [put("/19/1/0?pmin=1"), 1, "2.04"],
  [put("/19/1/0", opaque("x")), 2, "2.04"],
  [post("/7/0/6"), 4, "2.04"],
  [post("/19", tlv("c2006162")), 16, "2.01"],
  [del("/19/1"), 8, "2.02"],
];

describe("access control", () => {
  for (const { title, rules, other, owner = [] } of CASES) {
    it(title, async () => {
      const servers = await openControlled(rules);
      await walk(servers.other, other);
      await walk(servers.owner, owner);
    });
  }

  it("T10-ACL-01 each operation needs its own right, Discover none", async () => {
    for (const [request, right, code] of NEEDS) {
      for (const rights of [right, 31 & ~right]) {
        const acl = { 103: rights };
        const { other } = await openControlled([
          { of: "19/1", acl },
          { of: `19/${WHOLE}`, acl },
          { of: "7/0", acl },
        ]);
        await walk(other, [
          [get("/19/1", { accept: FORMAT.link }), "2.05"],
          [request, rights === right ? code : "4.01"],
        ]);
      }
    }
  });

  it("ANJ-ACL-11 a change of rights is told to who observes them", async () => {
    const { device, owner, other } = await openControlled([{ of: "3/0" }]);
    await walk(other, [[get("/2", { observe: 0, token: "aa" }), "2.05"]]);
    other.take();
    await walk(owner, [[put("/2/0/2", tlv("8302416701")), "2.04"]]);
    await device.clock.advance(100);
    const news = other.responses().map(({ message }) => message.payload.toString("hex"));
    expect(news).toEqual([expect.stringContaining("8302416701")]);
    await walk(other, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
  });

  it("ANJ-ACL-12 the rule goes with its Instance", async () => {
    const { owner } = await openControlled([{ of: "19/0" }, { of: "3/0" }]);
    await walk(owner, [
      [get("/2/0"), "2.05"],
      [del("/19/0"), "2.02"],
      [get("/2/0"), "4.04"],
      [get("/2/1"), "2.05"],
    ]);
  });

  it("ANJ-ACL-22 LES-DM-13 a Write of the list replaces it, also by none", async () => {
    const { owner, other } = await openControlled([{ of: "3/0", acl: { 103: 1, 104: 31 } }]);
    await walk(owner, [
      [put("/2/0/2", tlv("8302416703")), "2.04"],
      [get("/2/0/2", { accept: FORMAT.tlv }), "2.05 ct=11542 8302416703"],
    ]);
    await walk(other, [[get("/3/0/1"), "2.05"]]);
    await walk(owner, [
      [put("/2/0", tlv("8002 c10366")), "2.04"],
      [get("/2/0/2", { accept: FORMAT.tlv }), "2.05 ct=11542 8002"],
    ]);
    await walk(other, [[get("/3/0/1"), "4.01"]]);
  });

  it("ANJ-ACL-17 65535 is no Resource Instance id", async () => {
    const { owner } = await openControlled([{ of: "3/0", acl: { 103: 1 } }]);
    await walk(owner, [
      [put("/2/0/2", tlv("840261 ffff 01".replaceAll(" ", ""))), "4.00"],
      [get("/2/0/2", { accept: FORMAT.tlv }), "2.05 ct=11542 8302416701"],
    ]);
  });

  it("ANJ-ACL-02 ANJ-ACL-08 ANJ-ACL-12 ANJ-ACL-14 ANJ-ACL-15 ANJ-ACL-20 without any rule all but accounts is open to all, what a server creates is its own, and the rest stays open", async () => {
    const device = await openControlled([]);
    const { owner, other } = device;
    const open: readonly Step[] = [
      [get("/3/0/1"), "2.05 ct=0 BG96"],
      [put("/3/0/15", text("UTC")), "2.04"],
      [post("/3/0/12"), "2.04"],
      [put("/19/1/0", opaque("x")), "2.04"],
    ];
    await walk(owner, [...open, [get("/1/1/1"), "2.05 ct=0 300"], [get("/1/2/1"), "4.01"]]);
    await walk(other, [
      ...open,
      [get("/1/2/1"), "2.05 ct=0 600"],
      [put("/1/1/1", text("60")), "4.01"],
      [post("/1/1/4"), "4.01"],
    ]);
    await walk(other, [
      [get("/1", asTlv), /^2\.05 ct=11542 0802/],
      [get("/2", asTlv), "2.05 ct=11542"],
    ]);

    await walk(owner, [[post("/19", tlv("c2006162")), "2.01 at=19/2"]]);
    const links = show(await other.ask(get("/2", { accept: FORMAT.link })));
    const rule = Number(/<\/2\/(\d+)>(?!.*<\/2\/\d+>)/.exec(links)?.[1]); // the latest
    await walk(other, [[get(`/2/${rule}`, asTlv), "2.05 ct=11542 c10013c10102c10366"]]);
    await walk(owner, [...open, [get("/19/2/0"), "2.05 ct=42 6162"]]);
    await walk(other, [
      ...open,
      [get("/19/2/0"), "4.01"],
      [get("/19", asTlv), "2.05 ct=11542 0200c0000301c10078"],
      [del("/19/2"), "4.01"],
      [put(`/2/${rule}/2`, tlv("8302416701")), "4.01"],
      [get("/19/3"), "4.04"],
      [post("/19", tlv("c2006364")), "2.01 at=19/3"],
      [get("/1/1/1"), "4.01"],
    ]);
    await walk(owner, [
      [get("/19/3/0"), "4.01"],
      [put(`/2/${rule}/2`, tlv("8302416701")), "2.04"],
      [get("/19/2/0"), "2.05 ct=42 6162"],
      [get(`/2/${rule}/3`), "2.05 ct=0 102"],
    ]);
    await walk(other, [
      [get("/19/2/0"), "2.05 ct=42 6162"],
      [put("/19/2/0", opaque("x")), "4.01"],
    ]);
    await walk(owner, [[del("/19/2"), "2.02"], [get(`/2/${rule}`), "4.04"], ...open]);
  });

  it("ANJ-ACL-18 with one account everything is allowed", async () => {
    const device = await openRegistered({ ini: `${SERVER_ACCOUNT}\n${instanceOf({ of: "3/0", owner: 103 }, 0)}` });
    await walk(device.server, [
      [get("/3/0/1"), "2.05 ct=0 BG96"],
      [post("/3/0/12"), "2.04"],
      [post("/19", tlv("c2006162")), "2.01"],
      [del("/19/2"), "2.02"],
    ]);
  });

  it("ANJ-ACL-19 the rules hold while a server is out of reach", async () => {
    const { other } = await openControlled([{ of: "3/0" }], "192.0.2.1");
    await walk(other, [
      [get("/3/0/1"), "4.01"],
      [get("/1/2/0"), "2.05 ct=0 103"],
    ]);
  });
});
