/** Hostile input at a whole modem's two ends, on a real socket and a real pty: it must go on working, and not grow. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { type Config, DEFAULTS } from "#config";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { get } from "./ets/ask.ts";
import { corpusOf, MANAGEMENT, mutate } from "./support/coap-corpus.ts";
import { createSeededRandom } from "./support/manual-clock.ts";
import { openTtyHost, type TtyHost, until } from "./support/tty-host.ts";
import { openUdpServer, type UdpServer } from "./support/udp-server.ts";

const COUNT = 10_000;
/** What a heap may differ by from one collection to the next, bytes. */
const NOISE_BYTES = 6_000_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const heapUsed = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

const REQUESTS = corpusOf(MANAGEMENT);
const LINES = [
  "AT",
  "ATI",
  "ATE0V1",
  "AT&V",
  "AT+CMEE=2;+CREG=2;+CSQ",
  "AT+COPS=?",
  'AT+CGDCONT=1,"IPV4V6","internet.apn"',
  "AT+QIACT=1;+QIACT?;+CGPADDR=1;+QIDEACT=1",
  "AT+CGATT?",
  'AT+CCLK="26/11/21,02:16:00+36"',
  'AT+QCFG="band",f,400a0e189f,a0e189f,1',
  "AT+CLAC",
  'AT+QLWM2M="cdp","127.0.0.1",5683',
  'AT+QLWM2M="uldata",19,5,"hello"',
  'AT+QLWM2M="ulhex",19,5,"3031323334"',
  'AT+QLWM2M="update",0,1',
  'AT+QLWM2M="lifetime",102,86400',
  'AT+QLWM2M="dltype",1',
  "AT+QLWM2M=?",
];
const SPICE = ['"', ",", ";", "=", "?", "A/", "\x00", "\xff", "\b", "\n", "\x1b", " ", "-1", "99999999999", "é"];

const random = createSeededRandom(0x1b96);
const below = (bound: number) => Math.floor(random.fraction() * bound);

const hostileDatagram = (messageId: number): Buffer =>
  random.fraction() < 0.5 ? random.bytes(below(80)) : mutate(REQUESTS, random, messageId);

function hostileLine(): string {
  if (random.fraction() < 0.5) return `AT${random.bytes(below(40)).toString("latin1").replaceAll("\r", "")}`;
  let line = LINES[below(LINES.length)]!;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = 2 + below(line.length - 1);
    line = line.slice(0, at) + SPICE[below(SPICE.length)] + line.slice(at + below(3));
  }
  return line;
}

/** Lines that would take the terminal's framing, the modem's power or its echo away are for other tests. */
const disarming = /[&ZQVSE]|CFUN|QPOWD|CPIN|deregister|clean|select|IPR|A\//i;

describe("a whole modem under hostile input", () => {
  let server: UdpServer;
  let modem: Bg96;
  let host: TtyHost;
  let directory: string;
  let messageId = 1;
  const answers = new Map<string, (code: string) => void>();

  const read = async (at: string): Promise<string> => {
    const token = (0xa0000000 + ++messageId).toString(16);
    const answer = new Promise<string>((resolve) => answers.set(token, resolve));
    server.send({ code: "0.01", mid: ++messageId & 0xffff, token, options: get(at).options! });
    const deadline = new Promise<string>((resolve) => systemClock.after(5000, () => resolve("no answer in 5 s")));
    return Promise.race([answer, deadline]);
  };
  const at = async (line: string, deadlineMs = 5000): Promise<string> => {
    const from = host.received().length;
    host.write(`${line}\r`);
    await until(
      () => /(^|\n)(OK|ERROR|\+CM[ES] ERROR: .*)\r\n$/.test(host.received().slice(from)),
      `an answer to ${JSON.stringify(line)}`,
      deadlineMs,
    );
    return host.received().slice(from);
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "bg96-hostile-"));
    server = await openUdpServer("127.0.0.1", ({ type, code, token }) => {
      if (type === "ACK" || type === "RST") answers.get(token)?.(code);
    });
    const config: Config = {
      ...DEFAULTS,
      boot: "instant",
      register: true,
      efs: join(directory, "efs"),
      tty: join(directory, "tty"),
      lwm2m: { ...DEFAULTS.lwm2m, server: server.uri },
    };
    modem = await openBg96(config, { clock: systemClock, random: systemRandom, log: silentLog }, directory);
    host = openTtyHost(modem.tty);
    await until(() => modem.client.servers[0]?.state === "registered", "registration", 5000);
  });
  afterAll(async () => {
    host?.close();
    await modem?.close();
    server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      server.send(hostileDatagram(++messageId));
      // as fast as it reads, but no faster: what the kernel drops proves nothing
      if (i % 50 === 49) await read("/3/0/0");
    }
  };

  it("answers a Read after 10 000 random and mutated datagrams, in no more memory", async () => {
    expect(await read("/3/0/0")).toBe("2.05");
    await send(COUNT / 2);
    const before = heapUsed();
    await send(COUNT / 2);
    expect(await read("/3/0/0")).toBe("2.05");
    expect(heapUsed() - before).toBeLessThan(NOISE_BYTES);
    expect(await at("AT")).toContain("OK");
  });

  it("answers AT after 10 000 random and mutated lines, in no more memory", async () => {
    const type = async (count: number) => {
      for (let i = 0; i < count; ) {
        const line = hostileLine();
        if (disarming.test(line)) continue;
        i++;
        host.write(`${line}\r`);
        if (i % 20 === 19) await at("AT");
      }
    };
    await type(COUNT / 2);
    const before = heapUsed();
    const seen = host.received().length;
    await type(COUNT / 2);
    expect(await at("AT")).toContain("OK");
    // the test's own record of what it received is no growth of the modem
    expect(heapUsed() - before - (host.received().length - seen) * 2).toBeLessThan(NOISE_BYTES);
    expect(await read("/3/0/0")).toBe("2.05");
  });
});
