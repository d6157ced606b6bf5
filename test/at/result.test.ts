import { describe, expect, it } from "vitest";
import { defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import { CmeError } from "#at/result";
import { ClientError } from "#lwm2m/client";
import { type Log, silentLog } from "#runtime";
import { openAtTerminal } from "../support/at-terminal.ts";

const failing = (name: string, error: () => Error, errors: "cme" | "bare" = "cme") =>
  defineCommand({
    name,
    title: "Fails",
    spec: "test",
    errors,
    execute: () => {
      throw error();
    },
    read: () => Promise.reject(error()),
  });

describe("final results", () => {
  it("AT+CMEE chooses between ERROR, the number and the words of 3GPP TS 27.007 §9.2", async () => {
    const { type, update } = await openAtTerminal();
    update((state) => ({ sim: { ...state.sim, status: "NOT INSERTED" } }));
    await type("ATE0\r");
    expect(await type("AT+CMEE?\r")).toBe("\r\n+CMEE: 1\r\n\r\nOK\r\n");
    expect(await type("AT+CIMI\r")).toBe("\r\n+CME ERROR: 10\r\n");
    expect(await type("AT+CMEE=2;+CIMI\r")).toBe("\r\n+CME ERROR: SIM not inserted\r\n");
    expect(await type("AT+CMEE=5\r")).toBe("\r\n+CME ERROR: Incorrect parameters\r\n");
    expect(await type("AT+CMEE=0;+CIMI\r")).toBe("\r\nERROR\r\n");
    expect(await type("AT+CMEE=5\r")).toBe("\r\nERROR\r\n");
  });

  it("an unknown command answers a bare ERROR at every level", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    for (const level of [0, 1, 2]) expect(await type(`AT+CMEE=${level};+NOPE=1\r`)).toBe("\r\nERROR\r\n");
  });

  it("Quectel's own commands answer a bare ERROR at every level", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0+CMEE=2\r");
    for (const line of [
      "AT+QIACT=99",
      "AT+QIACT=",
      "AT+QIACT=2",
      "AT+QICSGP=0",
      'AT+QCFG="iotopmode",9',
      'AT+QCFG="none"',
      'AT+QLWM2M="none"',
    ]) {
      expect([line, await type(`${line}\r`)]).toEqual([line, "\r\nERROR\r\n"]);
    }
  });

  it("a failure thrown now or later is one final result: CME code, ERROR of the client, ERROR of a bug", async () => {
    const logged: Array<[object, string]> = [];
    const log: Log = { ...silentLog, error: (fields, message) => void logged.push([fields, message]) };
    const commands = commandTable([
      failing("+CME", () => new CmeError(14)),
      failing("+BARE", () => new CmeError(14), "bare"),
      failing("+CLIENT", () => new ClientError("no such server: 9")),
      failing("+BUG", () => new TypeError("x is undefined")),
    ]);
    const { type } = await openAtTerminal({ commands, log });
    await type("ATE0\r");
    for (const form of ["", "?"]) {
      expect(await type(`AT+CME${form}\r`)).toBe("\r\n+CME ERROR: 14\r\n");
      expect(await type(`AT+BARE${form}\r`)).toBe("\r\nERROR\r\n");
      expect(await type(`AT+CLIENT${form}\r`)).toBe("\r\nERROR\r\n");
      expect(logged).toEqual([]);
      expect(await type(`AT+BUG${form}\r`)).toBe("\r\nERROR\r\n");
      expect(logged.splice(0)).toEqual([
        [
          expect.objectContaining({ command: "+BUG", stack: expect.stringContaining("x is undefined") }),
          "a command failed",
        ],
      ]);
    }
  });

  it("several lines of one command share a header, each command of a chain has its own", async () => {
    const { type } = await openAtTerminal();
    await type('ATE0+CGDCONT=1,"IP","a";+CGDCONT=2,"IP","b"\r');
    expect(await type("AT+CGPADDR;+CSQ\r")).toMatch(
      /^\r\n\+CGPADDR: 1[^\r]*\r\n\+CGPADDR: 2\r\n\r\n\+CSQ: 20,99\r\n\r\nOK\r\n$/,
    );
  });

  it("ATV0 answers in numbers without headers; +CME ERROR stays in words (ITU-T V.250 §6.2.6)", async () => {
    const { type } = await openAtTerminal();
    await type("ATE0\r");
    expect(await type("ATV0\r")).toBe("0\r");
    expect(await type("AT+CSQ\r")).toBe("+CSQ: 20,99\r\n0\r");
    expect(await type("AT+NOPE\r")).toBe("4\r");
    expect(await type("AT+CMEE=9\r")).toBe("\r\n+CME ERROR: 50\r\n");
    expect(await type("ATV1\r")).toBe("\r\nOK\r\n");
  });

  it("ATQ1 suppresses result codes, not information and not the echo (ITU-T V.250 §6.2.5)", async () => {
    const { type } = await openAtTerminal();
    expect(await type("ATQ1\r")).toBe("ATQ1\r");
    expect(await type("AT+CSQ\r")).toBe("AT+CSQ\r\r\n+CSQ: 20,99\r\n");
    expect(await type("AT+NOPE\r")).toBe("AT+NOPE\r");
    expect(await type("AT+CMEE=9\r")).toBe("AT+CMEE=9\r");
    expect(await type("ATQ0\r")).toBe("ATQ0\r\r\nOK\r\n");
  });
});
