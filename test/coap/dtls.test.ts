import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_CIPHERS, KNOWN_CIPHERS } from "#coap/cipher-suites";
import { createDtlsOpener, type DtlsOptions } from "#coap/dtls";
import type { Link, LinkTarget } from "#coap/link";
import { createReplayWindow } from "#coap/replay-window";
import { silentLog, systemClock } from "#runtime";
import { type DtlsServerOptions, findFreePort, openDtlsServer, refusedAt } from "../support/coap-dtls-server.ts";
import {
  cipherSuitesOf,
  createForger,
  dtlsRecord,
  handshakeMessage,
  isHandshake,
  lossy,
  openRelay,
  type RelayOptions,
  splitRecords,
} from "../support/dtls-records.ts";
import { createManualClock, createSeededRandom } from "../support/manual-clock.ts";

const identity = Buffer.from("urn:imei:490154203237518");
const key = Buffer.from("000102030405060708090a0b0c0dfeff", "hex");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const openerOf = (options: Partial<DtlsOptions> = {}) =>
  createDtlsOpener({ clock: systemClock, log: silentLog, ...options });
const openLink = openerOf();

const targetAt = (port: number, more: Partial<LinkTarget> = {}): LinkTarget => ({
  scheme: "coaps",
  host: "127.0.0.1",
  port,
  identity,
  key,
  ...more,
});

/** It answers "say x" by "heard x". */
async function openServer(options: Partial<DtlsServerOptions> = {}) {
  const server = await openDtlsServer({
    key: (name) => (name.equals(identity) ? key : undefined),
    onMessage: (message, session) => session.send(Buffer.from(message.toString().replace("say", "heard"))),
    ...options,
  });
  cleanups.push(() => server.close());
  return server;
}

/** A server behind a relay. */
async function openServerBehind(pass: RelayOptions["pass"], options: Partial<DtlsServerOptions> = {}) {
  const server = await openServer(options);
  const relay = await openRelay({ serverPort: server.port, pass });
  cleanups.push(() => relay.close());
  return { ...relay, server };
}

/** Collects what the link hears. */
function listenTo(link: Link) {
  cleanups.push(() => link.close());
  const heard: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let onClosed: (reason: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    onClosed = resolve;
  });
  link.listen({
    message(datagram) {
      heard.push(datagram.toString());
      for (const { count, resolve } of waiting) if (heard.length >= count) resolve();
    },
    closed: (reason) => onClosed(reason),
  });
  return {
    heard,
    closed,
    until: (count: number) =>
      heard.length >= count ? Promise.resolve() : new Promise<void>((resolve) => void waiting.push({ count, resolve })),
  };
}

/** A link whose server can be spoken for. */
async function openWatched() {
  const forger = createForger(key);
  let onPass: RelayOptions["pass"] = () => [];
  const relay = await openServerBehind(
    (from, datagram) => {
      forger.watch(datagram);
      onPass(from, datagram);
      return [datagram];
    },
    { extendedMasterSecret: false }, // the forger makes the master secret of the two random values
  );
  const link = await openLink(targetAt(relay.port));
  return {
    link,
    forger,
    inject: relay.inject,
    /** The next datagram of that kind passes the relay. */
    until: (isWanted: (from: "client" | "server") => boolean) =>
      new Promise<void>((resolve) => {
        onPass = (from) => {
          if (isWanted(from)) resolve();
          return [];
        };
      }),
  };
}

async function expectEcho(link: Link) {
  const { heard, until } = listenTo(link);
  link.send(Buffer.from("say hello"));
  await until(1);
  expect(heard).toEqual(["heard hello"]);
}

describe("with an OpenSSL server", () => {
  it("[ET-021] datagrams go both ways over TLS_PSK_WITH_AES_128_CCM_8, the first cipher offered", async () => {
    const server = await openServer({ ciphers: "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256" });
    const link = await openLink(targetAt(server.port));
    expect(link.description).toBe(`dtls 127.0.0.1:${server.port}`);
    expect(link.localPort).toBeGreaterThan(0);
    await expectEcho(link);
    expect(server.sessions).toMatchObject([
      { clientPort: link.localPort, cipher: "TLS_PSK_WITH_AES_128_CCM_8", extendedMasterSecret: true },
    ]);
  });

  it("[ET-021] a server that has TLS_PSK_WITH_AES_128_CBC_SHA256 alone is served by it", async () => {
    const server = await openServer({ ciphers: "PSK-AES128-CBC-SHA256" });
    await expectEcho(await openLink(targetAt(server.port)));
    expect(server.sessions[0]!.cipher).toBe("TLS_PSK_WITH_AES_128_CBC_SHA256");
  });

  it("a module that offers TLS_PSK_WITH_AES_128_CBC_SHA256 alone gets it from a server that prefers others", async () => {
    const hellos: Buffer[] = [];
    const relay = await openServerBehind(
      (from, datagram) => {
        if (from === "client" && isHandshake(1, datagram)) hellos.push(datagram);
        return [datagram];
      },
      { ciphers: "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256" },
    );
    const open = openerOf({ ciphers: ["TLS_PSK_WITH_AES_128_CBC_SHA256"] });
    await expectEcho(await open(targetAt(relay.port)));
    expect(hellos.map(cipherSuitesOf)).toEqual([["00ae"], ["00ae"]]);
    expect(relay.server.sessions[0]!.cipher).toBe("TLS_PSK_WITH_AES_128_CBC_SHA256");
  });

  it.each([
    ["TLS_PSK_WITH_AES_128_CCM_8", "PSK-AES128-CCM8"],
    ["TLS_PSK_WITH_AES_256_CCM_8", "PSK-AES256-CCM8"],
    ["TLS_PSK_WITH_AES_128_CCM", "PSK-AES128-CCM"],
    ["TLS_PSK_WITH_AES_256_CCM", "PSK-AES256-CCM"],
    ["TLS_PSK_WITH_AES_128_GCM_SHA256", "PSK-AES128-GCM-SHA256"],
    ["TLS_PSK_WITH_AES_256_GCM_SHA384", "PSK-AES256-GCM-SHA384"],
    ["TLS_PSK_WITH_AES_128_CBC_SHA256", "PSK-AES128-CBC-SHA256"],
    ["TLS_PSK_WITH_AES_256_CBC_SHA384", "PSK-AES256-CBC-SHA384"],
    ["TLS_PSK_WITH_AES_128_CBC_SHA", "PSK-AES128-CBC-SHA"],
    ["TLS_PSK_WITH_AES_256_CBC_SHA", "PSK-AES256-CBC-SHA"],
  ])("%s is made full use of: handshake, datagrams, resumption, with either master secret", async (name, ciphers) => {
    expect(KNOWN_CIPHERS).toContain(name);
    for (const extendedMasterSecret of [true, false]) {
      const server = await openServer({ ciphers, extendedMasterSecret });
      const open = openerOf({ ciphers: [name] });
      for (const resumed of [false, true]) {
        const link = await open(targetAt(server.port));
        await expectEcho(link);
        link.close();
        expect(server.sessions.at(-1)).toMatchObject({ cipher: name, resumed, extendedMasterSecret });
      }
    }
  });

  it("an identity hint changes nothing, and a server without cookies is understood", async () => {
    for (const options of [{ hint: "some hint" }, { cookies: false }]) {
      const server = await openServer(options);
      await expectEcho(await openLink(targetAt(server.port)));
    }
  });

  it("any bytes make a key and an identity, zeros in the key too, for two servers at once", async () => {
    const accounts = [
      { identity: Buffer.from("Zähler-Ω"), key: Buffer.from("00000102000000ff", "hex") },
      { identity: Buffer.from("e4ff41fe80", "hex"), key: Buffer.alloc(64, 0) },
      { identity: Buffer.from("1"), key: Buffer.from("00", "hex") },
      { identity: Buffer.from("__proto__"), key: Buffer.from("ff".repeat(64), "hex") },
      { identity: Buffer.alloc(128, "i"), key: Buffer.from("80", "hex") },
    ];
    const servers = await Promise.all(
      accounts.map((account) =>
        openServer({ key: (name) => (name.equals(account.identity) ? account.key : undefined) }),
      ),
    );
    const links = await Promise.all(accounts.map((account, i) => openLink(targetAt(servers[i]!.port, account))));
    for (const link of links) await expectEcho(link);
    expect(servers.map(({ sessions }) => sessions.map((each) => each.identity))).toEqual(
      accounts.map((account) => [account.identity]),
    );
  });

  it("20 of 20 handshakes succeed where one datagram in five is lost", { timeout: 60_000 }, async () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 41);
    const relays = await Promise.all(seeds.map((seed) => openServerBehind(lossy(createSeededRandom(seed), 0.2))));
    const links = await Promise.allSettled(relays.map(({ port }) => openLink(targetAt(port))));
    expect(links.map(({ status }) => status)).toEqual(seeds.map(() => "fulfilled"));
    for (const link of links) if (link.status === "fulfilled") link.value.close();
  });

  it("repeated and lost datagrams together stop neither a handshake nor a resumption", {
    timeout: 60_000,
  }, async () => {
    const seeds = Array.from({ length: 6 }, (_, i) => i + 100);
    const rounds = seeds.map(async (seed) => {
      const relay = await openServerBehind(lossy(createSeededRandom(seed), 0.1, 0.5));
      const open = openerOf();
      for (const resumed of [false, true]) {
        const link = await open(targetAt(relay.port));
        await relay.server.until(({ sessions }) => sessions.at(-1)?.resumed === resumed);
        link.close();
      }
    });
    await Promise.all(rounds);
  });

  it("tells what a record adds to a message", async () => {
    const sizes: number[] = [];
    const relay = await openServerBehind((_, datagram) => {
      sizes.push(datagram.length);
      return [datagram];
    });
    const link = await openLink(targetAt(relay.port));
    const { until } = listenTo(link);
    sizes.length = 0;
    link.send(Buffer.from("say hello"));
    await until(1);
    expect(sizes).toEqual(["say hello", "heard hello"].map((text) => text.length + link.addedBytes!));
  });

  it("200 lost records in a row do not make the link deaf", async () => {
    let isDeaf = false;
    let onLost = () => {};
    const relay = await openServerBehind((from, datagram) => {
      if (from === "client" || !isDeaf) return [datagram];
      onLost();
      return [];
    });
    const link = await openLink(targetAt(relay.port));
    const { heard, until } = listenTo(link);
    isDeaf = true;
    for (let i = 0; i < 200; i++) {
      const lost = new Promise<void>((resolve) => {
        onLost = resolve;
      });
      link.send(Buffer.from(`say ${i}`));
      await lost;
    }
    isDeaf = false;
    link.send(Buffer.from("say after"));
    await until(1);
    expect(heard).toEqual(["heard after"]);
  });

  it("a repeated record is heard once", async () => {
    const relay = await openServerBehind((from, datagram) => (from === "client" ? [datagram] : [datagram, datagram]));
    const link = await openLink(targetAt(relay.port));
    const { heard, until } = listenTo(link);
    link.send(Buffer.from("say a"));
    await until(1);
    link.send(Buffer.from("say b"));
    await until(2);
    expect(heard).toEqual(["heard a", "heard b"]);
  });

  it("forged records and odd handshake messages do not stop a handshake", async () => {
    const odd = [
      dtlsRecord(23, 1, 5, Buffer.alloc(40)),
      dtlsRecord(22, 1, 2 ** 47, Buffer.alloc(40)),
      dtlsRecord(22, 0, 120, handshakeMessage(11, 1, Buffer.alloc(30))), // would push a replay window beyond the genuine ones
      dtlsRecord(22, 0, 180, handshakeMessage(11, 1, Buffer.alloc(30))),
      dtlsRecord(20, 0, 900, Buffer.from([1])),
      dtlsRecord(22, 0, 2 ** 47, handshakeMessage(11, 1, Buffer.alloc(30))), // Certificate
      dtlsRecord(22, 0, 901, handshakeMessage(4, 1, Buffer.alloc(10))), // NewSessionTicket
      dtlsRecord(22, 0, 902, handshakeMessage(13, 2, Buffer.alloc(10))), // CertificateRequest
      dtlsRecord(22, 0, 903, handshakeMessage(0, 1, Buffer.alloc(0))), // HelloRequest
      dtlsRecord(22, 0, 904, handshakeMessage(99, 1, Buffer.alloc(5))),
      dtlsRecord(22, 0, 905, handshakeMessage(2, 1, Buffer.alloc(20)).subarray(0, 25)), // cut off
      dtlsRecord(22, 0, 906, Buffer.from([2])),
      dtlsRecord(22, 0, 907, handshakeMessage(2, 7, Buffer.alloc(5), 2 ** 24 - 1, 2 ** 20)),
      dtlsRecord(22, 0, 908, handshakeMessage(2, 60000, Buffer.alloc(5))),
      dtlsRecord(22, 0, 908, handshakeMessage(2, 1, Buffer.alloc(5))), // a ServerHello cut off
      dtlsRecord(20, 0, 909, Buffer.alloc(0)),
      dtlsRecord(21, 0, 910, Buffer.alloc(0)),
      dtlsRecord(21, 0, 911, Buffer.from([1, 90])),
      dtlsRecord(24, 0, 912, Buffer.alloc(3)),
      dtlsRecord(22, 9, 913, Buffer.alloc(3)),
      dtlsRecord(22, 0, 914, Buffer.alloc(10)).subarray(0, 18), // a record cut off
      Buffer.from("not DTLS at all"),
    ];
    const relay = await openServerBehind((from, datagram) =>
      from === "client" ? [datagram] : [...odd, datagram, ...odd],
    );
    const open = openerOf();
    for (const resumed of [false, true]) {
      const link = await open(targetAt(relay.port));
      await expectEcho(link);
      link.close();
      expect(relay.server.sessions.at(-1)!.resumed).toBe(resumed);
    }
  });

  it("a Finished that overtakes its ChangeCipherSpec is understood", async () => {
    let swapped = 0;
    const relay = await openServerBehind((from, datagram) => {
      const records = splitRecords(datagram);
      if (from === "client" || swapped > 0 || records[0]![0] !== 20) return [datagram];
      swapped++;
      return records.reverse();
    });
    await expectEcho(await openLink(targetAt(relay.port)));
    expect(swapped).toBe(1);
  });

  it("datagrams from another address are not heard", async () => {
    const server = await openServer();
    const link = await openLink(targetAt(server.port));
    const stranger = createSocket("udp4");
    cleanups.push(() => stranger.close());
    for (let i = 0; i < 20; i++) stranger.send(dtlsRecord(21, 1, i, Buffer.from([2, 40])), link.localPort, "127.0.0.1");
    await expectEcho(link);
  });

  it("the server's close_notify ends the link with a reason; closing it again does nothing", async () => {
    const { link, inject, forger } = await openWatched();
    const { heard, closed } = listenTo(link);
    inject(forger.seal(23, 5000, Buffer.from("before")));
    inject(forger.seal(21, 5001, Buffer.from([1, 0])));
    inject(forger.seal(23, 5002, Buffer.from("after")));
    expect(await closed).toBe("the server sent close_notify");
    expect(heard).toEqual(["before"]);
    link.send(Buffer.from("into the void"));
    link.close();
    link.close();
  });

  it("a fatal alert ends the link with a reason, an authentic oddity does not", async () => {
    const { link, inject, forger } = await openWatched();
    const { closed } = listenTo(link);
    inject(forger.seal(22, 5000, Buffer.alloc(12))); // HelloRequest
    inject(forger.seal(22, 5001, Buffer.from([4, 0]))); // NewSessionTicket, cut off
    inject(forger.seal(20, 5002, Buffer.from([1])));
    inject(forger.seal(21, 5003, Buffer.alloc(0)));
    inject(forger.seal(21, 5004, Buffer.from([1, 100])));
    link.send(Buffer.from("say hello"));
    inject(forger.seal(21, 5005, Buffer.from([2, 80])));
    expect(await closed).toBe("the server sent the alert internal_error");
  });

  it("a port that nobody listens on any more ends the link with a reason", async () => {
    const server = await openServer();
    const link = await openLink(targetAt(server.port));
    const { closed } = listenTo(link);
    await server.close();
    link.send(Buffer.from("say hello"));
    expect(await closed).toBe("nobody listens there any more");
  });

  it("what comes between the handshake and listen() is not lost", async () => {
    const { link, inject, forger, until } = await openWatched();
    inject(forger.seal(23, 20, Buffer.from("early")));
    link.send(Buffer.from("say later"));
    await until((from) => from === "server");
    const listening = listenTo(link);
    await listening.until(2);
    expect(listening.heard).toEqual(["early", "heard later"]);
  });
});

describe("a session the server still knows", () => {
  it("is resumed without telling the identity again, from another port, as often as wanted", async () => {
    const types: (number | undefined)[] = [];
    const relay = await openServerBehind((_, datagram) => {
      for (const record of splitRecords(datagram))
        if (record[0] === 22) types.push(record[4] === 0 ? record[13] : undefined);
      return [datagram];
    });
    const open = openerOf();
    for (const resumed of [false, true, true]) {
      types.length = 0;
      const link = await open(targetAt(relay.port));
      await expectEcho(link);
      link.close();
      expect(relay.server.sessions.at(-1)).toMatchObject({ resumed, identity });
      // ClientHello, HelloVerifyRequest, ClientHello, ServerHello, (ServerHelloDone, ClientKeyExchange,) two Finished
      const clear = types.filter((type) => type !== undefined);
      expect(clear).toEqual(resumed ? [1, 3, 1, 2] : [1, 3, 1, 2, 14, 16]);
    }
  });

  it("is made anew where the server has forgotten it", async () => {
    const port = await findFreePort();
    const open = openerOf();
    for (let run = 0; run < 2; run++) {
      const server = await openServer({ port });
      const link = await open(targetAt(port));
      await expectEcho(link);
      link.close();
      expect(server.sessions).toMatchObject([{ resumed: false }]);
      await server.close();
    }
  });

  it("is made anew where the account has another key by now", async () => {
    let secret = key;
    const server = await openServer({ key: () => secret });
    const open = openerOf();
    for (const digits of ["0001", "0002"]) {
      secret = Buffer.from(digits, "hex");
      const link = await open(targetAt(server.port, { key: secret }));
      await expectEcho(link);
      link.close();
    }
    expect(server.sessions).toMatchObject([{ resumed: false }, { resumed: false }]);
  });

  it("is not that of another identity at the same address", async () => {
    const server = await openServer({ key: () => key });
    const open = openerOf();
    for (const [name, resumed] of [
      ["a", false],
      ["b", false],
      ["a", true],
    ] as const) {
      (await open(targetAt(server.port, { identity: Buffer.from(name) }))).close();
      await server.until(({ sessions }) => sessions.at(-1)?.identity.toString() === name && sessions.at(-1)?.ended);
      expect(server.sessions.at(-1)).toMatchObject({ resumed });
    }
  });

  it("is tried once: where its resumption fails, the next handshake is a full one", async () => {
    let onCut: (() => void) | undefined;
    const relay = await openServerBehind((from, datagram) => {
      if (!onCut || from === "client" || !isHandshake(2, datagram)) return [datagram];
      onCut();
      return splitRecords(datagram).slice(0, -1); // without the Finished, which is the last record
    });
    const clock = createManualClock();
    const open = openerOf({ clock });
    (await open(targetAt(relay.port))).close();
    const cut = new Promise<void>((resolve) => {
      onCut = resolve;
    });
    const failure = open(targetAt(relay.port)).catch((error: Error) => error.message);
    await cut;
    await clock.advance(60_000);
    expect(await failure).toMatch(/timed out: the server has stopped answering/);
    onCut = undefined;
    await expectEcho(await open(targetAt(relay.port)));
    expect(relay.server.sessions.map(({ resumed }) => resumed)).toEqual([false, false]);
  });

  it("ends its handshake though our Finished is lost at first", { timeout: 30_000 }, async () => {
    let losses = 0;
    const relay = await openServerBehind((from, datagram) => {
      // our ChangeCipherSpec and Finished
      const isLast = from === "client" && datagram[0] === 20 && relay.server.sessions.length === 1;
      return isLast && ++losses <= 2 ? [] : [datagram];
    });
    const open = openerOf();
    (await open(targetAt(relay.port))).close();
    const link = await open(targetAt(relay.port));
    cleanups.push(() => link.close());
    await relay.server.until(({ sessions }) => sessions.length === 2);
    expect(relay.server.sessions[1]).toMatchObject({ resumed: true });
    expect(losses).toBe(3);
    await expectEcho(link);
  });
});

describe("a resumption that is tampered with fails", () => {
  const openTampered = async (tamper: RelayOptions["pass"], options: Partial<DtlsServerOptions> = {}) => {
    let isTampered = false;
    const relay = await openServerBehind((from, datagram) => {
      if (isTampered) tamper(from, datagram);
      return [datagram];
    }, options);
    const open = openerOf({ handshakeTimeoutMs: 2000 });
    (await open(targetAt(relay.port))).close();
    isTampered = true;
    return open(targetAt(relay.port));
  };

  it("where the extended master secret has gone from it, or has come", async () => {
    const opening = openTampered((from, datagram) => {
      const at = datagram.indexOf(Buffer.from("00170000", "hex"));
      if (from === "server" && isHandshake(2, datagram)) datagram.writeUInt16BE(0xff17, at);
      return [];
    });
    await expect(opening).rejects.toThrow(/failed: the server resumes a session it did not make$/);
  });

  it("where our ClientHello reached the server as another one", async () => {
    const opening = openTampered((from, datagram) => {
      const at = datagram.indexOf(Buffer.from("c0a800ae", "hex"));
      if (from === "client" && isHandshake(1, datagram)) datagram.writeUInt16BE(0x00af, at + 2);
      return [];
    });
    await expect(opening).rejects.toThrow(/failed: the server's Finished is wrong$/);
  });
});

describe("a handshake that fails says why, and what to do", () => {
  const failureOf = (opening: Promise<Link>) =>
    opening.then(
      () => "it succeeded",
      (error: Error) => `${error.name}: ${error.message}`,
    );

  /** What becomes of a handshake that gets no further than that message of its own. */
  const failureAfter = async (type: number, pass: RelayOptions["pass"], secret = key) => {
    let onPass = () => {};
    const passed = new Promise<void>((resolve) => {
      onPass = resolve;
    });
    const relay = await openServerBehind((from, datagram) => {
      if (isHandshake(type, datagram)) onPass();
      return pass(from, datagram);
    });
    const clock = createManualClock();
    const failure = failureOf(openerOf({ clock })(targetAt(relay.port, { key: secret })));
    await passed;
    await clock.advance(60_000);
    return (await failure).replace(String(relay.port), "PORT");
  };

  it("where the key is wrong: not the key itself, and the identity so that it can be looked for", async () => {
    expect(await failureAfter(16, (_, datagram) => [datagram], Buffer.from("wrong"))).toBe(
      'LinkError: handshake with 127.0.0.1:PORT timed out: no answer to PSK identity "urn:imei:490154203237518", check that the server has it, with the same key',
    );
  });

  it("where the server's answers end halfway", async () => {
    expect(await failureAfter(2, (_, datagram) => (isHandshake(2, datagram) ? [] : [datagram]))).toBe(
      "LinkError: handshake with 127.0.0.1:PORT timed out: the server has stopped answering, check the network",
    );
  });

  it.each([
    [
      "the identity is unknown",
      { key: () => undefined },
      "the server sent the alert unknown_psk_identity: give the server and the modem the same PSK identity",
    ],
    [
      "no suite is common to both",
      { ciphers: "PSK-AES128-GCM-SHA256" },
      "the server sent the alert handshake_failure: offer a cipher suite the server has (lwm2m.ciphers)",
    ],
    [
      "the server has DTLS 1.0 alone",
      { version: "1.0", ciphers: "PSK-AES128-CBC-SHA" } as const,
      "the server does not speak DTLS 1.2",
    ],
  ])("where %s", async (_, options, reason) => {
    const server = await openServer(options);
    const open = openerOf({ ciphers: [...DEFAULT_CIPHERS, "TLS_PSK_WITH_AES_128_CBC_SHA"] });
    expect(await failureOf(open(targetAt(server.port)))).toBe(
      `LinkError: handshake with 127.0.0.1:${server.port} failed: ${reason}`,
    );
  });

  it("where a ServerHello takes a suite that was not offered", async () => {
    const relay = await openServerBehind((from, datagram) => {
      if (from === "server" && isHandshake(2, datagram))
        datagram.writeUInt16BE(0x0000, 13 + 12 + 35 + datagram[13 + 12 + 34]!);
      return [datagram];
    });
    expect(await failureOf(openLink(targetAt(relay.port)))).toMatch(
      /failed: the server has chosen a cipher suite that was not offered$/,
    );
  });

  it("where nobody listens", async () => {
    const port = await findFreePort();
    const clock = createManualClock();
    const failure = failureOf(openerOf({ clock })(targetAt(port)));
    for (let i = 0; i < 20; i++) await clock.advance(1000);
    await refusedAt(port); // after the handshake's own
    await clock.advance(60_000);
    expect(await failure).toBe(`LinkError: handshake with 127.0.0.1:${port} timed out: nobody listens there`);
    expect(clock.pending()).toBe(0);
  });

  it("where it is abandoned, and leaves nothing behind", async () => {
    const clock = createManualClock();
    const open = openerOf({ clock });
    const abort = new AbortController();
    const opening = open(targetAt(await findFreePort()), abort.signal);
    await clock.settle();
    abort.abort();
    await expect(opening).rejects.toThrow(/was abandoned$/);
    await expect(open(targetAt(5684), abort.signal)).rejects.toThrow("abandoned");
    expect(clock.pending()).toBe(0);
  });

  it.each([
    [{ identity: Buffer.alloc(0) }, "no handshake with 127.0.0.1:5684: PSK identity or key is missing"],
    [{ key: Buffer.alloc(0) }, "no handshake with 127.0.0.1:5684: PSK identity or key is missing"],
    [{ port: 0 }, "no handshake with 127.0.0.1: port 0 cannot be sent to"],
  ])("where %o is asked for, before anything is sent", async (more, message) => {
    expect(await failureOf(openLink(targetAt(5684, more)))).toBe(`LinkError: ${message}`);
  });

  it("where a suite is unknown, before anything is sent", () => {
    expect(() => openerOf({ ciphers: ["TLS_FOO"] })).toThrow("cipher suite TLS_FOO cannot be offered");
  });
});

it("[ET-021] the ClientHello is sent again after 1, 2, 4, 8, 16 s, and given up after 60 s", async () => {
  const silent = createSocket("udp4");
  cleanups.push(() => silent.close());
  silent.bind(0, "127.0.0.1");
  await once(silent, "listening");
  const hellos: Buffer[] = [];
  silent.on("message", (datagram) => {
    if (datagram[0] === 22) hellos.push(datagram);
  });
  const clock = createManualClock();
  const failure = openerOf({ clock })(targetAt(silent.address().port)).catch((error: Error) => error.message);
  const arrived = async (count: number) => {
    while (hellos.length < count) await once(silent, "message");
  };
  await arrived(1);
  for (const [i, delayMs] of [1000, 2000, 4000, 8000, 16_000].entries()) {
    await clock.advance(delayMs - 1);
    await clock.settle();
    expect(hellos).toHaveLength(i + 1);
    await clock.advance(1);
    await arrived(i + 2);
  }
  await clock.advance(60_000 - 31_000);
  expect(await failure).toMatch(/timed out: no answer at all, check host, port and network$/);
  expect(clock.pending()).toBe(0);
  // The same hello each time, record sequence number aside (RFC 6347 §4.2.4).
  for (const hello of hellos) expect(hello.subarray(13)).toEqual(hellos[0]!.subarray(13));
  // It offers the two suites in order, no compression, and the extended master secret (RFC 7627 §5.1).
  expect(hellos[0]!.subarray(-14).toString("hex")).toBe("0004c0a800ae0100000400170000");
});

describe("the replay window", () => {
  it("takes each of the latest 64 records once, in any order, and any later one", () => {
    const window = createReplayWindow();
    const take = (sequence: number) => {
      if (!window.mayReceive(sequence)) return false;
      window.markAsReceived(sequence);
      return true;
    };
    expect([0, 2, 1, 1, 0].map(take)).toEqual([true, true, true, false, false]);
    expect([1000, 937, 936, 937, 1000, 999].map(take)).toEqual([true, true, false, false, false, true]);
    expect(take(2 ** 48 - 1)).toBe(true);
    expect(take(1001)).toBe(false);
  });
});
