import { describe, expect, it } from "vitest";
import { createInitialState, type Hardware } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { type BootProfile, createPower } from "#modem/power";
import { silentLog } from "#runtime";
import { hardware } from "../support/hardware.js";
import { createManualClock } from "../support/manual-clock.js";

function openModule(profile: BootProfile, change: Partial<Hardware> = {}) {
  const clock = createManualClock();
  const modem = createModem(createInitialState({ ...hardware, ...change }));
  const power = createPower({ modem, clock, log: silentLog, profile });
  createNetwork({ modem, clock, log: silentLog, profile });
  const events: string[] = [];
  modem.onChange((now, before) => {
    const note = (what: string, changed: boolean) => changed && events.push(`${clock.monotonic()} ${what}`);
    note(now.power.phase, now.power.phase !== before.power.phase);
    note("functionality reported", now.power.ready && !before.power.ready);
    note("application ready", now.power.appReady && !before.power.appReady);
    note(`SIM ${now.sim.status}`, now.sim.status !== before.sim.status);
    note("SMS done", now.power.smsDone && !before.power.smsDone);
    note(`registration ${now.registration.eps}`, now.registration.eps !== before.registration.eps);
    note("powered down", now.power.poweredDown && !before.power.poweredDown);
  });
  return { clock, modem, power, events };
}

describe("power", () => {
  it("boots with the timing of a real module", async () => {
    const { clock, power, events } = openModule("realistic");
    power.on();
    await clock.advance(60_000);
    expect(events).toEqual([
      "0 booting",
      "4900 running",
      "5000 functionality reported",
      "6000 application ready",
      "6300 SIM READY",
      "6300 registration 2",
      "7800 SMS done",
      "9300 registration 1",
    ]);
  });

  it("boots in under a second by default, and at once on demand", async () => {
    const fast = openModule("fast");
    fast.power.on();
    await fast.clock.advance(1000);
    expect(fast.events.at(-1)).toMatch(/^\d{2,3} SMS done$/);
    expect(fast.modem.state.registration.eps).toBe(1);
    const instant = openModule("instant");
    instant.power.on();
    expect(instant.modem.state.registration.eps).toBe(1);
    expect(instant.modem.state.power.smsDone).toBe(true);
  });

  it("loses everything volatile at a restart and keeps what the module stores", async () => {
    const { clock, modem, power } = openModule("instant");
    power.on();
    modem.update({
      settings: { iotopmode: "2" },
      pdp: {
        1: { type: "IP", apn: "a", user: "", password: "", authentication: 0, active: true, address: "10.0.0.1" },
      },
    });
    power.restart();
    await clock.advance(1000);
    expect(modem.state.power).toMatchObject({ phase: "running", boots: 2 });
    expect(modem.state.pdp[1]).toMatchObject({ apn: "a", active: false, address: undefined });
    expect(modem.state.settings).toEqual({ iotopmode: "2" });
  });

  it("browns out: power goes and is back, unless it is lost again or the modem is closed meanwhile", async () => {
    const { clock, modem, power } = openModule("instant");
    power.on();
    power.brownOut();
    expect(modem.state.power.phase).toBe("off");
    await clock.advance(0);
    expect(modem.state.power).toMatchObject({ phase: "running", boots: 2 });
    for (const end of [power.cut, power.close]) {
      power.brownOut();
      end();
      await clock.advance(10_000);
      expect(modem.state.power).toMatchObject({ phase: "off", boots: 2 });
    }
  });

  it("lets the client take its leave before it goes, but not for longer than 5 s", async () => {
    const { clock, modem, power, events } = openModule("instant");
    power.on();
    power.onGoingDown(() => new Promise(() => {}));
    power.off();
    await clock.advance(4000);
    expect(modem.state.power.phase).toBe("running");
    await clock.advance(2000);
    expect(events.slice(-4).map((each) => each.replace(/^\d+ /, ""))).toEqual([
      "powered down",
      "off",
      "SIM NOT READY",
      "registration 0",
    ]);
    expect(modem.state.power.phase).toBe("off");
  });

  it("stays off when it is cut on its way down, whatever the client finishes then", async () => {
    const { clock, modem, power } = openModule("instant");
    power.on();
    const leaving: Array<() => void> = [];
    power.onGoingDown(() => new Promise((resolve) => void leaving.push(resolve)));
    power.restart();
    await clock.advance(1000);
    power.cut();
    leaving[0]!();
    await clock.advance(60_000);
    expect(modem.state.power).toMatchObject({ phase: "off", boots: 1 });
  });

  it("goes on with the boot that is under way, not with one that was cut", async () => {
    const { clock, power, events } = openModule("fast");
    const held: Array<() => void> = [];
    power.onBoot((proceed) => void held.push(proceed));
    power.on();
    power.cut();
    power.on();
    held[0]!();
    await clock.advance(5000);
    expect(events).toEqual(["0 booting", "0 off", "0 booting"]);
    held[1]!();
    held[1]!();
    await clock.advance(5000);
    expect(events.filter((each) => each.endsWith("SIM READY"))).toHaveLength(1);
    expect(events.at(-1)).toMatch(/SMS done$/);
  });

  it("initialises the SIM again when functionality returns from minimum", async () => {
    const { clock, modem, power, events } = openModule("fast");
    power.on();
    await clock.advance(2000);
    power.setFunctionality(0);
    expect(modem.state).toMatchObject({ sim: { status: "NOT READY" }, registration: { eps: 0 } });
    events.length = 0;
    power.setFunctionality(1);
    await clock.advance(2000);
    expect(events.map((each) => each.replace(/^\d+ /, ""))).toEqual([
      "SIM READY",
      "registration 2",
      "registration 1",
      "SMS done",
    ]);
  });

  it("does not finish the SIM once functionality is at its minimum again", async () => {
    const { clock, modem, power, events } = openModule("realistic");
    power.on();
    await clock.advance(60_000);
    power.setFunctionality(0);
    power.setFunctionality(1);
    await clock.advance(100);
    power.setFunctionality(0);
    events.length = 0;
    await clock.advance(60_000);
    expect(events).toEqual([]);
    expect(modem.state.sim.status).toBe("NOT READY");
  });

  it("stays without network where the SIM asks for its PIN, is absent, or there is no coverage", async () => {
    const { sim, network } = hardware;
    for (const change of [
      { sim: { ...sim, pin: "1234" } },
      { sim: { ...sim, present: false } },
      { network: { ...network, coverage: false } },
    ]) {
      const { modem, power } = openModule("instant", change);
      power.on();
      expect([0, 2]).toContain(modem.state.registration.eps);
    }
  });

  it("loses its calls with its cell, and its place in the packet network with its functionality", () => {
    const { modem, power } = openModule("instant");
    power.on();
    const context = {
      type: "IP",
      apn: "a",
      user: "",
      password: "",
      authentication: 0,
      active: true,
      address: "10.0.0.1",
    } as const;
    modem.update({ pdp: { 1: context } });
    const { detaches } = modem.state.network;
    modem.update((state) => ({ network: { ...state.network, coverage: false } }));
    expect(modem.state.pdp[1]).toMatchObject({ active: false, address: undefined });
    expect(modem.state.network).toMatchObject({ attached: false, detaches });
    modem.update((state) => ({ network: { ...state.network, coverage: true } }));
    power.setFunctionality(4);
    expect(modem.state.network).toMatchObject({ attached: false, detaches: detaches + 1 });
  });

  it("follows coverage and roaming", () => {
    const { modem, power } = openModule("instant");
    power.on();
    modem.update((state) => ({ network: { ...state.network, coverage: false } }));
    expect(modem.state.registration.eps).toBe(2);
    modem.update((state) => ({ network: { ...state.network, coverage: true, roaming: true } }));
    expect(modem.state.registration.eps).toBe(5);
  });
});
