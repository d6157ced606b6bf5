import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { CAPACITY } from "#modem/sms/message-store";
import { decodeMessage } from "#modem/sms/tpdu";
import { openAtTerminal } from "../support/at-terminal.ts";

const QUIET_MS = 20;

async function openTextMode(setup = "AT+CMGF=1\r") {
  const at = await openAtTerminal();
  await at.type(`ATE0\r${setup}`);
  at.take();
  return {
    ...at,
    lines: async (text: string) => (await at.type(text)).split("\r\n").filter((line) => line !== ""),
    arrive: async (text: string) => {
      turnKnob(at.modem, "sms", text);
      return (await at.wait(QUIET_MS)).split("\r\n").filter((line) => line !== "");
    },
  };
}

describe("a message to the module", () => {
  it("is stored, told of, unread, and read once it has been shown", async () => {
    const { lines, arrive } = await openTextMode();
    expect(await arrive("+491701234567: hello")).toEqual(['+CMTI: "ME",0']);
    expect(await lines('AT+CMGL="REC UNREAD"\r')).toEqual(
      ['+CMGL: 0,"REC UNREAD","+491701234567",,"26/01/05,08:00:10+00"', "hello", "OK"].map((line) =>
        expect.stringMatching(asTime(line)),
      ),
    );
    expect(await lines('AT+CMGL="REC UNREAD"\r')).toEqual(["OK"]);
    expect((await lines("AT+CMGR=0\r"))[0]).toContain('"REC READ"');
  });

  it("is told of once the host neither types nor awaits an answer", async () => {
    const { terminal, modem, take, clock, wait } = await openTextMode();
    terminal.receive(Buffer.from("AT+CS"));
    turnKnob(modem, "sms", "1: x");
    expect(await wait(5000)).toBe("");
    terminal.receive(Buffer.from("Q\r"));
    await clock.settle();
    expect(take()).not.toContain("+CMTI");
    expect(await wait(QUIET_MS)).toBe('\r\n+CMTI: "ME",0\r\n');
  });

  it("comes with its lines unbroken when it is told as a whole", async () => {
    const { modem, wait } = await openTextMode("AT+CMGF=1;+CNMI=2,2\r");
    turnKnob(modem, "sms", "Ann: hi\nthere");
    expect(await wait(QUIET_MS)).toMatch(/^\r\n\+CMT: "Ann",,"[^"]+"\r\nhi\nthere\r\n$/);
    expect(modem.state.sms.stores.ME).toEqual({});
  });

  it("of class 2 goes to the card, whatever AT+CPMS and AT+CNMI say; of class 3 alone is told as a whole with <mt> 3", async () => {
    const { arrive, lines } = await openTextMode("AT+CMGF=0;+CNMI=2,3\r");
    const ofClass = (dcs: string) => `pdu:0004039121F300${dcs}621112610000000131`;
    expect(await arrive(ofClass("F2"))).toEqual(['+CMTI: "SM",0']);
    expect(await arrive(ofClass("F1"))).toEqual(['+CMTI: "ME",0']);
    expect(await arrive(ofClass("F3"))).toEqual(["+CMT: ,16", ofClass("F3").slice(4)]);
    await lines("AT+CNMI=2,2\r");
    expect(await arrive(ofClass("F2"))).toEqual(['+CMTI: "SM",1']);
    expect(await lines('AT+CPMS="SM"\r')).toEqual(["+CPMS: 2,40,1,255,1,255", "OK"]);
  });

  it("waits at the service centre while the module is off, without network or full", async () => {
    const { modem, power, arrive, wait, type } = await openTextMode();
    power.cut();
    expect(await arrive("1: off")).toEqual([]);
    power.on();
    expect(await wait(10_000)).toContain('+CMTI: "ME",0');
    for (let count = 1; count < CAPACITY.ME; count++) await arrive(`1: ${count}`);
    expect(await arrive("1: one too many")).toEqual([]);
    expect(modem.state.sms.waiting).toHaveLength(1);
    await type("AT+CMGD=7\r");
    expect(await wait(QUIET_MS)).toContain('+CMTI: "ME",7');
    expect(modem.state.sms.waiting).toHaveLength(0);
  });

  it("is asked for by the network until AT+CNMA answers, and stored when nothing does", async () => {
    const { modem, arrive, wait, lines } = await openTextMode("AT+CMGF=1;+CSMS=1;+CNMI=2,2,0,1,0\r");
    expect((await arrive("1: first"))[0]).toContain("+CMT:");
    expect(await arrive("1: second")).toEqual([]);
    await lines("AT+CNMA\r");
    expect(await wait(QUIET_MS)).toContain("second");
    await wait(15_000);
    expect(await lines("AT+CNMI?\r")).toEqual(["+CNMI: 2,0,0,0,0", "OK"]);
    expect(Object.values(modem.state.sms.stores.ME)).toHaveLength(1);
    expect(await lines("AT+CNMA\r")).toEqual(["+CMS ERROR: 340"]);
  });

  it("says nothing where AT+QINDCFG has its indication off, and that the store is full where it is on", async () => {
    const { modem, lines, arrive, wait } = await openTextMode();
    await lines('AT+QINDCFG="smsincoming",0;+QINDCFG="smsfull",1;+CPMS="SM","SM","SM"\r');
    for (let count = 1; count < CAPACITY.SM; count++) expect(await arrive("1: x")).toEqual([]);
    expect(await arrive("1: x")).toEqual(['+QIND: "smsfull","SM"']);
    await lines("AT+CMGF=0\r");
    await lines("AT+CMGW=13\r");
    expect(await lines("0001000A81103254769800000161\x1a")).toEqual(["+CMS ERROR: 322"]);
    await wait(QUIET_MS);
    expect(Object.keys(modem.state.sms.stores.SM)).toHaveLength(CAPACITY.SM);
  });

  it("is spelled in the host's character set", async () => {
    const { arrive, lines } = await openTextMode();
    await arrive("Ann: @£ {é}");
    await arrive("Ann: 안녕 ");
    const shown = async (set: string) => {
      await lines(`AT+CSCS="${set}"\r`);
      return [(await lines("AT+CMGR=0\r"))[1], (await lines("AT+CMGR=1\r"))[1]];
    };
    expect(await shown("GSM")).toEqual(["\0\x01 \x1b(\x05\x1b)", "C548B1550020"]);
    expect(await shown("IRA")).toEqual(["@? {?}", "C548B1550020"]);
    expect(await shown("UCS2")).toEqual(["004000A30020007B00E9007D", "C548B1550020"]);
    expect((await lines("AT+CMGR=0\r"))[0]).toContain('"0041006E006E"');
  });

  it("of several parts comes as several", async () => {
    const { arrive, modem, lines } = await openTextMode();
    expect(await arrive(`1: ${"x".repeat(400)}`)).toEqual(['+CMTI: "ME",0', '+CMTI: "ME",1', '+CMTI: "ME",2']);
    const { tpdu } = decodeMessage(modem.state.sms.stores.ME[2]!.pdu, true);
    expect(tpdu).toMatchObject({ fo: 0x44, data: { length: 7 + 400 - 306 } });
    // 3GPP TS 27.005 §3.1: with a header, <data> is octets in hexadecimal
    expect((await lines("AT+CMGR=2\r"))[1]).toMatch(/^050003000303[0-9A-F]{166}$/);
  });
});

/** Times of the manual clock are not what is looked at. */
const asTime = (line: string) =>
  new RegExp(
    `^${line.replace(/[+."\\/]/g, "\\$&").replace(/\d\d\\\/\d\d\\\/\d\d,\d\d:\d\d:\d\d/, "\\d\\d/\\d\\d/\\d\\d,\\d\\d:\\d\\d:\\d\\d")}$`,
  );

describe("a message from the host", () => {
  it("to the module's own number comes back to it, and the network reports when it is asked to", async () => {
    const { lines, wait, modem } = await openTextMode("AT+CMGF=1;+CSMP=49,167,0,0;+CNMI=2,1,0,1,0\r");
    await lines(`AT+CMGS="${modem.state.sim.msisdn}"\r`);
    expect(await lines("hello me\x1a")).toEqual(["+CMGS: 0", "OK"]);
    const told = await wait(QUIET_MS);
    expect(told).toContain('+CMTI: "ME",0');
    expect(told).toMatch(/\+CDS: 6,0,"01212345678",129,"[^"]+","[^"]+",0\r\n/);
    expect((await lines("AT+CMGR=0\r"))[1]).toBe("hello me");
  });

  it("has the references 0 to 255 in turn, whoever sends it", async () => {
    const { lines } = await openTextMode();
    const send = async () => {
      await lines('AT+CMGS="123"\r');
      return (await lines("x\x1a"))[0];
    };
    expect(await send()).toBe("+CMGS: 0");
    for (let count = 1; count < 256; count++) await send();
    expect(await send()).toBe("+CMGS: 0");
  });

  it("is as AT+CSMP and AT+CSCS say", async () => {
    const { lines, modem } = await openTextMode();
    const write = async (setup: string, text: string) => {
      await lines(`${setup}\r`);
      await lines("AT+CMGW\r");
      const [place = ""] = await lines(`${text}\x1a`);
      if (!place.startsWith("+CMGW: ")) return place;
      return modem.state.sms.stores.ME[Number(place.slice(7))]!.pdu.slice(12);
    };
    // 3GPP TS 23.040 §9.2.2.2: <fo> 17, reference, an empty recipient, <pid>, <dcs>, <vp>, length and text
    await lines('AT+CSCA="+4917"\r');
    expect(await write('AT+CSCS="IRA"', "@")).toBe("00810000A70100");
    expect(await write('AT+CSCS="UCS2"', "00400041")).toBe("00810000A7028020");
    expect(await write('AT+CSMP=,,,8;+CSCS="GSM"', "C548")).toBe("00810008A702C548");
    expect(await write("AT+CSMP=81,,,4", "0501020304")).toBe("+CMS ERROR: 305");
    expect(await write("AT+CSMP=81,,,4", "0401020304FF")).toBe("00810004A7060401020304FF");
  });

  it("that is too long, of wrong characters or of a wrong length is refused and sent nowhere", async () => {
    const { lines, modem } = await openTextMode();
    const refused = async (setup: string, command: string, text: string) => {
      await lines(`${setup}\r`);
      await lines(`${command}\r`);
      return lines(text);
    };
    expect(await refused("AT", 'AT+CMGS="1"', `${"x".repeat(161)}\x1a`)).toEqual(["+CMS ERROR: 305"]);
    expect(await refused("AT", 'AT+CMGS="1"', `${"x".repeat(100_000)}\x1a`)).toEqual(["+CMS ERROR: 305"]);
    expect(await refused("AT", 'AT+CMGS="1"', "caf\xe9\x1a")).toEqual(["+CMS ERROR: 305"]);
    expect(await refused('AT+CSCS="UCS2"', 'AT+CMGS="0031"', "004\x1a")).toEqual(["+CMS ERROR: 305"]);
    expect(await refused('AT+CSCS="UCS2"', 'AT+CMGS="0031"', "C548\x1a")).toEqual(["+CMS ERROR: 305"]);
    expect(await refused('AT+CMGF=0;+CSCS="GSM"', "AT+CMGS=13", "0001000A811032547698000001\x1a")).toEqual([
      "+CMS ERROR: 304",
    ]);
    expect(await refused("AT+CMGF=0", "AT+CMGS=255", `00${"FF".repeat(255)}\x1a`)).toEqual(["+CMS ERROR: 304"]);
    expect(modem.state.settings["sms/reference"]).toBeUndefined();
  });

  it("needs a service centre", async () => {
    const { lines } = await openTextMode('AT+CMGF=1;+CSCA=""\r');
    await lines('AT+CMGS="1"\r');
    expect(await lines("x\x1a")).toEqual(["+CMS ERROR: 330"]);
  });

  it("needs a card", async () => {
    const { lines, modem } = await openTextMode();
    turnKnob(modem, "sim.inserted", false);
    for (const command of [
      'AT+CMGS="1"',
      "AT+CMGW",
      'AT+CMGL="ALL"',
      "AT+CMGR=0",
      "AT+CMGD=0",
      "AT+CMSS=0",
      'AT+CPMS="ME"',
    ])
      expect((await lines(`${command}\r`)).at(-1)).toBe("+CMS ERROR: 310");
  });
});

describe("ATZ and AT&F", () => {
  it("bring AT+CNMI back, and so does a restart", async () => {
    const { lines, power, wait } = await openTextMode();
    for (const reset of ["ATZ\r", "AT&F\r", ""]) {
      await lines("AT+CNMI=1,2,0,1,0\r");
      if (reset !== "") await lines(reset);
      else {
        power.cut();
        power.on();
        await wait(10_000);
      }
      expect(await lines("ATE0+CNMI?\r")).toContain("+CNMI: 2,1,0,0,0");
    }
  });
});

describe("a flood", () => {
  it("of a hundred thousand messages is refused and takes no room", async () => {
    const { modem } = await openTextMode();
    let refused = 0;
    for (let count = 0; count < 100_000; count++) {
      try {
        turnKnob(modem, "sms", `1: ${count}`);
      } catch {
        refused++;
      }
    }
    expect(refused).toBe(100_000 - CAPACITY.ME - 100);
    expect(modem.state.sms.waiting).toHaveLength(100);
  });

  it("of indications that AT+CNMI holds back is bounded", async () => {
    const { lines, arrive, modem, wait } = await openTextMode("AT+CNMI=0,2\r");
    for (let count = 0; count < 200; count++) await arrive("1: x");
    expect(modem.state.sms.held).toHaveLength(64);
    await lines("AT+CNMI=2,2,0,0,1\r");
    expect(modem.state.sms.held).toHaveLength(0);
    expect(await wait(QUIET_MS)).toBe(""); // <bfr> 1 drops what was held
  });

  it("of what is no message is refused by the knob", async () => {
    const { modem } = await openTextMode();
    for (const wrong of [
      "",
      "hello",
      "1",
      ": x",
      "pdu:",
      "pdu:00",
      `pdu:${"00".repeat(10_000)}`,
      `1: ${"x".repeat(2000)}`,
      "a name too long: x",
      5,
      null,
      {},
    ])
      expect(() => turnKnob(modem, "sms", wrong), String(wrong)).toThrow("sms: takes");
    expect(modem.state.sms.waiting).toHaveLength(0);
  });
});
