/** De-register and the end of power at odd moments: with nothing to leave, with a new start meanwhile, before the link is there. */
import { describe, expect, it } from "vitest";
import {
  BOOTSTRAP_ACCOUNT,
  NOTHING,
  openRawDevice,
  openRegistered,
  type RawDevice,
  SERVER_ACCOUNT,
} from "../ets/raw-device.ts";

const said = (device: RawDevice) => device.requests().map((each) => each.split("?")[0]);
const coverage = ({ modem }: RawDevice, there: boolean) =>
  modem.update((state) => ({ network: { ...state.network, coverage: there } }));
const cfg = (entries: string) => ({ "/datatx/lwm2m_cfg": `{\nAPN=internet;\n${entries}\n}\n` });
/** De-register has been asked for, and no Server answers. */
async function openLeaving(files = cfg("")) {
  const device = await openRegistered({ files });
  device.rescript(() => NOTHING);
  const left = device.client.deregister();
  await device.clock.advance(100);
  return { device, left };
}

describe("a device that de-registers", () => {
  it("with no Server to leave starts again when it is asked to", async () => {
    const device = await openRawDevice();
    coverage(device, false);
    device.client.register(false);
    await device.client.deregister();
    expect(device.client.status.running).toBe(false);
    coverage(device, true);
    device.client.register(false);
    await device.clock.advance(100);
    expect(said(device)).toEqual(["POST /rd"]);
  });

  it("registers after the answer where that was asked for meanwhile", async () => {
    const { device } = await openLeaving();
    device.client.register(false);
    device.rescript(undefined);
    await device.clock.advance(4000);
    expect(said(device).slice(-1)).toEqual(["POST /rd"]);
    expect(device.client.status.servers[0]).toMatchObject({ state: "registered" });
  });

  it("does not where the host has changed its mind once more", async () => {
    const { device } = await openLeaving();
    device.client.register(false);
    const left = device.client.deregister();
    await device.clock.advance(10_000);
    await left;
    expect(device.client.status.running).toBe(false);
    expect(said(device).filter((each) => each === "POST /rd")).toHaveLength(1);
  });

  it("does not where power has gone meanwhile: the next boot says whether it registers", async () => {
    const { device } = await openLeaving();
    device.client.register(false);
    device.power.cut();
    await device.clock.advance(100);
    device.rescript(undefined);
    device.power.on();
    await device.clock.advance(10_000);
    expect(device.client.status.running).toBe(false);
    expect(said(device).filter((each) => each === "POST /rd")).toHaveLength(1);
  });

  it("stays away although it roams meanwhile, which ROAMING_FEAT=1 does not allow", async () => {
    const { device, left } = await openLeaving(cfg("ROAMING_FEAT=1;"));
    const roam = (roaming: boolean) => device.modem.update((state) => ({ network: { ...state.network, roaming } }));
    roam(true);
    await device.clock.advance(10_000);
    await left;
    roam(false);
    await device.clock.advance(10_000);
    expect(device.client.status.running).toBe(false);
  });

  it("says so although the link after a reboot is only being opened", async () => {
    let left: Promise<void> | undefined;
    let isBack = false;
    const device: RawDevice = await openRawDevice({
      autostart: true,
      files: cfg("PER_REGSTATUS_FEAT=1;"),
      unreachable() {
        if (isBack) queueMicrotask(() => (left ??= device.client.deregister()));
        return undefined;
      },
    });
    device.power.cut();
    isBack = true;
    device.power.on();
    await device.clock.advance(100);
    await left;
    expect(said(device)).toEqual(["POST /rd", "DELETE /rd/1"]);
    expect(device.client.status.running).toBe(false);
  });
});

describe("a device whose power goes", () => {
  const server = SERVER_ACCOUNT.replace('"sv":"U"', '"sv":"UQ"');
  /** The modem's own timers, for its traffic counters and for the load of the last minute. */
  const TRAFFIC_MS = 1000;
  const LINK_UTILISATION_MS = 60_000;

  describe.each([
    ["one Server", server],
    ["a Bootstrap-Server", BOOTSTRAP_ACCOUNT],
    ["both", `${BOOTSTRAP_ACCOUNT}\n${server}`],
  ])("leaves no timer behind, its account that of %s,", (_, ini) => {
    it.each([
      ["Servers that answer", undefined],
      ["Servers that do not", () => NOTHING],
    ])("with %s", async (_servers, script) => {
      for (const serverInitiatedBootstrap of [false, true]) {
        for (const afterMs of [0, 500, 31_000, 95_000, 150_000, 400_000]) {
          const device = await openRawDevice({ ini, serverInitiatedBootstrap, ...(script && { script }) });
          device.client.register(false);
          await device.clock.advance(afterMs);
          device.power.cut();
          await device.clock.advance(TRAFFIC_MS);
          expect(device.clock.pending(), `${afterMs} ms`).toBeLessThanOrEqual(1);
          await device.clock.advance(LINK_UTILISATION_MS);
          expect(device.clock.pending(), `${afterMs} ms`).toBe(0);
        }
      }
    });
  });
});
