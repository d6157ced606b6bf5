import { describe, expect, it } from "vitest";
import type { ResourceValue } from "#lwm2m/object";
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
    modem.update({ pdp: { 1: context, 2: { ...context, apn: "other", active: false, address: undefined } } });
    expect([0, 2, 3, 8, 9, 10].map((id) => registry.value(4, 0, id))).toEqual([6, -71, -10, 0x1a2d001, 1, 1]);
    expect([1, 4, 7].map((id) => listOf(registry.value(4, 0, id)))).toEqual([[0, 6, 7], ["10.0.0.7"], ["iot.example"]]);
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
  it("[ET-037] is idle, and refuses an image in so many words", () => {
    const { registry, request } = createManagedDevice();
    expect([1, 3, 5, 9].map((id) => registry.value(5, 0, id))).toEqual(["", 0, 0, 2]);
    const uri = request("PUT", "/5/0/1", { payload: "coap://192.0.2.1/image" });
    expect([uri.code, textOf(uri)]).toEqual(["5.01", "firmware download: not offered yet"]);
    expect(request("PUT", "/5/0/0", { contentFormat: 42, payload: "image" }).code).toBe("5.01");
    expect(request("POST", "/5/0/2").code).toBe("4.05");
    expect(request("PUT", "/5/0/1", { payload: "" }).code).toBe("2.04");
    expect(registry.value(5, 0, 3)).toBe(0);
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

describe("Object 7, Connectivity Statistics", () => {
  const traffic = (txBytes: number, rxBytes: number) => ({
    traffic: { txBytes, rxBytes, txPackets: 10, rxPackets: 20 },
  });

  it("[BG-040] counts from Start to Stop, in kilobytes", () => {
    const { modem, registry, request } = createManagedDevice();
    const counted = () => [2, 3, 5].map((id) => registry.value(7, 0, id));
    modem.update(traffic(99_000, 99_000));
    expect(counted()).toEqual([99, 99, 6600]);
    expect(request("POST", "/7/0/6").code).toBe("2.04");
    expect(counted()).toEqual([0, 0, 0]);
    modem.update(traffic(1999, 4000));
    expect(counted()).toEqual([1, 4, 200]);
    expect(request("POST", "/7/0/7").code).toBe("2.04");
    modem.update(traffic(50_000, 50_000));
    expect(counted()).toEqual([1, 4, 200]);
    request("POST", "/7/0/6");
    modem.update(traffic(7000, 0));
    expect(counted()).toEqual([7, 0, 233]);
  });

  it("stops by itself after the Collection Period", async () => {
    const { modem, registry, request, clock } = createManagedDevice();
    expect(request("PUT", "/7/0/8", { payload: "60" }).code).toBe("2.04");
    expect(textOf(request("GET", "/7/0/8"))).toBe("60");
    request("POST", "/7/0/6");
    modem.update(traffic(3000, 0));
    await clock.advance(60_000);
    modem.update(traffic(9000, 0));
    expect(registry.value(7, 0, 2)).toBe(3);
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
      observe: 1,
      contentFormat: 42,
    });
    device.put(`/${objectId}/0/0`, Buffer.from("fwVr=1.0.0"));
    expect(device.notifications.map(({ response }) => textOf(response))).toEqual(["fwVr=1.0.0"]);
    expect(device.request("PUT", `/${objectId}/0/1`, { contentFormat: 42, payload: "down" }).code).toBe("2.04");
    expect(device.calls).toEqual([`downlink /${objectId}/0/1 down`]);
    expect(device.request("PUT", `/${objectId}/0/0`, { contentFormat: 42, payload: "x" }).code).toBe("4.05");
  });
});
