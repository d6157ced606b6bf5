import { describe, expect, it } from "vitest";
import { defineCommand } from "#at/command";
import { data, hex, integer, optional, string, word } from "#at/parameter";
import { openAtTerminal } from "../support/at-terminal.ts";

/** A terminal without echo whose +TRY answers what its grammar made of the values. */
async function openWith(definition: Omit<Parameters<typeof defineCommand>[0], "name" | "title" | "spec">) {
  const command = defineCommand({ name: "+TRY", title: "Try", spec: "test", ...definition });
  const e = defineCommand({
    name: "E",
    title: "Echo",
    spec: "test",
    execute: ({ session }) => {
      session.echo = false;
      return [];
    },
  });
  const note = defineCommand({ name: "+NOTE", title: "Note", spec: "test", execute: () => ["noted"] });
  const opened = await openAtTerminal({ commands: [command, e, note] });
  await opened.type("ATE\r");
  return opened;
}

const ok = (...lines: string[]) => `\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\nOK\r\n`;
const ERROR = "\r\nERROR\r\n";
const WRONG = "\r\n+CME ERROR: 50\r\n";

describe("command lines", () => {
  it("run basic commands standing together, with and without numbers, from left to right", async () => {
    const { type } = await openAtTerminal();
    expect(await type("ATE0V1Q0X4\r")).toBe("ATE0V1Q0X4\r\r\nOK\r\n");
    expect(await type("AT&FZE0&W\r")).toBe("\r\nOK\r\n");
    expect(await type("AT & C 1 & D 0 E 0\r")).toBe("\r\nOK\r\n");
    expect(await type("ATIS3?S7=60S7?\r")).toBe(
      "\r\nQuectel\r\nBG96\r\nRevision: BG96MAR02A07M1G\r\n\r\n013\r\n\r\n060\r\n\r\nOK\r\n",
    );
  });

  it("chain extended commands with ; and take a basic one before them without", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("AT+CMEE=1;+CREG=2\r")).toBe("\r\nOK\r\n");
    expect(await type("ATE0+CSQ;+CMEE?;E0;+CREG=0;\r")).toBe("\r\n+CSQ: 20,99\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n");
  });

  it("stop at the first failure: earlier commands stay done, one final result", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("AT+CREG=2;+CSQ;+NOPE;+CMEE=2;+CSQ\r")).toBe("\r\n+CSQ: 20,99\r\n\r\nERROR\r\n");
    expect(await type("AT+CMEE?\r")).toBe("\r\n+CMEE: 1\r\n\r\nOK\r\n");
    expect(await type("AT+CREG?\r")).toContain("+CREG: 2,1,");
  });

  it("are refused with ERROR where no command can stand", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    for (const line of [
      "AT+AT+X",
      "AT+",
      "AT+CSQ+CSQ",
      "AT+CSQ,",
      "AT?",
      "AT=1",
      "AT,",
      "AT&",
      "AT&1",
      'AT"',
      "AT^SBNR=?",
      "AT%IPSYS?",
      "AT*CNTI=2",
      "AT$X",
      "AT_OHWV",
      "AT1",
      "AT\xe4",
      "ATT",
      "ATI9",
      "ATE2",
      "ATE99999999999999999999",
      "ATS99?",
      "ATS3=?",
      "ATS3=",
      "ATS3=128",
      "AT+CSQ=1",
      "AT+CSQ?",
      "AT+CMEE",
      "AT+QCFG?",
      "AT+CSQ=?1",
    ]) {
      expect([line, await type(`${line}\r`)]).toEqual([
        line,
        expect.stringMatching(/^\r\n(ERROR|\+CME ERROR: 50)\r\n$/),
      ]);
    }
    expect(await type("AT\r")).toBe("\r\nOK\r\n");
  });

  it("may have spaces anywhere outside quotes", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("AT + CM EE = 2 ; + CMEE ? ; E 0\r")).toBe("\r\n+CMEE: 2\r\n\r\nOK\r\n");
    expect(await type('AT+QICSGP=1,1,"apn","user", "pwd",1\r')).toBe("\r\nOK\r\n");
  });

  it("answer S-registers in three digits", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    const defaults = { 0: "000", 3: "013", 4: "010", 5: "008", 6: "002", 7: "000", 8: "002", 10: "015" };
    for (const [number, value] of Object.entries(defaults)) expect(await type(`ATS${number}?\r`)).toBe(ok(value));
  });
});

describe("values", () => {
  it("[BG-155] are read by the grammar: numbers plain, text in quotes, optional ones left out or left empty", async () => {
    const { type } = await openWith({
      parameters: [integer("a", { min: 0, max: 300 }), optional(string("b")), optional(integer("c", [0, 1]))],
      write: (_, args) => [JSON.stringify(args)],
    });
    expect(await type('AT+TRY=007,"x, y;z",1\r')).toBe(ok('{"a":7,"b":"x, y;z","c":1}'));
    expect(await type("AT+TRY=7\r")).toBe(ok('{"a":7}'));
    expect(await type("AT+TRY=7,,1\r")).toBe(ok('{"a":7,"c":1}'));
    expect(await type("AT+TRY=7,,\r")).toBe(ok('{"a":7}'));
    expect(await type('AT+TRY= 7 , "" \r')).toBe(ok('{"a":7,"b":""}'));
    for (const values of [
      "",
      "301",
      "-1",
      "1.5",
      "0x1",
      "1 2",
      '"7"',
      "7,x",
      '7,"x",2',
      '7,"x",1,',
      '7,"x",1,1',
      ',"x"',
    ]) {
      expect([values, await type(`AT+TRY=${values}\r`)]).toEqual([values, WRONG]);
    }
  });

  it("answer ERROR to a missing closing quote and to text behind a closing one", async () => {
    const { type } = await openWith({ parameters: [string("a")], write: () => [] });
    for (const values of ['"', '"abc', '"a"b', '"a"b"', '"a""b"']) expect(await type(`AT+TRY=${values}\r`)).toBe(ERROR);
  });

  it("may be words in any case, and hexadecimal as bytes", async () => {
    const { type } = await openWith({
      parameters: [word("type", ["IP", "IPV6"]), hex("key", { maxBytes: 3 })],
      write: (_, args) => [`${args["type" as never]} ${(args["key" as never] as Buffer).join(" ")}`],
    });
    expect(await type('AT+TRY="ipv6",00Ff10\r')).toBe(ok("IPV6 0 255 16"));
    for (const values of ['"IPX",00', "IP,0", "IP,0g", "IP,00112233"])
      expect(await type(`AT+TRY=${values}\r`)).toBe(WRONG);
  });

  it("that are bare data run to the end of the line; quoted data may have quotes of its own", async () => {
    const { type } = await openWith({
      parameters: [integer("n", [1]), data("data")],
      write: (_, args) => [JSON.stringify(args)],
    });
    expect(await type("AT+TRY=1, a,b;+NOTE \r")).toBe(ok('{"n":1,"data":" a,b;+NOTE "}'));
    expect(await type('AT+TRY=1, "a,b" ;+NOTE\r')).toBe(`\r\n{"n":1,"data":"a,b"}\r\n${ok("noted")}`);
    expect(await type('AT+TRY=1,"{"a":1}"\r')).toBe(ok('{"n":1,"data":"{\\"a\\":1}"}'));
    expect(await type('AT+TRY=1,"abc\r')).toBe(ERROR);
    expect(await type("AT+TRY=1,\r")).toBe(WRONG);
  });

  it("of a family go to the row that the first one names", async () => {
    const one = defineCommand({
      name: "one",
      title: "",
      spec: "",
      parameters: [integer("n", [0, 1, 2])],
      read: () => ["read"],
      write: (_, { n }) => [`one ${n}`],
    });
    const two = defineCommand({
      name: "two",
      title: "",
      spec: "",
      parameters: [optional(integer("n", [0, 1]))],
      write: (_, { n }) => [`two ${n}`],
    });
    const three = defineCommand({ name: "three", title: "", spec: "", execute: () => ["three"] });
    const { type } = await openWith({ subcommands: { one, two, three } });
    expect(await type('AT+TRY="one"\r')).toBe(ok("read"));
    expect(await type('AT+TRY="One" , 2;+NOTE\r')).toBe(`\r\none 2\r\n${ok("noted")}`);
    expect(await type('AT+TRY="two"\r')).toBe(ok("two undefined"));
    expect(await type('AT+TRY="two",1\r')).toBe(ok("two 1"));
    expect(await type('AT+TRY="three"\r')).toBe(ok("three"));
    expect(await type("AT+TRY=?\r")).toBe(ok('+TRY: "one",(0-2)', '+TRY: "two",(0,1)', '+TRY: "three"'));
    for (const values of ['"four"', "one", '"three",1', '"one"x', '"constructor"', '"one']) {
      expect([values, await type(`AT+TRY=${values}\r`)]).toEqual([values, ERROR]);
    }
    for (const values of ['"one",', '"one",3', '"two",1,1']) expect(await type(`AT+TRY=${values}\r`)).toBe(WRONG);
  });
});
