/** The Objects of the device, Resource by Resource. */
import { describe, expect, it } from "vitest";
import { FORMAT, get, hex, post, put, text, tlv } from "./ask.ts";
import { type Case, defineCases, openRegistered, SERVER_ACCOUNT, walk } from "./raw-device.ts";

const asTlv = { accept: FORMAT.tlv };
const FIX = {
  latitude: 1.5,
  longitude: 0.1,
  altitudeM: 30,
  uncertaintyM: 4,
  speedMs: 5,
  courseDeg: 6,
  takenAtMs: 1_367_491_215_000,
};

const SERVER: readonly Case[] = [
  {
    title: "D-OBJ-1-01 has Short Server ID, Lifetime, storing and Binding, and the first is not written",
    steps: [
      [get("/1/1", asTlv), /^2\.05 ct=11542 c10066c201012c.*c10601c10755$/],
      [put("/1/1/0", text("103")), "4.05"],
      [get("/1/1/0"), "2.05 ct=0 102"],
    ],
  },
];

const DEVICE: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-652 has its firmware version",
    steps: [[get("/3/0/3"), "2.05 ct=0 BG96MAR02A07M1G"]],
  },
  {
    title: "D-OBJ-3-03 takes a time zone and keeps it",
    steps: [
      [put("/3/0/14", text("+02:00")), "2.04"],
      [put("/3/0/15", text("Europe/Paris")), "2.04"],
      [get("/3/0/14"), "2.05 ct=0 +02:00"],
      [get("/3/0/15"), "2.05 ct=0 Europe/Paris"],
    ],
  },
];

const READ_ONLY: readonly Case[] = [
  {
    title: "LightweightM2M-1.0-int-705 Connectivity Monitoring is not written",
    steps: [
      [put("/4/0/2", text("1")), "4.05"],
      [put("/4/0/0", text("1")), "4.05"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-805 Location is not written",
    steps: [
      [put("/6/0/0", text("1.5")), "4.05"],
      [put("/6/0/5", text("1")), "4.05"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-751 Firmware Update is idle, and its Package is not shown",
    steps: [
      [get("/5/0", asTlv), /^2\.05 ct=11542 c001c10300c10500.*c109/],
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 0"],
      [get("/5/0/0"), "4.05"],
    ],
  },
  {
    title: "LightweightM2M-1.0-int-772 Firmware Update refuses Update without a package",
    steps: [
      [post("/5/0/2"), "4.05"],
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 0"],
    ],
  },
];

defineCases("Server", SERVER);
defineCases("Device", DEVICE);
defineCases("what is only read", READ_ONLY);

describe("Server", () => {
  it("D-OBJ-1-03 takes the bindings of 1.0, and Updates with the new one", async () => {
    const { server, clock } = await openRegistered();
    await walk(server, [
      [put("/1/1/7", text("X")), "4.00"],
      [put("/1/1/7", text("UQ")), "2.04"],
    ]);
    await clock.advance(100);
    await walk(server, [[put("/1/1/7", text("U")), "2.04"]]);
    await clock.advance(100);
    expect(server.requests().slice(1)).toEqual(["POST /rd/1?b=UQ", "POST /rd/1?b=U"]);
  });

  it("D-OBJ-1-04 is disabled for 86400 s where no Disable Timeout says otherwise", async () => {
    const device = await openRegistered({ ini: SERVER_ACCOUNT.replace('{"n":"5","v":60},', "") });
    await walk(device.server, [[post("/1/1/4"), "2.04"]]);
    await device.clock.advance(86_399_000);
    expect(device.servers).toHaveLength(1);
    await device.clock.advance(2_000);
    expect(device.servers).toHaveLength(2);
  });
});

describe("Device", () => {
  it("LightweightM2M-1.0-int-651 D-OBJ-3-02 takes time, offset and zone together, and its clock runs on", async () => {
    const { server, clock } = await openRegistered();
    await walk(server, [
      [get("/3/0", asTlv), "2.05"],
      [post("/3/0", tlv("c40d5182428f c60e2b30323a3030 c80f0c4575726f70652f5061726973")), "2.04"],
    ]);
    const time = async () => Number((await server.ask(get("/3/0/13"))).payload.toString());
    expect(await time()).toBeCloseTo(1_367_491_215, -1);
    const before = await time();
    await clock.advance(30_000);
    expect((await time()) - before).toBe(30);
    await walk(server, [
      [get("/3/0", asTlv), /c40d518242..c60e2b30323a3030c80f0c4575726f70652f5061726973/],
      [put("/3/0", tlv("c40d69560000 c60e2b30303a3030 c30f555443")), "2.04"],
      [get("/3/0", asTlv), /c40d695600..c60e2b30303a3030c30f555443/],
    ]);
  });

  it("LightweightM2M-1.0-int-657 D-OBJ-3-01 always has an error code, 0 when all is well; a reset keeps what goes on", async () => {
    const { server, modem } = await openRegistered();
    const battery = (percent: number) => modem.update((state) => ({ battery: { ...state.battery, percent } }));
    const codes = async () => (await server.ask(get("/3/0/11", asTlv))).payload;
    expect(await codes()).toEqual(hex("830b 410000"));
    modem.update((state) => ({ radio: { ...state.radio, rssiDbm: -113 } }));
    expect(await codes()).toEqual(hex("830b 410004"));
    battery(5);
    expect(await codes()).toEqual(hex("860b 410004 410101"));
    modem.update((state) => ({ radio: { ...state.radio, rssiDbm: -80 } }));
    expect(await codes()).toEqual(hex("830b 410101"));
    await walk(server, [[post("/3/0/12"), "2.04"]]);
    expect(await codes()).toEqual(hex("830b 410001"));
    battery(50);
    expect(await codes()).toEqual(hex("830b 410000"));
    await walk(server, [[post("/3/0/12"), "2.04"]]);
    expect(await codes()).toEqual(hex("830b 410000"));
  });

  it("LightweightM2M-1.0-int-656 D-OBJ-3-05 Factory Reset is answered; then the device registers anew as the factory has it", async () => {
    const device = await openRegistered({
      autostart: true,
      files: { "/datatx/factory/bootstrap.ini": SERVER_ACCOUNT },
    });
    await walk(device.server, [
      [put("/1/1/1", text("120")), "2.04"],
      [put("/3/0/15", text("Europe/Paris")), "2.04"],
      [put("/19/1/0", { format: FORMAT.opaque, payload: "data" }), "2.04"],
      [post("/3/0/5"), "2.04"],
    ]);
    await device.clock.advance(60_000);
    expect(device.servers).toHaveLength(2);
    const { server } = device;
    expect(server.requests()[0]).toMatch(/^POST \/rd\?.*lt=300/);
    await walk(server, [
      [get("/1/1/1"), "2.05 ct=0 300"],
      [get("/3/0/15"), "2.05 ct=0 Etc/UTC"],
      [get("/19/1/0"), "2.05 ct=42"],
    ]);
  });

  it("D-OBJ-3-04 has the same instances in its power sources, voltages and currents", async () => {
    const { server } = await openRegistered();
    const json = { accept: FORMAT.json };
    const ids = await Promise.all(
      [6, 7, 8].map(async (id) => {
        const { payload } = await server.ask(get(`/3/0/${id}`, json));
        return JSON.parse(payload.toString()).e.map(({ n }: { n: string }) => n);
      }),
    );
    expect(ids[0].length).toBeGreaterThan(0);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });
});

describe("Connectivity Monitoring and Location", () => {
  it("LightweightM2M-1.0-int-701 D-OBJ-4-01 bearer, bearers, strength and addresses, each of its type", async () => {
    const { server } = await openRegistered();
    const { payload } = await server.ask(get("/4/0", { accept: FORMAT.json }));
    const { e } = JSON.parse(payload.toString()) as { e: { n: string; v?: number; sv?: string }[] };
    const of = (id: number) => e.filter(({ n }) => n === `${id}` || n.startsWith(`${id}/`));
    for (const id of [0, 2, 3, 6, 8, 9, 10])
      expect(of(id), `/4/0/${id}`).toEqual([{ n: `${id}`, v: expect.any(Number) }]);
    for (const { n, v } of of(1)) expect([n, v]).toEqual([expect.stringMatching(/^1\/\d+$/), expect.any(Number)]);
    for (const id of [4, 5, 7])
      for (const { n, sv } of of(id))
        expect([n, sv]).toEqual([expect.stringMatching(/^[457]\/\d+$/), expect.any(String)]);
    for (const id of [1, 4, 5, 7]) expect(of(id).length, `/4/0/${id}`).toBeGreaterThan(0);
    await walk(server, [[get("/4/0", asTlv), /^2\.05 ct=11542 c10006/]]);
  });

  it("LightweightM2M-1.0-int-801 D-OBJ-6-01 T10-FMT-05 latitude and longitude as floats, 4 bytes where they hold the value, and a time", async () => {
    const { server, modem } = await openRegistered();
    modem.update({ fix: FIX });
    await walk(server, [
      [get("/6/0", asTlv), /^2\.05 ct=11542 c4003fc00000c801083fb999999999999a.*c4055182428f/],
      [get("/6/0/0"), "2.05 ct=0 1.5"],
      [get("/6/0/1"), "2.05 ct=0 0.1"],
      [get("/6/0/5"), "2.05 ct=0 1367491215"],
    ]);
  });
});

describe("Connectivity Statistics", () => {
  it("LightweightM2M-1.0-int-901 D-OBJ-7-02 counts from Start, which sets all to 0, to Stop", async () => {
    const { server, clock } = await openRegistered();
    const counters = async () => {
      const values = [2, 3].map(async (id) => Number((await server.ask(get(`/7/0/${id}`))).payload));
      return Promise.all(values);
    };
    const traffic = async () => {
      for (let i = 0; i < 20; i++)
        await server.ask(put("/19/1/0", { format: FORMAT.opaque, payload: "x".repeat(300) }));
      for (let i = 0; i < 10; i++) await server.ask(get("/3/0"));
    };
    await traffic();
    await walk(server, [[post("/7/0/6"), "2.04"]]);
    expect(await counters()).toEqual([0, 0]);
    await traffic();
    await walk(server, [[post("/7/0/7"), "2.04"]]);
    const stopped = await counters();
    expect(stopped[0]).toBeGreaterThanOrEqual(1);
    expect(stopped[1]).toBeGreaterThanOrEqual(6);
    await traffic();
    expect(await counters()).toEqual(stopped);
    await walk(server, [[post("/7/0/6"), "2.04"]]);
    expect(await counters()).toEqual([0, 0]);
    await clock.advance(1000);
    expect(await counters()).toEqual([0, 0]);
  });

  it("D-OBJ-7-01 stops by itself after the collection period, and Stop ends the period with the collection", async () => {
    const { server, clock } = await openRegistered();
    const received = async () => {
      for (let i = 0; i < 10; i++)
        await server.ask(put("/19/1/0", { format: FORMAT.opaque, payload: "x".repeat(300) }));
      await clock.advance(1000); // the meter carries over once a second
      return Number((await server.ask(get("/7/0/3"))).payload);
    };
    await walk(server, [
      [put("/7/0/8", text("60")), "2.04"],
      [post("/7/0/6"), "2.04"],
    ]);
    const before = await received();
    expect(before).toBeGreaterThanOrEqual(3);
    await clock.advance(60_000);
    expect(await received()).toBe(before);
    expect(await received()).toBe(before);

    await walk(server, [[post("/7/0/6"), "2.04"]]);
    await clock.advance(50_000);
    await walk(server, [
      [post("/7/0/7"), "2.04"],
      [put("/7/0/8", text("0")), "2.04"],
      [post("/7/0/6"), "2.04"],
    ]);
    await clock.advance(50_000);
    expect(await received()).toBeGreaterThanOrEqual(3);
  });

  it("LightweightM2M-1.0-int-905 has a collection period that can be set", async () => {
    const { server } = await openRegistered();
    await walk(server, [
      [get("/7/0"), "2.05"],
      [put("/7/0/8", text("3600")), "2.04"],
      [get("/7/0/8"), "2.05 ct=0 3600"],
    ]);
  });
});

describe("BinaryAppDataContainer", () => {
  it("LightweightM2M-1.0-int-1901 D-OBJ-19-01 tells the host of each Write once, of 0 bytes to 1 KiB and of equal data", async () => {
    const { server, modem } = await openRegistered();
    const told: string[] = [];
    modem.onChange((now, before) => {
      const { downlink } = now.lwm2m;
      if (downlink && downlink !== before.lwm2m.downlink) told.push(`${downlink.path} ${downlink.data}`);
    });
    const values = ["", "x", "x", "y".repeat(1024)];
    for (const payload of values) {
      await walk(server, [
        [put("/19/1/0", { format: FORMAT.opaque, payload }), "2.04"],
        [get("/19/1/0"), `2.05 ct=42 ${Buffer.from(payload).toString("hex")}`.trim()],
      ]);
    }
    expect(told).toEqual(values.map((payload) => `/19/1/0 ${payload}`));
  });
});
