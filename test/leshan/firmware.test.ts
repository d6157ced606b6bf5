/** Firmware updates over the air as a real Leshan orders them, by push and by pull, over UDP and over DTLS. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { type Bench, describeOnLeshan, SOON } from "./bench.ts";
import { resource, valuesOf } from "./operations.ts";
import { openRepository } from "./repository.ts";

const REVISION = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: REVISION }, 1024 * 1024);
const SMALL = makePackage({ name: "BG96 firmware", version: REVISION }, 10_000);
/** A transfer of 1 MB in blocks of 512 bytes, on a busy machine. */
const LONG_S = 90;

/** A modem that is registered, over DTLS where it has a key. */
async function register(bench: Bench, endpoint: string, key: Buffer | undefined, efs?: string) {
  const { leshan } = bench;
  const files = efs === undefined ? {} : { efs };
  if (!key) return bench.register({ server: bench.nosecUri, endpoint, ...files });
  const pskKey = key.toString("hex");
  bench.onClose(() => leshan.removePsk(endpoint));
  await leshan.addPsk(endpoint, endpoint, pskKey);
  return bench.register({ server: bench.pskUri, endpoint, pskIdentity: endpoint, pskKey, ...files });
}

await describeOnLeshan((bench) => {
  afterEach(() => bench.closeAll());

  it.each([
    ["LightweightM2M-1.0-int-770 [BG-178]", "pushed", false],
    ["LightweightM2M-1.0-int-770 [BG-178]", "pushed", true],
    ["LightweightM2M-1.0-int-771 [BG-175]", "fetched", false],
    ["LightweightM2M-1.0-int-771 [BG-175]", "fetched", true],
  ] as const)(
    "%s[BG-174][BG-177][BG-180] a package of 1 MB is %s and applied, every state in order (secure: %s)",
    { timeout: 2 * LONG_S * 1000 },
    async (_, how, secure) => {
      const { leshan, version } = bench;
      const endpoint = `fota-${how}-${secure ? "psk" : "nosec"}-${version}`;
      const key = secure ? randomBytes(16) : undefined;
      const port = await openRepository(bench, PACKAGE, key);
      const modem = await register(bench, endpoint, key);
      const value = async (path: string) => Object.values(valuesOf(await leshan.read(endpoint, path)))[0];
      expect(await value("/3/0/3")).not.toBe(REVISION);
      // else the default period of a second keeps the last state before the reboot to itself
      expect((await leshan.writeAttributes(endpoint, "/5/0/3", "pmin=0")).status).toBe("2.04");
      expect((await leshan.observe(endpoint, "/5/0/1")).status).toBe("2.05");
      expect(valuesOf(await leshan.observe(endpoint, "/5/0/3"))[3]).toBe(0);

      const since = leshan.mark();
      const notified = (state: number) =>
        leshan.waitFor(
          "NOTIFICATION",
          (data) =>
            data.endpoint === endpoint && data.path === "/5/0/3" && valuesOf({ content: data.content })[3] === state,
          LONG_S * 1000,
          since,
        );
      if (how === "pushed") {
        const image = resource(0, PACKAGE.toString("hex"), "OPAQUE");
        const answer = await leshan.write(endpoint, "/5/0/0", image, { format: "OPAQUE", timeoutS: LONG_S });
        expect(answer.status).toBe("2.04");
      } else {
        const uri = `coap${secure ? "s" : ""}://127.0.0.1:${port}/fw/image`;
        expect((await leshan.write(endpoint, "/5/0/1", resource(1, uri))).status).toBe("2.04");
      }
      await notified(2);
      expect(await value("/5/0/7")).toBe(REVISION);
      const begun = leshan.mark();
      expect((await leshan.execute(endpoint, "/5/0/2")).status).toBe("2.04");
      await notified(3);
      await modem.waitUrc(/^\+QIND: "FOTA","END",0$/, SOON);
      await bench.registered(endpoint, begun);
      expect(await value("/5/0/3")).toBe(0);
      expect(await value("/5/0/5")).toBe(1);
      expect(await value("/3/0/3")).toBe(REVISION);
      expect(await modem.at("AT+CGMR")).toEqual([REVISION, "OK"]);

      const states = leshan.events.slice(since).flatMap((one) => {
        if (one.event !== "NOTIFICATION" || one.data.endpoint !== endpoint || one.data.path !== "/5/0/3") return [];
        return [valuesOf({ content: one.data.content })[3]];
      });
      expect(states).toEqual([1, 2, 3]);
    },
  );

  it.each([false, true])(
    "[BG-019][BG-180] with PER_REGSTATUS_FEAT=1 the Server is notified of State and Update Result over the reboot (secure: %s)",
    { timeout: 60_000 },
    async (secure) => {
      const { leshan, version } = bench;
      const endpoint = `fota-kept-${secure ? "psk" : "nosec"}-${version}`;
      const efs = join(await bench.scratch(), "efs");
      await (await bench.start({ efs })).stop();
      const cfg = join(efs, "datatx/lwm2m_cfg");
      await writeFile(cfg, (await readFile(cfg, "utf8")).replace("PER_REGSTATUS_FEAT=0", "PER_REGSTATUS_FEAT=1"));
      await register(bench, endpoint, secure ? randomBytes(16) : undefined, efs);
      for (const path of ["/5/0/3", "/5/0/5"]) {
        expect((await leshan.writeAttributes(endpoint, path, "pmin=0")).status).toBe("2.04");
        expect((await leshan.observe(endpoint, path)).status).toBe("2.05");
      }

      const since = leshan.mark();
      const told = () =>
        leshan.events.slice(since).flatMap(({ event, data }) => {
          if (event !== "NOTIFICATION" || data.endpoint !== endpoint) return [];
          return Object.entries(valuesOf({ content: data.content })).map(([id, value]) => `/5/0/${id} ${value}`);
        });
      const image = resource(0, SMALL.toString("hex"), "OPAQUE");
      expect((await leshan.write(endpoint, "/5/0/0", image, { format: "OPAQUE" })).status).toBe("2.04");
      expect((await leshan.execute(endpoint, "/5/0/2")).status).toBe("2.04");
      await expect.poll(told, { timeout: SOON }).toContain("/5/0/5 1");
      expect(told()).toEqual(["/5/0/3 1", "/5/0/3 2", "/5/0/3 3", "/5/0/3 0", "/5/0/5 1"]);
      const names = leshan.events.slice(since).map(({ event }) => event);
      expect(names).not.toContain("REGISTRATION");
      expect(names).not.toContain("DEREGISTRATION");
    },
  );
});
