/** A Client on the manual clock, its EFS in a temporary directory, its Servers scripted at the other end of memory links. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createEndpoint, DEFAULT_TRANSMISSION, type Endpoint } from "#coap/endpoint";
import { LinkError, type LinkTarget } from "#coap/link";
import type { Request, Response } from "#coap/message";
import { fillFactory, openEfs } from "#efs/efs";
import { createStore } from "#efs/store";
import { type ClientCore, createClient } from "#lwm2m/client-core";
import { batteryThreshold } from "#lwm2m/client-files";
import { createRegistry } from "#lwm2m/registry";
import { type RunOverrides, withOverrides } from "#lwm2m/run-settings";
import { createSettings } from "#lwm2m/settings";
import { createInitialState, type Hardware } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { type BootProfile, createPower } from "#modem/power";
import { deviceObjects } from "#objects/device-objects";
import type { Log } from "#runtime";
import { hardware } from "./hardware.js";
import { createManualClock, createSeededRandom } from "./manual-clock.js";
import { createLinkPair } from "./memory-link.js";

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
  readonly lossRate?: number;
  readonly overrides?: Partial<RunOverrides>;
  readonly autostart?: boolean;
  readonly profile?: BootProfile;
  readonly registerVersion?: "always" | "above1.0";
  readonly root?: string;
}

export function openDevice(options: DeviceOptions = {}) {
  const clock = createManualClock();
  const random = createSeededRandom(7);
  const logged: string[] = [];
  const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { trace() {}, debug() {}, info: note, warn: note, error: note, child: () => log };
  const runtime = { clock, random, log };
  const root = options.root ?? mkdtempSync(join(tmpdir(), "bg96-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const efs = openEfs(root);
  fillFactory(efs, join(import.meta.dirname, "..", "..", "config", "efs"));
  for (const [path, text] of Object.entries(options.files ?? {})) efs.write(path, text);

  const modem = createModem(createInitialState({ ...hardware, ...options.hardware }));
  const profile = options.profile ?? "instant";
  const power = createPower({ modem, clock, log, profile });
  createNetwork({ modem, clock, profile });
  const events: number[] = [];
  modem.onChange((now, before) => {
    if (now.lwm2m.phase !== undefined && now.lwm2m.phase !== before.lwm2m.phase) events.push(now.lwm2m.phase);
  });
  const settings = withOverrides(createSettings({ efs, modem, log }), {
    server: undefined,
    endpoint: undefined,
    pskIdentity: undefined,
    pskKeyHex: undefined,
    lifetimeS: undefined,
    ...options.overrides,
  });
  let client: ClientCore;
  const registry = createRegistry(
    deviceObjects(modem, {
      reboot: () => power.restart(),
      factoryReset: () => power.restart(),
      threshold: () => batteryThreshold(efs),
      now: () => clock.now(),
      disable: (instanceId) => client.disable(instanceId),
      update: (instanceId) => client.triggerUpdate(instanceId),
      downlink: (path, data) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, downlink: { path, data } } })),
    }),
  );
  const servers: ScriptedServer[] = [];
  let registrations = 0;
  const usual = (request: Request): Response => {
    const path = request.uriPath?.join("/") ?? "";
    if (request.method === "POST" && path === "rd")
      return { code: "2.01", locationPath: ["rd", String(++registrations)] };
    if (request.method === "POST") return { code: "2.04" };
    return request.method === "DELETE" ? { code: "2.02" } : { code: "4.05" };
  };
  client = createClient({
    runtime,
    modem,
    power,
    efs,
    store: createStore(efs, log),
    registry,
    settings,
    async openLink(target) {
      const problem = options.unreachable?.(target);
      if (problem) throw new LinkError(problem);
      const [near, far] = createLinkPair({ clock, random, lossRate: options.lossRate ?? 0 });
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
    },
    ciphers: [],
    transmission: DEFAULT_TRANSMISSION,
    registerVersion: options.registerVersion ?? "always",
    autostart: options.autostart ?? false,
  });
  power.on();
  return {
    clock,
    modem,
    power,
    efs,
    root,
    registry,
    settings,
    client,
    events,
    servers,
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
