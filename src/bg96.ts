/** One modem put together: the only file that knows every folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keepMemories, readMemories } from "#at/memory/kept-memories";
import { createModuleFiles } from "#at/memory/module-files";
import { keepNonVolatile, readNonVolatile } from "#at/memory/non-volatile";
import { createDevice } from "#bg96/device";
import { openHostSide } from "#bg96/host-side";
import { createDtlsOpener } from "#coap/dtls";
import { DEFAULT_TRANSMISSION } from "#coap/endpoint";
import { openUdpLink } from "#coap/udp";
import type { Config } from "#config";
import { fillFactory, openEfs } from "#efs/efs";
import { lockEfs } from "#efs/efs-lock";
import type { ClientStatus } from "#lwm2m/client";
import { phaseName } from "#lwm2m/phase-name";
import { createInitialState } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import type { Power } from "#modem/power";
import { createEndableClock, type Runtime } from "#runtime";

export interface Bg96 {
  /** The link to the main AT port. */
  readonly tty: string;
  /** host:port of AT over TCP, and the links to the NMEA port and the debug port, where there are such. */
  readonly tcp: string | undefined;
  readonly nmea: string | undefined;
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
  const { log } = runtime;
  const clock = createEndableClock(runtime.clock);
  const modemRuntime = { ...runtime, clock };
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const { efs, lock } = takeFiles(config.efs ?? join(runDirectory, "efs"));
  const hostSide = await openHostSide(config, runtime, runDirectory).catch((error) => {
    lock.release(); // refused before anything runs
    throw error;
  });
  const initial = createInitialState(config);
  const kept = readNonVolatile(efs, log);
  const start = { ...initial, ...kept, settings: { ...initial.settings, ...kept.settings } };
  const modem = createModem({ ...start, ...readMemories(efs, initial, log) }, (err) =>
    log.error({ err }, "a watcher of the modem failed"),
  );
  keepNonVolatile(efs, modem, log);
  keepMemories(efs, modem, log);
  const openDtls = createDtlsOpener({
    clock,
    log,
    ciphers: config.lwm2m.ciphers,
    handshakeTimeoutMs: config.dtls.handshakeTimeoutMs,
  });
  const { power, settings, client, firmware, close } = createDevice({
    runtime: modemRuntime,
    modem,
    efs,
    initial,
    profile: config.boot,
    overrides: config.lwm2m,
    openWire: (target, signal) => (target.scheme === "coaps" ? openDtls : openUdpLink)(target, signal),
    transmission: { ...DEFAULT_TRANSMISSION, ...config.coap },
    firmware: config.firmware,
    registerVersion: config.lwm2m.registerVersion,
    confirmable: config.lwm2m.confirmableNotifications,
    oldFormats: config.lwm2m.oldFormats,
    serverInitiatedBootstrap: config.lwm2m.serverInitiatedBootstrap,
    capabilities: config.dialect.operations,
    dialect: config.dialect,
    autostart: config.register,
  });

  hostSide.serve({
    runtime: modemRuntime,
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
    close();
    clock.end();
    hostSide.close();
    lock.release();
  };
  return {
    tty: hostSide.tty,
    tcp: hostSide.tcp,
    nmea: hostSide.nmea,
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
        await client.goDown();
        end();
      })();
      return closing;
    },
    kill: end,
  };
}
