/** The Client while the network does not want the module, or its calls. */
import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { hardware } from "../support/hardware.js";
import { openDevice } from "../support/lwm2m-device.js";

const INI = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const files = { "/datatx/bootstrap.ini": INI };
const IDLE = 'LwM2M is idle: the network denies registration {"cause":11}';

describe("a network that denies registration", () => {
  it("keeps the Client idle from the start, which the log tells, and lets it register when it relents", async () => {
    const device = openDevice({ hardware: { network: { ...hardware.network, rejectCause: 11 } }, files });
    device.client.register(false);
    await device.clock.advance(3_600_000);
    expect([device.events, device.seen(), device.modem.state.moduleCalls]).toEqual([[], [], []]);
    expect(device.logged).toEqual(['the network denies registration {"cause":11}', IDLE]);
    turnKnob(device.modem, "network.rejectCause", 0);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("silences a registered Client; afterwards it updates its registration from another address", async () => {
    const device = openDevice({ files });
    device.client.register(false);
    await device.clock.advance(100);
    const before = device.modem.state.moduleCalls;
    device.servers[0]!.requests.length = 0;
    turnKnob(device.modem, "network.rejectCause", 11);
    expect(device.modem.state.moduleCalls).toEqual([]);
    await device.clock.advance(100_000);
    expect([device.seen(), device.events]).toEqual([[], [0, 3, 4, 5]]);
    expect(device.logged).toContain(IDLE);
    turnKnob(device.modem, "network.rejectCause", 0);
    await device.clock.advance(1000);
    expect(device.seen()).toEqual(["POST /rd/1"]);
    expect(device.modem.state.moduleCalls.map(({ apn }) => apn)).toEqual(before.map(({ apn }) => apn));
    expect(device.modem.state.moduleCalls[0]?.address).not.toBe(before[0]?.address);
  });

  it("is not told to a module whose Client does not run", async () => {
    const device = openDevice({ files });
    await device.clock.advance(100);
    turnKnob(device.modem, "network.rejectCause", 11);
    expect(device.logged).not.toContain(IDLE);
  });
});

describe("a network that detaches the module", () => {
  it("silences the Client, which updates its registration once it is attached again", async () => {
    const device = openDevice({ files });
    device.client.register(false);
    await device.clock.advance(100);
    device.servers[0]!.requests.length = 0;
    turnKnob(device.modem, "network.attached", false);
    await device.clock.advance(100_000);
    expect(device.seen()).toEqual([]);
    turnKnob(device.modem, "network.attached", true);
    await device.clock.advance(1000);
    expect([device.seen(), device.events]).toEqual([["POST /rd/1"], [0, 3, 4, 5]]);
  });
});

describe("a network that ends the Client's own data call", () => {
  it.each([
    ["its own", "lwm2m.example"],
    ["the default bearer's", "internet"],
  ])("has it made again from another address, and an Update from there: %s", async (_, apn) => {
    const device = openDevice({ files: { ...files, "/datatx/lwm2m_cfg": `{\nAPN=${apn};\n}\n` } });
    device.efs.remove("/datatx/carrier_apn_cfg");
    device.client.register(false);
    await device.clock.advance(100);
    const [before] = device.modem.state.moduleCalls;
    expect(before?.apn).toBe(apn);
    expect(before?.address === device.modem.state.defaultBearer?.address).toBe(apn === "internet");
    device.servers[0]!.requests.length = 0;
    turnKnob(device.modem, "network.pdpdeact", apn);
    await device.clock.advance(1000);
    expect([device.seen(), device.events]).toEqual([["POST /rd/1"], [0, 3, 4, 5]]);
    const [after] = device.modem.state.moduleCalls;
    expect([after?.apn, device.links.length]).toEqual([apn, 2]);
    expect(after?.address).not.toBe(before?.address);
    expect(after?.address === device.modem.state.defaultBearer?.address).toBe(apn === "internet");
  });
});
