/** A Client on the manual clock, its EFS in a temporary directory, its Servers scripted at the other end of memory links. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createDevice } from "#bg96/device";
import { createEndpoint, DEFAULT_TRANSMISSION, type Endpoint } from "#coap/endpoint";
import { type Link, LinkError, type LinkTarget, type OpenLink } from "#coap/link";
import type { Request, Response } from "#coap/message";
import type { ClientDialect } from "#config/spelling";
import type { Disk } from "#efs/disk";
import { fillFactory, openEfs } from "#efs/efs";
import type { RunOverrides } from "#lwm2m/run-settings";
import { createInitialState, type Hardware } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import type { BootProfile } from "#modem/power";
import type { Clock, Log } from "#runtime";
import { hardware } from "./hardware.js";
import { createManualClock, createSeededRandom } from "./manual-clock.js";
import { createLinkPair, type MemoryLink } from "./memory-link.js";

/** What DTLS adds to a message under AES_128_CCM_8. */
const RECORD_BYTES = 29;

export interface ScriptedServer {
  readonly endpoint: Endpoint;
  readonly target: LinkTarget;
  readonly requests: Request[];
}

export interface DeviceOptions {
  readonly hardware?: Partial<Hardware>;
  /** Files to write before power-on, by EFS path. */
  readonly files?: Readonly<Record<string, string>>;
  /** What a Server answers; the default accepts Register (at /rd/<n>), Update, De-register and Bootstrap-Request. */
  answer?(request: Request, target: LinkTarget): Response | undefined;
  /** A reason why this link cannot be opened. */
  unreachable?(target: LinkTarget): string | undefined;
  /** Plays the Server at the other end of this link itself; `answer` is for the others. */
  serverOn?(link: Link, target: LinkTarget): void;
  /** Opens the links to coaps Servers; without it they are links in memory, too. */
  secureLink?(clock: Clock, log: Log): OpenLink;
  /** Told everything, from trace on. */
  readonly log?: Log;
  readonly lossRate?: number;
  /** Sees every datagram of a new link, 0 being the device's end. @returns false to lose it */
  network?(target: LinkTarget): (from: 0 | 1, datagram: Buffer) => boolean;
  readonly seed?: number;
  readonly overrides?: Partial<RunOverrides>;
  readonly autostart?: boolean;
  readonly profile?: BootProfile;
  readonly registerVersion?: "always" | "above1.0";
  readonly confirmable?: boolean;
  readonly oldFormats?: boolean;
  readonly serverInitiatedBootstrap?: boolean;
  readonly dialect?: Partial<ClientDialect>;
  /** Objects 10250 and 26241 are offered as the profile says; otherwise always. */
  readonly lguByProfile?: boolean;
  readonly root?: string;
  /** What the module's files are written with. */
  readonly disk?: Disk;
  /** Any file is taken for a firmware package. */
  readonly acceptAny?: boolean;
}

export function openDevice(options: DeviceOptions = {}) {
  const clock = createManualClock();
  const random = createSeededRandom(options.seed ?? 7);
  const logged: string[] = [];
  const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = options.log ?? { trace() {}, debug() {}, info: note, warn: note, error: note, child: () => log };
  const runtime = { clock, random, log };
  const root = options.root ?? mkdtempSync(join(tmpdir(), "bg96-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const efs = openEfs(root, options.disk);
  fillFactory(efs, join(import.meta.dirname, "..", "..", "config", "efs"));
  for (const [path, text] of Object.entries(options.files ?? {})) efs.write(path, text);

  const initial = createInitialState({ ...hardware, ...options.hardware });
  const modem = createModem(initial);
  const events: number[] = [];
  modem.onChange((now, before) => {
    if (now.lwm2m.phase !== undefined && now.lwm2m.phase !== before.lwm2m.phase) events.push(now.lwm2m.phase);
  });
  const openSecureLink = options.secureLink?.(clock, log);
  const openWire: OpenLink = async (target, signal) => {
    const problem = options.unreachable?.(target);
    if (problem) throw new LinkError(problem);
    if (openSecureLink && target.scheme === "coaps") return openSecureLink(target, signal);
    const [near, far] = createLinkPair({
      clock,
      random,
      lossRate: options.lossRate ?? 0,
      addedBytes: target.scheme === "coaps" ? RECORD_BYTES : 0,
      ...(options.network && { onDatagram: options.network(target) }),
    });
    links.push(near);
    if (options.serverOn) {
      options.serverOn(far, target);
      return near;
    }
    const requests: Request[] = [];
    const endpoint = createEndpoint({
      link: far,
      runtime,
      onRequest(request) {
        requests.push(request);
        return options.answer?.(request, target) ?? usual(request);
      },
    });
    servers.push({ endpoint, target, requests });
    return near;
  };
  const servers: ScriptedServer[] = [];
  const links: MemoryLink[] = [];
  let registrations = 0;
  const usual = (request: Request): Response => {
    const path = request.uriPath?.join("/") ?? "";
    if (request.method === "POST" && path === "rd")
      return { code: "2.01", locationPath: ["rd", String(++registrations)] };
    if (request.method === "POST") return { code: "2.04" };
    return request.method === "DELETE" ? { code: "2.02" } : { code: "4.05" };
  };
  const { power, settings, registry, client, firmware, close } = createDevice({
    runtime,
    modem,
    efs,
    initial,
    profile: options.profile ?? "instant",
    overrides: {
      server: undefined,
      endpoint: undefined,
      pskIdentity: undefined,
      pskKeyHex: undefined,
      lifetimeS: undefined,
      ...options.overrides,
    },
    openWire,
    transmission: DEFAULT_TRANSMISSION,
    firmware: { acceptAny: options.acceptAny ?? false, httpsVerify: false },
    lguAlways: !options.lguByProfile,
    registerVersion: options.registerVersion ?? "always",
    confirmable: options.confirmable ?? false,
    oldFormats: options.oldFormats ?? false,
    serverInitiatedBootstrap: options.serverInitiatedBootstrap ?? false,
    dialect: options.dialect ?? {},
    autostart: options.autostart ?? false,
  });
  power.on();
  return {
    clock,
    runtime,
    modem,
    power,
    efs,
    root,
    registry,
    settings,
    client,
    firmware,
    /** As the end of its process does. */
    close,
    events,
    servers,
    /** The device's ends of the links it has opened, in order. */
    links,
    logged,
    /** Every request a Server has seen, as "METHOD /path?query". */
    seen: () =>
      servers.flatMap((server) =>
        server.requests.map((each) => {
          const query = each.uriQuery?.length ? `?${each.uriQuery.join("&")}` : "";
          return `${each.method} /${each.uriPath?.join("/") ?? ""}${query}`;
        }),
      ),
    last: () => servers.at(-1)!,
  };
}
