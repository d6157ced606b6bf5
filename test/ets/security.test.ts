/** The secured channel, with OpenSSL's DTLS at its other end. */
import { describe, expect, it } from "vitest";
import { systemClock } from "#runtime";
import { refusedAt } from "../support/coap-dtls-server.ts";
import { cipherSuitesOf, isHandshake, splitRecords } from "../support/dtls-records.ts";
import { FORMAT, get, nameOf } from "./ask.ts";
import { answer, BOOTSTRAP_ACCOUNT, NOTHING } from "./raw-device.ts";
import {
  ACCOUNT,
  bootstrap,
  createSecureBench,
  type SecureDeviceOptions,
  type SecureServer,
  type SecureServerOptions,
  secureAccount,
} from "./secure-server.ts";

const WRONG_KEY = { ...ACCOUNT, key: Buffer.from("ffeeddccbbaa99887766554433221100", "hex") };
const CCM_8 = "TLS_PSK_WITH_AES_128_CCM_8";
const CBC = "TLS_PSK_WITH_AES_128_CBC_SHA256";
const HANDSHAKE_LIMIT_MS = 60_000;
/** MAX_TRANSMIT_WAIT, RFC 7252 §4.8.2. */
const TRANSMIT_WAIT_MS = 93_000;
/** REG_RETRY_TIMEOUT of the factory's lwm2m_cfg. */
const FIRST_RETRY_MS = 60_000;
const CLIENT_HELLO = 1;
const CLIENT_KEY_EXCHANGE = 16;

/** A device with one account, asked to register, and its Server. */
async function openStarted(server: SecureServerOptions = {}, options: SecureDeviceOptions = {}) {
  const bench = createSecureBench();
  const peer = await bench.openServer(server);
  const device = await bench.openDevice({ ini: secureAccount(1, 102, peer.uri, ACCOUNT), ...options });
  device.client.register(false);
  return { peer, device };
}

async function openRegistered(server: SecureServerOptions = {}, options: SecureDeviceOptions = {}) {
  const opened = await openStarted(server, options);
  await opened.device.registered();
  return opened;
}

/** Requests so far, each without its query. */
const said = ({ requests }: SecureServer) => requests.map((each) => each.split("?")[0]);
const failures = (logged: readonly string[]) => logged.filter((line) => line.includes("no success"));
const hasTried = ({ seen }: SecureServer) => seen.some(({ datagram }) => isHandshake(CLIENT_KEY_EXCHANGE, datagram));

describe("a session with a pre-shared key", () => {
  it("LightweightM2M-1.0-int-401 TD_COAP_DTLS_01 LES-SEC-01 carries Register and a Read in TLV over TLS_PSK_WITH_AES_128_CCM_8", async () => {
    const { peer, device } = await openRegistered();
    const response = await peer.ask(get("/3/0", { accept: FORMAT.tlv }));
    expect(response.code).toBe("2.05");
    expect(response.payload.subarray(0, 9).toString("latin1")).toBe("\xc7\x00Quectel");
    expect(peer.dtls.sessions).toMatchObject([{ identity: ACCOUNT.identity, cipher: CCM_8 }]);
    expect(device.states()).toEqual(["registered"]);
    expect(said(peer)).toEqual(["POST /rd"]);
  });

  it("TD_COAP_DTLS_03 is made though each flight is lost once, on either way", async () => {
    const lost: string[] = [];
    const { peer } = await openRegistered(
      {
        pass(from, datagram) {
          const [first] = splitRecords(datagram);
          const flight = `${from} ${first![0] === 22 ? first![13] : "finished"} ${datagram.length}`;
          if (first!.readUInt16BE(3) !== 0 || lost.includes(flight)) return [datagram];
          lost.push(flight);
          return [];
        },
      },
      { dtlsClock: { ...systemClock, after: (ms, task) => systemClock.after(ms / 20, task) } },
    );
    expect(lost.map((flight) => flight.split(" ").slice(0, 2).join(" "))).toEqual([
      "client 1", // ClientHello
      "server 3", // HelloVerifyRequest
      "client 1", // ClientHello with the cookie
      "server 2", // ServerHello, ServerHelloDone
      "client 16", // ClientKeyExchange, ChangeCipherSpec, Finished
      "server finished", // ChangeCipherSpec, Finished
    ]);
    expect(said(peer)).toEqual(["POST /rd"]);
  });

  it("LES-SEC-03 is not made with a wrong key: one line of log that names the identity, and a try later", async () => {
    const { peer, device } = await openStarted({ account: WRONG_KEY });
    await device.until("ClientKeyExchange", () => hasTried(peer));
    await device.pass(HANDSHAKE_LIMIT_MS, () => device.states()[0] === "waiting");
    expect(peer.requests).toEqual([]);
    expect(failures(device.logged)).toEqual([
      expect.stringMatching(
        /no answer to PSK identity .*urn:imei:864508030012428.*, check that the server has it, with the same key/,
      ),
    ]);
    await peer.restart({ account: ACCOUNT });
    await device.pass(HANDSHAKE_LIMIT_MS, () => device.states()[0] === "registering");
    await device.registered();
  });

  it("LES-SEC-04 LSV-REG-13 registers no endpoint but that of its identity: 4.03 is told, and tried again later", async () => {
    const { peer, device } = await openStarted(
      {
        script: (request, { identity }) =>
          nameOf(request).includes(`ep=${identity}&`) ? undefined : answer(request, "4.03"),
      },
      { overrides: { endpoint: "of-another-identity" } },
    );
    await device.until("refusal", () => device.states()[0] === "waiting");
    expect(said(peer)).toEqual(["POST /rd"]);
    expect(device.logged.filter((line) => line.startsWith("Register refused"))).toEqual([
      expect.stringContaining('"code":"4.03"'),
    ]);
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.until("second refusal", () => device.states()[0] === "waiting");
    expect(said(peer)).toEqual(["POST /rd", "POST /rd"]);
  });
});

describe("a bootstrap", () => {
  it("LightweightM2M-1.0-int-1 brings an account with identity and key, and the device registers over DTLS with them", async () => {
    const bench = createSecureBench();
    const given = { identity: Buffer.from("given"), key: Buffer.from("00ff00ff00ff00ff00ff00ff00ff00ff", "hex") };
    const peer = await bench.openServer({ account: given });
    const device = await bench.openDevice({ ini: BOOTSTRAP_ACCOUNT });
    await bootstrap(device, peer.uri, given);
    await device.registered();
    expect(peer.requests).toEqual([expect.stringMatching(/^POST \/rd\?ep=.*&lt=300&/)]);
    expect((await peer.ask(get("/3/0/1"))).payload.toString()).toBe("BG96");
    expect(peer.dtls.sessions).toMatchObject([{ identity: given.identity, cipher: CCM_8 }]);
  });

  it("LES-BS-06 there is none with a wrong key; it is tried again later, and then with the right one succeeds", async () => {
    const bench = createSecureBench();
    const peer = await bench.openServer({ account: WRONG_KEY });
    const ini = secureAccount(0, 100, peer.uri, ACCOUNT).split("\n")[0]!.replace('"bv":false', '"bv":true');
    const device = await bench.openDevice({ ini });
    device.settings.setBootstrapMode(1);
    device.client.register(false);
    await device.until("ClientKeyExchange", () => hasTried(peer));
    await device.pass(HANDSHAKE_LIMIT_MS, () => failures(device.logged).length === 1);
    expect(peer.requests).toEqual([]);
    expect(device.events).toEqual([0, 1, 2]);
    await peer.restart({ account: ACCOUNT });
    await device.clock.advance(FIRST_RETRY_MS);
    await device.until("Bootstrap-Request", () => peer.requests.length > 0);
    expect(said(peer)).toEqual(["POST /bs"]);
  });
});

describe("a server that is away", () => {
  it("ANJ-SEC-03 whose port is closed ends the handshake with one line of log; a later one succeeds", async () => {
    const bench = createSecureBench();
    const peer = await bench.openServer({ isDirect: true });
    await peer.stop();
    const device = await bench.openDevice({ ini: secureAccount(1, 102, peer.uri, ACCOUNT) });
    device.client.register(false);
    await device.clock.advance(2000);
    await refusedAt(peer.dtls.port); // after the handshake's own
    await device.pass(HANDSHAKE_LIMIT_MS, () => device.states()[0] === "waiting");
    expect(failures(device.logged)).toEqual([expect.stringContaining("nobody listens there")]);
    await peer.restart();
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.registered();
    expect(said(peer)).toEqual(["POST /rd"]);
  });

  it("ANJ-SEC-04 that answers no Register is asked again in a new session", async () => {
    const { peer, device } = await openStarted({ script: () => NOTHING });
    await device.until("Register", () => peer.requests.length === 1);
    await device.pass(TRANSMIT_WAIT_MS, () => device.states()[0] === "waiting");
    await peer.restart({ script: () => undefined });
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.registered();
    expect(peer.dtls.sessions).toMatchObject([{ resumed: false }]);
    // RFC 7252 §4.8: 4 retransmissions
    expect(said(peer)).toEqual(Array.from({ length: 6 }, () => "POST /rd"));
  });

  it("ANJ-SEC-05 that answers no Update is registered with in a new session, else ever more seldom", async () => {
    let isAway = false;
    const { peer, device } = await openRegistered({ pass: (_, datagram) => (isAway ? [] : [datagram]) });
    isAway = true;
    const heldMs = await device.pass(300_000, () => device.states()[0] === "registering");
    expect(heldMs).toBeGreaterThan(207_000 + 62_000); // its Update is due after 207 s, and has 62 to 93 s to be answered
    const triesAtMs: number[] = [];
    const startMs = device.clock.monotonic();
    while (device.clock.monotonic() - startMs < 3_600_000) {
      const before = failures(device.logged).length;
      await device.clock.advance(1000);
      if (failures(device.logged).length > before) triesAtMs.push(device.clock.monotonic() - startMs);
    }
    const pausesS = triesAtMs.slice(1).map((atMs, i) => Math.round((atMs - triesAtMs[i]!) / 1000));
    // a handshake of 60 s after 60, 120, 240, 480 s and so on
    expect(pausesS).toEqual([120, 180, 300, 540, 540, 540, 540, 540].slice(0, pausesS.length));
    expect(pausesS.length).toBeGreaterThanOrEqual(7);
    isAway = false;
    await peer.restart();
    await device.pass(540_000, () => device.states()[0] === "registering");
    await device.registered();
    expect(said(peer)).toEqual(["POST /rd", "POST /rd"]);
  });
});

describe("cipher suites", () => {
  it("ANJ-SEC-06 unknown to the server end the handshake by its alert; of a mixed list the common one is taken", async () => {
    const ciphers = ["TLS_PSK_WITH_AES_256_CCM_8", CBC];
    const { peer, device } = await openStarted({ ciphers: "PSK-AES128-CCM8" }, { ciphers });
    await device.until("failure", () => device.states()[0] === "waiting");
    expect(failures(device.logged)).toEqual([
      expect.stringContaining(
        "the server sent the alert handshake_failure: offer a cipher suite the server has (lwm2m.ciphers)",
      ),
    ]);
    await peer.restart({ ciphers: "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256:PSK-AES256-CBC-SHA384" });
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.registered();
    expect(peer.dtls.sessions).toMatchObject([{ cipher: CBC }]);
  });

  it("LSV-SEC-02 are offered in the order of the option, CBC first; a server that prefers CCM_8 gets it", async () => {
    const server = { ciphers: "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256" };
    const { peer } = await openRegistered(server, { ciphers: [CBC, CCM_8] });
    const hellos = peer.seen.filter(({ from, datagram }) => from === "client" && isHandshake(CLIENT_HELLO, datagram));
    expect(hellos.map(({ datagram }) => cipherSuitesOf(datagram))).toEqual([
      ["00ae", "c0a8"],
      ["00ae", "c0a8"],
    ]);
    expect(peer.dtls.sessions).toMatchObject([{ cipher: CCM_8 }]);
  });

  it("LSV-SEC-04 come in a ClientHello of DTLS 1.2; a server of 1.0 alone gets the alert protocol_version", async () => {
    const { peer, device } = await openStarted(
      { version: "1.0", ciphers: "PSK-AES128-CBC-SHA" },
      {
        ciphers: ["TLS_PSK_WITH_AES_128_CBC_SHA"],
      },
    );
    await device.until("failure", () => device.states()[0] === "waiting");
    const sentByClient = () => peer.seen.filter(({ from }) => from === "client").map(({ datagram }) => datagram);
    await device.until("alert", () => sentByClient().at(-1)![0] === 21);
    const sent = sentByClient();
    expect(sent.slice(0, -1).map((hello) => hello.readUInt16BE(25).toString(16))).toEqual(["fefd", "fefd"]);
    expect([...sent.at(-1)!.subarray(13)]).toEqual([2, 70]);
    expect(failures(device.logged)).toEqual([expect.stringContaining("the server does not speak DTLS 1.2")]);
    expect(peer.requests).toEqual([]);
  });
});

describe("a second session", () => {
  it("ANJ-SEC-07 LSV-SEC-07 is the first one resumed, by an abbreviated handshake that tells the session's id", async () => {
    const { peer, device } = await openRegistered();
    peer.dtls.sessions[0]!.close();
    await device.until("loss", () => device.states()[0] === "waiting");
    await device.pass(FIRST_RETRY_MS, () => device.states()[0] === "registering");
    await device.registered();
    expect(peer.dtls.sessions).toMatchObject([{ resumed: false }, { resumed: true, identity: ACCOUNT.identity }]);
    expect(peer.seen.filter(({ datagram }) => isHandshake(CLIENT_KEY_EXCHANGE, datagram))).toHaveLength(1);
    expect((await peer.ask(get("/3/0/1"))).payload.toString()).toBe("BG96");
  });

  it("LSV-SEC-09 may come from another port: by its identity the server knows the registration, and it goes on", async () => {
    const bench = createSecureBench();
    const owners = new Map<string, string>();
    const peer = await bench.openServer({
      script(request, { identity }) {
        const [method, path] = [nameOf(request).split(" ")[0], nameOf(request).split(" ")[1]!.split("?")[0]!];
        if (path === "/rd") owners.set("/rd/1", identity.toString());
        else if (method === "POST" && owners.get(path) !== identity.toString()) return answer(request, "4.04");
        return undefined;
      },
    });
    const options = {
      ini: secureAccount(1, 102, peer.uri, ACCOUNT),
      files: { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nPER_REGSTATUS_FEAT=1;\n}\n" },
      autostart: true,
    };
    const before = await bench.openDevice(options);
    await before.registered();
    await before.client.goDown();
    before.client.halt();
    const device = await bench.openDevice({ ...options, root: before.root });
    await device.registered();
    expect(said(peer)).toEqual(["POST /rd", "POST /rd/1"]);
    expect(peer.dtls.sessions).toMatchObject([
      { resumed: false, identity: ACCOUNT.identity },
      { resumed: false, identity: ACCOUNT.identity },
    ]);
    expect(device.links[0]!.localPort).not.toBe(before.links[0]!.localPort);
    expect((await peer.ask(get("/3/0/1"))).payload.toString()).toBe("BG96");
  });
});
