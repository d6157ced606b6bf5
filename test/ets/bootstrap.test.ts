/** Client-initiated bootstrap: the request, what the Bootstrap-Server may do, and how it ends. */
import { describe, expect, it } from "vitest";
import { type Ask, del, FORMAT, get, post, put, tlv } from "./ask.ts";
import {
  answer,
  BOOTSTRAP_ACCOUNT,
  NOTHING,
  openRawDevice,
  type RawDeviceOptions,
  type Step,
  walk,
} from "./raw-device.ts";

const hexOf = (text: string) => Buffer.from(text).toString("hex");
const byte = (length: number) => length.toString(16).padStart(2, "0");
/** A Resource, or what else `kind` says, with a length field of one byte (OMA TS 1.0.2 §6.4.3). */
const entry = (id: number, digits: string, kind = "c8") => `${kind}${byte(id)}${byte(digits.length / 2)}${digits}`;
const instance = (id: number, digits: string) => entry(id, digits, "08");

const URI = "coap://192.0.2.1:5683";
const security = (uri: string, shortServerId = "7b") =>
  `${entry(0, hexOf(uri))}c10100c10203c003c004c005c10a${shortServerId}`;
const SECURITY = security(URI);
const BOOTSTRAP = `${entry(0, hexOf("coap://192.0.2.9:5783"))}c10101c10203c003c004c005`;
const SERVER = "c1007bc201012cc10201c10601c10755";
const link = { accept: FORMAT.link };
const FINISH: Ask = post("/bs");

async function openBootstrapping(options: RawDeviceOptions = {}) {
  const device = await openRawDevice({ ini: BOOTSTRAP_ACCOUNT, ...options });
  device.settings.setBootstrapMode(1);
  device.client.register(false);
  await device.clock.advance(100);
  const bootstrap = device.server;
  bootstrap.take();
  return Object.assign(device, { bootstrap });
}

const ACCOUNT: readonly Step[] = [
  [put("/0/1", tlv(SECURITY)), "2.04"],
  [put("/1/0", tlv(SERVER)), "2.04"],
];

describe("a bootstrap", () => {
  it.each([
    [
      "LightweightM2M-1.0-int-0",
      [
        [put("/0", tlv(instance(0, BOOTSTRAP) + instance(1, SECURITY))), "2.04"],
        [put("/1", tlv(instance(0, SERVER))), "2.04"],
        [get("/", link), /^2\.05 ct=40 lwm2m="1\.0",<\/0\/0>,<\/0\/1>;ssid=123,<\/1\/0>;ssid=123,.*<\/3\/0>/],
        [FINISH, "2.04"],
      ],
    ],
    [
      "LES-BS-01 LSV-BS-01",
      [
        [del("/0"), "2.02"],
        [del("/1"), "2.02"],
        [put("/0/0", tlv(BOOTSTRAP)), "2.04"],
        [put("/0/1", tlv(SECURITY)), "2.04"],
        [put("/1/0", tlv(SERVER)), "2.04"],
        [put("/2/0", tlv("c10003 c10100 8302 417b1f c1037b")), "2.04"],
        [FINISH, "2.04"],
      ],
    ],
    [
      "LSV-BS-02",
      [
        [
          put(
            "/0/1",
            tlv(
              `${entry(0, hexOf(URI))}c10100c10203c303657031c004${entry(5, "00112233")}c10603c007c008c009c10a7bc10b01c10c00`,
            ),
          ),
          "2.04",
        ],
        [put("/1/0", tlv(SERVER)), "2.04"],
        [FINISH, "2.04"],
      ],
    ],
  ] as const)("%s written, finished, and the server registered with", async (_, steps) => {
    const device = await openBootstrapping();
    expect(device.requests()).toEqual([expect.stringMatching(/^POST \/bs\?ep=/)]);
    await walk(device.bootstrap, steps as readonly Step[]);
    await device.clock.advance(1000);
    expect(device.requests()[1]).toMatch(/^POST \/rd\?ep=.*lt=300/);
    expect(device.server.target).toMatchObject({ scheme: "coap", host: "192.0.2.1", port: 5683 });
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
    await walk(device.server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
  });

  it("ANJ-BS-01 is asked for after ClientHoldOffTime", async () => {
    const device = await openRawDevice({ ini: BOOTSTRAP_ACCOUNT.replace("]}", ',{"n":"11","v":20}]}') });
    device.settings.setBootstrapMode(1);
    device.client.register(false);
    await device.clock.advance(19_900);
    expect(device.requests()).toEqual([]);
    await device.clock.advance(200);
    expect(device.requests()).toEqual([expect.stringMatching(/^POST \/bs\?ep=/)]);
  });

  it("LES-BS-04 LSV-BS-04 brings Access Control Instances", async () => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, [
      ...ACCOUNT,
      [put("/2/0", tlv("c10003 c10100 8302 417b1f c1037b")), "2.04"],
      [put("/2/1", tlv("c10004 c10100 8302 417b01 c1037b")), "2.04"],
      [FINISH, "2.04"],
    ]);
    await device.clock.advance(1000);
    await walk(device.server, [
      [get("/2/0", { accept: FORMAT.tlv }), "2.05 ct=11542 c10003c101008302417b1fc1037b"],
      [get("/2/1", { accept: FORMAT.tlv }), "2.05 ct=11542 c10004c101008302417b01c1037b"],
    ]);
  });

  it("T10-BS-02 writes at all three levels, over what is there and where nothing is", async () => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, [
      [put("/1", tlv(instance(0, SERVER) + instance(1, SERVER.replace("7b", "7c")))), "2.04"],
      [put("/1/0", tlv(SERVER.replace("012c", "0258"))), "2.04"],
      [put("/1/2", tlv(SERVER.replace("7b", "7d"))), "2.04"],
      [put("/1/0/1", tlv("c201012c")), "2.04"],
      [get("/1", link), /<\/1\/0>;ssid=123,<\/1\/1>;ssid=124,<\/1\/2>;ssid=125/],
    ]);
  });
});

it.each([false, true])(
  "ANJ-BS-03 the bootstrap account and its link are gone after its timeout (server-initiated: %s)",
  async (serverInitiatedBootstrap) => {
    const device = await openBootstrapping({ serverInitiatedBootstrap });
    await walk(device.bootstrap, [[put("/0/0", tlv(`${BOOTSTRAP}c10c3c`)), "2.04"], ...ACCOUNT, [FINISH, "2.04"]]);
    await device.clock.advance(59_000);
    expect(device.registry.instances(0)).toEqual([0, 1]);
    await walk(device.bootstrap, [[get("/3/0"), "4.05"]]);
    const seen = device.requests().length;
    await device.clock.advance(2000);
    expect(device.registry.instances(0)).toEqual([1]);
    await expect(device.bootstrap.ask(FINISH)).rejects.toThrow("no answer");
    expect(device.requests()).toHaveLength(seen); // of which no server is told
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
  },
);

describe("what the Bootstrap-Server may not do", () => {
  it.each<[string, readonly Step[]]>([
    ["ANJ-BS-18 discover an Object that is absent", [[get("/42", link), "4.04"]]],
    [
      "ANJ-BS-21 write or post to the root",
      [
        [put("/", tlv("")), "4.05"],
        [post("/"), "4.05"],
      ],
    ],
    ["ANJ-BS-24 delete a Resource", [...ACCOUNT, [del("/1/0/1"), "4.00"]]],
    [
      "ANJ-BS-25 use a path of five segments",
      [
        [get("/1/1/1/1/1"), /^4\.0[245]/],
        [put("/1/1/1/1/1", tlv("")), /^4\.0[245]/],
        [post("/1/1/1/1/1"), /^4\.0[245]/],
        [del("/1/1/1/1/1"), /^4\.0[245]/],
      ],
    ],
    [
      "T10-BS-03 delete what is absent, though an Instance that is there",
      [...ACCOUNT, [del("/1/0"), "2.02"], [del("/1/0"), /^(2\.02|4\.04)/]],
    ],
    ["ANJ-BS-13 fill the memory with empty values", Array(64).fill([put("/0/42", tlv("c003c005")), "2.04"])],
  ])("%s", async (_, steps) => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, steps);
    await walk(device.bootstrap, [[del("/"), "2.02"], ...ACCOUNT, [FINISH, "2.04"]]);
  });

  it('ANJ-BS-17 sees lwm2m="1.0" first, then Objects and Instances, accounts with their ids but not its own', async () => {
    const { bootstrap } = await openBootstrapping();
    await walk(bootstrap, [...ACCOUNT, [get("/", link), /^2\.05 ct=40 lwm2m="1\.0",/]]);
    const links = (await bootstrap.ask(get("/", link))).payload.toString().split(",").slice(1);
    expect(links).toEqual(expect.arrayContaining(["</0/0>", "</0/1>;ssid=123", "</1/0>;ssid=123", "</2>", "</3/0>"]));
    for (const each of links) expect(each).toMatch(/^<\/\d+(\/\d+)?>(;ssid=\d+)?$/);
  });

  it("LSV-BS-07 finish with accounts that do not fit, though it may go on and mend them", async () => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, [
      [put("/0/1", tlv("ff")), /^4\./],
      [FINISH, "4.06"],
      [put("/0/1", tlv(security("no uri at all"))), /^(2\.04|4\.00)/],
      [put("/1/0", tlv(SERVER)), "2.04"],
      [FINISH, "4.06"],
    ]);
    await device.clock.advance(10_000);
    expect(device.requests()).toHaveLength(1);
    await walk(device.bootstrap, [...ACCOUNT, [FINISH, "2.04"]]);
    await device.clock.advance(1000);
    expect(device.requests()).toHaveLength(2);
  });

  it.each<[string, string, string]>([
    ["a Server without Binding", SECURITY, SERVER.replace("c10755", "")],
    ["a Server without Lifetime", SECURITY, SERVER.replace("c201012c", "")],
    ["a Server without Notification Storing", SECURITY, SERVER.replace("c10601", "")],
    ["a Server without Short Server ID", SECURITY, SERVER.replace("c1007b", "")],
    ["no Server of that Short Server ID", SECURITY, SERVER.replace("c1007b", "c1007c")],
    ["a Security without URI", SECURITY.slice(entry(0, hexOf(URI)).length), SERVER],
    ["a Security without Short Server ID", SECURITY.replace("c10a7b", ""), SERVER],
    ["a Security without Security Mode", SECURITY.replace("c10203", ""), SERVER],
    ["a PSK account without key", `${entry(0, hexOf("coaps://192.0.2.1:5684"))}c10100c10200c30365c005c10a7b`, SERVER],
    ["a PSK account on coap", SECURITY.replace("c10203c003c004c005", "c10200c303657031c004c40500112233"), SERVER],
    ["an account with certificates", SECURITY.replace("c10203", "c10202"), SERVER],
  ])("ANJ-BS-14 finish with %s: it stays in the bootstrap, and nothing is sent to the server", async (_, sec, srv) => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, [
      [put("/0/1", tlv(sec)), "2.04"],
      [put("/1/0", tlv(srv)), "2.04"],
      [FINISH, "4.06"],
    ]);
    await device.clock.advance(10_000);
    expect(device.servers).toEqual([device.bootstrap]);
    expect(device.events).toEqual([0, 1, 2]);
    await walk(device.bootstrap, [...ACCOUNT, [FINISH, "2.04"]]);
    await device.clock.advance(1000);
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
  });

  it("T10-BS-04 POST /bs is no Finish when a server sends it", async () => {
    const device = await openBootstrapping();
    await walk(device.bootstrap, [...ACCOUNT, [FINISH, "2.04"]]);
    await device.clock.advance(1000);
    await walk(device.server, [[FINISH, /^4\.0[145]/]]);
    await device.clock.advance(1000);
    expect(device.requests()).toHaveLength(2);
  });
});

describe("a bootstrap that fails", () => {
  it.each(["4.00", "4.03", "4.04", "5.00", "5.03"])(
    "ANJ-BS-04 LSV-BS-06 with %s is asked for again at growing gaps",
    async (code) => {
      const device = await openBootstrapping({ script: (request) => answer(request, code) });
      await device.clock.advance(600_000);
      const at = device.servers.map(({ heard }) => Math.round(heard[0]!.atMs / 1000));
      expect(at.slice(1).map((each, index) => each - at[index]!)).toEqual([60, 120, 240]);
    },
  );

  it("ANJ-BS-26 without an answer is repeated MAX_RETRANSMIT times, and asked for again later", async () => {
    const device = await openBootstrapping({ script: () => NOTHING });
    await device.clock.advance(94_000);
    expect(device.bootstrap.requests()).toHaveLength(5);
    expect(device.servers).toHaveLength(1);
    await device.clock.advance(120_000);
    expect(device.servers).toHaveLength(2);
  });
});
