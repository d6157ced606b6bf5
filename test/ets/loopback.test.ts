/** What needs a real network: a whole modem on UDP sockets of 127.0.0.1, its time still moved by hand. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { type Config, DEFAULTS } from "#config";
import { silentLog } from "#runtime";
import { coapBytes, type ReadCoap, readCoap } from "../support/coap-bytes.ts";
import { createManualClock, createSeededRandom, type ManualClock } from "../support/manual-clock.ts";
import { until } from "../support/tty-host.ts";
import { get, OPTION } from "./ask.ts";
import { isRequest } from "./raw-server.ts";

interface Arrival {
  readonly message: ReadCoap;
  readonly port: number;
}

let directory: string;
let clock: ManualClock;
let server: Socket;
let heard: Arrival[];
let modem: Bg96 | undefined;

async function listen(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (datagram, from) => heard.push({ message: readCoap(datagram), port: from.port }));
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** The Client's requests that have arrived. */
const requests = () => heard.filter(({ message }) => isRequest(message));
const state = () => modem?.client.servers[0]?.state;

/** Moves time while datagrams travel in their own. */
async function untilSoon(condition: () => boolean, what: string): Promise<void> {
  await until(() => {
    void clock.advance(1);
    return condition();
  }, what);
}

function accept({ message, port }: Arrival, from: Socket): void {
  const options = [
    [OPTION.locationPath, "rd"],
    [OPTION.locationPath, "1"],
  ] as const;
  from.send(
    coapBytes({ type: "ACK", code: "2.01", mid: message.mid, token: message.token, options }),
    port,
    "127.0.0.1",
  );
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "bg96-ets-"));
  clock = createManualClock();
  heard = [];
  server = await listen(0);
  const config: Config = {
    ...DEFAULTS,
    boot: "instant",
    register: true,
    efs: join(directory, "efs"),
    tty: join(directory, "tty"),
    lwm2m: { ...DEFAULTS.lwm2m, server: `coap://127.0.0.1:${server.address().port}` },
  };
  modem = await openBg96(config, { clock, random: createSeededRandom(7), log: silentLog }, directory);
  await untilSoon(() => requests().length > 0, "Register");
});

afterEach(() => {
  modem?.kill();
  try {
    server.close();
  } catch {
    // a test has closed it
  }
  rmSync(directory, { recursive: true, force: true });
});

it("RFC7252-TX-09 an answer from another port than the server's is not heard", async () => {
  const foreign = await listen(0);
  accept(requests()[0]!, foreign);
  // a socket reads in order: what came first has been dropped once the second is answered
  const { port } = requests()[0]!;
  server.send(coapBytes({ ...get("/3/0/1"), mid: 0x1111, token: "aa" }), port, "127.0.0.1");
  await untilSoon(() => heard.some(({ message }) => message.mid === 0x1111), "an answer to the server");
  foreign.close();
  expect(state()).toBe("registering");
  accept(requests()[0]!, server);
  await untilSoon(() => state() === "registered", "registration");
});

it("ANJ-UPD-10 a closed port is no reason to send more: 5 copies, failure, a Register later", async () => {
  const { port } = server.address();
  server.close();
  const sentBefore = modem!.modem.state.traffic.txPackets;
  await clock.advance(94_000);
  expect(state()).toBe("waiting");
  expect(modem!.modem.state.traffic.txPackets - sentBefore).toBeLessThanOrEqual(5);
  server = await listen(port);
  const before = requests().length;
  await clock.advance(61_000);
  await untilSoon(() => requests().length > before, "another Register");
  accept(requests().at(-1)!, server);
  await untilSoon(() => state() === "registered", "registration");
});

it("ANJ-PORT-01 a local port that somebody else has taken is replaced by another", async () => {
  accept(requests()[0]!, server);
  await untilSoon(() => state() === "registered", "registration");
  const { port } = requests()[0]!;
  modem!.power.off();
  await clock.advance(10_000);
  const before = requests().length;
  const thief = await listen(port);
  modem!.power.on();
  await untilSoon(() => requests().length > before, "a Register");
  expect(requests().at(-1)!.port).not.toBe(port);
  accept(requests().at(-1)!, server);
  await untilSoon(() => state() === "registered", "registration");
  thief.close();
});
