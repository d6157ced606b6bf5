import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import type { ResourceValue } from "#lwm2m/object";
import type { PdpContext } from "#modem/state";
import { createManagedDevice, hex, textOf } from "../lwm2m/managed-device.js";

const listOf = (value: ResourceValue | undefined) => [...(value as ReadonlyMap<number, unknown>).values()];

describe("Object 0, Security", () => {
  it("keeps its accounts from every management Server, and from Register", () => {
    const { registry, request } = createManagedDevice();
    registry.load(
      0,
      new Map([
        [
          3,
          new Map<number, ResourceValue>([
            [0, "coap://192.0.2.1"],
            [5, Buffer.from("secret")],
          ]),
        ],
      ]),
    );
    expect(registry.value(0, 3, 5)).toEqual(Buffer.from("secret"));
    expect(request("GET", "/0/3").code).toBe("4.01");
    expect(textOf(request("GET", "/.well-known/core"))).not.toContain("</0");
  });
});

describe("Object 1, Server", () => {
  it("[BG-035][ET-033] holds a Server's id, lifetime, periods and binding", () => {
    const { registry, request } = createManagedDevice();
    registry.load(
      1,
      new Map([
        [
          1,
          new Map<number, ResourceValue>([
            [0, 102],
            [1, 300],
            [2, 1],
            [3, 60],
            [5, 86400],
            [6, true],
            [7, "UQS"],
          ]),
        ],
      ]),
    );
    // The values that the guide's figure of /1/1 shows.
    expect([0, 1, 2, 3, 5, 6, 7].map((id) => textOf(request("GET", `/1/1/${id}`)))).toEqual([
      "102",
      "300",
      "1",
      "60",
      "86400",
      "1",
      "UQS",
    ]);
  });

  it("[BG-193] gives its Lifetime and takes another", () => {
    const { request } = createManagedDevice();
    expect(textOf(request("GET", "/1/1/1"))).toBe("300");
    expect(request("PUT", "/1/1/1", { contentFormat: 11542, payload: hex("C2010078") }).code).toBe("2.04");
    expect(textOf(request("GET", "/1/1/1"))).toBe("120");
  });

  it("[BG-194] offers Disable and Registration Update Trigger to be executed", () => {
    const { request, calls } = createManagedDevice({ servers: [101, 102] });
    expect(request("POST", "/1/2/4").code).toBe("2.04");
    expect(request("POST", "/1/2/8").code).toBe("2.04");
    expect(request("PUT", "/1/2/8", { payload: "1" }).code).toBe("4.05");
    expect(calls).toEqual(["disable 2", "update 2"]);
  });
});

describe("Object 4, Connectivity Monitoring", () => {
  it("[BG-038][ET-036] tells of the network what the terminal is told", () => {
    const { registry, modem } = createManagedDevice();
    const context = {
      type: "IP",
      apn: "iot.example",
      user: "",
      password: "",
      authentication: 0,
      active: true,
      address: "10.0.0.7",
    } as const;
    modem.update({
      pdp: { 1: context, 2: { ...context, apn: "other", active: false, address: undefined } },
      linkUtilisationPercent: 3,
    });
    expect([0, 2, 3, 6, 8, 9, 10].map((id) => registry.value(4, 0, id))).toEqual([6, -98, -10, 3, 0x1a2d001, 1, 1]);
    expect([1, 4, 5, 7].map((id) => listOf(registry.value(4, 0, id)))).toEqual([
      [0, 6, 7],
      ["10.0.0.7"],
      ["10.0.0.254"],
      ["iot.example"],
    ]);
  });

  it("lists the calls of host and module, one that they share once, each with its router and APN", () => {
    const { registry, modem } = createManagedDevice();
    const definition = { type: "IPV6", apn: "iot.example", user: "", password: "", authentication: 0, active: true };
    const context = { ...definition, address: "2001:db8::7" } as PdpContext;
    const moduleCalls = [
      { apn: "iot.example", address: "10.0.0.17" },
      { apn: "manage.example", address: "10.0.0.18" },
    ];
    const defaultBearer = { apn: "manage.example", address: "10.0.0.18" };
    modem.update({ pdp: { 2: context }, moduleCalls, defaultBearer });
    expect([4, 5, 7].map((id) => listOf(registry.value(4, 0, id)))).toEqual([
      ["10.0.0.18", "2001:db8::7", "10.0.0.17"],
      ["10.0.0.254", "fe80::1", "10.0.0.254"],
      ["manage.example", "iot.example", "iot.example"],
    ]);
  });

  it.each([
    ["CAT-M1", -98, -10],
    ["CAT-NB1", -98, -10],
    ["GSM", -71, undefined],
  ] as const)("tells the strength of %s as %i dBm and its quality as %s", (technology, strength, quality) => {
    const { registry, modem } = createManagedDevice();
    modem.update(({ radio }) => ({ radio: { ...radio, technology } }));
    expect([2, 3].map((id) => registry.value(4, 0, id))).toEqual([strength, quality]);
  });

  it.each([
    ["GSM", 0],
    ["CAT-M1", 6],
    ["CAT-NB1", 7],
  ] as const)("tells %s as bearer %i", (technology, bearer) => {
    const { registry, modem } = createManagedDevice();
    modem.update(({ radio }) => ({ radio: { ...radio, technology } }));
    expect(registry.value(4, 0, 0)).toBe(bearer);
  });

  it("is read-only", () => {
    expect(createManagedDevice().request("PUT", "/4/0/2", { payload: "-50" }).code).toBe("4.05");
  });
});

describe("Object 5, Firmware Update", () => {
  it("[BG-041][ET-037] is idle, takes a package and shows what it says of itself", () => {
    const { registry, request } = createManagedDevice();
    const shown = () => [1, 3, 5, 6, 7, 9].map((id) => registry.value(5, 0, id));
    expect(shown()).toEqual(["", 0, 0, undefined, undefined, 2]);
    expect(request("POST", "/5/0/2").code).toBe("4.05");
    const image = makePackage({ name: "BG96", version: "BG96MAR04A04M1G" }, 500);
    expect(request("PUT", "/5/0/0", { contentFormat: 42, payload: image }).code).toBe("2.04");
    expect(shown()).toEqual(["", 2, 0, "BG96", "BG96MAR04A04M1G", 2]);
    expect(request("PUT", "/5/0/1", { payload: "" }).code).toBe("2.04");
    expect(shown()).toEqual(["", 0, 0, undefined, undefined, 2]);
  });
});

describe("Object 6, Location", () => {
  it("[BG-039][ET-038] tells the latest fix, and nothing without one", () => {
    const { modem, request } = createManagedDevice();
    expect(request("GET", "/6/0")).toMatchObject({ code: "2.05", payload: Buffer.alloc(0) });
    expect(request("GET", "/6/0/0").code).toBe("4.04");
    const takenAtMs = 1_700_000_000_999;
    modem.update({
      fix: {
        latitude: 51.5,
        longitude: -0.125,
        altitudeM: 30,
        uncertaintyM: 5,
        speedMs: 10,
        courseDeg: 300,
        takenAtMs,
      },
    });
    expect([0, 1, 2, 3, 5, 6].map((id) => textOf(request("GET", `/6/0/${id}`)))).toEqual([
      "51.5",
      "-0.125",
      "30",
      "5",
      "1700000000",
      "10",
    ]);
    // 3GPP TS 23.032 §8.12: type 0, bearing 300 degrees, 36 km/h.
    expect(request("GET", "/6/0/4").payload).toEqual(hex("012C 0024"));
  });
});

describe("the objects that carry the host's data", () => {
  it("[BG-198] are /19 with instance 0 up and instance 1 down", () => {
    const device = createManagedDevice();
    device.request("GET", "/19/0/0", { observe: 0 });
    device.put("/19/0/0", Buffer.from("up"));
    expect(device.notifications.map(({ response }) => textOf(response))).toEqual(["up"]);
    for (const payload of ["down", "down"]) device.request("PUT", "/19/1/0", { contentFormat: 42, payload });
    expect(device.calls).toEqual(["downlink /19/1/0 down", "downlink /19/1/0 down"]);
  });

  it("take downlink data as one instance of a multiple resource, as the OMA registry models /19", () => {
    const device = createManagedDevice();
    const parts = { contentFormat: 11542, payload: hex("84 00 42 00 68 69") };
    expect(device.request("PUT", "/19/1/0", parts).code).toBe("2.04");
    expect(device.calls).toEqual(["downlink /19/1/0 hi"]);
  });

  it.each([
    ["BG-196", 10250],
    ["BG-197", 26241],
  ])("[%s] are /%i with resource 0 up, observed by the Server, and resource 1 down", (_id, objectId) => {
    const device = createManagedDevice();
    expect(device.request("GET", `/${objectId}/0/0`, { observe: 0 })).toMatchObject({
      code: "2.05",
      observe: expect.any(Number),
      contentFormat: 42,
    });
    device.put(`/${objectId}/0/0`, Buffer.from("fwVr=1.0.0"));
    expect(device.notifications.map(({ response }) => textOf(response))).toEqual(["fwVr=1.0.0"]);
    expect(device.request("PUT", `/${objectId}/0/1`, { contentFormat: 42, payload: "down" }).code).toBe("2.04");
    expect(device.calls).toEqual([`downlink /${objectId}/0/1 down`]);
    expect(device.request("PUT", `/${objectId}/0/0`, { contentFormat: 42, payload: "x" }).code).toBe("4.05");
  });
});
