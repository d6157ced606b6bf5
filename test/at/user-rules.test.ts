import { describe, expect, it } from "vitest";
import { createUserRules } from "#at/terminal/user-rules";
import type { UserRule } from "#config/user-rules";
import { type AtTerminal, openAtTerminal } from "../support/at-terminal.ts";
import { userRule } from "../support/user-rule.ts";

async function open(...rules: Partial<UserRule>[]) {
  const at = await openAtTerminal({ rules: createUserRules(rules.map(userRule)) });
  await at.type("ATE0\r");
  await at.wait(1000);
  return at;
}
const send = async (at: AtTerminal, line: string) =>
  (await at.type(`${line}\r`)).split("\r\n").filter((each) => each !== "");

describe("a rule of the user's", () => {
  it("answers a command that the module does not have, and overrides one that it has", async () => {
    const at = await open({ command: "AT+FOO?", answer: ["+FOO: 1", "+FOO: 2"] }, { command: "ATI", answer: ["Mine"] });
    expect(await at.type("AT+FOO?\r")).toBe("\r\n+FOO: 1\r\n+FOO: 2\r\n\r\nOK\r\n");
    expect(await send(at, "ATI")).toEqual(["Mine", "OK"]);
    expect(await send(at, "AT+FOO=1")).toEqual(["ERROR"]);
    expect(await send(at, "AT+CMEE?")).toEqual(["+CMEE: 1", "OK"]);
  });

  it("fits in any case and with any spaces, but for what stands in quotes", async () => {
    const at = await open({ command: 'AT+Open="Host a",1', answer: ["yes"] });
    expect(await send(at, 'at+open = "Host a", 1 ')).toEqual(["yes", "OK"]);
    expect(await send(at, 'AT+OPEN="host a",1')).toEqual(["ERROR"]);
    expect(await send(at, 'AT+OPEN="Host a",12')).toEqual(["ERROR"]);
  });

  it("fits by pattern, whose groups stand in the lines", async () => {
    const at = await open(
      { pattern: /^(?:AT\+Y=(\d+)(?:,(\d+))?)$/i, answer: ["+Y: $1/$2/$3"], urcs: ["+YIND: $1"] },
      { command: "AT+PAY", answer: ["5 $1"] },
    );
    expect(await send(at, "at+y=12,7")).toEqual(["+Y: 12/7/", "OK"]);
    expect((await at.wait(100)).trim()).toBe("+YIND: 12");
    expect(await send(at, "AT+Y=3")).toEqual(["+Y: 3//", "OK"]);
    expect(await send(at, "AT+Y=x")).toEqual(["ERROR"]);
    expect(await send(at, "AT+PAY")).toEqual(["5 $1", "OK"]);
  });

  it("is one command of a line: OK goes on, anything else ends it", async () => {
    const at = await open(
      { command: "AT+A", answer: ["a"] },
      { command: "AT+B", answer: ["b"], result: "+CME ERROR: 10" },
      { command: 'AT+C="x;y"', answer: ["c"] },
    );
    expect(await send(at, "AT+A;+CMEE?;+A")).toEqual(["a", "+CMEE: 1", "a", "OK"]);
    expect(await send(at, "AT+CMEE?;+B;+A")).toEqual(["+CMEE: 1", "b", "+CME ERROR: 10"]);
    expect(await send(at, 'AT+C="x;y";+A;')).toEqual(["c", "a", "OK"]);
  });

  it("may be for AT alone, which is the whole line", async () => {
    const at = await open({ command: "AT", result: "ERROR" });
    expect(await send(at, "AT")).toEqual(["ERROR"]);
    expect(await send(at, "AT+CMEE?")).toEqual(["+CMEE: 1", "OK"]);
    const more = await open({ command: "AT", answer: ["hello"] });
    expect(await send(more, "AT")).toEqual(["hello", "OK"]);
  });

  it("with once is there once, then the next that fits, then the module", async () => {
    const at = await open(
      { command: "AT+CSQ", once: true, result: "ERROR" },
      { command: "AT+CSQ", once: true, answer: ["+CSQ: 99,99"] },
    );
    expect(await send(at, "AT+CSQ")).toEqual(["ERROR"]);
    expect(await send(at, "AT+CSQ")).toEqual(["+CSQ: 99,99", "OK"]);
    expect(await send(at, "AT+CSQ")).toEqual(["+CSQ: 20,99", "OK"]);
  });

  it("answers after its delay; what is typed meanwhile waits", async () => {
    const at = await open({ command: "AT+SLOW", answer: ["done"], delayMs: 3000 });
    expect(await send(at, "AT+SLOW")).toEqual([]);
    expect(await send(at, "AT+CMEE?")).toEqual([]);
    expect(await at.wait(2999)).toBe("");
    expect(await at.wait(2)).toBe("\r\ndone\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n");
  });

  it("may have no result at all, and the next line is answered", async () => {
    const at = await open({ command: "AT+LOST", answer: ["+LOST: 1"], result: "" });
    expect(await at.type("AT+LOST\r")).toBe("\r\n+LOST: 1\r\n");
    expect(await send(at, "AT")).toEqual(["OK"]);
  });

  it("sends URCs after the result, and later still by its delay", async () => {
    const at = await open(
      { command: "AT+NOW", urcs: ["+NIND: 1", "+NIND: 2"] },
      { command: "AT+LATER", urcs: ["+LIND"], urcDelayMs: 5000, result: "ERROR" },
    );
    expect(await at.type("AT+NOW\r")).toBe("\r\nOK\r\n");
    expect(await at.wait(50)).toBe("\r\n+NIND: 1\r\n\r\n+NIND: 2\r\n");
    expect(await at.type("AT+LATER\r")).toBe("\r\nERROR\r\n");
    expect(await at.wait(4990)).toBe("");
    expect(await at.wait(20)).toBe("\r\n+LIND\r\n");
  });

  it("ends with the power: neither its answer nor its URCs come after a restart", async () => {
    const at = await open(
      { command: "AT+SLOW", answer: ["done"], delayMs: 3000 },
      { command: "AT+LATER", urcs: ["+LIND"], urcDelayMs: 3000 },
    );
    await send(at, "AT+LATER");
    await send(at, "AT+SLOW");
    at.power.cut();
    at.power.on();
    expect(await at.wait(10_000)).not.toMatch(/done|LIND/);
    expect(await send(at, "AT")).toContain("OK");
  });

  it("leaves no timer behind when the terminal ends, and does not pile URCs up", async () => {
    const at = await open(
      { command: "AT+LATER", urcs: ["+LIND"], urcDelayMs: 3_600_000 },
      { command: "AT+SLOW", delayMs: 3_600_000 },
    );
    const before = at.clock.pending();
    for (let times = 0; times < 1000; times++) at.terminal.receive(Buffer.from("AT+LATER\r"));
    await at.wait(100);
    expect(at.clock.pending() - before).toBe(256);
    await send(at, "AT+SLOW");
    expect((await at.wait(3_600_000)).match(/LIND/g)).toBeNull();
    expect((await at.wait(1000)).match(/LIND/g)).toHaveLength(256);
    await send(at, "AT+LATER");
    await send(at, "AT+SLOW");
    at.terminal.close();
    expect(at.clock.pending()).toBe(before);
  });

  it("may have a pattern that never ends: it is passed over, told of, and the next one that fits has the command", async () => {
    const logged: object[] = [];
    const rules = [
      userRule({ pattern: /^(?:AT(\+a+)+)$/i }),
      userRule({ pattern: /^(?:AT((a|A)+)+)$/i, answer: ["slow"] }),
      userRule({ pattern: /^(?:AT.*!)$/i, answer: ["quick"] }),
    ];
    const at = await openAtTerminal({ rules: createUserRules(rules, { error: (fields) => void logged.push(fields) }) });
    await at.type("ATE0\r");
    expect(await send(at, "ATaaa")).toEqual(["slow", "OK"]);
    const startedAtMs = performance.now();
    expect(await send(at, `AT${"a".repeat(60)}!`)).toEqual(["quick", "OK"]);
    expect(performance.now() - startedAtMs).toBeLessThan(5000);
    expect(logged).toEqual([{ pattern: expect.stringContaining("(a|A)+") }]);
    expect(await send(at, "ATaaa")).toEqual(["ERROR"]);
  });

  it("is written in UTF-8 and said so, and is for commands that are", async () => {
    const at = await open(
      { command: 'AT+NAME="é"', answer: ['+NAME: "SK텔레콤"'] },
      { pattern: /^(?:AT\+ECHO="(.*)")$/i, answer: ["$1 ü"] },
    );
    const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
    expect(await send(at, bytes('AT+NAME="é"'))).toEqual([bytes('+NAME: "SK텔레콤"'), "OK"]);
    expect(await send(at, bytes('AT+ECHO="ñ"'))).toEqual([bytes("ñ ü"), "OK"]);
  });
});
