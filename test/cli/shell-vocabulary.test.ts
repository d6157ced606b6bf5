import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { loadConfig } from "#config";
import { formatEvent, runConsoleLine } from "#demo-server/console";
import { type DemoEvent, type DemoServer, openDemoServer } from "#demo-server/server";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { within } from "./program.js";

const runtime = { clock: systemClock, random: systemRandom, log: silentLog };
let directory: string;
let server: DemoServer;
let modem: Bg96;
let events: DemoEvent[];
let watchers: Set<() => void>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bg96-shell-"));
  events = [];
  watchers = new Set();
  server = await openDemoServer({
    port: 0,
    bootstrapPort: 0,
    runtime,
    onEvent(event) {
      events.push(event);
      for (const look of watchers) look();
    },
  });
  const options = { server: server.uri, register: true, boot: "instant", endpoint: "urn:dev:1" };
  modem = await openBg96(loadConfig({ env: {}, options }), runtime, directory);
  await printed(/^registered urn:dev:1 /);
});
afterEach(async () => {
  await modem.close();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const type = async (line: string) => (await runConsoleLine(server, line)).lines;
/** Waits for an event that is printed so. */
function printed(pattern: RegExp): Promise<string> {
  const seen = new Promise<string>((resolve) => {
    const look = () => {
      const line = events.flatMap(formatEvent).find((each) => pattern.test(each));
      if (line !== undefined) resolve(line);
    };
    watchers.add(look);
    look();
  });
  return within(seen, () => `${pattern}: ${JSON.stringify(events)}`);
}

it("[CU-073] read answers the modem's own values", async () => {
  expect(await type("read /3/0/0")).toEqual(["2.05 /3/0/0 = Quectel"]);
  modem.modem.update((state) => ({ battery: { ...state.battery, percent: 42 } }));
  expect(await type("read /3/0/9")).toEqual(["2.05 /3/0/9 = 42"]);
  expect(await type("read /3/0")).toContain("  /3/0/9 = 42");
});

it("[CU-074][CU-077] observe shows each change until cancelobservation", async () => {
  await type("writeattr /3/0/9 pmin=0");
  expect(await type("observe /3/0/9")).toEqual(["2.05 /3/0/9 = 85"]);
  modem.modem.update((state) => ({ battery: { ...state.battery, percent: 84 } }));
  await printed(/^notify urn:dev:1 2\.05 \/3\/0\/9 = 84$/);
  expect(await type("cancelobservation /3/0/9")).toEqual(["2.05 /3/0/9 = 84"]);
  modem.modem.update((state) => ({ battery: { ...state.battery, percent: 83 } }));
  expect(await type("read /3/0/9")).toEqual(["2.05 /3/0/9 = 83"]);
  expect(events.filter((event) => event.type === "notification")).toHaveLength(1);
});

it("[CU-075] execute runs a Resource once, and is refused on one that is no executable", async () => {
  const { boots } = modem.modem.state.power;
  expect(await type("execute /3/0/9")).toEqual([expect.stringMatching(/^4\.05 /)]);
  expect(await type("execute /3/0/4")).toEqual(["2.04 /3/0/4"]);
  await printed(/^deregistered urn:dev:1$/);
  while (events.filter((event) => event.type === "registered").length < 2) {
    await within(new Promise<void>((resolve) => watchers.add(resolve)), () => "no new registration");
  }
  expect(modem.modem.state.power.boots).toBe(boots + 1);
});

it("[CU-076] write changes a Resource, and is refused on a read-only one", async () => {
  expect(await type("write /1/1/1 3600")).toEqual(["2.04 /1/1/1"]);
  expect(await type("read /1/1/1")).toEqual(["2.05 /1/1/1 = 3600"]);
  await printed(/^updated urn:dev:1$/);
  expect(server.registrations[0]?.lifetimeS).toBe(3600);
  expect(await type("write /3/0/9 1")).toEqual([expect.stringMatching(/^4\.05 /)]);
});

it("[CU-078][CU-080] create makes an Object Instance with content, delete removes it", async () => {
  const [created = ""] = await type('create /19 {"0":"0x0102"}');
  expect(created).toMatch(/^2\.01 \/19\/\d+$/);
  const path = created.slice("2.01 ".length);
  expect(await type(`read ${path}/0`)).toEqual([`2.05 ${path}/0 = 0x0102`]);
  expect(await type(`delete ${path}`)).toEqual([`2.02 ${path}`]);
  expect(await type(`read ${path}/0`)).toEqual([expect.stringMatching(/^4\.04 /)]);
});

it("[CU-079][CU-081] discover lists the Resources with the attributes that writeattr gave them", async () => {
  expect(await type("writeattr /3/0/9 pmin=1&pmax=5")).toEqual(["2.04 /3/0/9"]);
  expect((await type("discover /3/0"))[0]).toMatch(/^2\.05 \/3\/0 .*<\/3\/0\/9>;pmin=1;pmax=5,/);
});
