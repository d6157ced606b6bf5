import { describe, expect, it } from "vitest";
import type { ResourceValue } from "#lwm2m/object";
import type { InstanceValues } from "#lwm2m/registry";
import { createManagedDevice, hex, textOf } from "./managed-device.js";

const READ = 1;
const WRITE = 2;
const EXECUTE = 4;
const DELETE = 8;
const CREATE = 16;
const WHOLE_OBJECT = 65535;
/** What every Instance of Object 19 has. */
const DATA = { payload: hex("C20041 42") };

const rule = (objectId: number, instanceId: number, owner: number, acl: Record<number, number> = {}): InstanceValues =>
  new Map<number, ResourceValue>([
    [0, objectId],
    [1, instanceId],
    [2, new Map(Object.entries(acl).map(([id, rights]) => [Number(id), rights]))],
    [3, owner],
  ]);

/** Two Servers, 101 and 102, and these Access Control Instances. */
function ruled(...rules: InstanceValues[]) {
  const device = createManagedDevice({ servers: [101, 102] });
  device.registry.load(2, new Map(rules.map((values, id) => [id, values])));
  return device;
}

describe("access control", () => {
  it("grants everything to the only Server, rules or none", () => {
    const { request, registry } = createManagedDevice({ servers: [101] });
    registry.load(2, new Map([[0, rule(3, 0, 999)]]));
    expect(request("GET", "/3/0/9", {}, 101).code).toBe("2.05");
    expect(request("POST", "/3/0/4", {}, 101).code).toBe("2.04");
    expect(request("POST", "/19", DATA, 101).code).toBe("2.01");
    expect(registry.instances(2)).toEqual([0]);
  });

  it("grants all but each other's accounts to several Servers while no rule at all is there", () => {
    const { request, registry } = createManagedDevice({ servers: [101, 102] });
    expect(request("GET", "/3/0/9", {}, 101).code).toBe("2.05");
    expect(request("PUT", "/3/0/15", { payload: "UTC" }, 102).code).toBe("2.04");
    expect(request("DELETE", "/19/1", {}, 102).code).toBe("2.02");
    expect(request("GET", "/1/1", {}, 101).code).toBe("2.05");
    expect(request("GET", "/1/1", {}, 102).code).toBe("4.01");
    expect(request("PUT", "/1/1/1", { payload: "60" }, 102).code).toBe("4.01");
    expect(registry.instances(2)).toEqual([]);
  });

  it("writes down what has been allowed when the first created Instance gets its rule", () => {
    const { request, registry } = createManagedDevice({ servers: [101, 102] });
    expect(request("POST", "/19", DATA, 101).code).toBe("2.01");
    const rules = [...registry.dump(2).values()].map((rule) => [0, 1, 2, 3].map((id) => rule.get(id)));
    const everybody = (rights: number) => new Map([[0, rights]]);
    for (const objectId of registry.objects.keys()) {
      if (objectId <= 2) continue;
      for (const id of registry.instances(objectId)) {
        const isNew = objectId === 19 && id === 2;
        expect(rules).toContainEqual(isNew ? [19, 2, undefined, 101] : [objectId, id, everybody(15), 65535]);
      }
    }
    expect(rules).toContainEqual([19, WHOLE_OBJECT, everybody(CREATE), 65535]);
    expect(rules.map(([objectId]) => objectId)).not.toContain(1);
    expect(request("DELETE", "/19/1", {}, 102).code).toBe("2.02");
    expect(request("PUT", "/2/0/2", { contentFormat: 11542, payload: hex("8302410000") }, 101).code).toBe("4.01");
  });

  it("keeps one rule a target: the one written last", () => {
    const device = ruled(rule(19, 2, 999), rule(19, WHOLE_OBJECT, 999, { 102: CREATE }), rule(3, 0, 101));
    expect(device.request("POST", "/19", DATA, 102).code).toBe("2.01"); // in the place of one that is gone
    expect(device.request("GET", "/19/2", {}, 102).code).toBe("2.05");
    const stricter = hex("C10003 C10100 8302416601 C10365");
    expect(device.bootstrap("PUT", "/2/9", { contentFormat: 11542, payload: stricter }).code).toBe("2.04");
    expect([...device.registry.dump(2)].map(([id, values]) => [id, values.get(0), values.get(1)])).toEqual([
      [1, 19, WHOLE_OBJECT],
      [3, 19, 2],
      [9, 3, 0],
    ]);
    expect(device.request("POST", "/3/0/4", {}, 102).code).toBe("4.01");
    // of two that are written Resource by Resource, neither has a target yet
    for (const path of ["/2/20/2", "/2/21/2"])
      device.bootstrap("PUT", path, { contentFormat: 11542, payload: hex("8002") });
    expect(device.registry.instances(2)).toEqual([1, 3, 9, 20, 21]);
  });

  it("loses no rule where a Bootstrap-Server gives two of them each other's targets", () => {
    const device = ruled(rule(3, 0, 101), rule(4, 0, 101));
    const swapped = hex("08 00 09 C10004 C10100 C10365 08 01 09 C10003 C10100 C10365");
    expect(device.bootstrap("PUT", "/2", { contentFormat: 11542, payload: swapped }).code).toBe("2.04");
    expect([...device.registry.dump(2)].map(([id, values]) => [id, values.get(0)])).toEqual([
      [0, 4],
      [1, 3],
    ]);
  });

  it.each([
    ["read", READ, "GET", "/19/0/0", {}, "2.05"],
    ["read", READ, "GET", "/19/0", { observe: 0 }, "2.05"],
    ["read", READ, "PUT", "/19/0?pmin=1", {}, "2.04"],
    ["write", WRITE, "PUT", "/19/0/0", { contentFormat: 42, payload: "x" }, "2.04"],
    ["write", WRITE, "POST", "/19/0", { payload: hex("C10041") }, "2.04"],
    ["delete", DELETE, "DELETE", "/19/0", {}, "2.02"],
  ] as const)("[ET-034] asks for the right to %s (%i): %s %s", (_name, bit, method, path, parts, code) => {
    expect(ruled(rule(19, 0, 101, { 102: bit })).request(method, path, parts, 102).code).toBe(code);
    expect(ruled(rule(19, 0, 101, { 102: 31 - bit })).request(method, path, parts, 102).code).toBe("4.01");
  });

  it("[OM-042][ET-034] refuses to execute without the right, and no right makes a readable resource executable", () => {
    const device = ruled(rule(3, 0, 101, { 102: EXECUTE }));
    expect(device.request("POST", "/3/0/4", {}, 102).code).toBe("2.04");
    expect(device.request("GET", "/3/0/0", {}, 102).code).toBe("4.01");
    expect(device.request("POST", "/3/0/0", {}, 102).code).toBe("4.05");
    const refused = ruled(rule(3, 0, 101, { 102: 31 - EXECUTE }));
    expect(refused.request("POST", "/3/0/4", {}, 102).code).toBe("4.01");
    expect(refused.calls).toEqual([]);
  });

  it("[OM-041] needs no right to discover", () => {
    expect(ruled(rule(3, 0, 101)).request("GET", "/3/0", { accept: 40 }, 102).code).toBe("2.05");
  });

  it("gives the owner everything, unless an entry of its own says less", () => {
    expect(ruled(rule(3, 0, 101)).request("POST", "/3/0/4", {}, 101).code).toBe("2.04");
    expect(ruled(rule(3, 0, 101, { 101: READ })).request("POST", "/3/0/4", {}, 101).code).toBe("4.01");
  });

  it("gives the default entry to Servers that are not named", () => {
    const device = ruled(rule(3, 0, 101, { 0: READ, 103: 31 }));
    expect(device.request("GET", "/3/0/9", {}, 102).code).toBe("2.05");
    expect(device.request("PUT", "/3/0/15", { payload: "UTC" }, 102).code).toBe("4.01");
    const named = ruled(rule(3, 0, 101, { 0: READ, 102: WRITE }));
    expect(named.request("GET", "/3/0/9", {}, 102).code).toBe("4.01");
  });

  it("gives nothing where the target has no rule and others have", () => {
    expect(ruled(rule(3, 0, 101)).request("GET", "/4/0", {}, 101).code).toBe("4.01");
  });

  it("shows only readable instances of an object", () => {
    const device = ruled(rule(19, 0, 101, { 102: READ }), rule(19, 1, 101));
    device.put("/19/0/0", Buffer.from("up"));
    expect(device.request("GET", "/19", {}, 102).payload!.toString("hex")).toBe("0400c2007570");
    expect(device.request("GET", "/3", {}, 102)).toMatchObject({ code: "2.05", payload: Buffer.alloc(0) });
  });

  it("answers 4.04 to what is not there before it looks at rights", () => {
    expect(ruled(rule(3, 0, 101)).request("GET", "/19/77", {}, 102).code).toBe("4.04");
    expect(ruled(rule(3, 0, 101)).request("DELETE", "/19/77", {}, 102).code).toBe("4.04");
  });

  it("[OM-035] makes the Server that creates an instance its owner; the rule goes with the instance", () => {
    const device = ruled(rule(19, WHOLE_OBJECT, 999, { 102: CREATE }));
    expect(device.request("POST", "/19", DATA, 101).code).toBe("4.01");
    expect(device.request("POST", "/19", DATA, 102)).toMatchObject({ code: "2.01", locationPath: ["19", "2"] });
    expect(device.registry.dump(2).get(1)).toEqual(
      new Map([
        [0, 19],
        [1, 2],
        [3, 102],
      ]),
    );
    expect(device.request("PUT", "/19/2/0", { contentFormat: 42, payload: "x" }, 102).code).toBe("2.04");
    expect(device.request("GET", "/19/2/0", {}, 101).code).toBe("4.01");
    expect(device.request("DELETE", "/19/2", {}, 102).code).toBe("2.02");
    expect(device.registry.instances(2)).toEqual([0]);
  });

  it("[BG-036] lets every Server read the rules, only their owner change them, and nobody make or delete them", () => {
    const device = ruled(rule(3, 0, 101, { 102: READ }));
    expect(device.request("GET", "/2/0/2", {}, 102)).toMatchObject({ code: "2.05", payload: hex("83024166 01") });
    const all = { contentFormat: 11542, payload: hex("83024166 1F") };
    expect(device.request("PUT", "/2/0/2", all, 102).code).toBe("4.01");
    expect(device.request("PUT", "/2/0/2", all, 101).code).toBe("2.04");
    expect(device.registry.value(2, 0, 2)).toEqual(new Map([[102, 31]]));
    expect(device.request("DELETE", "/2/0", {}, 101).code).toBe("4.01");
    expect(device.request("POST", "/2", {}, 101).code).toBe("4.01");
  });

  it.each([
    ["an entry for the reserved id", "840261 FFFF 01", "4.00"],
    ["rights beyond 31", "83024166 20", "4.00"],
  ])("refuses %s", (_what, bytes, code) => {
    const device = ruled(rule(3, 0, 101));
    expect(device.request("PUT", "/2/0/2", { contentFormat: 11542, payload: hex(bytes) }, 101).code).toBe(code);
  });

  it("lets a Server use its own account without a rule, and no other", () => {
    const device = ruled(rule(3, 0, 101));
    expect(textOf(device.request("GET", "/1/1/1", {}, 101))).toBe("300");
    expect(device.request("PUT", "/1/1/1", { payload: "60" }, 101).code).toBe("2.04");
    expect(device.request("POST", "/1/1/8", {}, 101).code).toBe("2.04");
    expect(device.request("GET", "/1/1", {}, 102).code).toBe("4.01");
    expect(device.request("DELETE", "/1/1", {}, 101).code).toBe("4.01");
    expect(device.request("GET", "/1", {}, 102).payload!.subarray(0, 2).toString("hex")).toBe("0802");
  });
});
