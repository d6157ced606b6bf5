import { describe, expect, it } from "vitest";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { createPower } from "#modem/power";
import { activeSeconds, createPowerSaving, grantedEdrx, grantedPsm, tauSeconds } from "#modem/power-saving";
import { silentLog } from "#runtime";
import { hardware } from "../support/hardware.js";
import { createManualClock } from "../support/manual-clock.js";

/** 10 s and 1 h. */
const PSM = "1,00100001,00000101";

async function open(settings: Readonly<Record<string, string>> = { cpsms: PSM }) {
  const clock = createManualClock();
  const modem = createModem(createInitialState(hardware, settings));
  const power = createPower({ modem, clock, log: silentLog, profile: "instant" });
  createNetwork({ modem, clock, profile: "instant" });
  createPowerSaving({ modem, power, clock });
  power.on();
  return { clock, modem, power };
}
const pass = (bytes: number) => (state: ReturnType<typeof createInitialState>) => ({
  traffic: { ...state.traffic, txBytes: state.traffic.txBytes + bytes },
});

describe("the timers of PSM", () => {
  // 3GPP TS 24.008 §10.5.7.4a (GPRS Timer 3) and §10.5.7.3 (GPRS Timer 2)
  it.each([
    ["00000001", 600],
    ["00100010", 7200],
    ["01000011", 108_000],
    ["01100100", 8],
    ["10000101", 150],
    ["10100110", 360],
    ["11000001", 1_152_000],
    ["11100000", undefined],
  ])("a periodic update of %s is %s s", (bits, expected) => {
    expect(tauSeconds(bits)).toBe(expected);
  });
  it.each([
    ["00000101", 10],
    ["00100010", 120],
    ["01000011", 1080],
    ["11100000", undefined],
  ])("an active time of %s is %s s", (bits, expected) => {
    expect(activeSeconds(bits)).toBe(expected);
  });
});

describe("PSM", () => {
  it("switches the module off after the active time, and on for the periodic update", async () => {
    const { clock, modem } = await open();
    await clock.advance(9999);
    expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false });
    await clock.advance(1 + 250);
    expect(modem.state.power).toMatchObject({ phase: "off", sleeping: true });
    await clock.advance(3_599_999);
    expect(modem.state.power.phase).toBe("off");
    await clock.advance(1);
    expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false, boots: 2 });
    await clock.advance(10_250);
    expect(modem.state.power.phase).toBe("off");
  });

  it("begins the wait anew with whatever passes", async () => {
    const { clock, modem } = await open();
    for (let times = 0; times < 10; times++) {
      await clock.advance(9000);
      modem.update(pass(100));
    }
    expect(modem.state.power.phase).toBe("running");
    await clock.advance(10_250);
    expect(modem.state.power.phase).toBe("off");
  });

  it("is left by PWRKEY, and the network has kept the module's address", async () => {
    const { clock, modem, power } = await open();
    const { detaches } = modem.state.network;
    await clock.advance(20_000);
    power.on();
    expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false });
    expect(modem.state.network.detaches).toBe(detaches);
    await clock.advance(5000);
    expect(clock.pending()).toBe(1); // the active time alone: no periodic update is left over
  });

  it("waits for nothing but the end of the connection where psm/enter says so", async () => {
    const { clock, modem } = await open({ cpsms: PSM, "qcfg/psm/enter": "1" });
    await clock.advance(1250);
    expect(modem.state.power.phase).toBe("off");
  });

  it.each([
    ["not asked for", { cpsms: "0,00100001,00000101" }, {}],
    ["asked for without an active time", { cpsms: "1,00100001,11100000" }, {}],
    ["damaged in memory", { cpsms: "1,2,3" }, {}],
    ["denied by the network", { cpsms: PSM }, { powerSaving: false }],
    ["out of reach", { cpsms: PSM }, { coverage: false }],
  ])("is not entered while it is %s", async (_, settings, network) => {
    const { clock, modem } = await open(settings);
    modem.update((state) => ({ network: { ...state.network, ...network } }));
    expect(grantedPsm(modem.state)).toBeUndefined();
    await clock.advance(100_000);
    expect(modem.state.power.phase).toBe("running");
    expect(clock.pending()).toBe(0);
  });
});

describe("eDRX", () => {
  it("is granted for the technology in use, with a paging time window", async () => {
    const { modem } = await open({ "edrx/4": "0010", "edrx/5": "0101" });
    expect(grantedEdrx(modem.state)).toEqual({ type: 4, value: "0010", window: "0011" });
    modem.update(({ radio }) => ({ radio: { ...radio, technology: "CAT-NB1" } }));
    expect(grantedEdrx(modem.state)).toEqual({ type: 5, value: "0101", window: "0011" });
    modem.update(({ radio }) => ({ radio: { ...radio, technology: "GSM" } }));
    expect(grantedEdrx(modem.state)).toBeUndefined();
  });
});
