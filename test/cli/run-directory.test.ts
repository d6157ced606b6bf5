import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimProcessRecord } from "#cli/process-record";
import {
  baseDirectory,
  namedRunDirectory,
  openForegroundDirectory,
  openRunDirectory,
  type Surroundings,
} from "#cli/run-directory";

let root: string;
let surroundings: Surroundings;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bg96-dir-"));
  surroundings = { uid: process.getuid?.() ?? 0, xdgRuntimeDirectory: root };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (name = "meter") => openRunDirectory(namedRunDirectory(name, surroundings), surroundings);

describe("where a run directory stands", () => {
  it("in $XDG_RUNTIME_DIR if that is a directory", () => {
    expect(baseDirectory(surroundings)).toBe(join(root, "bg96"));
  });
  it("else in /run for root, and in /tmp by user id for others", () => {
    const without = {
      xdgRuntimeDirectory: join(root, "missing"),
      systemRuntimeDirectory: root,
      temporaryDirectory: "/tmp",
    };
    expect(baseDirectory({ ...without, uid: 0 })).toBe(join(root, "bg96"));
    expect(baseDirectory({ ...without, uid: 1234 })).toBe("/tmp/bg96-1234");
    expect(baseDirectory({ ...without, uid: 0, systemRuntimeDirectory: join(root, "missing") })).toBe("/tmp/bg96-0");
  });
  it.each(["", "..", "a/b", ".hidden", "run-1", "-x", "a".repeat(33), "a b"])("never under the name %j", (name) => {
    expect(() => namedRunDirectory(name, surroundings)).toThrow(`name "${name}"`);
  });
});

describe("who may use it", () => {
  it("nobody but its owner", () => {
    const { path } = open();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, "bg96")).mode & 0o777).toBe(0o700);
    expect(open().path).toBe(path);
  });
  it("it is refused when others can reach into it, or into the directory around it", () => {
    const { path } = open();
    chmodSync(path, 0o750);
    expect(() => open()).toThrow(`run directory ${path}: is not a directory of yours that is closed to others`);
    chmodSync(path, 0o700);
    chmodSync(join(root, "bg96"), 0o777);
    expect(() => open()).toThrow(`run directory ${join(root, "bg96")}: is not`);
  });
  it("it is refused when it is a link to somewhere else, or a file", () => {
    const { path } = open();
    rmSync(path, { recursive: true });
    mkdirSync(join(root, "elsewhere"), { mode: 0o700 });
    symlinkSync(join(root, "elsewhere"), path);
    expect(() => open()).toThrow("is not a directory of yours");
    rmSync(path);
    writeFileSync(path, "");
    expect(() => open()).toThrow("is not a directory of yours");
  });
  it("it is refused when it belongs to another user", () => {
    open();
    const other = { ...surroundings, uid: surroundings.uid + 1 };
    expect(() => openRunDirectory(namedRunDirectory("meter", other), other)).toThrow("is not a directory of yours");
  });
  it("a path too long for a socket is refused with a remedy", () => {
    const deep = join(root, "d".repeat(90));
    mkdirSync(deep);
    const far = { ...surroundings, xdgRuntimeDirectory: deep };
    expect(() => openRunDirectory(namedRunDirectory("meter", far), far)).toThrow(
      "too long a path for a control socket",
    );
  });
});

describe("a foreground modem's directory", () => {
  it("is its own, and takes away those of dead ones but not of living ones", () => {
    const dead = openForegroundDirectory(4_194_303, surroundings); // above the usual pid_max: nobody's
    writeFileSync(dead.pid, "4194303\nsome boot 1\n");
    const living = openForegroundDirectory(process.ppid, surroundings);
    expect(claimProcessRecord(living.pid, process.ppid)).toBeUndefined();
    const own = openForegroundDirectory(process.pid, surroundings);
    expect([dead, living, own].map(({ path }) => existsSync(path))).toEqual([false, true, true]);
  });
});
