import { describe, expect, it } from "vitest";
import type { ResourceNode } from "#lwm2m/node";
import type { ObjectDefinition, ResourceValue } from "#lwm2m/object";
import { createRegistry, type RegistryChange } from "#lwm2m/registry";

const told: string[] = [];
const lamp = (): ObjectDefinition => ({
  id: 3311,
  name: "Lamp",
  urn: "urn:oma:lwm2m:ext:3311",
  instances: "multiple",
  mandatory: false,
  initialInstances: [3, 1],
  resources: {
    5850: { name: "On/Off", operations: "RW", type: "boolean", mandatory: true, initial: false },
    5851: {
      name: "Dimmer",
      operations: "RW",
      type: "integer",
      mandatory: false,
      range: [0, 100],
      written: (value, id) => told.push(`${id}: ${value}`),
    },
    5852: { name: "Name", operations: "RW", type: "string", mandatory: true },
    5853: { name: "Scenes", operations: "RW", type: "string", mandatory: false, multiple: true },
    5854: { name: "Serial", operations: "R", type: "integer", mandatory: false },
    5855: { name: "Big", operations: "RW", type: "integer", mandatory: false },
  },
});

const node = (id: number, value: ResourceValue, type: ResourceNode["type"] = "string"): ResourceNode => ({
  kind: "resource",
  id,
  type,
  value,
});
const instance = (...resources: ResourceNode[]) => ({ kind: "instance", id: 0, resources }) as const;
const lit = (name: string) => instance(node(5850, true, "boolean"), node(5852, name));
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe("the registry", () => {
  it("asks whether an Object is offered only once it is used: who knows may be made after it", () => {
    let isOffered: (() => boolean) | undefined;
    const registry = createRegistry([{ ...lamp(), offered: () => isOffered!() }]);
    isOffered = () => false;
    expect(registry.objects.has(3311)).toBe(false);
    isOffered = () => true;
    expect(registry.objects.has(3311)).toBe(true);
  });

  it("[OM-040][ET-023] keeps resources in instances of objects, and serves an object only through its instances", () => {
    const registry = createRegistry([{ ...lamp(), initialInstances: [] }]);
    expect(registry.read({ objectId: 3311 })).toEqual({ kind: "object", id: 3311, instances: [] });
    const path = { objectId: 3311, instanceId: 0, resourceId: 5850 };
    expect(() => registry.read(path)).toThrow(code("4.04"));
    registry.create(3311, undefined, lit("desk"));
    expect(registry.read(path)).toEqual(node(5850, true, "boolean"));
  });

  it("[ET-024] keeps several instances of a resource, in ascending order", () => {
    const registry = createRegistry([lamp()]);
    const path = { objectId: 3311, instanceId: 1, resourceId: 5853 };
    registry.write(
      path,
      node(
        5853,
        new Map([
          [9, "night"],
          [2, "day"],
        ]),
      ),
      "replace",
    );
    expect([...(registry.value(3311, 1, 5853) as ReadonlyMap<number, string>)]).toEqual([
      [2, "day"],
      [9, "night"],
    ]);
    expect(() => registry.write(path, node(5853, "day"), "replace")).toThrow(code("4.00"));
    expect(() => registry.write(path, node(5853, new Map([[65535, "x"]])), "replace")).toThrow(code("4.00"));
  });

  it("[ET-026] has instances from the start, created by a Server, or created by the device", () => {
    const registry = createRegistry([lamp()]);
    expect(registry.instances(3311)).toEqual([1, 3]);
    expect(registry.create(3311, undefined, lit("a"), "server")).toBe(0);
    expect(registry.create(3311, 7, instance(), "client")).toBe(7);
    expect(() => registry.create(3311, 7, instance(), "client")).toThrow(code("4.00"));
    expect(registry.instances(3311)).toEqual([0, 1, 3, 7]);
  });

  it("makes an instance for a Server only with every mandatory Resource that the Server may write, factory value or not", () => {
    const { resources } = lamp();
    const registry = createRegistry([
      {
        ...lamp(),
        resources: {
          ...resources,
          5856: { name: "Derived", operations: "RW", type: "integer", mandatory: true, read: () => 1, write() {} },
          5857: { name: "Printed on it", operations: "R", type: "integer", mandatory: true, initial: 7 },
        },
      },
    ]);
    for (const lacking of [instance(), instance(node(5852, "a")), instance(node(5850, true, "boolean"))]) {
      expect(() => registry.create(3311, 8, lacking, "server")).toThrow(code("4.00"));
    }
    expect(registry.instances(3311)).toEqual([1, 3]);
    expect(registry.create(3311, 8, lit("a"), "server")).toBe(8);
    expect(registry.value(3311, 8, 5857)).toBe(7);
  });

  it("makes none that would lack a Resource for good", () => {
    const { resources } = lamp();
    const serial = { name: "Serial", operations: "R", type: "integer", mandatory: true } as const;
    const registry = createRegistry([{ ...lamp(), resources: { ...resources, 5854: serial } }]);
    expect(() => registry.create(3311, 8, lit("a"), "server")).toThrow(code("4.00"));
    expect(registry.create(3311, 8, lit("a"), "client")).toBe(8);
  });

  it.each<[string, ResourceNode]>([
    ["text for a number", node(5851, "5")],
    ["a fraction for an integer", node(5851, 1.5)],
    ["a number above its range", node(5851, 101)],
    ["a number for text", node(5852, 5)],
    ["an integer beyond 64 bits", node(5855, 2n ** 63n)],
  ])("refuses %s", (_what, wrong) => {
    const registry = createRegistry([lamp()]);
    const path = { objectId: 3311, instanceId: 1, resourceId: wrong.id };
    expect(() => registry.write(path, wrong, "replace", "client")).toThrow(code("4.00"));
    expect(registry.dump(3311).get(1)).toEqual(new Map([[5850, false]]));
  });

  it("keeps integers beyond 2^53 exactly, and small ones as numbers", () => {
    const registry = createRegistry([lamp()]);
    const path = { objectId: 3311, instanceId: 1, resourceId: 5855 };
    registry.write(path, node(5855, 2n ** 53n + 1n), "replace");
    expect(registry.value(3311, 1, 5855)).toBe(9007199254740993n);
    registry.write(path, node(5855, 7n), "replace");
    expect(registry.value(3311, 1, 5855)).toBe(7);
  });

  it("tells the device what a Server has written, but not what the device writes itself", () => {
    const registry = createRegistry([lamp()]);
    told.length = 0;
    const path = { objectId: 3311, instanceId: 1, resourceId: 5851 };
    registry.write(path, node(5851, 10), "replace");
    registry.write(path, node(5851, 20), "replace", "client");
    registry.write({ objectId: 3311, instanceId: 3 }, instance(node(5851, 30)), "update");
    expect(told).toEqual(["1: 10", "3: 30"]);
  });

  it("tells its watchers of every change once", () => {
    const registry = createRegistry([lamp()]);
    const changes: RegistryChange[] = [];
    const stop = registry.onChange((change) => changes.push(change));
    registry.write({ objectId: 3311, instanceId: 1, resourceId: 5851 }, node(5851, 10), "replace");
    registry.write({ objectId: 3311, instanceId: 1 }, instance(node(5851, 11), node(5852, "a")), "update");
    registry.create(3311, 5, lit("a"));
    registry.delete({ objectId: 3311, instanceId: 5 });
    stop();
    registry.delete({ objectId: 3311, instanceId: 1 });
    expect(changes).toEqual([
      { kind: "written", path: { objectId: 3311, instanceId: 1, resourceId: 5851 } },
      { kind: "written", path: { objectId: 3311, instanceId: 1 } },
      { kind: "created", path: { objectId: 3311, instanceId: 5 } },
      { kind: "deleted", path: { objectId: 3311, instanceId: 5 } },
    ]);
  });

  it("gives out what it keeps and takes it back, unknown resources left out", () => {
    const before = createRegistry([lamp()]);
    before.write({ objectId: 3311, instanceId: 1, resourceId: 5854 }, node(5854, 12), "replace", "client");
    const kept = before.dump(3311);
    const after = createRegistry([lamp()]);
    after.load(3311, new Map([[1, new Map([...kept.get(1)!, [999, "?"]])]]));
    expect(after.instances(3311)).toEqual([1]);
    expect(after.dump(3311).get(1)).toEqual(kept.get(1));
  });

  it("loads no second instance of what has one", () => {
    const registry = createRegistry([{ ...lamp(), instances: "single" }]);
    const dark = new Map([[5850, false]]);
    registry.load(
      3311,
      new Map([
        [0, dark],
        [1, dark],
      ]),
    );
    expect(registry.instances(3311)).toEqual([0]);
  });

  it("loads nothing where one value is wrong", () => {
    const registry = createRegistry([lamp()]);
    expect(() => registry.load(3311, new Map([[9, new Map([[5851, "dark"]])]]))).toThrow(code("4.00"));
    expect(registry.instances(3311)).toEqual([1, 3]);
  });

  it("lets a derived resource refuse before anything of the same write is kept", () => {
    const refusing: ObjectDefinition = {
      ...lamp(),
      resources: {
        1: { name: "Stored", operations: "RW", type: "integer", mandatory: false },
        2: {
          name: "Derived",
          operations: "RW",
          type: "integer",
          mandatory: false,
          read: () => 0,
          write() {
            throw new Error("no");
          },
        },
      },
    };
    const registry = createRegistry([refusing]);
    const both = instance(node(1, 5), node(2, 5));
    expect(() => registry.write({ objectId: 3311, instanceId: 1 }, both, "update")).toThrow("no");
    expect(registry.value(3311, 1, 1)).toBeUndefined();
  });
});
