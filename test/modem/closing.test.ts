/** A whole modem that is closed, or killed, leaves nothing that would keep its process alive. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openBg96 } from "#bg96";
import { DEFAULTS } from "#config";
import { silentLog } from "#runtime";
import { createManualClock, createSeededRandom } from "../support/manual-clock.js";

async function openModem() {
  const directory = mkdtempSync(join(tmpdir(), "bg96-closing-"));
  const silent = createSocket("udp4");
  silent.bind(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => {
    silent.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const clock = createManualClock();
  const config = {
    ...DEFAULTS,
    boot: "instant" as const,
    register: true,
    efs: join(directory, "efs"),
    tty: join(directory, "tty"),
    lwm2m: { ...DEFAULTS.lwm2m, server: `coap://127.0.0.1:${silent.address().port}` },
  };
  const modem = await openBg96(config, { clock, random: createSeededRandom(3), log: silentLog }, directory);
  // Registers are sent and repeated, bytes are counted, a Collection Period of a day runs
  const asked = once(silent, "message");
  for (let tries = 0; tries < 50; tries++) await clock.advance(0);
  await asked;
  modem.modem.update(({ traffic, settings }) => ({
    traffic: { ...traffic, periodS: 86_400 },
    settings: { ...settings, cpsms: "1,00100001,00111111" },
    gnssSession: { untilMs: 1e9 },
  }));
  await clock.advance(1000);
  expect(clock.pending()).toBeGreaterThan(3);
  return { modem, clock };
}

it("closing leaves no timer", async () => {
  const { modem, clock } = await openModem();
  const closed = modem.close();
  await clock.advance(6000);
  await closed;
  await clock.advance(0);
  expect(clock.pending()).toBe(0);
});

it("killing leaves no timer", async () => {
  const { modem, clock } = await openModem();
  modem.kill();
  await clock.advance(0);
  expect(clock.pending()).toBe(0);
});
