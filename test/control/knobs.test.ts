import { describe, expect, it } from "vitest";
import { DEFAULTS } from "#config";
import { KNOBS, KnobError, turnKnob } from "#control/knobs";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createManualClock } from "../support/manual-clock.js";

function open() {
  const clock = createManualClock();
  const modem = createModem(createInitialState(DEFAULTS));
  return { clock, modem, turn: (path: string, value: unknown) => turnKnob(modem, clock, path, value) };
}

describe("a knob", () => {
  it("changes what it names and nothing beside it", () => {
    const { modem, turn } = open();
    const before = modem.state;
    turn("battery.percent", 42);
    expect(modem.state).toEqual({ ...before, battery: { ...before.battery, percent: 42 } });
  });
  it("takes a position as text, and none to lose it", () => {
    const { clock, modem, turn } = open();
    turn("fix", "52.52,-13.405,34");
    expect(modem.state.fix).toMatchObject({
      latitude: 52.52,
      longitude: -13.405,
      altitudeM: 34,
      takenAtMs: clock.now(),
    });
    turn("fix", "none");
    expect(modem.state.fix).toBeUndefined();
  });
  it.each([
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
    ["fix", "1,2,3,4,5"],
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
