import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Bg96 } from "#bg96";
import { DEFAULTS } from "#config";
import { KNOBS } from "#control/knobs";
import { createOperator, type Operator } from "#control/operator";
import { askControlSocket, type ControlSocket, openControlSocket } from "#control/socket";
import type { ServerStatus } from "#lwm2m/client";
import { createInitialState } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import { silentLog, systemClock } from "#runtime";

let directory: string;
let path: string;
let modem: Modem;
let operator: Operator;
let socket: ControlSocket;
let did: string[];
let servers: ServerStatus[];
let tell: (event: number, name: string) => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bg96-control-"));
  path = join(directory, "control.sock");
  did = [];
  servers = [];
  modem = createModem(createInitialState(DEFAULTS));
  const order = (name: string) => () => void did.push(name);
  const bg96 = {
    tty: "/run/tty",
    modem,
    power: {
      restart: order("restart"),
      off: order("off"),
      on: order("on"),
      cut: order("cut"),
      brownOut: order("brownOut"),
    },
    get client() {
      return { running: true, endpoint: "urn:dev:1", servers };
    },
    onEvent(watcher: typeof tell) {
      tell = watcher;
      return () => {};
    },
  } as unknown as Bg96;
  operator = createOperator(bg96, systemClock, 4711);
  socket = await openControlSocket(path, operator.answer, silentLog);
});
afterEach(async () => {
  operator.close();
  await socket.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Unlike once(), whatever error comes first. */
const closeOf = (connection: Socket) => new Promise<void>((resolve) => connection.on("close", () => resolve()));
const ask = (request: unknown) => askControlSocket(path, request as never, systemClock);

it("is for its owner alone, and is gone after it is closed", async () => {
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await socket.close();
  expect(existsSync(path)).toBe(false);
  await expect(ask({ do: "status" })).rejects.toThrow(`control socket ${path}: `);
});

it("takes the place of a socket or file that a dead process left", async () => {
  await socket.close();
  writeFileSync(path, "");
  socket = await openControlSocket(path, operator.answer, silentLog);
  expect(await ask({ do: "status" })).toMatchObject({ ok: true });
});

it("tells the status: nothing yet, then the last event, the servers and the next Update", async () => {
  expect(await ask({ do: "status" })).toEqual({
    ok: true,
    status: {
      ...{ pid: 4711, tty: "/run/tty", endpoint: "urn:dev:1" },
      ...{ power: "off", network: "off", registered: false, servers: [] },
    },
  });
  const server = { shortServerId: 1, uri: "coap://x", state: "registered", location: "rd/1", lifetimeS: 60 };
  servers = [
    { ...server, nextUpdateAtMs: 5000 },
    { ...server, shortServerId: 2, nextUpdateAtMs: 4000 },
  ];
  tell(5, "STATE_READY");
  expect(await ask({ do: "status" })).toMatchObject({
    status: { registered: true, lastEvent: { event: 5, name: "STATE_READY" }, servers, nextUpdateAtMs: 4000 },
  });
  servers = [servers[0]!, { ...server, location: undefined, nextUpdateAtMs: undefined }];
  expect(await ask({ do: "status" })).toMatchObject({ status: { registered: false, nextUpdateAtMs: 5000 } });
});

it.each([
  [1, true, "home"],
  [5, true, "roaming"],
  [2, true, "searching"],
  [2, false, "no coverage"],
  [3, true, "denied"],
  [0, true, "off"],
] as const)("tells the network of registration %s with coverage %s: %s", async (eps, coverage, network) => {
  modem.update((state) => ({ registration: { eps }, network: { ...state.network, coverage } }));
  expect(await ask({ do: "status" })).toMatchObject({ status: { network } });
});

it("tells a module that sleeps, and one that is detached, from those that are off", async () => {
  modem.update(({ power }) => ({ power: { ...power, sleeping: true } }));
  expect(await ask({ do: "status" })).toMatchObject({ status: { power: "asleep", network: "off" } });
  modem.update(({ power, network }) => ({
    power: { ...power, sleeping: false, phase: "running" },
    network: { ...network, attachWanted: false },
  }));
  expect(await ask({ do: "status" })).toMatchObject({ status: { power: "running", network: "detached" } });
});

it("tells how every knob stands", async () => {
  await ask({ do: "set", settings: [["battery.charging", 1]] });
  const answer = await ask({ do: "get" });
  expect(answer).toMatchObject({ ok: true, values: { "battery.charging": 1, fix: "none" } });
  expect(Object.keys((answer as { values: object }).values)).toEqual(Object.keys(KNOBS));
});

it("turns several knobs as one change, each on top of those before it", async () => {
  const cells: unknown[] = [];
  modem.onChange(({ radio: { technology, band, cellId } }) => cells.push([technology, band, cellId]));
  const settings = [
    ["radio.technology", "GSM"],
    ["radio.band", 1800],
    ["radio.cellId", 7],
  ];
  expect(await ask({ do: "set", settings, check: true })).toEqual({ ok: true });
  expect(cells).toEqual([]);
  expect(await ask({ do: "set", settings })).toEqual({ ok: true });
  expect(cells).toEqual([["GSM", 1800, 7]]);
});

it("turns none of several knobs where some do not fit, and names each of those", async () => {
  const before = modem.state;
  const settings = [
    ["battery.percent", 9],
    ["battery.charging", 3],
    ["network.roaming", 1],
  ];
  const error = "battery.charging: takes an integer of 0 to 2\nnetwork.roaming: takes true or false";
  expect(await ask({ do: "set", settings })).toEqual({ ok: false, error });
  expect(modem.state).toBe(before);
});

it("turns knobs and the power", async () => {
  expect(await ask({ do: "set", settings: [["battery.percent", 42]] })).toEqual({ ok: true });
  for (const how of ["restart", "off", "on", "loss", "brownout"])
    expect(await ask({ do: "power", how })).toEqual({ ok: true });
  expect(did).toEqual(["restart", "off", "on", "cut", "brownOut"]);
});

it.each([
  ["not json", "request: not JSON"],
  ["5", "request: not an object"],
  ["null", "request: not an object"],
  ["{}", "do: takes status, get, set, power"],
  ['{"do":"fly"}', "do: takes status, get, set, power"],
  ['{"do":"set","settings":[["battery.percent",101]]}', "battery.percent: takes an integer of 0 to 100"],
  ['{"do":"set"}', "settings: not a list of [name, value]"],
  ['{"do":"set","settings":[[]]}', expect.stringContaining("undefined: no such setting")],
  ['{"do":"power","how":"sometimes"}', "how: takes restart, off, on, loss, brownout"],
])("answers %s with what is wrong, and goes on with the next line", async (line, error) => {
  const connection = createConnection(path).setEncoding("utf8");
  connection.write(`${line}\n{"do":"status"}\n`);
  let text = "";
  while (text.split("\n").length < 3) text += String((await once(connection, "data"))[0]);
  const [first = "", second = ""] = text.split("\n");
  expect(JSON.parse(first)).toEqual({ ok: false, error });
  expect(JSON.parse(second)).toMatchObject({ ok: true });
  connection.destroy();
});

it("ends a connection that sends a line without end, and one that asks without reading", async () => {
  const endless = createConnection(path);
  endless.on("error", () => {}).resume();
  endless.write("x".repeat(100_000));
  await closeOf(endless);

  const deaf = createConnection(path);
  deaf.on("error", () => {});
  deaf.pause();
  const requests = '{"do":"status"}\n'.repeat(4000);
  const closed = closeOf(deaf);
  const write = () => {
    while (!deaf.destroyed && deaf.write(requests));
  };
  deaf.on("drain", write);
  write();
  await closed;
  expect(await ask({ do: "status" })).toMatchObject({ ok: true });
});
