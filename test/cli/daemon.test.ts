import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { BIN, build, eventually, isRunning, openPlace, type Place, within } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

const directory = (name = "default") => join(place.base, name);
const status = async (name = "default") => {
  const { code, stdout } = await place.run("status", name, "--json");
  return { code, ...(JSON.parse(stdout) as Record<string, unknown>) } as {
    code: number;
    pid: number;
    tty: string;
  } & Record<string, unknown>;
};

it("starts, tells its status, answers, survives a kill -9 of its process, and leaves nothing after stop", async () => {
  const begun = await place.run("start");
  expect(begun.code).toBe(0);
  expect(begun.stdout).toMatch(/^READY tty=\S+\/bg96\/default\/tty endpoint=urn:imei:\d{15}\n$/);
  expect(statSync(directory()).mode & 0o777).toBe(0o700);

  const first = await status();
  expect(first).toMatchObject({
    code: 0,
    name: "default",
    running: true,
    registered: false,
    tty: join(directory(), "tty"),
  });
  expect(isRunning(first.pid)).toBe(true);
  expect((await place.run("at", "AT+CGMM")).stdout).toContain("BG96");
  expect((await place.run("start")).stderr).toContain(`is running already, as process ${first.pid}`);

  process.kill(first.pid, "SIGKILL");
  await eventually(() => !isRunning(first.pid), "the daemon is killed");
  expect(await status()).toMatchObject({ code: 3, running: false });
  // its link still stands, and may lead to a pty that is another's by now
  expect(existsSync(join(directory(), "tty.lock"))).toBe(true);
  expect(await place.run("at", "AT")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("default: not running"),
  });

  expect((await place.run("start")).code).toBe(0);
  const second = await status();
  expect(second).toMatchObject({ code: 0, running: true });
  expect(second.pid).not.toBe(first.pid);
  expect((await place.run("at", "AT")).code).toBe(0);

  const { code, stdout } = await place.run("stop");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "default: stopped\n" });
  expect(isRunning(second.pid)).toBe(false);
  expect(readdirSync(directory()).sort()).toEqual(["efs", "log"]);
  expect((await place.run("stop")).stdout).toBe("default: was not running\n");
}, 60_000);

it("stop after a kill -9 removes what the dead process left, a link elsewhere too", async () => {
  const link = join(place.directory, "modem");
  await place.run("start", "--tty", link);
  const { pid } = await status();
  process.kill(pid, "SIGKILL");
  await eventually(() => !isRunning(pid), "the daemon is killed");
  await place.run("stop");
  expect(readdirSync(directory()).sort()).toEqual(["efs", "log"]);
  expect(readdirSync(place.directory)).toEqual(["bg96"]);
}, 60_000);

it("has its port found by name wherever its link is", async () => {
  await place.run("start", "--tty", join(place.directory, "modem"));
  expect((await place.run("at", "AT+CGMM")).stdout).toContain("BG96");
}, 60_000);

it("tells what the network does, and keeps running when restarted with options that cannot be", async () => {
  await place.run("start", "--boot", "instant");
  expect((await place.run("status")).stdout).toMatch(/^network {5}home$/m);
  await place.run("set", "network.roaming=true");
  expect((await place.run("status")).stdout).toMatch(/^network {5}roaming$/m);
  const { pid } = await status();
  expect((await place.run("restart", "--lifetime", "soon")).code).toBe(78);
  expect(await status()).toMatchObject({ running: true, pid });
}, 60_000);

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)(
  "%s to start before it is ready leaves nothing running",
  async (signal, code) => {
    const starting = place.begin(["start", "meter"]);
    await eventually(() => existsSync(join(directory("meter"), "options.json")), "it starts the daemon");
    starting.kill(signal);
    expect((await starting.ended).code).toBe(code);
    expect(starting.stderr).toBe(`meter: not started, ${signal} came before it was ready\n`);
    expect((await place.run("list")).stdout).toBe("no modem runs\n");
    expect(readdirSync(directory("meter"))).not.toContain("options.json");
  },
  60_000,
);

it("several run side by side, each under its name, and restart keeps their options", async () => {
  await place.run("start", "one", "--endpoint", "urn:dev:1");
  await place.run("start", "two", "--endpoint", "urn:dev:2");
  const before = await status("two");
  const again = await place.run("restart", "two", "--log-level", "debug");
  expect(again.stdout).toMatch(/endpoint=urn:dev:2$/m);
  expect(await status("one")).toMatchObject({ running: true, endpoint: "urn:dev:1" });
  const after = await status("two");
  expect(after).toMatchObject({ running: true, endpoint: "urn:dev:2" });
  expect(after.pid).not.toBe(before.pid);
  expect((await place.run("status", "two")).stdout).toMatch(
    /^two: running, process \d+\ntty +\S+\nendpoint +urn:dev:2\n/,
  );
}, 60_000);

it("keeps its key to itself: not on its command line, not in its log, in no file that others may read", async () => {
  const key = "5ec0de5ec0de5ec0de5ec0de5ec0de00";
  const server = ["--server", "coaps://127.0.0.1:5684", "--psk-identity", "me", "--psk-key", key];
  await place.run("start", ...server, "--log-level", "trace", "--register");
  const { pid } = await status();
  expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).not.toContain(key);
  await eventually(() => statSync(join(directory(), "log")).size > 0, "something is logged");
  expect((await place.run("logs")).stdout).not.toContain(key);
  expect(statSync(join(directory(), "options.json")).mode & 0o777).toBe(0o600);
  await place.run("stop");
  expect(existsSync(join(directory(), "options.json"))).toBe(false);
}, 60_000);

it("follows its log as it grows", async () => {
  await place.run("start", "--log-level", "debug");
  const logs = place.begin(["logs", "-f"]);
  await logs.sees(/control socket open/);
  await place.run("at", "AT"); // a host opens and closes the port
  await logs.sees(/a host opened the port/);
  expect((await place.run("logs", "nobody")).stderr).toContain("nobody: not running, and there is no log");
}, 60_000);

it("ends with the reader of its log, though nothing more is written to it", async () => {
  await place.run("start");
  const first = place.begin(["-c", `"${BIN}" logs -f | head -n 1`], { command: "sh" });
  await within(first.ended, () => "logs -f goes on without a reader");
  expect(first.stdout).toMatch(/^\{.*\}\n$/);
}, 60_000);
