import { describe, expect, it } from "vitest";
import { keepNonVolatile, readNonVolatile } from "#at/memory/non-volatile";
import { openEfs } from "#efs/efs";
import { createModem } from "#modem/modem";
import { emptyContext } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";
import { type Log, silentLog } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";

function reading(content: string) {
  const efs = openEfs(temporaryDirectory());
  efs.write("/nv/settings.json", content);
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    error: (fields, message) => void lines.push(JSON.stringify({ ...fields, message })),
  };
  return { kept: readNonVolatile(efs, log), lines };
}

const context = { type: "IP", apn: "a", user: "u", password: "U0VDUkVU", authentication: 1, active: false };

describe("the module's non-volatile settings", () => {
  it("are read as they were kept", () => {
    const efs = openEfs(temporaryDirectory());
    const state = { settings: { "qcfg/band": "f" }, pdp: {} } as unknown as ModemState;
    const modem = createModem(state, () => {});
    keepNonVolatile(efs, modem, silentLog);
    modem.update(() => ({ pdp: { 16: { ...emptyContext, apn: "x", active: true, address: "10.0.0.1" } } }));
    expect(readNonVolatile(efs, silentLog)).toEqual({
      settings: { "qcfg/band": "f" },
      pdp: { 16: { ...emptyContext, apn: "x" } },
    });
  });

  it("bring nothing else into the state", () => {
    const { kept, lines } = reading(
      JSON.stringify({ settings: { a: "b" }, pdp: { 1: context }, power: null, sim: {} }),
    );
    expect(kept).toEqual({ settings: { a: "b" }, pdp: { 1: { ...context, address: undefined } } });
    expect(lines).toEqual([]);
  });

  it.each([
    ["null", "/nv/settings.json"],
    ["[]", "/nv/settings.json"],
    ['"U0VDUkVU"', "/nv/settings.json"],
    ["{}", "/nv/settings.json settings"],
    ['{"settings":{"a":1},"pdp":{}}', "/nv/settings.json settings.a"],
    ['{"settings":{},"pdp":{"0":{}}}', "/nv/settings.json pdp"],
    ['{"settings":{},"pdp":{"17":{}}}', "/nv/settings.json pdp"],
    ['{"settings":{},"pdp":[]}', "/nv/settings.json pdp"],
    [
      JSON.stringify({ settings: {}, pdp: { 1: { ...context, authentication: 4 } } }),
      "/nv/settings.json pdp.1.authentication",
    ],
    [JSON.stringify({ settings: {}, pdp: { 1: { ...context, type: "U0VDUkVU" } } }), "/nv/settings.json pdp.1.type"],
    [JSON.stringify({ settings: {}, pdp: { 1: { ...context, apn: undefined } } }), "/nv/settings.json pdp.1.apn"],
    ['{"settings":{},"pdp":{"1":{"password":"U0VDUkVU"', "/nv/settings.json"],
    ["", "/nv/settings.json"],
  ])("are the factory's where the file is damaged: %s", (content, place) => {
    const { kept, lines } = reading(content);
    expect(kept).toEqual({});
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!).place).toMatch(new RegExp(`^${place}`));
    expect(lines[0]).not.toContain("U0VD");
  });

  it("are the factory's where the file cannot be read", () => {
    const lines: object[] = [];
    const efs = {
      ...openEfs(temporaryDirectory()),
      read: () => {
        throw new Error("cannot read: I/O error");
      },
    };
    const log: Log = { ...silentLog, error: (fields) => void lines.push(fields) };
    expect(readNonVolatile(efs, log)).toEqual({});
    expect(lines).toEqual([{ place: "/nv/settings.json", reason: "cannot read: I/O error" }]);
  });
});
