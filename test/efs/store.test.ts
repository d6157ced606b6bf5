import { describe, expect, it } from "vitest";
import { openEfs } from "#efs/efs";
import { createStore } from "#efs/store";
import { type Log, silentLog } from "#runtime";
import { temporaryDirectory } from "./temporary-directory.ts";

function open(log: Log = silentLog) {
  const efs = openEfs(temporaryDirectory());
  return { efs, store: createStore(efs, log) };
}

describe("the persistent store", () => {
  it("keeps state in files under /datatx/lwm2m, for the next start to find", () => {
    const { efs, store } = open();
    store.save("registration", { location: "/rd/abc", lifetimeS: 300 });
    expect(efs.list("/datatx/lwm2m")).toEqual(["registration.json"]);
    expect(createStore(openEfs(efs.root), silentLog).load("registration")).toEqual({
      location: "/rd/abc",
      lifetimeS: 300,
    });
  });

  it.each([
    ["null", null],
    ["text", "ä\u0000\ud83d\ude00"],
    ["numbers", [0, -1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ["bigints", { big: 2n ** 63n, negative: -1n }],
    ["bytes", [Buffer.from([0, 255, 128]), Buffer.alloc(0)]],
    [
      "maps in maps",
      new Map([
        [
          0,
          new Map<number, unknown>([
            [5, Buffer.from("k")],
            [6, 1n],
          ]),
        ],
      ]),
    ],
    ["fields that look like marks", { $: "bytes", of: "AAAA", nested: [{ $: 1 }] }],
    ["a field named __proto__", JSON.parse('{"__proto__":{"a":1}}')],
  ])("gives back %s as they were", (_name, value) => {
    const { store } = open();
    store.save("x", value);
    expect(store.load("x")).toEqual(value);
  });

  it("has nothing under a name never saved or removed", () => {
    const { store } = open();
    expect(store.load("x")).toBeUndefined();
    store.save("x", 1);
    expect(store.remove("x")).toBe(true);
    expect(store.remove("x")).toBe(false);
    expect(store.load("x")).toBeUndefined();
  });

  it.each([
    "",
    '{"schema":1,"val',
    "null",
    '{"schema":2,"value":1}',
    '{"schema":1,"value":{"$":"bigint","of":"x"}}',
    '{"schema":1,"value":{"$":"new","of":1}}',
    '{"schema":1,"value":{"$":"map","of":[1]}}',
    `{"schema":1,"value":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
  ])("sets aside a file that cannot be read, and says so", (content) => {
    const warned: object[] = [];
    const { efs, store } = open({ ...silentLog, warn: (fields) => void warned.push(fields) });
    efs.write("/datatx/lwm2m/x.json", content);
    expect(store.load("x")).toBeUndefined();
    expect(efs.list("/datatx/lwm2m")).toEqual(["x.json.bad"]);
    expect(efs.read("/datatx/lwm2m/x.json.bad")?.toString()).toBe(content);
    expect(warned).toMatchObject([{ path: "/datatx/lwm2m/x.json", setAside: "/datatx/lwm2m/x.json.bad" }]);
    store.save("x", 1);
    expect(store.load("x")).toBe(1);
  });
});
