/** Packages by HTTP and HTTPS from real servers on the loopback; what waits, waits for a change of the modem. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createHttpFetch } from "#firmware/http-fetch";
import { makePackage } from "#firmware/package";
import { parsePackageUri } from "#firmware/package-uri";
import type { ModemState } from "#modem/state";
import { put, text } from "../ets/ask.js";
import { hardware } from "../support/hardware.js";
import { type FotaDevice, openFotaDevice } from "./fota-device.js";
import { openHttpServer, type Respond, sendFile } from "./http-server.js";

const NEW = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: NEW }, 50_000);
const DEADLINE_MS = 10_000;

/** Resolves once the state fits. */
function until(device: FotaDevice, what: string, fits: (state: ModemState) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      unwatch();
      end();
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`not within ${DEADLINE_MS} ms: ${what}`))),
      DEADLINE_MS,
    );
    const unwatch = device.modem.onChange((state) => fits(state) && settle(resolve));
    if (fits(device.modem.state)) settle(resolve);
  });
}
const untilState = (device: FotaDevice, ...states: number[]) =>
  until(device, `state ${states}`, ({ firmware }) => states.includes(firmware.update.state));

/** A download by the host. @returns what it was told, once the download has ended */
async function downloaded(respond: Respond, prepare: (device: FotaDevice) => void = () => {}) {
  const server = await openHttpServer(respond);
  const device = await openFotaDevice();
  prepare(device);
  expect(await device.at(`AT+QFOTADL="${server.origin}/fw.bin"`)).toEqual(["OK"]);
  await untilState(device, 0, 3);
  await device.clock.advance(100);
  return { device, server, told: device.fota() };
}

describe("AT+QFOTADL", () => {
  it("[BG-179] downloads by HTTP, restarts, applies, and tells it in the module's order", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const device = await openFotaDevice();
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw.bin?v=1"`)).toEqual(["OK"]);
    await untilState(device, 3);
    await device.clock.advance(20_000);
    const told = device.fota();
    expect(told.slice(0, 4)).toEqual(['"HTTPSTART"', '"HTTPEND",0', '"START"', '"UPDATING", 1%']);
    expect(told.at(-1)).toBe('"END",0');
    expect(server.requests.map(({ url }) => url)).toEqual(["/fw.bin?v=1"]);
    expect(device.revision()).toBe(NEW);
    expect(device.shown()).toMatchObject({ state: 0, result: 1 });
  });

  it.each([
    [706, 7, "nothing there", (_: unknown, response: Parameters<Respond>[1]) => response.writeHead(404).end()],
    [
      708,
      2,
      "too large a package",
      (_: unknown, response: Parameters<Respond>[1]) =>
        void response.writeHead(200, { "content-length": 50_000_000 }).flushHeaders(),
    ],
    [
      703,
      9,
      "a way out of HTTP",
      (_: unknown, response: Parameters<Respond>[1]) =>
        response.writeHead(302, { location: "ftp://127.0.0.1/x" }).end(),
    ],
    [706, 7, "a file that is gone", (_: unknown, response: Parameters<Respond>[1]) => response.writeHead(410).end()],
    [703, 7, "a way that is barred", (_: unknown, response: Parameters<Respond>[1]) => response.writeHead(403).end()],
    [
      703,
      7,
      "a circle of redirections",
      (_: unknown, response: Parameters<Respond>[1]) => response.writeHead(302, { location: "/again" }).end(),
    ],
  ])("tells %i, and the Server result %i, of %s", async (error, result, _, respond) => {
    const { device, told } = await downloaded(respond);
    expect(told).toEqual(['"HTTPSTART"', `"HTTPEND",${error}`]);
    expect(device.shown()).toMatchObject({ state: 0, result });
  });

  it.each([
    [506, 5, "integrity", PACKAGE.subarray(0, 40_000)],
    [511, 6, "kind", Buffer.alloc(1000)],
  ])("tells %i, and the Server result %i, of a package of the wrong %s", async (error, result, _, file) => {
    const { device, told } = await downloaded((request, response) => sendFile(request, response, file));
    expect(told).toEqual(['"HTTPSTART"', '"HTTPEND",0', `"END",${error}`]);
    expect(device.shown()).toMatchObject({ state: 0, result });
    expect(device.modem.state.power.boots).toBe(1);
  });

  it.each([
    ["flash", 708, 2],
    ["ram", 707, 3],
    ["connection", 702, 4],
    ["uri", undefined, 0],
    ["integrity", 0, 5],
    ["unsupported", 0, 6],
  ] as const)("has the fault %s that was asked for, once", async (fault, error, result) => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const device = await openFotaDevice();
    device.setFault(fault, 30);
    const order = `AT+QFOTADL="${server.origin}/fw.bin"`;
    expect(await device.at(order)).toEqual([error === undefined ? "ERROR" : "OK"]);
    await untilState(device, 0);
    await device.clock.advance(100);
    if (error !== undefined) expect(device.fota()[1]).toBe(`"HTTPEND",${error}`);
    expect(device.shown()).toMatchObject({ state: 0, result });
    expect(await device.at(order)).toEqual(["OK"]);
    await untilState(device, 3);
  });

  it("is forgotten when power is lost in the download, which the boot alone tells of", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const device = await openFotaDevice();
    device.setFault("powerInDownload", 50);
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw.bin"`)).toEqual(["OK"]);
    await until(device, "power lost", ({ power }) => power.phase === "off");
    await device.clock.advance(5000);
    const told = device.take();
    expect(told).toContain("RDY");
    expect(told.filter((line) => line.includes("FOTA") && !line.includes("HTTPSTART"))).toEqual([]);
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
  });

  it("updates from the host's own file, which stays", async () => {
    const device = await openFotaDevice();
    expect(await device.at("AT+QFOTADL=1")).toEqual(["ERROR"]);
    device.efs.write("/fota/update.zip", Buffer.alloc(500));
    expect(await device.at("AT+QFOTADL=1")).toEqual(["ERROR"]);
    device.efs.write("/fota/update.zip", PACKAGE);
    device.setFault("powerInRestore", 20);
    expect(await device.at("AT+QFOTADL=1")).toEqual(["OK"]);
    expect(await device.at("AT+QFOTADL=1")).toEqual(["ERROR"]);
    await device.clock.advance(20_000);
    const told = device.fota();
    const again = told.indexOf('"Last upgrade was not finished,continue upgrade"');
    expect(told.slice(again + 1, again + 3)).toEqual(['"START"', '"RESTORE", 1%']);
    expect(device.revision()).toBe(NEW);
    expect(device.efs.exists("/fota/update.zip")).toBe(true);
  });

  it("says what it takes, and refuses the rest", async () => {
    const device = await openFotaDevice();
    expect(await device.at("AT+QFOTADL=?")).toEqual(['+QFOTADL: ("<HTTP_URL>",1)', "OK"]);
    const bad = [
      '""',
      '"ftp://127.0.0.1/x"',
      '"coap://127.0.0.1/x"',
      '"http://"',
      "2",
      "http://127.0.0.1/x",
      `"http://127.0.0.1/${"x".repeat(240)}"`,
    ];
    for (const source of bad) expect(await device.at(`AT+QFOTADL=${source}`), source).toEqual(["ERROR"]);
    expect(await device.at("AT+QFOTADL")).toEqual(["ERROR"]);
    expect(device.shown()).toMatchObject({ state: 0, result: 0 });
  });
});

describe("a package by HTTP", () => {
  /** A server that breaks off after so many bytes of the whole, as often as told. */
  const breaking =
    (times: number, bytes: number, etags: readonly string[] = []): Respond =>
    (request, response, number) => {
      const etag = etags[number - 1] ?? '"v1"';
      if (number > times) return sendFile(request, response, PACKAGE, etag);
      const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
      response.writeHead(from === 0 ? 200 : 206, {
        etag,
        "content-length": PACKAGE.length - from,
        ...(from > 0 && { "content-range": `bytes ${from}-${PACKAGE.length - 1}/${PACKAGE.length}` }),
      });
      response.write(PACKAGE.subarray(from, from + bytes), () => response.destroy());
    };
  const partSize = (device: FotaDevice) => device.efs.read("/fota/update.bin")?.length ?? 0;
  /** Waits out the breaks. */
  async function withBreaks(device: FotaDevice): Promise<void> {
    for (let tries = 0; device.shown().state === 1 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await device.clock.advance(1000);
    }
  }

  it("[CU-044] is fetched for the Server, and told of to the host", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const device = await openFotaDevice();
    expect((await device.server.ask(put("/5/0/1", text(`${server.origin}/fw`)))).code).toBe("2.04");
    await untilState(device, 2);
    await device.clock.advance(100);
    expect(device.fota()).toEqual(['"HTTPSTART"', '"HTTPEND",0']);
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);
  });

  it("goes on by Range where the connection broke", async () => {
    const server = await openHttpServer(breaking(3, 10_000));
    const device = await openFotaDevice();
    await device.server.ask(put("/5/0/1", text(`${server.origin}/fw`)));
    await withBreaks(device);
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      "bytes=10000-",
      "bytes=20000-",
      "bytes=30000-",
    ]);
    expect(device.shown().state).toBe(2);
  });

  it("begins anew when it is another one by then", async () => {
    const server = await openHttpServer(breaking(1, 10_000, ['"v1"', '"v2"']));
    const device = await openFotaDevice();
    await device.server.ask(put("/5/0/1", text(`${server.origin}/fw`)));
    await withBreaks(device);
    expect(server.requests[1]!.headers).toMatchObject({ range: "bytes=10000-", "if-range": '"v1"' });
    expect(device.efs.read("/fota/update.bin")).toEqual(PACKAGE);
  });

  it("that the disk refuses is not asked for again: it cannot be written", async () => {
    const { device, server, told } = await downloaded(
      (request, response) => sendFile(request, response, PACKAGE),
      ({ root }) => mkdirSync(join(root, "fota/update.bin.json"), { recursive: true }),
    );
    expect(told).toEqual(['"HTTPSTART"', '"HTTPEND",707']);
    expect(device.shown()).toMatchObject({ state: 0, result: 2 });
    expect(server.requests).toHaveLength(1);
  });

  it("is given up after six breaks without a byte", async () => {
    const server = await openHttpServer((request) => request.socket.destroy());
    const device = await openFotaDevice();
    await device.at(`AT+QFOTADL="${server.origin}/fw"`);
    await withBreaks(device);
    expect(server.requests).toHaveLength(6);
    expect(device.fota()).toEqual(['"HTTPSTART"', '"HTTPEND",703']);
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
  });

  it.each([
    [703, "answers 503", (_: unknown, response: Parameters<Respond>[1]) => response.writeHead(503).end()],
    [702, "is not there", undefined],
    [702, "speaks no TLS", "https"],
  ])("has come to nothing with %i where the server %s", async (error, _, respond) => {
    const server = await openHttpServer(typeof respond === "function" ? respond : () => {});
    const origin = respond === undefined ? "http://127.0.0.1:9" : server.origin;
    const device = await openFotaDevice();
    await device.at(`AT+QFOTADL="${respond === "https" ? origin.replace("http:", "https:") : origin}/fw"`);
    await withBreaks(device);
    expect(device.fota()).toEqual(['"HTTPSTART"', `"HTTPEND",${error}`]);
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
  });

  it("is one at a time: another is refused, and leaves the first alone", async () => {
    const server = await openHttpServer((request, response, number) =>
      number === 1 ? setTimeout(() => sendFile(request, response, PACKAGE), 50) : response.destroy(),
    );
    const device = await openFotaDevice();
    device.efs.write("/fota/update.zip", PACKAGE);
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw"`)).toEqual(["OK"]);
    for (const source of ["1", `"${server.origin}/other"`]) {
      expect(await device.at(`AT+QFOTADL=${source}`)).toEqual(["ERROR"]);
    }
    await untilState(device, 3);
    expect(await device.at(`AT+QFOTADL="${server.origin}/other"`)).toEqual(["ERROR"]);
    await device.clock.advance(20_000);
    expect(device.revision()).toBe(NEW);
    expect(server.requests.map(({ url }) => url)).toEqual(["/fw"]);
  });

  it("is lost when nothing comes for a minute, six times", async () => {
    const server = await openHttpServer((_, response) => void response.writeHead(200, { etag: '"v1"' }).flushHeaders());
    const device = await openFotaDevice();
    await device.at(`AT+QFOTADL="${server.origin}/fw"`);
    for (let tries = 0; device.shown().state === 1 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await device.clock.advance(61_000);
    }
    expect(device.fota()).toEqual(['"HTTPSTART"', '"HTTPEND",704']);
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
  });

  it("goes over the APN of AT+QCFGEXT, and nowhere where the network refuses that", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const { network } = hardware;
    const device = await openFotaDevice({
      hardware: { network: { ...network, apns: ["carrierAPN1", "carrier_apn", "fota"] } },
    });
    expect(await device.at('AT+QCFGEXT="fota_apn",1,"wrong"')).toEqual(["OK"]);
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw"`)).toEqual(["OK"]);
    await withBreaks(device);
    expect(device.fota()).toEqual(['"HTTPSTART"', '"HTTPEND",702']);
    expect(server.requests).toEqual([]);
    expect(await device.at('AT+QCFGEXT="fota_apn",1,"fota"')).toEqual(["OK"]);
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw"`)).toEqual(["OK"]);
    await untilState(device, 3);
  });

  it("does not begin while the module is detached, which the host is told of after two minutes", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE));
    const device = await openFotaDevice();
    expect(await device.at("AT+CGATT=0")).toEqual(["OK"]);
    expect(await device.at(`AT+QFOTADL="${server.origin}/fw"`)).toEqual(["OK"]);
    await device.clock.advance(119_000);
    expect(device.fota()).toEqual(['"HTTPSTART"']);
    await device.clock.advance(30_000);
    expect(device.fota()).toEqual(['"HTTPEND",702']);
    expect(server.requests).toEqual([]);
  });

  it("waits while there is no service", async () => {
    const server = await openHttpServer((request, response, number) => {
      if (number > 1) return sendFile(request, response, PACKAGE);
      response.writeHead(200, { etag: '"v1"', "content-length": PACKAGE.length });
      response.write(PACKAGE.subarray(0, 10_000)); // and no more
    });
    const device = await openFotaDevice();
    const setCoverage = (coverage: boolean) =>
      device.modem.update(({ network }) => ({ network: { ...network, coverage } }));
    await device.at(`AT+QFOTADL="${server.origin}/fw"`);
    for (let tries = 0; partSize(device) < 10_000 && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    setCoverage(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await device.clock.advance(30_000);
    expect(server.requests).toHaveLength(1);
    setCoverage(true);
    await untilState(device, 3);
    expect(server.requests[1]!.headers.range).toBe("bytes=10000-");
  });

  it("[CU-044] comes by HTTPS, too, from a server whose certificate is trusted or not asked for", async () => {
    const server = await openHttpServer((request, response) => sendFile(request, response, PACKAGE), true);
    const device = await openFotaDevice();
    expect((await device.server.ask(put("/5/0/1", text(`${server.origin}/fw`)))).code).toBe("2.04");
    await untilState(device, 2);
    const strict = createHttpFetch({ clock: device.clock, verify: true, onTraffic() {} });
    const sink = { begin() {}, piece() {} };
    const uri = parsePackageUri(`${server.origin}/fw`);
    await expect(strict(uri, { from: 0, etag: undefined }, sink, new AbortController().signal)).rejects.toThrow(
      /certificate/,
    );
  });
});
