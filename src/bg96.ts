/** One modem put together: the only file that knows every folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandTable } from "#at/commands";
import { createTerminal } from "#at/interpreter";
import { eventName } from "#at/urc";
import { createDtlsOpener } from "#coap/dtls";
import { DEFAULT_TRANSMISSION } from "#coap/endpoint";
import type { Link, OpenLink } from "#coap/link";
import { openUdpLink } from "#coap/udp";
import type { Config } from "#config";
import { type Efs, fillFactory, openEfs } from "#efs/efs";
import { createStore } from "#efs/store";
import type { Client, ClientStatus } from "#lwm2m/client";
import { type ClientCore, createClient } from "#lwm2m/client-core";
import { batteryThreshold } from "#lwm2m/client-files";
import { createRegistry } from "#lwm2m/registry";
import { withOverrides } from "#lwm2m/run-settings";
import { createSettings } from "#lwm2m/settings";
import { createInitialState } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import { createNetwork, inService } from "#modem/network";
import { createPower, type Power } from "#modem/power";
import type { ModemState } from "#modem/state";
import { deviceObjects } from "#objects/device-objects";
import { openPty } from "#port/pty";
import type { Runtime } from "#runtime";

export interface Bg96 {
  /** The link to the AT port. */
  readonly tty: string;
  readonly modem: Modem;
  readonly power: Power;
  readonly client: ClientStatus;
  /** Every +QLWEVENT as it happens: 0-5. */
  onEvent(watcher: (event: number, name: string) => void): () => void;
  /** De-registers (at most 5 s), removes the link, ends everything. Idempotent. */
  close(): Promise<void>;
  /** The same without de-registering: power loss. */
  kill(): void;
}

const FACTORY = fileURLToPath(new URL("../config/efs", import.meta.url));

/** Nothing passes while the modem has no service: a link as the radio carries it. */
function overRadio(open: OpenLink, modem: Modem): OpenLink {
  return async (target, signal) => {
    const link = await open(target, signal);
    const wrapped: Link = {
      localPort: link.localPort,
      description: link.description,
      listen: (events) =>
        link.listen({
          ...events,
          message: (datagram) => inService(modem.state) && events.message(datagram),
        }),
      send: (datagram) => inService(modem.state) && link.send(datagram),
      close: () => link.close(),
    };
    return wrapped;
  };
}

/** AT settings and PDP context definitions, which a module keeps without power. */
const NON_VOLATILE = "/nv/settings.json";

function readNonVolatile(efs: Efs): Partial<Pick<ModemState, "settings" | "pdp">> {
  try {
    return JSON.parse(efs.read(NON_VOLATILE)?.toString("utf8") ?? "{}");
  } catch {
    return {}; // as a module with worn-out memory: factory settings
  }
}

function writeNonVolatile(efs: Efs, { settings, pdp }: ModemState): void {
  const definitions = Object.fromEntries(
    Object.entries(pdp).map(([cid, each]) => [cid, { ...each, active: false, address: undefined }]),
  );
  const text = JSON.stringify({ settings, pdp: definitions });
  if (efs.read(NON_VOLATILE)?.toString("utf8") !== text) efs.write(NON_VOLATILE, text);
}

/**
 * @param runDirectory where the link goes when the configuration names none, and a fresh EFS likewise.
 * @throws PortError, EfsError, ConfigError
 */
export async function openBg96(config: Config, runtime: Runtime, runDirectory: string): Promise<Bg96> {
  const { clock, log } = runtime;
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const efs = openEfs(config.efs ?? join(runDirectory, "efs"));
  fillFactory(efs, FACTORY);
  const store = createStore(efs, log);
  const modem = createModem({ ...createInitialState(config), ...readNonVolatile(efs) });
  modem.onChange((now, before) => {
    if (now.settings !== before.settings || now.pdp !== before.pdp) writeNonVolatile(efs, now);
  });
  const power = createPower({ modem, clock, log, profile: config.boot });
  const network = createNetwork({ modem, clock, profile: config.boot });

  const { server, endpoint, pskIdentity, pskKeyHex, lifetimeS } = config.lwm2m;
  const settings = withOverrides(createSettings({ efs, modem, log }), {
    server,
    endpoint,
    pskIdentity,
    pskKeyHex,
    lifetimeS,
  });
  let core: ClientCore;
  const registry = createRegistry(
    deviceObjects(modem, {
      reboot: () => power.restart(),
      factoryReset() {
        settings.reset();
        power.restart();
      },
      threshold: () => batteryThreshold(efs),
      lguOffered: () => settings.profile === 2,
      after: clock.after,
      now: () => clock.now(),
      disable: (instanceId) => core.disable(instanceId),
      update: (instanceId) => core.triggerUpdate(instanceId),
      downlink: (path, data) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, downlink: { path, data } } })),
    }),
  );
  const openDtls = createDtlsOpener({
    clock,
    log,
    ciphers: config.lwm2m.ciphers,
    handshakeTimeoutMs: config.dtls.handshakeTimeoutMs,
  });
  core = createClient({
    runtime,
    modem,
    power,
    efs,
    store,
    registry,
    settings,
    openLink: overRadio(
      (target, signal) => (target.scheme === "coaps" ? openDtls : openUdpLink)(target, signal),
      modem,
    ),
    ciphers: config.lwm2m.ciphers,
    transmission: {
      ...DEFAULT_TRANSMISSION,
      ackTimeoutMs: config.coap.ackTimeoutMs,
      ackRandomFactor: config.coap.ackRandomFactor,
      maxRetransmit: config.coap.maxRetransmit,
    },
    registerVersion: config.lwm2m.registerVersion,
    autostart: config.register,
  });
  const client: Client = core;

  const port = await openPty({ link: config.tty ?? join(runDirectory, "tty"), runtime });
  const terminal = createTerminal({
    host: { runtime, modem, power, efs, client, lwm2m: settings },
    commands: commandTable(),
    output: (bytes) => port.write(bytes),
    observeFlag: config.lwm2m.observeFlag,
  });
  port.onData((bytes) => terminal.receive(bytes));
  power.on();

  let closing: Promise<void> | undefined;
  const end = () => {
    client.halt();
    power.close();
    network.close();
    terminal.close();
    port.close();
  };
  return {
    tty: port.link,
    modem,
    power,
    get client() {
      return client.status;
    },
    onEvent: (watcher) =>
      modem.onChange((now, before) => {
        const { phase } = now.lwm2m;
        if (phase !== undefined && phase !== before.lwm2m.phase) watcher(phase, eventName(phase));
      }),
    close() {
      closing ??= (async () => {
        if (client.status.running) await client.deregister();
        end();
      })();
      return closing;
    },
    kill: end,
  };
}
