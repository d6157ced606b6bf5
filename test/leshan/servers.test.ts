/** Servers side by side, and Servers that come back without their memory: real Leshans, several or restarted. */
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, createBench, isLeshanToBeHad, SOON } from "./bench.ts";
import { requestsIn } from "./exchange.ts";
import { type Registration, VERSIONS } from "./leshan.ts";
import type { ModemUnderTest } from "./modem-under-test.ts";
import { operationsOn, resource, valuesOf } from "./operations.ts";

const isThere = await isLeshanToBeHad();

describe.skipIf(!isThere)("Leshan 2.0.0-M18 and 1.5.0, servers of one device", () => {
  const [newer, older] = VERSIONS.map((version) => createBench(version)) as [Bench, Bench];
  const endpoint = "of-two-servers";
  const [one, other] = [operationsOn(newer, endpoint), operationsOn(older, endpoint)];
  let modem: ModemUnderTest;

  // 101 owns the Device, which 102 may read; 102 owns a container of which 101 may do nothing
  beforeAll(async () => {
    const bootstrapUri = `coap://127.0.0.1:${newer.leshan.bootstrapCoapPort}`;
    const account = { bootstrapServer: false, securityMode: "NO_SEC" } as const;
    await newer.leshan.addBootstrapConfig(endpoint, {
      toDelete: ["/0", "/1"],
      servers: { 1: { shortId: 101, lifetime: 300 }, 2: { shortId: 102, lifetime: 600 } },
      security: {
        0: { ...account, uri: bootstrapUri, bootstrapServer: true, serverId: 111 },
        1: { ...account, uri: newer.nosecUri, serverId: 101 },
        2: { ...account, uri: older.nosecUri, serverId: 102 },
      },
      acls: {
        0: { objectId: 3, objectInstanceId: 0, acls: { 102: 1 }, AccessControlOwner: 101 },
        1: { objectId: 19, objectInstanceId: 1, acls: { 102: 3 }, AccessControlOwner: 102 },
      },
    });
    modem = await newer.bootstrap(endpoint);
    await Promise.all([newer, older].map((bench) => bench.registered(endpoint)));
  });

  it("LightweightM2M-1.0-int-950 each has a registration of its own, told of its own lifetime, and is served", async () => {
    const registrations = await Promise.all([newer, older].map(({ leshan }) => leshan.client(endpoint)));
    expect(registrations.map(({ lifetime }) => lifetime)).toEqual([300, 600]);
    expect(valuesOf(await one.read("/1/1/0", "TEXT"))).toEqual({ 0: 101 });
    expect(valuesOf(await other.read("/1/2/0", "TEXT"))).toEqual({ 0: 102 });
    for (const server of [one, other]) expect((await server.read("/3/0/1", "TEXT")).payload.toString()).toBe("BG96");
    expect((await one.execute("/1/1/8")).wire).toBe("POST /1/1/8 -> 2.04");
    for (const { leshan } of [newer, older]) await leshan.settle();
    const [first, second] = registrations.map(({ address }, index) =>
      requestsIn([newer, older][index]!.leshan.coapLog(address)),
    );
    expect(first!.slice(1)).toEqual([`POST /rd/${registrations[0]!.registrationId}`]);
    expect(second!.slice(1)).toEqual([]);
  });

  it("[BG-036][OM-016][OM-041][ET-034] what the Bootstrap-Server has written of access is kept to: 4.01 for all else", async () => {
    expect((await other.read("/2/0", "TLV")).wire).toBe("GET /2/0 accept=11542 -> 2.05 ct=11542");
    expect((await other.write("/3/0/15", resource(15, "Europe/Paris"))).wire).toBe("PUT /3/0/15 ct=11542 -> 4.01");
    expect((await other.execute("/3/0/4")).wire).toBe("POST /3/0/4 -> 4.01");
    expect((await one.write("/3/0/15", resource(15, "Europe/Paris"))).wire).toBe("PUT /3/0/15 ct=11542 -> 2.04");
    expect((await other.read("/3/0/15", "TEXT")).payload.toString()).toBe("Europe/Paris");

    const data = resource(0, "6869", "OPAQUE");
    expect((await one.write("/19/1/0", data, "OPAQUE")).wire).toBe("PUT /19/1/0 ct=42 -> 4.01");
    expect((await one.read("/19/1/0", "OPAQUE")).wire).toBe("GET /19/1/0 accept=42 -> 4.01");
    expect((await other.write("/19/1/0", data, "OPAQUE")).wire).toBe("PUT /19/1/0 ct=42 -> 2.04");
    expect((await one.read("/1/2/1", "TEXT")).wire).toBe("GET /1/2/1 accept=0 -> 4.01");
    expect((await other.write("/1/1/1", resource(1, 60))).wire).toBe("PUT /1/1/1 ct=11542 -> 4.01");
  });

  it("both observe one Resource, each by its own token", async () => {
    const since = [newer.leshan.mark(), older.leshan.mark()] as const;
    const tokens = [(await one.observe("/3/0/9")).token, (await other.observe("/3/0/9")).token];
    await modem.set("battery.percent=44");
    const isNew = (content: Parameters<typeof valuesOf>[0]["content"]) => valuesOf({ content })[9] === 44;
    const seen = [await one.notified("/3/0/9", isNew, since[0]), await other.notified("/3/0/9", isNew, since[1])];
    expect(seen.map(({ token }) => token)).toEqual(tokens);
  });

  it("LightweightM2M-1.0-int-951 each has attributes of its own", async () => {
    expect((await one.writeAttributes("/3/0", "pmin=2&pmax=10")).wire).toBe("PUT /3/0?pmin=2&pmax=10 -> 2.04");
    expect((await other.writeAttributes("/3/0", "pmin=15&pmax=50")).wire).toBe("PUT /3/0?pmin=15&pmax=50 -> 2.04");
    const attributes = async (server: typeof one) =>
      (await server.discover("/3/0")).objectLinks!.find((link) => link.url === "/3/0")?.attributes;
    expect(await attributes(one)).toEqual({ pmin: "2", pmax: "10" });
    expect(await attributes(other)).toEqual({ pmin: "15", pmax: "50" });
  });

  it("leaving one stays with the other", async () => {
    const { address } = await newer.leshan.client(endpoint);
    const since = [newer.leshan.mark(), older.leshan.mark()] as const;
    expect((await other.execute("/1/2/4")).status).toBe("2.04");
    await older.leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since[1]);
    expect((await one.read("/3/0/1", "TEXT")).status).toBe("2.05");
    expect(requestsIn(newer.leshan.coapLog(address, since[0]))).toEqual([]);
  });
});

describe.skipIf(!isThere).each(VERSIONS)("Leshan %s", (version) => {
  describe("restarted", () => {
    const bench = createBench(version);
    const psk = { identity: "restarted", key: "00112233445566778899aabbccddeeff" };
    // lost messages are told from lost sessions within seconds
    const env = { BG96_COAP_ACK_TIMEOUT_MS: "300", BG96_COAP_MAX_RETRANSMIT: "3" };
    const [clear, secure] = [`clear-${version}`, `secure-${version}`];
    let modems: readonly [ModemUnderTest, ModemUnderTest];
    let before: Registration;

    beforeAll(async () => {
      const keys = { pskIdentity: psk.identity, pskKey: psk.key };
      await bench.leshan.addPsk(secure, psk.identity, psk.key);
      modems = [
        await bench.register({ server: bench.nosecUri, endpoint: clear, env }),
        await bench.register({ server: bench.pskUri, endpoint: secure, ...keys, env }),
      ];
      before = await bench.leshan.client(clear);
      await bench.leshan.restart();
      await bench.leshan.addPsk(secure, psk.identity, psk.key);
      expect(await bench.leshan.clients()).toEqual([]);
    });
    afterAll(bench.closeAll);

    it("[OM-028] answers 4.04 to Update, and the device registers anew", async () => {
      const { leshan } = bench;
      const since = leshan.mark();
      expect(await modems[0].at('AT+QLWM2M="update",0,0')).toEqual(["OK"]);
      await bench.registered(clear, since);
      await leshan.settle();
      const log = leshan.coapLog(before.address, since);
      expect(requestsIn(log)).toEqual([`POST /rd/${before.registrationId}`]);
      expect(log.find((one) => one.direction === "sent")).toMatchObject({ code: "4.04", token: log[0]!.token });
      expect((await operationsOn(bench, clear).read("/3/0/1", "TEXT")).status).toBe("2.05");
    });

    it("knows no DTLS session any more: the device opens a new one and registers in it", async () => {
      const since = bench.leshan.mark();
      expect(await modems[1].at('AT+QLWM2M="update",0,0')).toEqual(["OK"]);
      expect((await bench.registered(secure, since)).secure).toBe(true);
      expect((await operationsOn(bench, secure).read("/3/0/1", "TEXT")).status).toBe("2.05");
    });
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
if (!hasIpv6) console.warn("\nSKIPPED: Leshan on [::1]: this host has no IPv6 loopback\n");

describe.skipIf(!isThere || !hasIpv6)("Leshan 2.0.0-M18 on [::1]", () => {
  const bench = createBench("2.0.0-M18", "::1");

  it("is registered with and reads, in the clear and over DTLS", async () => {
    const endpoint = "ipv6";
    expect(bench.nosecUri).toContain("[::1]");
    const keys = { pskIdentity: endpoint, pskKey: "00112233445566778899aabbccddeeff" };
    for (const options of [{ server: bench.nosecUri }, { server: bench.pskUri, ...keys }]) {
      if (options.server === bench.pskUri) await bench.leshan.addPsk(endpoint, keys.pskIdentity, keys.pskKey);
      const since = bench.leshan.mark();
      const modem = await bench.start({ endpoint, register: true, ...options });
      const { address } = await bench.registered(endpoint, since);
      expect(address).toMatch(/^0:0:0:0:0:0:0:1:\d+$/);
      expect((await operationsOn(bench, endpoint).read("/3/0/1", "TEXT")).wire).toBe(
        "GET /3/0/1 accept=0 -> 2.05 ct=0",
      );
      await modem.stop();
    }
  });
});
