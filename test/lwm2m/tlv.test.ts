import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoapError } from "#coap/message";
import { decodePayload } from "#lwm2m/format/content";
import { decodeTlvEntries, decodeTlvValue, encodeTlv } from "#lwm2m/format/tlv";
import type { InstanceNode, Node, ResourceNode } from "#lwm2m/node";
import type { ObjectDefinition, ResourceRow, ResourceType, ResourceValue } from "#lwm2m/object";
import { createRegistry } from "#lwm2m/registry";
import { createManagedDevice, hex } from "./managed-device.js";

const resource = (id: number, type: ResourceType, value: ResourceValue): ResourceNode => ({
  kind: "resource",
  id,
  type,
  value,
});
const list = (...values: Array<number | string>) => new Map(values.map((value, id) => [id, value]));

/** OMA TS LightweightM2M 1.0 §6.4.3.1: "Single Object Instance Request Example", GET /3/0. */
const OMA_DEVICE = hex(`
  C8 00 14 4F 70 65 6E 20 4D 6F 62 69 6C 65 20 41 6C 6C 69 61 6E 63 65
  C8 01 16 4C 69 67 68 74 77 65 69 67 68 74 20 4D 32 4D 20 43 6C 69 65 6E 74
  C8 02 09 33 34 35 30 30 30 31 32 33
  C3 03 31 2E 30
  86 06 41 00 01 41 01 05
  88 07 08 42 00 0E D8 42 01 13 88
  87 08 41 00 7D 42 01 03 84
  C1 09 64
  C1 0A 0F
  83 0B 41 00 00
  C4 0D 51 82 42 8F
  C6 0E 2B 30 32 3A 30 30
  C1 10 55`);
const OMA_DEVICE_NODE: InstanceNode = {
  kind: "instance",
  id: 0,
  resources: [
    resource(0, "string", "Open Mobile Alliance"),
    resource(1, "string", "Lightweight M2M Client"),
    resource(2, "string", "345000123"),
    resource(3, "string", "1.0"),
    resource(6, "integer", list(1, 5)),
    resource(7, "integer", list(3800, 5000)),
    resource(8, "integer", list(125, 900)),
    resource(9, "integer", 100),
    resource(10, "integer", 15),
    resource(11, "integer", list(0)),
    resource(13, "time", 1367491215),
    resource(14, "string", "+02:00"),
    resource(16, "string", "U"),
  ],
};

/** OMA TS LightweightM2M 1.0 §6.4.3.2: "Multiple Object Instance Request Examples", B) GET /1. */
const OMA_SERVERS = hex("08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55");
/** OMA TS LightweightM2M 1.0 §6.4.3.3: object links in object 66, GET /66. */
const OMA_LINKS = hex(`
  08 00 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 31 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 34
           C4 02 00 43 00 00
  08 01 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 32 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 35
           C4 02 FF FF FF FF`);

const object66: ObjectDefinition = {
  id: 66,
  name: "Example",
  urn: "urn:oma:lwm2m:x:66",
  instances: "multiple",
  mandatory: false,
  resources: {
    0: { name: "A", operations: "RW", type: "string", mandatory: true },
    1: { name: "B", operations: "RW", type: "string", mandatory: true },
    2: { name: "C", operations: "RW", type: "objlnk", mandatory: true },
  },
};

describe("the TLV format", () => {
  it("[OM-046] writes the device of the OMA example byte for byte", () => {
    expect(encodeTlv(OMA_DEVICE_NODE).toString("hex")).toBe(OMA_DEVICE.toString("hex"));
  });

  it("reads what an entry of the OMA example holds", () => {
    const entries = decodeTlvEntries(OMA_DEVICE);
    expect(entries.map(({ id }) => id)).toEqual([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 16]);
    expect(decodeTlvValue("time", entries[10]!.value)).toBe(1367491215);
    expect(decodeTlvEntries(entries[5]!.value).map(({ id, value }) => [id, decodeTlvValue("integer", value)])).toEqual([
      [0, 3800],
      [1, 5000],
    ]);
  });

  it("reads and writes object links as in the OMA example", () => {
    const registry = createRegistry([object66]);
    const node = decodePayload(11542, OMA_LINKS, { objectId: 66 }, registry);
    expect(node).toEqual({
      kind: "object",
      id: 66,
      instances: [
        {
          kind: "instance",
          id: 0,
          resources: [
            resource(0, "string", "myService 1"),
            resource(1, "string", "Internet.15.234"),
            resource(2, "objlnk", { objectId: 67, instanceId: 0 }),
          ],
        },
        {
          kind: "instance",
          id: 1,
          resources: [
            resource(0, "string", "myService 2"),
            resource(1, "string", "Internet.15.235"),
            resource(2, "objlnk", { objectId: 65535, instanceId: 65535 }),
          ],
        },
      ],
    });
    expect(encodeTlv(node).toString("hex")).toBe(OMA_LINKS.toString("hex"));
  });

  it("reads a four-byte integer where one of the OMA examples is wider than it need be", () => {
    const { registry } = createManagedDevice();
    const node = decodePayload(11542, OMA_SERVERS, { objectId: 1 }, registry);
    expect(node.kind === "object" && node.instances[0]!.resources).toEqual([
      resource(0, "integer", 1),
      resource(1, "integer", 86400),
      resource(6, "boolean", true),
      resource(7, "string", "U"),
    ]);
  });

  it("reads the accounts that Leshan's bootstrap server writes, empty keys included", () => {
    // Captured from Leshan 1.5.0 and 2.0.0-M18: PUT /0/1, PUT /1/0, PUT /2/0.
    const { registry } = createManagedDevice();
    const uri = Buffer.from("coaps://127.0.0.1:5684/").toString("hex");
    const wire = hex(
      `C80017${uri} C10100 C10200 C303657031 C004 C80509 010203040506070809 C10603 C007 C008 C009 C10A7B C10B01 C10C00`,
    );
    const account = decodePayload(11542, wire, { objectId: 0, instanceId: 1 }, registry);
    expect(account.kind === "instance" && account.resources).toEqual([
      resource(0, "string", "coaps://127.0.0.1:5684/"),
      resource(1, "boolean", false),
      resource(2, "integer", 0),
      resource(3, "opaque", Buffer.from("ep1")),
      resource(4, "opaque", Buffer.alloc(0)),
      resource(5, "opaque", hex("010203040506070809")),
      resource(6, "integer", 3),
      resource(7, "opaque", Buffer.alloc(0)),
      resource(8, "opaque", Buffer.alloc(0)),
      resource(9, "string", ""),
      resource(10, "integer", 123),
      resource(11, "integer", 1),
      resource(12, "integer", 0),
    ]);
    const server = decodePayload(
      11542,
      hex("C1007B C201012C C10201 C10601 C10755"),
      { objectId: 1, instanceId: 0 },
      registry,
    );
    expect(server.kind === "instance" && server.resources[1]).toEqual(resource(1, "integer", 300));
    const acl = decodePayload(11542, hex("C10003 C10100 8302417B1F C1037B"), { objectId: 2, instanceId: 0 }, registry);
    expect(acl.kind === "instance" && acl.resources[2]).toEqual(resource(2, "integer", new Map([[123, 31]])));
  });

  it.each([
    [-1, "c101ff"],
    [-128, "c10180"],
    [-129, "c201ff7f"],
    [-32769, "c401ffff7fff"],
    [127, "c1017f"],
    [128, "c2010080"],
    [2 ** 31, "c801080000000080000000"],
    [2n ** 62n, "c801084000000000000000"],
  ])("writes the integer %s in the fewest of 1, 2, 4, 8 bytes (OMA TS 1.0 Appendix C)", (value, bytes) => {
    expect(encodeTlv(resource(1, "integer", value)).toString("hex")).toBe(bytes);
    const entry = decodeTlvEntries(hex(bytes))[0]!;
    expect(decodeTlvValue("integer", entry.value)).toBe(value);
  });

  it.each([
    [1.5, "c4013fc00000"],
    [0.1, "c801083fb999999999999a"],
  ])("writes the float %s in 4 bytes where that is exact, else 8 (IEEE 754)", (value, bytes) => {
    expect(encodeTlv(resource(1, "float", value)).toString("hex")).toBe(bytes);
  });

  it.each([
    [7, "c7"],
    [8, "c80108"],
    [255, "c801ff"],
    [256, "d0010100"],
    [65535, "d001ffff"],
    [65536, "d801010000"],
  ])("writes a length of %i in the fewest bytes", (length, header) => {
    const bytes = encodeTlv(resource(1, "opaque", Buffer.alloc(length)));
    expect(bytes.toString("hex").startsWith(length < 8 ? `${header}01` : header)).toBe(true);
    expect(decodeTlvEntries(bytes)[0]!.value).toHaveLength(length);
  });

  it("writes an id above 255 in two bytes", () => {
    expect(encodeTlv(resource(255, "boolean", true)).toString("hex")).toBe("c1ff01");
    expect(encodeTlv(resource(256, "boolean", true)).toString("hex")).toBe("e1010001");
  });

  it.each([
    ["a header cut short", "c8"],
    ["a 16-bit id cut short", "e101"],
    ["a value cut short", "c20101"],
    ["a length beyond the end", "d001ffff00"],
    ["a boolean of two bytes", "c2060001"],
    ["a boolean that is neither 0 nor 1", "c10602"],
    ["an integer of no bytes", "c001"],
    ["an integer of three bytes", "c301000102"],
    ["text that is not UTF-8", "c207c328"],
    ["a resource instance outside of a resource", "410100"],
    ["one resource twice", "c10105c10106"],
    ["another instance", "0a05c10105"],
    ["a multiple resource with several values where there is one", "8602410001410101"],
  ])("refuses %s with 4.00", (_what, bytes) => {
    const { registry } = createManagedDevice();
    const decode = () => decodePayload(11542, hex(bytes), { objectId: 1, instanceId: 1 }, registry);
    expect(decode).toThrow(expect.objectContaining({ code: "4.00" }));
  });

  it("never fails on random bytes but with a CoapError", () => {
    const { registry } = createManagedDevice();
    const paths = [
      { objectId: 1 },
      { objectId: 1, instanceId: 1 },
      { objectId: 2, instanceId: 0, resourceId: 2 },
      { objectId: 0 },
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...paths), (bytes, path) => {
        try {
          decodePayload(11542, Buffer.from(bytes), path, registry, "ignore");
        } catch (error) {
          expect(error).toBeInstanceOf(CoapError);
        }
      }),
      { numRuns: 3000, seed: 1 },
    );
  });

  it("[ZE-029] gives back what was written, for every type", () => {
    const rows: Record<number, ResourceRow> = {};
    const types: ResourceType[] = ["string", "integer", "float", "boolean", "opaque", "time", "objlnk"];
    types.forEach((type, index) => {
      rows[index] = { name: type, operations: "RW", type, mandatory: false };
      rows[300 + index] = { name: `${type}s`, operations: "RW", type, mandatory: false, multiple: true };
    });
    const registry = createRegistry([{ ...object66, resources: rows }]);
    const arbitrary: Record<ResourceType, fc.Arbitrary<ResourceValue>> = {
      string: fc.string({ unit: "binary", maxLength: 300 }),
      integer: fc.oneof(
        fc.maxSafeInteger(),
        fc.bigInt({ min: 2n ** 60n, max: 2n ** 63n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 60n) }),
      ),
      float: fc.double({ noNaN: true, noDefaultInfinity: true }),
      boolean: fc.boolean(),
      opaque: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      time: fc.integer({ min: 0, max: 2 ** 40 }),
      objlnk: fc.record({ objectId: fc.nat(65535), instanceId: fc.nat(65535) }),
    };
    const node = fc
      .tuple(
        ...types.flatMap((type, index) => [
          arbitrary[type].map((value) => resource(index, type, value)),
          fc
            .uniqueArray(fc.tuple(fc.nat(65534), arbitrary[type]), { selector: ([id]) => id, maxLength: 4 })
            .map((pairs) => resource(300 + index, type, new Map(pairs.sort(([a], [b]) => a - b)) as ResourceValue)),
        ]),
      )
      .chain((resources) => fc.record({ id: fc.nat(65534), resources: fc.subarray(resources) }))
      .map(({ id, resources }): InstanceNode => ({ kind: "instance", id, resources }));
    fc.assert(
      fc.property(fc.uniqueArray(node, { selector: ({ id }) => id, maxLength: 3 }), (instances) => {
        const object: Node = { kind: "object", id: 66, instances };
        expect(decodePayload(11542, encodeTlv(object), { objectId: 66 }, registry)).toEqual(object);
      }),
      { numRuns: 100, seed: 2 },
    );
  });
});
