import { describe, expect, it } from "vitest";
import { DEFAULTS } from "#config";
import { KNOBS, KnobError, knobValues, turnKnob } from "#control/knobs";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";

function open() {
  const modem = createModem(createInitialState(DEFAULTS));
  return { modem, turn: (path: string, value: unknown) => turnKnob(modem, path, value) };
}

describe("a knob", () => {
  it("changes what it names and nothing beside it", () => {
    const { modem, turn } = open();
    const before = modem.state;
    turn("battery.charging", 1);
    expect(modem.state).toEqual({ ...before, battery: { ...before.battery, charging: 1 } });
  });
  it("of the charge takes the voltage along, from the least the module runs on to a full cell", () => {
    const { modem, turn } = open();
    const voltages = [100, 84, 85, 50, 21, 20, 11, 10, 1, 0].map((percent) => {
      turn("battery.percent", percent);
      return modem.state.battery.millivolts;
    });
    expect(voltages).toEqual([4100, 3895, 3900, 3740, 3643, 3640, 3577, 3570, 3327, 3300]);
  });
  it.each([
    [
      ["battery.percent", 42],
      ["battery.millivolts", 3600],
    ],
    [
      ["battery.millivolts", 3600],
      ["battery.percent", 42],
    ],
  ] as const)("of the charge leaves a voltage that was set by itself: %j, %j", (...turns) => {
    const { modem, turn } = open();
    for (const [path, value] of turns) turn(path, value);
    expect(modem.state.battery).toMatchObject({ percent: 42, millivolts: 3600 });
  });
  it.each(Object.keys(KNOBS))("%s takes the value it has, and stays as it is", (path) => {
    const { modem, turn } = open();
    const before = modem.state;
    turn(path, knobValues(modem)[path]);
    expect(modem.state).toEqual(before);
  });
  it("takes a position as text, and none to lose it", () => {
    const { modem, turn } = open();
    turn("fix", "52.52,-13.405,34");
    const still = { altitudeM: 34, uncertaintyM: 10, speedMs: 0, courseDeg: 0 };
    expect(modem.state.position).toEqual({ latitude: 52.52, longitude: -13.405, ...still });
    turn("fix", "-90,180,-1.5,0,2.5,359.9");
    const moving = { altitudeM: -1.5, uncertaintyM: 0, speedMs: 2.5, courseDeg: 359.9 };
    expect(modem.state.position).toEqual({ latitude: -90, longitude: 180, ...moving });
    turn("fix", "none");
    expect(modem.state.position).toBeUndefined();
  });
  it("takes one word of those there are", () => {
    const { modem, turn } = open();
    turn("radio.technology", "GSM");
    expect(modem.state.radio).toMatchObject({ technology: "GSM", band: 900 });
    expect(() => turn("radio.technology", "UMTS")).toThrow("radio.technology: takes one of CAT-M1, CAT-NB1, GSM");
  });
  it("takes the card out of its slot and puts it in again", () => {
    const { modem, turn } = open();
    turn("sim.inserted", true);
    expect(modem.state.sim.card).toBe("READY");
    for (let times = 0; times < 2; times++) {
      turn("sim.inserted", false);
      expect(modem.state.sim).toMatchObject({ status: "NOT INSERTED", card: "NOT INSERTED", removed: "READY" });
    }
    turn("sim.inserted", true);
    expect(modem.state.sim).toMatchObject({ status: "NOT READY", card: "READY", removed: undefined });
  });
  it.each([
    ["sim.inserted", "no"],
    ["network.powerSaving", 1],
    ["network.zoneQuarters", 57],
    ["sensors.temperatureC", 86],
    ["battery.percent", 101],
    ["battery.percent", -1],
    ["battery.percent", 1.5],
    ["battery.percent", "42"],
    ["battery.percent", null],
    ["network.coverage", 1],
    ["radio.rssiDbm", 0],
    ["memory.freeKb", 10_000_000],
    ["fix", "52.52"],
    ["fix", "91,0"],
    ["fix", "1,2,,3"],
    ["fix", "1,2,3,4,5,6,7"],
    ["fix", "1,2,3,-4"],
    ["fix", "1,2,3,4,-5"],
    ["fix", "1,2,1e300"],
    ["fix", "1,2,3,1e300"],
    ["fix", "1,2,3,4,1e308"],
    ["fix", "1,2,3,4,5,1e308"],
    ["fix", "1,2,3,4,5,-1"],
    ["gnss.faulty", "yes"],
    ["fix", {}],
  ])("%s refuses %j and changes nothing", (path, value) => {
    const { modem, turn } = open();
    const before = modem.state;
    expect(() => turn(path, value)).toThrow(new KnobError(`${path}: takes ${KNOBS[path]?.takes}`));
    expect(modem.state).toBe(before);
  });
  it.each(["battery", "battery.percents", "__proto__", "constructor", ""])("there is none named %j", (path) => {
    expect(() => open().turn(path, 1)).toThrow(`${path}: no such setting, there are battery.percent, `);
  });
});

describe("the knob of short messages", () => {
  it("sends one to the module, and drops those that wait", () => {
    const { modem, turn } = open();
    turn("sms", "+491701234567: hello: you");
    turn("sms", "Ann:hi");
    expect(modem.state.sms.waiting).toEqual([
      { from: { digits: "491701234567", type: 145 }, text: "hello: you" },
      { from: { digits: "Ann", type: 208 }, text: "hi" },
    ]);
    turn("sms", "none");
    expect(modem.state.sms.waiting).toEqual([]);
  });
  it("says what it takes", () => {
    const { turn } = open();
    expect(() => turn("sms", "hello")).toThrow('sms: takes "number: text"');
    for (let count = 0; count < 100; count++) turn("sms", "1: x");
    expect(() => turn("sms", "1: x")).toThrow("sms: too many messages wait");
  });
});
