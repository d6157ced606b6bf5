import { describe, expect, it } from "vitest";
import { defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import type { Settings } from "#lwm2m/settings";
import type { ModemState } from "#modem/state";
import { silentLog } from "#runtime";
import { type AtTerminal, createSlowCommand, openAtTerminal } from "../support/at-terminal.ts";

const lwm2m = (part: Partial<ModemState["lwm2m"]>) => (state: ModemState) => ({ lwm2m: { ...state.lwm2m, ...part } });
const event = (opened: AtTerminal, phase: 0 | 1 | 2 | 3 | 4 | 5) => {
  opened.update(lwm2m({ phase }));
  return opened.take();
};
const BOOT = ["RDY", "+CFUN: 1", "APP RDY", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"];
const framed = (...lines: string[]) => lines.map((line) => `\r\n${line}\r\n`).join("");

describe("boot", () => {
  for (const boot of ["instant", "fast", "realistic"] as const) {
    it(`prints the lines of a real module in its order (${boot})`, async () => {
      const { power, wait } = await openAtTerminal({ boot, off: true });
      power.on();
      expect(await wait(10_000)).toBe(framed(...BOOT));
    });
  }

  it("hears nothing and says nothing before RDY and while switched off", async () => {
    const { power, type, wait, update } = await openAtTerminal({ boot: "realistic", off: true });
    expect(await type("AT\rATI")).toBe("");
    power.on();
    expect(await wait(4800)).toBe("");
    expect(await type("AT\rATI")).toBe("");
    update(lwm2m({ phase: 0 }));
    expect(await wait(200)).toBe(framed("RDY", "+CFUN: 1"));
    expect(await type("AT\r")).toBe("AT\r\r\nOK\r\n");
  });

  it("asks for the PIN of a locked card, and goes on when it is entered", async () => {
    const { power, type, wait } = await openAtTerminal({
      boot: "fast",
      off: true,
      change: (state) => ({ sim: { ...state.sim, card: "SIM PIN", pin: "4711" } }),
    });
    power.on();
    expect(await wait(2000)).toBe(framed("RDY", "+CFUN: 1", "APP RDY", "+CPIN: SIM PIN"));
    await type("ATE0\r");
    expect(await type("AT+CPIN?\r")).toBe("\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
    expect(await type("AT+CIMI\r")).toBe("\r\n+CME ERROR: 11\r\n");
    expect(await type("AT+CPIN=0000\r")).toBe("\r\n+CME ERROR: 16\r\n");
    expect(await type('AT+CPIN="4711"\r')).toBe("\r\nOK\r\n");
    expect(await wait(1000)).toBe(framed("+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"));
    expect(await type("AT+CPIN?;+CREG?\r")).toBe("\r\n+CPIN: READY\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n");
  });

  it("three wrong PINs block the card", async () => {
    const { type } = await openAtTerminal({
      change: (state) => ({ sim: { ...state.sim, card: "SIM PIN", pin: "4711" } }),
    });
    await type("ATE0+CMEE=2\r");
    for (let tries = 0; tries < 3; tries++)
      expect(await type("AT+CPIN=0000\r")).toBe("\r\n+CME ERROR: incorrect password\r\n");
    expect(await type("AT+CPIN?\r")).toBe("\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n");
    expect(await type("AT+CPIN=4711\r")).toBe("\r\n+CME ERROR: SIM PUK required\r\n");
    expect(await type("AT+CIMI\r")).toBe("\r\n+CME ERROR: SIM PUK required\r\n");
  });
});

describe("power and functionality", () => {
  it("AT+CFUN=1,1 and LG U+'s AT+CFUN=3,3 answer OK, then the module boots again with the stored profile", async () => {
    for (const reset of ["AT+CFUN=1,1", "AT+CFUN=3,3"]) {
      const { type, wait } = await openAtTerminal({ boot: "fast" });
      await type("ATE0\r");
      await type("AT+CREG=2;+CMEE=2\r");
      expect(await type(`${reset}\r`)).toBe("\r\nOK\r\n");
      expect(await wait(2000)).toBe(framed(...BOOT));
      expect(await type("AT+CREG?;+CMEE?\r")).toBe("AT+CREG?;+CMEE?\r\r\n+CREG: 0,1\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n");
    }
  });

  it("AT+CFUN=0, then 1 initialises the card again", async () => {
    const { type, wait } = await openAtTerminal({ boot: "fast" });
    await type("ATE0+CREG=1\r");
    expect(await type("AT+CFUN=0\r")).toBe("\r\nOK\r\n");
    expect(await wait(20)).toBe(framed("+CREG: 0"));
    expect(await type("AT+CFUN?;+CSQ\r")).toBe("\r\n+CFUN: 0\r\n\r\n+CSQ: 99,99\r\n\r\nOK\r\n");
    expect(await type("AT+CIMI\r")).toBe("\r\n+CME ERROR: 13\r\n");
    expect(await type("AT+CFUN=1\r")).toBe("\r\nOK\r\n");
    expect(await wait(1000)).toBe(framed("+CPIN: READY", "+QUSIM: 1", "+CREG: 2", "+CREG: 1", "+QIND: SMS DONE"));
  });

  it("AT+CFUN=4 and back switches the radio without touching the card", async () => {
    const { type, wait } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("AT+CFUN=4\r")).toBe("\r\nOK\r\n");
    expect(await type("AT+CPIN?;+CREG?;+COPS?\r")).toBe(
      "\r\n+CPIN: READY\r\n\r\n+CREG: 0,0\r\n\r\n+COPS: 0\r\n\r\nOK\r\n",
    );
    expect(await type("AT+CFUN=1,0\r")).toBe("\r\nOK\r\n");
    expect(await wait(1000)).toBe("");
    expect(await type("AT+CREG?\r")).toBe("\r\n+CREG: 0,1\r\n\r\nOK\r\n");
  });

  it("AT+QPOWD answers OK, then POWERED DOWN, then nothing until power-on", async () => {
    for (const command of ["AT+QPOWD", "AT+QPOWD=0", "AT+QPOWD=1"]) {
      const { type, wait, power, update } = await openAtTerminal({ boot: "fast" });
      await type("ATE0\r");
      expect(await type(`${command}\r`)).toBe("\r\nOK\r\n");
      expect(await wait(6000)).toBe(framed("POWERED DOWN"));
      update(lwm2m({ phase: 0 }));
      expect(await type("AT\r")).toBe("");
      expect(await wait(60_000)).toBe("");
      power.on();
      expect(await wait(2000)).toBe(framed(...BOOT));
    }
  });

  it("says POWERED DOWN even to a host in the middle of a line", async () => {
    const { type, wait, power } = await openAtTerminal({ boot: "fast" });
    power.off();
    await type("AT+CS");
    expect(await wait(6000)).toBe(framed("POWERED DOWN"));
  });

  it("power loss drops the half-typed line, what waits to be printed and the answer still under way", async () => {
    const slow = createSlowCommand();
    const opened = await openAtTerminal({ boot: "fast", commands: commandTable([slow.command]) });
    const { type, power, wait, take } = opened;
    await type("ATE0\r");
    await type("AT+SLOW\rAT+CSQ\rAT");
    event(opened, 3);
    power.cut();
    expect(await wait(1000)).toBe("");
    power.on();
    await wait(2000);
    slow.settle(["+SLOW: late"]);
    expect(await type("AT\r")).toBe("AT\r\r\nOK\r\n");
    expect(await wait(1000)).toBe("");
    await type("AT+CSQ");
    power.cut();
    power.on();
    await wait(2000);
    take();
    expect(await type("\rA/")).toBe("\rA/\r\nOK\r\n");
  });
});

describe("registration", () => {
  it("is reported by AT+CREG, +CGREG and +CEREG in modes 1 and 2, and not in mode 0", async () => {
    const opened = await openAtTerminal({ boot: "fast" });
    const { type, wait, update } = opened;
    await type("ATE0+CREG=1;+CEREG=2\r");
    await wait(1000);
    update((state) => ({ network: { ...state.network, coverage: false } }));
    expect(await wait(1000)).toBe(framed("+CREG: 2", "+CEREG: 2"));
    update((state) => ({ network: { ...state.network, coverage: true, roaming: true } }));
    expect(await wait(1000)).toBe(framed("+CREG: 5", '+CEREG: 5,"5212","1A2D001",8'));
    update((state) => ({ radio: { ...state.radio, cellId: 0x2b, trackingArea: 0xf } }));
    expect(await wait(1000)).toBe(framed('+CEREG: 5,"000F","2B",8'));
    await type("AT+CREG=0;+CEREG=0\r");
    update((state) => ({ network: { ...state.network, coverage: false } }));
    expect(await wait(1000)).toBe("");
  });

  it("removal of the card is told", async () => {
    const { update, take, wait } = await openAtTerminal();
    await wait(1000);
    update((state) => ({ sim: { ...state.sim, status: "NOT INSERTED", card: "NOT INSERTED" } }));
    expect(take()).toBe(framed("+CPIN: NOT READY"));
  });
});

describe("LwM2M", () => {
  it("[BG-158][BG-159][BG-160][BG-161][BG-162][BG-163][BG-164] every state of the client is one +QLWEVENT, with one space and one digit", async () => {
    const opened = await openAtTerminal();
    await opened.wait(1000);
    expect([0, 1, 2, 0, 3, 4, 5].map((phase) => event(opened, phase as 0))).toEqual([
      '\r\n+QLWEVENT: 0,"STATE_INITIAL"\r\n',
      '\r\n+QLWEVENT: 1,"STATE_BOOTSTRAP_REQUIRED"\r\n',
      '\r\n+QLWEVENT: 2,"STATE_BOOTSTRAPPING"\r\n',
      '\r\n+QLWEVENT: 0,"STATE_INITIAL"\r\n',
      '\r\n+QLWEVENT: 3,"STATE_REGISTER_REQUIRED"\r\n',
      '\r\n+QLWEVENT: 4,"STATE_REGISTERING"\r\n',
      '\r\n+QLWEVENT: 5,"STATE_READY"\r\n',
    ]);
    opened.update(lwm2m({ phase: undefined }));
    expect(opened.take()).toBe("");
  });

  it("[BG-168][BG-169] +QLWOBSERVE has no space behind its commas; its flag is 0 observed, 1 cancelled, or left out by option", async () => {
    const begun = { token: "A88044B83F554A5D", path: "/10250/0/0", cancelled: false };
    const printed = {
      always: ['+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0",0', '+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0",1'],
      cancelOnly: ['+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0"', '+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0",1'],
      never: ['+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0"', '+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0"'],
    };
    for (const observeFlag of ["always", "cancelOnly", "never"] as const) {
      const { update, take, wait } = await openAtTerminal({ spelling: { observeFlag } });
      await wait(1000);
      update(lwm2m({ observation: begun }));
      expect(take()).toBe(framed(printed[observeFlag][0]!));
      update(lwm2m({ phase: undefined }));
      expect(take()).toBe("");
      update(lwm2m({ observation: { ...begun, cancelled: true } }));
      expect(take()).toBe(framed(printed[observeFlag][1]!));
    }
  });

  it("[BG-170][BG-171][BG-172][BG-173] +QLWDLDATA prints text as type 4 and other bytes as type 5 in hexadecimal; its length counts bytes", async () => {
    for (const [downlinkFormat, data, line] of [
      [0, Buffer.from("01"), '+QLWDLDATA: "/10250/0/1",4,2,"01"'],
      [1, Buffer.from("01"), '+QLWDLDATA: "/10250/0/1",5,2,"3031"'],
      [0, Buffer.from([0xc3, 0xab, 0]), '+QLWDLDATA: "/10250/0/1",5,3,"C3AB00"'],
      [0, Buffer.from('a"b'), '+QLWDLDATA: "/10250/0/1",5,3,"612262"'],
      [0, Buffer.from("a\r\nOK\r\n"), '+QLWDLDATA: "/10250/0/1",5,7,"610D0A4F4B0D0A"'],
      [0, Buffer.from("a, b"), '+QLWDLDATA: "/10250/0/1",4,4,"a, b"'],
      [0, Buffer.alloc(0), '+QLWDLDATA: "/10250/0/1",4,0,""'],
    ] as const) {
      const { update, take, wait } = await openAtTerminal({ host: { lwm2m: { downlinkFormat } as Settings } });
      await wait(1000);
      update(lwm2m({ downlink: { path: "/10250/0/1", data } }));
      expect(take()).toBe(framed(line));
    }
  });

  it("+QLWDLDATA of /26241 is of type 5, text or not: LGU+'s hosts take no other there", async () => {
    const { update, take, wait } = await openAtTerminal({ host: { lwm2m: { downlinkFormat: 0 } as Settings } });
    await wait(1000);
    update(lwm2m({ downlink: { path: "/26241/0/1", data: Buffer.from("01") } }));
    expect(take()).toBe(framed('+QLWDLDATA: "/26241/0/1",5,2,"3031"'));
  });

  it("[BG-157] registration, observation and data transfer are told in the order in which they happen", async () => {
    const { update, take, wait } = await openAtTerminal();
    await wait(1000);
    update(lwm2m({ phase: 5 }));
    update(lwm2m({ observation: { token: "0A", path: "/19/0/0", cancelled: false } }));
    update(lwm2m({ downlink: { path: "/19/1/0", data: Buffer.from("x") } }));
    expect(take()).toBe(
      framed('+QLWEVENT: 5,"STATE_READY"', '+QLWOBSERVE: "0A","/19/0/0",0', '+QLWDLDATA: "/19/1/0",4,1,"x"'),
    );
  });

  it("the same data twice is printed twice", async () => {
    const { update, take, wait } = await openAtTerminal();
    await wait(1000);
    for (let times = 0; times < 2; times++) {
      update(lwm2m({ downlink: { path: "/19/1/0", data: Buffer.from("x") } }));
      expect(take()).toBe(framed('+QLWDLDATA: "/19/1/0",4,1,"x"'));
    }
  });
});

describe("a URC and the host", () => {
  const ready = framed('+QLWEVENT: 5,"STATE_READY"');

  it("waits until a line half typed is ended and answered, and 20 ms more", async () => {
    const opened = await openAtTerminal();
    const { type, wait } = opened;
    await type("ATE0\r");
    expect(await type("AT+C")).toBe("");
    expect(event(opened, 5)).toBe("");
    expect(await wait(9000)).toBe("");
    expect(await type("SQ\r")).toBe("\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
    expect(await wait(19)).toBe("");
    expect(await wait(1)).toBe(ready);
  });

  it("waits 20 ms after the last byte from the host, whatever it was", async () => {
    const opened = await openAtTerminal();
    const { type, wait } = opened;
    await type("ATE0\r");
    await wait(100);
    await type("x\n");
    expect(event(opened, 5)).toBe("");
    for (let times = 0; times < 100; times++) await type("\n");
    expect(opened.clock.pending()).toBe(1);
    await wait(15);
    await type("\n");
    expect(await wait(19)).toBe("");
    expect(await wait(1)).toBe(ready);
  });

  it("is not held for ever by a line that a host has half typed and forgotten: ten seconds, and the line goes on", async () => {
    const opened = await openAtTerminal();
    const { type, wait } = opened;
    await type("ATE0\r");
    await type("AT+C");
    event(opened, 4);
    await wait(9000);
    await type("S");
    event(opened, 5);
    expect(await wait(9999)).toBe("");
    expect(await wait(1)).toBe(framed('+QLWEVENT: 4,"STATE_REGISTERING"', '+QLWEVENT: 5,"STATE_READY"'));
    expect(event(opened, 0)).toBe(framed('+QLWEVENT: 0,"STATE_INITIAL"'));
    expect(await type("Q\r")).toBe("\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
    await type("A");
    event(opened, 4);
    expect(await wait(5000)).toBe("");
    expect(await type("T\r")).toBe("\r\nOK\r\n");
    expect(await wait(20)).toBe(framed('+QLWEVENT: 4,"STATE_REGISTERING"'));
  });

  it("is a result code: ATQ1 suppresses it (ITU-T V.250 §6.2.5)", async () => {
    const opened = await openAtTerminal();
    await opened.type("ATE0Q1\r");
    await opened.wait(100);
    expect(event(opened, 5)).toBe("");
    await opened.type("ATQ0\r");
    expect(await opened.wait(100)).toBe("");
    expect(event(opened, 4)).toBe(framed('+QLWEVENT: 4,"STATE_REGISTERING"'));
  });

  it("comes at once on a line at rest", async () => {
    const opened = await openAtTerminal();
    await opened.type("AT\r");
    await opened.wait(20);
    expect(event(opened, 5)).toBe(ready);
  });

  it("never stands between an answer and its final result, nor between two answers of a chain", async () => {
    const slow = createSlowCommand();
    const quick = defineCommand({
      name: "+QUICK",
      title: "",
      spec: "",
      execute: ({ modem }) => {
        modem.update(lwm2m({ phase: 4 }));
        return ["+QUICK: 1"];
      },
    });
    const opened = await openAtTerminal({ commands: commandTable([slow.command, quick]) });
    const { type, wait } = opened;
    await type("ATE0\r");
    await wait(100);
    expect(await type("AT+QUICK;+SLOW;+QUICK\r")).toBe("\r\n+QUICK: 1\r\n");
    expect(event(opened, 5)).toBe("");
    expect(await wait(60_000)).toBe("");
    slow.settle(["+SLOW: 1"]);
    expect(await type("")).toBe("\r\n+SLOW: 1\r\n\r\n+QUICK: 1\r\n\r\nOK\r\n");
    expect(await wait(20)).toBe(
      framed('+QLWEVENT: 4,"STATE_REGISTERING"', '+QLWEVENT: 5,"STATE_READY"', '+QLWEVENT: 4,"STATE_REGISTERING"'),
    );
  });

  it("comes between two commands of a host that polls without rest, after a second", async () => {
    const opened = await openAtTerminal();
    await opened.type("ATE0\r");
    await opened.wait(100);
    event(opened, 4);
    let printed = await opened.type("AT\r");
    event(opened, 5);
    for (let ms = 0; ms < 2000; ms += 10) {
      await opened.clock.advance(10);
      printed += await opened.type("AT\r");
    }
    expect(printed).toContain("STATE_READY");
    expect(printed.split("\r\nOK\r\n").length).toBe(202);
  });

  it("is void, like a line half typed, once the host has closed the port", async () => {
    const opened = await openAtTerminal();
    await opened.type("ATE0\r");
    await opened.wait(100);
    await opened.type("AT+C");
    event(opened, 5);
    opened.terminal.hangUp();
    expect(await opened.wait(5000)).toBe("");
    expect(await opened.type("AT\r")).toBe("\r\nOK\r\n");
    expect(await opened.wait(5000)).toBe("");
  });

  it("is dropped, newest first, when a host never lets the line rest: the queue is bounded", async () => {
    const logged: object[] = [];
    const opened = await openAtTerminal({ log: { ...silentLog, warn: (fields) => void logged.push(fields) } });
    await opened.type("ATE0\r");
    await opened.type("AT");
    for (let round = 0; round < 10_000; round++) event(opened, (round % 2) as 0);
    await opened.type("\r");
    const lines = (await opened.wait(20)).split("\r\n").filter((line) => line !== "");
    expect(lines).toHaveLength(256);
    expect(logged).toEqual([{ lines: 9744 }]);
    expect(lines.slice(0, 2)).toEqual(['+QLWEVENT: 0,"STATE_INITIAL"', '+QLWEVENT: 1,"STATE_BOOTSTRAP_REQUIRED"']);
    expect(await opened.type("AT\r")).toBe("\r\nOK\r\n");
  });

  it("has the framing of an information line under ATV0", async () => {
    const opened = await openAtTerminal();
    await opened.type("ATE0V0\r");
    await opened.wait(20);
    expect(event(opened, 5)).toBe('+QLWEVENT: 5,"STATE_READY"\r\n');
  });

  it("does not come after close()", async () => {
    const opened = await openAtTerminal();
    await opened.type("AT");
    event(opened, 4);
    opened.terminal.close();
    event(opened, 5);
    expect(await opened.type("AT\r")).toBe("");
    expect(await opened.wait(1000)).toBe("");
    expect(opened.clock.pending()).toBe(0);
  });
});
