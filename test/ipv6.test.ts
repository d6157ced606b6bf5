import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { type Config, DEFAULTS } from "#config";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { type CoapParts, coapBytes, type ReadCoap, readCoap } from "./support/coap-bytes.ts";
import { openTtyHost, until } from "./support/tty-host.ts";

let directory: string;
let server: Socket;
let modem: Bg96 | undefined;
let peer: { address: string; port: number };
let heard: ReadCoap[];

const URI_PATH = 11;
const pathOf = ({ options }: ReadCoap) =>
  options.flatMap(([number, value]) => (number === URI_PATH ? [`/${value}`] : [])).join("");
const send = (message: CoapParts) => server.send(coapBytes(message), peer.port, peer.address);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bg96-ipv6-"));
  heard = [];
  server = createSocket({ type: "udp6", ipv6Only: true });
  server.on("message", (datagram, from) => {
    peer = from;
    const message = readCoap(datagram);
    heard.push(message);
    const { type, code, mid, token } = message;
    if (type !== "CON" || !code.startsWith("0.")) return;
    if (pathOf(message) === "/rd")
      send({
        type: "ACK",
        code: "2.01",
        mid,
        token,
        options: [
          [8, "rd"],
          [8, "6"],
        ],
      });
    else send({ type: "ACK", code: code === "0.04" ? "2.02" : "2.04", mid, token });
  });
  server.bind(0, "::1");
  await once(server, "listening");
  const config: Config = {
    ...DEFAULTS,
    boot: "instant",
    register: true,
    efs: join(directory, "efs"),
    tty: join(directory, "tty"),
    lwm2m: { ...DEFAULTS.lwm2m, server: `coap://[::1]:${server.address().port}` },
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
  expect(peer.address).toBe("::1");
  expect(modem?.client.servers[0]).toMatchObject({ uri: `coap://[::1]:${server.address().port}`, location: "/rd/6" });

  const answerTo = async (mid: number) => {
    await until(() => heard.some((message) => message.type === "ACK" && message.mid === mid), "an answer");
    return heard.find((message) => message.mid === mid)!;
  };
  const path = (text: string) => text.split("/").map((segment) => [URI_PATH, segment] as const);
  send({ code: "0.01", mid: 1, token: "01", options: path("3/0/0") });
  expect(await answerTo(1)).toMatchObject({ code: "2.05", payload: Buffer.from("Quectel") });
  send({ code: "0.01", mid: 2, token: "02", options: [[6, 0], ...path("19/0/0")] });
  expect((await answerTo(2)).code).toBe("2.05");

  const host = openTtyHost(modem!.tty);
  host.write('AT+QLWM2M="uldata",19,5,"hello"\r');
  const isNotification = ({ type, token }: ReadCoap) => type !== "ACK" && token === "02";
  await until(() => heard.some(isNotification), "a notification");
  expect(heard.find(isNotification)!.payload.toString()).toBe("hello");
  host.write('AT+QLWM2M="update",0,0\r');
  await until(() => heard.some((message) => pathOf(message) === "/rd/6" && message.code === "0.02"), "an Update");
  host.close();

  await modem!.close();
  expect(heard.some((message) => pathOf(message) === "/rd/6" && message.code === "0.04")).toBe(true);
});
