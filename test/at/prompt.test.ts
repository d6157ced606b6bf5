import { describe, expect, it } from "vitest";
import { defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import { openAtTerminal } from "../support/at-terminal.ts";

const OK = "\r\nOK\r\n";
const PROMPT = "\r\n> ";
const SENT = `\r\n+CMGS: 0\r\n${OK}`;

async function open(line = "ATE0+CMGF=1\r") {
  const at = await openAtTerminal();
  await at.type(line);
  return at;
}

describe("the prompt of AT+CMGS", () => {
  it("is > and a space; what is typed is echoed as far as echo is on, and may be edited", async () => {
    const { type } = await open();
    expect(await type('AT+CMGS="123"\r')).toBe(PROMPT);
    expect(await type("helo\b")).toBe("");
    expect(await type("lo\x1a")).toBe(SENT);
    const echoing = await open("AT+CMGF=1\r");
    expect(await echoing.type('AT+CMGS="123"\r')).toBe(`AT+CMGS="123"\r${PROMPT}`);
    expect(await echoing.type("\bhelo\b\r")).toBe("helo\b \b\r");
    expect(await echoing.type("lo\x1a")).toBe(`lo${SENT}`);
  });

  it("takes text that comes together with the command, and goes on with what stands behind it", async () => {
    const { type } = await open();
    expect(await type('AT+CMGS="123"\rAT+CMEE?\x1aAT+CMGF?\r')).toBe(`${PROMPT}${SENT}\r\n+CMGF: 1\r\n${OK}`);
  });

  it("holds unsolicited result codes back, and gives way to ESC", async () => {
    const { type, wait, update } = await open();
    await type("AT+CREG=1\r");
    await type('AT+CMGS="123"\r');
    update(({ network }) => ({ network: { ...network, coverage: false } }));
    expect(await wait(5000)).toBe("");
    expect(await type("x\x1b")).toBe(OK);
    expect(await wait(20)).toBe("\r\n+CREG: 2\r\n");
  });

  it("takes no more than a message may have", async () => {
    const { type } = await open("AT+CMGF=1\r");
    await type('AT+CMGS="123"\r');
    let echoed = "";
    for (let times = 0; times < 50; times++) echoed += await type("x".repeat(10_000));
    expect(echoed).toBe("x".repeat(400));
    expect(await type("\x1a")).toBe("\r\n+CMS ERROR: 305\r\n");
  });

  it("is over when the host leaves the port, and when the power goes", async () => {
    const { type, terminal, wait, power } = await open();
    await type('AT+CMGS="123"\rhalf a mess');
    terminal.hangUp();
    await wait(1000);
    expect(await type("AT\r")).toBe(OK);
    await type('AT+CMGS="123"\rhalf a mess');
    power.cut();
    power.on();
    await wait(1000);
    expect(await type("AT\r")).toBe(`AT\r${OK}`);
  });
});

describe("data behind CONNECT", () => {
  const take = defineCommand({
    name: "+TAKE",
    title: "Takes bytes",
    spec: "test",
    execute: async ({ data }) => [(await data.receive(10, 60_000)).end],
  });

  it("is given up when the host leaves the port, whose DTR falls, but for AT&D0", async () => {
    const { type, terminal, wait } = await openAtTerminal({ commands: commandTable([take]) });
    await type("ATE0\r");
    for (const level of [1, 2]) {
      await type(`AT&D${level}\r`);
      expect(await type("AT+TAKE\r12345")).toBe("\r\nCONNECT\r\n");
      terminal.hangUp();
      expect(await type("AT\r")).toBe(`\r\ntimeout\r\n${OK}${OK}`);
    }
    await type("AT&D0\r");
    await type("AT+TAKE\r12345");
    terminal.hangUp();
    expect(await type("67")).toBe("");
    expect(await wait(60_000)).toBe(`\r\ntimeout\r\n${OK}`);
  });
});
