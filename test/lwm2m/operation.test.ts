import { describe, expect, it } from "vitest";
import type { Method } from "#coap/message";
import { isBootstrapFinish } from "#lwm2m/bootstrap-operation";
import type { ObjectDefinition, ResourceValue } from "#lwm2m/object";
import { createManagedDevice, hex, message, type RequestParts, textOf } from "./managed-device.js";

/** What every Instance of Object 19 has: its Data, "AB". */
const AB = { payload: hex("C20041 42") };

describe("a management Server's requests", () => {
  it("[BG-021] reads an object, an instance and a resource", () => {
    const { request } = createManagedDevice();
    expect(request("GET", "/3/0/0")).toEqual({ code: "2.05", contentFormat: 0, payload: Buffer.from("Quectel") });
    const instance = request("GET", "/3/0");
    expect(instance).toMatchObject({ code: "2.05", contentFormat: 11542 });
    expect(instance.payload!.subarray(0, 9)).toEqual(hex("C7 00 51 75 65 63 74 65 6C"));
    const object = request("GET", "/3");
    expect(object).toMatchObject({ code: "2.05", contentFormat: 11542 });
    expect(object.payload!.subarray(0, 2)).toEqual(hex("08 00"));
    expect(object.payload!.subarray(3)).toEqual(instance.payload);
  });

  it("wraps each instance of an object that has several", () => {
    const { request } = createManagedDevice({ servers: [7] });
    const { payload } = request("GET", "/1");
    expect(payload!.toString("hex")).toBe("08010dc10007c201012cc10601c10755");
  });

  it("[OM-044] answers a single value as text, and as Base64 when it is opaque", () => {
    const device = createManagedDevice();
    device.put("/19/0/0", Buffer.from("hello"));
    expect(textOf(device.request("GET", "/3/0/9", { accept: 0 }))).toBe("100");
    expect(textOf(device.request("GET", "/19/0/0", { accept: 0 }))).toBe("aGVsbG8=");
    expect(device.request("PUT", "/19/1/0", { contentFormat: 0, payload: "d29ybGQ=" }).code).toBe("2.04");
    expect(device.calls).toEqual(["downlink /19/1/0 world"]);
  });

  it("[OM-045] answers and takes an opaque value as it is", () => {
    const device = createManagedDevice();
    device.put("/19/0/0", hex("00ff10"));
    expect(device.request("GET", "/19/0/0")).toEqual({ code: "2.05", contentFormat: 42, payload: hex("00ff10") });
    expect(device.request("PUT", "/19/1/0", { contentFormat: 42, payload: hex("0102") })).toEqual({ code: "2.04" });
    expect(device.request("GET", "/19/1/0", { accept: 42 }).payload).toEqual(hex("0102"));
  });

  it("[OM-047][ZE-030] answers and takes JSON", () => {
    const device = createManagedDevice();
    expect(textOf(device.request("GET", "/3/0/9", { accept: 11543 }))).toBe('{"bn":"/3/0/9","e":[{"v":100}]}');
    expect(textOf(device.request("GET", "/3/0/6", { accept: 11543 }))).toBe(
      '{"bn":"/3/0/6/","e":[{"n":"0","v":1},{"n":"1","v":0}]}',
    );
    expect(textOf(device.request("GET", "/1/1", { accept: 11543 }))).toBe(
      '{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"6","bv":true},{"n":"7","sv":"U"}]}',
    );
    const payload = '{"bn":"/1/1/","e":[{"n":"1","v":60},{"n":"6","bv":false}]}';
    expect(device.request("POST", "/1/1", { contentFormat: 11543, payload }).code).toBe("2.04");
    expect(textOf(device.request("GET", "/1/1/1"))).toBe("60");
    expect(textOf(device.request("GET", "/1/1/6"))).toBe("0");
  });

  it.each([
    ["text for an instance", "/3/0", 0, "4.06"],
    ["text for a multiple resource", "/3/0/6", 0, "4.06"],
    ["opaque for a number", "/3/0/9", 42, "4.06"],
    ["a format that does not exist", "/3/0/9", 65000, "4.06"],
    ["the old number of TLV", "/3/0", 1542, "4.06"],
  ])("refuses %s", (_what, path, accept, code) => {
    expect(createManagedDevice().request("GET", path, { accept }).code).toBe(code);
  });

  it("[BG-022][OM-032] writes a resource, updates and replaces an instance", () => {
    const { request, registry } = createManagedDevice();
    expect(request("PUT", "/1/1/1", { contentFormat: 0, payload: "60" })).toEqual({ code: "2.04" });
    expect(registry.value(1, 1, 1)).toBe(60);
    expect(request("POST", "/1/1", { contentFormat: 11542, payload: hex("C10203") }).code).toBe("2.04");
    expect([registry.value(1, 1, 1), registry.value(1, 1, 2)]).toEqual([60, 3]);
    const whole = hex("C2010078 C10600 C2075551");
    expect(request("PUT", "/1/1", { contentFormat: 11542, payload: whole }).code).toBe("2.04");
    expect([1, 2, 6, 7].map((id) => registry.value(1, 1, id))).toEqual([120, undefined, false, "UQ"]);
    expect(registry.value(1, 1, 0)).toBe(102);
  });

  it("takes text without a Content-Format on a single resource, TLV elsewhere", () => {
    const { request, registry } = createManagedDevice();
    expect(request("PUT", "/1/1/1", { payload: "61" }).code).toBe("2.04");
    expect(request("POST", "/1/1", { payload: hex("C10204") }).code).toBe("2.04");
    expect([registry.value(1, 1, 1), registry.value(1, 1, 2)]).toEqual([61, 4]);
  });

  it("leaves everything as it was when a replacing write lacks a mandatory resource", () => {
    const { request, registry } = createManagedDevice();
    const before = registry.dump(1);
    expect(request("PUT", "/1/1", { contentFormat: 11542, payload: hex("C2010078") }).code).toBe("4.00");
    expect(request("POST", "/1/1", { contentFormat: 11542, payload: hex("C2010078 C20758 58") }).code).toBe("4.00");
    expect(registry.dump(1)).toEqual(before);
  });

  it("carries out nothing of a write of which one value is refused", () => {
    const { request } = createManagedDevice();
    const before = textOf(request("GET", "/3/0/13"));
    const timeAndBadOffset = { contentFormat: 11542, payload: hex("C40D5182428F C50E6E6F6F6E21 C30F555443") };
    expect(request("POST", "/3/0", timeAndBadOffset).code).toBe("4.00");
    expect(textOf(request("GET", "/3/0/13"))).toBe(before);
  });

  it.each<[string, string, RequestParts, string]>([
    ["a number that is none", "/1/1/1", { contentFormat: 0, payload: "ten" }, "4.00"],
    ["a number with a plus", "/1/1/1", { contentFormat: 0, payload: "+5" }, "4.00"],
    ["a number with a blank", "/1/1/1", { contentFormat: 0, payload: " 5" }, "4.00"],
    ["no number at all", "/1/1/1", { contentFormat: 0, payload: "" }, "4.00"],
    ["a number below the range", "/1/1/1", { contentFormat: 0, payload: "-1" }, "4.00"],
    ["a boolean that is none", "/1/1/6", { contentFormat: 0, payload: "true" }, "4.00"],
    ["a binding that does not exist", "/1/1/7", { contentFormat: 0, payload: "X" }, "4.00"],
    ["base64 without padding", "/19/1/0", { contentFormat: 0, payload: "aGVsbG8" }, "4.00"],
    ["base64 with a line break", "/19/1/0", { contentFormat: 0, payload: "aGVs\nbG8=" }, "4.00"],
    ["opaque on a number", "/1/1/1", { contentFormat: 42, payload: "5" }, "4.00"],
    ["text on an instance", "/1/1", { contentFormat: 0, payload: "5" }, "4.00"],
    ["the TLV of another resource", "/1/1/1", { contentFormat: 11542, payload: hex("C10205") }, "4.00"],
    ["JSON that cannot be parsed", "/1/1", { contentFormat: 11543, payload: "{" }, "4.00"],
    [
      "JSON of another instance",
      "/1/1",
      { contentFormat: 11543, payload: '{"bn":"/1/2/","e":[{"n":"1","v":5}]}' },
      "4.00",
    ],
    [
      "JSON with two values",
      "/1/1/1",
      { contentFormat: 11543, payload: '{"bn":"/1/1/1","e":[{"v":5,"sv":"5"}]}' },
      "4.00",
    ],
    ["a format that does not exist", "/1/1/1", { contentFormat: 65000, payload: "" }, "4.15"],
    ["the old number of TLV", "/1/1", { contentFormat: 1542, payload: hex("C10205") }, "4.15"],
    ["a resource that the object lacks", "/1/1/99", { contentFormat: 0, payload: "5" }, "4.04"],
    ["a whole object", "/1", { contentFormat: 11542, payload: "" }, "4.05"],
  ])("refuses to write %s", (_what, path, parts, code) => {
    const { request, registry } = createManagedDevice();
    const before = registry.dump(1);
    expect(request("PUT", path, parts).code).toBe(code);
    expect(registry.dump(1)).toEqual(before);
  });

  it("takes an empty string, an empty opaque value, and an update of nothing", () => {
    const { request } = createManagedDevice();
    expect(request("PUT", "/3/0/15", { contentFormat: 0, payload: "" }).code).toBe("2.04");
    expect(request("PUT", "/19/1/0", { contentFormat: 0, payload: "" }).code).toBe("2.04");
    expect(request("POST", "/1/1", { contentFormat: 11542, payload: "" }).code).toBe("2.04");
  });

  it("[BG-027][ET-031] does what the object definition allows, and answers 4.05 to the rest", () => {
    const { request, calls } = createManagedDevice();
    expect(request("PUT", "/3/0/0", { contentFormat: 0, payload: "Other" }).code).toBe("4.05");
    expect(request("PUT", "/1/1/0", { contentFormat: 0, payload: "5" }).code).toBe("4.05");
    expect(request("GET", "/3/0/4").code).toBe("4.05");
    expect(request("PUT", "/3/0/4", { contentFormat: 0, payload: "1" }).code).toBe("4.05");
    expect(request("POST", "/3/0/0").code).toBe("4.05");
    expect(request("POST", "/1/1/1", { contentFormat: 0, payload: "5" }).code).toBe("4.05");
    expect(request("GET", "/5/0/0").code).toBe("4.05");
    expect(calls).toEqual([]);
  });

  it("[BG-024][OM-034] executes a resource, with or without arguments", () => {
    const { request, calls } = createManagedDevice();
    expect(request("POST", "/1/1/8")).toEqual({ code: "2.04" });
    expect(request("POST", "/3/0/4", { payload: "0='now'" })).toEqual({ code: "2.04" });
    expect(request("POST", "/3/0/5", { contentFormat: 0, payload: "6" })).toEqual({ code: "2.04" });
    expect(calls).toEqual(["update 1", "reboot", "factoryReset"]);
    expect(request("POST", "/3/0/4", { contentFormat: 11542, payload: hex("C10001") }).code).toBe("4.15");
    expect(request("POST", "/3/9/4").code).toBe("4.04");
    expect(calls).toHaveLength(3);
  });

  it("[ET-007] hands the arguments of an execute to the resource, whatever it makes of them", () => {
    const received: unknown[] = [];
    const switches: ObjectDefinition = {
      id: 31025,
      name: "Switches",
      urn: "urn:oma:lwm2m:x:31025",
      instances: "single",
      mandatory: false,
      resources: {
        0: { name: "Turn", operations: "E", mandatory: true, execute: (args, id) => received.push(id, ...args) },
      },
    };
    const { request } = createManagedDevice({ extra: [switches] });
    const execute = (payload: string) => request("POST", "/31025/0/0", { payload }).code;
    expect(execute("")).toBe("2.04");
    expect(execute("2='10.3',7,0=''")).toBe("2.04");
    expect(received).toEqual([0, 0, [2, "10.3"], [7, undefined], [0, ""]]);
    expect(execute("2='10.3")).toBe("4.00");
    expect(execute("1='a',1='b'")).toBe("4.00");
    expect(execute("0,".repeat(500_000))).toBe("4.00");
    expect(received).toHaveLength(5);
  });

  it("replaces a multiple resource whole, also where an instance is only updated", () => {
    // OMA TS 1.0.2 §5.4.3: a Partial Update leaves other Resources unchanged; it knows nothing of Resource Instances
    const { request, registry } = createManagedDevice();
    registry.load(
      2,
      new Map([
        [
          0,
          new Map<number, ResourceValue>([
            [0, 3],
            [1, 0],
            [
              2,
              new Map([
                [101, 1],
                [102, 31],
              ]),
            ],
            [3, 102],
          ]),
        ],
      ]),
    );
    expect(request("POST", "/2/0", { contentFormat: 11542, payload: hex("8302 416707") }).code).toBe("2.04");
    expect(registry.value(2, 0, 2)).toEqual(new Map([[103, 7]]));
    expect(registry.value(2, 0, 3)).toBe(102);
  });

  it("[BG-020] creates an instance, its id chosen by the device or by the Server", () => {
    const { request, registry } = createManagedDevice();
    const bare = { contentFormat: 11542, payload: hex("C20041 42") };
    expect(request("POST", "/19", bare)).toEqual({ code: "2.01", locationPath: ["19", "2"] });
    const named = { contentFormat: 11542, payload: hex("08 09 04 C2 00 43 44") };
    expect(request("POST", "/19", named)).toEqual({ code: "2.01", locationPath: ["19", "9"] });
    expect(registry.instances(19)).toEqual([0, 1, 2, 9]);
    expect(textOf(request("GET", "/19/9/0"))).toBe("CD");
    expect(request("POST", "/19", named).code).toBe("4.00");
    const json = {
      contentFormat: 11543,
      payload: '{"bn":"/19/","e":[{"n":"4/0","sv":"QUI="},{"n":"4/77","sv":"unknown"}]}',
    };
    expect(request("POST", "/19", json)).toEqual({ code: "2.01", locationPath: ["19", "4"] });
  });

  it.each<[string, string, RequestParts, string]>([
    ["on an object with a single instance", "/3", { contentFormat: 11542, payload: hex("C10001") }, "4.05"],
    ["in plain text", "/19", { contentFormat: 0, payload: "5" }, "4.00"],
    ["in a format that does not exist", "/19", { contentFormat: 60, payload: "5" }, "4.15"],
    [
      "of two instances at once",
      "/19",
      { contentFormat: 11542, payload: hex("080904C2004344 080A04C2004344") },
      "4.00",
    ],
    ["of an object that is not there", "/99", { contentFormat: 11542, payload: "" }, "4.04"],
    ["of the reserved instance 65535", "/19", { contentFormat: 11542, payload: hex("24 FFFF C2004142") }, "4.00"],
    ["of a Security instance", "/0", { contentFormat: 11542, payload: "" }, "4.01"],
    ["of a Server account", "/1", { contentFormat: 11542, payload: "" }, "4.01"],
    ["on an instance that is not there", "/19/7", { contentFormat: 11542, payload: hex("C20041 42") }, "4.04"],
  ])("refuses a create %s", (_what, path, parts, code) => {
    expect(createManagedDevice().request("POST", path, parts).code).toBe(code);
  });

  it("stops creating at 64 instances", () => {
    const { request, registry } = createManagedDevice();
    for (let i = 0; i < 62; i++) expect(request("POST", "/19", AB).code).toBe("2.01");
    expect(request("POST", "/19", AB).code).toBe("4.05");
    expect(registry.instances(19)).toHaveLength(64);
  });

  it("[BG-023][OM-036] deletes an instance", () => {
    const { request, registry } = createManagedDevice();
    request("POST", "/19", AB);
    expect(request("DELETE", "/19/2")).toEqual({ code: "2.02" });
    expect(registry.instances(19)).toEqual([0, 1]);
    expect(request("DELETE", "/19/2").code).toBe("4.04");
    expect(request("DELETE", "/3/0").code).toBe("4.05");
    expect(request("GET", "/3/0/0").code).toBe("2.05");
    expect(request("DELETE", "/3").code).toBe("4.05");
    expect(request("DELETE", "/3/0/0").code).toBe("4.05");
  });

  it("[BG-026][OM-031] discovers an object, an instance and a resource in link format", () => {
    const { request } = createManagedDevice({ servers: [102] });
    expect(request("GET", "/1", { accept: 40 })).toMatchObject({ code: "2.05", contentFormat: 40 });
    expect(textOf(request("GET", "/1", { accept: 40 }))).toBe(
      "</1>,</1/1>,</1/1/0>,</1/1/1>,</1/1/4>,</1/1/6>,</1/1/7>,</1/1/8>",
    );
    expect(textOf(request("GET", "/7/0", { accept: 40 }))).toBe(
      "</7/0>,</7/0/0>,</7/0/1>,</7/0/2>,</7/0/3>,</7/0/4>,</7/0/5>,</7/0/6>,</7/0/7>,</7/0/8>",
    );
    expect(textOf(request("GET", "/3/0/7", { accept: 40 }))).toBe("</3/0/7>;dim=2");
    // what can only be written or executed is there, too
    expect(textOf(request("GET", "/5/0", { accept: 40 }))).toMatch(/^<\/5\/0>,<\/5\/0\/0>,<\/5\/0\/1>,<\/5\/0\/2>,/);
    expect(textOf(request("GET", "/6/0", { accept: 40 }))).toBe("</6/0>");
    expect(textOf(request("GET", "/2", { accept: 40 }))).toBe("</2>");
    for (const path of ["/99", "/3/1", "/3/0/99", "/6/0/0"])
      expect(request("GET", path, { accept: 40 }).code).toBe("4.04");
  });

  it("[OM-031] lists its objects at /.well-known/core", () => {
    const { request } = createManagedDevice();
    const response = request("GET", "/.well-known/core");
    expect(response).toMatchObject({ code: "2.05", contentFormat: 40 });
    expect(textOf(response)).toBe(
      "</1/1>,</2>,</3/0>,</4/0>,</5/0>,</6/0>,</7/0>,</9/0>,</15/0>,</19/0>,</19/1>,</10250/0>,</26241/0>",
    );
    expect(request("GET", "/.well-known/core", { accept: 0 }).code).toBe("4.06");
    expect(request("DELETE", "/.well-known/core").code).toBe("4.05");
  });

  it("[BG-025] takes attributes, and shows them in Discover as inherited on a resource", () => {
    // The steps of OMA ETS LightweightM2M-1.0-int-260.
    const { request } = createManagedDevice();
    expect(request("PUT", "/3/0?pmin=10&pmax=200")).toEqual({ code: "2.04" });
    expect(request("PUT", "/3/0/7?lt=1&gt=6&st=1")).toEqual({ code: "2.04" });
    expect(textOf(request("GET", "/3", { accept: 40 }))).toMatch(
      /^<\/3>,<\/3\/0>;pmin=10;pmax=200,<\/3\/0\/0>,.*,<\/3\/0\/6>;dim=2,<\/3\/0\/7>;dim=2;gt=6;lt=1;st=1,/,
    );
    expect(textOf(request("GET", "/3/0/7", { accept: 40 }))).toBe("</3/0/7>;dim=2;pmin=10;pmax=200;gt=6;lt=1;st=1");
    expect(textOf(request("GET", "/3/0/9"))).toBe("100");
  });

  it.each<[Method]>([["GET"], ["PUT"], ["POST"], ["DELETE"]])("answers 4.00 to %s on the root", (method) => {
    expect(createManagedDevice().request(method, "/").code).toBe("4.00");
  });

  it.each(["/99", "/3/1", "/3/0/99", "/3/0/6/0", "/1/1/1/1/1", "/abc", "/03", "/3/", "/65535", "/bs", "/-1"])(
    "answers 4.04 to a read of %s",
    (path) => {
      expect(createManagedDevice().request("GET", path).code).toBe("4.04");
    },
  );

  it("[BG-034] answers 4.01 to anything a management Server asks of Object 0", () => {
    const { request, registry } = createManagedDevice();
    registry.load(0, new Map([[0, new Map([[0, "coap://127.0.0.1"]])]]));
    expect(request("GET", "/0").code).toBe("4.01");
    expect(request("GET", "/0/0").code).toBe("4.01");
    expect(request("GET", "/0/0/5").code).toBe("4.01");
    expect(request("GET", "/0/7").code).toBe("4.01");
    expect(request("GET", "/0", { accept: 40 }).code).toBe("4.01");
    expect(request("GET", "/0", { observe: 0 }).code).toBe("4.01");
    expect(request("PUT", "/0/0", { contentFormat: 11542, payload: "" }).code).toBe("4.01");
    expect(request("PUT", "/0?pmin=1").code).toBe("4.01");
    expect(request("POST", "/0/0/1").code).toBe("4.01");
    expect(request("DELETE", "/0/0").code).toBe("4.01");
  });

  it("[BG-028] offers reading and writing only where the guide's 3.3 is taken at its word", () => {
    const { request, calls } = createManagedDevice();
    const as = (method: Method, path: string, parts: RequestParts = {}) =>
      request(method, path, parts, 102, { capabilities: "rwOnly" }).code;
    expect(as("GET", "/3/0")).toBe("2.05");
    expect(as("GET", "/3/0/9", { observe: 0 })).toBe("2.05");
    expect(as("PUT", "/1/1/1", { payload: "70" })).toBe("2.04");
    expect(as("POST", "/3/0/4")).toBe("4.05");
    expect(as("GET", "/3", { accept: 40 })).toBe("4.05");
    expect(as("PUT", "/3?pmin=1")).toBe("4.05");
    expect(as("POST", "/19")).toBe("4.05");
    expect(as("DELETE", "/19/1")).toBe("4.05");
    expect(calls).toEqual([]);
  });

  it("hides an Object of a profile that is not in use", () => {
    let shown = false;
    const extra = {
      id: 30000,
      name: "Sometimes",
      urn: "urn:oma:lwm2m:x:30000",
      instances: "single",
      mandatory: false,
      offered: () => shown,
      resources: {},
    } as const;
    const { request, registry } = createManagedDevice({ extra: [extra] });
    expect(request("GET", "/30000/0").code).toBe("4.04");
    expect(registry.objects.has(30000)).toBe(false);
    shown = true;
    expect(request("GET", "/30000/0").code).toBe("2.05");
    expect(textOf(request("GET", "/.well-known/core"))).toMatch(/,<\/30000\/0>$/);
  });

  it("[ET-025] serves an Object of a service beside the standard ones", () => {
    let level = 0;
    const { request } = createManagedDevice({
      extra: [
        {
          id: 31024,
          name: "Lamp",
          urn: "urn:oma:lwm2m:x:31024",
          version: "1.1",
          instances: "single",
          mandatory: false,
          resources: {
            1: {
              name: "Level",
              operations: "RW",
              type: "integer",
              mandatory: true,
              read: () => level,
              write(value) {
                level = Number(value);
              },
            },
          },
        },
      ],
    });
    expect(request("PUT", "/31024/0/1", { payload: "40" }).code).toBe("2.04");
    expect(level).toBe(40);
    expect(textOf(request("GET", "/31024/0/1"))).toBe("40");
    expect(textOf(request("GET", "/31024", { accept: 40 }))).toBe('</31024>;ver="1.1",</31024/0>,</31024/0/1>');
    const link = { version: "bare" } as const;
    expect(textOf(request("GET", "/.well-known/core", {}, 102, { link }))).toMatch(/<\/31024>;ver=1\.1,<\/31024\/0>$/);
  });
});

describe("the code of each operation on each target", () => {
  const box: ObjectDefinition = {
    id: 31026,
    name: "Box",
    urn: "urn:oma:lwm2m:x:31026",
    instances: "multiple",
    mandatory: false,
    initialInstances: [0],
    resources: {
      0: { name: "Shown", operations: "R", type: "integer", mandatory: true, initial: 5 },
      1: { name: "Set", operations: "RW", type: "integer", mandatory: true, initial: 5 },
      2: { name: "Told", operations: "W", type: "integer", mandatory: false, initial: 5 },
      3: { name: "Done", operations: "E", mandatory: false, execute() {} },
      4: { name: "Absent", operations: "RW", type: "integer", mandatory: false },
      5: {
        name: "Several",
        operations: "RW",
        type: "integer",
        mandatory: false,
        multiple: true,
        initial: new Map([[0, 5]]),
      },
    },
  };
  const ofLevel = (path: string) =>
    path.split("/").length > 3 ? { contentFormat: 0, payload: "5" } : { contentFormat: 11542, payload: hex("C10105") };

  // read, observe, discover, write attributes, PUT, POST, DELETE
  it.each([
    ["the root", "/", "4.00 4.00 4.00 4.00 4.00 4.00 4.00"],
    ["an object", "/31026", "2.05 2.05 2.05 2.04 4.05 2.01 4.05"],
    ["a single-instance object", "/3", "2.05 2.05 2.05 2.04 4.05 4.05 4.05"],
    ["an object that is not there", "/99", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
    ["the Security Object", "/0", "4.01 4.01 4.01 4.01 4.01 4.01 4.01"],
    ["an instance", "/31026/0", "2.05 2.05 2.05 2.04 2.04 2.04 2.02"],
    ["the only instance", "/3/0", "2.05 2.05 2.05 2.04 4.05 4.05 4.05"],
    ["an instance that is not there", "/31026/1", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
    ["a Security instance", "/0/0", "4.01 4.01 4.01 4.01 4.01 4.01 4.01"],
    ["a resource to read", "/31026/0/0", "2.05 2.05 2.05 2.04 4.05 4.05 4.05"],
    ["a resource to read and write", "/31026/0/1", "2.05 2.05 2.05 2.04 2.04 4.05 4.05"],
    ["a resource to write", "/31026/0/2", "4.05 4.05 2.05 4.05 2.04 4.05 4.05"],
    ["a resource to execute", "/31026/0/3", "4.05 4.05 2.05 4.05 4.05 2.04 4.05"],
    ["a resource without a value", "/31026/0/4", "4.04 4.04 4.04 4.04 2.04 4.05 4.05"],
    ["a resource that the object lacks", "/31026/0/9", "4.04 4.04 4.04 4.04 4.04 4.04 4.05"],
    ["a resource of an instance that is not there", "/31026/1/0", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
    ["a resource instance", "/31026/0/5/0", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
    ["a path too long", "/31026/0/5/0/0", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
    ["no path of numbers", "/3/battery", "4.04 4.04 4.04 4.04 4.04 4.04 4.04"],
  ])("[OM-003] %s", (_what, path, codes) => {
    const of = (method: Method, parts: RequestParts = {}) =>
      createManagedDevice({ extra: [box] }).request(method, path, parts).code;
    const body = ofLevel(path);
    const found = [
      of("GET"),
      of("GET", { observe: 0 }),
      of("GET", { accept: 40 }),
      of("PUT", { uriQuery: ["pmin=1"] }),
      of("PUT", body),
      of("POST", path.split("/").length === 4 ? {} : body),
      of("DELETE"),
    ];
    expect(found.join(" ")).toBe(codes);
  });
});

describe("a Bootstrap-Server's requests", () => {
  const account = hex(`C80017${Buffer.from("coaps://127.0.0.1:5684/").toString("hex")} C10100 C10200 C10A7B`);

  it("[OM-018][OM-015][OM-016] writes accounts, a server and its rights, as Leshan does", () => {
    const device = createManagedDevice();
    expect(device.bootstrap("DELETE", "/1")).toEqual({ code: "2.02" });
    expect(device.bootstrap("PUT", "/0/1", { contentFormat: 11542, payload: account })).toEqual({ code: "2.04" });
    const server = hex("C1007B C201012C C10201 C10601 C10755");
    expect(device.bootstrap("PUT", "/1/0", { contentFormat: 11542, payload: server })).toEqual({ code: "2.04" });
    const acl = hex("C10003 C10100 8302417B1F C1037B");
    expect(device.bootstrap("PUT", "/2/0", { contentFormat: 11542, payload: acl })).toEqual({ code: "2.04" });
    expect(device.registry.value(0, 1, 0)).toBe("coaps://127.0.0.1:5684/");
    expect(device.registry.value(1, 0, 1)).toBe(300);
    expect(device.registry.value(2, 0, 2)).toEqual(new Map([[123, 31]]));
  });

  it("writes at object and resource level, makes what is not there and leaves out what it does not know", () => {
    const { bootstrap, registry } = createManagedDevice();
    const both = hex("08 00 06 C1007B C10601 08 05 06 C1007C C163 01");
    expect(bootstrap("PUT", "/1", { contentFormat: 11542, payload: both }).code).toBe("2.04");
    expect(registry.instances(1)).toEqual([0, 1, 5]);
    expect(bootstrap("PUT", "/1/6/1", { contentFormat: 0, payload: "90" }).code).toBe("2.04");
    expect(registry.value(1, 6, 1)).toBe(90);
    expect(bootstrap("PUT", "/0/0/5", { contentFormat: 42, payload: hex("0a0b") }).code).toBe("2.04");
    expect(registry.value(0, 0, 5)).toEqual(hex("0a0b"));
  });

  it("writes all instances of an object or none", () => {
    const { bootstrap, registry } = createManagedDevice();
    const secondWrong = hex("03 00 C1007B 03 05 C101FF");
    expect(bootstrap("PUT", "/1", { contentFormat: 11542, payload: secondWrong }).code).toBe("4.00");
    expect(registry.instances(1)).toEqual([1]);
  });

  it("[OM-019][OM-014] deletes instances, objects and everything, but never its own account or the device", () => {
    const device = createManagedDevice();
    for (const path of ["/0/0", "/0/1", "/1/3", "/2/0"]) {
      const payload = path.startsWith("/0") ? account : path === "/2/0" ? hex("C10003 C10100 C1037B") : hex("C1007B");
      device.bootstrap("PUT", path, { contentFormat: 11542, payload });
    }
    expect(device.bootstrap("DELETE", "/1/3", {}, 0).code).toBe("2.02");
    expect(device.bootstrap("DELETE", "/1/3", {}, 0).code).toBe("4.04");
    expect(device.bootstrap("DELETE", "/0/0", {}, 0).code).toBe("4.05");
    expect(device.bootstrap("DELETE", "/0", {}, 0).code).toBe("2.02");
    expect(device.registry.instances(0)).toEqual([0]);
    expect(device.bootstrap("DELETE", "/3/0", {}, 0).code).toBe("4.05");
    expect(device.bootstrap("DELETE", "/3", {}, 0).code).toBe("4.05");
    expect(device.bootstrap("DELETE", "/1/1/1", {}, 0).code).toBe("4.00");
    expect(device.bootstrap("DELETE", "/42", {}, 0).code).toBe("4.04");
    expect(device.bootstrap("DELETE", "/", {}, 0).code).toBe("2.02");
    expect(device.bootstrap("DELETE", "/", {}, 0).code).toBe("2.02");
    expect([0, 1, 2, 3].map((id) => device.registry.instances(id))).toEqual([[0], [], [], [0]]);
  });

  it("writes no instance that no path can name, and no more of an object than 64", () => {
    const { bootstrap, registry } = createManagedDevice();
    const rules = (from: number, count: number) =>
      hex(Array.from({ length: count }, (_, i) => `00${(from + i).toString(16).padStart(2, "0")}`).join(""));
    const write = (payload: Buffer) => bootstrap("PUT", "/2", { contentFormat: 11542, payload }).code;
    expect(write(hex("20 FFFF"))).toBe("4.00");
    expect(write(rules(0, 65))).toBe("4.05");
    expect(registry.instances(2)).toEqual([]);
    expect(write(rules(0, 64))).toBe("2.04");
    expect(write(rules(0, 64))).toBe("2.04");
    expect(write(rules(100, 1))).toBe("4.05");
    expect(bootstrap("PUT", "/2/100", { contentFormat: 11542, payload: hex("C10003") }).code).toBe("4.05");
    expect(bootstrap("PUT", "/2/100/0", { payload: "3" }).code).toBe("4.05");
    expect(bootstrap("PUT", "/2/63/0", { payload: "3" }).code).toBe("2.04");
    expect(registry.instances(2)).toHaveLength(64);
  });

  it("discovers accounts with their short server ids", () => {
    const device = createManagedDevice();
    device.bootstrap("PUT", "/0/0", { contentFormat: 11542, payload: hex("C10101 C10A6F") });
    device.bootstrap("PUT", "/0/1", { contentFormat: 11542, payload: account });
    const response = device.bootstrap("GET", "/", { accept: 40 });
    expect(response).toMatchObject({ code: "2.05", contentFormat: 40 });
    expect(textOf(response)).toMatch(/^lwm2m="1\.0",<\/0\/0>,<\/0\/1>;ssid=123,<\/1\/1>;ssid=102,<\/2>,<\/3\/0>,/);
    expect(textOf(device.bootstrap("GET", "/1", { accept: 40 }))).toBe('lwm2m="1.0",</1/1>;ssid=102');
    expect(device.bootstrap("GET", "/42", { accept: 40 }).code).toBe("4.04");
  });

  it.each<[Method, string, RequestParts]>([
    ["PUT", "/", {}],
    ["POST", "/", {}],
    ["GET", "/3/0", {}],
    ["GET", "/3/0", { accept: 40 }],
    ["POST", "/3/0/4", {}],
    ["PUT", "/3/0/4", { contentFormat: 0, payload: "1" }],
  ])("answers 4.05 to %s %s", (method, path, parts) => {
    const device = createManagedDevice();
    expect(device.bootstrap(method, path, parts).code).toBe("4.05");
    expect(device.calls).toEqual([]);
  });

  it("answers 4.15 to the old numbers of TLV and JSON", () => {
    const { bootstrap, registry } = createManagedDevice();
    for (const contentFormat of [1542, 1543]) {
      expect(bootstrap("PUT", "/1/1", { contentFormat, payload: hex("C1007B") }).code).toBe("4.15");
    }
    expect(registry.value(1, 1, 0)).toBe(102);
  });

  it("knows the request that ends a bootstrap", () => {
    expect(isBootstrapFinish(message("POST", "/bs"))).toBe(true);
    expect(isBootstrapFinish(message("POST", "/bs/1"))).toBe(false);
    expect(isBootstrapFinish(message("GET", "/bs"))).toBe(false);
  });
});
