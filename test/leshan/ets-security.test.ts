/** The conformance cases of bootstrap and of the secure channel whose other side is Leshan, seen from both sides. */
import { describe, expect, it } from "vitest";
import { describeOnLeshan, SOON } from "./bench.ts";
import { writePsk } from "./bootstrap-ini.ts";
import { cipherSuiteOf, HANDSHAKE, isHandshake, keyRefused, TLS_PSK_WITH_AES_128_CCM_8 } from "./dtls-records.ts";
import { describeRequest } from "./exchange.ts";
import { type CoapMessage, type SecurityAccount, textOptions, uriPath } from "./leshan.ts";
import { operationsOn, valuesOf } from "./operations.ts";

const OWN_KEY = "0123456789abcdef0123456789abcdef";
const GIVEN = { identity: "given-identity", key: "ffeeddccbbaa99887766554433221100" };

await describeOnLeshan((bench) => {
  const { version } = bench;

  describe.concurrent("ETS, bootstrap", () => {
    /** Has a factory-fresh device bootstrap in the clear. @returns what the Bootstrap-Server did, with the answers */
    const bootstrap = async (endpoint: string, account: Pick<SecurityAccount, "uri" | "identity" | "key">) => {
      const { leshan } = bench;
      const uri = `coap://127.0.0.1:${leshan.bootstrapCoapPort}`;
      const secure = account.key !== undefined;
      await leshan.addBootstrapConfig(endpoint, {
        servers: { 0: { shortId: 123, lifetime: 250 } },
        security: {
          0: { uri, bootstrapServer: true, securityMode: "NO_SEC", serverId: 111 },
          1: { ...account, bootstrapServer: false, securityMode: secure ? "PSK" : "NO_SEC", serverId: 123 },
        },
      });
      await bench.bootstrap(endpoint);
      expect(await bench.registered(endpoint)).toMatchObject({ lifetime: 250, secure });
      await leshan.settle();

      const messages = leshan.events.flatMap((one) => (one.event === "COAPLOG" ? [one.data] : []));
      const ask = messages.find((one) => uriPath(one) === "/bs" && textOptions(one, 15).includes(`ep=${endpoint}`))!;
      const log = leshan.coapLog(ask.peer);
      expect(log.find((one) => one.direction === "sent" && one.token === ask.token)).toMatchObject({ code: "2.04" });
      const isStep = (one: CoapMessage) => one.direction === "sent" && /^0\.0[1-4]$/.test(one.code);
      return log.filter(isStep).map((step) => {
        const answer = log.find((one) => one.direction === "received" && one.messageId === step.messageId)!;
        return `${describeRequest(step)} -> ${answer.code}`;
      });
    };

    // Leshan understands no Bootstrap-Discover but that of LwM2M 1.1: test/ets has it
    it("LightweightM2M-1.0-int-0 takes what is written, finishes, and registers with the Server it was given", async () => {
      expect(await bootstrap(`bootstrapped-${version}`, { uri: bench.nosecUri })).toEqual([
        "PUT /0/0 ct=11542 -> 2.04",
        "PUT /0/1 ct=11542 -> 2.04",
        "PUT /1/0 ct=11542 -> 2.04",
        "POST /bs -> 2.04",
      ]);
    });

    it("LightweightM2M-1.0-int-1 takes an account with a key, registers and is read over DTLS", async () => {
      const endpoint = `bootstrapped-psk-${version}`;
      await bench.leshan.addPsk(endpoint, GIVEN.identity, GIVEN.key);
      await bootstrap(endpoint, { uri: bench.pskUri, ...GIVEN });
      const answer = await operationsOn(bench, endpoint).read("/3/0", "TLV");
      expect(answer.wire).toBe("GET /3/0 accept=11542 -> 2.05 ct=11542");
      expect(valuesOf(answer)).toMatchObject({ 0: "Quectel", 1: "BG96" });
    });

    it("LES-BS-06 with a wrong key there is none", async () => {
      const { leshan } = bench;
      const endpoint = `wrong-bootstrap-key-${version}`;
      await leshan.addBootstrapPsk(endpoint, endpoint, GIVEN.key);
      const relay = await bench.relayTo(leshan.bootstrapCoapsPort);
      const modem = await bench.start({ endpoint });
      await writePsk(modem.efs, 100, `${endpoint}:${OWN_KEY}`);
      expect(await modem.at('AT+QLWM2M="bsmode",1')).toEqual(["OK"]);
      expect(await modem.at('AT+QLWM2M="bootstrap",4,0')).toEqual(["OK"]);
      expect(await modem.at(`AT+QLWM2M="bootstrap",1,"coaps://127.0.0.1:${relay.port}"`)).toEqual(["OK"]);
      expect(await modem.at('AT+QLWM2M="register"')).toEqual(["OK"]);
      await keyRefused(relay, SOON);
      await leshan.settle();
      const sessions = leshan.events.filter((one) => one.event === "BSSESSION" && one.data.endpoint === endpoint);
      expect(sessions).toEqual([]);
      expect(modem.lwm2mEvents()).toEqual([0, 1, 2]);
    });
  });

  describe.concurrent("ETS, a secure channel", () => {
    const endpoints = async () => (await bench.leshan.clients()).map((client) => client.endpoint);

    it("LightweightM2M-1.0-int-401 TD_COAP_DTLS_01 LES-SEC-01 carries Register and Read in one session of a mandated suite", async () => {
      const { leshan } = bench;
      const endpoint = `secure-${version}`;
      await leshan.addPsk(endpoint, "an-identity", GIVEN.key);
      const relay = await bench.relayTo(leshan.coapsPort);
      const server = `coaps://127.0.0.1:${relay.port}`;
      await bench.register({ server, endpoint, pskIdentity: "an-identity", pskKey: GIVEN.key });
      const suites = relay.seen.entries.flatMap(({ bytes }) => cipherSuiteOf(bytes) ?? []);
      expect(suites).toEqual([TLS_PSK_WITH_AES_128_CCM_8]);

      const answer = await operationsOn(bench, endpoint).read("/3/0", "TLV");
      expect(answer.wire).toBe("GET /3/0 accept=11542 -> 2.05 ct=11542");
      expect(valuesOf(answer)).toMatchObject({ 0: "Quectel", 1: "BG96" });
      expect(leshan.coapLog((await leshan.client(endpoint)).address).every((one) => one.secure)).toBe(true);
      const hellos = relay.seen.entries.filter(({ bytes }) => isHandshake(bytes, HANDSHAKE.serverHello));
      expect(hellos).toHaveLength(1);
    });

    it("LES-SEC-03 is not opened with a wrong key", async () => {
      const { leshan } = bench;
      const endpoint = `wrong-key-${version}`;
      await leshan.addPsk(endpoint, endpoint, GIVEN.key);
      const relay = await bench.relayTo(leshan.coapsPort);
      const server = `coaps://127.0.0.1:${relay.port}`;
      const modem = await bench.start({ server, endpoint, pskIdentity: endpoint, pskKey: OWN_KEY, register: true });
      await keyRefused(relay, SOON);
      expect(await endpoints()).not.toContain(endpoint);
      expect(modem.lwm2mEvents()).not.toContain(5);
    });

    it("LES-SEC-04 LSV-REG-13 registers no name that belongs to another identity, or to another channel", async () => {
      const { leshan } = bench;
      const owner = `owner-${version}`;
      const intruder = `intruder-${version}`;
      await leshan.addPsk(owner, owner, GIVEN.key);
      await leshan.addPsk(intruder, intruder, OWN_KEY);
      const since = leshan.mark();
      const refused = (secure: boolean) =>
        leshan.waitFor("COAPLOG", (one) => one.secure === secure && one.code === "4.03", SOON, since);
      const keys = { pskIdentity: intruder, pskKey: OWN_KEY };
      const asOwner = await bench.start({ server: bench.pskUri, endpoint: owner, ...keys, register: true });
      await refused(true);
      const inTheClear = await bench.start({ server: bench.nosecUri, endpoint: owner, register: true });
      await refused(false);
      expect(await endpoints()).not.toContain(owner);
      for (const modem of [asOwner, inTheClear]) expect(modem.lwm2mEvents()).not.toContain(5);
    });
  });
});
