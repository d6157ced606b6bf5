import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Leshan, type LeshanVersion, openLeshan, prepareLeshan, type Registration, VERSIONS } from "./leshan.ts";
import { type ModemUnderTest, type RunOptions, startModem } from "./modem-under-test.ts";
import { openRelay, type Relay } from "./relay.ts";

export const READY = /^\+QLWEVENT: 5,"STATE_READY"$/;
/** What is prompt has come by then, ms. */
export const SOON = 15_000;

/** One Leshan and what its tests open; all that was opened here is closed by `closeAll`. */
export interface Bench {
  readonly version: LeshanVersion;
  readonly leshan: Leshan;
  readonly nosecUri: string;
  readonly pskUri: string;
  start(options: RunOptions): Promise<ModemUnderTest>;
  /** A modem started, told to register and ready. */
  register(options: RunOptions & { readonly endpoint: string }): Promise<ModemUnderTest>;
  /** A factory-fresh modem that has bootstrapped from this Leshan in the clear, as told beforehand, and is ready. */
  bootstrap(endpoint: string): Promise<ModemUnderTest>;
  relayTo(port: number): Promise<Relay>;
  /** An empty directory. */
  scratch(): Promise<string>;
  /** The first Register of that endpoint since the mark. */
  registered(endpoint: string, since?: number): Promise<Registration>;
  /** For `closeAll`, which closes the latest first. */
  onClose(close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

/**
 * Whether Leshan is to be had here, fetching and building it if need be. Where it is not, says so loudly, or fails if
 * BG96_REQUIRE_LESHAN is 1.
 */
export async function isLeshanToBeHad(): Promise<boolean> {
  const missing = await prepareLeshan(VERSIONS);
  if (missing === undefined) return true;
  if (process.env.BG96_REQUIRE_LESHAN === "1") {
    it("Leshan is to be had", () => {
      throw new Error(missing);
    });
  } else {
    console.warn(`\nSKIPPED: every test against Leshan: ${missing}\n`);
  }
  return false;
}

/** Defines the tests once for each version of Leshan. */
export async function describeOnLeshan(define: (bench: Bench) => void): Promise<void> {
  const isThere = await isLeshanToBeHad();
  describe.skipIf(!isThere).each(VERSIONS)("Leshan %s", (version) => {
    define(createBench(version));
  });
}

/** For use inside `describe`: Leshan is opened before its tests and closed after them. */
export function createBench(version: LeshanVersion, address?: string): Bench {
  let leshan: Leshan;
  const toClose: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    leshan = await openLeshan({ version, ...(address !== undefined && { address }) });
  });
  const bench: Bench = {
    version,
    get leshan() {
      return leshan;
    },
    get nosecUri() {
      return `coap://${hostOf(address)}:${leshan.coapPort}`;
    },
    get pskUri() {
      return `coaps://${hostOf(address)}:${leshan.coapsPort}`;
    },
    async start(options) {
      const modem = await startModem(options);
      toClose.push(() => modem.stop());
      return modem;
    },
    async register(options) {
      const modem = await bench.start(options);
      // mode 1: it registers again after a reboot
      expect(await modem.at('AT+QLWM2M="register",1')).toEqual(["OK"]);
      await bench.registered(options.endpoint);
      await modem.waitUrc(READY, SOON);
      return modem;
    },
    async bootstrap(endpoint) {
      const modem = await bench.start({ endpoint });
      const { bootstrapCoapPort } = leshan;
      for (const setting of ['"bsmode",1', `"cdp","127.0.0.1",${bootstrapCoapPort}`, '"register"'])
        expect(await modem.at(`AT+QLWM2M=${setting}`)).toEqual(["OK"]);
      await modem.waitUrc(READY, SOON);
      return modem;
    },
    async relayTo(port) {
      const relay = await openRelay(port);
      toClose.push(() => relay.close());
      return relay;
    },
    async scratch() {
      const directory = await mkdtemp(join(tmpdir(), "bg96-leshan-efs-"));
      toClose.push(() => rm(directory, { recursive: true, force: true }));
      return directory;
    },
    async registered(endpoint, since = 0) {
      return (await leshan.waitFor("REGISTRATION", (data) => data.endpoint === endpoint, SOON, since)).registration;
    },
    onClose(close) {
      toClose.push(close);
    },
    async closeAll() {
      for (const close of toClose.splice(0).reverse()) await close();
    },
  };
  afterAll(async () => {
    await bench.closeAll();
    await leshan?.close();
  });
  return bench;
}

const hostOf = (address = "127.0.0.1"): string => (address.includes(":") ? `[${address}]` : address);
