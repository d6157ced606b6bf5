import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "#config";
import { EfsError, fillFactory, openEfs } from "#efs/efs";
import { problemsOf } from "./problems.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const factory = join(import.meta.dirname, "../../config/efs");

describe("the file tree on disk", () => {
  it("keeps what was written, in folders made as needed", () => {
    const root = temporaryDirectory();
    openEfs(root).write("/datatx/lwm2m/state.json", "one");
    const efs = openEfs(root);
    expect(efs.read("/datatx/lwm2m/state.json")?.toString()).toBe("one");
    efs.write("/datatx/lwm2m/state.json", Buffer.from("two"));
    expect(efs.read("/datatx/lwm2m/state.json")?.toString()).toBe("two");
    expect(readdirSync(join(root, "datatx/lwm2m"))).toEqual(["state.json"]);
  });

  it("[BG-052] /data and /datatx are the same folder", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/data/bootstrap.ini", "x");
    expect(efs.read("/datatx/bootstrap.ini")?.toString()).toBe("x");
    efs.write("/datatx/lwm2m_cfg", "y");
    expect(efs.list("/data")).toEqual(["bootstrap.ini", "lwm2m_cfg"]);
    expect(existsSync(join(efs.root, "data"))).toBe(false);
  });

  it("tells files from folders", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/ssl/100_server.psk", "a:00");
    efs.write("/datatx/b", "");
    efs.write("/datatx/a", "");
    expect(efs.list("/datatx")).toEqual(["a", "b"]);
    expect(efs.folders("/datatx")).toEqual(["ssl"]);
    expect(efs.read("/datatx/ssl")).toBeUndefined();
    expect(efs.exists("/datatx/ssl")).toBe(true);
    expect(efs.remove("/datatx/ssl")).toBe(false);
  });

  it("answers for what is not there", () => {
    const efs = openEfs(temporaryDirectory());
    expect(efs.read("/datatx/none")).toBeUndefined();
    expect(efs.exists("/datatx/none")).toBe(false);
    expect(efs.list("/datatx/none")).toEqual([]);
    expect(efs.folders("/none")).toEqual([]);
    expect(efs.remove("/datatx/none")).toBe(false);
  });

  it("removes a file once", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/x", "1");
    expect(efs.remove("/datatx/x")).toBe(true);
    expect(efs.remove("/datatx/x")).toBe(false);
  });

  it("keeps files to their owner, for they hold keys", () => {
    const efs = openEfs(join(temporaryDirectory(), "new"));
    efs.write("/datatx/x", "1");
    expect(statSync(join(efs.root, "datatx/x")).mode & 0o777).toBe(0o600);
    expect(statSync(join(efs.root, "datatx")).mode & 0o777).toBe(0o700);
    expect(statSync(efs.root).mode & 0o777).toBe(0o700);
  });

  it.each(["/../x", "/datatx/../../x", "datatx/x", "/datatx/./x", "/datatx/a\0b", "/datatx\\..\\x", "", "/"])(
    "refuses to write to %j",
    (path) => {
      const efs = openEfs(temporaryDirectory());
      expect(() => efs.write(path, "x")).toThrow(EfsError);
      expect(readdirSync(efs.root)).toEqual([]);
    },
  );

  it("follows no link out of the tree", () => {
    const outside = temporaryDirectory();
    writeFileSync(join(outside, "secret"), "s");
    const efs = openEfs(temporaryDirectory());
    symlinkSync(outside, join(efs.root, "datatx"));
    symlinkSync(join(outside, "secret"), join(efs.root, "link"));
    symlinkSync(join(outside, "new"), join(efs.root, "dangling"));
    expect(() => efs.read("/datatx/secret")).toThrow(EfsError);
    expect(() => efs.read("/link")).toThrow(EfsError);
    expect(() => efs.list("/datatx")).toThrow(EfsError);
    expect(() => efs.write("/datatx/deep/x", "x")).toThrow(EfsError);
    efs.write("/dangling", "x");
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("s");
  });

  it("says why a file cannot be written, and leaves the old one", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/file", "old");
    expect(() => efs.write("/datatx/file/below", "x")).toThrow("cannot write /datatx/file/below: ");
    expect(() => efs.write("/datatx", "x")).toThrow("cannot write /datatx: ");
    expect(() => efs.write(`/datatx/${"x".repeat(300)}`, "x")).toThrow(EfsError);
    expect(efs.read("/datatx/file")?.toString()).toBe("old");
    expect(readdirSync(efs.root)).toEqual(["datatx"]);
  });

  it("clears away files that were left half-written", () => {
    const root = temporaryDirectory();
    openEfs(root).write("/datatx/lwm2m/state.json", "whole");
    writeFileSync(join(root, "datatx/lwm2m/.state.json.bg96-tmp"), "ha");
    const efs = openEfs(root);
    expect(readdirSync(join(root, "datatx/lwm2m"))).toEqual(["state.json"]);
    expect(efs.read("/datatx/lwm2m/state.json")?.toString()).toBe("whole");
  });

  it("writes over a half-written file of its own", () => {
    const efs = openEfs(temporaryDirectory());
    writeFileSync(join(efs.root, ".x.bg96-tmp"), "left behind");
    efs.write("/x", "new");
    expect(readdirSync(efs.root)).toEqual(["x"]);
  });

  it("takes a file in pieces, and gives it back so", () => {
    const root = temporaryDirectory();
    const efs = openEfs(root);
    const file = efs.open("/fota/update.bin");
    file.append(Buffer.from("one, "));
    file.append(Buffer.from("two, three"));
    expect([file.size, file.read(5, 3).toString(), file.read(10, 100).toString(), file.read(99, 1)]).toEqual([
      15,
      "two",
      "three",
      Buffer.alloc(0),
    ]);
    file.truncate(7);
    file.append(Buffer.from("o"));
    file.sync();
    file.close();
    file.close();
    expect(() => file.append(Buffer.from("x"))).toThrow(EfsError);
    const again = openEfs(root).open("/fota/update.bin");
    again.append(Buffer.from("!"));
    again.close();
    expect(efs.read("/fota/update.bin")?.toString()).toBe("one, two!");
    expect(statSync(join(root, "fota/update.bin")).mode & 0o777).toBe(0o600);
    mkdirSync(join(root, "fota/folder"));
    for (const path of ["/fota/folder", "/", "/../x"]) expect(() => efs.open(path), path).toThrow(EfsError);
  });

  it("says when the directory is a file", () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    expect(() => openEfs(file)).toThrow(ConfigError);
    expect(() => openEfs(join(file, "below"))).toThrow(ConfigError);
  });
});

describe("the factory tree", () => {
  it("fills an empty directory, folders included, and nothing starts by itself", () => {
    const efs = openEfs(temporaryDirectory());
    expect(fillFactory(efs, factory)).toBe(true);
    expect(efs.list("/datatx")).toEqual(["bootstrap.ini", "carrier_apn_cfg", "lwm2m_cfg"]);
    expect(efs.folders("/datatx")).toEqual(["factory", "lwm2m", "ssl"]);
    expect(efs.list("/datatx/ssl")).toEqual([]);
    expect(readdirSync(join(efs.root, "datatx/ssl"))).toEqual([]);
    expect(efs.read("/datatx/factory/bootstrap.ini")).toEqual(efs.read("/datatx/bootstrap.ini"));
    expect(readdirSync(efs.root)).toEqual(["datatx"]);
  });

  it("leaves a directory alone that holds anything", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/bootstrap.ini", "mine");
    expect(fillFactory(efs, factory)).toBe(false);
    expect(efs.list("/datatx")).toEqual(["bootstrap.ini"]);
  });

  it("completes a copy that was interrupted, and keeps what is there", () => {
    const efs = openEfs(temporaryDirectory());
    writeFileSync(join(efs.root, ".bg96-filling"), "");
    efs.write("/datatx/bootstrap.ini", "mine");
    expect(fillFactory(efs, factory)).toBe(true);
    expect(efs.read("/datatx/bootstrap.ini")?.toString()).toBe("mine");
    expect(efs.exists("/datatx/lwm2m_cfg")).toBe(true);
    expect(fillFactory(efs, factory)).toBe(false);
  });

  it("says which directory cannot be filled, and what to do", () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, ".bg96-filling")); // refuses root too, whom no permission stops
    expect(problemsOf(() => fillFactory(openEfs(root), factory))).toEqual([
      expect.stringMatching(`^${root}: cannot be filled with the module's files: `),
    ]);
    const blocked = temporaryDirectory();
    writeFileSync(join(blocked, ".bg96-filling"), "");
    writeFileSync(join(blocked, "datatx"), "");
    expect(problemsOf(() => fillFactory(openEfs(blocked), factory))).toEqual([
      expect.stringMatching(`^${blocked}: cannot be filled with the module's files: `),
    ]);
  });

  it("fills a directory that holds a lock alone, and shows no lock", () => {
    const root = temporaryDirectory();
    writeFileSync(join(root, ".bg96-lock"), "1\n");
    const efs = openEfs(root);
    expect(fillFactory(efs, factory)).toBe(true);
    expect(efs.list("/")).toEqual([]);
  });

  it("fills a fresh disk, which holds lost+found", () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, "lost+found"), { mode: 0 });
    expect(fillFactory(openEfs(root), factory)).toBe(true);
  });
});
