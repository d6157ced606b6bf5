/** The knobs of the network around the module. */
import { describe, expect, it } from "vitest";
import { KNOBS, KnobError, turnKnob } from "#control/knobs";
import { NETWORK_KNOBS } from "#control/network-knobs";
import { activate, defineContext } from "#modem/data-call";
import { openDevice } from "../support/lwm2m-device.js";

async function open() {
  const { modem, clock } = openDevice();
  await clock.advance(1000);
  return { modem, clock, turn: (path: string, value: unknown) => turnKnob(modem, path, value) };
}

describe("a network knob", () => {
  it("takes the value at which it stands, and changes nothing by it", async () => {
    const { modem, turn } = await open();
    const before = modem.state;
    for (const [path, { value }] of Object.entries(NETWORK_KNOBS)) turn(path, value(modem.state));
    expect(modem.state).toEqual(before);
  });

  it("attaches and detaches the module as the network would", async () => {
    const { modem, turn } = await open();
    turn("network.attached", false);
    expect(modem.state).toMatchObject({ defaultBearer: undefined, network: { attached: false, endedBy: "NW" } });
    turn("network.attached", true);
    expect(modem.state).toMatchObject({ defaultBearer: { apn: "internet" }, network: { attached: true } });
    turn("network.coverage", false);
    expect(() => turn("network.attached", true)).toThrow(KnobError);
  });

  it("ends the call of one context, if it has one", async () => {
    const { modem, turn } = await open();
    modem.update((state) => defineContext(state, 2, { apn: "other", type: "IP" }));
    expect(() => turn("network.pdpdeact", 2)).toThrow(KnobError);
    const call = activate(modem.state, 2);
    if (call.ok) modem.update(call.change);
    expect(modem.state.pdp[2]?.active).toBe(true);
    turn("network.pdpdeact", 2);
    expect([modem.state.pdp[2]?.active, modem.state.network.endedBy]).toEqual([false, "NW"]);
    const address = modem.state.defaultBearer?.address;
    turn("network.pdpdeact", 1);
    expect(modem.state.defaultBearer?.apn).toBe("internet");
    expect(modem.state.defaultBearer?.address).not.toBe(address);
  });

  it("says which APNs are accepted: a list, any, or none", async () => {
    const { modem, turn } = await open();
    for (const [text, apns] of [
      ["a,b.c-d", ["a", "b.c-d"]],
      ["any", undefined],
      ["none", []],
      [5, ["5"]],
    ] as const) {
      turn("network.apns", text);
      expect(modem.state.network.apns).toEqual(apns);
    }
  });

  it("moves the cell to another band and channel, or to another operator", async () => {
    const { modem, turn } = await open();
    turn("radio.band", 20);
    expect(modem.state.radio).toMatchObject({ band: 20, earfcn: 6300 });
    turn("radio.operator", "26201,Foreign Network,Foreign");
    const named = { mcc: "262", mnc: "01", operatorLong: "Foreign Network", operatorShort: "Foreign" };
    expect(modem.state.radio).toMatchObject(named);
    turn("radio.operator", "310410,A,B");
    expect(modem.state.radio).toMatchObject({ mcc: "310", mnc: "410" });
  });

  it("makes a search last as long as it says, or as the boot profile says", async () => {
    const { modem, turn } = await open();
    turn("network.searchS", 30);
    expect(modem.state.network.searchS).toBe(30);
    turn("network.searchS", "boot");
    expect(modem.state.network.searchS).toBeUndefined();
  });

  it.each([
    ["network.rejectCause", 256],
    ["network.rejectCause", true],
    ["network.searchS", -1],
    ["network.searchS", "soon"],
    ["network.apns", "a,,b"],
    ["network.apns", 'a"'],
    ["network.defaultApn", ""],
    ["network.defaultApn", 5],
    ["network.activationS", 151],
    ["network.attached", 1],
    ["network.pdpdeact", 17],
    ["network.pdpdeact", "1"],
    ["radio.band", 900],
    ["radio.band", "toString"],
    ["radio.operator", "26201,Foreign"],
    ["radio.operator", "2620,A,B"],
    ["radio.operator", null],
    ["radio.physicalCellId", 504],
  ])("%s refuses %j and changes nothing", async (path, value) => {
    const { modem, turn } = await open();
    const before = modem.state;
    expect(() => turn(path, value)).toThrow(new KnobError(`${path}: takes ${KNOBS[path]?.takes}`));
    expect(modem.state).toBe(before);
  });
});
