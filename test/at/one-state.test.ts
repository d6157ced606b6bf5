/** What a host reads at the AT port and what a Server reads are one state. */
import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { openModule } from "../support/transcript.ts";

async function open() {
  const module = await openModule();
  const { registry, modem, type } = module;
  return {
    ...module,
    turn: (knob: string, value: unknown) => turnKnob(modem, knob, value),
    value: (objectId: number, resourceId: number) => registry.value(objectId, 0, resourceId),
    /** The values of an answer's first line. */
    ask: async (line: string) => (await type(`${line}\r`))[0]!.replace(/^[^:]*: /, "").split(","),
  };
}

describe("the AT port and the Objects", () => {
  it("tell one position", async () => {
    const { clock, turn, value, ask } = await open();
    await ask("AT+QGPS=1");
    turn("fix", "48.8566,2.3522,35,10,5,90");
    await clock.advance(5000);
    for (const [latitude, longitude] of [
      [48.8566, 2.3522],
      [48.8586, 2.3542],
      [-33.8688, 151.2093],
    ] as const) {
      turn("fix", `${latitude},${longitude},35,10,5,90`);
      await clock.advance(5000);
      const [, first, second] = await ask("AT+QGPSLOC=2");
      expect([Number(first), Number(second)]).toEqual([latitude, longitude]);
      expect([value(6, 0), value(6, 1)]).toEqual([latitude, longitude]);
    }
    turn("gnss.faulty", true);
    expect(await ask("AT+QGPSLOC=2")).toEqual(["516"]);
    expect(value(6, 0)).toBeUndefined();
  });

  it("do not move while a move is too small to be told (GPS_MIN_DISTANCE), and the time at the port goes on", async () => {
    const { clock, turn, value, ask, modem } = await open();
    await ask("AT+QGPS=1");
    turn("fix", "48.8566,2.3522");
    await clock.advance(5000);
    const [firstTime, ...place] = await ask("AT+QGPSLOC=2");
    turn("fix", "48.856601,2.3522");
    await clock.advance(5000);
    const [secondTime, ...samePlace] = await ask("AT+QGPSLOC=2");
    expect(samePlace).toEqual(place);
    expect(value(6, 0)).toBe(48.8566);
    expect([firstTime, secondTime]).toEqual(["000015.0", "000020.0"]);
    expect(modem.state.fix?.takenAtMs).toBe(Date.UTC(2026, 0, 1, 0, 0, 10));
  });

  it("tell one signal and one cell", async () => {
    const { turn, value, ask } = await open();
    turn("radio.rsrpDbm", -111);
    turn("radio.rsrqDb", -17);
    turn("radio.cellId", 0x1234567);
    expect([value(4, 2), value(4, 3), value(4, 8)]).toEqual([-111, -17, 0x1234567]);
    const quectel = await ask("AT+QCSQ");
    expect([Number(quectel[2]), Number(quectel[4])]).toEqual([-111, -17]);
    const cell = await ask('AT+QENG="servingcell"');
    expect([Number.parseInt(cell[6]!, 16), Number(cell[13]), Number(cell[14])]).toEqual([0x1234567, -111, -17]);
    turn("radio.technology", "GSM");
    turn("radio.rssiDbm", -93);
    expect(value(4, 2)).toBe(-93);
    expect(await ask("AT+CSQ")).toEqual(["10", "99"]);
  });

  it("tell one address, one traffic and one battery", async () => {
    const { value, ask, modem, turn } = await open();
    await ask('AT+CGDCONT=1,"IP","internet"');
    await ask("AT+CGACT=1,1");
    expect((await ask("AT+CGPADDR=1"))[1]).toBe(`"${(value(4, 4) as ReadonlyMap<number, string>).get(0)}"`);
    modem.update(({ traffic }) => ({ traffic: { ...traffic, txBytes: 12_345, rxBytes: 6789 } }));
    expect(await ask("AT+QGDCNT?")).toEqual(["12345", "6789"]);
    expect([value(7, 2), value(7, 3)]).toEqual([12, 6]);
    await ask("AT+QGDCNT=0");
    expect([value(7, 2), value(7, 3)]).toEqual([0, 0]);
    turn("battery.millivolts", 3456);
    expect(await ask("AT+QVBATT")).toEqual(["3456"]);
    expect((value(3, 7) as ReadonlyMap<number, number>).get(0)).toBe(3456);
  });
});
