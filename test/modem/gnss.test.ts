import { describe, expect, it } from "vitest";
import { createGnss } from "#modem/gnss";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import type { ModemState, Position } from "#modem/state";
import { hardware } from "../support/hardware.js";
import { openDevice } from "../support/lwm2m-device.js";
import { createManualClock } from "../support/manual-clock.js";

const BERLIN: Position = {
  latitude: 52.52,
  longitude: 13.405,
  altitudeM: 34,
  uncertaintyM: 10,
  speedMs: 0,
  courseDeg: 0,
};
/** One degree of latitude, m. */
const DEGREE_M = 111_195;

const northBy = (metres: number): Position => ({ ...BERLIN, latitude: BERLIN.latitude + metres / DEGREE_M });

function open(intervalMs = 3000, distanceM = 1) {
  const clock = createManualClock();
  const initial = createInitialState(hardware);
  const modem = createModem({ ...initial, power: { ...initial.power, phase: "running" } });
  createGnss({ modem, clock, limits: () => ({ gpsMinIntervalMs: intervalMs, gpsMinDistanceM: distanceM }) });
  const start = clock.now();
  const fixes: Array<[second: number, latitude: number | undefined]> = [];
  modem.onChange((now, before) => {
    if (now.fix !== before.fix) fixes.push([(clock.now() - start) / 1000, now.fix?.latitude]);
  });
  const set = (change: (state: ModemState) => Partial<ModemState>) => modem.update(change);
  return { clock, modem, fixes, set, moveTo: (position: Position | undefined) => modem.update({ position }) };
}

describe("the GNSS receiver", () => {
  it("[BG-090] brings a fix at once, and the next no sooner than after the interval", async () => {
    const { clock, fixes, moveTo } = open();
    moveTo(BERLIN);
    await clock.advance(500);
    for (let metres = 10; metres <= 60; metres += 10) {
      moveTo(northBy(metres));
      await clock.advance(1000);
    }
    await clock.advance(60_000);
    expect(fixes).toEqual([
      [0, BERLIN.latitude],
      [3, northBy(30).latitude],
      [6, northBy(60).latitude],
    ]);
  });

  it.each([
    [99, 100, 1],
    [101, 100, 2],
    [0.5, 1, 1],
    [5, 1, 2],
    [0, 1, 1],
  ])("[BG-091] a move of %d m is told with a distance of %d m in %i fixes", async (metres, distanceM, expected) => {
    const { clock, fixes, moveTo } = open(1000, distanceM);
    moveTo(BERLIN);
    await clock.advance(5000);
    moveTo(northBy(metres));
    await clock.advance(5000);
    expect(fixes).toHaveLength(expected);
  });

  it("[BG-091] counts the way since the fix that was told, in every direction, also upwards", async () => {
    const { clock, fixes, moveTo } = open(1000, 100);
    moveTo(BERLIN);
    await clock.advance(5000);
    moveTo(northBy(60));
    await clock.advance(5000);
    moveTo(northBy(-60));
    await clock.advance(5000);
    expect(fixes).toHaveLength(1);
    moveTo({ ...BERLIN, longitude: BERLIN.longitude + 150 / DEGREE_M }); // a degree of longitude is shorter here
    await clock.advance(5000);
    expect(fixes).toHaveLength(1);
    moveTo({ ...BERLIN, altitudeM: BERLIN.altitudeM + 100 });
    await clock.advance(5000);
    expect(fixes).toHaveLength(2);
  });

  it("[BG-090] with a distance of 0 a module at rest has a new fix each interval, at most one a second", async () => {
    const slow = open(2000, 0);
    slow.moveTo(BERLIN);
    await slow.clock.advance(10_000);
    expect(slow.fixes.map(([second]) => second)).toEqual([0, 2, 4, 6, 8, 10]);
    const restless = open(0, 0);
    restless.moveTo(BERLIN);
    await restless.clock.advance(3000);
    expect(restless.fixes.map(([second]) => second)).toEqual([0, 1, 2, 3]);
  });

  it("costs no timer at rest", async () => {
    const { clock, moveTo } = open();
    moveTo(BERLIN);
    await clock.advance(10_000);
    expect(clock.pending()).toBe(0);
  });

  it.each<[string, Partial<ModemState>, Partial<ModemState>]>([
    ["switched off", { gnss: { enabled: false, faulty: false } }, { gnss: { enabled: true, faulty: false } }],
    ["broken", { gnss: { enabled: true, faulty: true } }, { gnss: { enabled: true, faulty: false } }],
    ["out of sight of satellites", { position: undefined }, { position: BERLIN }],
  ])("has no fix while it is %s, and a new one after", async (_, away, back) => {
    const { clock, modem, moveTo, set } = open();
    moveTo(BERLIN);
    await clock.advance(10_000);
    set(() => away);
    await clock.advance(10_000);
    expect(modem.state.fix).toBeUndefined();
    set(() => back);
    await clock.advance(10_000);
    expect(modem.state.fix).toMatchObject({ latitude: BERLIN.latitude });
  });

  it("dates its fixes by the module's clock", async () => {
    const { clock, modem, moveTo, set } = open();
    set(({ time }) => ({ time: { ...time, offsetMs: 3_600_000 } }));
    moveTo(BERLIN);
    await clock.advance(0);
    expect(modem.state.fix?.takenAtMs).toBe(clock.now() + 3_600_000);
  });

  it("[BG-090][BG-091] follows GPS_MIN_INTERVAL and GPS_MIN_DISTANCE of lwm2m_cfg, Table 4's where they are missing", async () => {
    const { clock, modem, efs, power } = openDevice();
    let fixes = 0;
    modem.onChange((now, before) => {
      if (now.fix && now.fix !== before.fix) fixes++;
    });
    const walk = async () => {
      fixes = 0;
      for (let second = 1; second <= 60; second++) {
        modem.update({ position: northBy(second * 10) });
        await clock.advance(1000);
      }
      return fixes;
    };
    expect(await walk()).toBe(21); // 3000 ms, 1 m
    for (const [cfg, expected] of [
      ["{\nGPS_MIN_INTERVAL=10000;\n}", 7],
      ["{\nGPS_MIN_INTERVAL=1000;\nGPS_MIN_DISTANCE=195;\n}", 3],
    ] as const) {
      efs.write("/datatx/lwm2m_cfg", cfg);
      power.cut();
      power.on();
      await clock.advance(20_000);
      expect(await walk()).toBe(expected);
    }
  });
});
