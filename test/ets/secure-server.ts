/** A Server of bytes behind a real DTLS stack, and a whole Client on the manual clock that speaks DTLS with it. */
import { onTestFinished } from "vitest";
import { createDtlsOpener } from "#coap/dtls";
import type { Link } from "#coap/link";
import type { Clock, Log } from "#runtime";
import { type CoapParts, coapBytes, type ReadCoap, readCoap } from "../support/coap-bytes.ts";
import {
  type DtlsServer,
  type DtlsServerOptions,
  type DtlsServerSession,
  openDtlsServer,
} from "../support/coap-dtls-server.ts";
import { openRelay, type Relay, type RelayOptions } from "../support/dtls-records.ts";
import { type Ask, del, nameOf, post, put, tlv } from "./ask.ts";
import { NOTHING, openRawDevice, type RawDevice, type RawDeviceOptions, usualAnswers, walk } from "./raw-device.ts";
import { isRequest } from "./raw-server.ts";

/** Long for loopback; for a busy machine only. */
const DEADLINE_MS = 15_000;

/** Something real that takes its own time: told whenever anything has happened. */
export interface Happenings {
  happened(): void;
  /** Resolves when something happens. @throws Error naming `what` after the deadline */
  next(what: string): Promise<void>;
}

function createHappenings(): Happenings {
  const waiting = new Set<() => void>();
  return {
    happened() {
      for (const wake of waiting) wake();
      waiting.clear();
    },
    next: (what) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error(`no ${what} in ${DEADLINE_MS} ms`)), DEADLINE_MS);
        waiting.add(() => {
          clearTimeout(deadline);
          resolve();
        });
      }),
  };
}

export interface SecureAccount {
  readonly identity: Buffer;
  readonly key: Buffer;
}

export const ACCOUNT: SecureAccount = {
  identity: Buffer.from("urn:imei:864508030012428"),
  key: Buffer.from("00112233445566778899aabbccddee00", "hex"),
};

export interface SecureServerOptions extends Partial<Omit<DtlsServerOptions, "onMessage">> {
  /** Which account it knows; `key` is for others. */
  readonly account?: SecureAccount;
  /** What it answers; undefined leaves it to the usual answers, NOTHING is silence. */
  script?(request: ReadCoap, session: DtlsServerSession): CoapParts | Buffer | undefined;
  /** What becomes of each DTLS datagram on its way; all pass unless told otherwise. */
  pass?: RelayOptions["pass"];
  /** Without a relay before it, so that its port is closed while it is stopped. */
  readonly isDirect?: boolean;
}

export interface SecureServer {
  /** Of the relay before it. */
  readonly uri: string;
  readonly dtls: DtlsServer;
  /** Datagrams so far, lost ones too. */
  readonly seen: readonly { from: "client" | "server"; datagram: Buffer }[];
  /** Requests of the Client so far, each transmission. */
  readonly requests: readonly string[];
  /** Sends a request in the latest session and waits for the answer. */
  ask(request: Ask): Promise<ReadCoap>;
  /** Another process at the same address: it knows no sessions. */
  restart(changed?: SecureServerOptions): Promise<void>;
  /** The process ends, and nobody listens there until restart(). */
  stop(): Promise<void>;
}

async function openSecureServer(happenings: Happenings, options: SecureServerOptions): Promise<SecureServer> {
  let current = options;
  const usual = usualAnswers();
  const seen: SecureServer["seen"][number][] = [];
  const requests: string[] = [];
  const answers = new Map<string, ReadCoap>();
  const open = (port?: number) => {
    const { account = ACCOUNT, script: _script, pass: _pass, isDirect: _isDirect, ...rest } = current;
    return openDtlsServer({
      key: (identity) => (identity.equals(account.identity) ? account.key : undefined),
      ...rest,
      ...(port !== undefined && { port }),
      onMessage(datagram, session) {
        const message = readCoap(datagram);
        if (isRequest(message)) {
          requests.push(nameOf(message));
          const reply = current.script?.(message, session) ?? usual(message);
          if (reply !== NOTHING) session.send(Buffer.isBuffer(reply) ? reply : coapBytes(reply));
        } else answers.set(message.token, message);
        happenings.happened();
      },
    });
  };
  let dtls = await open();
  const relay: Relay = await openRelay({
    serverPort: dtls.port,
    pass(from, datagram) {
      seen.push({ from, datagram });
      happenings.happened();
      return current.pass?.(from, datagram) ?? [datagram];
    },
  });
  onTestFinished(async () => {
    relay.close();
    await dtls.close();
  });
  let messageId = 0x4000;
  return {
    uri: `coaps://127.0.0.1:${options.isDirect ? dtls.port : relay.port}`,
    get dtls() {
      return dtls;
    },
    seen,
    requests,
    async ask(request) {
      const mid = ++messageId;
      const token = request.token ?? mid.toString(16);
      dtls.sessions.at(-1)!.send(coapBytes({ type: "CON", mid, token, ...request }));
      for (;;) {
        const found = answers.get(token);
        if (found) return found;
        await happenings.next(`answer to ${request.code}`);
      }
    },
    stop: () => dtls.close(),
    async restart(changed = {}) {
      current = { ...current, ...changed };
      await dtls.close();
      dtls = await open(dtls.port);
    },
  };
}

/** bootstrap.ini's instances of one account with a pre-shared key. */
export function secureAccount(
  id: number,
  shortServerId: number,
  uri: string,
  { identity, key }: SecureAccount,
): string {
  const opaque = (resourceId: number, value: Buffer) => `{"n":"${resourceId}","sv":"${value.toString("base64")}"}`;
  return `{"bn":"/0/${id}/","e":[{"n":"0","sv":"${uri}"},{"n":"1","bv":false},{"n":"2","v":0},${opaque(3, identity)},${opaque(5, key)},{"n":"10","v":${shortServerId}}]}
{"bn":"/1/${id}/","e":[{"n":"0","v":${shortServerId}},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
}

/** Has a device that is on bootstrap in the clear, from nothing to the end, and so get an account with a pre-shared key. */
export async function bootstrap(device: RawDevice, uri: string, { identity, key }: SecureAccount): Promise<void> {
  device.settings.setBootstrapMode(1);
  device.client.register(false);
  await device.clock.advance(100);
  const byte = (value: number) => value.toString(16).padStart(2, "0");
  const opaque = (id: number, value: Buffer) => `c8${byte(id)}${byte(value.length)}${value.toString("hex")}`;
  const security = `${opaque(0, Buffer.from(uri))}c10100c10200${opaque(3, identity)}c004${opaque(5, key)}c10a7b`;
  await walk(device.server, [
    [del("/0"), "2.02"],
    [del("/1"), "2.02"],
    [put("/0/1", tlv(security)), "2.04"],
    [put("/1/0", tlv("c1007bc201012cc10201c10601c10755")), "2.04"],
    [post("/bs"), "2.04"],
  ]);
}

export interface SecureDeviceOptions extends RawDeviceOptions {
  readonly ciphers?: readonly string[];
  /** Of the DTLS layer, where it is not the device's. */
  readonly dtlsClock?: Clock;
}

/** The place where a Client and its Servers meet. */
export function createSecureBench() {
  const happenings = createHappenings();
  return {
    openServer: (options: SecureServerOptions = {}) => openSecureServer(happenings, options),
    /** A device that is on, its Client not started. */
    async openDevice({ ciphers, dtlsClock, ...options }: SecureDeviceOptions) {
      const links: Link[] = [];
      const device = await openRawDevice({
        ...options,
        secureLink(clock: Clock, log: Log) {
          const open = createDtlsOpener({ clock: dtlsClock ?? clock, log, ...(ciphers && { ciphers }) });
          return async (target, signal) => {
            try {
              const link = await open(target, signal);
              links.push(link);
              return watched(link, happenings);
            } finally {
              happenings.happened();
            }
          };
        },
      });
      /** Lets the machine's time pass and the test's stand still until there is what is looked for. */
      const until = async (what: string, look: () => boolean): Promise<void> => {
        for (;;) {
          await device.clock.advance(0);
          if (look()) return;
          await happenings.next(what);
        }
      };
      const states = (): readonly string[] => device.client.status.servers.map(({ state }) => state);
      return Object.assign(device, {
        /** Those opened so far, in order. */
        links,
        until,
        states,
        /** All accounts are registered. */
        registered: () =>
          until("registration", () => states().length > 0 && states().every((is) => is === "registered")),
        /** Lets the test's time pass, a second at a time, until there is what is looked for. @returns ms */
        async pass(mostMs: number, look: () => boolean): Promise<number> {
          const { clock } = device;
          const startMs = clock.monotonic();
          while (!look()) {
            if (clock.monotonic() - startMs >= mostMs) throw new Error(`not within ${mostMs} ms`);
            await clock.advance(1000);
          }
          return clock.monotonic() - startMs;
        },
      });
    },
  };
}

function watched(link: Link, { happened }: Happenings): Link {
  return {
    get localPort() {
      return link.localPort;
    },
    description: link.description,
    listen: (events) =>
      link.listen({
        message(datagram) {
          events.message(datagram);
          happened();
        },
        closed(reason) {
          events.closed(reason);
          happened();
        },
      }),
    send: (datagram) => link.send(datagram),
    close: () => link.close(),
  };
}
