/** A package that is larger than what is left of the host's disk. */
import { existsSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Disk, hostDisk } from "#efs/disk";
import { makePackage } from "#firmware/package";
import { openFotaDevice, push } from "./fota-device.js";

const PACKAGE = makePackage({ name: "BG96 firmware", version: "BG96MAR04A04M1G" }, 60_000);
/** 48 blocks and the record that a package is on its way, but not another record besides. */
const ROOM_BYTES = 48 * 1024 + 80;

/** A disk that is full when the files of this folder are so large. */
function diskWithRoom(folder: string, room: number): Disk {
  const used = () =>
    readdirSync(folder, { withFileTypes: true }).reduce((sum, { name }) => sum + statSync(join(folder, name)).size, 0);
  const take = (bytes: number) => {
    if (existsSync(folder) && used() + bytes > room)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  return {
    ...hostDisk,
    writeSync(file: number, bytes: Buffer, from: number, length: number, at: number) {
      take(length);
      return hostDisk.writeSync(file, bytes, from, length, at);
    },
    writeFileSync(file: number, content: Buffer | string) {
      take(content.length);
      hostDisk.writeFileSync(file, content);
    },
  } as Disk;
}

it.each([
  ["firmware", "/5/0/0", "update", { state: 0, result: 2 }],
  ["software", "/9/0/2", "software", { state: 0, result: 50 }],
] as const)("that is %s is refused, and the reason outlives a reboot", async (_, place, machine, standing) => {
  const root = mkdtempSync(join(tmpdir(), "bg96-"));
  const device = await openFotaDevice({ root, disk: diskWithRoom(join(root, "fota"), ROOM_BYTES) });
  expect(await push(device.server, PACKAGE, 49, place)).toBe("4.13");
  expect(device.logged.join("\n")).toContain("could not be kept");
  expect(device.modem.state.firmware[machine]).toMatchObject(standing);
  const again = await openFotaDevice({ root });
  expect(again.modem.state.firmware[machine]).toMatchObject(standing);
});
