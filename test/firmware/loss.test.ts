/** Packages over a link that loses every fifth datagram. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { openRegistered } from "../ets/raw-device.js";
import type { RawServer } from "../ets/raw-server.js";
import { block, type CoapParts, type ReadCoap } from "../support/coap-bytes.js";
import type { ManualClock } from "../support/manual-clock.js";

const PACKAGE = makePackage({ name: "BG96 firmware", version: "BG96MAR04A04M1G" }, 65_536);
const REPOSITORY = "192.0.2.77";
const digest = (bytes: Buffer | undefined) => createHash("sha256").update(bytes!).digest("hex");

/** Sends a request until it is answered, four times with one message id, then with another (RFC 7252 §4.2). */
async function insist(
  server: RawServer,
  clock: ManualClock,
  request: Omit<CoapParts, "mid">,
  mid: number,
): Promise<ReadCoap> {
  const token = mid.toString(16).padStart(4, "0");
  for (let tries = 0; tries < 40; tries++) {
    server.forget();
    await server.send({ ...request, mid: mid + (tries >> 2), token });
    await clock.advance(2000);
    const heard = server.heard.find(({ message }) => message.token === token);
    if (heard) return heard.message;
  }
  throw new Error("never answered");
}

describe.each([1, 2, 3, 4, 5])("at 20 %% loss (seed %i)", (seed) => {
  const open = async () => {
    const device = await openRegistered({
      lossRate: 0.2,
      seed,
      script: (request, { target }) =>
        target.host === REPOSITORY ? blockOf(request, PACKAGE, { etag: "e" }) : undefined,
    });
    await device.clock.advance(300_000);
    return device;
  };

  it("[CU-043][CU-047] a package of 64 kB is pushed", async () => {
    const { server, clock, modem, efs } = await open();
    for (let number = 0; number < 64; number++) {
      const payload = PACKAGE.subarray(number * 1024, (number + 1) * 1024);
      const request = put("/5/0/0", { format: 42, payload, block1: block(number, number < 63 ? 1 : 0, 1024) });
      const { code } = await insist(server, clock, request, 0x100 + number * 16);
      expect(code).toBe(number < 63 ? "2.31" : "2.04");
    }
    expect(digest(efs.read("/fota/update.bin"))).toBe(digest(PACKAGE));
    expect(modem.state.firmware.update).toMatchObject({ state: 2, result: 0 });
  });

  it("[CU-044] a package of 64 kB is fetched", async () => {
    const { server, clock, modem, efs } = await open();
    await insist(server, clock, put("/5/0/1", text(`coap://${REPOSITORY}/image`)), 0x100);
    await clock.advance(3_600_000);
    expect(digest(efs.read("/fota/update.bin"))).toBe(digest(PACKAGE));
    expect(modem.state.firmware.update).toMatchObject({ state: 2, result: 0 });
  });
});
