import { describe, expect, it } from "vitest";
import { createManagedDevice, hex } from "./managed-device.js";

describe("attributes", () => {
  it("[OM-033] are inherited from object to instance to resource, the lower level winning", () => {
    const { request, attributes } = createManagedDevice();
    request("PUT", "/3?pmin=5&pmax=100");
    request("PUT", "/3/0?pmax=50");
    request("PUT", "/3/0/9?pmin=1&gt=80");
    const at = (resourceId?: number) =>
      attributes.inherited(102, { objectId: 3, ...(resourceId !== undefined && { instanceId: 0, resourceId }) });
    expect(at()).toEqual({ pmin: 5, pmax: 100 });
    expect(attributes.inherited(102, { objectId: 3, instanceId: 0 })).toEqual({ pmin: 5, pmax: 50 });
    expect(at(9)).toEqual({ pmin: 1, pmax: 50, gt: 80 });
    expect(at(10)).toEqual({ pmin: 5, pmax: 50 });
  });

  it("belong to the Server that wrote them", () => {
    const { request, attributes } = createManagedDevice({ servers: [101, 102] });
    request("PUT", "/3/0?pmin=2", {}, 101);
    request("PUT", "/3/0?pmin=15", {}, 102);
    expect([101, 102].map((id) => attributes.attached(id, { objectId: 3, instanceId: 0 }))).toEqual([
      { pmin: 2 },
      { pmin: 15 },
    ]);
  });

  it("[OM-039] are cancelled by their bare name", () => {
    const { request, attributes } = createManagedDevice();
    request("PUT", "/3/0/9?pmin=2&pmax=9&gt=80");
    expect(request("PUT", "/3/0/9?pmin&gt").code).toBe("2.04");
    expect(attributes.attached(102, { objectId: 3, instanceId: 0, resourceId: 9 })).toEqual({ pmax: 9 });
    request("PUT", "/3/0/9?pmax");
    expect(attributes.dump()).toEqual([]);
  });

  it.each([
    "pmin=-1",
    "pmin=1.5",
    "pmin=",
    "pmin=abc",
    "pmax=99999999999",
    "st=-1",
    "gt=high",
    "gt=1e3",
    "lt=9&gt=4",
    "gt=5&lt=5",
    "lt=4&gt=9&st=3",
    "dim=3",
    "epmin=1",
    "=1",
    "",
    "pmin=3&nonsense",
  ])("answer 4.00 to ?%s and stay as they were", (query) => {
    const { request, attributes } = createManagedDevice();
    request("PUT", "/3/0/9?pmin=7");
    const { code } = request("PUT", "/3/0/9", { uriQuery: query.split("&") });
    expect(code).toBe("4.00");
    expect(attributes.attached(102, { objectId: 3, instanceId: 0, resourceId: 9 })).toEqual({ pmin: 7 });
  });

  it("are checked together with those that are there already", () => {
    // The values of Leshan's own test: gt=200, then lt=200; lt=10 and st=2 with gt=14, then 15.
    const { request } = createManagedDevice();
    expect(request("PUT", "/3/0/9?gt=200").code).toBe("2.04");
    expect(request("PUT", "/3/0/9?lt=200").code).toBe("4.00");
    expect(request("PUT", "/3/0/9?lt=10&st=2").code).toBe("2.04");
    expect(request("PUT", "/3/0/9?gt=14").code).toBe("4.00");
    expect(request("PUT", "/3/0/9?gt=15").code).toBe("2.04");
  });

  it.each([
    ["/3/0/0?gt=1", "4.00"],
    ["/3/0?gt=1", "4.00"],
    ["/3?st=1", "4.00"],
    ["/3/0/4?pmin=1", "4.05"],
    ["/5/0/0?pmin=1", "4.05"],
    ["/3/1?pmin=1", "4.04"],
    ["/3/0/99?pmin=1", "4.04"],
    ["/6/0/0?pmin=1", "4.04"],
    ["/99?pmin=1", "4.04"],
  ])("are refused on %s with %s", (path, code) => {
    const { request, attributes } = createManagedDevice();
    expect(request("PUT", path).code).toBe(code);
    expect(attributes.dump()).toEqual([]);
  });

  it("go with the instance they are attached to", () => {
    const { request, attributes } = createManagedDevice();
    request("POST", "/19", { payload: hex("C20041 42") });
    request("PUT", "/19/2?pmin=1");
    request("PUT", "/19/2/0?pmax=9");
    request("PUT", "/19?pmin=3");
    request("DELETE", "/19/2");
    request("POST", "/19", { payload: hex("C20041 42") });
    expect(attributes.dump()).toEqual([{ shortServerId: 102, path: "/19", attributes: { pmin: 3 } }]);
  });

  it("take the Server's default periods where nothing else says so", () => {
    const { attributes, put, request } = createManagedDevice();
    put("/1/1/2", 4);
    put("/1/1/3", 40);
    const battery = { objectId: 3, instanceId: 0, resourceId: 9 };
    expect(attributes.effective(102, battery)).toEqual({ pmin: 4, pmax: 40 });
    request("PUT", "/3?pmin=1");
    expect(attributes.effective(102, battery)).toEqual({ pmin: 1, pmax: 40 });
    expect(attributes.effective(999, battery)).toEqual({});
  });

  it("can be kept and taken up again", () => {
    const before = createManagedDevice();
    before.request("PUT", "/3/0/9?pmin=1&st=2.5");
    const after = createManagedDevice();
    after.attributes.restore(JSON.parse(JSON.stringify(before.attributes.dump())));
    expect(after.attributes.attached(102, { objectId: 3, instanceId: 0, resourceId: 9 })).toEqual({ pmin: 1, st: 2.5 });
  });
});
