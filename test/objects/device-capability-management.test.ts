import { describe, expect, it } from "vitest";
import { CoapError } from "#coap/message";
import { createRegistry } from "#lwm2m/registry";
import { type Capability, deviceCapabilityManagement } from "#objects/device-capability-management";
import { createManagedDevice, textOf } from "../lwm2m/managed-device.js";

describe("Object 15, DevCapMgmt", () => {
  it("[BG-043] passes each request to the application behind it, and its word to the Server", () => {
    const asked: string[] = [];
    const application: Capability = {
      property: "Buzzer",
      group: 6,
      description: "loud",
      isEnabled: () => asked.at(-1) === "enable",
      enable: () => asked.push("enable"),
      disable() {
        throw new CoapError("5.03", "it is sounding");
      },
    };
    const registry = createRegistry([deviceCapabilityManagement(application)]);
    const read = (resourceId: number) => registry.value(15, 0, resourceId);
    const execute = (resourceId: number) => registry.execute({ objectId: 15, instanceId: 0, resourceId }, new Map());
    expect([0, 1, 2, 4].map(read)).toEqual(["Buzzer", 6, "loud", false]);
    execute(5);
    expect([asked, read(4)]).toEqual([["enable"], true]);
    expect(() => execute(6)).toThrow(new CoapError("5.03", "it is sounding"));
    expect([asked, read(4)]).toEqual([["enable"], true]);
  });

  it("has the GNSS receiver, which a Server switches off and on", () => {
    const { request, modem } = createManagedDevice();
    expect([0, 1, 4].map((id) => textOf(request("GET", `/15/0/${id}`)))).toEqual(["GNSS", "3", "1"]);
    expect(request("POST", "/15/0/6").code).toBe("2.04");
    expect([modem.state.gnss.enabled, textOf(request("GET", "/15/0/4"))]).toEqual([false, "0"]);
    expect(request("POST", "/15/0/5").code).toBe("2.04");
    expect([modem.state.gnss.enabled, textOf(request("GET", "/15/0/4"))]).toEqual([true, "1"]);
  });

  it("switched off, a broken receiver is no error, and nobody misses it", () => {
    const { registry, modem, request } = createManagedDevice();
    modem.update({ gnss: { enabled: true, faulty: true } });
    expect(registry.value(3, 0, 11)).toEqual(new Map([[0, 3]]));
    expect(request("POST", "/15/0/6").code).toBe("2.04");
    expect(registry.value(3, 0, 11)).toEqual(new Map([[0, 0]]));
  });

  it("is neither written, made nor deleted by a Server", () => {
    const { request } = createManagedDevice();
    expect(request("PUT", "/15/0/4", { payload: "0" }).code).toBe("4.05");
    expect(request("POST", "/15").code).toBe("4.05");
    expect(request("DELETE", "/15/0").code).toBe("4.05");
  });
});
