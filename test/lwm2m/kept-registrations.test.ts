/** PER_REGSTATUS_FEAT: what a reboot leaves of a registration, and what it does not. */
import { describe, expect, it } from "vitest";
import { del, get, nameOf, post, put, tlv } from "../ets/ask.ts";
import {
  account,
  answer,
  BOOTSTRAP_ACCOUNT,
  NOTHING,
  openRawDevice,
  type RawDevice,
  type RawDeviceOptions,
  SERVER_ACCOUNT,
  walk,
} from "../ets/raw-device.ts";
import { isRequest } from "../ets/raw-server.ts";

const KEPT = "/datatx/lwm2m/registrations.json";
const keeping = (feature: 0 | 1) => ({ "/datatx/lwm2m_cfg": `{\nAPN=internet;\nPER_REGSTATUS_FEAT=${feature};\n}\n` });
const open = (options: RawDeviceOptions = {}) => openRawDevice({ autostart: true, files: keeping(1), ...options });

const battery = ({ modem }: RawDevice, percent: number) =>
  modem.update((state) => ({ battery: { ...state.battery, percent } }));
/** Requests so far, each without its query. */
const said = (device: RawDevice) => device.requests().map((each) => each.split("?")[0]);
/** What the Servers have heard since the last look: requests by name, notifications as "CON aa 90". */
const heard = ({ servers }: RawDevice) =>
  servers
    .flatMap((server) => server.take())
    .map(({ message }) =>
      isRequest(message) ? nameOf(message) : `${message.type} ${message.token} ${message.payload}`.trim(),
    );
const observe = (device: RawDevice, path: string, token: string) =>
  walk(device.server, [[get(path, { observe: 0, token }), "2.05"]]);

async function restart(device: RawDevice) {
  device.power.restart();
  await device.clock.advance(2000);
}
/** Power is gone for a while; what the network and the world do meanwhile is `meanwhile`. */
async function lose(device: RawDevice, meanwhile: () => void = () => {}, offMs = 1000) {
  device.power.cut();
  meanwhile();
  await device.clock.advance(offMs);
  device.power.on();
  await device.clock.advance(1000);
}

describe("a registration over a reboot, with PER_REGSTATUS_FEAT=1", () => {
  it.each(["restart", "loss of power"])(
    "[BG-019][BG-083] goes on with an Update after a %s: events 0 and 5, no De-register, no Register",
    async (how) => {
      const device = await open();
      expect(device.events).toEqual([0, 3, 4, 5]);
      await (how === "restart" ? restart(device) : lose(device));
      expect(said(device)).toEqual(["POST /rd", "POST /rd/1"]);
      // from the port where a server over plain UDP knows the device, and its observations
      expect(device.servers.map(({ target }) => target.localPort)).toEqual([undefined, 50_000]);
      expect(device.events.slice(4)).toEqual([0, 5]);
      expect(device.client.status.servers[0]).toMatchObject({ state: "registered", location: "/rd/1" });
      await device.clock.advance(208_000);
      expect(said(device).slice(2)).toEqual(["POST /rd/1"]);
    },
  );

  it("goes on in the next run of the program, ended in order or not", async () => {
    const first = await open();
    await observe(first, "/3/0/9", "aa");
    await first.client.goDown();
    first.client.halt();
    const second = await open({ root: first.root });
    expect(said(second)).toEqual(["POST /rd/1"]);
    second.client.halt();
    const third = await open({ root: first.root });
    expect(heard(third)).toEqual(["POST /rd/1", "CON aa 100"]);
  });

  it("keeps observations: what has changed meanwhile is told after the Update, what has not is not", async () => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    await observe(device, "/4/0/2", "bb");
    battery(device, 90);
    await device.clock.advance(10);
    heard(device);
    device.power.restart();
    await device.clock.advance(260);
    battery(device, 80); // in the boot
    await device.clock.advance(2000);
    expect(heard(device).filter((each) => !each.startsWith("ACK"))).toEqual(["POST /rd/1", "CON aa 80"]);
    const { mid } = device.server.heard.at(-1)!.message;
    await device.server.send({ type: "ACK", code: "0.00", mid });
    battery(device, 70);
    await device.clock.advance(10);
    expect(heard(device)).toEqual(["NON aa 70"]);
  });

  it("[BG-083] keeps them over deep sleep as over a restart: what has not changed is not told", async () => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    const sleepUntil = async (percent: number) => {
      device.power.sleep();
      await device.clock.advance(60_000);
      battery(device, percent);
      heard(device);
      device.power.on();
      await device.clock.advance(1000);
      return heard(device);
    };
    expect(await sleepUntil(100)).toEqual(["POST /rd/1"]);
    expect(await sleepUntil(80)).toEqual(["POST /rd/1", "CON aa 80"]);
  });

  it("tells anew after a restart what no Server has acknowledged before it", async () => {
    const device = await open({ confirmable: true });
    await observe(device, "/3/0/9", "aa");
    battery(device, 80);
    await device.clock.advance(10);
    expect(heard(device)).toContain("CON aa 80");
    await restart(device);
    expect(heard(device)).toContain("CON aa 80");
  });

  it("tells every observed value anew after a loss of power: what was told last was not kept", async () => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    battery(device, 90);
    await device.clock.advance(10);
    heard(device);
    await lose(device, () => battery(device, 100));
    expect(heard(device).filter((each) => !each.startsWith("ACK"))).toEqual(["POST /rd/1", "CON aa 100"]);
  });

  it.each(["restart", "loss of power"])("keeps attributes: pmin holds after a %s, too", async (how) => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    await walk(device.server, [[put("/3/0/9?pmin=60"), "2.04"]]);
    await (how === "restart" ? restart(device) : lose(device));
    heard(device);
    battery(device, 90);
    await device.clock.advance(50_000);
    expect(heard(device)).toEqual([]);
    await device.clock.advance(10_000);
    expect(heard(device)).toContain("CON aa 90");
    const discovered = await device.server.ask(get("/3/0/9", { accept: 40 }));
    expect(discovered.payload.toString()).toContain("pmin=60");
  });

  it("notifies nothing before the Update is answered", async () => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    let isMute = true;
    device.rescript(() => (isMute ? NOTHING : undefined));
    await lose(device, () => battery(device, 50));
    await device.clock.advance(500);
    expect(heard(device).filter((each) => each.startsWith("CON"))).toEqual([]);
    isMute = false;
    await device.clock.advance(5000);
    expect(heard(device)).toContain("CON aa 50");
  });

  it("forgets an observation that has ended before, however it ended", async () => {
    const device = await open();
    for (const token of ["aa", "bb"]) await observe(device, "/3/0/9", token);
    await walk(device.server, [[get("/3/0/9", { observe: 1, token: "aa" }), "2.05"]]);
    battery(device, 90);
    await device.clock.advance(10);
    const { mid } = device.server.responses().at(-1)!.message;
    await device.server.send({ type: "RST", code: "0.00", mid });
    await lose(device);
    battery(device, 80);
    await device.clock.advance(1000);
    expect(heard(device)).toEqual(["POST /rd/1"]);
  });

  it("tells in that Update what has changed of lifetime, binding and Objects", async () => {
    const device = await open();
    await walk(device.server, [[post("/19", tlv("c2006162")), "2.01 at=19/2"]]);
    await device.clock.advance(100);
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1"]);
    device.power.cut();
    device.client.setLifetime(102, 600);
    const next = await open({ root: device.root });
    const update = next.server.heard.find(({ message }) => isRequest(message))!.message;
    expect(nameOf(update)).toBe("POST /rd/1?lt=600");
    expect(update.payload.toString()).toContain("</19/1>");
    expect(update.payload.toString()).not.toContain("</19/2>"); // an Instance does not outlive the program
  });

  it("registers anew once the lifetime has passed", async () => {
    const device = await open();
    await lose(device, undefined, 300_000);
    expect(said(device)).toEqual(["POST /rd", "POST /rd"]);
    expect(device.events.slice(4)).toEqual([0, 3, 4, 5]);
  });

  it("counts the lifetime from the last Update", async () => {
    const device = await open();
    await device.clock.advance(250_000);
    await lose(device, undefined, 200_000);
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1", "POST /rd/1"]);
  });

  it.each([
    ["refuses the Update", "4.04"],
    ["does not answer it", undefined],
  ])("registers anew where the Server %s, its observations void", async (_, code) => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    device.rescript((request) => {
      if (nameOf(request) !== "POST /rd/1") return undefined;
      return code === undefined ? NOTHING : answer(request, code);
    });
    await lose(device);
    await device.clock.advance(100_000);
    expect(device.requests().at(-1)).toContain("POST /rd?");
    expect(device.events.slice(4)).toEqual([0, 3, 4, 5]);
    heard(device);
    battery(device, 50);
    await device.clock.advance(1000);
    expect(heard(device)).toEqual([]);
  });

  it.each([
    [300, 600, ["POST /rd", "POST /rd/2"]],
    [600, 300, ["POST /rd/1", "POST /rd"]],
  ])(
    "resumes with one Server and registers with another that has dropped the device (%i s, %i s)",
    async (a, b, requests) => {
      const device = await open({ ini: `${account(1, 102, a)}\n${account(2, 103, b)}` });
      await lose(device, undefined, 400_000);
      expect(device.servers.slice(2).map((server) => server.requests()[0]!.split("?")[0])).toEqual(requests);
      expect(device.events.slice(4)).toEqual([0, 3, 4, 5]);
    },
  );

  it("registers after a bootstrap, even with a Server where the device was registered before", async () => {
    const device = await open({
      ini: `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`,
      files: {
        ...keeping(1),
        "/datatx/carrier_apn_cfg": "APN_NAME=internet\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n",
      },
    });
    device.rescript((request) => (nameOf(request).startsWith("POST /rd") ? answer(request, "4.03") : undefined));
    await lose(device);
    expect(device.server.requests()[0]).toMatch(/^POST \/bs\?/);
    device.rescript(undefined);
    await walk(device.server, [[post("/bs"), "2.04"]]);
    await device.clock.advance(1000);
    expect(device.server.requests()[0]).toMatch(/^POST \/rd\?/);
  });

  it("registers anew under another name, at another address, and after a De-register", async () => {
    const named = await open();
    named.settings.setEndpointName(1, "other");
    await restart(named);
    expect(named.requests().at(-1)).toContain("ep=other");

    const moved = await open();
    moved.power.cut();
    moved.settings.reset();
    moved.efs.write("/datatx/bootstrap.ini", SERVER_ACCOUNT.replace("192.0.2.1", "192.0.2.77"));
    moved.power.on();
    await moved.clock.advance(1000);
    expect(said(moved)).toEqual(["POST /rd", "POST /rd"]);

    const left = await open();
    void left.client.deregister();
    await left.clock.advance(1000);
    expect(left.efs.exists(KEPT)).toBe(false);
    await restart(left);
    expect(said(left)).toEqual(["POST /rd", "DELETE /rd/1", "POST /rd"]);
  });

  it("registers anew after AT+QLWM2M reset, although the Client goes on until the restart", async () => {
    const device = await open();
    device.settings.reset();
    device.client.update(0, false);
    await device.clock.advance(1000);
    expect(device.efs.exists(KEPT)).toBe(false);
    device.power.cut();
    device.power.on();
    await device.clock.advance(1000);
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
  });

  it("goes on at home after roaming, which ROAMING_FEAT=1 spends idle", async () => {
    const device = await open();
    await observe(device, "/3/0/9", "aa");
    await observe(device, "/3/0/1", "bb");
    const roam = (roaming: boolean) => device.modem.update((state) => ({ network: { ...state.network, roaming } }));
    roam(true);
    await device.clock.advance(10_000);
    expect(device.client.status.servers).toEqual([]);
    battery(device, 70);
    roam(false);
    await device.clock.advance(1000);
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1"]);
    expect(heard(device)).toContain("CON aa 70");
    const { mid } = device.server.heard.at(-1)!.message;
    await device.server.send({ type: "ACK", code: "0.00", mid });
    await device.clock.advance(1000);
    expect(heard(device)).toEqual([]);
  });

  it("takes a new DTLS session to the same Server", async () => {
    const psk = SERVER_ACCOUNT.replace("coap://192.0.2.1:5683", "coaps://192.0.2.1:5684").replace(
      '"n":"2","v":3',
      '"n":"2","v":0',
    );
    const device = await open({ ini: psk, files: { ...keeping(1), "/datatx/ssl/102_server.psk": "me:00112233\n" } });
    await restart(device);
    expect(device.servers.map(({ target }) => target.scheme)).toEqual(["coaps", "coaps"]);
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1"]);
  });

  it("sleeps in Queue mode after the reboot as before", async () => {
    const device = await open({ ini: SERVER_ACCOUNT.replace('"sv":"U"', '"sv":"UQ"') });
    await restart(device);
    await walk(device.server, [[get("/3/0/1"), "2.05"]]);
    await device.clock.advance(60_000);
    expect(device.client.status.servers[0]!.state).toBe("asleep");
  });

  it.each(['{"schema":1,"value":[{"uri":5}]}', '{"schema":1,"val', '{"schema":1,"value":{}}'])(
    "registers anew where the file is damaged, and sets it aside: %s",
    async (damage) => {
      const device = await open({ files: { ...keeping(1), [KEPT]: damage } });
      expect(said(device)).toEqual(["POST /rd"]);
      expect(device.efs.exists(`${KEPT}.bad`)).toBe(true);
    },
  );

  it("ends an observation whose Instance is gone with the run of the program", async () => {
    const device = await open();
    await walk(device.server, [[post("/19", tlv("c2006162")), "2.01 at=19/2"]]);
    await observe(device, "/19/2/0", "aa");
    device.power.cut();
    const next = await open({ root: device.root });
    const end = next.server.responses().find(({ message }) => message.token === "aa")!.message;
    expect([end.type, end.code]).toEqual(["CON", "4.04"]);
  });

  it("drops what a Server has deleted meanwhile", async () => {
    const device = await open();
    await walk(device.server, [
      [put("/19/1?pmin=5"), "2.04"],
      [del("/19/1"), "2.02"],
    ]);
    await restart(device);
    const discovered = await device.server.ask(get("/19/1", { accept: 40 }));
    expect(discovered.payload.toString()).not.toContain("pmin=5");
  });
});

describe("a registration over a reboot, with PER_REGSTATUS_FEAT=0", () => {
  it("[BG-083] is none: De-register at the restart, Register after it, nothing on disk", async () => {
    const device = await open({ files: keeping(0) });
    await observe(device, "/3/0/9", "aa");
    expect(device.efs.exists(KEPT)).toBe(false);
    await restart(device);
    expect(said(device)).toEqual(["POST /rd", "DELETE /rd/1", "POST /rd"]);
    heard(device);
    battery(device, 50);
    await device.clock.advance(1000);
    expect(heard(device)).toEqual([]);
  });

  it("[BG-083] is none although one was kept before", async () => {
    const device = await open();
    device.efs.write("/datatx/lwm2m_cfg", keeping(0)["/datatx/lwm2m_cfg"]);
    await lose(device);
    expect(said(device)).toEqual(["POST /rd", "POST /rd"]);
    expect(device.efs.exists(KEPT)).toBe(false);
  });
});
