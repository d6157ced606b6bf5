import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { type Config, DEFAULTS } from "#config";
import { silentLog, systemClock, systemRandom } from "#runtime";
import type { ReadCoap } from "./support/coap-bytes.ts";
import { openTtyHost, until } from "./support/tty-host.ts";
import { openUdpServer, pathOf, type UdpServer } from "./support/udp-server.ts";

let directory: string;
let server: UdpServer;
let modem: Bg96 | undefined;
let heard: ReadCoap[];
const URI_PATH = 11;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bg96-ipv6-"));
  heard = [];
  server = await openUdpServer("::1", (message) => heard.push(message));
  const config: Config = {
    ...DEFAULTS,
    boot: "instant",
    register: true,
    efs: join(directory, "efs"),
    tty: join(directory, "tty"),
    lwm2m: { ...DEFAULTS.lwm2m, server: server.uri },
  };
  modem = await openBg96(config, { clock: systemClock, random: systemRandom, log: silentLog }, directory);
});
afterEach(async () => {
  await modem?.close();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

it("[ET-019][ET-022] a whole modem registers over IPv6, serves, notifies, updates and de-registers", async () => {
  await until(() => modem?.client.servers[0]?.state === "registered", "registration");
  expect(server.client).toBe("::1");
  expect(modem?.client.servers[0]).toMatchObject({ uri: server.uri, location: "/rd/1" });

  const answerTo = async (mid: number) => {
    await until(() => heard.some((message) => message.type === "ACK" && message.mid === mid), "an answer");
    return heard.find((message) => message.mid === mid)!;
  };
  const path = (text: string) => text.split("/").map((segment) => [URI_PATH, segment] as const);
  server.send({ code: "0.01", mid: 1, token: "01", options: path("3/0/0") });
  expect(await answerTo(1)).toMatchObject({ code: "2.05", payload: Buffer.from("Quectel") });
  server.send({ code: "0.01", mid: 2, token: "02", options: [[6, 0], ...path("19/0/0")] });
  expect((await answerTo(2)).code).toBe("2.05");

  const host = openTtyHost(modem!.tty);
  host.write('AT+QLWM2M="uldata",19,5,"hello"\r');
  const isNotification = ({ type, token }: ReadCoap) => type !== "ACK" && token === "02";
  await until(() => heard.some(isNotification), "a notification");
  expect(heard.find(isNotification)!.payload.toString()).toBe("hello");
  host.write('AT+QLWM2M="update",0,0\r');
  await until(() => heard.some((message) => pathOf(message) === "/rd/1" && message.code === "0.02"), "an Update");
  host.close();

  // the counters are those of IP packets: each has a header of 40 bytes, and UDP's of 8
  const packetBytes = ({ datagrams, bytes }: UdpServer["heard"]) => bytes + datagrams * 48;
  const [out, into] = [packetBytes(server.heard), packetBytes(server.sent)];
  const counted = () => modem!.modem.state.traffic;
  await until(() => counted().txBytes === out && counted().rxBytes === into, `${out} and ${into} bytes`);

  await modem!.close();
  expect(heard.some((message) => pathOf(message) === "/rd/1" && message.code === "0.04")).toBe(true);
});
