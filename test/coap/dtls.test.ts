import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createDtlsOpener } from "#coap/dtls";
import type { Link, LinkTarget } from "#coap/link";
import { createReplayWindow } from "#coap/replay-window";
import { silentLog, systemClock } from "#runtime";
import {
  createForger,
  dtlsRecord,
  findFreePort,
  lossy,
  type OpensslOptions,
  openOpensslServer,
  openRelay,
  type RelayOptions,
  splitRecords,
} from "../support/coap-dtls-server.ts";
import { createManualClock, createSeededRandom } from "../support/manual-clock.ts";

const KEY_HEX = "000102030405060708090a0b0c0dfeff";
const identity = Buffer.from("urn:imei:490154203237518");
const key = Buffer.from(KEY_HEX, "hex");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const openLink = createDtlsOpener({ clock: systemClock, log: silentLog });

const targetAt = (port: number, more: Partial<LinkTarget> = {}): LinkTarget => ({
  scheme: "coaps",
  host: "127.0.0.1",
  port,
  identity,
  key,
  ...more,
});

async function openServer(options: Partial<OpensslOptions> = {}) {
  const server = await openOpensslServer({ keyHex: KEY_HEX, ...options });
  cleanups.push(() => server.close());
  return server;
}

/** A server behind a relay. */
async function openServerBehind(pass: RelayOptions["pass"], options: Partial<OpensslOptions> = {}) {
  const server = await openServer(options);
  const relay = await openRelay({ serverPort: server.port, pass });
  cleanups.push(() => relay.close());
  return relay;
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
  const relay = await openServerBehind((from, datagram) => {
    forger.watch(datagram);
    onPass(from, datagram);
    return [datagram];
  });
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
  link.send(Buffer.from("say hello\n"));
  await until(1);
  expect(heard).toEqual(["heard hello\n"]);
}

describe("with an OpenSSL server", () => {
  it("[ET-021] datagrams go both ways over TLS_PSK_WITH_AES_128_CCM_8, the first cipher offered", async () => {
    const server = await openServer({ cipher: "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256" });
    const link = await openLink(targetAt(server.port));
    expect(link.description).toBe(`dtls 127.0.0.1:${server.port}`);
    expect(link.localPort).toBeGreaterThan(0);
    await expectEcho(link);
  });

  it("[ET-021] a server that has TLS_PSK_WITH_AES_128_CBC_SHA256 alone is served by it", async () => {
    const server = await openServer({ cipher: "PSK-AES128-CBC-SHA256" });
    await expectEcho(await openLink(targetAt(server.port)));
  });

  it("the ciphers offered can be chosen", async () => {
    const server = await openServer({ cipher: "PSK-AES128-GCM-SHA256" });
    const refused = openLink(targetAt(server.port));
    await expect(refused).rejects.toThrow(
      /^handshake with 127\.0\.0\.1:\d+ failed: the server sent the alert handshake_failure$/,
    );
    await expectEcho(await openLink(targetAt(server.port, { ciphers: ["TLS_PSK_WITH_AES_128_GCM_SHA256"] })));
  });

  it("a cookie exchange and an identity hint are gone through", async () => {
    const server = await openServer({ more: ["-listen", "-psk_hint", "some hint"] });
    await expectEcho(await openLink(targetAt(server.port)));
  });

  it("20 of 20 handshakes succeed where one datagram in five is lost", { timeout: 60_000 }, async () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 41);
    const relays = await Promise.all(seeds.map((seed) => openServerBehind(lossy(createSeededRandom(seed), 0.2))));
    const links = await Promise.allSettled(relays.map(({ port }) => openLink(targetAt(port))));
    expect(links.map(({ status }) => status)).toEqual(seeds.map(() => "fulfilled"));
    for (const link of links) if (link.status === "fulfilled") link.value.close();
  });

  it("repeated and lost datagrams together do not stop a handshake", { timeout: 60_000 }, async () => {
    const seeds = Array.from({ length: 6 }, (_, i) => i + 100);
    const relays = await Promise.all(
      seeds.map((seed) => openServerBehind(lossy(createSeededRandom(seed), 0.1, 0.5), { more: ["-listen"] })),
    );
    const links = await Promise.all(relays.map(({ port }) => openLink(targetAt(port))));
    for (const link of links) link.close();
  });

  it("a wrong key ends in one line that says what to check, and not the key", async () => {
    const server = await openServer();
    const open = createDtlsOpener({ clock: systemClock, log: silentLog, handshakeTimeoutMs: 1500 });
    const failure = await open(targetAt(server.port, { key: Buffer.from("wrong") })).catch((error: Error) => error);
    expect(failure).toMatchObject({
      name: "LinkError",
      message: `handshake with 127.0.0.1:${server.port} timed out: check PSK identity and key`,
    });
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
      link.send(Buffer.from(`say ${i}\n`));
      await lost;
    }
    isDeaf = false;
    link.send(Buffer.from("say after\n"));
    await until(1);
    expect(heard).toEqual(["heard after\n"]);
  });

  it("a repeated record is heard once", async () => {
    const relay = await openServerBehind((from, datagram) => (from === "client" ? [datagram] : [datagram, datagram]));
    const link = await openLink(targetAt(relay.port));
    const { heard, until } = listenTo(link);
    link.send(Buffer.from("say a\n"));
    await until(1);
    link.send(Buffer.from("say b\n"));
    await until(2);
    expect(heard).toEqual(["heard a\n", "heard b\n"]);
  });

  it("forged records and odd handshake messages do not stop a handshake", async () => {
    const handshake = (type: number, sequence: number, body: Buffer, total = body.length, offset = 0) => {
      const head = Buffer.alloc(12);
      head[0] = type;
      head.writeUIntBE(total, 1, 3);
      head.writeUInt16BE(sequence, 4);
      head.writeUIntBE(offset, 6, 3);
      head.writeUIntBE(body.length, 9, 3);
      return Buffer.concat([head, body]);
    };
    const odd = [
      dtlsRecord(23, 1, 5, Buffer.alloc(40)),
      dtlsRecord(22, 1, 2 ** 47, Buffer.alloc(40)),
      dtlsRecord(22, 0, 120, handshake(11, 1, Buffer.alloc(30))), // would push a replay window beyond the genuine ones
      dtlsRecord(22, 0, 180, handshake(11, 1, Buffer.alloc(30))),
      dtlsRecord(20, 0, 900, Buffer.from([1])),
      dtlsRecord(22, 0, 2 ** 47, handshake(11, 1, Buffer.alloc(30))), // Certificate
      dtlsRecord(22, 0, 901, handshake(4, 1, Buffer.alloc(10))), // NewSessionTicket
      dtlsRecord(22, 0, 902, handshake(13, 2, Buffer.alloc(10))), // CertificateRequest
      dtlsRecord(22, 0, 903, handshake(0, 1, Buffer.alloc(0))), // HelloRequest
      dtlsRecord(22, 0, 904, handshake(99, 1, Buffer.alloc(5))),
      dtlsRecord(22, 0, 905, handshake(2, 1, Buffer.alloc(20)).subarray(0, 25)), // cut off
      dtlsRecord(22, 0, 906, Buffer.from([2])),
      dtlsRecord(22, 0, 907, handshake(2, 7, Buffer.alloc(5), 2 ** 24 - 1, 2 ** 20)),
      dtlsRecord(22, 0, 908, handshake(2, 60000, Buffer.alloc(5))),
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
    await expectEcho(await openLink(targetAt(relay.port)));
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
    link.send(Buffer.from("into the void\n"));
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
    link.send(Buffer.from("say hello\n"));
    inject(forger.seal(21, 5005, Buffer.from([2, 80])));
    expect(await closed).toBe("the server sent the alert internal_error");
  });

  it("what comes between the handshake and listen() is not lost", async () => {
    const { link, inject, forger, until } = await openWatched();
    inject(forger.seal(23, 20, Buffer.from("early")));
    link.send(Buffer.from("say later\n"));
    await until((from) => from === "server");
    const listening = listenTo(link);
    await listening.until(2);
    expect(listening.heard).toEqual(["early", "heard later\n"]);
  });
});

describe("without a server", () => {
  it("a port nobody listens on is told as such", async () => {
    const port = await findFreePort();
    const clock = createManualClock();
    const open = createDtlsOpener({ clock, log: silentLog });
    const failure = open(targetAt(port)).catch((error: Error) => error.message);
    const probe = createSocket("udp4"); // its refusal comes after the handshake's own
    probe.on("error", () => {});
    probe.connect(port, "127.0.0.1");
    await once(probe, "connect");
    for (let i = 0; i < 20; i++) await clock.advance(1000);
    const refused = once(probe, "error");
    probe.send("x");
    await refused;
    probe.close();
    await clock.advance(60_000);
    expect(await failure).toBe(`handshake with 127.0.0.1:${port} timed out: nobody listens there`);
    expect(clock.pending()).toBe(0);
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
    const open = createDtlsOpener({ clock, log: silentLog });
    const failure = open(targetAt(silent.address().port)).catch((error: Error) => error.message);
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
    // It offers the two suites in order, no compression, and an empty extensions block (RFC 5246 §7.4.1.2).
    expect(hellos[0]!.subarray(-12).toString("hex")).toBe("0004c0a800ae01000000".padStart(24, "0"));
  });

  it("an abandoned handshake fails and leaves nothing behind", async () => {
    const clock = createManualClock();
    const open = createDtlsOpener({ clock, log: silentLog });
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
    [{ ciphers: ["TLS_FOO"] }, "cipher suite TLS_FOO cannot be offered: it is not a known PSK suite"],
    [{ port: 0 }, "no handshake with 127.0.0.1: port 0 cannot be sent to"],
  ])("%o is refused before anything is sent", async (more, message) => {
    await expect(openLink(targetAt(5684, more))).rejects.toMatchObject({ name: "LinkError", message });
  });
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
