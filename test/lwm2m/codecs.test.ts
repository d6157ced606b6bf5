/** Properties of the codecs: what is written is read back, and no bytes do more than be refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoapError } from "#coap/message";
import { decodeArguments } from "#lwm2m/format/arguments";
import { decodeCreation, decodePayload, encodeNode } from "#lwm2m/format/content";
import { decodeJsonValue } from "#lwm2m/format/json";
import { decodeOpaque, encodeOpaque } from "#lwm2m/format/opaque";
import { decodeText, encodeText, formatValue, parseValue } from "#lwm2m/format/text";
import { decodeTlvValue } from "#lwm2m/format/tlv";
import type { InstanceNode, ResourceNode } from "#lwm2m/node";
import type { ObjectDefinition, ResourceRow, ResourceType, Value } from "#lwm2m/object";
import type { Path } from "#lwm2m/path";
import { createManagedDevice, textOf } from "./managed-device.js";

const TYPES = ["string", "integer", "float", "boolean", "opaque", "time", "objlnk"] as const;
const FORMATS = [0, 40, 42, 60, 1542, 1543, 11542, 11543, 65535] as const;
const OBJECT = 31100;
/** Its Resources: one of each type from 0 on, and a multiple one of each from 300 on. */
const everything: ObjectDefinition = {
  id: OBJECT,
  name: "Everything",
  urn: `urn:oma:lwm2m:x:${OBJECT}`,
  instances: "multiple",
  mandatory: false,
  initialInstances: [0],
  resources: Object.fromEntries(
    TYPES.flatMap((type, index): [number, ResourceRow][] => [
      [index, { name: type, operations: "RW", type, mandatory: false }],
      [300 + index, { name: `${type}s`, operations: "RW", type, mandatory: false, multiple: true }],
    ]),
  ),
};

const id16 = fc.nat(65534);
const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0); // -0 is 0 as text
const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((whole) => (Number.isSafeInteger(Number(whole)) ? Number(whole) : whole));
const bytes = (most: number) => fc.uint8Array({ maxLength: most }).map((each) => Buffer.from(each));
const VALUES: Readonly<Record<ResourceType, fc.Arbitrary<Value>>> = {
  string: fc.string({ unit: "binary", maxLength: 40 }),
  integer: fc.oneof(fc.maxSafeInteger(), int64),
  float,
  boolean: fc.boolean(),
  opaque: bytes(40),
  time: fc.maxSafeInteger(),
  objlnk: fc.record({ objectId: fc.nat(65535), instanceId: fc.nat(65535) }),
};
/** JSON's numbers are read as Node reads them. */
const JSON_VALUES = { ...VALUES, integer: fc.maxSafeInteger() };

const typedValue = fc.constantFrom(...TYPES).chain((type) => VALUES[type].map((value) => ({ type, value })));

/** An Instance with at least one value: JSON has no way to say more of none. */
function instanceOf(values: typeof VALUES): fc.Arbitrary<InstanceNode> {
  const resources = TYPES.flatMap((type, index) => {
    const instances = fc.uniqueArray(fc.tuple(id16, values[type]), {
      selector: ([id]) => id,
      minLength: 1,
      maxLength: 3,
    });
    return [
      values[type].map((value): ResourceNode => ({ kind: "resource", id: index, type, value })),
      instances.map((pairs): ResourceNode => {
        return { kind: "resource", id: 300 + index, type, value: new Map(pairs.sort(([a], [b]) => a - b)) };
      }),
    ];
  });
  return fc
    .tuple(id16, fc.tuple(...resources))
    .chain(([id, all]) =>
      fc.subarray(all, { minLength: 1 }).map((some): InstanceNode => ({ kind: "instance", id, resources: some })),
    );
}

/** Runs what may refuse; anything but a refusal fails. */
function orRefuse(task: () => unknown): void {
  try {
    task();
  } catch (error) {
    if (!(error instanceof CoapError)) throw error;
    expect(error.code).toMatch(/^4\.\d\d$/);
  }
}

/** One TLV entry, well framed whatever it holds (OMA TS 1.0.2 §6.4.3): 16-bit id, 8-bit length. */
const framed = (content: fc.Arbitrary<Buffer>) =>
  fc
    .tuple(fc.nat(3), fc.oneof(fc.nat(8), fc.integer({ min: 299, max: 307 })), content)
    .map(([kind, id, value]) =>
      Buffer.concat([Buffer.from([(kind << 6) | 0x28, id >> 8, id & 0xff, value.length]), value]),
    );
const entry = framed(fc.oneof(bytes(9), framed(bytes(9)), framed(framed(bytes(9)))));

/** Bytes of all kinds: random, text, and the like of TLV and JSON. */
const payload = fc.oneof(
  fc.array(entry, { maxLength: 2 }).map((entries) => Buffer.concat(entries)),
  bytes(64),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
  fc
    .record({
      bn: fc.constantFrom("", "/", `/${OBJECT}/0`, `/${OBJECT}/0/`, 5),
      n: fc.string({ maxLength: 6 }),
      v: fc.jsonValue(),
    })
    .map(({ bn, n, v }) => Buffer.from(JSON.stringify({ bn, e: [{ n, v }] }))),
);

describe("every codec", () => {
  it.each([
    [11542, VALUES],
    [1542, VALUES],
    [11543, JSON_VALUES],
    [1543, JSON_VALUES],
  ] as const)("gives back in format %i the Objects, Instances and Resources that were written", (format, values) => {
    const { registry } = createManagedDevice({ extra: [everything] });
    fc.assert(
      fc.property(
        fc.uniqueArray(instanceOf(values), { selector: ({ id }) => id, minLength: 1, maxLength: 3 }),
        (instances) => {
          const path = { objectId: OBJECT };
          const [instance] = instances as [InstanceNode];
          const [resource] = instance.resources as [ResourceNode];
          const nodes = [
            [{ kind: "object", id: OBJECT, instances }, path],
            [instance, { ...path, instanceId: instance.id }],
            [resource, { ...path, instanceId: instance.id, resourceId: resource.id }],
          ] as const;
          for (const [node, at] of nodes) {
            const content = encodeNode(node, format, at);
            expect(content.contentFormat).toBe(format);
            expect(decodePayload(format, content.payload, at, registry)).toEqual(node);
          }
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });

  it("gives back a single value in the format it has without Accept", () => {
    const { registry } = createManagedDevice({ extra: [everything] });
    fc.assert(
      fc.property(typedValue, ({ type, value }) => {
        const path = { objectId: OBJECT, instanceId: 0, resourceId: TYPES.indexOf(type) };
        const node: ResourceNode = { kind: "resource", id: path.resourceId, type, value };
        const { contentFormat, payload } = encodeNode(node, undefined, path);
        expect(contentFormat).toBe(type === "opaque" ? 42 : 0);
        expect(decodePayload(contentFormat, payload, path, registry)).toEqual(node);
      }),
      { numRuns: 500, seed: 12 },
    );
  });

  it("refuses a Resource that is cut short anywhere", () => {
    const { registry } = createManagedDevice({ extra: [everything] });
    fc.assert(
      fc.property(instanceOf(VALUES), fc.constantFrom(11542, 11543), fc.nat(), ({ resources }, format, cut) => {
        const node = resources[0] as ResourceNode;
        const path = { objectId: OBJECT, instanceId: 0, resourceId: node.id };
        const { payload } = encodeNode(node, format, path);
        const short = payload.subarray(0, cut % payload.length);
        expect(() => decodePayload(format, short, path, registry)).toThrow(expect.objectContaining({ code: "4.00" }));
      }),
      { numRuns: 500, seed: 21 },
    );
  });

  it("only ever refuses, whatever a payload holds and wherever it is to go", () => {
    const { registry } = createManagedDevice({ extra: [everything] });
    const resource = fc.oneof(fc.nat(8), fc.integer({ min: 299, max: 308 }));
    const path = fc.oneof(
      fc.constant<Path>({ objectId: OBJECT }),
      fc.nat(2).map((instanceId): Path => ({ objectId: OBJECT, instanceId })),
      fc
        .tuple(fc.nat(2), resource)
        .map(([instanceId, resourceId]): Path => ({ objectId: OBJECT, instanceId, resourceId })),
    );
    fc.assert(
      fc.property(fc.constantFrom(undefined, ...FORMATS), payload, path, fc.boolean(), (format, body, at, strict) => {
        orRefuse(() => decodePayload(format, body, at, registry, strict ? "refuse" : "ignore"));
        orRefuse(() => decodeCreation(format, body, OBJECT, registry));
      }),
      { numRuns: 3000, seed: 13 },
    );
  });

  it("only ever refuses what was right before a byte of it was changed, cut off or put in", () => {
    const { registry } = createManagedDevice({ extra: [everything] });
    const path = { objectId: OBJECT, instanceId: 0 };
    const change = fc.tuple(fc.nat(400), fc.nat(3), bytes(3));
    fc.assert(
      fc.property(instanceOf(VALUES), fc.constantFrom(11542, 11543), change, (node, format, [at, cut, put]) => {
        const whole = encodeNode({ ...node, id: 0 }, format, path).payload;
        const place = at % (whole.length + 1);
        const changed = Buffer.concat([whole.subarray(0, place), put, whole.subarray(place + cut)]);
        orRefuse(() => decodePayload(format, changed, path, registry));
      }),
      { numRuns: 1000, seed: 14 },
    );
  });
});

describe("one value", () => {
  it("is read from bytes or JSON of its type, or refused", () => {
    const json = fc.record({ key: fc.constantFrom("v", "sv", "bv", "ov"), raw: fc.jsonValue() });
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), bytes(9), json, (type, each, { key, raw }) => {
        orRefuse(() => decodeTlvValue(type, each));
        orRefuse(() => decodeText(type, each));
        orRefuse(() => decodeOpaque(type, each));
        orRefuse(() => decodeJsonValue(type, { path: {}, key, raw }));
      }),
      { numRuns: 2000, seed: 22 },
    );
  });
});

describe("text and opaque", () => {
  it("give back every value of every type", () => {
    fc.assert(
      fc.property(typedValue, ({ type, value }) => {
        expect(parseValue(type, formatValue(type, value))).toEqual(value);
        expect(decodeText(type, encodeText(type, value))).toEqual(value);
        if (type === "opaque") expect(decodeOpaque(type, encodeOpaque(type, value))).toEqual(value);
      }),
      { numRuns: 1000, seed: 15 },
    );
  });

  it("read text in one way only: what is taken is written again as a value equal to it", () => {
    const number = fc.tuple(
      fc.constantFrom("", "-", "+", " "),
      fc.nat(),
      fc.constantFrom("", ".", ".5", "e3", "E-2", ":7", "x"),
    );
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      number.map((parts) => parts.join("")),
      fc.base64String({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), text, (type, each) => {
        orRefuse(() => {
          const value = parseValue(type, each);
          expect(parseValue(type, formatValue(type, value))).toEqual(value);
        });
      }),
      { numRuns: 2000, seed: 16 },
    );
  });
});

describe("arguments of Execute", () => {
  const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const value = fc.array(character, { maxLength: 8 }).map((all) => all.join("").replace(/["'\\]/g, ""));
  const list = fc.uniqueArray(fc.tuple(fc.nat(9), fc.option(value, { nil: undefined })), {
    selector: ([digit]) => digit,
  });

  it("are read as they were written", () => {
    fc.assert(
      fc.property(list, (all) => {
        const text = all.map(([digit, each]) => (each === undefined ? `${digit}` : `${digit}='${each}'`)).join(",");
        expect([...decodeArguments(Buffer.from(text))]).toEqual(all);
      }),
      { numRuns: 500, seed: 17 },
    );
  });

  it("are refused or read, whatever the bytes", () => {
    const near = fc.array(fc.constantFrom("0", "7", "=", "'", ",", "x", "\\", " "), { maxLength: 12 });
    const body = fc.oneof(
      bytes(16),
      near.map((all) => Buffer.from(all.join(""))),
    );
    fc.assert(
      fc.property(body, (each) => orRefuse(() => decodeArguments(each))),
      { numRuns: 3000, seed: 18 },
    );
  });
});

describe("links", () => {
  it("show the attributes as they were written, and nothing else", () => {
    const numbers = {
      pmin: fc.nat(9999),
      pmax: fc.nat(9999),
      gt: fc.integer({ min: 60, max: 99 }),
      lt: fc.integer({ min: -99, max: 10 }),
      st: fc.nat(20),
    };
    fc.assert(
      fc.property(fc.record(numbers, { requiredKeys: [] }), (attributes) => {
        const { request } = createManagedDevice();
        const uriQuery = Object.entries(attributes).map(([name, number]) => `${name}=${number}`);
        expect(request("PUT", "/3/0/9", { uriQuery: uriQuery.length === 0 ? ["st"] : uriQuery }).code).toBe("2.04");
        const [link, ...shown] = textOf(request("GET", "/3/0/9", { accept: 40 })).split(";");
        expect(link).toBe("</3/0/9>");
        expect(shown.sort()).toEqual(uriQuery.sort());
      }),
      { numRuns: 100, seed: 19 },
    );
  });
});

describe("a request of any kind", () => {
  it("is answered, and harms nothing", () => {
    const device = createManagedDevice({ servers: [101, 102], extra: [everything] });
    const segment = fc.oneof(
      fc.constantFrom("", "0", "1", "2", "3", "9", "19", `${OBJECT}`, "65535", "x"),
      fc.string({ maxLength: 3 }),
    );
    const query = fc.oneof(fc.constantFrom("pmin=1", "pmax", "gt=1", "lt=-1.5", "st=0"), fc.string({ maxLength: 6 }));
    const some = fc.option(fc.constantFrom(...FORMATS), { nil: undefined });
    const parts = fc.record({
      method: fc.constantFrom("GET", "PUT", "POST", "DELETE"),
      uriPath: fc.array(segment, { maxLength: 5 }),
      uriQuery: fc.option(fc.array(query, { maxLength: 2 }), { nil: undefined }),
      accept: some,
      contentFormat: some,
      observe: fc.option(fc.constantFrom(0, 1, 7), { nil: undefined }),
      payload,
      from: fc.constantFrom(101, 102),
      oldFormats: fc.boolean(),
    });
    fc.assert(
      fc.property(parts, ({ method, from, oldFormats, ...rest }) => {
        const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
        expect(device.request(method, "/", given, from, { oldFormats }).code).toMatch(/^(2\.0[1245]|4\.\d\d|5\.01)$/);
      }),
      { numRuns: 3000, seed: 20 },
    );
    expect(textOf(device.request("GET", "/3/0/1", {}, 101))).toBe("BG96");
    expect(device.request("GET", "/1/1", {}, 101).code).toBe("2.05");
  });
});
