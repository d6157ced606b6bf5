import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBg96 } from "#bg96";
import { DEFAULTS } from "#config";
import { turnKnob } from "#control/knobs";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createMessageCentre, routed } from "#modem/sms/message-centre";
import type { ModemState } from "#modem/state";
import { silentLog } from "#runtime";
import { hardware } from "../../support/hardware.ts";
import { createManualClock, createSeededRandom } from "../../support/manual-clock.ts";

/** A module that is reached by the network, from the start. */
function open(change: Partial<ModemState> = {}) {
  const clock = createManualClock();
  const initial = createInitialState(hardware);
  const modem = createModem({
    ...initial,
    power: { ...initial.power, phase: "running", smsDone: true },
    sim: { ...initial.sim, status: "READY" },
    registration: { eps: 1 },
    ...change,
  });
  const centre = createMessageCentre({ modem, clock });
  return { clock, modem, centre, send: (text: string) => turnKnob(modem, "sms", text) };
}

describe("the service centre", () => {
  it("stamps a message when it takes it over, not when the module does, in the network's zone", async () => {
    const { clock, modem, send } = open({ registration: { eps: 2 } });
    modem.update(({ network }) => ({ network: { ...network, zoneQuarters: -14 } }));
    send("1: x");
    send("1: y");
    const [stamped, second] = modem.state.sms.waiting;
    const at = new Date(clock.now() - 14 * 15 * 60_000)
      .toISOString()
      .slice(2, 19)
      .replaceAll("-", "/")
      .replace("T", ",");
    expect(stamped).toMatchObject({ tpdu: { at: `${at}-14` } });
    expect(second).toMatchObject({ tpdu: { at: `${at}-14` } });
    await clock.advance(60_000);
    modem.update({ registration: { eps: 5 } });
    expect(modem.state.sms.waiting).toEqual([]);
    expect(modem.state.sms.stores.ME[0]).toMatchObject({ status: 0, pdu: (stamped as { pdu: string }).pdu });
  });

  it("numbers the texts of several parts one after another, 0 to 255", () => {
    const { modem, send } = open({ registration: { eps: 2 } });
    const references = new Set<string>();
    for (let count = 0; count < 257; count++) {
      send(`1: ${"x".repeat(161)}`);
      const [first] = modem.state.sms.waiting as readonly { pdu: string }[];
      references.add(/050003(..)0201/.exec(first!.pdu)![1]!);
      send("none");
    }
    expect(references.size).toBe(256);
  });

  it("keeps each message that was not acknowledged, over a loss of power too", async () => {
    const { clock, modem, centre, send } = open({ settings: { csms: "1" } });
    modem.update({ sms: routed(modem.state.sms, [2, 2, 0, 0, 0]) });
    send("1: x");
    expect(modem.state.sms.unacknowledged).toBeDefined();
    expect(clock.pending()).toBe(1);
    modem.update(({ power }) => ({ power: { ...power, phase: "off" } }));
    expect(clock.pending()).toBe(0);
    expect(modem.state.sms).toMatchObject({ unacknowledged: undefined, waiting: [{ tpdu: { kind: "deliver" } }] });
    modem.update(({ power }) => ({ power: { ...power, phase: "running" } }));
    expect(modem.state.sms.stores.ME[0]).toBeDefined(); // AT+CNMI is the factory's again
    modem.update({ sms: routed(modem.state.sms, [2, 2, 0, 0, 0]) });
    send("1: y");
    expect(clock.pending()).toBe(1);
    centre.close();
    expect(clock.pending()).toBe(0);
  });
});

it("messages and phonebooks outlive the program", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bg96-sms-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const places = { efs: join(directory, "efs"), tty: join(directory, "tty") };
  const run = async (task: (modem: Awaited<ReturnType<typeof openBg96>>["modem"]) => void) => {
    const clock = createManualClock();
    const runtime = { clock, random: createSeededRandom(5), log: silentLog };
    const bg96 = await openBg96({ ...DEFAULTS, boot: "instant", ...places }, runtime, directory);
    await clock.advance(10_000);
    task(bg96.modem);
    bg96.kill();
  };
  await run((modem) => {
    turnKnob(modem, "sms", "1: x");
    modem.update(({ phonebooks }) => ({
      phonebooks: { ...phonebooks, ME: { 3: { number: "1", type: 129, text: "a" } } },
    }));
  });
  await run(({ state }) => {
    expect(state.sms.stores.ME[0]).toMatchObject({ status: 0 });
    expect(state.phonebooks.ME[3]).toEqual({ number: "1", type: 129, text: "a" });
  });
});
