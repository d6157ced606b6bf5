import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { describeOnLeshan, READY, SOON } from "./bench.ts";
import { configureServer, writePsk } from "./bootstrap-ini.ts";
import { keyRefused } from "./dtls-records.ts";
import { type CoapMessage, type Content, type Leshan, textOptions, uriPath, valueIn } from "./leshan.ts";
import type { ModemUnderTest } from "./modem-under-test.ts";
import { coapHeader } from "./relay.ts";

/** Of a modem that registers as it boots, which may be done before anybody reads at its port. */
const expectReady = (modem: ModemUnderTest, withinMs = SOON) =>
  expect.poll(async () => (await modem.status()).lastEvent?.event, { timeout: withinMs }).toBe(5);

await describeOnLeshan((bench) => {
  const { version, start, relayTo, scratch, registered, onClose, closeAll } = bench;
  let leshan: Leshan;
  beforeAll(() => {
    leshan = bench.leshan;
  });

  describe("a modem registered without security", () => {
    const endpoint = `nosec-${version}`;
    let modem: ModemUnderTest;
    /** The modem's one Server instance, "/1/1", and its short server id. */
    let account: string;
    let ssid: number;

    beforeAll(async () => {
      modem = await start({ server: bench.nosecUri, endpoint, lifetime: 300 });
      expect(await modem.at('AT+QLWM2M="register"')).toEqual(["OK"]);
      await registered(endpoint);
      await modem.waitUrc(READY, SOON);
      account = (await leshan.client(endpoint)).objectLinks.find((link) => link.url.startsWith("/1/"))!.url;
      ssid = Number(valueIn((await leshan.read(endpoint, `${account}/0`)).content, 0));
    });
    afterAll(closeAll);

    const peer = async (): Promise<string> => (await leshan.client(endpoint)).address;
    const notified = (path: string, fits: (content: Content | undefined) => boolean, since: number) =>
      leshan.waitFor(
        "NOTIFICATION",
        (data) => data.endpoint === endpoint && data.path === path && fits(data.content),
        SOON,
        since,
      );
    const updated = (lifetime: number, since: number) =>
      leshan.waitFor(
        "UPDATED",
        (data) => data.endpoint === endpoint && data.registration.lifetime === lifetime,
        SOON,
        since,
      );

    it("[BG-009][BG-162][BG-163][BG-164][OM-026][OM-027] registers with name, lifetime, binding and object list, telling 0,3,4,5", async () => {
      expect(modem.lwm2mEvents()).toEqual([0, 3, 4, 5]);
      const client = await leshan.client(endpoint);
      expect(client).toMatchObject({ lifetime: 300, secure: false });
      expect(client.lwM2mVersion).toMatch(/1\.0/);
      const links = client.objectLinks.map((link) => link.url);
      expect(links).toEqual(expect.arrayContaining([account, "/3/0", "/4/0"]));
      expect(links.filter((url) => url.startsWith("/0"))).toEqual([]);
      const binding = (await leshan.read(endpoint, `${account}/7`)).content;
      expect([...client.binding].sort()).toEqual([...String(valueIn(binding, 7))].sort());

      await leshan.settle();
      const [register] = leshan.coapLog(client.address).filter((one) => one.direction === "received");
      expect(register).toMatchObject({ type: "CON", code: "0.02" });
      expect(uriPath(register!)).toBe("/rd");
      expect(textOptions(register!, 15)).toEqual(expect.arrayContaining([`ep=${endpoint}`, "lt=300", "lwm2m=1.0"]));
    });

    it("[BG-021][BG-037][OM-046] reads Device as object and as instance, every value decoded", async () => {
      const [imei] = await modem.at("AT+CGSN");
      const object = await leshan.read(endpoint, "/3");
      const instance = await leshan.read(endpoint, "/3/0");
      expect(object).toMatchObject({ status: "2.05", content: { kind: "object", id: 3, instances: [{ id: 0 }] } });
      expect(instance).toMatchObject({ status: "2.05", content: { kind: "instance", id: 0 } });
      const device = instance.content;
      expect(valueIn(device, 0)).toBe("Quectel");
      expect(valueIn(device, 1)).toBe("BG96");
      expect(valueIn(device, 2)).toBe(imei);
      const [revision] = await modem.at("AT+CGMR");
      expect(valueIn(device, 3)).toBe(revision);
      const [, percent] = /^\+CBC: \d,(\d+),\d+$/.exec((await modem.at("AT+CBC"))[0]!)!;
      expect(valueIn(device, 9)).toBe(Number(percent));
      expect(device).toMatchObject({
        resources: expect.arrayContaining([expect.objectContaining({ id: 13, type: "TIME" })]),
      });
    });

    it("[BG-021][OM-044][OM-046] reads one resource in text and in TLV, and as it likes", async () => {
      for (const format of ["TEXT", "TLV", undefined]) {
        const answer = await leshan.read(endpoint, "/3/0/0", format === undefined ? {} : { format });
        expect(answer).toMatchObject({ status: "2.05", content: { kind: "singleResource", id: 0, value: "Quectel" } });
      }
    });

    it("[BG-027] refuses what the object definition does not offer", async () => {
      const rename: Content = { kind: "singleResource", id: 0, type: "STRING", value: "Acme" };
      expect((await leshan.write(endpoint, "/3/0/0", rename)).status).toBe("4.05");
      expect((await leshan.execute(endpoint, "/3/0/0")).status).toBe("4.05");
      expect((await leshan.read(endpoint, "/3/0/4")).status).toBe("4.05");
      expect((await leshan.read(endpoint, "/3/0/99")).status).toBe("4.04");
    });

    it("[BG-026][BG-194][OM-031] lists a Server's resources on Discover, the executable ones too", async () => {
      const answer = await leshan.discover(endpoint, account);
      expect(answer.status).toBe("2.05");
      const links = answer.objectLinks!.map((link) => link.url);
      for (const id of [0, 1, 4, 6, 7, 8]) expect(links).toContain(`${account}/${id}`);
    });

    it("[BG-011][BG-022][BG-031][BG-032][BG-035][OM-030][OM-032] a written lifetime is notified, read back and used", async () => {
      const path = `${account}/1`;
      const since = leshan.mark();
      const observation = await leshan.observe(endpoint, path);
      expect(observation).toMatchObject({ status: "2.05", content: { id: 1, value: 300 } });
      const lifetime: Content = { kind: "singleResource", id: 1, type: "INTEGER", value: 400 };
      expect((await leshan.write(endpoint, path, lifetime)).status).toBe("2.04");
      const notification = await notified(path, (content) => valueIn(content, 1) === 400, since);
      expect(notification.token).toBe(observation.token);
      await updated(400, since);
      expect((await leshan.read(endpoint, path)).content).toMatchObject({ value: 400 });
    });

    it('[BG-032][BG-125] AT+QLWM2M="lifetime" is notified to the observing server and told in an Update', async () => {
      const since = leshan.mark();
      expect(await modem.at(`AT+QLWM2M="lifetime",${ssid},500`)).toEqual(["OK"]);
      await notified(`${account}/1`, (content) => valueIn(content, 1) === 500, since);
      await updated(500, since);
    });

    it("[BG-033] a reset notification ends the observation", async () => {
      const path = `${account}/1`;
      const { token } = await leshan.observe(endpoint, path);
      expect((await leshan.cancelObservation(endpoint, path, "passive")).success).toBe(true);
      const since = leshan.mark();
      const isNotification = (one: CoapMessage): boolean => one.direction === "received" && one.token === token;
      expect(await modem.at(`AT+QLWM2M="lifetime",${ssid},600`)).toEqual(["OK"]);
      const last = await leshan.waitFor("COAPLOG", isNotification, SOON, since);
      await leshan.waitFor("COAPLOG", (one) => one.type === "RST" && one.messageId === last.messageId, SOON, since);
      const afterReset = leshan.mark();
      expect(await modem.at(`AT+QLWM2M="lifetime",${ssid},700`)).toEqual(["OK"]);
      await updated(700, afterReset);
      // The default minimum period may hold a notification back for a second.
      await expect(leshan.waitFor("COAPLOG", isNotification, 2000, afterReset)).rejects.toThrow("not within 2000 ms");
    });

    it.skipIf(version === "1.5.0")("[BG-033][OM-039] a cancel request ends the observation", async () => {
      const path = `${account}/1`;
      const { token } = await leshan.observe(endpoint, path);
      expect(await leshan.cancelObservation(endpoint, path, "active")).toMatchObject({
        status: "2.05",
        content: { id: 1 },
      });
      const since = leshan.mark();
      expect(await modem.at(`AT+QLWM2M="lifetime",${ssid},800`)).toEqual(["OK"]);
      await updated(800, since);
      // the answer to the cancel request, an Acknowledgement, may be told of late
      const isNotification = (one: CoapMessage): boolean =>
        one.direction === "received" && one.token === token && one.type !== "ACK";
      await expect(leshan.waitFor("COAPLOG", isNotification, 2000, since)).rejects.toThrow("not within 2000 ms");
    });

    it("[BG-025][OM-033][OM-037] written periods pace the notifications of the clock", async () => {
      const path = "/3/0/13";
      expect((await leshan.writeAttributes(endpoint, path, "pmin=1&pmax=2")).status).toBe("2.04");
      const discovered = (await leshan.discover(endpoint, "/3/0")).objectLinks!.find((link) => link.url === path);
      expect(discovered?.attributes).toEqual({ pmin: "1", pmax: "2" });
      let since = leshan.mark();
      const observation = await leshan.observe(endpoint, path);
      const times = [Number(valueIn(observation.content, 13))];
      for (let count = 0; count < 2; count += 1) {
        const previous = times.at(-1)!;
        const notification = await notified(path, (content) => Number(valueIn(content, 13)) > previous, since);
        times.push(Number(valueIn(notification.content, 13)));
        since = leshan.mark();
      }
      // The clock's own values, in whole seconds, tell the pace: never faster than pmin, never slower than pmax.
      for (const [index, time] of times.slice(1).entries()) {
        expect(time - times[index]!).toBeGreaterThanOrEqual(1000);
        expect(time - times[index]!).toBeLessThanOrEqual(3000);
      }
      await leshan.cancelObservation(endpoint, path, "passive");
    });

    it("[BG-031][BG-032] a falling battery is notified to the server observing /3/0/9", async () => {
      const since = leshan.mark();
      const observation = await leshan.observe(endpoint, "/3/0/9");
      const before = Number(valueIn(observation.content, 9));
      await modem.set(`battery.percent=${before - 1}`);
      await notified("/3/0/9", (content) => valueIn(content, 9) === before - 1, since);
    });

    it("[BG-024][OM-034] executing the Registration Update Trigger brings an Update", async () => {
      const since = leshan.mark();
      expect((await leshan.execute(endpoint, `${account}/8`)).status).toBe("2.04");
      await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
    });

    it('[BG-120][BG-121][BG-122][OM-028] AT+QLWM2M="update" sends an Update with and without the object list', async () => {
      for (const mode of [0, 1]) {
        const since = leshan.mark();
        expect(await modem.at(`AT+QLWM2M="update",${ssid},${mode}`)).toEqual(["OK"]);
        const update = await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
        expect(update.withObjectLinks).toBe(mode === 1);
      }
    });

    it("[BG-127][BG-131][BG-166][BG-167][BG-168][BG-198] uplink data of object 19 reaches the observing server", async () => {
      const urcsSince = modem.mark();
      let since = leshan.mark();
      const observation = await leshan.observe(endpoint, "/19/0/0");
      expect(observation.status).toBe("2.05");
      const [, token] = await modem.waitUrc(/^\+QLWOBSERVE: "([0-9A-F]+)","\/19\/0\/0"(?:,0)?$/, SOON, urcsSince);
      expect(token!.toLowerCase()).toBe(observation.token);

      expect(await modem.at('AT+QLWM2M="uldata",19,5,"hello"')).toEqual(["OK"]);
      await notified("/19/0/0", (content) => valueIn(content, 0) === Buffer.from("hello").toString("hex"), since);
      since = leshan.mark();
      expect(await modem.at('AT+QLWM2M="ulhex",19,5,"00FF10800A"')).toEqual(["OK"]);
      await notified("/19/0/0", (content) => valueIn(content, 0) === "00ff10800a", since);
    });

    it("[BG-132][BG-133][BG-170][BG-171][BG-172] data written to object 19 comes out of the port, as text or in hex", async () => {
      const value = Buffer.from("good day").toString("hex");
      const single: Content = { kind: "singleResource", id: 0, type: "OPAQUE", value };
      const multiple: Content = { kind: "multiResource", id: 0, type: "OPAQUE", values: { 0: value } };

      expect(await modem.at('AT+QLWM2M="dltype",0')).toEqual(["OK"]);
      for (const [node, format] of [
        [single, "OPAQUE"],
        [multiple, "TLV"],
      ] as const) {
        const since = modem.mark();
        expect((await leshan.write(endpoint, "/19/1/0", node, { format })).status).toBe("2.04");
        await modem.waitUrc(/^\+QLWDLDATA: "\/19\/1\/0",4,8,"good day"$/, SOON, since);
      }
      expect(await modem.at('AT+QLWM2M="dltype",1')).toEqual(["OK"]);
      const since = modem.mark();
      expect((await leshan.write(endpoint, "/19/1/0", single, { format: "OPAQUE" })).status).toBe("2.04");
      await modem.waitUrc(/^\+QLWDLDATA: "\/19\/1\/0",5,8,"676F6F6420646179"$/i, SOON, since);
    });

    it("[BG-194] executing Disable leaves the server for the Disable Timeout", async () => {
      const since = leshan.mark();
      const timeout: Content = { kind: "singleResource", id: 5, type: "INTEGER", value: 2 };
      expect((await leshan.write(endpoint, `${account}/5`, timeout)).status).toBe("2.04");
      expect((await leshan.execute(endpoint, `${account}/4`)).status).toBe("2.04");
      const gone = await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since);
      expect(gone.expired).toBe(false);
      await registered(endpoint, since);
    });

    it('[BG-014][BG-124][OM-029] AT+QLWM2M="deregister" de-registers, and register brings it back', async () => {
      const since = leshan.mark();
      const address = await peer();
      expect(await modem.at('AT+QLWM2M="deregister"')).toEqual(["OK"]);
      const gone = await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since);
      expect(gone.expired).toBe(false);
      await leshan.settle();
      expect(leshan.coapLog(address, since).map((one) => one.code)).toContain("2.02");
      expect((await leshan.clients()).map((client) => client.endpoint)).not.toContain(endpoint);
      const urcsSince = modem.mark();
      expect(await modem.at('AT+QLWM2M="register"')).toEqual(["OK"]);
      await registered(endpoint, since);
      await modem.waitUrc(READY, SOON, urcsSince);
    });

    it("[BG-014] SIGTERM de-registers and ends with 0", async () => {
      const since = leshan.mark();
      expect(await modem.stop()).toBe(0);
      const gone = await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since);
      expect(gone.expired).toBe(false);
    });
  });

  describe("over a network that loses and repeats", () => {
    afterEach(closeAll);

    it("[ET-019] a lost Register and a lost answer are made good by retransmission, as one registration", async () => {
      const endpoint = `lossy-${version}`;
      const relay = await relayTo(leshan.coapPort);
      const firstOf = { toServer: true, toClient: true };
      relay.rule((direction) => {
        if (!firstOf[direction]) return { copies: 1 };
        firstOf[direction] = false;
        return { copies: 0 };
      });
      const modem = await start({ server: `coap://127.0.0.1:${relay.port}`, endpoint, register: true });
      await expectReady(modem, 30_000);
      await leshan.settle();
      expect(
        leshan.events.filter((one) => one.event === "REGISTRATION" && one.data.endpoint === endpoint),
      ).toHaveLength(1);
      // The second and third copy were let through: Leshan answered the same message twice.
      const { address } = await leshan.client(endpoint);
      const requests = leshan.coapLog(address).filter((one) => one.direction === "received" && one.code === "0.02");
      expect(requests).toHaveLength(2);
      expect(new Set(requests.map((one) => one.messageId)).size).toBe(1);
    });

    it("[BG-024][OM-034] a repeated Execute of Reboot reboots exactly once and is answered each time alike", async () => {
      const endpoint = `reboot-${version}`;
      const relay = await relayTo(leshan.coapPort);
      const modem = await start({ server: `coap://127.0.0.1:${relay.port}`, endpoint });
      // Mode 1 registers again after the reboot.
      expect(await modem.at('AT+QLWM2M="register",1')).toEqual(["OK"]);
      await registered(endpoint);
      await modem.waitUrc(READY, SOON);

      relay.rule((direction, bytes) => {
        const header = coapHeader(bytes);
        return { copies: direction === "toClient" && header?.type === "CON" && header.code === "0.02" ? 3 : 1 };
      });
      const since = leshan.mark();
      const urcsSince = modem.mark();
      const seenSince = relay.seen.mark();
      expect((await leshan.execute(endpoint, "/3/0/4")).status).toBe("2.04");
      await modem.waitUrc(/^RDY$/, SOON, urcsSince);
      await modem.waitUrc(READY, SOON, urcsSince);
      await registered(endpoint, since);

      const seen = relay.seen.entries.slice(seenSince);
      const execute = seen.find((one) => one.direction === "toClient" && one.fate.copies === 3)!;
      const answers = seen.filter(
        (one) =>
          one.direction === "toServer" && coapHeader(one.bytes)?.messageId === coapHeader(execute.bytes)!.messageId,
      );
      expect(answers).toHaveLength(3);
      expect(new Set(answers.map((one) => one.bytes.toString("hex"))).size).toBe(1);
      for (const line of ["RDY", "APP RDY", "+QIND: SMS DONE"]) {
        expect(modem.urcs.slice(urcsSince).filter((one) => one === line)).toHaveLength(1);
      }
      expect(modem.lwm2mEvents(urcsSince)).toEqual([0, 3, 4, 5]);
    });
  });

  describe("a device that falls silent", () => {
    afterEach(closeAll);

    it("[BG-013] is dropped when its lifetime has passed without an Update", async () => {
      const endpoint = `silent-${version}`;
      const modem = await bench.register({ server: bench.nosecUri, endpoint, lifetime: 3 });
      const since = leshan.mark();
      await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
      modem.kill();
      const gone = await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since);
      expect(gone.expired).toBe(true);
      expect((await leshan.clients()).map((client) => client.endpoint)).not.toContain(endpoint);
    });
  });

  describe("over DTLS with a pre-shared key", () => {
    afterEach(closeAll);
    const pskKey = "0123456789abcdef0123456789abcdef";

    it("[OM-048][OM-050][ET-021] registers and is read over the secure session alone", async () => {
      const endpoint = `psk-${version}`;
      await leshan.addPsk(endpoint, "psk-identity", pskKey);
      const modem = await start({
        server: bench.pskUri,
        endpoint,
        pskIdentity: "psk-identity",
        pskKey,
        register: true,
      });
      const registration = await registered(endpoint);
      await expectReady(modem);
      expect(registration.secure).toBe(true);
      const answer = await leshan.read(endpoint, "/3/0/1");
      expect(answer).toMatchObject({ status: "2.05", content: { value: "BG96" } });
      await leshan.settle();
      expect(leshan.coapLog(registration.address).every((one) => one.secure)).toBe(true);
      const since = leshan.mark();
      expect(await modem.at('AT+QLWM2M="deregister"')).toEqual(["OK"]);
      await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint && !data.expired, SOON, since);
    });

    it("[BG-183] without its security entry on Leshan the handshake fails; once it is there the device registers", async () => {
      const endpoint = `late-psk-${version}`;
      const relay = await relayTo(leshan.coapsPort);
      const options = {
        server: `coaps://127.0.0.1:${relay.port}`,
        endpoint,
        pskIdentity: endpoint,
        pskKey,
        register: true,
      };
      const refused = await start(options);
      await keyRefused(relay, SOON);
      await leshan.settle();
      expect((await leshan.clients()).map((client) => client.endpoint)).not.toContain(endpoint);
      expect(refused.lwm2mEvents()).not.toContain(5);
      await refused.stop();

      await leshan.addPsk(endpoint, endpoint, pskKey);
      const accepted = await start(options);
      expect((await registered(endpoint)).secure).toBe(true);
      await expectReady(accepted);
    });
  });

  describe("with a Bootstrap-Server", () => {
    afterEach(closeAll);
    const bootstrapEvents = [0, 1, 2, 0, 3, 4, 5];

    const bootstrapped = async (modem: ModemUnderTest, endpoint: string): Promise<void> => {
      expect(await modem.at('AT+QLWM2M="register"')).toEqual(["OK"]);
      await registered(endpoint);
      await modem.waitUrc(READY, SOON);
      expect(modem.lwm2mEvents()).toEqual(bootstrapEvents);
      await leshan.settle();
      const states = leshan.events.flatMap((one) =>
        one.event === "BSSESSION" && one.data.endpoint === endpoint ? [one.data.state] : [],
      );
      expect(states).toEqual(["initiated", "authorized", "finished"]);
    };

    it("[BG-001][BG-003][BG-111][BG-160][BG-161][BG-165][OM-001][OM-013][OM-015][OM-017][OM-018][OM-019][ET-006] NoSec: takes its accounts from the Bootstrap-Server and registers with them, telling 0,1,2,0,3,4,5", async () => {
      const endpoint = `bootstrap-${version}`;
      const bootstrapUri = `coap://127.0.0.1:${leshan.bootstrapCoapPort}`;
      await leshan.addBootstrapConfig(endpoint, {
        toDelete: ["/0", "/1"],
        servers: { 0: { shortId: 123, lifetime: 250 } },
        security: {
          0: { uri: bootstrapUri, bootstrapServer: true, securityMode: "NO_SEC", serverId: 111 },
          1: { uri: bench.nosecUri, bootstrapServer: false, securityMode: "NO_SEC", serverId: 123 },
        },
      });
      const since = leshan.mark();
      const modem = await start({ endpoint });
      expect(await modem.at('AT+QLWM2M="bsmode",1')).toEqual(["OK"]);
      expect(await modem.at(`AT+QLWM2M="cdp","127.0.0.1",${leshan.bootstrapCoapPort}`)).toEqual(["OK"]);
      await bootstrapped(modem, endpoint);

      expect(await leshan.client(endpoint)).toMatchObject({ lifetime: 250, secure: false });
      expect((await leshan.read(endpoint, "/1/0/0")).content).toMatchObject({ value: 123 });
      const sideLog = leshan.events
        .slice(since)
        .flatMap((one) => (one.event === "COAPLOG" && one.data.side === "bootstrap" ? [one.data] : []));
      const request = sideLog.find((one) => uriPath(one) === "/bs" && textOptions(one, 15).includes(`ep=${endpoint}`))!;
      expect(request).toMatchObject({ direction: "received", code: "0.02" });
      // Each answer to Leshan's DELETEs, PUTs and final POST, matched by token.
      const steps = sideLog.filter(
        (one) => one.direction === "sent" && one.code.startsWith("0.") && one.code !== "0.00",
      );
      const outcome = steps.map((step) => {
        const answer = sideLog.find((one) => one.direction === "received" && one.token === step.token);
        return `${step.code} ${uriPath(step)} ${answer?.code}`;
      });
      expect(outcome).toEqual([
        "0.04 /0 2.02",
        "0.04 /1 2.02",
        "0.03 /0/0 2.04",
        "0.03 /0/1 2.04",
        "0.03 /1/0 2.04",
        "0.02 /bs 2.04",
      ]);

      // then the other three interfaces: registration has been seen, management and reporting follow
      const observedAt = leshan.mark();
      expect((await leshan.observe(endpoint, "/3/0/9")).status).toBe("2.05");
      await modem.set("battery.percent=33");
      const isNew = (content: Content | undefined): boolean => valueIn(content, 9) === 33;
      await leshan.waitFor(
        "NOTIFICATION",
        (data) => data.endpoint === endpoint && isNew(data.content),
        SOON,
        observedAt,
      );
    });

    it("[BG-093][BG-139][BG-143][OM-049] PSK: bootstraps over DTLS with the key of 100_server.psk and registers with the keys it was given", async () => {
      const endpoint = `bootstrap-psk-${version}`;
      const given = { identity: "given-identity", key: "ffeeddccbbaa99887766554433221100" };
      const own = { identity: "bootstrap-identity", key: "00112233445566778899aabbccddeeff" };
      const bootstrapUri = `coaps://127.0.0.1:${leshan.bootstrapCoapsPort}`;
      await leshan.addPsk(endpoint, given.identity, given.key);
      await leshan.addBootstrapPsk(endpoint, own.identity, own.key);
      await leshan.addBootstrapConfig(endpoint, {
        toDelete: ["/0", "/1"],
        servers: { 0: { shortId: 124, lifetime: 260 } },
        security: {
          0: { uri: bootstrapUri, bootstrapServer: true, securityMode: "PSK", serverId: 111, ...own },
          1: { uri: bench.pskUri, bootstrapServer: false, securityMode: "PSK", serverId: 124, ...given },
        },
      });
      const modem = await start({ endpoint });
      await writePsk(modem.efs, 100, `${own.identity}:${own.key}`);
      expect(await modem.at('AT+QLWM2M="bsmode",1')).toEqual(["OK"]);
      expect(await modem.at('AT+QLWM2M="bootstrap",4,0')).toEqual(["OK"]);
      expect(await modem.at(`AT+QLWM2M="bootstrap",1,"${bootstrapUri}"`)).toEqual(["OK"]);
      await bootstrapped(modem, endpoint);
      expect(await leshan.client(endpoint)).toMatchObject({ lifetime: 260, secure: true });
      expect(await leshan.read(endpoint, "/3/0/0")).toMatchObject({ status: "2.05", content: { value: "Quectel" } });
    });
  });

  describe("the guide's chapter 6.1", () => {
    afterEach(closeAll);

    it("[BG-002][BG-005][BG-053][BG-065][BG-181][BG-185][BG-191][BG-192][BG-193][BG-194] NoSec, short server id 102: an edited bootstrap.ini and a reboot", async () => {
      const efs = join(await scratch(), "efs");
      const factory = await start({ efs });
      const [imei] = await factory.at("AT+CGSN");
      await factory.stop();
      await configureServer(efs, { uri: bench.nosecUri, securityMode: 3, shortServerId: 102, binding: "UQS" });

      const since = leshan.mark();
      const modem = await start({ efs });
      const endpoint = `urn:imei:${imei}`;
      expect(modem.endpoint).toBe(endpoint);
      const registration = await registered(endpoint, since);
      await expectReady(modem);
      expect(registration).toMatchObject({ lifetime: 300, secure: false });

      const server = (await leshan.read(endpoint, "/1/1")).content;
      expect([0, 1, 2, 3, 5, 6, 7].map((id) => valueIn(server, id))).toEqual([102, 300, 1, 60, 86400, true, "UQS"]);
      expect((await leshan.read(endpoint, "/1/1/1")).content).toMatchObject({ value: 300 });
      const lifetime: Content = { kind: "singleResource", id: 1, type: "INTEGER", value: 360 };
      expect((await leshan.write(endpoint, "/1/1/1", lifetime)).status).toBe("2.04");
      expect((await leshan.read(endpoint, "/1/1/1")).content).toMatchObject({ value: 360 });
      expect((await leshan.execute(endpoint, "/1/1/8")).status).toBe("2.04");
    });

    it("[BG-094][BG-096][BG-182][BG-184][BG-191] PSK, short server id 101: the same with ssl/101_server.psk", async () => {
      const efs = join(await scratch(), "efs");
      const factory = await start({ efs });
      const [imei] = await factory.at("AT+CGSN");
      await factory.stop();
      const endpoint = `urn:imei:${imei}`;
      const key = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";
      onClose(() => leshan.removePsk(endpoint));
      await leshan.addPsk(endpoint, "iot_app_101", key);
      await writePsk(efs, 101, `iot_app_101:${key}`);
      await configureServer(efs, { uri: bench.pskUri, securityMode: 0, shortServerId: 101 });

      const since = leshan.mark();
      const modem = await start({ efs });
      const registration = await registered(endpoint, since);
      await expectReady(modem);
      expect(registration).toMatchObject({ lifetime: 300, secure: true });
      expect((await leshan.read(endpoint, "/1/1/0")).content).toMatchObject({ value: 101 });
    });
  });
});
