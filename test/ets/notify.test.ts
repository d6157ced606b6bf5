/** When a notification is due, and how it is sent. */
import { describe, expect, it } from "vitest";
import { block } from "../support/coap-bytes.ts";
import { FORMAT, get, numberOf, OPTION, post, put, text } from "./ask.ts";
import { account, openRegistered, type RawDevice, walk } from "./raw-device.ts";

const DAY_MS = 86_400_000;
const battery = ({ modem }: RawDevice, percent: number) =>
  modem.update((state) => ({ battery: { ...state.battery, percent } }));

/** Observes `path` under token aa with these attributes. */
async function openWatched(path: string, attributes: string, lifetimeS = 300): Promise<RawDevice> {
  const device = await openRegistered({ ini: account(1, 102, lifetimeS) });
  if (attributes) await walk(device.server, [[put(`${path}?${attributes}`), "2.04"]]);
  await walk(device.server, [[get(path, { observe: 0, token: "aa" }), "2.05"]]);
  device.server.take();
  return device;
}

/** Notifications since the last look as "<seconds after `start`> <payload>". */
const told = ({ server }: RawDevice, start: number) =>
  server.responses().map(({ atMs, message }) => `${(atMs - start) / 1000} ${message.payload}`);

describe("periods", () => {
  it("LightweightM2M-1.0-int-301 TD_LWM2M_1_INT_301 LightweightM2M-1.0-int-660 keep notifications at least pmin and at most pmax apart", async () => {
    const device = await openRegistered();
    const { server, clock, modem } = device;
    await walk(server, [
      [get("/3/0/6"), "2.05"],
      [put("/3/0/7?pmin=5&pmax=15"), "2.04"],
      [put("/3/0/8?pmin=10&pmax=20"), "2.04"],
      [get("/3/0/7", { observe: 0, token: "07" }), "2.05"],
      [get("/3/0/8", { observe: 0, token: "08" }), "2.05"],
    ]);
    server.take();
    const at: Record<string, number[]> = { "07": [clock.monotonic()], "08": [clock.monotonic()] };
    for (let second = 0; second < 120; second++) {
      if (second < 60) {
        modem.update((state) => ({ battery: { ...state.battery, millivolts: 3700 + second, milliamps: second } }));
      }
      await clock.advance(1000);
      for (const { atMs, message } of server.responses()) {
        expect(numberOf(message, OPTION.observe)).toBeGreaterThan(0);
        at[message.token]!.push(atMs);
      }
    }
    for (const [token, pmin, pmax] of [
      ["07", 5, 15],
      ["08", 10, 20],
    ] as const) {
      const gaps = at[token]!.slice(1).map((each, index) => (each - at[token]![index]!) / 1000);
      expect(Math.min(...gaps)).toBe(pmin);
      expect(Math.max(...gaps)).toBe(pmax);
    }
  });

  it.each([
    ["LightweightM2M-1.0-int-710", "/4/0", "the whole of Connectivity Monitoring"],
    ["LightweightM2M-1.0-int-810", "/6/0", "the whole of Location"],
  ])("%s %s between 2 and 10 s apart: %s", async (_, path) => {
    const device = await openWatched(path, "pmin=2&pmax=10");
    const { server, clock, modem } = device;
    const start = clock.monotonic();
    for (let second = 1; second <= 6; second++) {
      const fix = {
        latitude: second,
        longitude: 2.5,
        altitudeM: 3,
        uncertaintyM: 4,
        speedMs: 5,
        courseDeg: 6,
        takenAtMs: 0,
      };
      modem.update((state) => ({ fix, radio: { ...state.radio, rsrpDbm: -80 - second } }));
      await clock.advance(1000);
    }
    await clock.advance(20_000);
    const heard = server.responses();
    expect(heard.map(({ atMs }) => (atMs - start) / 1000)).toEqual([2, 4, 6, 16, 26]);
    for (const { message } of heard) {
      expect(numberOf(message, OPTION.contentFormat)).toBe(FORMAT.tlv);
      expect(message.payload.length).toBeGreaterThan(15);
    }
  });

  it("LightweightM2M-1.0-int-910 follow the counters of Connectivity Statistics while they run, until cancelled", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    await walk(server, [
      [put("/7/0?pmin=2&pmax=10"), "2.04"],
      [put("/7/0/8", text("0")), "2.04"],
      [get("/7/0", { observe: 0, token: "aa" }), "2.05"],
      [post("/7/0/6"), "2.04"],
    ]);
    server.take();
    await clock.advance(21_000);
    expect(server.responses().length).toBeGreaterThanOrEqual(2);
    await walk(server, [
      [post("/7/0/7"), "2.04"],
      [get("/7/0", { observe: 1, token: "aa" }), "2.05"],
    ]);
    server.take();
    await clock.advance(60_000);
    expect(server.responses()).toEqual([]);
  });

  it("ANJ-OB-09 without pmax there is silence while nothing changes", async () => {
    const device = await openWatched("/3/0/9", "");
    await device.clock.advance(200_000);
    expect(device.server.responses()).toEqual([]);
  });

  it("ANJ-OB-10 a pmax that comes later counts from then on", async () => {
    const device = await openWatched("/3/0/9", "");
    const start = device.clock.monotonic();
    await walk(device.server, [[put("/3/0/9?pmax=2"), "2.04"]]);
    device.server.take();
    await device.clock.advance(6_000);
    expect(told(device, start)).toEqual(["2 100", "4 100", "6 100"]);
  });

  it("ANJ-OB-11 a pmax below pmin does not count", async () => {
    const device = await openWatched("/3/0/9", "pmin=2&pmax=1");
    await device.clock.advance(30_000);
    expect(device.server.responses()).toEqual([]);
  });

  it("ANJ-OB-12 a pmax of 0 does not count", async () => {
    const device = await openWatched("/3/0/9", "pmax=0");
    await device.clock.advance(30_000);
    expect(device.server.responses()).toEqual([]);
  });

  it("LES-OB-05 pmin holds a change back", async () => {
    const device = await openWatched("/3/0/9", "pmin=1");
    const start = device.clock.monotonic();
    battery(device, 90);
    await device.clock.advance(500);
    battery(device, 80);
    await device.clock.advance(2000);
    battery(device, 70);
    await device.clock.advance(2000);
    expect(told(device, start)).toEqual(["1 80", "2.5 70"]);
  });

  it("LES-OB-06 pmax sends without a change", async () => {
    const device = await openWatched("/3/0/9", "pmax=1");
    const start = device.clock.monotonic();
    await device.clock.advance(3_000);
    expect(told(device, start)).toEqual(["1 100", "2 100", "3 100"]);
  });
});

describe("thresholds", () => {
  it.each([
    ["LES-OB-08", "lt=50", [80, 60, 50, 40, 30], ["40"]],
    ["LES-OB-09", "gt=105", [103, 105, 106, 110], ["106"]],
    ["LES-OB-10", "st=10", [95, 91, 90, 85, 99, 100, 105], ["90", "100"]],
  ] as const)(
    "%s with %s only the crossing, or a step from the value last sent, is told",
    async (_, attributes, values, expected) => {
      const device = await openWatched("/3/0/9", attributes);
      for (const value of values) {
        battery(device, value);
        await device.clock.advance(100);
      }
      expect(device.server.responses().map(({ message }) => message.payload.toString())).toEqual(expected);
    },
  );
});

describe("how it is sent", () => {
  it("RFC7641-02 numbered in 24 bits, each newer than the one before, around the end of the numbers, too", async () => {
    const device = await openWatched("/3/0/9", "", 10 * 86_400);
    const { clock, server } = device;
    const numbers: number[] = [];
    for (let step = 0; step < 12; step++) {
      // three at one moment, then the better part of the two hours in which a number may not come again
      for (let change = 0; change < 3; change++) {
        battery(device, 10 + ((3 * step + change) % 80));
        await clock.advance(0);
      }
      numbers.push(...server.responses().map(({ message }) => numberOf(message, OPTION.observe)!));
      await clock.advance(7_000_000);
    }
    expect(numbers).toHaveLength(36);
    expect(Math.max(...numbers)).toBeLessThan(2 ** 24);
    expect(numbers.filter((each, i) => i > 0 && each < numbers[i - 1]!).length).toBeGreaterThan(2);
    for (const [i, number] of numbers.entries()) {
      const before = i === 0 ? number - 1 : numbers[i - 1]!;
      const isNewer = before < number ? number - before < 2 ** 23 : before - number > 2 ** 23; // RFC 7641 §3.4
      expect(isNewer, `${before} then ${number}`).toBe(true);
    }
  });

  it("ANJ-OB-14 what is due without service is kept, a bounded number of the newest, and sent when there is service", async () => {
    const device = await openWatched("/3/0/9", "", 86_400);
    const { clock, server, modem } = device;
    modem.update((state) => ({ network: { ...state.network, coverage: false } }));
    for (let percent = 99; percent > 49; percent--) {
      battery(device, percent);
      await clock.advance(10);
    }
    expect(server.responses()).toEqual([]);
    modem.update((state) => ({ network: { ...state.network, coverage: true } }));
    await clock.advance(10);
    const kept = server.responses().map(({ message }) => message.payload.toString());
    expect(kept).toEqual(Array.from({ length: 32 }, (_, index) => String(81 - index)));
    expect(device.logged.filter((line) => line.startsWith("a stored notification is lost"))).toHaveLength(50 - 32);
  });

  it("ANJ-OB-02 RFC7641-15 Confirmable once in 24 h, else not", async () => {
    const device = await openWatched("/3/0/9", "", 10 * 86_400);
    const { server, clock } = device;
    battery(device, 90);
    await clock.advance(DAY_MS);
    battery(device, 80);
    await clock.advance(10);
    const heard = server.responses().map(({ message }) => message);
    expect(heard.map(({ type }) => type)).toEqual(["NON", "CON"]);
    await server.send({ type: "ACK", code: "0.00", mid: heard[1]!.mid });
    battery(device, 70);
    await clock.advance(10);
    expect(server.responses().map(({ message }) => message.type)).toEqual(["NON"]);
  });

  it("RFC7641-08 TD_COAP_OBS_05 ends the observation when a Confirmable one is never acknowledged", async () => {
    const device = await openWatched("/3/0/9", "", 10 * 86_400);
    const { server, clock } = device;
    await clock.advance(DAY_MS);
    battery(device, 90);
    await clock.advance(100_000);
    expect(server.responses().map(({ message }) => message.type)).toEqual(Array(5).fill("CON"));
    battery(device, 80);
    await clock.advance(100_000);
    expect(server.responses()).toEqual([]);
  });

  it("RFC7641-09 TD_COAP_OBS_11 never two Confirmable ones at once, and the newest state at last", async () => {
    const device = await openWatched("/3/0/9", "", 10 * 86_400);
    const { server, clock } = device;
    await clock.advance(DAY_MS);
    battery(device, 90);
    await clock.advance(100);
    const first = server.responses()[0]!.message;
    battery(device, 80);
    await clock.advance(500);
    battery(device, 70);
    await clock.advance(500);
    expect(server.responses()).toEqual([]);
    await clock.advance(3_000);
    const again = server.responses().map(({ message }) => message);
    expect(again).toHaveLength(1);
    await server.send({ type: "ACK", code: "0.00", mid: again[0]!.mid });
    await clock.advance(100);
    const last = [first, ...again, ...server.responses().map(({ message }) => message)].at(-1)!;
    expect(last.payload.toString()).toBe("70");
  });

  it("ANJ-OB-18 in blocks when large, the rest to be had by plain Reads", async () => {
    const { server, clock } = await openRegistered();
    const body = (fill: string) => fill.repeat(1500);
    const write = async (fill: string, token: string) => {
      await walk(server, [
        [
          put("/19/1/0", {
            format: FORMAT.opaque,
            payload: body(fill).slice(0, 1024),
            block1: block(0, 1, 1024),
            token,
          }),
          "2.31",
        ],
        [
          put("/19/1/0", { format: FORMAT.opaque, payload: body(fill).slice(1024), block1: block(1, 0, 1024), token }),
          "2.04",
        ],
      ]);
    };
    await write("a", "01");
    const first = await server.ask(get("/19/1/0", { observe: 0, token: "aa" }));
    expect(numberOf(first, OPTION.block2)).toBe(block(0, 1, 1024));
    expect(numberOf(first, OPTION.observe)).toBeGreaterThanOrEqual(0);
    server.take();
    await write("b", "02");
    await clock.advance(10);
    const heard = server.responses().find(({ message }) => message.token === "aa")!.message;
    expect(numberOf(heard, OPTION.block2)).toBe(block(0, 1, 1024));
    expect(numberOf(heard, OPTION.observe)).toBeGreaterThan(0);
    const rest = await server.ask(get("/19/1/0", { block2: block(1, 0, 1024), token: "03" }));
    expect(numberOf(rest, OPTION.observe)).toBeUndefined();
    expect(numberOf(rest, OPTION.block2)).toBe(block(1, 0, 1024));
    expect(Buffer.concat([heard.payload, rest.payload]).toString()).toBe(body("b"));
    await write("c", "04");
    await clock.advance(10);
    expect(server.responses().some(({ message }) => message.token === "aa" && message.payload[0] === 0x63)).toBe(true);
  });
});
