/** Who may write a package in blocks, and how: what a whole Write is refused for, its first block is. */
import { describe, expect, it } from "vitest";
import type { ResourceValue } from "#lwm2m/object";
import { openUpload } from "#lwm2m/upload";
import { createManagedDevice, message } from "./managed-device.js";

describe("a package that comes in blocks", () => {
  const open = (device: ReturnType<typeof createManagedDevice>, path: string, contentFormat = 42, from = 102) =>
    openUpload(message("PUT", path, { contentFormat }), undefined, device.contextOf(from));

  it("goes to its Resource, and everything else is served as a whole", () => {
    const device = createManagedDevice();
    const sink = open(device, "/5/0/0")!;
    sink.write(Buffer.from("not a package, "));
    sink.write(Buffer.from("but taken for one"));
    expect(sink.end()).toEqual({ code: "2.04" });
    expect(device.registry.value(5, 0, 3)).toBe(2);
    for (const path of [
      "/",
      "/5",
      "/5/0",
      "/5/0/1",
      "/5/1/0",
      "/5/0/0/0",
      "/5/0/0?pmin=1",
      "/19/0/0",
      "/77/0/0",
      "/rd/5",
    ]) {
      expect(open(device, path), path).toBeUndefined();
    }
    expect(openUpload(message("POST", "/5/0/0"), undefined, device.contextOf(102))).toBeUndefined();
  });

  it("is refused to who may not write it, as OMA TS 1.0.2 §7.3 has it", () => {
    const device = createManagedDevice({ servers: [102, 103] });
    const rights = new Map<number, ResourceValue>([
      [0, 5],
      [1, 0],
      [
        2,
        new Map([
          [102, 2],
          [103, 1],
        ]),
      ],
      [3, 102],
    ]);
    device.registry.load(2, new Map([[0, rights]]));
    expect(() => open(device, "/5/0/0", 42, 103)).toThrow(expect.objectContaining({ code: "4.01" }));
    expect(device.registry.value(5, 0, 3)).toBe(0);
    expect(open(device, "/5/0/0", 42, 102)).toBeDefined();
  });

  it("is refused in a format that is not supported", () => {
    const device = createManagedDevice();
    for (const format of [60, 1542, 1543]) {
      expect(() => open(device, "/5/0/0", format), `${format}`).toThrow(expect.objectContaining({ code: "4.15" }));
    }
    expect(device.registry.value(5, 0, 3)).toBe(0);
    const old = openUpload(message("PUT", "/5/0/0", { contentFormat: 1542 }), undefined, {
      ...device.contextOf(102),
      oldFormats: true,
    });
    expect(old).toBeDefined();
  });

  it("leaves the device idle when it is no value, and tells a connection lost when it is not finished", () => {
    const device = createManagedDevice();
    const standing = () => [3, 5].map((id) => device.registry.value(5, 0, id));
    expect(() => open(device, "/5/0/0", 0)!.write(Buffer.from("****"))).toThrow(
      expect.objectContaining({ code: "4.00" }),
    );
    expect(standing()).toEqual([0, 0]);
    open(device, "/5/0/0")!.abandon();
    expect(standing()).toEqual([0, 4]);
  });
});
