import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { numberOf, OPTION, post, put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { NOTHING } from "../ets/raw-device.js";
import { openFotaDevice, push } from "./fota-device.js";

const OLD = "BG96MAR02A07M1G";
const NEW = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: NEW }, 5000);
const PERCENTS = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
const steps = (step: string, percents = PERCENTS) => percents.map((percent) => `"${step}", ${percent}%`);
const UPDATE = ['"START"', ...steps("UPDATING"), ...steps("RESTORE"), '"END",0'];
const AGAIN = '"Last upgrade was not finished,continue upgrade"';
const REPOSITORY = "192.0.2.77";
const URI = `coap://${REPOSITORY}/image`;

async function openWithPackage(...[options]: Parameters<typeof openFotaDevice>) {
  const device = await openFotaDevice(options);
  expect(await push(device.server, PACKAGE)).toBe("2.04");
  device.take();
  return device;
}

async function execute(device: Awaited<ReturnType<typeof openFotaDevice>>) {
  expect((await device.server.ask(post("/5/0/2"))).code).toBe("2.04");
  await device.clock.advance(20_000);
}

describe("DFOTA", () => {
  it("[BG-044][BG-174][BG-176][BG-178][BG-180] applies a pushed package in the boot flow, and tells host and Server", async () => {
    const device = await openFotaDevice();
    expect(await push(device.server, PACKAGE)).toBe("2.04");
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);
    device.take();
    await execute(device);
    const lines = device.take();
    const first = lines.indexOf('+QIND: "FOTA","START"');
    expect(lines.slice(first, first + UPDATE.length)).toEqual(UPDATE.map((line) => `+QIND: "FOTA",${line}`));
    expect(lines.slice(first + UPDATE.length, first + UPDATE.length + 3)).toEqual(["RDY", "+CFUN: 1", "APP RDY"]);
    expect(lines.filter((line) => line.includes("HTTP"))).toEqual([]);
    expect(await device.at("ATI")).toContain(`Revision: ${NEW}`);
    expect((await device.at("AT+CGMR"))[0]).toBe(NEW);
    expect((await device.at("AT+QGMR"))[0]).toBe(`${NEW}_01.018.01.018`);
    expect(device.registry.value(3, 0, 3)).toBe(NEW);
    expect(device.shown()).toMatchObject({ state: 0, result: 1, uri: "" });
    expect(device.efs.exists("/fota/update.bin")).toBe(false);
  });

  it("[BG-175][BG-041] is told of new firmware by the Server, and fetches it", async () => {
    const device = await openFotaDevice({
      script: (request, { target }) => (target.host === REPOSITORY ? blockOf(request, PACKAGE) : undefined),
    });
    expect((await device.server.ask(put("/5/0/1", text(URI)))).code).toBe("2.04");
    await device.clock.advance(1000);
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);
    expect(device.shown()).toMatchObject({ state: 2, version: NEW, uri: URI });
    expect(device.fota()).toEqual([]); // which tells of HTTP alone
  });

  it("prints percentages as the grammar has them where that is wanted", async () => {
    const device = await openWithPackage({ fotaPercent: "plain" });
    await execute(device);
    expect(device.fota()).toContain('"UPDATING",10');
  });

  it("takes the time of its boot profile", async () => {
    const device = await openFotaDevice({ profile: "realistic" });
    await device.clock.advance(60_000);
    expect(await push(device.server, PACKAGE)).toBe("2.04");
    expect((await device.server.ask(post("/5/0/2"))).code).toBe("2.04");
    await device.clock.advance(10_000);
    expect(device.modem.state.power.phase).toBe("booting");
    expect(await device.at("AT")).toEqual([]);
    await device.clock.advance(60_000);
    expect(device.revision()).toBe(NEW);
    expect(device.modem.state.power.phase).toBe("running");
  });

  it("goes on with the firmware it has installed when it is opened again, whatever the configuration says", async () => {
    const device = await openWithPackage();
    await execute(device);
    const again = await openFotaDevice({ root: device.root });
    expect(again.revision()).toBe(NEW);
    expect(again.shown()).toMatchObject({ state: 0, result: 1 });
  });

  it("finds a package that was changed after it had arrived, and stays with the old firmware", async () => {
    const device = await openWithPackage();
    device.efs.write("/fota/update.bin", PACKAGE.subarray(0, 4999));
    await execute(device);
    expect(device.fota()).toEqual(['"START"', '"END",506']);
    expect(device.shown()).toMatchObject({ state: 0, result: 5 });
    expect(device.revision()).toBe(OLD);
  });

  it("misses a package that is gone by then", async () => {
    const device = await openWithPackage();
    device.efs.remove("/fota/update.bin");
    await execute(device);
    expect(device.fota()).toEqual(['"START"', '"END",505']);
    expect([device.revision(), device.shown().result]).toEqual([OLD, 5]);
  });

  it("has no room for a package where the disk refuses it, and boots all the same", async () => {
    const device = await openFotaDevice({
      script: (request, { target }) => (target.host === REPOSITORY ? blockOf(request, PACKAGE) : undefined),
    });
    mkdirSync(join(device.root, "fota/update.bin"), { recursive: true });
    await expect(push(device.server, PACKAGE, 1)).resolves.toBe("4.13");
    expect(device.shown()).toMatchObject({ state: 0, result: 2 });
    expect((await device.server.ask(put("/5/0/1", text(URI)))).code).toBe("2.04");
    await device.clock.advance(1000);
    expect(device.shown()).toMatchObject({ state: 0, result: 2 });
    const update = { is: "updating", uri: "", image: { name: "", version: NEW }, local: false, stage: "staged" };
    const again = await openFotaDevice({
      root: device.root,
      files: { "/fota/update.json": JSON.stringify({ update }) },
    });
    expect(again.modem.state.power.phase).toBe("running");
    expect(again.shown()).toMatchObject({ state: 0, result: 5 });
  });

  it("begins anew where what it kept makes no sense", async () => {
    for (const damage of ["", "{", '{"update":{"is":"updating"}}', "null"]) {
      const device = await openFotaDevice({ files: { "/fota/update.json": damage, "/fota/software.json": damage } });
      expect(device.shown()).toMatchObject({ state: 0, result: 0 });
      expect(device.logged.filter((line) => line.includes("makes no sense"))).toHaveLength(2);
    }
  });
});

describe("a loss of power", () => {
  it("before the boot flow has begun leaves the update to the next boot", async () => {
    const device = await openWithPackage();
    expect((await device.server.ask(post("/5/0/2"))).code).toBe("2.04");
    device.power.cut();
    device.power.on();
    await device.clock.advance(5000);
    expect(device.fota()).toEqual(UPDATE);
    expect(device.revision()).toBe(NEW);
  });

  it("in UPDATING falls back to the old firmware without a word, and the package may be tried again", async () => {
    const device = await openWithPackage();
    device.setFault("powerInUpdating", 35);
    await execute(device);
    expect(device.fota()).toEqual(['"START"', ...steps("UPDATING", [1, 10, 20, 30])]);
    expect([device.revision(), device.shown().state, device.shown().result]).toEqual([OLD, 2, 8]);
    await execute(device);
    expect(device.fota()).toEqual(UPDATE);
    expect([device.revision(), device.shown().state, device.shown().result]).toEqual([NEW, 0, 1]);
  });

  it("in RESTORE is gone on with, from its beginning", async () => {
    const device = await openWithPackage();
    device.setFault("powerInRestore", 50);
    await execute(device);
    expect(device.fota()).toEqual([
      '"START"',
      ...steps("UPDATING"),
      ...steps("RESTORE", [1, 10, 20, 30, 40]),
      AGAIN,
      ...steps("RESTORE"),
      '"END",0',
    ]);
    expect([device.revision(), device.shown().state, device.shown().result]).toEqual([NEW, 0, 1]);
  });

  it("in a download is gone on with when it is fetched, and the end of it when it is pushed", async () => {
    const asked: number[] = [];
    const device = await openFotaDevice({
      script(request, { target }) {
        if (target.host !== REPOSITORY) return undefined;
        asked.push((numberOf(request, OPTION.block2) ?? 0) >> 4);
        return blockOf(request, PACKAGE, { etag: "e" });
      },
    });
    device.setFault("powerInDownload", 50);
    expect((await device.server.ask(put("/5/0/1", text(URI)))).code).toBe("2.04");
    await device.clock.advance(5000);
    expect(asked).toEqual([0, 1, 2, 2, 3, 4]);
    expect(device.modem.state.power.boots).toBe(2);
    expect(device.shown()).toMatchObject({ state: 2, result: 0 });
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);

    expect(
      (await device.servers.findLast(({ target }) => target.host !== REPOSITORY)!.ask(put("/5/0/1", text("")))).code,
    ).toBe("2.04");
    device.setFault("powerInDownload", 0);
    const { server } = device;
    await expect(push(device.servers.findLast(({ target }) => target.host !== REPOSITORY)!, PACKAGE)).rejects.toThrow(
      "no answer",
    );
    await device.clock.advance(5000);
    expect(server).toBeDefined();
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
  });
});

describe("a module that is killed", () => {
  const blocks = Math.ceil(PACKAGE.length / 1024);

  /** What is opened again on the same files must take a package and update. */
  async function expectSound(root: string, script?: NonNullable<Parameters<typeof openFotaDevice>[0]>["script"]) {
    const device = await openFotaDevice({ root, ...(script && { script }) });
    const management = device.servers.find(({ target }) => target.host !== REPOSITORY)!;
    await device.clock.advance(30_000);
    return { device, management };
  }

  it.each(Array.from({ length: blocks }, (_, block) => block))(
    "after block %i of a push is idle, and takes it from the start",
    async (block) => {
      const killed = await openFotaDevice();
      expect(await push(killed.server, PACKAGE, block + 1)).toBe(block + 1 < blocks ? "2.31" : "2.04");
      const { device, management } = await expectSound(killed.root);
      expect([device.shown().state, device.shown().result]).toEqual(block + 1 < blocks ? [0, 4] : [2, 0]);
      if (block + 1 < blocks) expect(await push(management, PACKAGE)).toBe("2.04");
      await execute(device);
      expect(device.revision()).toBe(NEW);
    },
  );

  it.each(Array.from({ length: blocks }, (_, block) => block))(
    "after block %i of a fetch goes on with it",
    async (block) => {
      const killed = await openFotaDevice({
        script(request, { target }) {
          if (target.host !== REPOSITORY) return undefined;
          return (numberOf(request, OPTION.block2) ?? 0) >> 4 <= block
            ? blockOf(request, PACKAGE, { etag: "e" })
            : NOTHING;
        },
      });
      expect((await killed.server.ask(put("/5/0/1", text(URI)))).code).toBe("2.04");
      await killed.clock.advance(1000);
      const asked: number[] = [];
      const { device, management } = await expectSound(killed.root, (request, { target }) => {
        if (target.host !== REPOSITORY) return undefined;
        asked.push((numberOf(request, OPTION.block2) ?? 0) >> 4);
        return blockOf(request, PACKAGE, { etag: "e" });
      });
      expect(asked).toEqual(Array.from({ length: blocks - block - 1 }, (_, index) => block + 1 + index));
      expect(device.shown()).toMatchObject({ state: 2, result: 0 });
      expect((await management.ask(post("/5/0/2"))).code).toBe("2.04");
      await device.clock.advance(20_000);
      expect(device.revision()).toBe(NEW);
    },
  );

  it("at any step of an update has the old firmware or the new one, and can be updated", async () => {
    const outcomes: string[] = [];
    for (let step = 0; step < 2 * PERCENTS.length + 5; step++) {
      const killed = await openWithPackage({ profile: "fast" });
      await killed.server.ask(post("/5/0/2"));
      await killed.clock.advance(step === 0 ? 0 : 230 + step * 20);
      const { device } = await expectSound(killed.root);
      const { state, result } = device.shown();
      outcomes.push(`${device.revision() === NEW ? "new" : "old"} ${state} ${result}`);
      if (state === 2) await execute(device);
      expect(device.revision()).toBe(NEW);
    }
    expect([...new Set(outcomes)]).toEqual(["new 0 1", "old 2 8"]);
    expect(outcomes.lastIndexOf("old 2 8")).toBeLessThan(outcomes.length - PERCENTS.length);
  });
});
