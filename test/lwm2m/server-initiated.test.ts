/** Bootstrap that a Bootstrap-Server begins by itself, which is offered where `lwm2m.serverInitiatedBootstrap` is on. */
import { expect, it } from "vitest";
import { del, get, post, put, tlv } from "../ets/ask.ts";
import {
  BOOTSTRAP_ACCOUNT,
  openRawDevice,
  type RawDeviceOptions,
  SERVER_ACCOUNT,
  type Step,
  walk,
} from "../ets/raw-device.ts";
import type { RawServer } from "../ets/raw-server.ts";

const HOLDING_OFF = BOOTSTRAP_ACCOUNT.replace("]}", ',{"n":"11","v":20}]}');
const BOTH = `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`;
const uri = (host: string) => `c80015${Buffer.from(`coap://${host}:5683`).toString("hex")}`;
const account = (host: string): readonly Step[] => [
  [put("/0/7", tlv(`${uri(host)}c10100c10203c10a7b`)), "2.04"],
  [put("/1/7", tlv("c1007bc201012cc10601c10755")), "2.04"],
];
const FINISH: Step = [post("/bs"), "2.04"];
const paths = (requests: readonly string[]) => requests.map((each) => each.split("?")[0]);

async function open(options: RawDeviceOptions = {}) {
  const device = await openRawDevice({ serverInitiatedBootstrap: true, ...options });
  device.client.register(false);
  await device.clock.advance(1000);
  const at = (host: string) => device.servers.filter(({ target }) => target.host === host);
  return Object.assign(device, { at, bootstrap: at("192.0.2.9")[0] as RawServer });
}

it("[OM-008][ET-030] takes the accounts of a registered device over, saying nothing to the former server", async () => {
  const device = await open({ ini: BOTH });
  const [former] = device.at("192.0.2.1") as [RawServer];
  await former.ask(get("/3/0/9", { observe: 0 }));
  former.take();
  expect(device.events).toEqual([0, 3, 4, 5]);
  await walk(device.bootstrap, [[del("/"), "2.02"], ...account("192.0.2.7")]);
  expect(device.events).toEqual([0, 3, 4, 5, 2]);
  device.modem.update((state) => ({ battery: { ...state.battery, percent: 50 } }));
  await device.clock.advance(5000);
  await walk(device.bootstrap, [FINISH]);
  await device.clock.advance(1000);
  expect(former.take()).toEqual([]);
  expect(device.events).toEqual([0, 3, 4, 5, 2, 0, 3, 4, 5]);
  expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
  expect(device.at("192.0.2.7")).toHaveLength(1);
});

it("[OM-012] is waited for during ClientHoldOffTime, then the client asks", async () => {
  const given = await open({ ini: HOLDING_OFF });
  await given.clock.advance(15_000);
  await walk(given.bootstrap, account("192.0.2.1"));
  await given.clock.advance(10_000);
  expect(given.bootstrap.requests()).toEqual([]);
  await walk(given.bootstrap, [FINISH]);
  await given.clock.advance(60_000);
  expect(paths(given.requests())).toEqual(["POST /rd"]);

  const waiting = await open({ ini: HOLDING_OFF });
  await waiting.clock.advance(18_000);
  expect(waiting.requests()).toEqual([]);
  await waiting.clock.advance(2000);
  expect(paths(waiting.requests())).toEqual(["POST /bs"]);
  await walk(waiting.bootstrap, [...account("192.0.2.1"), FINISH]);
  await waiting.clock.advance(1000);
  expect(paths(waiting.requests())).toEqual(["POST /bs", "POST /rd"]);
});

it("[BG-004] has no link to come by where it is not offered", async () => {
  const device = await open({ ini: HOLDING_OFF, serverInitiatedBootstrap: false });
  await device.clock.advance(18_000);
  expect(device.servers).toEqual([]);
  const registered = await open({ ini: BOTH, serverInitiatedBootstrap: false });
  expect(registered.servers.map(({ target }) => target.host)).toEqual(["192.0.2.1"]);
});

it("that is never finished leaves the device registered as before", async () => {
  const device = await open({ ini: BOTH });
  await walk(device.bootstrap, [[del("/"), "2.02"], ...account("192.0.2.7")]);
  await device.clock.advance(246_000);
  expect(device.requests()).toHaveLength(1);
  await device.clock.advance(2000);
  expect(paths(device.server.requests())).toEqual(["POST /rd"]);
  expect(device.client.status.servers).toMatchObject([{ shortServerId: 102, state: "registered" }]);
  expect(device.registry.instances(0)).toEqual([0, 1]);
  await walk(device.bootstrap, [...account("192.0.2.7"), FINISH]);
});

it("begins with nothing but requests of the bootstrap interface", async () => {
  const device = await open({ ini: BOTH });
  await walk(device.bootstrap, [
    [get("/3/0"), "4.05"],
    [post("/3/0/4"), "4.05"],
    [post("/19", tlv("c000")), "4.05"],
  ]);
  await device.clock.advance(300_000);
  expect(device.client.status.servers).toMatchObject([{ shortServerId: 102, location: "/rd/1" }]);
  expect(device.events).toEqual([0, 3, 4, 5]);
});

it("comes from where the Bootstrap-Server has moved its own account to", async () => {
  const device = await open({ ini: BOTH });
  await walk(device.bootstrap, [[put("/0/0/0", tlv(uri("192.0.2.8"))), "2.04"], FINISH]);
  await device.clock.advance(1000);
  await expect(device.bootstrap.ask(post("/bs"))).rejects.toThrow("no answer");
  await walk(device.at("192.0.2.8")[0] as RawServer, [...account("192.0.2.7"), FINISH]);
  await device.clock.advance(1000);
  expect(device.at("192.0.2.7")).toHaveLength(1);
});

it("has a link again some time after one that could not be opened", async () => {
  let attempts = 0;
  const device = await open({
    ini: BOTH,
    unreachable: ({ host }) => (host === "192.0.2.9" && ++attempts < 4 ? "host unknown" : undefined),
  });
  const attemptsIn = async (seconds: number) => {
    await device.clock.advance(seconds * 1000);
    return attempts;
  };
  expect([await attemptsIn(58), await attemptsIn(2)]).toEqual([1, 2]);
  expect([await attemptsIn(118), await attemptsIn(2)]).toEqual([2, 3]);
  expect([await attemptsIn(237), await attemptsIn(3)]).toEqual([3, 4]);
  await walk(device.at("192.0.2.9")[0] as RawServer, [...account("192.0.2.7"), FINISH]);
});
