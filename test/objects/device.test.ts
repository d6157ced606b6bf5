import { describe, expect, it } from "vitest";
import { isMultiple } from "#lwm2m/object";
import type { ModemState } from "#modem/state";
import { createManagedDevice, textOf } from "../lwm2m/managed-device.js";

const row = (id: number) => createManagedDevice().registry.row(3, id);

describe("Object 3, Device", () => {
  it("[ZE-001] is mandatory and has one instance, which a Server can neither make nor delete", () => {
    const { registry, request } = createManagedDevice();
    expect(registry.objects.get(3)).toMatchObject({ mandatory: true, instances: "single" });
    expect(registry.instances(3)).toEqual([0]);
    expect(request("POST", "/3").code).toBe("4.05");
    expect(request("DELETE", "/3/0").code).toBe("4.05");
  });

  // Id, name, operations, type, multiple, mandatory, units, range, as the Zephyr documentation tables them
  // (which calls Supported Binding mandatory, Error Code not; OMA TS 1.0.2 Appendix E.4 has both mandatory).
  it.each([
    ["ZE-002", 0, "Manufacturer", "R", "string", false, undefined, undefined],
    ["ZE-003", 1, "Model Number", "R", "string", false, undefined, undefined],
    ["ZE-004", 2, "Serial Number", "R", "string", false, undefined, undefined],
    ["ZE-005", 3, "Firmware Version", "R", "string", false, undefined, undefined],
    ["ZE-008", 6, "Available Power Sources", "R", "integer", true, undefined, [0, 7]],
    ["ZE-009", 7, "Power Source Voltage", "R", "integer", true, "mV", undefined],
    ["ZE-010", 8, "Power Source Current", "R", "integer", true, "mA", undefined],
    ["ZE-011", 9, "Battery Level", "R", "integer", false, "%", [0, 100]],
    ["ZE-012", 10, "Memory Free", "R", "integer", false, "KB", undefined],
    ["ZE-013", 11, "Error Code", "R", "integer", true, undefined, [0, 8]],
    ["ZE-015", 13, "Current Time", "RW", "time", false, undefined, [0, 2 ** 32 - 1]],
    ["ZE-016", 14, "UTC Offset", "RW", "string", false, undefined, undefined],
    ["ZE-017", 15, "Timezone", "RW", "string", false, undefined, [0, 64]],
    ["ZE-018", 16, "Supported Binding and Modes", "R", "string", false, undefined, undefined],
    ["ZE-019", 17, "Device Type", "R", "string", false, undefined, undefined],
    ["ZE-020", 18, "Hardware Version", "R", "string", false, undefined, undefined],
    ["ZE-021", 19, "Software Version", "R", "string", false, undefined, undefined],
    ["ZE-022", 20, "Battery Status", "R", "integer", false, undefined, [0, 6]],
    ["ZE-023", 21, "Memory Total", "R", "integer", false, "KB", undefined],
  ] as const)(
    "[%s] /3/0/%i is %s: %s, %s, and can be read",
    (_id, id, name, operations, type, multiple, units, range) => {
      const { registry, request } = createManagedDevice();
      const definition = registry.row(3, id)!;
      expect(definition).toMatchObject({ name, operations, type, mandatory: id === 11 || id === 16 });
      expect([definition.multiple ?? false, definition.units, definition.range]).toEqual([multiple, units, range]);
      expect(isMultiple(registry.value(3, 0, id)!)).toBe(multiple);
      expect(request("GET", `/3/0/${id}`)).toMatchObject({ code: "2.05", contentFormat: multiple ? 11542 : 0 });
      expect(request("PUT", `/3/0/${id}`, { payload: "" }).code).not.toBe(operations === "R" ? "2.04" : "4.05");
    },
  );

  it("[ZE-006] /3/0/4 is Reboot, mandatory, and reboots when executed", () => {
    const { request, calls } = createManagedDevice();
    expect(row(4)).toMatchObject({ name: "Reboot", operations: "E", mandatory: true });
    expect(request("POST", "/3/0/4")).toEqual({ code: "2.04" });
    expect(calls).toEqual(["reboot"]);
  });

  it("[ZE-007][ET-035] /3/0/5 is Factory Reset, optional", () => {
    const { request, calls } = createManagedDevice();
    expect(row(5)).toMatchObject({ name: "Factory Reset", operations: "E", mandatory: false });
    expect(request("POST", "/3/0/5")).toEqual({ code: "2.04" });
    expect(calls).toEqual(["factoryReset"]);
  });

  it("[ZE-024] /3/0/22 is ExtDevInfo, several object links, absent while nothing is attached", () => {
    expect(row(22)).toMatchObject({
      name: "ExtDevInfo",
      operations: "R",
      type: "objlnk",
      multiple: true,
      mandatory: false,
    });
    expect(createManagedDevice().request("GET", "/3/0/22").code).toBe("4.04");
  });

  it("[BG-037] tells what the module tells the terminal", () => {
    const { request } = createManagedDevice();
    const values = [0, 1, 2, 3, 9, 16, 17, 18, 19].map((id) => textOf(request("GET", `/3/0/${id}`)));
    expect(values).toEqual([
      "Quectel",
      "BG96",
      "864508030012428",
      "BG96MAR02A07M1G",
      "100",
      "UQ",
      "BG96",
      "R1.2",
      "01.018.01.018",
    ]);
  });

  it("lists power sources, voltages and currents by the same instances", () => {
    const { registry, modem } = createManagedDevice();
    const listed = () => [6, 7, 8].map((id) => [...(registry.value(3, 0, id) as ReadonlyMap<number, number>)]);
    expect(listed()).toEqual([
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0, 3800],
        [1, 5000],
      ],
      [
        [0, 0],
        [1, 125],
      ],
    ]);
    modem.update(({ battery }) => ({ battery: { ...battery, externalPower: false } }));
    expect(listed()).toEqual([[[0, 1]], [[0, 3800]], [[0, 125]]]);
  });

  it("[ZE-014] shows each error in an instance of its own as long as its cause lasts; Reset Error Code makes them anew", () => {
    const { registry, modem, request, batteryPercent } = createManagedDevice();
    const errors = () => [...(registry.value(3, 0, 11) as ReadonlyMap<number, number>)];
    const signal = (rssiDbm: number) => modem.update(({ radio }) => ({ radio: { ...radio, rssiDbm } }));
    expect(errors()).toEqual([[0, 0]]);
    signal(-113);
    expect(errors()).toEqual([[0, 4]]);
    batteryPercent(19);
    expect(errors()).toEqual([
      [0, 4],
      [1, 1],
    ]);
    signal(-80);
    expect(errors()).toEqual([[1, 1]]);
    modem.update(({ battery }) => ({ battery: { ...battery, externalPower: false } }));
    expect(errors()).toEqual([
      [0, 2],
      [1, 1],
    ]);
    expect(request("POST", "/3/0/12").code).toBe("2.04");
    expect(errors()).toEqual([
      [0, 1],
      [1, 2],
    ]);
    batteryPercent(20);
    modem.update(({ battery }) => ({ battery: { ...battery, externalPower: true } }));
    expect(errors()).toEqual([[0, 0]]);
  });

  it.each<[string, number, (state: ModemState) => Partial<ModemState>]>([
    ["a battery below its threshold", 1, ({ battery }) => ({ battery: { ...battery, percent: 19 } })],
    ["no external supply", 2, ({ battery }) => ({ battery: { ...battery, externalPower: false } })],
    ["a GNSS receiver that fails", 3, ({ gnss }) => ({ gnss: { ...gnss, faulty: true } })],
    ["a weak signal", 4, ({ radio }) => ({ radio: { ...radio, rssiDbm: -111 } })],
    ["no coverage", 4, ({ network }) => ({ network: { ...network, coverage: false } })],
    ["no memory left", 5, ({ memory }) => ({ memory: { ...memory, freeKb: 0 } })],
    ["a network that detached it", 7, () => ({ registration: { eps: 1 } })],
  ])("tells of %s as error %i", (_, error, change) => {
    const { registry, modem } = createManagedDevice();
    modem.update(change);
    expect(registry.value(3, 0, 11)).toEqual(new Map([[0, error]]));
  });

  it.each([
    [100, 0, 0],
    [50, 1, 1],
    [100, 2, 2],
    [19, 0, 4],
    [20, 0, 0],
  ] as const)("tells a battery of %i %% with charging %i as status %i", (percent, charging, status) => {
    const { registry, modem } = createManagedDevice();
    modem.update(({ battery }) => ({ battery: { ...battery, percent, charging } }));
    expect(registry.value(3, 0, 20)).toBe(status);
  });

  it("lets a Server set the clock, which then runs on", async () => {
    const { request, clock, modem } = createManagedDevice();
    expect(request("PUT", "/3/0/13", { payload: "1367491215" }).code).toBe("2.04");
    expect(textOf(request("GET", "/3/0/13"))).toBe("1367491215");
    await clock.advance(5000);
    expect(textOf(request("GET", "/3/0/13"))).toBe("1367491220");
    expect(clock.now() + modem.state.time.offsetMs).toBe(1367491220_000);
  });

  it("refuses times beyond what a clock of dates can show, after which nothing could be read", () => {
    const { request } = createManagedDevice();
    const before = textOf(request("GET", "/3/0/13"));
    for (const payload of ["9223372036854775807", "-9223372036854775808", "4294967296", "-1"]) {
      expect(request("PUT", "/3/0/13", { payload }).code).toBe("4.00");
    }
    expect(textOf(request("GET", "/3/0/13"))).toBe(before);
    expect(request("PUT", "/3/0/13", { payload: "4294967295" }).code).toBe("2.04");
    expect(request("GET", "/3/0", { accept: 11542 }).code).toBe("2.05");
  });

  it.each([
    ["+02:00", 8, "+02:00"],
    ["-03:30", -14, "-03:30"],
    ["+0545", 23, "+05:45"],
    ["+09", 36, "+09:00"],
    ["Z", 0, "+00:00"],
    ["-00:00", 0, "+00:00"],
  ])("takes the UTC offset %s as %i quarters of an hour", (text, quarters, shown) => {
    const { request, modem } = createManagedDevice();
    expect(request("PUT", "/3/0/14", { payload: text }).code).toBe("2.04");
    expect(modem.state.time.zoneQuarters).toBe(quarters);
    expect(textOf(request("GET", "/3/0/14"))).toBe(shown);
  });

  it.each(["", "2", "+25:00", "+02:07", "CET", "+02:60"])("refuses the UTC offset '%s'", (text) => {
    const { request, modem } = createManagedDevice();
    expect(request("PUT", "/3/0/14", { payload: text }).code).toBe("4.00");
    expect(modem.state.time.zoneQuarters).toBe(0);
  });
});
