/** Firmware Update (/5) and Software Management (/9): push, pull, everything that can go wrong, and the update itself. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import type { FirmwareFault } from "#modem/state";
import { block, type ReadCoap } from "../support/coap-bytes.ts";
import { type Ask, type AskParts, FORMAT, get, numberOf, OPTION, post, put, show, text } from "./ask.ts";
import { blockOf } from "./file-server.ts";
import { answer, NOTHING, openRegistered, type RawDevice, type RawDeviceOptions, walk } from "./raw-device.ts";
import type { RawServer } from "./raw-server.ts";

const REVISION = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: REVISION }, 5000);
const REPOSITORY = "192.0.2.77";
const URI = `coap://${REPOSITORY}/fw/image?v=2`;
const NUL = { format: FORMAT.opaque, payload: Buffer.from([0]) };

const piece = (place: string, body: Buffer, number: number, size: number, parts: AskParts = {}): Ask => {
  const more = (number + 1) * size < body.length ? 1 : 0;
  const payload = body.subarray(number * size, (number + 1) * size);
  return put(place, { format: FORMAT.opaque, payload, block1: block(number, more, size), ...parts });
};

/** Writes in blocks. @returns the codes answered, up to the first that is not 2.31. */
async function push(
  server: RawServer,
  body: Buffer,
  { place = "/5/0/0", size = 1024, parts = {} as AskParts } = {},
): Promise<string[]> {
  const codes: string[] = [];
  for (let number = 0; number * size < body.length; number++) {
    const response = await server.ask(piece(place, body, number, size, parts));
    codes.push(response.code);
    if (response.code !== "2.31") break;
  }
  return codes;
}

async function value(server: RawServer, path: string): Promise<string> {
  return (await server.ask(get(path))).payload.toString();
}

/** State and Update Result. */
const standing = async ({ server }: RawDevice) => [await value(server, "/5/0/3"), await value(server, "/5/0/5")];
const softwareStanding = async ({ server }: RawDevice) => [
  await value(server, "/9/0/7"),
  await value(server, "/9/0/9"),
];

/** A repository beside the LwM2M Server. */
const withRepository = (respond: (request: ReadCoap) => ReturnType<NonNullable<RawDeviceOptions["script"]>>) =>
  ((request, { target }) =>
    target.host === REPOSITORY ? respond(request) : undefined) satisfies RawDeviceOptions["script"];
/** One that takes its time: the first request to it is lost. */
const slowly = (file: Buffer) => {
  let requests = 0;
  return withRepository((request) => (requests++ === 0 ? NOTHING : blockOf(request, file)));
};
const openWith = (options: RawDeviceOptions = {}) =>
  openRegistered({ autostart: true, script: withRepository((request) => blockOf(request, PACKAGE)), ...options });
const setFault = (device: RawDevice, fault: FirmwareFault, faultPercent = 50) =>
  device.modem.update(({ firmware }) => ({ firmware: { ...firmware, fault, faultPercent } }));
const setMemory = (device: RawDevice, freeKb: number) =>
  device.modem.update(({ memory }) => ({ memory: { ...memory, freeKb } }));

/** Executes Update and waits until the device has registered again. */
async function update(device: RawDevice): Promise<void> {
  expect((await device.server.ask(post("/5/0/2"))).code).toBe("2.04");
  await device.clock.advance(20_000);
}

const sound = (body: Buffer) => createHash("sha256").update(body).digest("hex");

describe("Firmware Update", () => {
  it("LightweightM2M-1.0-int-755 takes a NUL package as a reset, and a package in blocks", async () => {
    const device = await openWith();
    await walk(device.server, [[put("/5/0/0", NUL), "2.04"]]);
    expect(await standing(device)).toEqual(["0", "0"]);
    expect(await push(device.server, PACKAGE)).toEqual(["2.31", "2.31", "2.31", "2.31", "2.04"]);
    expect(await standing(device)).toEqual(["2", "0"]);
    expect([await value(device.server, "/5/0/6"), await value(device.server, "/5/0/7")]).toEqual([
      "BG96 firmware",
      REVISION,
    ]);
  });

  it("LightweightM2M-1.0-int-756 fetches a package from its URI, which an empty one resets", async () => {
    const device = await openWith({ script: slowly(PACKAGE) });
    await walk(device.server, [[put("/5/0/1", text("")), "2.04"]]);
    expect(await standing(device)).toEqual(["0", "0"]);
    const { server } = device;
    await walk(server, [
      [put("/5/0/1", text(URI)), "2.04"],
      [get("/5/0/3"), "2.05 ct=0 1"],
      [get("/5/0/1"), `2.05 ct=0 ${URI}`],
    ]);
    await device.clock.advance(4000);
    await walk(server, [
      [get("/5/0/3"), "2.05 ct=0 2"],
      [get("/5/0/5"), "2.05 ct=0 0"],
    ]);
    expect(device.server.requests().slice(0, 2)).toEqual(["GET /fw/image?v=2", "GET /fw/image?v=2"]);
  });

  it("LightweightM2M-1.0-int-760 tells an observer of its state", async () => {
    const device = await openWith();
    await walk(device.server, [
      [put("/5/0/3?pmin=0&pmax=60"), "2.04"],
      [get("/5/0/3", { observe: 0, token: "0b" }), "2.05 ct=0 0"],
    ]);
    device.server.take();
    await push(device.server, PACKAGE);
    await device.clock.advance(100);
    const states = device.server.responses().filter(({ message }) => message.token === "0b");
    expect(states.map(({ message }) => message.payload.toString())).toEqual(["1", "2"]);
  });

  it("LightweightM2M-1.0-int-770 ANJ-FW-01 a whole update by push", async () => {
    const device = await openWith();
    const { server } = device;
    await walk(server, [
      [piece("/5/0/0", PACKAGE, 0, 1024), "2.31"],
      [get("/5/0/3"), "2.05 ct=0 1"],
    ]);
    for (const number of [1, 2, 3]) await walk(server, [[piece("/5/0/0", PACKAGE, number, 1024), "2.31"]]);
    await walk(server, [
      [piece("/5/0/0", PACKAGE, 4, 1024), "2.04"],
      [get("/5/0/3"), "2.05 ct=0 2"],
      [post("/5/0/2"), "2.04"],
      [get("/5/0/3"), "2.05 ct=0 3"],
    ]);
    await device.clock.advance(20_000);
    expect(device.server).not.toBe(server);
    expect(await standing(device)).toEqual(["0", "1"]);
    expect(await value(device.server, "/3/0/3")).toBe(REVISION);
  });

  it("LightweightM2M-1.0-int-771 a whole update by pull", async () => {
    const device = await openWith();
    const before = await value(device.server, "/3/0/3");
    const management = device.server;
    await walk(management, [[put("/5/0/1", text(URI)), "2.04"]]);
    await device.clock.advance(1000);
    await walk(management, [
      [get("/5/0/3"), "2.05 ct=0 2"],
      [post("/5/0/2"), "2.04"],
      [get("/5/0/3"), "2.05 ct=0 3"],
    ]);
    await device.clock.advance(20_000);
    expect(await standing(device)).toEqual(["0", "1"]);
    expect(before).not.toBe(REVISION);
    expect(await value(device.server, "/3/0/3")).toBe(REVISION);
  });

  it("D-FW-01 Update needs a package that is there", async () => {
    const device = await openWith();
    await walk(device.server, [
      [post("/5/0/2"), "4.05"],
      [piece("/5/0/0", PACKAGE, 0, 1024), "2.31"],
      [post("/5/0/2"), "4.05"],
      [get("/5/0/3"), "2.05 ct=0 1"],
    ]);
    await push(device.server, PACKAGE);
    await walk(device.server, [
      [post("/5/0/2"), "2.04"],
      [post("/5/0/2"), "4.05"],
      [get("/5/0/3"), "2.05 ct=0 3"],
    ]);
  });

  it("D-FW-02 the package cannot be read, its URI can", async () => {
    const device = await openWith();
    await walk(device.server, [
      [get("/5/0/0"), "4.05"],
      [get("/5/0/1"), "2.05 ct=0"],
    ]);
  });

  it("ZEP-BLK packages of many sizes, as opaque and as TLV, arrive as they were sent", async () => {
    const device = await openWith({ acceptAny: true });
    for (const length of [512, 513, 1024, 1030, 2048, 4096 + 77, 20_000]) {
      const body = Buffer.from(Array.from({ length }, (_, index) => (index * 7) % 253));
      const header = Buffer.from(length < 256 ? [0xc8, 0, length] : [0xd0, 0, length >> 8, length & 255]);
      for (const [format, payload] of [
        [FORMAT.opaque, body],
        [FORMAT.tlv, Buffer.concat([header, body])],
      ] as const) {
        for (const size of [256, 512, 1024]) {
          const codes = await push(device.server, payload, { size, parts: { format } });
          expect(codes.filter((code) => code !== "2.31")).toEqual(["2.04"]);
          expect(codes).toHaveLength(Math.ceil(payload.length / size));
          expect(await standing(device)).toEqual(["2", "0"]);
          expect(sound(device.efs.read("/fota/update.bin")!)).toBe(sound(body));
          await walk(device.server, [[put("/5/0/0", NUL), "2.04"]]);
        }
      }
    }
  });
});

describe("a Firmware Update that is reset", () => {
  const RESETS = [
    ["ANJ-FW-03 by a NUL package", put("/5/0/0", NUL)],
    ["ANJ-FW-04 by an empty URI", put("/5/0/1", text(""))],
  ] as const;
  it.each(RESETS)("%s is idle again, from every state before Update", async (_, reset) => {
    const device = await openWith();
    await walk(device.server, [[reset, "2.04"]]);
    expect(await standing(device)).toEqual(["0", "0"]);
    await walk(device.server, [
      [piece("/5/0/0", PACKAGE, 0, 1024), "2.31"],
      [reset, "2.04"],
    ]);
    expect(await standing(device)).toEqual(["0", "0"]);
    await push(device.server, PACKAGE);
    expect(await standing(device)).toEqual(["2", "0"]);
    await walk(device.server, [[reset, "2.04"]]);
    expect(await standing(device)).toEqual(["0", "0"]);
    expect(device.efs.exists("/fota/update.bin")).toBe(false);
    await push(device.server, Buffer.alloc(3000));
    expect(await standing(device)).toEqual(["0", "6"]);
    await walk(device.server, [[reset, "2.04"]]);
    expect(await standing(device)).toEqual(["0", "0"]);
  });
});

describe("a Firmware Update that goes wrong", () => {
  it("LightweightM2M-1.0-int-773 has no room for the package", async () => {
    const told = await openWith();
    setMemory(told, 4);
    const first = piece("/5/0/0", PACKAGE, 0, 1024, { options: [[60, PACKAGE.length]] });
    await walk(told.server, [[first, "4.13"]]);
    expect(await standing(told)).toEqual(["0", "2"]);

    const untold = await openWith();
    setMemory(untold, 4);
    expect(await push(untold.server, PACKAGE)).toEqual(["2.31", "2.31", "2.31", "2.31", "4.13"]);
    expect(await standing(untold)).toEqual(["0", "2"]);

    const pulled = await openWith();
    setMemory(pulled, 4);
    const management = pulled.server;
    await walk(management, [[put("/5/0/1", text(URI)), "2.04"]]);
    await pulled.clock.advance(1000);
    await walk(management, [
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 2"],
    ]);
  });

  it.each([
    ["LightweightM2M-1.0-int-774 runs out of memory", "ram", "5.00", "3"],
    ["LightweightM2M-1.0-int-775 loses the connection", "connection", "4.08", "4"],
  ] as const)("%s in a download", async (_, fault, code, result) => {
    const device = await openWith();
    setFault(device, fault);
    const first = piece("/5/0/0", PACKAGE, 0, 1024, { options: [[60, PACKAGE.length]] });
    await walk(device.server, [
      [first, "2.31"],
      [piece("/5/0/0", PACKAGE, 1, 1024), "2.31"],
      [piece("/5/0/0", PACKAGE, 2, 1024), code],
    ]);
    expect(await standing(device)).toEqual(["0", result]);
    expect(await push(device.server, PACKAGE)).toHaveLength(5);
    expect(await standing(device)).toEqual(["2", "0"]);
  });

  it("ANJ-FW-09 loses the connection while it fetches, or while it is pushed to", async () => {
    let answered = 0;
    const device = await openWith({
      script: withRepository((request) => (answered++ < 2 ? blockOf(request, PACKAGE) : NOTHING)),
    });
    const management = device.server;
    await walk(management, [[put("/5/0/1", text(URI)), "2.04"]]);
    await device.clock.advance(1000);
    await walk(management, [[get("/5/0/3"), "2.05 ct=0 1"]]);
    await device.clock.advance(200_000);
    await walk(management, [
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 4"],
      [piece("/5/0/0", PACKAGE, 0, 1024), "2.31"],
      [get("/5/0/5"), "2.05 ct=0 0"],
    ]);
    await device.clock.advance(250_000);
    await walk(management, [
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 4"],
    ]);
  });

  it("ANJ-FW-16 fetches nothing while there is no network", async () => {
    const device = await openWith();
    device.modem.update(({ network }) => ({ network: { ...network, coverage: false } }));
    const { server } = device;
    // the last thing that was heard before the network went
    const at = { objectId: 5, instanceId: 0, resourceId: 1 };
    device.registry.write(at, { kind: "resource", id: 1, type: "string", value: URI }, "replace", "server");
    await device.clock.advance(200_000);
    expect(device.servers).toEqual([server]);
    expect(device.modem.state.firmware.update).toMatchObject({ state: 0, result: 4 });
  });

  it("LightweightM2M-1.0-int-776 finds the package damaged", async () => {
    const damaged = Buffer.from(PACKAGE);
    damaged[4000]! ^= 1;
    for (const body of [damaged, PACKAGE.subarray(0, 4000), Buffer.concat([PACKAGE, PACKAGE])]) {
      const device = await openWith();
      expect((await push(device.server, body)).at(-1)).toBe("2.04");
      expect(await standing(device)).toEqual(["0", "5"]);
    }
  });

  it("LightweightM2M-1.0-int-777 is offered what is no package", async () => {
    const device = await openWith();
    expect((await push(device.server, Buffer.from("PK".repeat(2000)))).at(-1)).toBe("2.04");
    expect(await standing(device)).toEqual(["0", "6"]);
  });

  it("LightweightM2M-1.0-int-778 ANJ-FW-07 is given a URI that is none, or that leads nowhere", async () => {
    const device = await openWith({ script: withRepository((request) => answer(request, "4.04")) });
    for (const uri of ["totally:bad", "coap://", "coap://host:99999/x", "http://[::1/x", "coap://a b/c"]) {
      await walk(device.server, [
        [put("/5/0/1", text("")), "2.04"],
        [put("/5/0/1", text(uri)), "2.04"],
      ]);
      expect(await standing(device), uri).toEqual(["0", "7"]);
    }
    const management = device.server;
    await walk(management, [[put("/5/0/1", text(URI)), "2.04"]]);
    await device.clock.advance(1000);
    await walk(management, [
      [get("/5/0/3"), "2.05 ct=0 0"],
      [get("/5/0/5"), "2.05 ct=0 7"],
    ]);
  });

  it("LightweightM2M-1.0-int-780 ANJ-FW-08 is given a URI of a protocol that it does not speak", async () => {
    const device = await openWith();
    for (const uri of ["ftp://192.0.2.1/image", "unsupported://x", "coaps+tcp://192.0.2.1/image"]) {
      await walk(device.server, [
        [put("/5/0/1", text("")), "2.04"],
        [put("/5/0/1", text(uri)), "4.00"],
      ]);
      expect(await standing(device), uri).toEqual(["0", "9"]);
    }
  });

  it("ANJ-FW-05 is offered another package while it has one", async () => {
    const device = await openWith();
    await push(device.server, PACKAGE);
    await walk(device.server, [
      [piece("/5/0/0", PACKAGE, 0, 1024), "4.00"],
      [put("/5/0/0", { format: FORMAT.opaque, payload: "short" }), "4.00"],
      [put("/5/0/1", text(URI)), "4.00"],
    ]);
    expect(await standing(device)).toEqual(["2", "0"]);
  });

  it("ANJ-FW-14 is offered bad Base64, whole or in blocks", async () => {
    const device = await openWith();
    await walk(device.server, [[put("/5/0/0", text("YQ")), "4.00"]]);
    const body = Buffer.from(`${PACKAGE.toString("base64").slice(0, 3000)}*${"A".repeat(1000)}`);
    expect(await push(device.server, body, { parts: { format: FORMAT.text } })).toEqual(["2.31", "2.31", "4.00"]);
    expect(await standing(device)).toEqual(["0", "0"]);
  });

  it("LightweightM2M-1.0-int-779 ANJ-FW-15 cannot be applied: the old firmware runs on, the package may be tried again", async () => {
    const device = await openWith();
    const before = await value(device.server, "/3/0/3");
    await push(device.server, PACKAGE);
    setFault(device, "update");
    await update(device);
    expect(await standing(device)).toEqual(["2", "8"]);
    expect(await value(device.server, "/3/0/3")).toBe(before);
    await update(device);
    expect(await standing(device)).toEqual(["0", "1"]);
    expect(await value(device.server, "/3/0/3")).toBe(REVISION);
  });
});

describe("a Firmware Update over time", () => {
  it("ANJ-FW-10 keeps its package over a restart", async () => {
    const device = await openWith();
    await push(device.server, PACKAGE);
    device.power.cut();
    device.power.on();
    await device.clock.advance(5000);
    expect(await standing(device)).toEqual(["2", "0"]);
    await update(device);
    expect(await standing(device)).toEqual(["0", "1"]);
  });

  it.each([
    ["goes on where it was", "tag1", "tag1", 3],
    ["begins anew when the package is another", "tag1", "tag2", 0],
  ])("ANJ-FW-11 a download that a restart broke off %s", async (_, before, after, resumedAt) => {
    let asked: number[] = [];
    let stopped = true;
    const device = await openWith({
      script: withRepository((request) => {
        const number = (numberOf(request, OPTION.block2) ?? 0) >> 4;
        if (stopped && number === 3) return NOTHING;
        asked.push(number);
        return blockOf(request, PACKAGE, { etag: stopped ? before : after });
      }),
    });
    await walk(device.server, [[put("/5/0/1", text(URI)), "2.04"]]);
    await device.clock.advance(1000);
    expect(asked).toEqual([0, 1, 2]);
    device.power.cut();
    stopped = false;
    asked = [];
    device.power.on();
    await device.clock.advance(5000);
    expect(asked).toEqual(resumedAt === 0 ? [3, 0, 1, 2, 3, 4] : [3, 4]);
    expect(device.modem.state.firmware.update).toMatchObject({ state: 2, result: 0, version: REVISION });
  });

  it("ANJ-FW-13 tells State and Result in order, over the restart too", async () => {
    const files = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nPER_REGSTATUS_FEAT=1;\n}\n" };
    const device = await openWith({ files });
    await walk(device.server, [
      [get("/5/0/3", { observe: 0, token: "03" }), "2.05 ct=0 0"],
      [get("/5/0/5", { observe: 0, token: "05" }), "2.05 ct=0 0"],
    ]);
    for (const server of device.servers) server.take();
    const told: string[] = [];
    const listen = async () => {
      for (const server of device.servers) {
        for (const { message } of server.responses().filter((heard) => ["03", "05"].includes(heard.message.token))) {
          told.push(`${message.token === "03" ? "state" : "result"} ${message.payload}`);
          if (message.type === "CON") await server.send({ type: "ACK", code: "0.00", mid: message.mid });
        }
      }
    };
    for (let number = 0; number < 5; number++) {
      await device.server.send({ type: "CON", mid: number, token: "77", ...piece("/5/0/0", PACKAGE, number, 1024) });
    }
    await device.server.send({ type: "CON", mid: 99, token: "78", ...post("/5/0/2") });
    for (let passed = 0; passed < 30_000; passed += 100) {
      await device.clock.advance(100);
      await listen();
    }
    expect(told).toEqual(["state 1", "state 2", "state 3", "state 0", "result 1"]);
  });

  it("ANJ-FW-17 keeps its result until the next package", async () => {
    const device = await openWith();
    await push(device.server, Buffer.alloc(3000));
    expect(await standing(device)).toEqual(["0", "6"]);
    device.power.cut();
    device.power.on();
    await device.clock.advance(86_400_000);
    expect(await standing(device)).toEqual(["0", "6"]);
    await walk(device.server, [[piece("/5/0/0", PACKAGE, 0, 1024), "2.31"]]);
    expect(await standing(device)).toEqual(["1", "0"]);
  });
});

describe("Software Management", () => {
  const VERSION = "02.001.02.001";
  const SOFTWARE = makePackage({ name: "meter", version: VERSION }, 3000);
  const PLACE = { place: "/9/0/2" };

  it("ANJ-SW-01 is pushed a package and installs it", async () => {
    const device = await openWith();
    expect(await push(device.server, SOFTWARE, PLACE)).toEqual(["2.31", "2.31", "2.04"]);
    expect(await softwareStanding(device)).toEqual(["3", "3"]);
    await walk(device.server, [
      [get("/9/0/0"), "2.05 ct=0 meter"],
      [get("/9/0/1"), `2.05 ct=0 ${VERSION}`],
      [post("/9/0/4"), "2.04"],
    ]);
    expect(await softwareStanding(device)).toEqual(["4", "2"]);
    expect(await value(device.server, "/3/0/19")).toBe(VERSION);
  });

  it("ANJ-SW-02 is activated and deactivated only when installed", async () => {
    const device = await openWith();
    const refused = [
      [post("/9/0/10"), "4.05"],
      [post("/9/0/11"), "4.05"],
      [get("/9/0/12"), "2.05 ct=0 0"],
    ] as const;
    await walk(device.server, [...refused, [post("/9/0/4"), "4.05"], [post("/9/0/6"), "4.05"]]);
    await push(device.server, SOFTWARE, PLACE);
    await walk(device.server, [
      ...refused,
      [post("/9/0/4"), "2.04"],
      [post("/9/0/10"), "2.04"],
      [get("/9/0/12"), "2.05 ct=0 1"],
      [post("/9/0/11"), "2.04"],
      [get("/9/0/12"), "2.05 ct=0 0"],
    ]);
  });

  it("ANJ-SW-03 is uninstalled before it is installed", async () => {
    const device = await openWith();
    await push(device.server, SOFTWARE, PLACE);
    const [, result] = await softwareStanding(device);
    await walk(device.server, [[post("/9/0/6"), "2.04"]]);
    expect(await softwareStanding(device)).toEqual(["0", result]);
    expect((await push(device.server, SOFTWARE, PLACE)).at(-1)).toBe("2.04");
  });

  it("ANJ-SW-06 fetches a package from its URI", async () => {
    const device = await openWith({ script: slowly(SOFTWARE) });
    const management = device.server;
    await walk(management, [
      [put("/9/0/3", text(URI)), "2.04"],
      [get("/9/0/7"), "2.05 ct=0 1"],
    ]);
    await device.clock.advance(4000);
    await walk(management, [
      [get("/9/0/7"), "2.05 ct=0 3"],
      [post("/9/0/4"), "2.04"],
      [get("/9/0/7"), "2.05 ct=0 4"],
    ]);
  });

  it("ANJ-SW-07 is given a URI that is none", async () => {
    const device = await openWith();
    await walk(device.server, [[put("/9/0/3", text("totally:bad")), "2.04"]]);
    expect(await softwareStanding(device)).toEqual(["0", "56"]);
  });

  it("ANJ-SW-09 loses the connection", async () => {
    const device = await openWith({ script: withRepository(() => NOTHING) });
    const management = device.server;
    await walk(management, [[put("/9/0/3", text(URI)), "2.04"]]);
    await device.clock.advance(200_000);
    await walk(management, [
      [get("/9/0/7"), "2.05 ct=0 0"],
      [get("/9/0/9"), "2.05 ct=0 52"],
    ]);
  });

  it("ANJ-SW-10 finds the package damaged", async () => {
    const damaged = Buffer.from(SOFTWARE);
    damaged[2000]! ^= 1;
    const device = await openWith();
    await push(device.server, damaged, PLACE);
    expect(await softwareStanding(device)).toEqual(["0", "53"]);
  });

  it("ANJ-SW-11 cannot install the package", async () => {
    const device = await openWith();
    await push(device.server, SOFTWARE, PLACE);
    setFault(device, "update");
    const before = show(await device.server.ask(get("/3/0/19")));
    await walk(device.server, [[post("/9/0/4"), "2.04"]]);
    expect(await softwareStanding(device)).toEqual(["3", "58"]);
    await walk(device.server, [[get("/3/0/19"), before]]);
  });
});
