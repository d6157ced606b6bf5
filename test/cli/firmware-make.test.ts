import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { examinePackage } from "#firmware/package";
import { build, openPlace, type Place } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

it("bg96 firmware make writes a package that a modem takes, and overwrites nothing", async () => {
  const order = ["firmware", "make", "--version", "BG96MAR04A04M1G", "--size", "100000", "--output", "fw.bin"];
  expect(await place.run(...order)).toEqual({
    code: 0,
    stdout: "fw.bin   BG96MAR04A04M1G, 100000 bytes\n",
    stderr: "",
  });
  const bytes = readFileSync(join(place.directory, "fw.bin"));
  const read = (at: number, length: number) => bytes.subarray(at, at + length);
  expect(examinePackage({ size: bytes.length, read }, false)).toEqual({
    name: "BG96 firmware",
    version: "BG96MAR04A04M1G",
  });
  const again = await place.run(...order);
  expect([again.code, again.stderr]).toEqual([1, "cannot write fw.bin: it exists\ntry: name another file\n"]);
  const nowhere = await place.run(...order.slice(0, -1), "no/fw.bin");
  expect([nowhere.code, nowhere.stderr]).toEqual([
    1,
    "cannot write no/fw.bin: there is no directory no\ntry: mkdir -p no\n",
  ]);
});
