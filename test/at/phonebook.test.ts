import { describe, expect, it } from "vitest";
import { PHONEBOOK_CAPACITY } from "#modem/phonebook";
import { openAtTerminal } from "../support/at-terminal.ts";

async function open() {
  const at = await openAtTerminal();
  await at.type("ATE0\r");
  return {
    ...at,
    lines: async (text: string) => (await at.type(`${text}\r`)).split("\r\n").filter((line) => line !== ""),
  };
}

describe("the phonebook", () => {
  it("takes entries at the first free place until it is full", async () => {
    const { lines } = await open();
    await lines('AT+CPBS="ME"');
    for (let count = 0; count < PHONEBOOK_CAPACITY.ME; count++)
      expect(await lines(`AT+CPBW=,"${count}"`)).toEqual(["OK"]);
    expect(await lines('AT+CPBW=,"1"')).toEqual(["+CME ERROR: 20"]);
    await lines("AT+CPBW=17");
    await lines('AT+CPBW=,"555"');
    expect(await lines("AT+CPBR=17")).toEqual(['+CPBR: 17,"555",129,""', "OK"]);
    expect(await lines("AT+CPBS?")).toEqual(['+CPBS: "ME",100,100', "OK"]);
  });

  it("refuses what does not fit and keeps what it has", async () => {
    const { lines } = await open();
    await lines('AT+CPBW=1,"123",129,"Ann"');
    for (const wrong of ['1,"12a"', `1,"${"1".repeat(41)}"`, `1,"1",129,"${"x".repeat(15)}"`, '0,"1"', '1,"1",5', ""])
      expect((await lines(`AT+CPBW=${wrong}`))[0], wrong).toBe("+CME ERROR: 50");
    expect(await lines('AT+CPBW=251,"1"')).toEqual(["+CME ERROR: 21"]);
    expect(await lines("AT+CPBR=1")).toEqual(['+CPBR: 1,"123",129,"Ann"', "OK"]);
  });
});
