/** The conformance cases of the Firmware Update Object with Leshan as server, seen from both sides. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { describeOnLeshan, READY, SOON } from "./bench.ts";
import type { Content, Leshan } from "./leshan.ts";
import type { ModemUnderTest } from "./modem-under-test.ts";
import { operationsOn, resource, valuesOf } from "./operations.ts";
import { openRepository } from "./repository.ts";

const REVISION = "BG96MAR04A04M1G";
const PACKAGE = makePackage({ name: "BG96 firmware", version: REVISION }, 5000);
const DAMAGED = Buffer.from(PACKAGE.map((byte, at) => (at === 4000 ? byte ^ 1 : byte)));
const NO_PACKAGE = Buffer.from("PK".repeat(2000));
const opaque = (bytes: Buffer): Content => resource(0, bytes.toString("hex"), "OPAQUE");

await describeOnLeshan((bench) => {
  const { version } = bench;

  describe("ETS, firmware", () => {
    const endpoint = `firmware-${version}`;
    const { read, write, execute, observe, writeAttributes, notified } = operationsOn(bench, endpoint);
    let modem: ModemUnderTest;
    let leshan: Leshan;

    beforeAll(async () => {
      leshan = bench.leshan;
      modem = await bench.register({ server: bench.nosecUri, endpoint });
    });
    // each begins idle
    afterEach(async () => {
      expect((await write("/5/0/0", opaque(Buffer.of(0)), "OPAQUE")).status).toBe("2.04");
      expect(await standing()).toEqual([0, 0]);
    });

    /** State and Update Result. */
    const standing = async () => {
      const { 3: state, 5: result } = valuesOf(await read("/5/0", "TLV"));
      return [state, result];
    };
    const revision = async () => valuesOf(await read("/3/0/3", "TEXT"))[3];
    /** Writes the Package. @returns the codes of the answers, one for each block */
    const push = async (bytes: Buffer): Promise<string[]> => {
      const { address } = await leshan.client(endpoint);
      const since = leshan.mark();
      const { status } = await leshan.write(endpoint, "/5/0/0", opaque(bytes), { format: "OPAQUE" });
      await leshan.settle();
      const answers = leshan
        .coapLog(address, since)
        .filter((one) => one.direction === "received" && one.type === "ACK");
      expect(answers.at(-1)!.code).toBe(status);
      return answers.map((one) => one.code);
    };
    const writeUri = (uri: string) => write("/5/0/1", resource(1, uri), "TEXT");
    const isState = (state: number) => (content: Content | undefined) => valuesOf({ content })[3] === state;
    /** Executes Update and waits for the device to be back. */
    const update = async () => {
      const since = leshan.mark();
      const urcsSince = modem.mark();
      expect((await execute("/5/0/2")).wire).toBe("POST /5/0/2 -> 2.04");
      await bench.registered(endpoint, since);
      await modem.waitUrc(READY, SOON, urcsSince);
    };

    it("LightweightM2M-1.0-int-751 LightweightM2M-1.0-int-772 is idle, shows no Package and refuses Update without one", async () => {
      const answer = await read("/5/0", "TLV");
      expect(answer.wire).toBe("GET /5/0 accept=11542 -> 2.05 ct=11542");
      const values = valuesOf(answer);
      expect(values).toMatchObject({ 3: 0, 5: 0, 8: { 0: 0 }, 9: 2 });
      expect(Object.keys(values)).not.toContain("0");
      expect((await execute("/5/0/2")).wire).toBe("POST /5/0/2 -> 4.05");
      expect(await standing()).toEqual([0, 0]);
    });

    it("LightweightM2M-1.0-int-755 takes a NUL package as a reset, and a package in blocks", async () => {
      expect((await write("/5/0/0", opaque(Buffer.of(0)), "OPAQUE")).wire).toBe("PUT /5/0/0 ct=42 -> 2.04");
      expect(await standing()).toEqual([0, 0]);
      const codes = await push(PACKAGE);
      expect(codes.length).toBeGreaterThan(3);
      expect(codes).toEqual([...codes.slice(1).map(() => "2.31"), "2.04"]);
      expect(await standing()).toEqual([2, 0]);
    });

    it("LightweightM2M-1.0-int-756 LightweightM2M-1.0-int-760 fetches a package from its URI and tells an observer; an empty URI is a reset", async () => {
      expect((await writeUri("")).wire).toBe("PUT /5/0/1 ct=0 -> 2.04");
      expect(await standing()).toEqual([0, 0]);
      expect((await writeAttributes("/5/0/3", "pmin=0&pmax=60")).status).toBe("2.04");
      const { wire, token } = await observe("/5/0/3");
      expect(wire).toMatch(/^GET \/5\/0\/3 observe=0 -> 2\.05 observe ct=/);
      const since = leshan.mark();
      expect((await writeUri(`coap://127.0.0.1:${await openRepository(bench, PACKAGE)}/fw`)).status).toBe("2.04");
      for (const state of [1, 2]) expect((await notified("/5/0/3", isState(state), since)).token).toBe(token);
      expect(await standing()).toEqual([2, 0]);
      expect((await writeUri("")).status).toBe("2.04");
      expect(await standing()).toEqual([0, 0]);
    });

    it.each([
      ["LightweightM2M-1.0-int-773 no room for it", "flash", PACKAGE, /^(2\.31 )*4\.13$/, 2],
      ["LightweightM2M-1.0-int-774 no memory for it", "ram", PACKAGE, /^(2\.31 )*5\.00$/, 3],
      ["LightweightM2M-1.0-int-775 the connection lost", "connection", PACKAGE, /^(2\.31 )*4\.08$/, 4],
      ["LightweightM2M-1.0-int-776 a bit of it wrong", "none", DAMAGED, /^(2\.31 )+2\.04$/, 5],
      ["LightweightM2M-1.0-int-777 something else than a package", "none", NO_PACKAGE, /^(2\.31 )+2\.04$/, 6],
    ] as const)("%s is told by the Update Result", async (_case, fault, bytes, codes, result) => {
      if (fault !== "none") await modem.set(`firmware.fault=${fault}`);
      expect((await push(bytes)).join(" ")).toMatch(codes);
      expect(await standing()).toEqual([0, result]);
    });

    it.each([
      ["LightweightM2M-1.0-int-778 a URI that is none", "totally:bad", "2.04", 7],
      ["LightweightM2M-1.0-int-780 a protocol that it does not speak", "ftp://127.0.0.1/fw", "4.00", 9],
    ] as const)("%s is told by the Update Result", async (_case, uri, code, result) => {
      expect((await writeUri(uri)).wire).toBe(`PUT /5/0/1 ct=0 -> ${code}`);
      expect(await standing()).toEqual([0, result]);
    });

    it("LightweightM2M-1.0-int-779 LightweightM2M-1.0-int-770 an Update that fails keeps revision and package, one that succeeds has the new revision", async () => {
      const before = await revision();
      await push(PACKAGE);
      await modem.set("firmware.fault=update");
      await update();
      expect(await standing()).toEqual([2, 8]);
      expect(await revision()).toBe(before);
      await update();
      expect(await standing()).toEqual([0, 1]);
      expect(await revision()).toBe(REVISION);
    });

    it("LightweightM2M-1.0-int-771 a package that was fetched is applied", async () => {
      const newer = "BG96MAR05A01M1G";
      const file = makePackage({ name: "BG96 firmware", version: newer }, 5000);
      expect((await writeUri(`coap://127.0.0.1:${await openRepository(bench, file)}/fw`)).status).toBe("2.04");
      await expect.poll(standing, { timeout: SOON }).toEqual([2, 0]);
      await update();
      expect(await standing()).toEqual([0, 1]);
      expect(await revision()).toBe(newer);
    });
  });
});
