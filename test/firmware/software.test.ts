import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { type SoftwareEvent, type SoftwareState, stepSoftware } from "#firmware/software-machine";
import { get, post, put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { NOTHING, walk } from "../ets/raw-device.js";
import { openFotaDevice, push } from "./fota-device.js";

const image = { name: "meter", version: "02.001" };
const uri = "coap://192.0.2.77/app";
const FACTORY = "01.018.01.018";
const SOFTWARE = makePackage(image, 3000);

const initial: SoftwareState = { is: "initial", result: 0 };
const pushing: SoftwareState = { is: "downloading", from: "push", uri: "" };
const pulling: SoftwareState = { is: "downloading", from: "pull", uri };
const delivered: SoftwareState = { is: "delivered", image, result: 3 };
const installed: SoftwareState = { is: "installed", image, active: false };
const active: SoftwareState = { is: "installed", image, active: true };
const failed = (fault: (SoftwareEvent & { type: "failed" })["fault"]): SoftwareEvent => ({ type: "failed", fault });
const uninstall: SoftwareEvent = { type: "uninstall", forUpdate: false };
const install: SoftwareEvent = { type: "install", works: true };

const nameOf = (state: SoftwareState): string => {
  if (state.is === "installed") return state.active ? "installed active" : "installed";
  return `${state.is} ${state.is === "downloading" ? state.from : state.result}`;
};

const TABLE: readonly (readonly [SoftwareState, SoftwareEvent, string, string])[] = [
  [initial, { type: "pushed" }, "downloading push", "discard"],
  [initial, { type: "uriWritten", uri, problem: undefined }, "downloading pull", "fetch"],
  [
    initial,
    { type: "uriWritten", uri, problem: { fault: "uri", trouble: "absent", message: "why" } },
    "initial 56",
    "",
  ],
  [
    initial,
    { type: "uriWritten", uri, problem: { fault: "protocol", trouble: "refused", message: "why" } },
    "initial 57",
    "",
  ],
  [initial, install, "initial 0", "refused 4.05"],
  [initial, uninstall, "initial 0", "refused 4.05"],
  [initial, { type: "activate" }, "initial 0", "refused 4.05"],
  [initial, { type: "arrived", image }, "initial 0", ""],
  [pushing, { type: "pushed" }, "downloading push", "refused 4.00"],
  [pushing, { type: "arrived", image }, "delivered 3", ""],
  [pushing, { type: "withdrawn" }, "initial 0", "discard"],
  [pushing, failed("flash"), "initial 50", "discard"],
  [pushing, failed("ram"), "initial 51", "discard"],
  [pushing, failed("connection"), "initial 52", "discard"],
  [pushing, failed("integrity"), "initial 53", "discard"],
  [pushing, failed("unsupported"), "initial 54", "discard"],
  [pulling, failed("uri"), "initial 56", "discard"],
  [pushing, { type: "booted" }, "initial 52", "discard"],
  [pulling, { type: "booted" }, "downloading pull", "fetch"],
  [delivered, { type: "pushed" }, "delivered 3", "refused 4.00"],
  [delivered, { type: "uriWritten", uri, problem: undefined }, "delivered 3", "refused 4.00"],
  [delivered, install, "installed", "adopt discard"],
  [delivered, { type: "install", works: false }, "delivered 58", ""],
  [delivered, uninstall, "initial 3", "discard"],
  [delivered, { type: "activate" }, "delivered 3", "refused 4.05"],
  [delivered, { type: "booted" }, "delivered 3", ""],
  [installed, { type: "activate" }, "installed active", ""],
  [installed, install, "installed", "refused 4.05"],
  [installed, { type: "pushed" }, "installed", "refused 4.00"],
  [active, { type: "deactivate" }, "installed", ""],
  [active, { type: "booted" }, "installed active", ""],
  [active, uninstall, "initial 0", "adopt"],
  [active, { type: "uninstall", forUpdate: true }, "initial 0", ""],
];

describe("Object 9's machine", () => {
  it.each(TABLE)("%j, %j -> %s", (before, event, after, effects) => {
    const step = stepSoftware(before, event);
    expect(nameOf(step.state)).toBe(after);
    const done = step.effects.map((effect) => effect.do);
    expect([...done, ...(step.refusal ? [`refused ${step.refusal.code}`] : [])].join(" ")).toBe(effects);
  });
});

describe("the module's application", () => {
  async function openInstalled() {
    const device = await openFotaDevice();
    expect(await push(device.server, SOFTWARE, undefined, "/9/0/2")).toBe("2.04");
    await walk(device.server, [[post("/9/0/4"), "2.04"]]);
    return device;
  }
  const version = ({ modem }: Awaited<ReturnType<typeof openFotaDevice>>) => modem.state.identity.applicationRevision;

  it("[BG-042] is the one installed, for AT+QGMR and /3/0/19, until it is uninstalled", async () => {
    const device = await openInstalled();
    expect((await device.at("AT+QGMR"))[0]).toBe("BG96MAR02A07M1G_02.001");
    await walk(device.server, [
      [get("/3/0/19"), "2.05 ct=0 02.001"],
      [post("/9/0/6"), "2.04"],
      [get("/3/0/19"), `2.05 ct=0 ${FACTORY}`],
      [get("/9/0/9"), "2.05 ct=0 0"],
    ]);
  });

  it("runs on while it is uninstalled for an update", async () => {
    const device = await openInstalled();
    await walk(device.server, [
      [post("/9/0/6", text("1")), "2.04"],
      [get("/9/0/7"), "2.05 ct=0 0"],
      [get("/3/0/19"), "2.05 ct=0 02.001"],
    ]);
  });

  it("is the same, and as active, after power was lost or the program killed", async () => {
    const device = await openInstalled();
    await walk(device.server, [[post("/9/0/10"), "2.04"]]);
    device.power.cut();
    device.power.on();
    await device.clock.advance(5000);
    expect(device.modem.state.firmware.software).toMatchObject({
      state: 4,
      result: 2,
      active: true,
      version: "02.001",
    });
    const again = await openFotaDevice({ root: device.root });
    expect(again.modem.state.firmware.software).toMatchObject({ state: 4, result: 2, active: true, version: "02.001" });
    expect(version(again)).toBe("02.001");
    await walk(again.server, [[post("/9/0/6"), "2.04"]]);
    expect(version(again)).toBe(FACTORY);
  });

  it("goes on to be fetched after power was lost", async () => {
    let isThere = false;
    const device = await openFotaDevice({
      script: (request, { target }) =>
        target.host !== "192.0.2.77" ? undefined : isThere ? blockOf(request, SOFTWARE) : NOTHING,
    });
    await walk(device.server, [[put("/9/0/3", text(uri)), "2.04"]]);
    device.power.cut();
    isThere = true;
    device.power.on();
    await device.clock.advance(5000);
    expect(device.modem.state.firmware.software).toMatchObject({ state: 3, result: 3, version: "02.001" });
  });

  it("does not mix with the firmware", async () => {
    const firmware = makePackage({ name: "BG96", version: "BG96MAR04A04M1G" }, 3000);
    const device = await openFotaDevice();
    expect(await push(device.server, firmware.subarray(0, 2048), 1)).toBe("2.31");
    expect(await push(device.server, SOFTWARE, undefined, "/9/0/2")).toBe("2.04");
    expect(device.shown()).toMatchObject({ state: 1 });
    expect(await push(device.server, firmware)).toBe("2.04");
    expect([device.efs.read("/fota/update.bin"), device.efs.read("/fota/software.bin")]).toEqual([firmware, SOFTWARE]);
  });
});
