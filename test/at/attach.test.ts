/** AT+CGATT on LTE, where the attach is the registration, and what the LwM2M Client makes of it. */
import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { openModule } from "../support/at-module.ts";

const SEARCH_MS = 80;

async function open(options: Parameters<typeof openModule>[0] = {}) {
  const module = await openModule(options);
  const { clock, modem, take } = module;
  return {
    ...module,
    turn: (knob: string, value: unknown) => turnKnob(modem, knob, value),
    wait: async (ms: number) => {
      await clock.advance(ms);
      return take();
    },
  };
}

describe("AT+CGATT=1", () => {
  it("is answered once the module has found its network", async () => {
    const { type, wait } = await open();
    expect(await type("AT+CGATT=0\r")).toEqual(["OK"]);
    expect(await type("AT+CGATT=1\r")).toEqual([]);
    expect(await wait(SEARCH_MS - 1)).toEqual([]);
    expect(await wait(1)).toEqual(["OK"]);
    expect(await type("AT+CGATT=1\r")).toEqual(["OK"]);
  });

  it.each([
    ["the cell is lost", "network.coverage", false],
    ["the network denies it", "network.rejectCause", 11],
    ["the card is taken out", "sim.inserted", false],
  ])("fails where %s meanwhile", async (_, knob, value) => {
    const { type, wait, turn } = await open();
    await type("AT+CGATT=0\r");
    expect(await type("AT+CGATT=1\r")).toEqual([]);
    turn(knob, value);
    expect(await wait(0)).toContain("+CME ERROR: 30");
    expect(await type("AT+CGATT=1\r")).toEqual(["+CME ERROR: 30"]);
  });

  it("stays an order where it has failed for want of a cell", async () => {
    const { type, wait, turn } = await open();
    turn("network.attached", false);
    expect(await type("AT+CGATT=1\r")).toEqual([]);
    turn("network.coverage", false);
    expect(await wait(60_000)).toEqual(["+CME ERROR: 30"]);
    turn("network.coverage", true);
    await wait(SEARCH_MS);
    expect(await type("AT+CGATT?\r")).toEqual(["+CGATT: 1", "OK"]);
  });

  it("is given up after 140 s of a search; the order holds", async () => {
    const { type, wait, turn } = await open();
    await type("AT+CGATT=0\r");
    turn("network.searchS", 200);
    expect(await type("AT+CGATT=1\r")).toEqual([]);
    expect(await wait(139_999)).toEqual([]);
    expect(await wait(1)).toEqual(["+CME ERROR: 30"]);
    await wait(60_000);
    expect(await type("AT+CGATT?\r")).toEqual(["+CGATT: 1", "OK"]);
  });

  it("ends with the power", async () => {
    const { type, wait, power } = await open();
    await type("AT+CGATT=0\r");
    expect(await type("AT+CGATT=1\r")).toEqual([]);
    power.cut();
    power.on();
    await wait(10_000);
    expect(await type("ATE0;+CGATT?\r")).toEqual(["ATE0;+CGATT?", "+CGATT: 1", "OK"]);
  });

  it("is refused after AT+COPS=2, which makes void what was ordered before", async () => {
    const { type, wait } = await open();
    await type("AT+CGATT=0;+COPS=2\r");
    expect(await type("AT+CGATT=1\r")).toEqual(["+CME ERROR: 30"]);
    await type("AT+COPS=0\r");
    await wait(SEARCH_MS);
    expect(await type("AT+CEREG?;+CGATT?\r")).toEqual(["+CEREG: 0,1", "+CGATT: 1", "OK"]);
  });
});

describe("a change from GSM to LTE that ends the registration", () => {
  it("is told as that alone: the module has not been registered on LTE", async () => {
    const { type, wait, turn } = await open();
    turn("radio.technology", "GSM");
    await wait(1000);
    await type('AT+QCFG="servicedomain",0;+CEREG=1\r');
    turn("radio.technology", "CAT-M1");
    expect(await wait(1000)).toEqual(["+CEREG: 2"]);
  });
});

describe("the LwM2M Client of a module that does not attach by itself", () => {
  it("waits for the host's AT+CGATT=1, and holds still while detached", async () => {
    const module = await open({ autostart: true });
    const { type, wait, events, power, seen } = module;
    await type('AT+QCFG="gprsattach",0\r');
    power.cut();
    power.on();
    await wait(60_000);
    const before = events.length;
    expect(await type("ATE0;+CEREG?\r")).toContain("+CEREG: 0,0");
    await type("AT+CGATT=1\r");
    await wait(1000);
    expect(events.slice(before)).toEqual([0, 3, 4, 5]);
    const asked = seen().length;
    await type("AT+CGATT=0\r");
    await wait(3_600_000);
    expect(seen()).toHaveLength(asked);
    await type("AT+CGATT=1\r");
    await wait(1000);
    expect(seen().slice(asked)).toEqual([expect.stringMatching(/^POST \/rd\/\d+$/)]);
    expect(events.at(-1)).toBe(5);
  });
});
