/** A device that sleeps, and one that comes back from a reboot, as a real Leshan sees them. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { type Bench, describeOnLeshan, READY, SOON } from "./bench.ts";
import { configureServer } from "./bootstrap-ini.ts";
import { operationsOn, valuesOf } from "./operations.ts";

/** The module's files for one account that starts at boot, with these options in lwm2m_cfg. */
async function prepareFiles(
  bench: Bench,
  options: Readonly<Record<string, number>>,
  account: { readonly secure?: boolean; readonly binding?: string } = {},
) {
  const efs = join(await bench.scratch(), "efs");
  const factory = await bench.start({ efs });
  const [imei] = await factory.at("AT+CGSN");
  await factory.stop();
  const endpoint = `urn:imei:${imei}`;
  const { secure = false, binding = "U" } = account;
  const uri = secure ? bench.pskUri : bench.nosecUri;
  await configureServer(efs, { uri, securityMode: secure ? 0 : 3, shortServerId: 102, binding });
  if (secure) {
    const key = randomBytes(16).toString("hex");
    bench.onClose(() => bench.leshan.removePsk(endpoint));
    await bench.leshan.addPsk(endpoint, "sleeper", key);
    await writeFile(join(efs, "datatx/ssl/102_server.psk"), `sleeper:${key}`);
  }
  const file = join(efs, "datatx/lwm2m_cfg");
  let text = await readFile(file, "utf8");
  for (const [key, value] of Object.entries(options)) text = text.replace(new RegExp(`${key}=\\d+`), `${key}=${value}`);
  await writeFile(file, text);
  return { efs, endpoint };
}

await describeOnLeshan((bench) => {
  afterEach(() => bench.closeAll());

  it.each([false, true])(
    "[BG-015][BG-078][OM-024][ZE-076] a device in Queue mode hears nothing asleep, and says Update before it notifies (secure: %s)",
    async (secure) => {
      const { leshan } = bench;
      const { efs, endpoint } = await prepareFiles(bench, { ACK_TIMEOUT: 3 }, { secure, binding: "UQ" });
      const begun = leshan.mark();
      const modem = await bench.start({ efs });
      expect((await bench.registered(endpoint, begun)).binding).toBe("UQ");
      await modem.waitUrc(READY, SOON);
      const server = operationsOn(bench, endpoint);
      expect((await server.observe("/3/0/9")).wire).toMatch(/2\.05 observe/);

      const state = async () => (await modem.status()).servers[0]?.state;
      await expect.poll(state, { timeout: SOON }).toBe("asleep");
      await expect(leshan.read(endpoint, "/3/0/1", { timeoutS: 4 })).rejects.toThrow("no answer");
      expect(await state()).toBe("asleep");

      const since = leshan.mark();
      await modem.set("battery.percent=42");
      await server.notified("/3/0/9", (content) => valuesOf({ ...(content && { content }) })[9] === 42, since);
      const names = leshan.events.slice(since).map((one) => one.event);
      expect(names.filter((name) => name === "UPDATED" || name === "NOTIFICATION")).toEqual([
        "UPDATED",
        "NOTIFICATION",
      ]);
      expect(await leshan.read(endpoint, "/3/0/1")).toMatchObject({ status: "2.05", content: { value: "BG96" } });
    },
  );

  it.each([
    ["killed", false],
    ["killed", true],
    ["stopped", false],
    ["stopped", true],
  ])(
    "[BG-019][BG-083] with PER_REGSTATUS_FEAT=1 a device that was %s goes on with its registration and its observations (secure: %s)",
    async (how, secure) => {
      const { leshan } = bench;
      const { efs, endpoint } = await prepareFiles(bench, { PER_REGSTATUS_FEAT: 1 }, { secure });
      const begun = leshan.mark();
      const first = await bench.start({ efs });
      const { registrationId } = await bench.registered(endpoint, begun);
      await first.waitUrc(READY, SOON);
      const { token } = await operationsOn(bench, endpoint).observe("/3/0/9");

      const since = leshan.mark();
      if (how === "killed") first.kill();
      await first.stop();
      const second = await bench.start({ efs });
      const updated = await leshan.waitFor("UPDATED", (data) => data.endpoint === endpoint, SOON, since);
      expect(updated.registration.registrationId).toBe(registrationId);
      await expect.poll(async () => (await second.status()).lastEvent?.event, { timeout: SOON }).toBe(5);
      expect(second.lwm2mEvents()).not.toContain(4);

      await second.set("battery.percent=42");
      const { notified } = operationsOn(bench, endpoint);
      const told = await notified("/3/0/9", (content) => valuesOf({ ...(content && { content }) })[9] === 42, since);
      expect(told.token).toBe(token);
      const names = leshan.events.slice(since).map((one) => one.event);
      expect(names).not.toContain("REGISTRATION");
      expect(names).not.toContain("DEREGISTRATION");
    },
  );
});
