/** What the network does to the module, and what AT+QCFG lets it look for. */
import { describe, expect, it } from "vitest";
import { attachOrdered, detachOrdered } from "#modem/attach-order";
import { bandsOf, channelOf, isInMask } from "#modem/bands";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { createPower } from "#modem/power";
import { inForce, isSought, SEARCH_DEFAULTS, searchesBefore } from "#modem/search-settings";
import type { AccessTechnology, ModemState } from "#modem/state";
import { silentLog } from "#runtime";
import { hardware } from "../support/hardware.ts";
import { createManualClock } from "../support/manual-clock.ts";

function open(settings: Readonly<Record<string, string>> = {}, profile: "instant" | "fast" = "instant") {
  const clock = createManualClock();
  const modem = createModem(createInitialState(hardware, settings));
  const logged: string[] = [];
  const log = {
    ...silentLog,
    warn: (fields: object, message: string) => void logged.push(message + JSON.stringify(fields)),
  };
  const power = createPower({ modem, clock, log, profile });
  createNetwork({ modem, clock, log, profile });
  power.on();
  const network = (parts: Partial<ModemState["network"]>) =>
    modem.update((state) => ({ network: { ...state.network, ...parts } }));
  const radio = (parts: Partial<ModemState["radio"]>) =>
    modem.update((state) => ({ radio: { ...state.radio, ...parts } }));
  const set = (key: string, value: string) =>
    modem.update((state) => ({ settings: { ...state.settings, [`qcfg/${key}`]: value } }));
  return { clock, modem, power, logged, network, radio, set, eps: () => modem.state.registration.eps };
}

describe("a network that denies registration", () => {
  it("takes the module out and tells why; when it relents, the module searches and is in again", async () => {
    const { clock, modem, network, logged, eps } = open({}, "fast");
    await clock.advance(5000);
    expect(modem.state.network.attached).toBe(true);
    const { detaches } = modem.state.network;
    network({ rejectCause: 11 });
    expect(eps()).toBe(3);
    expect(modem.state).toMatchObject({ defaultBearer: undefined, moduleCalls: [] });
    expect(modem.state.network).toMatchObject({ attached: false, detaches: detaches + 1, endedBy: "NW" });
    expect(logged).toEqual(['the network denies registration{"cause":11}']);
    await clock.advance(3_600_000);
    expect(eps()).toBe(3);
    network({ rejectCause: 0 });
    expect(eps()).toBe(2);
    await clock.advance(80);
    expect(eps()).toBe(1);
    expect(modem.state.network.attached).toBe(true);
  });

  it("is asked again after every search, at another cell or after AT+COPS", async () => {
    const { clock, network, eps } = open({}, "fast");
    await clock.advance(5000);
    network({ rejectCause: 15, selection: 2 });
    expect(eps()).toBe(0);
    network({ selection: 0 });
    expect(eps()).toBe(2);
    await clock.advance(80);
    expect(eps()).toBe(3);
    network({ coverage: false });
    expect(eps()).toBe(2);
  });
});

describe("a search", () => {
  it("takes its time for each technology before the cell's, or as long as the network is told to take", async () => {
    for (const [settings, searchS, ms] of [
      [{}, undefined, 80],
      [{ "qcfg/nwscanseq": "0103", "qcfg/iotopmode": "2" }, undefined, 240],
      [{ "qcfg/nwscanseq": "0103" }, undefined, 160],
      [{ "qcfg/nwscanseq": "01", "qcfg/nwscanmode": "3" }, undefined, 80],
      [{}, 30, 30_000],
    ] as const) {
      const { clock, network, eps } = open(settings, "fast");
      await clock.advance(5000);
      network({ coverage: false, searchS });
      network({ coverage: true });
      await clock.advance(ms - 1);
      expect(eps()).toBe(2);
      await clock.advance(1);
      expect(eps()).toBe(1);
    }
    const { eps, network } = open();
    network({ coverage: false, searchS: 0 });
    network({ coverage: true });
    expect(eps()).toBe(1);
  });

  it.each([
    ["nwscanmode", "0", ["CAT-M1", "GSM"]],
    ["nwscanmode", "1", ["GSM"]],
    ["nwscanmode", "3", ["CAT-M1"]],
    ["iotopmode", "0", ["CAT-M1", "GSM"]],
    ["iotopmode", "1", ["CAT-NB1", "GSM"]],
    ["iotopmode", "2", ["CAT-M1", "CAT-NB1", "GSM"]],
    ["band", "0x1,0x1000,0xa0e189f", ["CAT-M1", "GSM"]],
    ["band", "0x2,0x400a0e089f,0xa0e189f", []],
  ])('AT+QCFG="%s",%s finds %j', (key, value, found) => {
    const { eps, radio, set } = open();
    set(key, value);
    const technologies: readonly AccessTechnology[] = ["CAT-M1", "CAT-NB1", "GSM"];
    const registered = technologies.filter((technology) => {
      radio({ technology, band: technology === "GSM" ? 900 : 13 });
      return eps() === 1;
    });
    expect(registered).toEqual(found);
  });

  it("tells in the log why nothing is found in a network that is there", () => {
    const { set, logged, network } = open();
    set("nwscanmode", "1");
    set("nwscanmode", "0");
    set("roamservice", "1");
    network({ roaming: true });
    network({ roaming: false });
    set("servicedomain", "0");
    expect(logged).toEqual([
      'the cell in reach is none that AT+QCFG lets the module look for{"technology":"CAT-M1","band":13}',
      'AT+QCFG keeps the module from registering here{"technology":"CAT-M1","roaming":true}',
      'AT+QCFG keeps the module from registering here{"technology":"CAT-M1","roaming":false}',
    ]);
  });

  it("by another order has another length; technologies that are not named come last", () => {
    const { state } = open().modem;
    const at = (nwscanseq: string, technology: AccessTechnology, settings: Readonly<Record<string, string>> = {}) =>
      searchesBefore({
        ...state,
        settings: { "qcfg/nwscanseq": nwscanseq, "qcfg/iotopmode": "2", ...settings },
        radio: { ...state.radio, technology },
      });
    expect([at("00", "CAT-M1"), at("00", "CAT-NB1"), at("00", "GSM")]).toEqual([1, 2, 3]);
    expect([at("010302", "CAT-M1"), at("03", "CAT-NB1"), at("03", "CAT-M1"), at("0303", "GSM")]).toEqual([3, 1, 2, 3]);
    expect(at("0103", "CAT-NB1", { "qcfg/nwscanmode": "3" })).toBe(1);
  });

  it("leaves at once where a setting forbids the cell, with new addresses when it is back; a lost cell keeps them", () => {
    const { modem, set, network } = open();
    const address = () => modem.state.defaultBearer?.address;
    const first = address();
    network({ coverage: false });
    expect(address()).toBeUndefined();
    network({ coverage: true });
    expect(address()).toBe(first);
    set("nwscanmode", "1");
    expect(modem.state.network).toMatchObject({ attached: false, endedBy: "ME" });
    set("nwscanmode", "0");
    expect(address()).not.toBe(first);
  });
});

describe("a setting with <effect> 0", () => {
  it("is kept, and holds from the next start on", () => {
    const { modem, power, eps } = open();
    modem.update((state) => ({
      settings: { "qcfg/nwscanmode": "1" },
      network: { ...state.network, untilRestart: { nwscanmode: "0" } },
    }));
    expect([eps(), inForce(modem.state, "nwscanmode")]).toEqual([1, "0"]);
    power.cut();
    power.on();
    expect([eps(), inForce(modem.state, "nwscanmode")]).toEqual([2, "1"]);
  });
});

describe("the attach", () => {
  it("does not come by itself with gprsattach 0, nor then LTE's registration, and not at all with circuits alone", () => {
    const { modem, set, network, radio, eps } = open({ "qcfg/gprsattach": "0" });
    expect([eps(), modem.state.network.attached, modem.state.defaultBearer]).toEqual([0, false, undefined]);
    set("gprsattach", "1");
    expect([eps(), modem.state.network.attached]).toEqual([1, true]);
    set("servicedomain", "0");
    expect(eps()).toBe(2);
    radio({ technology: "GSM", band: 900 });
    expect([eps(), modem.state.network.attached]).toEqual([1, false]);
    set("servicedomain", "2");
    network({ selection: 2 });
    network({ selection: 0 });
    expect(modem.state.network.attached).toBe(true);
  });

  it("stays as it is when the module begins to roam", () => {
    const { modem, network, radio, eps } = open();
    const { defaultBearer } = modem.state;
    network({ roaming: true });
    expect([eps(), modem.state.defaultBearer]).toEqual([5, defaultBearer]);
    radio({ technology: "GSM", band: 900 });
    modem.update((state) => detachOrdered(state, "ME"));
    network({ roaming: false });
    expect([eps(), modem.state.network.attached, modem.state.defaultBearer]).toEqual([1, false, undefined]);
  });

  it.each(["ME", "NW"] as const)("is LTE's registration: detached by %s, the module waits for an order", async (by) => {
    const { clock, modem, network, power, eps } = open({}, "fast");
    await clock.advance(5000);
    modem.update((state) => detachOrdered(state, by));
    expect([eps(), modem.state.network.attached, modem.state.network.endedBy]).toEqual([0, false, by]);
    network({ coverage: false });
    network({ coverage: true });
    await clock.advance(100_000);
    expect(eps()).toBe(0);
    modem.update(attachOrdered);
    expect(eps()).toBe(2);
    await clock.advance(80);
    expect([eps(), modem.state.network.attached]).toEqual([1, true]);
    for (const comesBack of [
      () => {
        power.setFunctionality(4);
        power.setFunctionality(1);
      },
      () => {
        power.cut();
        power.on();
      },
    ]) {
      modem.update((state) => detachOrdered(state, by));
      expect(eps()).toBe(0);
      comesBack();
      await clock.advance(5000);
      expect([eps(), modem.state.network.attached]).toEqual([1, true]);
    }
  });

  it("outlasts deep sleep, and no restart, where it does not come by itself", async () => {
    const { clock, modem, power, eps } = open({ "qcfg/gprsattach": "0" });
    modem.update(attachOrdered);
    expect(eps()).toBe(1);
    power.sleep();
    await clock.advance(1000);
    power.on();
    expect([eps(), modem.state.network.attached]).toEqual([1, true]);
    power.cut();
    power.on();
    expect([eps(), modem.state.network.attached]).toEqual([0, false]);
  });

  it("goes with packets alone on GSM, where the module stays registered", () => {
    const { modem, network, radio, eps } = open();
    radio({ technology: "GSM", band: 900 });
    modem.update((state) => detachOrdered(state, "ME"));
    expect([eps(), modem.state.network.attached]).toEqual([1, false]);
    network({ coverage: false });
    network({ coverage: true });
    expect([eps(), modem.state.network.attached]).toEqual([1, false]);
    radio({ technology: "CAT-M1", band: 13 });
    expect(eps()).toBe(0);
  });

  it("comes and goes on GSM as the domain is one of packets or of circuits alone", () => {
    const { modem, set, radio, eps } = open({ "qcfg/servicedomain": "0" });
    radio({ technology: "GSM", band: 900 });
    for (const [domain, isAttached] of [
      ["2", true],
      ["0", false],
      ["1", true],
    ] as const) {
      set("servicedomain", domain);
      expect([eps(), modem.state.network.attached]).toEqual([1, isAttached]);
    }
    radio({ technology: "CAT-M1", band: 13 });
    expect([eps(), modem.state.network.attached, modem.state.defaultBearer?.apn]).toEqual([1, true, "internet"]);
  });

  it("has a bearer on LTE, where a module comes from GSM, and takes it along to GSM", () => {
    const { modem, radio } = open();
    radio({ technology: "GSM", band: 900 });
    expect(modem.state.defaultBearer?.apn).toBe("internet");
    modem.update((state) => detachOrdered(state, "ME"));
    modem.update(attachOrdered);
    expect(modem.state.defaultBearer).toBeUndefined();
    radio({ technology: "CAT-M1", band: 13 });
    expect(modem.state.defaultBearer?.apn).toBe("internet");
  });
});

describe("the bands", () => {
  it("are those of the factory's masks, each with a channel", () => {
    const masks = SEARCH_DEFAULTS.band.split(",") as [string, string, string];
    for (const [index, technology] of (["GSM", "CAT-M1", "CAT-NB1"] as const).entries()) {
      const bands = technology === "GSM" ? [850, 900, 1800, 1900] : Array.from({ length: 64 }, (_, at) => at + 1);
      expect(bands.filter((band) => isInMask(masks[index]!, technology, band))).toEqual(bandsOf(technology));
      for (const band of bandsOf(technology)) expect(channelOf(technology, band)).toBeGreaterThan(0);
    }
    expect(channelOf("CAT-NB1", 39)).toBeUndefined();
    expect(isInMask("0x2", "GSM", 1800)).toBe(true);
    // a file of settings that somebody has edited
    for (const mask of ["", "0x", "zz", "-1", "0x1F"]) expect(isInMask(mask, "CAT-M1", 1)).toBe(true);
  });

  it("a module delivered for NB-IoT looks for it", () => {
    const state = createInitialState({ ...hardware, network: { ...hardware.network, technology: "CAT-NB1" } });
    expect([isSought(state), inForce(state, "iotopmode")]).toEqual([true, "1"]);
  });
});
