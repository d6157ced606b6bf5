/** Queue mode at a whole device: when it hears, when it does not, and what it says first when it wakes. */
import { describe, expect, it } from "vitest";
import type { Link, LinkEvents } from "#coap/link";
import { createQueueMode } from "#lwm2m/queue-mode";
import { get, nameOf, post, put, text } from "../ets/ask.ts";
import {
  answer,
  NOTHING,
  openRegistered,
  type RawDevice,
  SECOND_ACCOUNT,
  SERVER_ACCOUNT,
  walk,
} from "../ets/raw-device.ts";
import { isRequest } from "../ets/raw-server.ts";
import { createManualClock } from "../support/manual-clock.ts";

/** As the module is shipped, lwm2m_cfg has ACK_TIMEOUT=30. */
const AWAKE_MS = 30_000;
const bound = (binding: string, ini = SERVER_ACCOUNT) => ini.replace('"sv":"U"', `"sv":"${binding}"`);
const openQueued = (ini = bound("UQ")) => openRegistered({ ini });
/** ACK_TIMEOUT=5: shorter than the time between retransmissions. */
const SHORT = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nACK_TIMEOUT=5;\n}\n" };

const battery = ({ modem }: RawDevice, percent: number) =>
  modem.update((state) => ({ battery: { ...state.battery, percent } }));
const state = ({ client }: RawDevice) => client.status.servers.map((each) => each.state).join(" ");
/** What the Server has heard since the last look: requests by name, notifications by payload; empty messages left out. */
const heard = ({ server }: RawDevice) =>
  server
    .take()
    .map(({ message }) => (isRequest(message) ? nameOf(message) : message.payload.toString()))
    .filter((line) => line !== "");

/** Asleep, with an observation of `path` under token aa. */
async function openAsleep(path = "/3/0/9", query = "", ini = bound("UQ")): Promise<RawDevice> {
  const device = await openQueued(ini);
  if (query) await walk(device.server, [[put(`${path}?${query}`), "2.04"]]);
  await walk(device.server, [[get(path, { observe: 0, token: "aa" }), "2.05"]]);
  await device.clock.advance(AWAKE_MS + 1);
  expect(state(device)).toBe("asleep");
  device.server.take();
  return device;
}

describe("a device in Queue mode", () => {
  it("[BG-015][BG-078][ZE-069] listens for ACK_TIMEOUT after the last message, then is deaf, and says so to the operator", async () => {
    const device = await openQueued();
    const { server, clock } = device;
    for (let i = 0; i < 3; i++) {
      await clock.advance(AWAKE_MS - 200);
      await walk(server, [[get("/3/0/1"), "2.05"]]);
    }
    await clock.advance(AWAKE_MS - 1);
    expect(state(device)).toBe("registered");
    await clock.advance(1);
    expect(state(device)).toBe("asleep");
    server.take();
    await server.send({ type: "CON", code: "0.01", mid: 1, token: "bb", options: get("/3/0/1").options ?? [] });
    await clock.advance(1000);
    expect(server.take()).toEqual([]);
    device.client.update(0, false);
    await clock.advance(20_000);
    expect(heard(device)).toEqual(["POST /rd/1"]); // what came meanwhile is lost, not late
    expect(state(device)).toBe("registered");
  });

  it.each(["U", "US"])("[BG-015] is none with binding %s", async (binding) => {
    const device = await openQueued(bound(binding));
    await device.clock.advance(200_000);
    await walk(device.server, [[get("/3/0/1"), "2.05"]]);
  });

  it("[OM-023] sleeps with UQS as with UQ", async () => {
    const device = await openQueued(bound("UQS"));
    await device.clock.advance(AWAKE_MS + 100);
    expect(state(device)).toBe("asleep");
  });

  it("[ZE-076] wakes for a change that is due: Update, its answer, then the notification", async () => {
    const device = await openAsleep();
    let answered = false;
    device.rescript((request) => (answered ? undefined : nameOf(request) === "POST /rd/1" ? NOTHING : undefined));
    battery(device, 90);
    await device.clock.advance(1500);
    expect(heard(device)).toEqual(["POST /rd/1"]);
    answered = true;
    await device.clock.advance(5000);
    expect(heard(device)).toEqual(["POST /rd/1", "90"]);
    await walk(device.server, [[get("/3/0/1"), "2.05"]]);
    await device.clock.advance(AWAKE_MS);
    expect(state(device)).toBe("asleep");
  });

  it("wakes for pmax", async () => {
    const device = await openAsleep("/3/0/9", "pmax=100");
    await device.clock.advance(69_000);
    expect(heard(device)).toEqual([]);
    await device.clock.advance(2000);
    expect(heard(device)).toEqual(["POST /rd/1", "100"]);
  });

  it("wakes for a host's uplink data, which a Server does not miss even where /1/x/6 keeps nothing", async () => {
    const device = await openAsleep("/19/0/0", "", bound("UQ").replace('"n":"6","bv":true', '"n":"6","bv":false'));
    device.client.uplink(19, "one");
    device.client.uplink(19, "two");
    await device.clock.advance(1000);
    expect(heard(device)).toEqual(["POST /rd/1", "one", "two"]);
  });

  it("drops what is due while asleep where /1/x/6 keeps nothing, and does not wake for it", async () => {
    const device = await openAsleep("/3/0/9", "", bound("UQ").replace('"n":"6","bv":true', '"n":"6","bv":false'));
    battery(device, 90);
    await device.clock.advance(100_000);
    expect(heard(device)).toEqual([]);
    await device.clock.advance(100_000);
    expect(heard(device)).toEqual(["POST /rd/1"]);
    battery(device, 80);
    await device.clock.advance(10);
    expect(heard(device)).toEqual(["80"]);
  });

  it("[OM-024] hears after its periodic Update what the Server has held back", async () => {
    const device = await openAsleep();
    device.rescript((request, server) => {
      if (nameOf(request) !== "POST /rd/1") return undefined;
      queueMicrotask(
        () => void server.send({ type: "CON", code: "0.01", mid: 7, token: "bb", options: get("/3/0/1").options! }),
      );
      return undefined;
    });
    await device.clock.advance(208_000 - AWAKE_MS);
    expect(heard(device)).toEqual(["POST /rd/1", "BG96"]);
  });

  it("does not sleep while a Confirmable notification waits for its Acknowledgement", async () => {
    const device = await openRegistered({ ini: bound("UQ").replace('"v":300', '"v":1000000'), files: SHORT });
    await walk(device.server, [[get("/3/0/9", { observe: 0, token: "aa" }), "2.05"]]);
    await device.clock.advance(86_400_000);
    expect(state(device)).toBe("asleep");
    battery(device, 90);
    for (let second = 0; second < 60; second++) {
      await device.clock.advance(1000);
      expect(state(device)).toBe("registered");
    }
    await device.clock.advance(60_000);
    expect(state(device)).toBe("asleep");
    expect(device.logged.join("\n")).toContain("an observation has ended: the server does not acknowledge");
  });

  it("does not sleep while its Update waits for an answer", async () => {
    const device = await openRegistered({ ini: bound("UQ"), files: SHORT });
    let tries = 0;
    device.rescript(() => (++tries < 4 ? NOTHING : undefined));
    device.client.update(0, false);
    for (let second = 0; second < 15; second++) {
      await device.clock.advance(1000);
      expect(state(device)).toBe("updating");
    }
    await device.clock.advance(10_000);
    expect(tries).toBe(4);
    expect(device.servers).toHaveLength(1);
    expect(state(device)).toMatch(/registered|asleep/);
  });

  it("de-registers from its sleep, and hears the answer", async () => {
    const device = await openAsleep();
    const left = device.client.deregister();
    await device.clock.advance(100);
    await left;
    expect(heard(device)).toEqual(["DELETE /rd/1"]);
    expect(device.logged.join("\n")).not.toContain("not answered in time");
  });

  it("follows the Binding that a Server writes, from the Update that tells of it", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    await walk(server, [[put("/1/1/7", text("UQ")), "2.04"]]);
    await clock.advance(100);
    expect(server.requests().at(-1)).toBe("POST /rd/1?b=UQ");
    await clock.advance(AWAKE_MS);
    expect(state(device)).toBe("asleep");
    device.client.update(0, false);
    await clock.advance(100);
    await walk(server, [[put("/1/1/7", text("U")), "2.04"]]);
    await clock.advance(200_000);
    expect(state(device)).toBe("registered");
  });

  it("sleeps towards one Server and listens to another", async () => {
    const device = await openRegistered({ ini: `${bound("UQ")}\n${SECOND_ACCOUNT}` });
    await device.clock.advance(AWAKE_MS + 1000);
    expect(state(device)).toBe("asleep registered");
    await walk(device.servers[1]!, [[get("/3/0/1"), "2.05"]]);
    expect(state(device)).toBe("asleep registered");
  });

  it("keeps what is due while there is no service, and tells it after the Update once there is", async () => {
    const device = await openAsleep();
    const coverage = (there: boolean) =>
      device.modem.update((now) => ({ network: { ...now.network, coverage: there } }));
    coverage(false);
    for (const percent of [90, 80]) {
      battery(device, percent);
      await device.clock.advance(1000);
    }
    expect(heard(device)).toEqual([]);
    expect(state(device)).toBe("asleep");
    coverage(true);
    await device.clock.advance(1000);
    expect(heard(device)).toEqual(["POST /rd/1", "90", "80"]);
  });

  it("registers anew where the Server has forgotten it meanwhile, and tells nobody what was due", async () => {
    const device = await openAsleep();
    device.rescript((request) => (nameOf(request) === "POST /rd/1" ? answer(request, "4.04") : undefined));
    battery(device, 90);
    await device.clock.advance(10_000);
    expect(device.servers).toHaveLength(2);
    expect(device.servers[0]!.responses()).toEqual([]);
    expect(device.servers[1]!.responses()).toEqual([]);
    await device.clock.advance(AWAKE_MS);
    expect(state(device)).toBe("asleep");
  });

  it("answers the Execute of the Update trigger before the Update, awake as it is", async () => {
    const device = await openQueued();
    await walk(device.server, [[post("/1/1/8"), "2.04"]]);
    await device.clock.advance(100);
    expect(device.server.requests().at(-1)).toBe("POST /rd/1");
  });
});

describe("a link over which the device sleeps", () => {
  function openSleeper() {
    const clock = createManualClock();
    const told: string[] = [];
    let far: LinkEvents | undefined;
    const link: Link = {
      localPort: 1,
      description: "test",
      listen: (events) => {
        far = events;
      },
      send: (datagram) => void told.push(`sent ${datagram}`),
      close: () => void told.push("closed"),
    };
    const queueMode = createQueueMode({
      clock,
      awakeMs: 10_000,
      isWaiting: () => false,
      onUpdateWanted: () => void told.push("update"),
      onState: () => void told.push(queueMode.state.is),
    });
    return { clock, told, queueMode, far: () => far!, open: () => queueMode.over(async () => link)({} as never) };
  }

  it("is told of its end when it wakes, not before: nobody reacts asleep", async () => {
    const { clock, told, queueMode, far, open } = openSleeper();
    const link = await open();
    link.listen({ message: (datagram) => void told.push(`heard ${datagram}`), closed: (why) => void told.push(why) });
    queueMode.handle({ type: "answered", queued: true });
    await clock.advance(9000);
    far().message(Buffer.from("a"));
    await clock.advance(9999);
    expect(told).not.toContain("asleep");
    await clock.advance(1);
    far().message(Buffer.from("b"));
    far().closed("gone");
    await clock.advance(60_000);
    expect(told).toEqual(["awake", "heard a", "asleep"]);
    link.send(Buffer.from("c"));
    await clock.advance(0);
    expect(told.slice(3)).toEqual(["waking", "sent c", "gone"]);
  });

  it("of an earlier registration ends without a word into the new one", async () => {
    const { clock, told, queueMode, far, open } = openSleeper();
    (await open()).listen({ message() {}, closed: (why) => void told.push(why) });
    queueMode.handle({ type: "answered", queued: true });
    await clock.advance(10_000);
    far().closed("gone");
    queueMode.begin({ is: "listening" });
    queueMode.handle({ type: "answered", queued: true });
    await clock.advance(1000);
    expect(told).toEqual(["awake", "asleep", "listening", "awake"]);
  });
});
