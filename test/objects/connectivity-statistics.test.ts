import { describe, expect, it } from "vitest";
import { createRegistry } from "#lwm2m/registry";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createTrafficMeter } from "#modem/traffic-meter";
import { connectivityStatistics } from "#objects/connectivity-statistics";
import { hardware } from "../support/hardware.js";
import { openDevice } from "../support/lwm2m-device.js";
import { createManualClock } from "../support/manual-clock.js";

/** IPv4 and UDP headers. */
const HEADERS = 28;

function open() {
  const clock = createManualClock();
  const modem = createModem(createInitialState(hardware));
  const meter = createTrafficMeter(modem, clock);
  const registry = createRegistry([connectivityStatistics(modem, { meter, after: clock.after })]);
  return {
    clock,
    modem,
    count: meter.count,
    /** Tx and Rx Data, Max and Average Message Size. */
    counted: () => [2, 3, 4, 5].map((resourceId) => registry.value(7, 0, resourceId)),
    execute: (resourceId: 6 | 7) => registry.execute({ objectId: 7, instanceId: 0, resourceId }, new Map()),
    setPeriod: (value: number) =>
      registry.write(
        { objectId: 7, instanceId: 0, resourceId: 8 },
        { kind: "resource", id: 8, type: "integer", value },
        "replace",
      ),
    period: () => registry.value(7, 0, 8),
  };
}

describe("Object 7, Connectivity Statistics", () => {
  it("[BG-040] counts IP packets with their headers, in kilobytes, the largest and the average one in bytes", async () => {
    const { clock, count, counted } = open();
    for (let i = 0; i < 10; i++) count("out", 100 - HEADERS);
    for (let i = 0; i < 5; i++) count("in", 499 - HEADERS);
    count("in", 10);
    await clock.advance(1000);
    expect(counted()).toEqual([1, 2, 499, Math.round((1000 + 5 * 499 + 10 + HEADERS) / 16)]);
  });

  it("begins with Start and ends with Stop to the byte, whatever has not been carried over yet", async () => {
    const { clock, count, counted, execute } = open();
    count("out", 9000);
    execute(6);
    expect(counted()).toEqual([0, 0, 0, 0]);
    count("out", 2000 - HEADERS);
    execute(7);
    expect(counted()).toEqual([2, 0, 2000, 2000]);
    count("in", 9000);
    await clock.advance(10_000);
    expect(counted()).toEqual([2, 0, 2000, 2000]);
    execute(6);
    count("in", 3000 - HEADERS);
    await clock.advance(1000);
    expect(counted()).toEqual([0, 3, 3000, 3000]);
  });

  it("stops by itself after the Collection Period, which holds for each Start", async () => {
    const { clock, count, counted, execute, setPeriod, period } = open();
    setPeriod(60);
    for (let round = 1; round <= 2; round++) {
      execute(6);
      await clock.advance(59_999);
      count("out", 3000);
      await clock.advance(1);
      count("out", 9000);
      await clock.advance(10_000);
      expect(counted().slice(0, 2)).toEqual([3, 0]);
    }
    expect(period()).toBe(60);
  });

  it("is not stopped by the period of an earlier Start, of before Stop or of before a boot", async () => {
    const { clock, modem, count, counted, execute, setPeriod } = open();
    setPeriod(60);
    execute(6);
    await clock.advance(40_000);
    execute(7);
    setPeriod(0);
    execute(6);
    await clock.advance(40_000);
    count("out", 3000);
    await clock.advance(1000);
    expect(counted()[0]).toBe(3);

    setPeriod(60);
    execute(6);
    await clock.advance(40_000);
    execute(6);
    await clock.advance(40_000);
    count("out", 3000);
    await clock.advance(1000);
    expect(counted()[0]).toBe(3);

    execute(6);
    await clock.advance(40_000);
    modem.update(({ power, traffic }) => ({
      power: { ...power, boots: power.boots + 1 },
      traffic: { ...traffic, periodS: 0 },
    }));
    await clock.advance(40_000);
    count("out", 3000);
    await clock.advance(1000);
    expect(counted()[0]).toBe(3);
  });

  it("tells which share of the link's rate the last minute used, and none after an idle one", async () => {
    const { clock, modem, count } = open();
    const shares: number[] = [];
    modem.onChange((now, before) => {
      if (now.linkUtilisationPercent !== before.linkUtilisationPercent) shares.push(now.linkUtilisationPercent);
    });
    // CAT-M1: 375 kbit/s, 2 812 500 bytes a minute
    for (let i = 0; i < 281; i++) count("in", 1000 - HEADERS);
    for (let i = 0; i < 99; i++) count("out", 1000 - HEADERS);
    await clock.advance(60_000);
    expect(shares).toEqual([10]);
    await clock.advance(60_000);
    expect(shares).toEqual([10, 0]);
    // CAT-NB1: 70 kbit/s up
    modem.update(({ radio }) => ({ radio: { ...radio, technology: "CAT-NB1" } }));
    for (let i = 0; i < 600; i++) count("out", 1000 - HEADERS);
    await clock.advance(60_000);
    expect(shares).toEqual([10, 0, 100]);
  });

  it("counts what DTLS adds to each message", async () => {
    const registered = async (scheme: "coap" | "coaps") => {
      const mode = scheme === "coaps" ? 0 : 3;
      const ini = `
{"bn":"/0/1/","e":[{"n":"0","sv":"${scheme}://192.0.2.1:5684"},{"n":"1","bv":false},{"n":"2","v":${mode}},{"n":"3","sv":"aWQ="},{"n":"5","sv":"a2V5"},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
      const device = openDevice({ autostart: true, files: { "/datatx/bootstrap.ini": ini } });
      await device.clock.advance(60_000);
      return device.modem.state.traffic;
    };
    const clear = await registered("coap");
    const sealed = await registered("coaps");
    expect(clear).toMatchObject({ txPackets: 1, rxPackets: 1 });
    expect([sealed.txBytes - clear.txBytes, sealed.rxBytes - clear.rxBytes]).toEqual([29, 29]);
  });

  it("counts nothing of before a boot", async () => {
    const { clock, modem, count, counted } = open();
    count("out", 3000);
    modem.update(({ power }) => ({ power: { ...power, boots: power.boots + 1 } }));
    await clock.advance(1000);
    expect(counted()).toEqual([0, 0, 0, 0]);
  });

  it("costs no timer while nothing passes", async () => {
    const { clock, count } = open();
    expect(clock.pending()).toBe(0);
    count("out", 100);
    await clock.advance(120_000);
    expect(clock.pending()).toBe(0);
  });
});
