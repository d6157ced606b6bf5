/** Table 4 (lwm2m_cfg) and Table 3 (carrier_apn_cfg) of the guide, each key by what the module does. */
import { describe, expect, it } from "vitest";
import type { Request, Response } from "#coap/message";
import type { Log } from "#runtime";
import { hardware } from "../support/hardware.js";
import { type DeviceOptions, openDevice } from "../support/lwm2m-device.js";

const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const APN_CFG = "/datatx/carrier_apn_cfg";
const server = (id: number, shortServerId: number, binding = "U") =>
  `{"bn":"/0/${id}/","e":[{"n":"0","sv":"coap://192.0.2.${id}:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":${shortServerId}}]}
{"bn":"/1/${id}/","e":[{"n":"0","v":${shortServerId}},{"n":"1","v":86400},{"n":"6","bv":true},{"n":"7","sv":"${binding}"}]}`;
const BOOTSTRAP =
  '{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}';
const HOUR_MS = 3_600_000;

interface Probe extends DeviceOptions {
  readonly ini?: string;
  readonly carrierApn?: string;
  readonly bootstrapMode?: 0 | 1;
}

/** A device with these lines in lwm2m_cfg whose Client is started. @returns it, with the seconds at which things happened */
async function open(lines: string, { ini = server(1, 102), carrierApn, bootstrapMode = 0, ...options }: Probe = {}) {
  const calls: number[] = [];
  const asked: { readonly atS: number; readonly path: string; readonly endpoint: string | undefined }[] = [];
  const logged: string[] = [];
  let startedMs = 0;
  const atS = () => Math.round((device.clock.monotonic() - startedMs) / 1000);
  const note = (fields: object, message: string) => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
    if (message.startsWith("data call")) calls.push(atS());
  };
  const log: Log = { trace() {}, debug() {}, info: note, warn: note, error: note, child: () => log };
  const device = openDevice({
    ...options,
    log,
    files: { [INI]: ini, [CFG]: `{\n${lines}\n}\n`, ...(carrierApn !== undefined && { [APN_CFG]: carrierApn }) },
    answer(request: Request, target): Response | undefined {
      const path = `/${request.uriPath?.join("/")}`;
      asked.push({ atS: atS(), path, endpoint: request.uriQuery?.find((each) => each.startsWith("ep="))?.slice(3) });
      return options.answer?.(request, target);
    },
  });
  if (carrierApn === undefined) device.efs.remove(APN_CFG);
  device.settings.setBootstrapMode(bootstrapMode);
  startedMs = device.clock.monotonic();
  if (!options.autostart) device.client.register(false);
  await device.clock.advance(1000);
  return {
    ...device,
    logged,
    calls,
    asked,
    times: (path: string) => asked.filter((each) => each.path === path).map((each) => each.atS),
    endpoint: (path: string) => asked.find((each) => each.path === path)?.endpoint,
    apns: () => device.modem.state.moduleCalls.map(({ apn }) => apn),
  };
}

const { network } = hardware;
const refusing = (...paths: string[]) => ({
  answer: (request: Request): Response | undefined =>
    paths.includes(`/${request.uriPath?.join("/")}`) ? { code: "4.00" } : undefined,
});

// ---- what is looked at

const dataCalls = async (lines: string) => {
  const { calls, clock } = await open(`APN=wrong;\n${lines}`, {
    hardware: { network: { ...network, apns: ["right"] } },
  });
  await clock.advance(HOUR_MS);
  return calls;
};
const registers = async (lines: string) => {
  const { times, clock } = await open(`APN=a;\n${lines}`, refusing("/rd"));
  await clock.advance(1500_000);
  return times("/rd");
};
const bootstraps = async (lines: string) => {
  const { times, clock } = await open(`APN=a;\n${lines}`, { ini: BOOTSTRAP, bootstrapMode: 1, ...refusing("/bs") });
  await clock.advance(2 * HOUR_MS);
  return times("/bs").length;
};
const secondsAwake = async (lines: string) => {
  const { client, clock } = await open(`APN=a;\n${lines}`, { ini: server(1, 102, "UQ") });
  for (let waitedS = 1; waitedS < 600; waitedS++) {
    if (client.status.servers[0]?.state === "asleep") return waitedS;
    await clock.advance(1000);
  }
  return "never asleep";
};
const startS = async (lines: string) => {
  const device = await open(`APN=a;\n${lines}`, { profile: "realistic", autostart: true });
  let runsFromS = 0;
  for (let waitedS = 1; waitedS < 120; waitedS++) {
    if (device.modem.state.power.phase === "running") runsFromS ||= waitedS;
    if (device.events.length > 0) return waitedS - runsFromS;
    await device.clock.advance(1000);
  }
  return "never started";
};
const whileRoaming = async (lines: string) => {
  const { events } = await open(`APN=a;\n${lines}`, { hardware: { network: { ...network, roaming: true } } });
  return events;
};
const afterReboot = async (lines: string) => {
  const { asked, power, clock } = await open(`APN=a;\nBOOT_UP_SLEEP_TIME=0;\n${lines}`, { autostart: true });
  asked.length = 0;
  power.restart();
  await clock.advance(5000);
  return asked.map(({ path }) => path);
};
const lowestGoodBattery = async (lines: string) => {
  const { modem, registry } = await open(`APN=a;\n${lines}`);
  for (let percent = 0; percent <= 100; percent++) {
    modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
    if ((registry.value(3, 0, 11) as Map<number, number>).get(0) === 0) return percent;
  }
  return "never good";
};
const bootstrapWithoutSecurity = async (lines: string) => {
  const { times, logged } = await open(`APN=a;\n${lines}`, { ini: BOOTSTRAP, bootstrapMode: 1 });
  return times("/bs").length > 0 ? "done" : logged.find((line) => line.includes("CARRIER_TYPE=1"))?.slice(0, 15);
};
const nameOf = (path: "/rd" | "/bs") => async (lines: string) => {
  const ways = path === "/bs" ? ({ ini: BOOTSTRAP, bootstrapMode: 1 } as const) : {};
  return (await open(`APN=a;\n${lines}`, ways)).endpoint(path);
};
/** Fixes in a minute of 10 m/s. */
const fixes = async (lines: string) => {
  const { modem, clock } = await open(`APN=a;\n${lines}`);
  let count = 0;
  modem.onChange((now, before) => {
    if (now.fix && now.fix !== before.fix) count++;
  });
  for (let second = 1; second <= 60; second++) {
    const latitude = 50 + (second * 10) / 111_194.93;
    modem.update({
      position: { latitude, longitude: 0, altitudeM: 0, uncertaintyM: 5, speedMs: 10, courseDeg: 0 },
    });
    await clock.advance(1000);
  }
  return count;
};
const apns = async (lines: string) => (await open(lines)).apns();

const IMEI_URN = "urn:imei:864508030012428";
const IMEI_MSISDN_URN = "urn:imei-msisdn:864508030012428-15755127091";

type Rows = readonly (readonly [
  ids: string,
  key: string,
  look: (lines: string) => Promise<unknown>,
  byDefault: unknown,
  set: Readonly<Record<string, unknown>>,
  wrong: string,
])[];

/** Key, what is seen without it, what with which value, a value that it does not take. */
const TABLE_4: Rows = [
  ["[BG-073]", "APN", apns, [], { "iot.example": ["iot.example"] }, "a b"],
  ["[BG-074]", "RETRY_TIMEOUT", dataCalls, [0, 30, 90, 210, 450, 930], { 10: [0, 10, 30, 70, 150, 310] }, "-1"],
  ["[BG-075]", "RETRY_EXPONENT_VAL", dataCalls, [0, 30, 90, 210, 450, 930], { 1: [0, 30, 60, 90, 120, 150] }, "0"],
  ["[BG-076]", "MAX_RETRY_TIMEOUT", dataCalls, [0, 30, 90, 210, 450, 930], { 100: [0, 30, 90, 190, 290, 390] }, "1.5"],
  ["[BG-077]", "MAX_NO_RETRIES", dataCalls, [0, 30, 90, 210, 450, 930], { 0: [0], 2: [0, 30, 90] }, "many"],
  ["[BG-078]", "ACK_TIMEOUT", secondsAwake, 60, { 5: 5, 93: 93 }, "99999999999"],
  ["[BG-079]", "REG_RETRY_TIMEOUT", registers, [0, 60, 180, 420, 900, 1380], { 400: [0, 400, 880, 1360] }, "60 s"],
  ["[BG-080]", "REG_RETRY_EXPONENT", registers, [0, 60, 180, 420, 900, 1380], { 5: [0, 60, 360, 840, 1320] }, "2x"],
  [
    "[BG-081]",
    "REG_RETRY_MAXTIMEOUT",
    registers,
    [0, 60, 180, 420, 900, 1380],
    { 700: [0, 60, 180, 420, 900] },
    "0x10",
  ],
  ["[BG-082]", "ROAMING_FEAT", whileRoaming, [], { 0: [0, 3, 4, 5], 1: [] }, "2"],
  ["[BG-083]", "PER_REGSTATUS_FEAT", afterReboot, ["/rd/1", "/rd"], { 1: ["/rd/1"], 0: ["/rd/1", "/rd"] }, "true"],
  ["[BG-083]", "FER_REGSTATUS_FEAT", afterReboot, ["/rd/1", "/rd"], { 1: ["/rd/1"], 0: ["/rd/1", "/rd"] }, "yes"],
  ["[BG-084]", "BATTERY_LEVEL_THRESHOLD", lowestGoodBattery, 20, { 0: 0, 35: 35, 100: 100 }, "101"],
  ["[BG-085]", "CARRIER_TYPE", bootstrapWithoutSecurity, "done", { 0: "done", 1: "account refused" }, "2"],
  ["[BG-086]", "REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS", bootstraps, 1, { 0: 1, 3: 4 }, "-5"],
  ["[BG-087]", "REG_EP_NAME", nameOf("/rd"), IMEI_URN, { 4: IMEI_URN, 7: IMEI_MSISDN_URN }, "5"],
  ["[BG-088]", "BOOTSTRAP_EP_NAME", nameOf("/bs"), IMEI_MSISDN_URN, { 4: IMEI_URN, 7: IMEI_MSISDN_URN }, "0"],
  ["[BG-089]", "BOOT_UP_SLEEP_TIME", startS, 5, { 30: 30, 60: 60 }, "1e3"],
  ["[BG-090]", "GPS_MIN_INTERVAL", fixes, 21, { 10000: 7 }, "3 s"],
  ["[BG-091]", "GPS_MIN_DISTANCE", fixes, 21, { 195: 3 }, "1 m"],
];

describe("lwm2m_cfg", () => {
  for (const [ids, key, look, byDefault, set, wrong] of TABLE_4) {
    it(`${ids} without ${key} the module does as Table 4 says`, async () => {
      expect(await look("")).toEqual(byDefault);
    });
    it.each(Object.entries(set))(`${ids} ${key}=%s changes what the module does`, async (value, expected) => {
      expect(await look(`${key}=${value};`)).toEqual(expected);
    });
    it(`${ids} ${key}=${wrong} keeps LwM2M from starting, with its place in the log, and nothing else`, async () => {
      const device = openDevice({
        files: { [INI]: server(1, 102), [CFG]: `{\nX=1;\n${key}=${wrong};\n}\n` },
        autostart: true,
      });
      await device.clock.advance(60_000);
      expect(device.events).toEqual([]);
      expect(device.modem.state.registration.eps).toBe(1);
      expect(device.logged.filter((line) => line.includes(`"place":"${CFG}:3:${key.length + 2}"`))).toHaveLength(1);
      expect(() => device.client.register(false)).toThrow(`${key} cannot be`);
    });
  }

  it("has no other key than these", () => {
    const keys = TABLE_4.map(([, key]) => key);
    const device = openDevice({ files: { [CFG]: "{\nX=1;\n}\n" } });
    device.client.register(false);
    const told = device.logged.find((line) => line.includes(`${CFG}:2:1`)) ?? "";
    expect(told).toContain("X");
    for (const key of keys) expect(told).toContain(key);
    expect(device.events).toEqual([0, 3, 4]); // a key that nobody knows does no harm
  });

  it("[BG-083] PER_REGSTATUS_FEAT wins over the misspelled FER_REGSTATUS_FEAT, whichever stands first", async () => {
    for (const order of [
      "PER_REGSTATUS_FEAT=1;\nFER_REGSTATUS_FEAT=0;",
      "FER_REGSTATUS_FEAT=0;\nPER_REGSTATUS_FEAT=1;",
    ]) {
      expect(await afterReboot(order)).toEqual(["/rd/1"]);
    }
  });

  it("is read anew at a boot and at a start, not in between", async () => {
    const device = await open("APN=a;\nBATTERY_LEVEL_THRESHOLD=10;\nREG_RETRY_TIMEOUT=10;", refusing("/rd"));
    device.efs.write(CFG, "{\nAPN=a;\nBATTERY_LEVEL_THRESHOLD=50;\nREG_RETRY_TIMEOUT=100;\nBOOT_UP_SLEEP_TIME=0;\n}\n");
    device.modem.update(({ battery }) => ({ battery: { ...battery, percent: 40 } }));
    await device.clock.advance(40_000);
    expect(device.times("/rd")).toEqual([0, 10, 30]);
    expect(device.registry.value(3, 0, 11)).toEqual(new Map([[0, 0]]));
    device.power.cut();
    device.power.on();
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.registry.value(3, 0, 11)).toEqual(new Map([[0, 1]]));
  });
});

describe("carrier_apn_cfg", () => {
  const block = (lines: Readonly<Record<string, string | number>>) =>
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join("");

  it("[BG-066] APN_NAME is the APN of the server, carrierAPN1 where it is missing", async () => {
    const apnWith = async (carrierApn: string) => (await open("APN=default;", { carrierApn })).apns();
    expect(await apnWith(block({ APN_NAME: "iot", SHORT_SERVER_ID1: 102 }))).toEqual(["iot"]);
    expect(await apnWith(block({ SHORT_SERVER_ID1: 102 }))).toEqual(["carrierAPN1"]);
  });

  it("[BG-068] SHORT_SERVER_ID1 says whose it is, 102 where it is missing", async () => {
    const apnWith = async (carrierApn: string) => (await open("APN=default;", { carrierApn })).apns();
    expect(await apnWith(block({ APN_NAME: "iot", SHORT_SERVER_ID1: 103 }))).toEqual(["default"]);
    expect(await apnWith(block({ APN_NAME: "iot" }))).toEqual(["iot"]);
  });

  it.each([
    [3, 3, 1],
    [3, 4, 2],
    [undefined, 2, 1],
  ])("[BG-067] APN_CLASS %s and %s of one APN are %i data call(s)", async (one, other, calls) => {
    const of = (id: number, apnClass: number | undefined) =>
      block({ APN_NAME: "iot", SHORT_SERVER_ID1: id, ...(apnClass !== undefined && { APN_CLASS: apnClass }) });
    const carrierApn = `${of(102, one)};\n${of(103, other)}`;
    const device = await open("APN=default;", { carrierApn, ini: `${server(1, 102)}\n${server(2, 103)}` });
    expect(device.apns()).toEqual(Array.from({ length: calls }, () => "iot"));
    expect(device.client.status.servers.map(({ state }) => state)).toEqual(["registered", "registered"]);
  });

  it.each([
    [undefined, 0],
    [0, 0],
    [1, 1],
  ])(
    "[BG-069][BG-070] BS_IF_REG_FAILS=%s asks the Bootstrap-Server %i time(s) after a failed registration",
    async (value, times) => {
      const carrierApn = block({
        APN_NAME: "iot",
        SHORT_SERVER_ID1: 102,
        ...(value !== undefined && { BS_IF_REG_FAILS: value }),
      });
      const device = await open("APN=iot;", { carrierApn, ini: `${BOOTSTRAP}\n${server(1, 102)}`, ...refusing("/rd") });
      await device.clock.advance(1000);
      expect(device.times("/bs")).toHaveLength(times);
    },
  );

  it.each(["APN_NAME=a b", "APN_CLASS=256", "SHORT_SERVER_ID1=0", "SHORT_SERVER_ID1=65535", "BS_IF_REG_FAILS=2"])(
    "%s keeps LwM2M from starting, with its place in the log",
    async (line) => {
      const device = openDevice({ files: { [INI]: server(1, 102), [APN_CFG]: `${line}\n` }, autostart: true });
      await device.clock.advance(60_000);
      expect(device.events).toEqual([]);
      expect(
        device.logged.filter((each) => each.includes(`"place":"${APN_CFG}:1:${line.indexOf("=") + 2}"`)),
      ).toHaveLength(1);
    },
  );

  it("[BG-106] ippref chooses the IP type of the call, on one APN or several", async () => {
    const device = openDevice({ files: { [INI]: server(1, 102), [CFG]: "{\nAPN=internet;\n}\n" } });
    device.efs.remove(APN_CFG);
    const address = async () => {
      device.power.cut();
      device.power.on();
      device.client.register(false);
      await device.clock.advance(1000);
      return device.modem.state.moduleCalls[0]?.address.includes(":") ? "IPv6" : "IPv4";
    };
    expect(await address()).toBe("IPv4");
    device.settings.setIpPreference(1);
    expect(await address()).toBe("IPv6");
  });
});
