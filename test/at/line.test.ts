import { describe, expect, it } from "vitest";
import { defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import { MAX_LINE_LENGTH } from "#at/terminal/line";
import { TYPE_AHEAD_LIMIT } from "#at/terminal/type-ahead";
import { createSlowCommand, openAtTerminal } from "../support/at-terminal.ts";

/** What AT+CSQ prints on the simulated module of these tests. */
const CSQ = "\r\n+CSQ: 20,99\r\n\r\nOK\r\n";

describe("echo (ITU-T V.250 §6.2.4)", () => {
  it("gives the line back byte for byte, its CR as CR alone, before the answer", async () => {
    const { type } = await openAtTerminal();
    expect(await type("AT\r")).toBe("AT\r\r\nOK\r\n");
    expect(await type("at+cSq\r")).toBe(`at+cSq\r${CSQ}`);
  });

  it("comes as each byte is typed, not at the end of the line", async () => {
    const { type } = await openAtTerminal();
    expect(await type("A")).toBe("A");
    expect(await type("T+C")).toBe("T+C");
    expect(await type("SQ")).toBe("SQ");
    expect(await type("\r")).toBe(`\r${CSQ}`);
  });

  it("still gives back the line that switches it off", async () => {
    const { type } = await openAtTerminal();
    expect(await type("ATE0\r")).toBe("ATE0\r\r\nOK\r\n");
    expect(await type("AT\r")).toBe("\r\nOK\r\n");
    expect(await type("ATE1\r")).toBe("\r\nOK\r\n");
    expect(await type("AT\r")).toBe("AT\r\r\nOK\r\n");
  });
});

describe("the prefix and the terminator (ITU-T V.250 §5.2)", () => {
  it("takes the prefix in any case, and one byte at a time", async () => {
    const { type, typeSlowly } = await openAtTerminal();
    await type("ATE0\r");
    for (const prefix of ["AT", "at", "At", "aT"]) expect(await type(`${prefix}+CSQ\r`)).toBe(CSQ);
    expect(await typeSlowly("AT+CSQ\r")).toBe(CSQ);
  });

  it("discards whatever stands before the prefix: escapes, noise, letters, an A too many", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    for (const noise of ["\x1b\r", "\x00\xff\xfe", "xyz", "A", "AxA", "\x00A\x00", " "]) {
      expect(await type(`${noise}AT+CSQ\r`)).toBe(CSQ);
    }
  });

  it("answers nothing to an empty line, to noise and to half a prefix", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    for (const line of ["\r", "\r\r\r", "\n", "hello\r", "A\r", "\x1b\r", "\x00\xff\r"])
      expect(await type(line)).toBe("");
  });

  it("ignores LF wherever it comes, without an echo of it", async () => {
    const { type } = await openAtTerminal();
    expect(await type("AT\r\n")).toBe("AT\r\r\nOK\r\n");
    expect(await type("\nA\nT+\nCSQ\n\r\n")).toBe(`AT+CSQ\r${CSQ}`);
  });

  describe("LF behind the CR of a line that opens a data mode", () => {
    const take = defineCommand({
      name: "+TAKE",
      title: "Takes three bytes",
      spec: "test",
      execute: async ({ data }) => [(await data.receive(3, 5000)).bytes.toString("latin1")],
    });
    const open = () => openAtTerminal({ commands: commandTable([take]) });
    const taken = (text: string) => `\r\nCONNECT\r\n\r\n${text}\r\n\r\nOK\r\n`;

    it("is the end of the line, not data, where they come together", async () => {
      const { type } = await open();
      await type("ATE0\r");
      expect(await type("AT+TAKE\r\nabc")).toBe(taken("abc"));
      expect((await type("AT+TAKE\r\n")) + (await type("abc"))).toBe(taken("abc"));
      expect((await type("AT+TAKE\r\n")) + (await type("\nbc"))).toBe(taken("\nbc"));
    });

    it("is the only thing that is not data: a host may send all it has at once, for several such commands of a line", async () => {
      const { type } = await open();
      await type("ATE0\r");
      const one = (text: string) => `\r\nCONNECT\r\n\r\n${text}\r\n`;
      expect(await type("AT+TAKE;+TAKE\r\nabcdefAT\r")).toBe(`${one("abc")}${one("def")}\r\nOK\r\n\r\nOK\r\n`);
    });

    it("is so too where they come apart, if the host ends its lines with CR LF", async () => {
      const { typeSlowly, type } = await open();
      await typeSlowly("ATE0\r\n");
      expect(await typeSlowly("AT+TAKE\r\nabc\r\n")).toBe(taken("abc"));
      await type("AT\r");
      expect((await type("AT+TAKE\r")) + (await type("\nbc"))).toBe(taken("\nbc"));
      expect((await type("AT+TAKE\r")) + (await type("\nbc"))).toBe(taken("\nbc"));
    });
  });

  it("ends lines at the character in S3 and prints it; S4 is the other half of a line's end", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("ATS3=30\r")).toBe("\x1e\nOK\x1e\n");
    expect(await type("AT\r\x1e")).toBe("\x1e\nOK\x1e\n");
    expect(await type("ATS4=31\x1e")).toBe("\x1e\x1fOK\x1e\x1f");
    expect(await type("ATV0\x1e")).toBe("0\x1e");
    expect(await type("ATS4=10S3=13V1\x1e")).toBe("\r\nOK\r\n");
  });

  it("ignores other control characters within a line", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("AT\x00+C\x1bS\x07Q\r")).toBe(CSQ);
  });
});

describe("editing (ITU-T V.250 §5.2.2, §6.2.3)", () => {
  it("erases with backspace and with DEL, and shows it as BS SP BS", async () => {
    const { type } = await openAtTerminal();
    expect(await type("ATX\bI\x7fI\r")).toContain("ATX\b \bI\b \bI\r\r\nQuectel\r\n");
  });

  it("erases with the character in S5 in place of backspace", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0S5=35\r");
    expect(await type("AT+CSX#Q\r")).toBe(CSQ);
    expect(await type("AT+CSQX\b\r")).toBe("\r\nERROR\r\n");
  });

  it("never erases the prefix: further backspaces do nothing and show nothing", async () => {
    const { type } = await openAtTerminal();
    expect(await type("AT+C\b\b\b\b\b\b")).toBe("AT+C\b \b\b \b");
    expect(await type("+CSQ\r")).toBe(`+CSQ\r${CSQ}`);
    expect(await type("A\bT+CSQ\r")).toBe(`AT+CSQ\r${CSQ}`);
  });

  it("looks for the terminator before the editing character", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0S5=13\r");
    expect(await type("AT+CSQ\r")).toBe(CSQ);
  });
});

describe("repetition (ITU-T V.250 §5.2.4)", () => {
  it("A/ and a/ run the previous line at once, without a CR", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    await type("AT+CSQ\r");
    expect(await type("A/")).toBe(CSQ);
    expect(await type("a/")).toBe(CSQ);
    expect(await type("A/A/")).toBe(CSQ + CSQ);
  });

  it("answers OK when there is no previous line", async () => {
    const { type } = await openAtTerminal();
    expect(await type("A/")).toBe("A/\r\nOK\r\n");
  });

  it("is nothing special in the middle of a line or behind other characters", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    await type("AT+CSQ\r");
    expect(await type("ATA/")).toBe("");
    expect(await type("\r")).toBe("\r\nERROR\r\n");
    expect(await type("AT+CSQ\r")).toBe(CSQ);
    expect(await type("+QIND: A/\r")).toBe("");
  });
});

describe("limits", () => {
  it("takes a line of the greatest length", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type(`AT${" ".repeat(MAX_LINE_LENGTH - 4)}+CSQ\r`)).toBe(CSQ);
  });

  it("answers a longer line with one ERROR at its end, loses it whole and goes on", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type(`AT+CSQ${" ".repeat(MAX_LINE_LENGTH)}`)).toBe("");
    expect(await type("  ")).toBe("");
    expect(await type("\r")).toBe("\r\nERROR\r\n");
    expect(await type("AT+CSQ\r")).toBe(CSQ);
  });

  it("keeps what is typed during execution and takes it afterwards, up to a bound", async () => {
    const { command, settle } = createSlowCommand();
    const { type } = await openAtTerminal({ commands: commandTable([command]) });
    expect(await type("AT+SLOW\r")).toBe("AT+SLOW\r");
    expect(await type("AT+CSQ\rATI")).toBe("");
    settle(["+SLOW: 1"]);
    expect(await type("")).toBe(`\r\n+SLOW: 1\r\n\r\nOK\r\nAT+CSQ\r${CSQ}ATI`);
    await type("\r");

    await type("AT+SLOW\r");
    for (let sent = 0; sent < 4 * TYPE_AHEAD_LIMIT; sent += 4096) await type("x".repeat(4096));
    settle();
    const echoed = (await type("")).replace("\r\nOK\r\n", "");
    expect(echoed).toBe("x".repeat(TYPE_AHEAD_LIMIT));
    expect(await type("\rAT\r")).toBe("\rAT\r\r\nOK\r\n");
  });

  it("forgets what was half typed behind a slow command by a host that has left", async () => {
    const { command, settle } = createSlowCommand();
    const { type, terminal } = await openAtTerminal({ commands: commandTable([command]) });
    await type("ATE0\r");
    await type("AT+SLOW\rAT+CSQ\rAT+C");
    terminal.hangUp();
    settle();
    expect(await type("AT\r")).toBe(`\r\nOK\r\n${CSQ}\r\nOK\r\n`);
  });

  it("[BG-155] keeps the case and every byte of a quoted string", async () => {
    const { type, modem } = await openAtTerminal();
    await type('AT+CGDCONT=3,"ip","Net.Home ;,=?"\r');
    expect(modem.state.pdp[3]).toMatchObject({ type: "IP", apn: "Net.Home ;,=?" });
  });
});
