import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoapError } from "#coap/message";
import { decodePayload, encodeNode } from "#lwm2m/format/content";
import { formatObjectList } from "#lwm2m/format/link";
import { formatValue, parseValue } from "#lwm2m/format/text";
import type { InstanceNode } from "#lwm2m/node";
import type { ResourceType, Value } from "#lwm2m/object";
import { createManagedDevice } from "./managed-device.js";

describe("plain text", () => {
  it.each<[ResourceType, Value, string]>([
    ["string", "ünïcode", "ünïcode"],
    ["integer", -5, "-5"],
    ["integer", 2n ** 63n - 1n, "9223372036854775807"],
    ["float", 43.61092, "43.61092"],
    ["boolean", true, "1"],
    ["boolean", false, "0"],
    ["time", 1367491215, "1367491215"],
    ["opaque", Buffer.from("Man"), "TWFu"],
    ["opaque", Buffer.from("Ma"), "TWE="],
    ["opaque", Buffer.alloc(0), ""],
    ["objlnk", { objectId: 10, instanceId: 3 }, "10:3"],
  ])("[ZE-031] holds the %s %s as %s, both ways (OMA TS 1.0 Appendix C)", (type, value, text) => {
    expect(formatValue(type, value)).toBe(text);
    expect(parseValue(type, text)).toEqual(value);
  });

  it("takes a float with an exponent", () => {
    expect(parseValue("float", "1e3")).toBe(1000);
    expect(parseValue("float", "-2.5E-1")).toBe(-0.25);
  });

  it.each<[ResourceType, string]>([
    ["integer", "+5"],
    ["integer", "5 "],
    ["integer", "5.0"],
    ["integer", "0x10"],
    ["integer", "99999999999999999999"],
    ["float", "NaN"],
    ["float", "."],
    ["float", ""],
    ["boolean", "true"],
    ["boolean", "2"],
    ["time", "now"],
    ["opaque", "TWE"],
    ["opaque", "TW E="],
    ["opaque", "=TWE"],
    ["objlnk", "10"],
    ["objlnk", "10:3:1"],
    ["objlnk", "65536x"],
  ])("refuses for %s the text '%s'", (type, text) => {
    expect(() => parseValue(type, text)).toThrow(expect.objectContaining({ code: "4.00" }));
  });
});

describe("JSON", () => {
  const device: InstanceNode = {
    kind: "instance",
    id: 0,
    resources: [
      { kind: "resource", id: 0, type: "string", value: 'Open "Mobile"' },
      {
        kind: "resource",
        id: 6,
        type: "integer",
        value: new Map([
          [0, 1],
          [1, 5],
        ]),
      },
      { kind: "resource", id: 13, type: "time", value: 1367491215 },
      { kind: "resource", id: 22, type: "objlnk", value: new Map([[0, { objectId: 10, instanceId: 3 }]]) },
    ],
  };

  it("writes names after the base name, as the OMA examples do (OMA TS 1.0 §6.4.4)", () => {
    const { contentFormat, payload } = encodeNode(device, 11543, { objectId: 3, instanceId: 0 });
    expect(contentFormat).toBe(11543);
    expect(payload.toString()).toBe(
      '{"bn":"/3/0/","e":[{"n":"0","sv":"Open \\"Mobile\\""},{"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"13","v":1367491215},{"n":"22/0","ov":"10:3"}]}',
    );
    const object = { kind: "object", id: 3, instances: [device] } as const;
    expect(encodeNode(object, 11543, { objectId: 3 }).payload.toString()).toMatch(
      /^\{"bn":"\/3\/","e":\[\{"n":"0\/0",/,
    );
  });

  it("loses no digit of a 64-bit integer", () => {
    const node = { kind: "resource", id: 1, type: "integer", value: 2n ** 62n } as const;
    expect(encodeNode(node, 11543, { objectId: 1, instanceId: 1, resourceId: 1 }).payload.toString()).toBe(
      '{"bn":"/1/1/1","e":[{"v":4611686018427387904}]}',
    );
  });

  it.each([
    ['{"bn":"/1/1/","e":[{"n":"1","v":60},{"n":"7","sv":"U"}]}'],
    ['{"bn":"/1/1","e":[{"n":"/1","v":60},{"n":"/7","sv":"U"}]}'],
    ['{"e":[{"n":"/1/1/1","v":60},{"n":"/1/1/7","sv":"U"}]}'],
    ['{"bn":"/","e":[{"n":"1/1/1","v":60},{"n":"1/1/7","sv":"U"}]}'],
  ])("takes base name and name however they are divided: %s", (text) => {
    const { registry } = createManagedDevice();
    expect(decodePayload(11543, Buffer.from(text), { objectId: 1, instanceId: 1 }, registry)).toEqual({
      kind: "instance",
      id: 1,
      resources: [
        { kind: "resource", id: 1, type: "integer", value: 60 },
        { kind: "resource", id: 7, type: "string", value: "U" },
      ],
    });
  });

  it("refuses the values of another path", () => {
    const { registry } = createManagedDevice();
    const payload = Buffer.from('{"bn":"/1/2/","e":[{"n":"1","v":60}]}');
    for (const path of [
      { objectId: 1, instanceId: 1 },
      { objectId: 1, instanceId: 1, resourceId: 1 },
      { objectId: 3 },
    ]) {
      expect(() => decodePayload(11543, payload, path, registry)).toThrow(expect.objectContaining({ code: "4.00" }));
    }
  });

  it("holds an access control list, an empty one too", () => {
    const { registry } = createManagedDevice();
    const path = { objectId: 2, instanceId: 0, resourceId: 2 };
    const read = (text: string) => decodePayload(11543, Buffer.from(text), path, registry);
    expect(read('{"bn":"/2/0/2/","e":[{"n":"0","v":1},{"n":"102","v":31}]}')).toMatchObject({
      value: new Map([
        [0, 1],
        [102, 31],
      ]),
    });
    expect(read('{"bn":"/2/0/2/","e":[]}')).toMatchObject({ value: new Map() });
    expect(() => read('{"bn":"/2/0/2/","e":[{"n":"0","v":1},{"n":"0","v":2}]}')).toThrow(CoapError);
    expect(() => read('{"bn":"/2/0/2","e":[{"v":1}]}')).toThrow(CoapError);
  });

  it("never fails on mutated documents but with a CoapError", () => {
    const { registry } = createManagedDevice();
    const whole = '{"bn":"/1/1/","e":[{"n":"1","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}';
    const mutated = fc.tuple(fc.nat(whole.length), fc.nat(6), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(mutated, ([at, cut, put]) => {
        try {
          decodePayload(
            11543,
            Buffer.from(whole.slice(0, at) + put + whole.slice(at + cut)),
            { objectId: 1, instanceId: 1 },
            registry,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(CoapError);
        }
      }),
      { numRuns: 2000, seed: 3 },
    );
  });
});

describe("the object list of Register", () => {
  it("[OM-026][ET-027] names objects and instances without spaces, but no Security instance", () => {
    const { registry } = createManagedDevice({ servers: [101, 102] });
    registry.load(0, new Map([[0, new Map([[0, "coap://127.0.0.1"]])]]));
    expect(formatObjectList(registry)).toBe(
      "</1/1>,</1/2>,</2>,</3/0>,</4/0>,</5/0>,</6/0>,</7/0>,</9/0>,</15/0>,</19/0>,</19/1>,</10250/0>,</26241/0>",
    );
  });

  it("says first that JSON is served where it is asked to", () => {
    const { registry } = createManagedDevice();
    expect(formatObjectList(registry, { root: true })).toMatch(/^<\/>;rt="oma\.lwm2m";ct=11543,<\/1\/1>,/);
  });

  it.each([
    ["quoted", '</44>;ver="2.0",</44/0>'],
    ["bare", "</44>;ver=2.0,</44/0>"],
    ["none", "</44/0>"],
  ] as const)("writes a version other than 1.0 %s", (version, link) => {
    const extra = {
      id: 44,
      name: "X",
      urn: "urn:x",
      version: "2.0",
      instances: "single",
      mandatory: false,
      resources: {},
    } as const;
    const { registry } = createManagedDevice({ extra: [extra] });
    expect(formatObjectList(registry, { version })).toContain(`,${link},`);
  });
});
