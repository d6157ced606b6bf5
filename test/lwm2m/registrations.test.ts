/** Registrations with real Servers' ways: several at once, some that refuse, restart or cannot be reached. */
import { describe, expect, it } from "vitest";
import { attachOrdered, detachOrdered } from "#modem/attach-order";
import { del, get, post, tlv } from "../ets/ask.ts";
import {
  account,
  answer,
  BOOTSTRAP_ACCOUNT,
  NOTHING,
  openRawDevice,
  type RawDevice,
  type RawDeviceOptions,
  SECOND_ACCOUNT,
  SERVER_ACCOUNT,
} from "../ets/raw-device.ts";
import { isRequest, type RawServer } from "../ets/raw-server.ts";

const TWO = `${SERVER_ACCOUNT}\n${SECOND_ACCOUNT}`;
const CARRIER = "/datatx/carrier_apn_cfg";
/** SHORT_SERVER_ID1 and BS_IF_REG_FAILS of each server. */
const failing = (...servers: readonly (readonly [number, 0 | 1])[]) => ({
  [CARRIER]: servers
    .map(([id, flag]) => `APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=${id}\nBS_IF_REG_FAILS=${flag};\n`)
    .join(""),
});
const path = (request: string) => request.split("?")[0];

async function open(options: RawDeviceOptions) {
  const device = await openRawDevice(options);
  device.client.register(false);
  await device.clock.advance(100);
  /** The requests that a host has heard, and when, s. */
  const heard = (host: string) =>
    device.servers
      .filter(({ target }) => target.host === host)
      .flatMap((server) => server.heard.filter(({ message }) => isRequest(message)))
      .map(({ atMs }) => Math.round(atMs / 1000));
  return Object.assign(device, { heard });
}
const refuse =
  (...hosts: readonly string[]): NonNullable<RawDeviceOptions["script"]> =>
  (request, { target }) =>
    hosts.includes(target.host) ? answer(request, "4.03") : undefined;

describe("several servers", () => {
  it("are retried each in its own time", async () => {
    const device = await open({ ini: TWO, script: refuse("192.0.2.1") });
    await device.clock.advance(30_000);
    device.rescript(refuse("192.0.2.1", "192.0.2.2"));
    device.client.update(103, false);
    await device.clock.advance(1_000_000);
    const gaps = (times: readonly number[]) => times.slice(1).map((each, index) => each - times[index]!);
    expect(gaps(device.heard("192.0.2.1"))).toEqual([60, 120, 240, 480]);
    // Register; Update and Register after it, refused; then the retries
    expect(gaps(device.heard("192.0.2.2"))).toEqual([30, 0, 60, 120, 240, 480]);
  });

  it("that have refused the device hear no sooner of it whatever another Server makes and deletes", async () => {
    const device = await open({ ini: TWO, script: refuse("192.0.2.1") });
    for (let i = 0; i < 10; i++) {
      await device.server.ask(post("/19", tlv("c2006162")));
      await device.clock.advance(100);
      await device.server.ask(del("/19/2"));
      await device.clock.advance(100);
    }
    expect(device.heard("192.0.2.2")).toHaveLength(21);
    expect(device.heard("192.0.2.1")).toHaveLength(1);
    await device.clock.advance(60_000);
    expect(device.heard("192.0.2.1")).toHaveLength(2);
  });

  it("[BG-069][BG-070] have each a BS_IF_REG_FAILS of their own", async () => {
    const ini = `${BOOTSTRAP_ACCOUNT}\n${TWO}`;
    const without = await open({ ini, files: failing([102, 0], [103, 1]), script: refuse("192.0.2.1") });
    await without.clock.advance(200_000);
    expect(without.heard("192.0.2.9")).toEqual([]);
    expect(without.client.status.servers.map(({ state }) => state)).toEqual(["waiting", "registered"]);
    const either = await open({ ini, files: failing([102, 1], [103, 0]), script: refuse("192.0.2.1") });
    await either.clock.advance(1000);
    expect(either.heard("192.0.2.9")).toHaveLength(1);
    expect(either.client.status.servers).toEqual([]);
    // one that registers does not make the other's bootstraps follow at once
    expect((await either.server.ask(post("/bs"))).code).toBe("2.04");
    await either.clock.advance(59_000);
    expect(either.heard("192.0.2.9")).toHaveLength(1);
    await either.clock.advance(2000);
    expect(either.heard("192.0.2.9")).toHaveLength(2);
  });

  it("that fail together lead to one bootstrap, at once", async () => {
    const ini = `${BOOTSTRAP_ACCOUNT}\n${TWO}`;
    const files = failing([102, 1], [103, 1]);
    const device = await open({ ini, files, script: refuse("192.0.2.1", "192.0.2.2") });
    await device.clock.advance(1000);
    expect(device.heard("192.0.2.9")).toHaveLength(1);
    await device.clock.advance(100_000);
    expect(device.heard("192.0.2.9")).toHaveLength(1);
  });

  it("do not wait for one that cannot be reached", async () => {
    const device = await open({
      ini: `${account(3, 104, 300, "coap://nowhere.example:5683")}\n${TWO}`,
      unreachable: ({ host }) => (host === "nowhere.example" ? "host unknown" : undefined),
    });
    expect(device.client.status.servers.map(({ state }) => state)).toEqual(["registered", "registered", "waiting"]);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });
});

describe("a server that restarts", () => {
  it("is registered with anew as soon as it does not know the registration", async () => {
    const device = await open({});
    device.rescript((request) => (request.payload.length === 0 ? answer(request, "4.04") : undefined));
    await device.clock.advance(206_000);
    expect(device.requests()).toHaveLength(1);
    await device.clock.advance(2000);
    expect(device.requests().map(path)).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
    expect(device.client.status.servers).toMatchObject([{ state: "registered", location: "/rd/2" }]);
  });

  it("and ends its link is registered with anew: at once, unless it does nothing but end links", async () => {
    const device = await open({});
    device.client.update(0, false);
    await device.clock.advance(100);
    device.links[0]!.drop("close_notify");
    await device.clock.advance(100);
    expect(device.requests().map(path)).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
    device.links[1]!.drop("close_notify");
    await device.clock.advance(59_000);
    expect(device.servers).toHaveLength(2); // no loop of handshakes
    await device.clock.advance(2000);
    expect(device.client.status.servers).toMatchObject([{ state: "registered", location: "/rd/3" }]);
  });

  it("is found again when it is back, however long it takes", async () => {
    const device = await open({});
    device.rescript(() => NOTHING);
    await device.clock.advance(7_200_000);
    expect(device.client.status.servers).toMatchObject([{ state: expect.stringMatching(/registering|waiting/) }]);
    device.rescript(undefined);
    await device.clock.advance(600_000);
    expect(device.client.status.servers).toMatchObject([{ state: "registered" }]);
    expect(device.events.slice(-3)).toEqual([3, 4, 5]);
  });
});

describe("a module that comes back to the network", () => {
  const attach = (device: RawDevice, attached: boolean) =>
    device.modem.update((state) => (attached ? attachOrdered(state) : detachOrdered(state, "NW")));

  it("with another address tells each server by an Update over a new link", async () => {
    const device = await open({ ini: TWO });
    const [address] = device.modem.state.moduleCalls.map((call) => call.address);
    attach(device, false);
    await device.clock.advance(10_000);
    expect(device.servers).toHaveLength(2);
    attach(device, true);
    await device.clock.advance(100);
    expect(device.modem.state.moduleCalls.map((call) => call.address)).not.toContain(address);
    expect(device.servers.map(({ target }) => target.host)).toEqual([
      "192.0.2.1",
      "192.0.2.2",
      "192.0.2.1",
      "192.0.2.2",
    ]);
    expect(device.servers.slice(2).flatMap((server) => server.requests())).toEqual(["POST /rd/1", "POST /rd/2"]);
    await expect(device.servers[0]!.ask(get("/3/0/9"))).rejects.toThrow("no answer");
    expect((await device.servers[2]!.ask(get("/3/0/9"))).code).toBe("2.05");
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("with the address it had, after a lost cell, sends the Update over the link it has", async () => {
    const device = await open({});
    const { moduleCalls } = device.modem.state;
    const cover = (coverage: boolean) => device.modem.update((state) => ({ network: { ...state.network, coverage } }));
    cover(false);
    await device.clock.advance(10_000);
    cover(true);
    await device.clock.advance(100);
    expect(device.requests().map(path)).toEqual(["POST /rd", "POST /rd/1"]);
    expect(device.servers).toHaveLength(1);
    expect(device.modem.state.moduleCalls).toEqual(moduleCalls);
  });

  it("registers anew where its Update from another address is refused", async () => {
    const device = await open({});
    device.rescript((request) => (request.payload.length === 0 ? answer(request, "4.04") : undefined));
    attach(device, false);
    attach(device, true);
    await device.clock.advance(1000);
    expect(device.requests().map(path)).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
    expect(device.client.status.servers).toMatchObject([{ state: "registered", location: "/rd/2" }]);
  });

  it("registers at once from another address where Register was waiting or on its way", async () => {
    const refused = await open({ script: (request) => answer(request, "4.03") });
    refused.rescript(undefined);
    await refused.clock.advance(1000);
    attach(refused, false);
    attach(refused, true);
    await refused.clock.advance(100);
    expect(refused.client.status.servers).toMatchObject([{ state: "registered" }]);
    const unanswered = await open({ script: () => NOTHING });
    attach(unanswered, false);
    unanswered.rescript(undefined);
    attach(unanswered, true);
    await unanswered.clock.advance(100);
    expect(unanswered.servers).toHaveLength(2);
    expect(unanswered.client.status.servers).toMatchObject([{ state: "registered" }]);
  });

  it("goes on with its observations from another address, once the server knows it", async () => {
    const device = await open({ confirmable: true });
    const [former] = device.servers as [RawServer];
    const level = (percent: number) => device.modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
    await former.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    level(70);
    await device.clock.advance(10); // Confirmable, never acknowledged
    device.rescript((request) => (request.payload.length === 0 ? NOTHING : undefined));
    attach(device, false);
    level(60);
    attach(device, true);
    level(50);
    await device.clock.advance(100);
    const now = device.server;
    expect(now.responses()).toEqual([]);
    const update = now.heard.find(({ message }) => isRequest(message))!.message;
    await now.send(answer(update, "2.04"));
    for (const expected of ["70", "50"]) {
      const [told] = now.responses().map(({ message }) => message);
      expect([told?.type, told?.token, told?.payload.toString()]).toEqual(["CON", "aa", expected]);
      await now.send({ type: "ACK", code: "0.00", mid: told!.mid });
    }
  });

  it("tells nothing of what was under way or due where the server refuses the Update from another address", async () => {
    const device = await open({ confirmable: true });
    const level = (percent: number) => device.modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    await device.server.ask(get("/3/0/7", { observe: 0, token: "bb" }));
    level(70);
    await device.clock.advance(10);
    device.rescript((request) => (request.payload.length === 0 ? answer(request, "4.04") : undefined));
    attach(device, false);
    attach(device, true);
    device.modem.update(({ battery }) => ({ battery: { ...battery, millivolts: 3000 } }));
    await device.clock.advance(100);
    device.client.update(0, false);
    device.rescript(undefined);
    await device.clock.advance(100_000);
    expect(device.requests().map(path).slice(0, 3)).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
    expect(device.servers.slice(1).flatMap((server) => server.responses())).toEqual([]);
  });

  it("keeps what is due until the server has answered the Update from another address", async () => {
    const device = await open({});
    await device.server.ask(get("/3/0/9", { observe: 0, token: "aa" }));
    let isMute = true;
    device.rescript(() => (isMute ? NOTHING : undefined));
    attach(device, false);
    attach(device, true);
    for (const percent of [60, 50]) {
      device.modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
      await device.clock.advance(100);
    }
    expect(device.server.responses()).toEqual([]);
    isMute = false;
    await device.clock.advance(5000);
    expect(device.server.responses().map(({ message }) => message.payload.toString())).toEqual(["60", "50"]);
  });

  it("listens to the Bootstrap-Server from another address, too", async () => {
    const ini = `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`;
    const device = await open({ ini, serverInitiatedBootstrap: true });
    attach(device, false);
    attach(device, true);
    await device.clock.advance(100);
    const [former, now] = device.servers.filter(({ target }) => target.host === "192.0.2.9");
    await expect(former!.ask(post("/bs"))).rejects.toThrow("no answer");
    expect((await now!.ask(post("/bs"))).code).toBe("2.04");
  });
});

it("what changes while Register is under way is told in an Update after it", async () => {
  const device = await openRawDevice({ script: () => NOTHING });
  device.client.register(false);
  await device.clock.advance(1000);
  device.client.setLifetime(102, 600);
  device.registry.delete({ objectId: 19, instanceId: 1 }, "client");
  device.rescript(undefined);
  await device.clock.advance(10_000);
  expect(device.requests().at(-1)).toBe("POST /rd/1?lt=600");
  const update = device.server.heard.findLast(({ message }) => isRequest(message))!.message;
  expect(update.payload.toString()).toContain("</19/0>");
  expect(update.payload.toString()).not.toContain("</19/1>");
});
