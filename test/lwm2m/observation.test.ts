import { describe, expect, it } from "vitest";
import { createObservations } from "#lwm2m/observation";
import { silentLog } from "#runtime";
import { createSeededRandom } from "../support/manual-clock.js";
import { createManagedDevice, hex, textOf } from "./managed-device.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const values = (device: ReturnType<typeof createManagedDevice>) =>
  device.notifications.map(({ response }) => textOf(response));

describe("an observation", () => {
  it("[BG-031][BG-032][OM-004][ET-008] of a resource tells its value, then each change of it", async () => {
    const device = createManagedDevice();
    const first = device.request("GET", "/3/0/9", { observe: 0, token: "c0ffee" });
    expect(first).toEqual({ code: "2.05", observe: expect.any(Number), contentFormat: 0, payload: Buffer.from("100") });
    device.batteryPercent(99);
    await device.clock.advance(0);
    device.batteryPercent(99);
    await device.clock.advance(10_000);
    expect(device.notifications).toHaveLength(1);
    expect(device.notifications[0]).toMatchObject({
      token: "c0ffee",
      confirmable: false,
      response: { code: "2.05", contentFormat: 0, payload: Buffer.from("99") },
    });
    expect(device.notifications[0]!.response.observe).toBeGreaterThan(first.observe!);
  });

  it("[BG-030] of an instance tells the whole instance", async () => {
    const device = createManagedDevice();
    const first = device.request("GET", "/3/0", { observe: 0 });
    expect(first).toMatchObject({ code: "2.05", observe: expect.any(Number), contentFormat: 11542 });
    device.batteryPercent(50);
    await device.clock.advance(0);
    expect(device.notifications).toHaveLength(1);
    expect(device.notifications[0]!.response.payload).toEqual(device.request("GET", "/3/0").payload);
  });

  it("[BG-029] of an object tells all of its instances", async () => {
    const device = createManagedDevice();
    expect(device.request("GET", "/1", { observe: 0 })).toMatchObject({
      code: "2.05",
      observe: expect.any(Number),
      contentFormat: 11542,
    });
    device.put("/1/1/1", 61);
    await device.clock.advance(0);
    expect(device.notifications.map(({ response }) => response.payload)).toEqual([device.request("GET", "/1").payload]);
  });

  it("keeps the format of its first answer", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0, accept: 11542 });
    device.batteryPercent(99);
    await device.clock.advance(0);
    expect(device.notifications[0]!.response).toMatchObject({ contentFormat: 11542, payload: hex("C10963") });
  });

  it("is not stirred by the clock alone, but by whoever sets it", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0", { observe: 0, token: "01" });
    device.request("GET", "/3/0/13", { observe: 0, token: "02" });
    await device.clock.advance(5000);
    device.modem.update(({ traffic }) => ({ traffic: { ...traffic, txBytes: 1, txPackets: 1 } }));
    await device.clock.advance(5000);
    expect(device.notifications).toEqual([]);
    expect(device.request("PUT", "/3/0/13", { payload: "1367491215" }).code).toBe("2.04");
    await device.clock.advance(1000);
    expect(device.notifications.map(({ token }) => token)).toEqual(["01", "02"]);
    expect(textOf(device.notifications[1]!.response)).toBe("1367491215");
  });

  it("joins changes of one moment into one notification, after the answer to the request that made them", async () => {
    const device = createManagedDevice();
    device.request("GET", "/1/1", { observe: 0 });
    device.request("POST", "/1/1", { payload: hex("C10137 C10600") });
    expect(device.notifications).toEqual([]);
    await device.clock.advance(0);
    expect(device.notifications).toHaveLength(1);
  });

  it("tells the Server that observes what it writes of its own write", async () => {
    const device = createManagedDevice();
    device.request("GET", "/1/1/1", { observe: 0 });
    device.request("PUT", "/1/1/1", { payload: "60" });
    await device.clock.advance(0);
    expect(values(device)).toEqual(["60"]);
  });

  it("tells every uplink datum in order, the same one twice, too", async () => {
    const device = createManagedDevice();
    device.request("GET", "/19/0/0", { observe: 0 });
    for (const data of ["one", "two", "two"]) device.put("/19/0/0", Buffer.from(data));
    expect(values(device)).toEqual(["one", "two", "two"]);
    await device.clock.advance(1000);
    expect(device.notifications).toHaveLength(3);
  });

  it("[OM-037] holds a change back for pmin and sends the newest value then", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0/9?pmin=10");
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(2000);
    device.batteryPercent(90);
    await device.clock.advance(3000);
    device.batteryPercent(80);
    await device.clock.advance(4999);
    expect(device.notifications).toEqual([]);
    await device.clock.advance(1);
    expect(values(device)).toEqual(["80"]);
    await device.clock.advance(60_000);
    expect(device.notifications).toHaveLength(1);
  });

  it("[OM-037][ET-008] repeats an unchanged value each pmax, and no oftener after a change in between", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0?pmax=60");
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(59_999);
    expect(device.notifications).toEqual([]);
    await device.clock.advance(1);
    await device.clock.advance(30_000);
    device.batteryPercent(50);
    await device.clock.advance(60_000);
    expect(device.notifications.map(({ atMs }) => atMs)).toEqual([60_000, 90_000, 150_000]);
    expect(values(device)).toEqual(["100", "50", "50"]);
  });

  it("follows attributes and default periods that are written while it lasts", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(1000);
    device.put("/1/1/3", 30);
    await device.clock.advance(29_000);
    expect(device.notifications.map(({ atMs }) => atMs)).toEqual([30_000]);
    device.request("PUT", "/3/0/9?pmax=5");
    await device.clock.advance(5000);
    expect(device.notifications).toHaveLength(2);
    device.request("PUT", "/3/0/9?pmax");
    device.put("/1/1/3", 0);
    await device.clock.advance(3_600_000);
    expect(device.notifications).toHaveLength(2);
  });

  it("[OM-038] of a number waits for a threshold or a step", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0/9?lt=20&gt=90&st=30");
    device.request("GET", "/3/0/9", { observe: 0 });
    for (const percent of [95, 91, 90, 75, 61, 60, 45, 31, 19, 5]) {
      device.batteryPercent(percent);
      await device.clock.advance(1000);
    }
    expect(values(device)).toEqual(["90", "60", "19"]);
  });

  it("[BG-033][OM-004][OM-039] ends with Observe 1, which answers the value without an Observe option", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0/9?pmax=5");
    device.request("GET", "/3/0/9", { observe: 0, token: "77" });
    const last = device.request("GET", "/3/0/9", { observe: 1, token: "77" });
    expect(last).toEqual({ code: "2.05", contentFormat: 0, payload: Buffer.from("100") });
    device.batteryPercent(1);
    await device.clock.advance(60_000);
    expect(device.notifications).toEqual([]);
    expect(device.clock.pending()).toBe(0);
    expect(device.request("GET", "/3/0/9", { observe: 1, token: "77" }).code).toBe("2.05");
  });

  it("[OM-039] ends with a Reset, and leaves others alone", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0, token: "01" });
    device.request("GET", "/3/0/9", { observe: 0, token: "02" });
    device.batteryPercent(99);
    await device.clock.advance(0);
    device.notifications[0]!.outcome("sent");
    device.notifications[0]!.outcome("reset");
    device.batteryPercent(98);
    await device.clock.advance(0);
    expect(device.notifications.map(({ token }) => token)).toEqual(["01", "02", "02"]);
  });

  it("sends a Confirmable notification at least every 24 hours, the newest value after its acknowledgement", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(DAY_MS - 1000);
    device.batteryPercent(90);
    await device.clock.advance(1000);
    device.batteryPercent(80);
    await device.clock.advance(1000);
    device.batteryPercent(70);
    await device.clock.advance(1000);
    expect(device.notifications.map(({ confirmable }) => confirmable)).toEqual([false, true]);
    device.notifications[1]!.outcome("acknowledged");
    await device.clock.advance(0);
    device.batteryPercent(60);
    await device.clock.advance(DAY_MS - 1);
    expect(values(device)).toEqual(["90", "80", "70", "60"]);
    expect(device.notifications.map(({ confirmable }) => confirmable)).toEqual([false, true, false, false]);
  });

  it("[ET-032] ends when a Confirmable notification is never acknowledged", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(DAY_MS);
    device.batteryPercent(90);
    await device.clock.advance(0);
    device.notifications[0]!.outcome("timeout");
    expect(device.logged).toEqual([
      'an observation has ended: the server does not acknowledge {"server":102,"path":"/3/0/9","token":"a1"}',
    ]);
    device.batteryPercent(80);
    await device.clock.advance(1000);
    expect(device.notifications).toHaveLength(1);
    expect(device.observations.relations).toEqual([]);
  });

  it("ends with a Confirmable 4.04 when its instance is deleted", async () => {
    const device = createManagedDevice();
    device.request("POST", "/19", { payload: hex("C20041 42") });
    device.request("GET", "/19/2/0", { observe: 0, token: "05" });
    device.request("GET", "/19", { observe: 0, token: "06" });
    device.request("DELETE", "/19/2");
    await device.clock.advance(0);
    expect(
      device.notifications.map(({ token, confirmable, response }) => [
        token,
        confirmable,
        response.code,
        response.observe,
      ]),
    ).toEqual([
      ["05", true, "4.04", undefined],
      ["06", false, "2.05", expect.any(Number)],
    ]);
    device.request("POST", "/19", { payload: hex("C20041 42") });
    device.put("/19/2/0", Buffer.from("back"));
    expect(device.notifications.filter(({ token }) => token === "05")).toHaveLength(1);
  });

  it("ends with 4.01 when the right to read is taken away", async () => {
    const device = createManagedDevice({ servers: [101, 102] });
    device.request("GET", "/3/0/9", { observe: 0 }, 102);
    const instance = { kind: "instance", id: 0, resources: [] } as const;
    device.registry.create(
      2,
      0,
      {
        ...instance,
        resources: [
          { kind: "resource", id: 0, type: "integer", value: 3 },
          { kind: "resource", id: 1, type: "integer", value: 0 },
          { kind: "resource", id: 3, type: "integer", value: 101 },
        ],
      },
      "bootstrap",
    );
    await device.clock.advance(0);
    expect(device.notifications.map(({ response }) => response.code)).toEqual(["4.01"]);
  });

  it("is replaced, not doubled, when its token is used again", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0, token: "01" });
    device.request("GET", "/3/0/9", { observe: 0, token: "01" });
    expect(device.relations).toHaveLength(1);
    device.request("GET", "/3/0/10", { observe: 0, token: "01" });
    device.batteryPercent(1);
    await device.clock.advance(0);
    expect(device.notifications).toEqual([]);
    expect(device.relations.map(({ path, cancelled }) => [path, cancelled])).toEqual([
      ["/3/0/9", false],
      ["/3/0/9", true],
      ["/3/0/10", false],
    ]);
  });

  it("tells the terminal when it begins and when it ends, whatever ends it", async () => {
    const device = createManagedDevice();
    device.request("GET", "/19/0/0", { observe: 0, token: "0a0b" });
    device.request("GET", "/19/0/0", { observe: 1, token: "0a0b" });
    device.request("GET", "/10250/0/0", { observe: 0, token: "0c" });
    device.put("/10250/0/0", Buffer.from("x"));
    device.notifications[0]!.outcome("reset");
    device.request("POST", "/19", { payload: hex("C20041 42") });
    device.request("GET", "/19/2/0", { observe: 0, token: "0d" });
    device.request("DELETE", "/19/2");
    expect(
      device.relations.map(({ token, path, cancelled }) => `${token.toString("hex")} ${path} ${cancelled}`),
    ).toEqual([
      "0a0b /19/0/0 false",
      "0a0b /19/0/0 true",
      "0c /10250/0/0 false",
      "0c /10250/0/0 true",
      "0d /19/2/0 false",
      "0d /19/2/0 true",
    ]);
  });

  it("is one Server's alone: its token, its periods, its end", async () => {
    const device = createManagedDevice({ servers: [101, 102] });
    device.request("PUT", "/3/0/9?pmin=10", {}, 102);
    for (const from of [101, 102]) {
      device.request("GET", "/3/0/9", { observe: 0, token: "01" }, from);
    }
    device.batteryPercent(90);
    await device.clock.advance(1000);
    device.batteryPercent(80);
    await device.clock.advance(10_000);
    const told = () => device.notifications.map(({ atMs, response }) => `${atMs} ${textOf(response)}`);
    expect(told()).toEqual(["0 90", "1000 80", "10000 80"]); // the last one to 102
    device.notifications[2]!.outcome("reset");
    device.batteryPercent(70);
    await device.clock.advance(60_000);
    expect(told().slice(3)).toEqual(["11000 70"]);
    expect(device.contextOf(101).observations.relations).toHaveLength(1);
    expect(device.contextOf(102).observations.relations).toEqual([]);
  });

  it("is refused softly beyond the bound: the value comes without an Observe option", () => {
    const device = createManagedDevice();
    for (let i = 1; i <= 4; i++)
      expect(device.request("GET", "/3/0/9", { observe: 0, token: `0${i}` }).observe).toBeDefined();
    expect(device.request("GET", "/3/0/9", { observe: 0, token: "05" })).toEqual({
      code: "2.05",
      contentFormat: 0,
      payload: Buffer.from("100"),
    });
    expect(device.observations.relations).toHaveLength(4);
    expect(device.request("GET", "/3/0/9", { observe: 0, token: "04" }).observe).toBeDefined();
  });

  it.each([
    ["/3/0/4", "4.05"],
    ["/0", "4.01"],
    ["/3/0/99", "4.04"],
    ["/", "4.00"],
  ])("of %s is refused with %s", (path, code) => {
    const device = createManagedDevice();
    expect(device.request("GET", path, { observe: 0 }).code).toBe(code);
    expect(device.relations).toEqual([]);
  });

  it("takes other Observe values for a plain read", () => {
    const device = createManagedDevice();
    expect(device.request("GET", "/3/0/9", { observe: 7 }).observe).toBeUndefined();
    expect(device.observations.relations).toEqual([]);
  });

  it("keeps what is due while the device is offline and tells it then, or drops it where /1/x/6 says so", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    device.observations.setWay("offline");
    for (const percent of [90, 80]) {
      device.batteryPercent(percent);
      await device.clock.advance(60_000);
    }
    expect(device.notifications).toEqual([]);
    device.observations.setWay("open");
    expect(values(device)).toEqual(["90", "80"]);
    await device.clock.advance(60_000);
    device.put("/1/1/6", false);
    device.observations.setWay("offline");
    device.batteryPercent(70);
    await device.clock.advance(60_000);
    device.observations.setWay("open");
    await device.clock.advance(60_000);
    expect(values(device)).toEqual(["90", "80"]);
    device.batteryPercent(60);
    await device.clock.advance(0);
    expect(values(device)).toEqual(["90", "80", "60"]);
  });

  it("keeps pmin and pmax apart what it keeps for later", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0/9?pmin=10&pmax=60");
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(0);
    device.observations.setWay("offline");
    device.batteryPercent(90);
    await device.clock.advance(5000);
    device.batteryPercent(80);
    await device.clock.advance(65_000); // at 10 s, and again at 70 s
    device.observations.setWay("open");
    await device.clock.advance(59_000);
    expect(values(device)).toEqual(["80", "80"]);
    await device.clock.advance(1000);
    expect(values(device)).toEqual(["80", "80", "80"]);
  });

  it("keeps a bounded number, the newest, and the rest of what happened comes to nothing", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    device.observations.setWay("offline");
    for (let percent = 99; percent > 0; percent--) {
      device.batteryPercent(percent);
      await device.clock.advance(1000);
    }
    device.observations.setWay("open");
    expect(values(device)).toEqual(Array.from({ length: 32 }, (_, index) => String(32 - index)));
  });

  it("that ends while the device is offline says so once it is back, and nothing else", async () => {
    const device = createManagedDevice();
    device.request("POST", "/19", { payload: hex("C20041 42") });
    device.request("GET", "/19/2/0", { observe: 0, token: "05" });
    device.observations.setWay("offline");
    device.put("/19/2/0", Buffer.from("last"));
    device.registry.delete({ objectId: 19, instanceId: 2 });
    await device.clock.advance(1000);
    device.observations.setWay("open");
    expect(device.notifications.map(({ confirmable, response }) => [confirmable, response.code])).toEqual([
      [true, "4.04"],
    ]);
  });

  it("asks to be woken while the device is asleep: for what is due, unless /1/x/6 drops it, and for a host's data always", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0 });
    device.request("GET", "/19/0/0", { observe: 0, token: "19" });
    device.observations.setWay("asleep");
    device.batteryPercent(90);
    await device.clock.advance(0);
    expect(device.woken()).toBe(1);
    device.put("/1/1/6", false);
    device.batteryPercent(80);
    await device.clock.advance(0);
    expect(device.woken()).toBe(1);
    device.put("/19/0/0", Buffer.from("up"));
    expect(device.woken()).toBe(2);
    expect(device.notifications).toEqual([]);
    device.observations.setWay("open");
    expect(values(device)).toEqual(["90", "up"]);
  });

  it("tells each datum of a host even while a Confirmable notification waits for its answer", async () => {
    const device = createManagedDevice();
    device.request("GET", "/19/0/0", { observe: 0 });
    await device.clock.advance(DAY_MS);
    for (const data of ["one", "two", "three"]) device.put("/19/0/0", Buffer.from(data));
    expect(values(device)).toEqual(["one", "two", "three"]);
    expect(device.notifications.map(({ confirmable }) => confirmable)).toEqual([true, false, false]);
  });

  it("of what was kept in a day's absence, confirms the last of each relation", async () => {
    const device = createManagedDevice();
    device.request("GET", "/3/0/9", { observe: 0, token: "01" });
    device.request("GET", "/19/0/0", { observe: 0, token: "02" });
    device.observations.setWay("offline");
    await device.clock.advance(DAY_MS);
    device.put("/19/0/0", Buffer.from("a"));
    device.put("/19/0/0", Buffer.from("b"));
    device.batteryPercent(50);
    await device.clock.advance(0);
    device.observations.setWay("open");
    expect(device.notifications.map(({ response, confirmable }) => [textOf(response), confirmable])).toEqual([
      ["a", false],
      ["b", true],
      ["50", true],
    ]);
  });

  it("goes on after a reboot where it stopped, missing no change, the first notification Confirmable", async () => {
    const before = createManagedDevice();
    before.request("GET", "/3/0/9", { observe: 0, token: "ab" });
    before.request("GET", "/3/0/0", { observe: 0, token: "cd" });
    const kept = JSON.parse(JSON.stringify(before.observations.dump()));
    const after = createManagedDevice();
    after.batteryPercent(33);
    after.observations.restore(kept);
    await after.clock.advance(1000);
    expect(
      after.notifications.map(({ token, response, confirmable }) => [token, textOf(response), confirmable]),
    ).toEqual([["ab", "33", true]]);
    expect(after.relations).toEqual([]);
  });

  it("tells after a reboot what it does not know to have been told", async () => {
    const before = createManagedDevice();
    before.request("GET", "/3/0/9", { observe: 0, token: "01" });
    before.request("GET", "/3/0/7", { observe: 0, token: "02" });
    before.request("GET", "/19/0/0", { observe: 0, token: "03" }); // empty
    before.request("PUT", "/3/0/9?pmin=3600");
    before.observations.setWay("offline");
    before.modem.update((state) => ({ battery: { ...state.battery, millivolts: 3300 } }));
    await before.clock.advance(0);
    const after = createManagedDevice();
    after.modem.update((state) => ({ battery: { ...state.battery, millivolts: 3300 } }));
    after.observations.restore(before.observations.dump());
    await after.clock.advance(1000);
    expect(after.notifications.map(({ token }) => token)).toEqual(["02"]);
    const unsure = createManagedDevice();
    unsure.observations.restore(before.observations.dump().map(({ told: _, ...record }) => record));
    await unsure.clock.advance(1000);
    expect(unsure.notifications.map(({ token }) => token)).toEqual(["01", "02", "03"]);
  });

  it("numbers its notifications in 24 bits, rising, a reboot in between or not", async () => {
    const before = createManagedDevice();
    const first = before.request("GET", "/3/0/9", { observe: 0 }).observe!;
    for (const percent of [99, 98, 97]) {
      before.batteryPercent(percent);
      await before.clock.advance(0);
    }
    const numbers = before.notifications.map(({ response }) => response.observe!);
    expect(numbers.map((each, i) => each - (numbers[i - 1] ?? first))).toEqual([1, 1, 1]);
    const after = createManagedDevice();
    await after.clock.advance(5000);
    after.observations.restore(before.observations.dump());
    after.batteryPercent(5);
    await after.clock.advance(0);
    expect(after.notifications[0]!.response.observe).toBe((numbers.at(-1)! + 5000 - 3) & 0xffffff);
    await after.clock.advance(2 ** 24);
    after.notifications[0]!.outcome("acknowledged");
    after.batteryPercent(4);
    await after.clock.advance(0);
    expect(after.notifications[1]!.response.observe).toBeLessThan(2 ** 24);
  });

  it("leaves nothing behind when the link is closed", async () => {
    const device = createManagedDevice();
    device.request("PUT", "/3/0?pmax=10");
    device.request("GET", "/3/0/9", { observe: 0 });
    await device.clock.advance(0);
    device.observations.close();
    device.observations.close();
    expect(device.clock.pending()).toBe(0);
    device.batteryPercent(1);
    await device.clock.advance(60_000);
    expect(device.notifications).toEqual([]);
    expect(device.clock.pending()).toBe(0);
    expect(device.request("GET", "/3/0/9", { observe: 0 }).observe).toBeUndefined();
  });

  it("gives its subscriptions back when the link is closed", () => {
    const { registry, access, attributes, modem, clock } = createManagedDevice();
    let watchers = 0;
    const counted = () => {
      watchers++;
      return () => void watchers--;
    };
    const observations = createObservations({
      shortServerId: 102,
      registry: { ...registry, onChange: counted },
      access,
      attributes: { ...attributes, onChange: counted },
      modem: { ...modem, onChange: counted },
      runtime: { clock, random: createSeededRandom(1), log: silentLog },
      notify() {},
    });
    expect(watchers).toBe(3);
    observations.close();
    expect(watchers).toBe(0);
  });
});
