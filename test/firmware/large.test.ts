/** The largest package there is, whose parts never meet in memory. */
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { MOST_PACKAGE_BYTES, makePackage } from "#firmware/package";
import { put } from "../ets/ask.js";
import { openRegistered } from "../ets/raw-device.js";
import { block } from "../support/coap-bytes.js";

const PACKAGE = makePackage({ name: "BG96 firmware", version: "BG96MAR04A04M1G" }, MOST_PACKAGE_BYTES);
/** A quarter of the package. */
const MOST_GROWTH_BYTES = MOST_PACKAGE_BYTES / 4;

// so that a few bytes kept for duplicates do not keep the 8 kB around them, which the test's own datagrams share
Buffer.poolSize = 0;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const held = () => {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};

const FORMATS = [
  ["opaque", 42, PACKAGE],
  ["TLV", 11542, Buffer.concat([Buffer.from([0xd8, 0, 0x80, 0, 0]), PACKAGE])],
  ["text", 0, Buffer.from(PACKAGE.toString("base64"))],
  ["JSON", 11543, Buffer.from(`{"bn":"/5/0/0","e":[{"sv":"${PACKAGE.toString("base64")}"}]}`)],
] as const;

describe("a package of 8 MB", () => {
  it.each(FORMATS)(
    "[CU-043][CU-047][CU-048][CU-049][CU-050] pushed as %s is stored as it comes",
    { timeout: 60_000 },
    async (_, format, body) => {
      const { server, modem, efs } = await openRegistered();
      const blocks = Math.ceil(body.length / 1024);
      const growth: number[] = [];
      const before = held();
      for (let number = 0; number < blocks; number++) {
        const payload = body.subarray(number * 1024, (number + 1) * 1024);
        const options = number === 0 ? ([[60, body.length]] as const) : [];
        const parts = { options, format, payload, block1: block(number, number + 1 < blocks ? 1 : 0, 1024) };
        const { code } = await server.ask(put("/5/0/0", parts));
        expect(code).toBe(number + 1 < blocks ? "2.31" : "2.04");
        server.forget();
        if (number > blocks / 2 && number % 1024 === 0) growth.push(held() - before);
      }
      expect(modem.state.firmware.update).toMatchObject({ state: 2, result: 0 });
      expect(createHash("sha256").update(efs.read("/fota/update.bin")!).digest()).toEqual(
        createHash("sha256").update(PACKAGE).digest(),
      );
      // freed memory is told of late at times, but not each time
      expect(Math.min(...growth)).toBeLessThan(MOST_GROWTH_BYTES);
    },
  );
});
