import { describe, expect, it } from "vitest";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { createPower } from "#modem/power";
import { activeSeconds, createPowerSaving, grantedEdrx, grantedPsm, tauSeconds } from "#modem/power-saving";
import { createTrafficMeter } from "#modem/traffic-meter";
import { type Log, silentLog } from "#runtime";
import { hardware } from "../support/hardware.js";
import { createManualClock } from "../support/manual-clock.js";

/** 10 s and 1 h. */
const PSM = "1,00100001,00000101";

async function open(
  settings: Readonly<Record<string, string>> = { cpsms: PSM },
  wantedAwakeMs = () => 0,
  whyAwake = () => "an application",
) {
  const reasons: unknown[] = [];
  const log: Log = {
    ...silentLog,
    info: (fields, message) => void reasons.push({ message, ...fields }),
  };
  const clock = createManualClock();
  const modem = createModem(createInitialState(hardware, settings));
  const power = createPower({ modem, clock, log: silentLog, profile: "instant" });
  createNetwork({ modem, clock, log: silentLog, profile: "instant" });
  const meter = createTrafficMeter(modem, clock);
  createPowerSaving({ modem, power, clock, log, lastTrafficMs: () => meter.lastMs, wantedAwakeMs, whyAwake });
  power.on();
  const told = () => reasons.splice(0);
  return { clock, modem, power, pass: () => meter.count("out", 100), told };
}
/** PSM POWER DOWN is told this long before power goes. */
const LAST_WORDS_MS = 250;
const HOUR_MS = 3_600_000;

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
    // T3412 has run since the module had nothing more to say
    await clock.advance(HOUR_MS - 10_000 - LAST_WORDS_MS - 1);
    expect(modem.state.power.phase).toBe("off");
    await clock.advance(1);
    expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false, boots: 2 });
    await clock.advance(10_250);
    expect(modem.state.power.phase).toBe("off");
  });

  it.each([true, false])(
    "begins the wait anew with whatever passes, whether Object 7 counts it (%s) or not",
    async (collecting) => {
      const { clock, modem, pass } = await open();
      modem.update(({ traffic }) => ({ traffic: { ...traffic, collecting } }));
      for (let times = 0; times < 10; times++) {
        await clock.advance(9999);
        pass();
      }
      await clock.advance(9999);
      expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false });
      await clock.advance(1);
      expect(modem.state.power.sleeping).toBe(true);
      // and so does the time to the periodic update
      await clock.advance(HOUR_MS - 10_001);
      expect(modem.state.power.phase).toBe("off");
      await clock.advance(1);
      expect(modem.state.power.phase).toBe("running");
    },
  );

  it("waits for an application that wants the module awake, as long as it says so", async () => {
    let wanted = Number.POSITIVE_INFINITY;
    const { clock, modem } = await open(undefined, () => wanted);
    await clock.advance(60_000);
    expect(modem.state.power.sleeping).toBe(false);
    wanted = 80_000;
    await clock.advance(19_000);
    expect(modem.state.power.sleeping).toBe(false);
    await clock.advance(1001);
    expect(modem.state.power.sleeping).toBe(true);
  });

  it("tells why it is not entered although it is granted, once for each reason and once more after each sleep", async () => {
    const message = "PSM is granted, but the module stays awake";
    let wanted = Number.POSITIVE_INFINITY;
    let why = "a request is open";
    const { clock, modem, pass, told } = await open(
      undefined,
      () => wanted,
      () => why,
    );
    await clock.advance(9999);
    expect(told()).toEqual([]); // the active time is the network's
    await clock.advance(30_000);
    expect(told()).toEqual([{ message, reason: "a request is open" }]);
    wanted = 60_000;
    why = "an application runs";
    for (let times = 0; times < 5; times++) {
      pass();
      await clock.advance(59_000);
    }
    expect(told()).toEqual([{ message, reason: "an application runs" }]);
    await clock.advance(2000);
    expect(modem.state.power.sleeping).toBe(true);
    await clock.advance(HOUR_MS);
    expect([modem.state.power.boots, told()]).toEqual([2, [{ message, reason: "an application runs" }]]);
  });

  it("tells of the threshold of AT+QPSMCFG and of a download, and of nothing where PSM is not granted", async () => {
    const message = "PSM is granted, but the module stays awake";
    const { clock, modem, told } = await open({ cpsms: "1,10000001,00000001" }); // 30 s, 2 s
    const set = async (change: Record<string, string>) => {
      modem.update(({ settings }) => ({ settings: { ...settings, ...change } }));
      await clock.advance(1000);
      return told();
    };
    const threshold = (s: number, sleepS: number) => ({
      message,
      reason: `AT+QPSMCFG asks for a sleep of ${s} s at least, and this one would last ${sleepS} s`,
    });
    await clock.advance(60_000);
    expect(told()).toEqual([threshold(60, 28)]);
    expect(await set({ qpsmcfg: "40,4" })).toEqual([threshold(40, 28)]);
    expect(await set({ cpsms: "1,10000001,00111111" })).toEqual([threshold(40, 0)]);
    expect(await set({ cpsms: "0,10000001,00000001" })).toEqual([]);
    expect(await set({ cpsms: PSM })).toEqual([]);
    modem.update(({ firmware }) => ({ firmware: { ...firmware, update: { ...firmware.update, state: 1 } } }));
    await clock.advance(100_000);
    expect(told()).toEqual([{ message, reason: "a package is being downloaded" }]);
  });

  it("lasts until the next periodic update where some have come due before it began", async () => {
    const { clock, modem } = await open({ cpsms: "1,10100010,00000001" }, () => 250_000); // 2 min, 2 s
    await clock.advance(250_000);
    expect(modem.state.power.sleeping).toBe(true);
    await clock.advance(109_999);
    expect(modem.state.power.boots).toBe(1);
    await clock.advance(1);
    expect(modem.state.power.boots).toBe(2);
  });

  it.each([
    ["60,4", "00000001", "00101000", "enters"], // 10 min, 8 min
    ["120,4", "00000001", "00101000", "enters"],
    ["121,4", "00000001", "00101000", "does not enter"],
    ["20,4", "10000001", "00000001", "enters"], // 30 s, 2 s
    ["60,4", "10000001", "00000001", "does not enter"],
    ["60,4", "11100000", "00000001", "enters"], // no periodic update at all
  ])(
    "with AT+QPSMCFG=%s, an update each %s and an active time of %s, it %s deep sleep",
    async (qpsmcfg, tau, active, what) => {
      const { clock, modem } = await open({ cpsms: `1,${tau},${active}`, qpsmcfg });
      expect(grantedPsm(modem.state)).toBeDefined();
      await clock.advance(600_000 - 1);
      expect(modem.state.power.boots > 1 || modem.state.power.sleeping).toBe(what === "enters");
    },
  );

  it("sleeps until PWRKEY without a periodic update", async () => {
    const { clock, modem, power } = await open({ cpsms: "1,11100000,00000001" });
    await clock.advance(365 * 24 * HOUR_MS);
    expect(modem.state.power).toMatchObject({ phase: "off", sleeping: true, boots: 1 });
    expect(clock.pending()).toBe(0);
    power.on();
    expect(modem.state.power.boots).toBe(2);
  });

  it.each([
    ["lost", "cut"],
    ["switched off", "off"],
  ] as const)("is over when power is %s, and nothing wakes the module then", async (_, order) => {
    const { clock, modem, power } = await open();
    const { detaches } = modem.state.network;
    await clock.advance(20_000);
    expect(modem.state.power.sleeping).toBe(true);
    power[order]();
    await clock.advance(24 * HOUR_MS);
    expect(modem.state.power).toMatchObject({ phase: "off", sleeping: false, boots: 1 });
    expect(modem.state.network.detaches).toBe(detaches + 1);
    expect(clock.pending()).toBe(0);
  });

  it.each(["restart", "brownOut"] as const)("ends with a %s as with PWRKEY", async (order) => {
    const { clock, modem, power } = await open();
    await clock.advance(20_000);
    power[order]();
    await clock.advance(0);
    expect(modem.state.power).toMatchObject({ phase: "running", sleeping: false, boots: 2 });
    await clock.advance(5000);
    expect(clock.pending()).toBe(1); // the active time alone
  });

  it("counts anew with other timers, and is not entered any more once it is switched off", async () => {
    const { clock, modem } = await open();
    const set = (change: Record<string, string>) =>
      modem.update(({ settings }) => ({ settings: { ...settings, ...change } }));
    await clock.advance(9000);
    set({ cpsms: "1,00100001,00000110" }); // 12 s
    await clock.advance(11_999);
    expect(modem.state.power.sleeping).toBe(false);
    set({ "qcfg/psm/enter": "1" });
    await clock.advance(500);
    set({ cpsms: "0,00100001,00000110" });
    await clock.advance(HOUR_MS);
    expect(modem.state.power.sleeping).toBe(false);
    expect(clock.pending()).toBe(0);
  });

  it("lets the clock run on, and ends GNSS", async () => {
    const { clock, modem, power } = await open({ cpsms: PSM, ctzu: "1" });
    modem.update(({ time }) => ({
      time: { ...time, offsetMs: 5000 },
      gnssSession: { untilMs: Number.POSITIVE_INFINITY },
    }));
    await clock.advance(20_000);
    expect(modem.state).toMatchObject({ gnssSession: undefined, time: { offsetMs: 5000, synchronised: false } });
    power.on();
    expect(modem.state.time).toMatchObject({ offsetMs: 0, synchronised: true }); // AT+CTZU: the network has told it
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

  it("waits for the end of the connection to the millisecond where psm/enter says so", async () => {
    const { clock, modem, pass } = await open({ cpsms: PSM, "qcfg/psm/enter": "1" });
    await clock.advance(600);
    pass();
    await clock.advance(999);
    expect(modem.state.power.sleeping).toBe(false);
    await clock.advance(1);
    expect(modem.state.power.sleeping).toBe(true);
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
    const { modem } = await open({ "edrx/4": "0010", "edrx/5": "0101", "qcfg/iotopmode": "2" });
    expect(grantedEdrx(modem.state)).toEqual({ type: 4, value: "0010", window: "0011" });
    modem.update(({ radio }) => ({ radio: { ...radio, technology: "CAT-NB1" } }));
    expect(grantedEdrx(modem.state)).toEqual({ type: 5, value: "0101", window: "0011" });
    modem.update(({ radio }) => ({ radio: { ...radio, technology: "GSM" } }));
    expect(grantedEdrx(modem.state)).toBeUndefined();
  });
});
