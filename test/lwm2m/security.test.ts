/** Credentials and sessions of the secured channel, as the whole Client handles them; OpenSSL's DTLS is the other end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBg96 } from "#bg96";
import { type Config, DEFAULTS } from "#config";
import { type Log, systemClock, systemRandom } from "#runtime";
import { get, put } from "../ets/ask.ts";
import { BOOTSTRAP_ACCOUNT } from "../ets/raw-device.ts";
import {
  ACCOUNT,
  bootstrap,
  createSecureBench,
  type SecureAccount,
  type SecureServer,
  type SecureServerOptions,
  secureAccount,
} from "../ets/secure-server.ts";
import { refusedAt } from "../support/coap-dtls-server.ts";
import { openTtyHost, type TtyHost, until } from "../support/tty-host.ts";

const LIFETIME_MS = 300_000;
/** Of that lifetime: early enough for all retransmissions. */
const UPDATE_AFTER_MS = 207_000;
/** REG_RETRY_TIMEOUT of the factory's lwm2m_cfg. */
const FIRST_RETRY_MS = 60_000;

async function openRegistered(options: SecureServerOptions = {}) {
  const bench = createSecureBench();
  const peer = await bench.openServer(options);
  const device = await bench.openDevice({ ini: secureAccount(1, 102, peer.uri, ACCOUNT) });
  device.client.register(false);
  await device.registered();
  return { peer, device };
}

const said = ({ requests }: SecureServer) => requests.map((each) => each.split("?")[0]);
const told = (logged: readonly string[], words: string) => logged.filter((line) => line.includes(words));

describe("a server that has lost its sessions", () => {
  it("is found by its silence to the next Update, and registered with within the lifetime, by nobody's hand", async () => {
    const { peer, device } = await openRegistered();
    await peer.restart(); // the relay's port stays open: nothing tells the device
    const silentMs = await device.pass(LIFETIME_MS, () => device.states()[0] === "registering");
    await device.registered();
    // the Update's five transmissions take 62 to 93 s in vain (RFC 7252 §4.8.2)
    expect(silentMs).toBeGreaterThan(UPDATE_AFTER_MS + 62_000);
    expect(silentMs).toBeLessThanOrEqual(LIFETIME_MS);
    expect(said(peer)).toEqual(["POST /rd", "POST /rd"]);
    expect(peer.dtls.sessions).toMatchObject([{ resumed: false }]);
    expect((await peer.ask(get("/3/0/1"))).payload.toString()).toBe("BG96");
    expect(told(device.logged, "no success")).toHaveLength(1);
  });

  it("and its port is found at once: the device tries until it is back", async () => {
    const { peer, device } = await openRegistered({ isDirect: true });
    await peer.stop();
    await device.clock.advance(UPDATE_AFTER_MS);
    await device.until("refusal", () => device.states()[0] === "registering");
    expect(told(device.logged, "nobody listens there any more")).toHaveLength(1);
    await refusedAt(peer.dtls.port); // after the new handshake's first flight
    await peer.restart();
    await device.clock.advance(1000); // the flight is repeated
    await device.registered();
    expect(said(peer)).toEqual(["POST /rd", "POST /rd"]);
  });

  it("by close_notify is registered with anew, told in one line of log", async () => {
    const { peer, device } = await openRegistered();
    peer.dtls.sessions[0]!.close();
    await device.until("loss", () => device.states()[0] === "waiting");
    expect(told(device.logged, "close_notify")).toEqual([
      'the link to the server has ended {"reason":"the server sent close_notify"}',
    ]);
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.registered();
  });
});

describe("credentials the server does not have", () => {
  it.each([
    [
      "by an alert",
      "the server sent the alert unknown_psk_identity: give the server and the modem the same PSK identity",
    ],
    [
      "in silence",
      'no answer to PSK identity \\"urn:imei:864508030012428\\", check that the server has it, with the same key',
    ],
  ])(
    "[BG-183] fail the handshake, as it tells %s: one line with a remedy; once it has them the device registers",
    async (how, words) => {
      const isAlert = (datagram: Buffer) => datagram[0] === 21;
      const bench = createSecureBench();
      const peer = await bench.openServer({
        account: { ...ACCOUNT, identity: Buffer.from("somebody else") },
        pass: (from, datagram) => (how === "in silence" && from === "server" && isAlert(datagram) ? [] : [datagram]),
      });
      const device = await bench.openDevice({ ini: secureAccount(1, 102, peer.uri, ACCOUNT) });
      device.client.register(false);
      await device.until("alert", () => peer.seen.some(({ from, datagram }) => from === "server" && isAlert(datagram)));
      if (how === "in silence") await device.pass(60_000, () => device.states()[0] === "waiting");
      else await device.until("failure", () => device.states()[0] === "waiting");
      expect(told(device.logged, "handshake")).toEqual([expect.stringContaining(words)]);
      expect(device.events).toEqual([0, 3, 4]);
      await peer.restart({ account: ACCOUNT });
      await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
      await device.registered();
      expect(device.events.at(-1)).toBe(5);
    },
  );
});

describe("accounts", () => {
  it("[OM-048][OM-049] have identities and keys of their own, of any bytes: for a Bootstrap-Server and two Servers", async () => {
    const bench = createSecureBench();
    const accounts: readonly SecureAccount[] = [
      { identity: Buffer.from("Zähler-Ω"), key: Buffer.from("00000102000000ff", "hex") },
      { identity: Buffer.from("e4ff4180fe", "hex"), key: Buffer.alloc(32, 0) },
    ];
    const servers = await Promise.all(accounts.map((each) => bench.openServer({ account: each })));
    const ini = servers.map(({ uri }, i) => secureAccount(i + 1, 102 + i, uri, accounts[i]!)).join("\n");
    const device = await bench.openDevice({ ini });
    device.client.register(false);
    await device.registered();
    expect(servers.map(({ dtls }) => dtls.sessions.map(({ identity }) => identity))).toEqual(
      accounts.map(({ identity }) => [identity]),
    );
    for (const server of servers) expect((await server.ask(get("/3/0/1"))).payload.toString()).toBe("BG96");

    const peer = await bench.openServer({ account: accounts[1]! });
    const bootstrapAccount = secureAccount(0, 100, peer.uri, accounts[1]!).split("\n")[0]!;
    const young = await bench.openDevice({ ini: bootstrapAccount.replace('"bv":false', '"bv":true') });
    young.settings.setBootstrapMode(1);
    young.client.register(false);
    await young.until("Bootstrap-Request", () => peer.requests.length > 0);
    expect(said(peer)).toEqual(["POST /bs"]);
    expect(peer.dtls.sessions).toMatchObject([{ identity: accounts[1]!.identity }]);
  });

  it.each([
    [1, "coaps", "security mode 1 is not offered, give PSK (0) or NoSec (3)"],
    [2, "coaps", "security mode 2 is not offered, give PSK (0) or NoSec (3)"],
    [0, "coap", "coap does not go with security mode 0"],
    [3, "coaps", "coaps does not go with security mode 3"],
  ])(
    "[OM-050] of security mode %i over %s are refused with a clear line, and nothing is sent",
    async (mode, scheme, words) => {
      const bench = createSecureBench();
      const peer = await bench.openServer();
      const uri = peer.uri.replace("coaps", scheme);
      const ini = secureAccount(1, 102, uri, ACCOUNT).replace('"n":"2","v":0', `"n":"2","v":${mode}`);
      const device = await bench.openDevice({ ini });
      device.client.register(false);
      await device.clock.advance(1000);
      expect(device.states()).toEqual(["waiting"]);
      expect(told(device.logged, "no success")).toEqual([
        expect.stringContaining(`account of server 102 not usable: ${words}`),
      ]);
      expect([peer.seen, device.links, device.servers]).toEqual([[], [], []]);
    },
  );

  it("[OM-051][ET-020] name no binding over SMS that would need security of its own: /3/0/16 has U and UQ alone, no SMS is counted", async () => {
    const { peer } = await openRegistered();
    const read = async (path: string) => (await peer.ask(get(path))).payload.toString();
    expect(await read("/3/0/16")).toBe("UQ");
    expect([await read("/7/0/0"), await read("/7/0/1")]).toEqual(["0", "0"]);
    expect(peer.requests[0]).toMatch(/&b=U(&|$)/);
  });
});

describe("keys", () => {
  const wrong: SecureAccount = { ...ACCOUNT, key: Buffer.from("5ec0de5ec0de5ec0de5ec0de5ec0de5e", "hex") };
  const given: SecureAccount = {
    identity: Buffer.from("given"),
    key: Buffer.from("a1b2c3d4e5f60718293a4b5c6d7e8f90", "hex"),
  };

  it("are in no line of a whole modem's log at level trace: wrong, right, asked for, made, in damaged files", async () => {
    const { log, text, find } = createRecorder();
    const peer = await createSecureBench().openServer();
    const directory = mkdtempSync(join(tmpdir(), "bg96-keys-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const run = async (lwm2m: Partial<Config["lwm2m"]>, work: (host: TtyHost) => Promise<void>) => {
      const config: Config = {
        ...DEFAULTS,
        log: { level: "trace" },
        boot: "instant",
        register: true,
        efs: join(directory, "efs"),
        tty: join(directory, "tty"),
        dtls: { handshakeTimeoutMs: 1500 },
        lwm2m: { ...DEFAULTS.lwm2m, ...lwm2m },
      };
      const modem = await openBg96(config, { clock: systemClock, random: systemRandom, log }, directory);
      const host = openTtyHost(modem.tty);
      try {
        await work(host);
      } finally {
        host.close();
        modem.kill();
      }
    };
    const withKey = (pskKeyHex: string) => ({
      server: peer.uri,
      pskIdentity: ACCOUNT.identity.toString(),
      pskKeyHex,
    });

    await run(withKey(wrong.key.toString("hex")), () =>
      until(() => text().includes("no answer to PSK identity"), "the failed handshake"),
    );
    await run(withKey(ACCOUNT.key.toString("hex")), async (host) => {
      await until(() => said(peer).includes("POST /rd"), "Register");
      expect((await peer.ask(get("/0/0/5"))).code).toBe("4.01");
      expect((await peer.ask(put("/0/0/5", { format: 42, payload: given.key }))).code).toBe("4.01");
      host.write('AT+QLWM2M="psk",0\r');
      await host.waitFor("OK\r\n");
      host.write('AT+QLWM2M="psk",1\r');
      await host.waitFor('+QLWM2M: "psk","|IMEI:');
    });
    const datatx = join(directory, "efs", "datatx");
    rmSync(join(datatx, "lwm2m"), { recursive: true }); // the accounts kept since the registration
    const whole = secureAccount(1, 102, peer.uri, given);
    const damaged = whole.replace('{"n":"10"', '"n":"10"');
    const [withoutKey, pskFile] = [whole.replace(/,\{"n":"5".*?\}/, ""), `me:${wrong.key.toString("hex")}x\n`];
    mkdirSync(join(datatx, "ssl"), { recursive: true });
    writeFileSync(join(datatx, "ssl", "102_server.psk"), pskFile);
    for (const [ini, place] of [
      [damaged, "bootstrap.ini:1:"],
      [withoutKey, "102_server.psk:1:"],
    ] as const) {
      writeFileSync(join(datatx, "bootstrap.ini"), ini);
      await run({}, () => until(() => text().includes(place), place));
    }
    for (const { key } of [wrong, ACCOUNT, given]) expect(find(key)).toEqual([]);
  });

  it("are in no line of the log either when a Bootstrap-Server brings them", async () => {
    const { log, text, find } = createRecorder();
    const bench = createSecureBench();
    const peer = await bench.openServer({ account: given });
    const device = await bench.openDevice({ ini: BOOTSTRAP_ACCOUNT, log });
    await bootstrap(device, peer.uri, given);
    await device.registered();
    expect(text()).toContain("registered");
    expect(find(given.key)).toEqual([]);
  });
});

/** Keeps all that is logged, at every level, and finds bytes in it in whatever way they may be written. */
function createRecorder() {
  const lines: string[] = [];
  const write = (fields: object, message: string) => {
    const shown = inspect(fields, { depth: 20, maxArrayLength: null, maxStringLength: null, breakLength: Infinity });
    lines.push(`${message} ${shown} ${JSON.stringify(fields)}`);
  };
  const log: Log = {
    trace: write,
    debug: write,
    info: write,
    warn: write,
    error: write,
    child(fields) {
      write(fields, "child");
      return log;
    },
  };
  return {
    log,
    text: () => lines.join("\n"),
    find(bytes: Buffer): string[] {
      const hex = bytes.toString("hex");
      const spellings = [
        hex,
        hex.match(/../g)!.join(" "),
        [...bytes].join(","),
        [...bytes].join(", "),
        bytes.toString("base64").replace(/=+$/, ""),
        bytes.toString("latin1"),
        bytes.toString("utf8"),
      ];
      return lines.filter((line) => spellings.some((each) => line.toLowerCase().includes(each.toLowerCase())));
    },
  };
}
