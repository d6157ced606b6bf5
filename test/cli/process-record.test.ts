import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { claimProcessRecord, isAlive, readProcessRecord, startOf } from "#cli/process-record";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bg96-pid-"));
  path = join(directory, "pid");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("a process that holds the record keeps others out, and is named to them", () => {
  expect(claimProcessRecord(path, process.ppid)).toBeUndefined();
  expect(claimProcessRecord(path, process.pid)).toMatchObject({ pid: process.ppid });
  expect(readFileSync(path, "utf8").split("\n")[0]).toBe(String(process.ppid));
  expect(readdirSync(directory)).toEqual(["pid"]);
});

it("the record of a dead process gives way", async () => {
  const child = spawn("true");
  const pid = child.pid ?? 0;
  const started = startOf(pid);
  await once(child, "exit");
  writeFileSync(path, `${pid}\n${started}\n`);
  expect(claimProcessRecord(path, process.pid)).toBeUndefined();
  expect(readProcessRecord(path)?.pid).toBe(process.pid);
  expect(readdirSync(directory)).toEqual(["pid"]);
});

it("a pid that has become another process's is not taken for the one recorded", () => {
  writeFileSync(path, `${process.pid}\nanother boot 12345\n`);
  expect(isAlive(readProcessRecord(path)!)).toBe(false);
  expect(claimProcessRecord(path, process.pid)).toBeUndefined();
});

it("a zombie counts as dead", async () => {
  // The shell's child ends once exec has put a program in the shell's place that waits for nobody.
  const parent = spawn("sh", ["-c", "cat <&3 >/dev/null & echo $!; exec sleep 30 3<&-"], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
  });
  const [text] = (await once(parent.stdout!, "data")) as [Buffer];
  const zombie = Number(text.toString());
  const untilMs = performance.now() + 10_000;
  const see = async (file: string, pattern: RegExp) => {
    while (!pattern.test(readFileSync(file, "latin1"))) {
      if (performance.now() > untilMs) throw new Error("no zombie came");
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await see(`/proc/${parent.pid}/comm`, /^sleep$/m);
  (parent.stdio[3] as Writable).end();
  await see(`/proc/${zombie}/stat`, /\) Z /);
  expect(startOf(zombie)).toBeUndefined();
  parent.kill("SIGKILL");
  await once(parent, "exit");
});

it.each(["", "garbage", "-5\n", "12x\n"])("a file that holds %j is no record, and gives way", (content) => {
  writeFileSync(path, content);
  expect(readProcessRecord(path)).toBeUndefined();
  expect(claimProcessRecord(path, process.pid)).toBeUndefined();
});
