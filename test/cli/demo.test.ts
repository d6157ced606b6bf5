import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CONSOLE_HELP } from "#demo-server/console";
import { makePackage } from "#firmware/package";
import { build, eventually, isRunning, openPlace, type Place, type Program, ROOT } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

const READY = /^\+QLWEVENT: 5,"STATE_READY"$/m;
const BUSY = ["--port", "0", "--bootstrap-port", "0"];

/** npm start as a terminal runs it: a process group of its own. */
async function npmStart(): Promise<{ npm: Program; modem: number }> {
  const npm = place.begin(["start", "--", ...BUSY], { command: "npm", cwd: ROOT, detached: true });
  await npm.sees(READY);
  const [name = ""] = readdirSync(place.base);
  return { npm, modem: Number.parseInt(readFileSync(join(place.base, name, "pid"), "utf8"), 10) };
}
const gone = async (npm: Program, modem: number) => {
  await eventually(() => !isRunning(npm.pid) && !isRunning(modem), "npm and the modem have ended");
  expect(npm.stdout).toContain("server: deregistered ");
  expect(readdirSync(place.base)).toEqual([]);
};

describe("npm start", () => {
  it("tells the port, the endpoint and what to type, and reaches STATE_READY by itself", async () => {
    const { npm } = await npmStart();
    expect(npm.stdout).toMatch(/^ {2}AT port {4}\S+\/tty$/m);
    expect(npm.stdout).toMatch(/^ {2}endpoint {3}urn:imei:\d{15}$/m);
    expect(npm.stdout).toMatch(/^ {2}bin\/bg96 at --tty \S+\/tty /m);
    for (const event of [0, 3, 4, 5]) expect(npm.stdout).toMatch(new RegExp(`^\\+QLWEVENT: ${event},"STATE_`, "m"));
    npm.kill("SIGTERM");
    expect((await npm.ended).code).toBe(0);
  }, 60_000);

  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s to npm's process alone ends the modem in order",
    async (signal) => {
      const { npm, modem } = await npmStart();
      npm.kill(signal);
      await gone(npm, modem);
    },
    60_000,
  );

  it("Ctrl-C, which reaches npm and the modem both, and twice, ends it in order", async () => {
    const { npm, modem } = await npmStart();
    process.kill(-npm.pid, "SIGINT");
    if (isRunning(modem)) process.kill(modem, "SIGINT");
    await gone(npm, modem);
  }, 60_000);

  it("npm killed outright leaves no orphan", async () => {
    const { npm, modem } = await npmStart();
    npm.kill("SIGKILL");
    await gone(npm, modem);
  }, 60_000);
});

describe("ports", () => {
  it("the demo takes free ones when the usual ones are taken, and prints them", async () => {
    const holders = await Promise.all([5683, 5783].map(hold));
    try {
      const demo = place.begin(["demo"]);
      const [, port] = await demo.sees(/^ {2}server {5}coap:\/\/127\.0\.0\.1:(\d+), bootstrap server coap:/m);
      expect(port).not.toBe("5683");
      await demo.sees(READY);
      demo.kill("SIGTERM");
      expect((await demo.ended).code).toBe(0);
    } finally {
      for (const holder of holders) holder?.close();
    }
  }, 60_000);

  it("one that was asked for and is taken is an error with a remedy", async () => {
    const holder = await hold(0);
    const { port } = holder!.address();
    for (const args of [
      ["demo", "--port", String(port)],
      ["demo-server", "--port", String(port), "--bootstrap-port", "0"],
      ["demo-server", "--port", "0", "--bootstrap-port", String(port)],
    ]) {
      const { code, stderr } = await place.run(...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^UDP port ${port}: is in use\ntry: .*--port 0`));
    }
    holder?.close();
    expect(existsSync(place.base) ? readdirSync(place.base) : []).toEqual([]);
  });
});

describe("demo-server --command", () => {
  it("runs the commands on the first client, prints the answers and exits 0", async () => {
    const server = place.begin(["demo-server", ...BUSY, "--command", "read /3/0/1", "--command", "discover /6"]);
    const [, uri = ""] = await server.sees(/^LwM2M server (\S+),/m);
    place.begin(["run", "--server", uri, "--register", "--boot", "instant"]);
    expect((await server.ended).code).toBe(0);
    expect(server.stdout).toMatch(/^2\.05 \/3\/0\/1 = BG96\n2\.05 \/6 </m);
  });
  it("does every example of the console's help on a modem", async () => {
    const examples = CONSOLE_HELP.flatMap((line) => /^(\S.* \/.*?) {2}/.exec(line)?.[1]?.trimEnd() ?? []);
    expect(examples.map((example) => example.split(" ")[0])).toEqual(
      ["read", "observe", "cancelobservation", "write", "write", "write", "execute"].concat(
        ["discover", "writeattr", "create", "delete"], // the reboot goes last
      ),
    );
    const reboot = examples.filter((example) => example.startsWith("execute"));
    const others = examples.filter((example) => !reboot.includes(example));
    writeFileSync(join(place.directory, "fw.bin"), makePackage({ name: "fw", version: "BG96MAR02A08M1G" }, 20_000));
    const server = place.begin([
      "demo-server",
      ...BUSY,
      ...[...others, ...reboot].flatMap((each) => ["--command", each]),
    ]);
    const [, uri = ""] = await server.sees(/^LwM2M server (\S+),/m);
    place.begin(["run", "--server", uri, "--register", "--boot", "instant"]);
    expect((await server.ended).code, server.stdout).toBe(0);
  });
  it("exits 1 when an answer is no success, 4 when no client comes", async () => {
    const server = place.begin(["demo-server", ...BUSY, "--command", "read /9999"]);
    const [, uri = ""] = await server.sees(/^LwM2M server (\S+),/m);
    place.begin(["run", "--server", uri, "--register", "--boot", "instant"]);
    expect((await server.ended).code).toBe(1);
    expect(server.stdout).toMatch(/^4\.04 \/9999/m);
    const alone = await place.run("demo-server", ...BUSY, "--command", "clients", "--timeout", "1");
    expect(alone).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /^no client registered within 1 s\ntry: point one at coap:\/\/127\.0\.0\.1:\d+, or/,
      ),
    });
  });
});

/** @returns undefined when somebody else holds it. */
async function hold(port: number) {
  const socket = createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  try {
    await once(socket, "listening");
    return socket;
  } catch {
    return undefined;
  }
}
