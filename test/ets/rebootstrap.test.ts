/** A device with a server that is bootstrapped again, because registration fails (BS_IF_REG_FAILS). */
import { describe, expect, it } from "vitest";
import { del, get, post, put, tlv } from "./ask.ts";
import {
  answer,
  BOOTSTRAP_ACCOUNT,
  openRawDevice,
  openRegistered,
  type RawDeviceOptions,
  SERVER_ACCOUNT,
  walk,
} from "./raw-device.ts";

const files = {
  "/datatx/carrier_apn_cfg": "APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n",
};
const ini = `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`;
const paths = (requests: readonly string[]) => requests.map((each) => each.split("?")[0]);
const refuseServer: NonNullable<RawDeviceOptions["script"]> = (request, { target }) =>
  target.port === 5683 ? answer(request, "4.03") : undefined;

/** Registered and observed, then refused: the bootstrap has begun. */
async function openRefused(options: RawDeviceOptions = {}) {
  const device = await openRegistered({ ini, files, ...options });
  const former = device.server;
  await walk(former, [
    [put("/3/0/9?pmin=1"), "2.04"],
    [get("/3/0/9", { observe: 0, token: "aa" }), "2.05"],
  ]);
  device.rescript(refuseServer);
  device.client.update(0, false);
  await device.clock.advance(1000);
  expect(paths(device.requests()).at(-1)).toBe("POST /bs");
  for (const server of device.servers) server.take();
  device.rescript(undefined);
  return Object.assign(device, { former, bootstrap: device.server });
}

describe("while a bootstrap is under way", () => {
  it("ANJ-BS-16 nothing is sent to the server, and its requests are not served", async () => {
    const device = await openRefused();
    device.modem.update((state) => ({ battery: { ...state.battery, percent: 50 } }));
    await device.clock.advance(10_000);
    await expect(device.former.ask(get("/3/0/9"))).rejects.toThrow("no answer");
    for (const server of device.servers) if (server !== device.bootstrap) expect(server.take()).toEqual([]);
  });

  it("ANJ-BS-14 a bootstrap that never comes to a good Finish leaves the former accounts as they were", async () => {
    const device = await openRefused();
    const former = [0, 1].map((objectId) => device.registry.dump(objectId));
    await walk(device.bootstrap, [
      [del("/"), "2.02"],
      [put("/1/42", tlv("c1002ac201003cc10601c10755")), "2.04"],
      [put("/0/0/0", tlv(`c80015${Buffer.from("coap://192.0.2.8:5683").toString("hex")}`)), "2.04"],
      [post("/bs"), "4.06"],
    ]);
    expect(device.registry.instances(1)).toEqual([42]);
    await device.clock.advance(248_000);
    expect([0, 1].map((objectId) => device.registry.dump(objectId))).toEqual(former);
    await device.clock.advance(60_000);
    expect(paths(device.server.requests())).toEqual(["POST /bs"]);
    expect(device.server.target.host).toBe("192.0.2.9");
  });

  it("ANJ-BS-15 a restart brings the former accounts back", async () => {
    const device = await openRefused({ autostart: true });
    await walk(device.bootstrap, [
      [del("/"), "2.02"],
      [put("/1/42", tlv("c1002ac201003cc10601c10755")), "2.04"],
    ]);
    device.power.restart();
    await device.clock.advance(30_000);
    expect(paths(device.server.requests())).toEqual(["POST /rd"]);
    expect(device.server.target.host).toBe("192.0.2.1");
    await walk(device.server, [
      [get("/1/42"), "4.04"],
      [get("/1/1/0"), "2.05 ct=0 102"],
    ]);
  });
});

describe("after a bootstrap", () => {
  it("LES-BS-07 observations are gone", async () => {
    const device = await openRefused();
    await walk(device.bootstrap, [[post("/bs"), "2.04"]]);
    await device.clock.advance(1000);
    expect(paths(device.server.requests())).toEqual(["POST /rd"]);
    device.server.take();
    device.modem.update((state) => ({ battery: { ...state.battery, percent: 50 } }));
    await device.clock.advance(10_000);
    expect(device.server.take()).toEqual([]);
  });

  it("ANJ-BS-07 a Register that is refused leads to another one", async () => {
    const device = await openRefused();
    device.rescript(refuseServer);
    await walk(device.bootstrap, [[post("/bs"), "2.04"]]);
    await device.clock.advance(59_000);
    expect(paths(device.server.requests())).toEqual(["POST /rd"]); // no loop as fast as the servers answer
    await device.clock.advance(2000);
    expect(paths(device.server.requests())).toEqual(["POST /bs"]);
  });

  it("ANJ-BS-27 a server URI that leads nowhere leads to another one", async () => {
    const device = await openRawDevice({
      ini,
      files,
      script: refuseServer,
      unreachable: ({ host }) => (host === "256.0.0.1" ? "host unknown" : undefined),
    });
    device.client.register(false);
    await device.clock.advance(1000);
    const uri = Buffer.from("coap://256.0.0.1:5683");
    await walk(device.server, [
      [put("/0/1/0", tlv(`c80015${uri.toString("hex")}`)), "2.04"],
      [post("/bs"), "2.04"],
    ]);
    await device.clock.advance(59_000);
    expect(paths(device.requests())).toEqual(["POST /rd", "POST /bs"]);
    await device.clock.advance(2000);
    expect(paths(device.requests())).toEqual(["POST /rd", "POST /bs", "POST /bs"]);
  });
});
