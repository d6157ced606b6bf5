/** One modem put together: the only file that knows every folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModuleFiles } from "#at/module-files";
import { keepNonVolatile, readNonVolatile } from "#at/non-volatile";
import { openHostSide } from "#bg96/host-side";
import { createDtlsOpener } from "#coap/dtls";
import { DEFAULT_TRANSMISSION } from "#coap/endpoint";
import { openUdpLink } from "#coap/udp";
import type { Config } from "#config";
import { fillFactory, openEfs } from "#efs/efs";
import { lockEfs } from "#efs/efs-lock";
import { createStore } from "#efs/store";
import { createFirmware } from "#firmware/firmware";
import type { Client, ClientStatus } from "#lwm2m/client";
import { type ClientCore, createClient } from "#lwm2m/client-core";
import { readOptions } from "#lwm2m/client-files";
import { resetToFactory } from "#lwm2m/factory-reset";
import { phaseName } from "#lwm2m/phase-name";
import { overRadio } from "#lwm2m/radio-link";
import { createRegistry, type Registry } from "#lwm2m/registry";
import { withOverrides } from "#lwm2m/run-settings";
import { pskFor } from "#lwm2m/server-psk";
import { createSettings } from "#lwm2m/settings";
import { atEachBoot } from "#modem/each-boot";
import { createGnss } from "#modem/gnss";
import { createInitialState } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import { createNetwork } from "#modem/network";
import { createPower, type Power } from "#modem/power";
import { createPowerSaving } from "#modem/power-saving";
import { createTrafficMeter } from "#modem/traffic-meter";
import { deviceObjects } from "#objects/device-objects";
import type { Runtime } from "#runtime";

export interface Bg96 {
  /** The link to the main AT port. */
  readonly tty: string;
  /** host:port of AT over TCP, and the link to the debug port, where there are such. */
  readonly tcp: string | undefined;
  readonly qcli: string | undefined;
  readonly modem: Modem;
  readonly power: Power;
  readonly client: ClientStatus;
  /** Every +QLWEVENT as it happens: 0-5. */
  onEvent(watcher: (event: number, name: string) => void): () => void;
  /** De-registers (at most 5 s) unless registrations are kept over a reboot, removes the link, ends everything. Idempotent. */
  close(): Promise<void>;
  /** The same without de-registering: power loss. */
  kill(): void;
}

const FACTORY = fileURLToPath(new URL("../config/efs", import.meta.url));

/** The module's files, which a modem has to itself. */
function takeFiles(directory: string) {
  const lock = lockEfs(directory);
  try {
    const efs = openEfs(directory);
    fillFactory(efs, FACTORY);
    return { efs, lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * @param runDirectory where the link goes when the configuration names none, and a fresh EFS likewise.
 * @throws PortError, EfsError, ConfigError
 */
export async function openBg96(config: Config, runtime: Runtime, runDirectory: string): Promise<Bg96> {
  const { clock, log } = runtime;
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const { efs, lock } = takeFiles(config.efs ?? join(runDirectory, "efs"));
  const hostSide = await openHostSide(config, runtime, runDirectory).catch((error) => {
    lock.release(); // refused before anything runs
    throw error;
  });
  const store = createStore(efs, log);

  const initial = createInitialState(config);
  const modem = createModem({ ...initial, ...readNonVolatile(efs, log) }, (err) =>
    log.error({ err }, "a watcher of the modem failed"),
  );
  keepNonVolatile(efs, modem, log);
  const power = createPower({ modem, clock, log, profile: config.boot });
  const network = createNetwork({ modem, clock, profile: config.boot });
  const powerSaving = createPowerSaving({ modem, power, clock });

  const settings = withOverrides(createSettings({ efs, modem, log }), config.lwm2m);
  const options = atEachBoot(modem, () => readOptions(efs));
  const gnss = createGnss({ modem, clock, limits: options });
  const openDtls = createDtlsOpener({
    clock,
    log,
    ciphers: config.lwm2m.ciphers,
    handshakeTimeoutMs: config.dtls.handshakeTimeoutMs,
  });
  const openLink = overRadio(
    (target, signal) => (target.scheme === "coaps" ? openDtls : openUdpLink)(target, signal),
    modem,
  );
  const meter = createTrafficMeter(modem, clock);
  const transmission = { ...DEFAULT_TRANSMISSION, ...config.coap };
  const firmware = createFirmware({
    runtime,
    modem,
    power,
    efs,
    openLink,
    transmission,
    pskFor: (host, port) => pskFor(registry, host, port),
    onTraffic: meter.count,
    ...config.firmware,
  });
  let core: ClientCore;
  const registry: Registry = createRegistry(
    deviceObjects(modem, {
      reboot: () => power.restart(),
      factoryReset: () => resetToFactory({ modem, power, registry, settings, initial }),
      threshold: () => options().batteryLowPercent,
      lguOffered: () => core.lguOffered,
      after: clock.after,
      meter,
      now: () => clock.now(),
      disable: (instanceId) => core.disable(instanceId),
      update: (instanceId) => core.triggerUpdate(instanceId),
      firmware,
      downlink: (path, data) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, downlink: { path, data } } })),
    }),
  );
  core = createClient({
    runtime,
    modem,
    power,
    efs,
    store,
    registry,
    settings,
    openLink,
    transmission,
    onTraffic: meter.count,
    registerVersion: config.lwm2m.registerVersion,
    confirmable: config.lwm2m.confirmableNotifications,
    oldFormats: config.lwm2m.oldFormats,
    serverInitiatedBootstrap: config.lwm2m.serverInitiatedBootstrap,
    capabilities: config.dialect.operations,
    autostart: config.register,
  });
  const client: Client = core;

  hostSide.serve({
    runtime,
    modem,
    power,
    efs,
    files: createModuleFiles(efs, modem),
    client,
    lwm2m: settings,
    dfota: firmware.dfota,
  });
  power.on();

  let closing: Promise<void> | undefined;
  const end = () => {
    client.halt();
    firmware.close();
    power.close();
    network.close();
    powerSaving.close();
    gnss.close();
    hostSide.close();
    lock.release();
  };
  return {
    tty: hostSide.tty,
    tcp: hostSide.tcp,
    qcli: hostSide.qcli,
    modem,
    power,
    get client() {
      return client.status;
    },
    onEvent: (watcher) =>
      modem.onChange((now, before) => {
        const { phase } = now.lwm2m;
        if (phase !== undefined && phase !== before.lwm2m.phase) watcher(phase, phaseName(phase));
      }),
    close() {
      closing ??= (async () => {
        await core.goDown();
        end();
      })();
      return closing;
    },
    kill: end,
  };
}
