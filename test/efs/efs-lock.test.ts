import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { DEFAULTS } from "#config";
import { lockEfs } from "#efs/efs-lock";
import { PortError } from "#port/port";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { problemsOf } from "./problems.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("the lock of a file tree", () => {
  it("keeps a second modem out, and names the process that has it", () => {
    const root = temporaryDirectory();
    const lock = lockEfs(root);
    expect(readFileSync(join(root, ".bg96-lock"), "utf8")).toBe(`${process.pid}\n`);
    expect(() => lockEfs(join(root, "."))).toThrow(
      new PortError(
        `cannot use the files in ${root}: they are in use by process ${process.pid}`,
        "stop that process, or name another directory",
      ),
    );
    lock.release();
    lock.release();
    expect(readdirSync(root)).toEqual([]);
    lockEfs(root).release();
  });

  it("makes the directory, for its owner alone", () => {
    const root = join(temporaryDirectory(), "a/b");
    lockEfs(root).release();
    expect(existsSync(root)).toBe(true);
  });

  it("goes with the process that held it, killed in whatever way", async () => {
    const root = temporaryDirectory();
    // flock(1) of util-linux holds it as another modem would
    const holder = spawn("flock", [join(root, ".bg96-lock"), "-c", "echo held; exec sleep 60"], { detached: true });
    onTestFinished(
      () => void (holder.exitCode === null && holder.signalCode === null && process.kill(-holder.pid!, 9)),
    );
    await once(holder.stdout, "data");
    writeFileSync(join(root, ".bg96-lock"), `${holder.pid}\n`);
    expect(() => lockEfs(root)).toThrow(`in use by process ${holder.pid}`);
    const ended = once(holder, "exit");
    process.kill(-holder.pid!, "SIGKILL");
    await ended;
    const lock = lockEfs(root);
    expect(readFileSync(join(root, ".bg96-lock"), "utf8")).toBe(`${process.pid}\n`);
    lock.release();
  });

  it("says when the lock cannot be made", () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, ".bg96-lock"));
    expect(problemsOf(() => lockEfs(root))).toEqual([
      expect.stringMatching(`^${root}: cannot be used for the module's files: `),
    ]);
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    expect(problemsOf(() => lockEfs(file))).toEqual([
      expect.stringMatching(`^${file}: cannot be used for the module's files: `),
    ]);
  });
});

describe("two modems on one file tree", () => {
  const runtime = { clock: systemClock, random: systemRandom, log: silentLog };
  const open = async (efs: string, tty: string): Promise<Bg96> => {
    const modem = await openBg96({ ...DEFAULTS, boot: "instant", efs, tty }, runtime, temporaryDirectory());
    onTestFinished(() => modem.close());
    return modem;
  };

  it("the second is refused until the first has ended", async () => {
    const directory = temporaryDirectory();
    const efs = join(directory, "efs");
    const [one, two] = [join(directory, "one"), join(directory, "two")];
    const first = await open(efs, one);
    await expect(open(efs, two)).rejects.toThrow(`cannot use the files in ${efs}: they are in use by process `);
    expect(existsSync(two)).toBe(false);
    await first.close();
    expect(readdirSync(efs)).not.toContain(".bg96-lock");
    (await open(efs, two)).kill();
    await (await open(efs, two)).close();
  });

  it("a modem that gets no port leaves its files to others", async () => {
    const directory = temporaryDirectory();
    const efs = join(directory, "efs");
    writeFileSync(join(directory, "file"), "");
    await expect(open(efs, join(directory, "file"))).rejects.toThrow(PortError);
    await (await open(efs, join(directory, "tty"))).close();
  });
});
