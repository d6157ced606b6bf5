import { describe, expect, it } from "vitest";
import { createNmeaStream } from "#at/gnss/nmea-stream";
import { turnKnob } from "#control/knobs";
import { openAtTerminal } from "../support/at-terminal.ts";

async function open() {
  const at = await openAtTerminal();
  let told = "";
  const port = {
    attached: true,
    write: (bytes: Buffer) => {
      told += bytes.toString("latin1");
    },
  };
  const stream = createNmeaStream(at.host, port);
  await at.type("ATE0\r");
  return {
    ...at,
    port,
    stream,
    /** Kinds of the sentences told since the last call, each once. */
    async kinds(ms: number) {
      await at.clock.advance(ms);
      const lines = told.split("\r\n").slice(0, -1);
      told = "";
      for (const line of lines) {
        const [, body = "", sum = ""] = /^\$(.*)\*(..)$/.exec(line) ?? [];
        const check = [...body].reduce((xor, character) => xor ^ character.charCodeAt(0), 0);
        expect([line, Number.parseInt(sum, 16)]).toEqual([line, check]);
      }
      return lines.map((line) => line.slice(3, 6));
    },
  };
}

const ALL = ["GGA", "RMC", "GSV", "GSA", "VTG"];

describe("the NMEA port", () => {
  it("tells every kind of sentence once a second while a session runs, with and without a fix", async () => {
    const { kinds, type, modem } = await open();
    expect(await kinds(5000)).toEqual([]);
    await type("AT+QGPS=1\r");
    expect(await kinds(3000)).toEqual([...ALL, ...ALL, ...ALL]);
    turnKnob(modem, "fix", "48.8566,2.3522");
    modem.update(({ position }) => ({ fix: position && { ...position, takenAtMs: 0 } }));
    expect((await kinds(1000)).filter((kind) => kind === "GSV")).toHaveLength(3);
    await type("AT+QGPSEND\r");
    expect(await kinds(5000)).toEqual([]);
    await type("AT+QGPS=1,30,50,2,1\r");
    expect(await kinds(5000)).toHaveLength(7);
  });

  it('tells what AT+QGPSCFG="gpsnmeatype" chooses, and nothing with "outport" none', async () => {
    const { kinds, type } = await open();
    await type('AT+QGPSCFG="gpsnmeatype",18;+QGPS=1\r');
    expect(await kinds(1000)).toEqual(["RMC", "VTG"]);
    await type('AT+QGPSCFG="gpsnmeatype",0\r');
    expect(await kinds(2000)).toEqual([]);
    await type('AT+QGPSCFG="gpsnmeatype",1;+QGPSCFG="outport","none"\r');
    expect(await kinds(2000)).toEqual([]);
    await type('AT+QGPSCFG="outport","uartnmea"\r');
    expect(await kinds(1000)).toEqual(["GGA"]);
  });

  it("is silent for nobody, after the power, and once closed", async () => {
    const { kinds, type, port, power, wait, stream } = await open();
    await type("AT+QGPS=1\r");
    port.attached = false;
    expect(await kinds(2000)).toEqual([]);
    port.attached = true;
    expect(await kinds(1000)).toEqual(ALL);
    power.restart();
    await wait(10_000);
    expect(await kinds(2000)).toEqual([]);
    await type("ATE0\r");
    await type("AT+QGPS=1\r");
    expect(await kinds(1000)).toEqual(ALL);
    stream.close();
    expect(await kinds(2000)).toEqual([]);
  });
});
