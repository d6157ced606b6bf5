/**
 * Mutated messages at a whole Client, from a seed. BG96_FUZZ_COUNT and BG96_FUZZ_SEED say how many and which: `npm run fuzz`.
 * A message that breaks something is shown in hex; once mended it joins test/golden/hostile-messages.txt.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { get, nameOf } from "../ets/ask.ts";
import { BOOTSTRAP_ACCOUNT, openRawDevice, openRegistered, type RawDevice } from "../ets/raw-device.ts";
import type { RawServer } from "../ets/raw-server.ts";
import { readCoap } from "../support/coap-bytes.ts";
import { BOOTSTRAP, corpusOf, MANAGEMENT, mutate } from "../support/coap-corpus.ts";
import { createSeededRandom } from "../support/manual-clock.ts";

const COUNT = Number(process.env.BG96_FUZZ_COUNT ?? 10_000);
const SEED = Number(process.env.BG96_FUZZ_SEED ?? 0x1b96);
const TIMEOUT_MS = 60_000 + COUNT * 2;
/** What a heap may differ by from one collection to the next, bytes. */
const NOISE_BYTES = 6_000_000;
const GOLDEN = join(import.meta.dirname, "..", "golden", "hostile-messages.txt");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What rightly ends the conversation is for other tests: Reboot, Factory Reset, Disable, a new firmware, and the loss of the account. */
function ends(datagram: Buffer): boolean {
  try {
    return /^(POST \/(3\/0\/[45]|1\/\d+\/4|5\/0\/2)|PUT \/1\/\d+|POST \/1\/\d+|DELETE \/(1\/.*)?)(\?|$)/.test(
      nameOf(readCoap(datagram)),
    );
  } catch {
    return false; // too short to be a request
  }
}

/** @returns what is wrong after `datagram`, if anything. */
function complaintAfter(device: RawDevice, server: RawServer, datagram: Buffer): string | undefined {
  const bug = device.logged.find((line) => line.includes('"err"'));
  const failed = server.take().find(({ message }) => message.code === "5.00");
  device.logged.length = 0;
  if (!bug && !failed) return undefined;
  return `${datagram.toString("hex")}: ${bug ?? "5.00"}`;
}

describe(`mutated messages (seed ${SEED})`, () => {
  it("a Client answers what it can, drops the rest, and still answers a Read", { timeout: TIMEOUT_MS }, async () => {
    const random = createSeededRandom(SEED);
    const corpus = corpusOf(MANAGEMENT);
    const device = await openRegistered({ autostart: true });
    const { server } = device;
    let before = 0;
    for (let i = 1; i <= COUNT; i++) {
      const datagram = mutate(corpus, random, i);
      if (ends(datagram)) continue;
      await server.send(datagram);
      const complaint = complaintAfter(device, server, datagram);
      if (complaint !== undefined) expect.fail(complaint);
      server.forget();
      if (i % 500 === 0) {
        expect((await server.ask(get("/3/0/0"))).code, `after message ${i}`).toBe("2.05");
        await device.clock.advance(10_000);
      }
      if (i === Math.floor(COUNT / 2)) {
        collect();
        before = process.memoryUsage().heapUsed;
      }
    }
    // a package may have been fetched over links of its own
    const links = device.servers.filter(({ target }) => target.host === server.target.host);
    expect(links, "the registration lasts").toHaveLength(1);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(NOISE_BYTES);
    expect(device.clock.pending()).toBeLessThan(200);
  });

  it("a Client in bootstrap comes to a good end after any of them", { timeout: TIMEOUT_MS }, async () => {
    const random = createSeededRandom(SEED + 1);
    const corpus = corpusOf(BOOTSTRAP);
    for (let round = 0; round < COUNT / 1000; round++) {
      const device = await openRawDevice({ ini: BOOTSTRAP_ACCOUNT });
      device.client.register(false);
      await device.clock.advance(100);
      for (let i = 1; i <= 100; i++) {
        const datagram = mutate(corpus, random, i);
        await device.server.send(datagram);
        const complaint = complaintAfter(device, device.server, datagram);
        if (complaint !== undefined) expect.fail(complaint);
      }
      await device.clock.advance(10_000);
      expect(device.client.status.running).toBe(true);
      device.client.halt();
    }
  });

  it("messages that once broke something are answered or dropped", async () => {
    const lines = existsSync(GOLDEN) ? readFileSync(GOLDEN, "utf8").split("\n") : [];
    const device = await openRegistered();
    for (const line of lines.filter((each) => /^[0-9a-f]/.test(each))) {
      const datagram = Buffer.from(line.split(" ")[0]!, "hex");
      await device.server.send(datagram);
      expect(complaintAfter(device, device.server, datagram)).toBeUndefined();
    }
    expect((await device.server.ask(get("/3/0/0"))).code).toBe("2.05");
  });
});
