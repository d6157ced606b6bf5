/**
 * The cases of OMA's Enabler Test Specification (LwM2M 1.0) whose stimulus Leshan can give, seen from both sides: Leshan's
 * REST answers, and the messages that it logged. Periods are shorter than the ETS has them: test/ets runs them in full on
 * a manual clock.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeOnLeshan, SOON } from "./bench.ts";
import { numberOption, requestsIn } from "./exchange.ts";
import { type CoapMessage, type Content, type Leshan, textOptions, uriPath } from "./leshan.ts";
import type { ModemUnderTest, RunOptions } from "./modem-under-test.ts";
import { FORMATS, instance, operationsOn, resource, valuesOf } from "./operations.ts";

await describeOnLeshan((bench) => {
  const { version, closeAll } = bench;

  describe("ETS, a registered device", () => {
    const endpoint = `ets-${version}`;
    const { read, write, update, execute, create, observe, notified, ...on } = operationsOn(bench, endpoint);
    let modem: ModemUnderTest;
    let leshan: Leshan;

    beforeAll(async () => {
      leshan = bench.leshan;
      modem = await bench.register({ server: bench.nosecUri, endpoint, lifetime: 300 });
    });
    afterAll(closeAll);

    it("LightweightM2M-1.0-int-101 registers with name, lifetime, version, binding and its Objects but for Security", async () => {
      const client = await leshan.client(endpoint);
      expect(client).toMatchObject({ lifetime: 300, lwM2mVersion: expect.stringMatching(/1\.0/), binding: "U" });
      const links = client.objectLinks.map((link) => link.url);
      expect(links).toEqual(expect.arrayContaining(["/1/1", "/3/0", "/4/0", "/5/0", "/6/0", "/7/0"]));
      expect(links.filter((url) => url.startsWith("/0"))).toEqual([]);

      const [register, created] = leshan.coapLog(client.address);
      expect(register).toMatchObject({ direction: "received", type: "CON", code: "0.02" });
      expect(uriPath(register!)).toBe("/rd");
      expect(numberOption(register!, 12)).toBe(40);
      expect(textOptions(register!, 15).sort()).toEqual(["b=U", `ep=${endpoint}`, "lt=300", "lwm2m=1.0"]);
      expect(Buffer.from(register!.payload, "hex").toString()).toMatch(/^(<[^>]+>[^,]*,)*<[^>]+>[^,]*$/);
      expect(created).toMatchObject({ direction: "sent", code: "2.01", token: register!.token });
      expect(textOptions(created!, 8)).toEqual(["rd", client.registrationId]);
    });

    it("LightweightM2M-1.0-int-104 LightweightM2M-1.0-int-556 answers the Registration Update Trigger, then updates", async () => {
      const { address, registrationId } = await leshan.client(endpoint);
      const since = leshan.mark();
      expect((await execute("/1/1/8")).wire).toBe("POST /1/1/8 -> 2.04");
      await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
      await leshan.settle();
      const log = leshan.coapLog(address, since);
      expect(log.map((one) => one.code)).toEqual(["0.02", "2.04", "0.02", "2.04"]);
      expect(requestsIn(log)).toEqual([`POST /rd/${registrationId}`]);
    });

    it("LightweightM2M-1.0-int-201 reads manufacturer, model and serial number as plain text", async () => {
      const [imei] = await modem.at("AT+CGSN");
      for (const [id, value] of ["Quectel", "BG96", imei].entries()) {
        const answer = await read(`/3/0/${id}`, "TEXT");
        expect(answer.wire).toBe(`GET /3/0/${id} accept=0 -> 2.05 ct=0`);
        expect(answer.content).toMatchObject({ kind: "singleResource", id, value });
        expect(answer.payload.toString()).toBe(value);
      }
    });

    it("LightweightM2M-1.0-int-202 reads in the opaque format what is opaque, and nothing else", async () => {
      expect((await read("/19/1/0", "OPAQUE")).wire).toBe("GET /19/1/0 accept=42 -> 2.05 ct=42");
      expect((await read("/3/0/0", "OPAQUE")).wire).toBe("GET /3/0/0 accept=42 -> 4.06");
    });

    it.each([
      ["LightweightM2M-1.0-int-203", "TLV"],
      ["LightweightM2M-1.0-int-204", "JSON"],
    ] as const)("%s reads the Device as %s", async (_id, format) => {
      const answer = await read("/3/0", format);
      expect(answer.wire).toBe(`GET /3/0 accept=${FORMATS[format]} -> 2.05 ct=${FORMATS[format]}`);
      expect(valuesOf(answer)).toMatchObject({ 0: "Quectel", 1: "BG96", 11: { 0: 0 }, 16: "UQ" });
      if (format === "JSON") {
        const json = JSON.parse(answer.payload.toString());
        expect(json.bn).toMatch(/^\/3\/0\/?$/);
        expect(json.e.length).toBeGreaterThan(10);
      }
    });

    const ORIGINAL = { 1: 300, 2: 1, 3: 60, 5: 86400, 6: true, 7: "U" };
    const CHANGED = { 2: 101, 3: 1010, 5: 2000, 6: true, 7: "U" };

    it("LightweightM2M-1.0-int-205 sets periods and Disable Timeout as plain text, and back", async () => {
      for (const values of [
        { 2: 101, 3: 1010, 5: 2000 },
        { 2: 1, 3: 60, 5: 86400 },
      ]) {
        for (const [id, value] of Object.entries(values)) {
          const answer = await write(`/1/1/${id}`, resource(Number(id), value), "TEXT");
          expect(answer.wire).toBe(`PUT /1/1/${id} ct=0 -> 2.04`);
        }
        expect(valuesOf(await read("/1/1", "TLV"))).toMatchObject({ ...values, 1: 300 });
      }
    });

    it.each([
      ["LightweightM2M-1.0-int-215 LightweightM2M-1.0-int-551", "TLV"],
      ["LightweightM2M-1.0-int-220", "JSON"],
    ] as const)("%s changes some of the Server's Resources as %s and keeps the others", async (_id, format) => {
      const ct = FORMATS[format];
      expect((await update("/1/1", instance(1, CHANGED), format)).wire).toBe(`POST /1/1 ct=${ct} -> 2.04`);
      const changed = await read("/1/1", format);
      expect(changed.wire).toBe(`GET /1/1 accept=${ct} -> 2.05 ct=${ct}`);
      expect(valuesOf(changed)).toMatchObject({ ...ORIGINAL, ...CHANGED });
      expect((await write("/1/1", instance(1, ORIGINAL), format)).wire).toBe(`PUT /1/1 ct=${ct} -> 2.04`);
      expect(valuesOf(await read("/1/1", format))).toMatchObject(ORIGINAL);
    });

    it("LightweightM2M-1.0-int-560 notifies of a changed Server account", async () => {
      const since = leshan.mark();
      expect((await observe("/1/1")).wire).toBe("GET /1/1 observe=0 -> 2.05 observe ct=11542");
      expect((await write("/1/1/1", resource(1, 310))).wire).toBe("PUT /1/1/1 ct=11542 -> 2.04");
      await notified("/1/1", (content) => valuesOf({ content })[1] === 310, since);
      await leshan.waitFor("UPDATED", (data) => data.registration.lifetime === 310, SOON, since);
      await leshan.cancelObservation(endpoint, "/1/1", "passive");
      expect((await write("/1/1/1", resource(1, 300))).status).toBe("2.04");
    });

    it("LightweightM2M-1.0-int-651 sets clock, offset and zone together, and its clock runs on", async () => {
      const before = valuesOf(await read("/3/0", "TLV"));
      const written = instance(0, { 13: 1_367_491_215_000, 14: "+02:00", 15: "Europe/Paris" }, { 13: "TIME" });
      expect((await update("/3/0", written)).wire).toBe("POST /3/0 ct=11542 -> 2.04");
      const changed = valuesOf(await read("/3/0", "TLV"));
      expect(changed).toMatchObject({ 1: "BG96", 14: "+02:00", 15: "Europe/Paris" });
      expect(Number(changed[13]) - 1_367_491_215_000).toBeLessThan(10_000);
      const now = Math.floor(Date.now() / 1000) * 1000;
      const original = instance(0, { 13: now, 14: before[14] as string, 15: before[15] as string }, { 13: "TIME" });
      expect((await update("/3/0", original)).status).toBe("2.04");
      await expect.poll(async () => Number(valuesOf(await read("/3/0", "TLV"))[13])).toBeGreaterThan(now);
      expect(valuesOf(await read("/3/0", "TLV"))).toMatchObject({ 14: before[14], 15: before[15] });
    });

    it("LightweightM2M-1.0-int-652 reads the firmware's version", async () => {
      const [revision] = await modem.at("AT+CGMR");
      const answer = await read("/3/0/3", "TEXT");
      expect(answer).toMatchObject({ wire: "GET /3/0/3 accept=0 -> 2.05 ct=0", content: { value: revision } });
    });

    it("LightweightM2M-1.0-int-657 resets the error code", async () => {
      const errors = async () => valuesOf(await read("/3/0/11", "TLV"))[11];
      expect(await errors()).toEqual({ 0: 0 });
      await modem.set("battery.percent=5");
      expect(await errors()).toEqual({ 0: 1 });
      await modem.set("battery.percent=85");
      expect((await execute("/3/0/12")).wire).toBe("POST /3/0/12 -> 2.04");
      expect(await errors()).toEqual({ 0: 0 });
    });

    it("LightweightM2M-1.0-int-661 notifies of any value of the Device", async () => {
      const since = leshan.mark();
      expect((await observe("/3/0")).wire).toBe("GET /3/0 observe=0 -> 2.05 observe ct=11542");
      await modem.set("battery.percent=77");
      const { content } = await notified("/3/0", (seen) => valuesOf({ content: seen })[9] === 77, since);
      expect(valuesOf({ content })).toMatchObject({ 0: "Quectel", 1: "BG96" });
      await leshan.cancelObservation(endpoint, "/3/0", "passive");
    });

    it("LightweightM2M-1.0-int-680 LightweightM2M-1.0-int-685 neither a second Device can be created nor the one deleted", async () => {
      expect((await create("/3", instance(1, { 15: "Europe/Paris" }))).wire).toBe("POST /3 ct=11542 -> 4.05");
      expect((await on.delete("/3/0")).wire).toBe("DELETE /3/0 -> 4.05");
      expect((await read("/3", "TLV")).content).toMatchObject({ kind: "object", instances: [{ id: 0 }] });
    });

    it("LightweightM2M-1.0-int-701 LightweightM2M-1.0-int-705 reads Connectivity Monitoring, which cannot be written", async () => {
      const answer = await read("/4/0", "TLV");
      expect(answer.wire).toBe("GET /4/0 accept=11542 -> 2.05 ct=11542");
      const several = expect.objectContaining({ 0: expect.anything() });
      expect(valuesOf(answer)).toMatchObject({
        0: expect.any(Number),
        1: several,
        2: expect.any(Number),
        4: expect.any(Object),
      });
      expect((await write("/4/0/2", resource(2, -60))).wire).toBe("PUT /4/0/2 ct=11542 -> 4.05");
    });

    it("LightweightM2M-1.0-int-801 LightweightM2M-1.0-int-805 reads Location, which cannot be written", async () => {
      await modem.set("fix=52.52,13.405,34");
      const answer = await read("/6/0", "TLV");
      expect(answer.wire).toBe("GET /6/0 accept=11542 -> 2.05 ct=11542");
      const values = valuesOf(answer);
      expect(Object.keys(values)).toEqual(expect.arrayContaining(["0", "1", "2", "5"]));
      expect([values[0], values[1], values[2]].map((value) => Math.round(Number(value) * 1000))).toEqual([
        52520, 13405, 34000,
      ]);
      expect(Math.abs(Number(values[5]) - Date.now())).toBeLessThan(60_000);
      expect((await write("/6/0/0", resource(0, 1.5, "FLOAT"))).wire).toBe("PUT /6/0/0 ct=11542 -> 4.05");
    });

    it("LightweightM2M-1.0-int-901 counts traffic from Start to Stop", async () => {
      expect((await execute("/7/0/6")).wire).toBe("POST /7/0/6 -> 2.04");
      const bytes = resource(0, "5a".repeat(900), "OPAQUE");
      for (let count = 0; count < 3; count += 1) {
        expect((await write("/19/1/0", bytes, "OPAQUE")).status).toBe("2.04");
        expect((await read("/19/1/0", "OPAQUE")).status).toBe("2.05");
      }
      expect((await execute("/7/0/7")).wire).toBe("POST /7/0/7 -> 2.04");
      const counted = valuesOf(await read("/7/0", "TLV"));
      expect(counted).toMatchObject({ 0: 0, 1: 0, 2: expect.any(Number), 3: expect.any(Number) });
      // kilobytes: three times 900 bytes up and down, and what carries them
      for (const id of [2, 3]) expect(["2", "3"]).toContain(String(counted[id]));
      expect(Number(counted[5])).toBeGreaterThan(100);
      expect(valuesOf(await read("/7/0", "TLV"))).toEqual(counted);
    });

    it("LightweightM2M-1.0-int-905 sets the collection period", async () => {
      expect(valuesOf(await read("/7/0", "TLV"))).toMatchObject({ 8: 0 });
      expect((await write("/7/0/8", resource(8, 120))).wire).toBe("PUT /7/0/8 ct=11542 -> 2.04");
      expect(valuesOf(await read("/7/0", "TLV"))).toMatchObject({ 8: 120 });
    });

    it("LightweightM2M-1.0-int-1900 carries the host's data up to the observing server", async () => {
      const since = leshan.mark();
      expect((await observe("/19/0/0")).wire).toBe("GET /19/0/0 observe=0 -> 2.05 observe ct=42");
      expect(await modem.at('AT+QLWM2M="uldata",19,4,"ping"')).toEqual(["OK"]);
      await notified("/19/0/0", (content) => valuesOf({ content })[0] === "70696e67", since);
    });

    it("LightweightM2M-1.0-int-1901 hands data from the server to the host, and reads it back", async () => {
      const since = modem.mark();
      const data = resource(0, "70696e67", "OPAQUE");
      expect((await write("/19/1/0", data, "OPAQUE")).wire).toBe("PUT /19/1/0 ct=42 -> 2.04");
      await modem.waitUrc(/^\+QLWDLDATA: "\/19\/1\/0",4,4,"ping"$/, SOON, since);
      expect((await read("/19/1/0", "OPAQUE")).payload.toString()).toBe("ping");
    });

    it("LightweightM2M-1.0-int-260 discovers Resources and their attributes, own and inherited", async () => {
      const attributes = async (path: string) => {
        const answer = await on.discover(path);
        expect(answer.wire).toBe(`GET ${path} accept=40 -> 2.05 ct=40`);
        return Object.fromEntries(answer.objectLinks!.map((link) => [link.url, link.attributes]));
      };
      const plain = await attributes("/3");
      expect(plain).toMatchObject({ "/3": {}, "/3/0": {}, "/3/0/0": {}, "/3/0/4": {}, "/3/0/7": { dim: "2" } });
      expect((await on.writeAttributes("/3/0", "pmin=10&pmax=200")).wire).toBe("PUT /3/0?pmin=10&pmax=200 -> 2.04");
      expect(await attributes("/3")).toEqual({ ...plain, "/3/0": { pmin: "10", pmax: "200" } });
      const own = { lt: 1, gt: 6, st: 1 };
      expect((await on.writeAttributes("/3/0/7", "lt=1&gt=6&st=1")).wire).toMatch(/^PUT \/3\/0\/7\?\S+ -> 2\.04$/);
      expect(numbers((await attributes("/3"))["/3/0/7"])).toEqual({ dim: 2, ...own });
      const alone = await attributes("/3/0/7");
      expect(Object.keys(alone)).toEqual(["/3/0/7"]);
      expect(numbers(alone["/3/0/7"])).toEqual({ dim: 2, pmin: 10, pmax: 200, ...own });
    });
  });

  describe.concurrent("ETS, a device of its own for each", () => {
    type Device = Awaited<ReturnType<typeof openDevice>>;

    const openDevice = async (endpoint: string, options: RunOptions) => {
      const modem = await bench.register({ server: bench.nosecUri, endpoint, ...options });
      return { endpoint, modem, leshan: bench.leshan, ...operationsOn(bench, endpoint) };
    };

    /** A test with a registered device, which ends with it. */
    const onDevice = (title: string, story: (device: Device) => Promise<void>, options: RunOptions = {}) => {
      it(title, async () => {
        const device = await openDevice(`${title.split(" ")[0]}-${version}`, options);
        try {
          await story(device);
        } finally {
          await device.modem.stop();
        }
      });
    };

    onDevice(
      "LightweightM2M-1.0-int-102 a written lifetime is told at once and kept by empty Updates before each expiry",
      async ({ endpoint, leshan, write }) => {
        const { address, registrationId } = await leshan.client(endpoint);
        const since = leshan.mark();
        expect((await write("/1/1/1", resource(1, 4))).wire).toBe("PUT /1/1/1 ct=11542 -> 2.04");
        const times: number[] = [];
        for (let next = since; times.length < 4; next = leshan.mark()) {
          await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, next);
          times.push(Date.now());
        }
        expect(Math.max(...gaps(times))).toBeLessThan(4000);
        const location = `POST /rd/${registrationId}`;
        expect(requestsIn(leshan.coapLog(address, since))).toEqual([`${location}?lt=4`, location, location, location]);
        expect((await leshan.client(endpoint)).registrationId).toBe(registrationId);
      },
    );

    onDevice(
      "LightweightM2M-1.0-int-103 LightweightM2M-1.0-int-555 Disable is answered, then it de-registers, is silent and returns",
      async ({ endpoint, leshan, write, execute }) => {
        const { address, registrationId } = await leshan.client(endpoint);
        const since = leshan.mark();
        expect((await write("/1/1/5", resource(5, 2))).status).toBe("2.04");
        expect((await execute("/1/1/4")).wire).toBe("POST /1/1/4 -> 2.04");
        const gone = await leshan.waitFor("DEREGISTRATION", (data) => data.endpoint === endpoint, SOON, since);
        const goneAt = Date.now();
        expect(gone.expired).toBe(false);
        await bench.registered(endpoint, since);
        expect(Date.now() - goneAt).toBeGreaterThan(1500);
        const [first, ...others] = requestsIn(leshan.coapLog(address, since));
        expect(first).toBe(`DELETE /rd/${registrationId}`);
        expect(others.filter((request) => !request.startsWith("POST /rd?"))).toEqual([]);
      },
    );

    onDevice(
      "LightweightM2M-1.0-int-241 LightweightM2M-1.0-int-655 Reboot is answered first; the device registers again",
      async ({ endpoint, modem, leshan, execute }) => {
        const since = leshan.mark();
        const urcsSince = modem.mark();
        expect((await execute("/3/0/4")).wire).toBe("POST /3/0/4 -> 2.04");
        await modem.waitUrc(/^RDY$/, SOON, urcsSince);
        await bench.registered(endpoint, since);
      },
    );

    onDevice(
      "LightweightM2M-1.0-int-656 D-OBJ-3-05 Factory Reset is answered first; the device registers again as it was made",
      async ({ endpoint, modem, leshan, read, write, execute }) => {
        const shown = async () => [valuesOf(await read("/1/1", "TLV")), valuesOf(await read("/3/0/15", "TEXT"))];
        const made = await shown();
        expect((await write("/3/0/15", resource(15, "Europe/Paris"))).status).toBe("2.04");
        expect((await write("/1/1/1", resource(1, 400))).status).toBe("2.04");
        const since = leshan.mark();
        const urcsSince = modem.mark();
        expect((await execute("/3/0/5")).wire).toBe("POST /3/0/5 -> 2.04");
        await modem.waitUrc(/^RDY$/, SOON, urcsSince);
        await bench.registered(endpoint, since);
        expect(await shown()).toEqual(made);
      },
      { register: true },
    );

    onDevice(
      "LES-Q-01 T10-Q-01 in Queue mode the device is served after each Update, and is asked nothing while taken to sleep",
      async ({ endpoint, modem, leshan, read, write }) => {
        await leshan.setAwakeTime(endpoint, 1500);
        const since = leshan.mark();
        expect((await write("/1/1/7", resource(7, "UQ"))).wire).toBe("PUT /1/1/7 ct=11542 -> 2.04");
        const { registration } = await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
        expect(registration.binding).toBe("UQ");
        await leshan.waitFor("SLEEPING", (data) => data.endpoint === endpoint, SOON, since);
        const asleep = leshan.mark();
        await expect(leshan.read(endpoint, "/3/0/1")).rejects.toThrow("ClientSleepingException");
        expect(await modem.at('AT+QLWM2M="update",0,0')).toEqual(["OK"]);
        await leshan.waitFor("AWAKE", (data) => data.endpoint === endpoint, SOON, asleep);
        expect((await read("/3/0/1", "TEXT")).wire).toBe("GET /3/0/1 accept=0 -> 2.05 ct=0");
        const sent = leshan.coapLog(registration.address, asleep).filter((one) => one.direction === "sent");
        expect(sent.map((one) => one.code)).toEqual(["2.04", "0.01"]);
      },
    );

    /**
     * Observes with these periods, seconds.
     * @returns a wait for some notifications, which come within the periods and carry what `fits`
     */
    const observePaced = async (
      { endpoint, leshan, writeAttributes, observe, notified }: Device,
      path: string,
      [pmin, pmax]: readonly [number, number],
      fits: (content: Content | undefined) => boolean = () => true,
    ) => {
      const attributes = `pmin=${pmin}&pmax=${pmax}`;
      expect((await writeAttributes(path, attributes)).wire).toBe(`PUT ${path}?${attributes} -> 2.04`);
      let since = leshan.mark();
      const { token, wire } = await observe(path);
      expect(wire).toMatch(/ observe=0 -> 2\.05 observe ct=/);
      return async () => {
        const times: number[] = [];
        while (times.length < 3) {
          const notification = await notified(path, () => true, since);
          times.push(Date.now());
          since = leshan.mark();
          expect(notification).toMatchObject({ token, endpoint });
          expect(fits(notification.content)).toBe(true);
        }
        for (const gap of gaps(times)) {
          expect(gap).toBeGreaterThan(pmin * 1000 - 500);
          expect(gap).toBeLessThan(pmax * 1000 + 2000);
        }
      };
    };

    /** Everything of the battery changes and the level is notified, again and again; nothing comes with that token. */
    const staysSilent = async ({ endpoint, modem, leshan, observe, notified }: Device, token: string) => {
      await observe("/3/0/9");
      const since = leshan.mark();
      for (const level of [70, 60, 50]) {
        const changedAt = leshan.mark();
        await modem.set(`battery.percent=${level}`, `battery.millivolts=${3000 + level}`);
        await notified("/3/0/9", (content) => valuesOf({ content })[9] === level, changedAt);
      }
      await leshan.settle();
      const { address } = await leshan.client(endpoint);
      const log = leshan.coapLog(address, since);
      expect(log.filter((one) => one.direction === "received" && one.token === token)).toEqual([]);
    };

    const endsByReset = async (device: Device, path: string) => {
      const { endpoint, modem, leshan, observe } = device;
      const { token } = await observe(path);
      await leshan.cancelObservation(endpoint, path, "passive");
      const since = leshan.mark();
      await modem.set("battery.percent=80", "battery.millivolts=3800");
      const isLast = (one: CoapMessage) => one.direction === "received" && one.token === token;
      const { messageId } = await leshan.waitFor("COAPLOG", isLast, SOON, since);
      await leshan.waitFor("COAPLOG", (one) => one.type === "RST" && one.messageId === messageId, SOON, since);
      await staysSilent(device, token!);
    };

    onDevice(
      "LightweightM2M-1.0-int-301 LightweightM2M-1.0-int-660 [ET-008] power values are notified within their periods",
      async (device) => {
        expect((await device.read("/3/0/6", "TLV")).wire).toBe("GET /3/0/6 accept=11542 -> 2.05 ct=11542");
        const waits = [await observePaced(device, "/3/0/7", [2, 3]), await observePaced(device, "/3/0/8", [2, 4])];
        const notifications = Promise.all(waits.map((wait) => wait()));
        for (let change = 1; change <= 4; change += 1)
          await device.modem.set(`battery.millivolts=${3700 + change}`, `battery.milliamps=${100 + change}`);
        await notifications;
      },
    );

    onDevice(
      "LightweightM2M-1.0-int-710 Connectivity Monitoring is notified as a whole within its periods",
      async (device) => {
        const isWhole = (content: Content | undefined) =>
          ["0", "1", "2", "4"].every((id) => id in valuesOf({ content }));
        const notifications = (await observePaced(device, "/4/0", [2, 3], isWhole))();
        for (const rssiDbm of [-80, -85, -90])
          await device.modem.set(`radio.rssiDbm=${rssiDbm}`, `radio.rsrpDbm=${rssiDbm - 20}`);
        await notifications;
      },
    );

    onDevice("LightweightM2M-1.0-int-810 Location is notified as a whole within its periods", async (device) => {
      await device.modem.set("fix=52.52,13.405,34");
      const isWhole = (content: Content | undefined) => ["0", "1", "5"].every((id) => id in valuesOf({ content }));
      const notifications = (await observePaced(device, "/6/0", [2, 3], isWhole))();
      for (const longitude of [13.5, 13.6]) await device.modem.set(`fix=52.52,${longitude},34`);
      await notifications;
    });

    onDevice(
      "LightweightM2M-1.0-int-910 Connectivity Statistics are notified while they count, until cancelled",
      async (device) => {
        const { execute, write } = device;
        expect((await write("/7/0/8", resource(8, 0))).wire).toBe("PUT /7/0/8 ct=11542 -> 2.04");
        const wait = await observePaced(device, "/7/0", [1, 2]);
        expect((await execute("/7/0/6")).wire).toBe("POST /7/0/6 -> 2.04");
        await wait();
        expect((await execute("/7/0/7")).wire).toBe("POST /7/0/7 -> 2.04");
        await endsByReset(device, "/7/0");
      },
    );

    onDevice(
      "LightweightM2M-1.0-int-302 a notification answered by Reset is the last; other observations go on",
      (device) => endsByReset(device, "/3/0/7"),
    );

    // 1.5.0 cannot cancel so
    if (version !== "1.5.0")
      onDevice(
        "LightweightM2M-1.0-int-303 [OM-004] a Read with Observe=1 ends an observation and carries the value",
        async (device) => {
          const { token } = await device.observe("/3/0/7");
          expect((await device.cancel("/3/0/7")).wire).toBe("GET /3/0/7 observe=1 -> 2.05 ct=11542");
          await staysSilent(device, token!);
        },
      );
  });
});

const numbers = (attributes: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, Number(value)]));

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - times[index]!);
