/** The Bootstrap-Server's own account: how long it lasts, what it is reached with, and that nothing deletes it. */
import { describe, expect, it } from "vitest";
import { del, FORMAT, get, post, put, text, tlv } from "../ets/ask.ts";
import {
  answer,
  BOOTSTRAP_ACCOUNT,
  openRawDevice,
  type RawDevice,
  type RawDeviceOptions,
  walk,
} from "../ets/raw-device.ts";

const hex = (value: string) => Buffer.from(value).toString("hex");
const URI = `c80015${hex("coap://192.0.2.1:5683")}`;
const paths = (requests: readonly string[]) => requests.map((each) => each.split("?")[0]);

/** Bootstrapped and registered; the Bootstrap-Server has written a timeout into its own account. */
async function openBootstrapped(timeoutS: number, options: RawDeviceOptions = {}) {
  const device = await openRawDevice({ ini: BOOTSTRAP_ACCOUNT, autostart: true, ...options });
  await device.clock.advance(2000);
  const bootstrap = device.server;
  await walk(bootstrap, [
    [put("/0/0/12", text(String(timeoutS))), "2.04"],
    [put("/0/1", tlv(`${URI}c10100c10203c10a7b`)), "2.04"],
    [put("/1/0", tlv("c1007bc201012cc10601c10755")), "2.04"],
    [post("/bs"), "2.04"],
  ]);
  await device.clock.advance(1000);
  return Object.assign(device, { bootstrap });
}

describe("the Bootstrap-Server Account Timeout", () => {
  it("of 0 keeps the account", async () => {
    const device = await openBootstrapped(0);
    await device.clock.advance(3 * 86_400_000);
    expect(device.registry.instances(0)).toEqual([0, 1]);
  });

  it("goes on over a reboot", async () => {
    const device = await openBootstrapped(600);
    await device.clock.advance(300_000);
    device.power.restart();
    await device.clock.advance(290_000);
    expect(device.registry.instances(0)).toEqual([0, 1]);
    await device.clock.advance(10_000);
    expect(device.registry.instances(0)).toEqual([1]);
    device.power.restart();
    await device.clock.advance(10_000);
    expect(device.registry.instances(0)).toEqual([1]);
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
  });

  it("passes while the module is off", async () => {
    const device = await openBootstrapped(600);
    device.power.cut();
    await device.clock.advance(3_600_000);
    device.power.on();
    await device.clock.advance(10_000);
    expect(device.registry.instances(0)).toEqual([1]);
    expect(device.client.status.servers).toMatchObject([{ state: "registered" }]);
  });

  it.each<[string, (device: RawDevice) => void]>([
    ["a reset", ({ settings }) => settings.reset()],
    ["damage", ({ efs }) => efs.write("/datatx/lwm2m/accounts.json", "{")],
  ])("is none of the factory's account, which is there after %s", async (_, lose) => {
    const device = await openBootstrapped(60);
    device.power.cut();
    lose(device);
    device.settings.setBootstrapMode(0); // so that no bootstrap holds the account
    device.power.on();
    await device.clock.advance(3_600_000);
    expect(device.registry.value(0, 0, 1)).toBe(true);
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 102, location: expect.any(String) }]);
  });

  it("waits for a bootstrap that is under way, and begins anew after it", async () => {
    const refused = "APN_NAME=internet\nSHORT_SERVER_ID1=123\nBS_IF_REG_FAILS=1\n";
    const device = await openBootstrapped(60, { files: { "/datatx/carrier_apn_cfg": refused } });
    device.rescript((request, { target }) => (target.port === 5683 ? answer(request, "4.03") : undefined));
    device.client.update(0, false);
    await device.clock.advance(1000);
    expect(paths(device.server.requests())).toEqual(["POST /bs"]);
    await device.clock.advance(100_000);
    expect(device.registry.instances(0)).toEqual([0, 1]);
    device.rescript(undefined);
    await walk(device.server, [[post("/bs"), "2.04"]]);
    await device.clock.advance(59_000);
    expect(device.registry.instances(0)).toEqual([0, 1]);
    await device.clock.advance(1000);
    expect(device.registry.instances(0)).toEqual([1]);
  });

  it("leaves a server without BS_IF_REG_FAILS: with nobody to ask, a failed registration is retried", async () => {
    const refused = "APN_NAME=internet\nSHORT_SERVER_ID1=123\nBS_IF_REG_FAILS=1\n";
    const device = await openBootstrapped(60, { files: { "/datatx/carrier_apn_cfg": refused } });
    await device.clock.advance(60_000);
    device.rescript((request) => answer(request, "4.03"));
    device.client.update(0, false);
    await device.clock.advance(1000);
    expect(device.events.at(-1)).toBe(4);
    device.rescript(undefined);
    await device.clock.advance(60_000);
    expect(device.client.status.servers).toMatchObject([{ state: "registered" }]);
  });
});

it("is kept by every Delete of the Bootstrap-Server, which may write it anew", async () => {
  const device = await openRawDevice({ ini: BOOTSTRAP_ACCOUNT, autostart: true });
  await device.clock.advance(2000);
  const kept = device.registry.dump(0);
  await walk(device.server, [
    [del("/0/0"), /^4\.05/],
    [del("/0"), "2.02"],
    [del("/"), "2.02"],
    [get("/0", { accept: FORMAT.link }), '2.05 ct=40 lwm2m="1.0",</0/0>'],
  ]);
  expect(device.registry.dump(0)).toEqual(kept);
  await walk(device.server, [[put("/0/0/11", text("7")), "2.04"]]);
  expect(device.registry.value(0, 0, 11)).toBe(7);
});

it("has a name and a key of its own, and a server those that it is given", async () => {
  const secure = BOOTSTRAP_ACCOUNT.replace("coap://192.0.2.9:5783", "coaps://192.0.2.9:5784").replace('"v":3', '"v":0');
  const device = await openRawDevice({
    ini: secure,
    autostart: true,
    files: { "/datatx/ssl/100_server.psk": "bootstrapper:000102030405060708090a0b0c0d0e0f\n" },
  });
  await device.clock.advance(2000);
  expect(device.server.target).toMatchObject({ scheme: "coaps", host: "192.0.2.9", port: 5784 });
  expect(String(device.server.target.identity)).toBe("bootstrapper");
  expect(device.server.target.key?.toString("hex")).toBe("000102030405060708090a0b0c0d0e0f");
  expect(device.requests()).toEqual(["POST /bs?ep=urn:imei-msisdn:864508030012428-15755127091"]);
  await walk(device.server, [
    [put("/0/1", tlv(`c80016${hex("coaps://192.0.2.1:5684")}c10100c10200c303${hex("sim")}c405a0a1a2a3c10a7b`)), "2.04"],
    [put("/1/0", tlv("c1007bc201012cc10601c10755")), "2.04"],
    [post("/bs"), "2.04"],
  ]);
  await device.clock.advance(1000);
  expect(device.server.target).toMatchObject({ scheme: "coaps", host: "192.0.2.1", port: 5684 });
  expect(String(device.server.target.identity)).toBe("sim");
  expect(device.server.target.key?.toString("hex")).toBe("a0a1a2a3");
  expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?ep=urn:imei:864508030012428&/)]);
  expect(device.logged.join("\n")).not.toMatch(/a0a1a2a3|00010203/);
});
