/** The Client put together: lifecycle, operations and observations behind what the terminal and the operator see. */
import type { TransmissionParameters } from "#coap/endpoint";
import type { OpenLink } from "#coap/link";
import { type ClientDialect, DEFAULT_CLIENT_DIALECT } from "#config/spelling";
import type { Efs } from "#efs/efs";
import type { Store } from "#efs/store";
import { createAccess } from "#lwm2m/access";
import { createAccounts, serverParameters } from "#lwm2m/accounts";
import { type Activity, awaitsAnswer } from "#lwm2m/activity";
import { createAttributes } from "#lwm2m/attributes";
import { serveBootstrap } from "#lwm2m/bootstrap-operation";
import { type Client, ClientError } from "#lwm2m/client";
import { readClientFiles } from "#lwm2m/client-files";
import { createKeptRegistrations } from "#lwm2m/kept-registrations";
import { createLifecycle, type Lifecycle } from "#lwm2m/lifecycle";
import { createObservations, type Observations, type Way } from "#lwm2m/observation";
import { type Capabilities, type ServeContext, serve } from "#lwm2m/operation";
import { formatPath } from "#lwm2m/path";
import { PLAIN_UPDATE } from "#lwm2m/registration";
import { isHeld } from "#lwm2m/registrations";
import type { Registry } from "#lwm2m/registry";
import type { RunSettings } from "#lwm2m/run-settings";
import type { ServerSession } from "#lwm2m/server-session";
import { openUpload } from "#lwm2m/upload";
import type { Modem } from "#modem/modem";
import { isOnline } from "#modem/network";
import type { Power } from "#modem/power";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Cancel, Runtime } from "#runtime";

export interface ClientOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly power: Power;
  readonly efs: Efs;
  readonly store: Store;
  readonly registry: Registry;
  readonly settings: RunSettings;
  readonly openLink: OpenLink;
  readonly transmission: TransmissionParameters;
  readonly onTraffic: CountTraffic;
  readonly registerVersion: "always" | "above1.0";
  /** Whether notifications are Confirmable. */
  readonly confirmable?: boolean;
  /** 1542 and 1543 are understood as TLV and JSON, and answered in kind. */
  readonly oldFormats?: boolean;
  readonly capabilities?: Capabilities;
  /** A Bootstrap-Server may bootstrap the device without having been asked; a BG96 does not offer it. */
  readonly serverInitiatedBootstrap?: boolean;
  readonly dialect?: Partial<ClientDialect>;
  /** Registers at every boot, whether or not lwm2m_app_autostart is there. */
  readonly autostart: boolean;
}

export interface ClientCore extends Client {
  /** /1/x/4 and /1/x/8, which the Server Object hands on. */
  disable(serverInstanceId: number): void;
  triggerUpdate(serverInstanceId: number): void;
  /** Whether LGU+'s own Objects are there. */
  readonly lguOffered: boolean;
  readonly activity: Activity;
  /** Before power goes: de-registers, at most 5 s, unless registrations outlive a reboot (PER_REGSTATUS_FEAT). */
  goDown(): Promise<void>;
}

/** Objects whose observations the terminal hears of, and whose Resources carry uplink data. */
const UPLINK: Readonly<Record<number, { readonly instanceId: number; readonly resourceId: number }>> = {
  19: { instanceId: 0, resourceId: 0 },
  10250: { instanceId: 0, resourceId: 0 },
  26241: { instanceId: 0, resourceId: 0 },
};
const DEREGISTER_LIMIT_MS = 5000;
const BOOTSTRAPPING = 2;
/** Longest BOOT_UP_SLEEP_TIME by boot profile, s. */
const SLEEP_LIMIT_S = { instant: 0, fast: 1, realistic: Number.POSITIVE_INFINITY } as const;

export function createClient(options: ClientOptions): ClientCore {
  const { runtime, modem, power, efs, registry, settings } = options;
  const { clock, log } = runtime;
  const dialect: ClientDialect = { ...DEFAULT_CLIENT_DIALECT, ...options.dialect };
  const access = createAccess({ registry });
  const attributes = createAttributes({ registry });
  const accounts = createAccounts({
    efs,
    store: options.store,
    registry,
    log,
    overrides: () => settings.overrides,
  });

  // ---- operations, one context a Server

  const contexts = new Map<ServerSession, ServeContext & { readonly observations: Observations }>();
  const contextOf = (session: ServerSession) => {
    const known = contexts.get(session);
    if (known) return known;
    const { shortServerId } = session.account;
    const observations = createObservations({
      shortServerId,
      registry,
      access,
      attributes,
      modem,
      runtime,
      confirmable: options.confirmable === true,
      notify: session.notify,
      onDue: session.wake,
      onRelation({ token, path, cancelled }) {
        kept.changed();
        if (!(Number(path.split("/")[1]) in UPLINK)) return;
        const observation = { token: token.toString("hex").toUpperCase(), path, cancelled };
        modem.update((state) => ({ lwm2m: { ...state.lwm2m, observation } }));
      },
    });
    const context = {
      shortServerId,
      registry,
      access,
      attributes,
      observations,
      oldFormats: options.oldFormats ?? false,
      ...(options.capabilities && { capabilities: options.capabilities }),
    };
    contexts.set(session, context);
    return context;
  };

  const wayTo = (session: ServerSession): Way => {
    if (!isOnline(modem.state)) return "offline";
    return session.awake === "listening" || session.awake === "awake" ? "open" : "asleep";
  };

  // ---- what outlives a reboot

  const kept = createKeptRegistrations({
    store: options.store,
    clock,
    log,
    current: () =>
      lifecycle.sessions.flatMap((session) => {
        const { account, grant } = session;
        if (!grant || !isHeld(session)) return [];
        const { shortServerId, uri } = account;
        const relations = contextOf(session).observations.dump();
        const own = attributes.dump().filter((each) => each.shortServerId === shortServerId);
        return { shortServerId, uri, grant, relations, attributes: own };
      }),
  });
  attributes.onChange(kept.changed);

  const lifecycle: Lifecycle = createLifecycle({
    ...options,
    dialect,
    serverInitiated: options.serverInitiatedBootstrap ?? false,
    accounts,
    kept,
    onRequest(request, session) {
      const response = serve(request, contextOf(session));
      log.debug(
        { method: request.method, path: `/${request.uriPath?.join("/") ?? ""}`, code: response.code },
        "request served",
      );
      return response;
    },
    onUpload: (request, size, session) => openUpload(request, size, contextOf(session)),
    onBootstrapRequest: (request) =>
      serveBootstrap(request, {
        registry,
        bootstrapInstanceId: accounts.bootstrapServer?.securityInstanceId,
        oldFormats: options.oldFormats ?? false,
      }),
    onBootstrapped: () => attributes.clear(), // a Short Server ID may be another Server's now
    onServerLost(session) {
      contexts.get(session)?.observations.close();
      contexts.delete(session);
    },
    onResume(session, { relations, attributes: set }) {
      attributes.restore(set);
      contextOf(session).observations.restore(relations);
    },
    onAwake: (session) => contexts.get(session)?.observations.setWay(wayTo(session)),
  });

  // ---- boot

  let sleeping: Cancel | undefined;
  const stopSleeping = () => {
    sleeping?.();
    sleeping = undefined;
  };
  /** Damage in the module's files is told when it boots, whether or not LwM2M starts. */
  const autostart = () => {
    try {
      const { cfg } = readClientFiles(efs, log, dialect.lwm2mCfgDefaults);
      accounts.check();
      if (!options.autostart && !settings.enabled) return;
      const sleepS = Math.min(cfg.bootUpSleepS, SLEEP_LIMIT_S[power.profile]);
      if (sleepS > 0) log.info({ inS: sleepS }, "waiting to start LwM2M (BOOT_UP_SLEEP_TIME)");
      sleeping = clock.after(sleepS * 1000, startOrExplain);
    } catch (error) {
      log.error({ reason: (error as Error).message }, "LwM2M cannot start");
    }
  };
  const startOrExplain = () => {
    sleeping = undefined;
    try {
      if (!options.autostart && !settings.enabled) return; // disabled meanwhile
      lifecycle.start();
    } catch (error) {
      log.error({ reason: (error as Error).message }, "LwM2M did not start");
    }
  };
  const halt = () => {
    stopSleeping();
    lifecycle.halt();
  };
  modem.onChange((now, before) => {
    if (isOnline(now) !== isOnline(before)) {
      for (const [session, { observations }] of contexts) observations.setWay(wayTo(session));
    }
    if (now.power.phase === before.power.phase) return;
    if (now.power.phase === "running") {
      registry.furnish();
      autostart();
    }
    if (now.power.phase === "off") {
      if (now.power.sleeping) kept.end(); // into deep sleep it goes in order, with nothing said to anybody
      halt();
      attributes.clear();
    }
  });
  const goDown = async () => {
    if (lifecycle.running) await lifecycle.goDown(DEREGISTER_LIMIT_MS);
  };
  power.onGoingDown(goDown);

  const requireRunning = (what: string) => {
    if (!lifecycle.running) throw new ClientError(`${what}: the LwM2M client is not running`);
  };

  return {
    get status() {
      return {
        running: lifecycle.running,
        endpoint: lifecycle.endpointName ?? `urn:imei:${modem.state.identity.imei}`,
        servers: lifecycle.sessions.map((session) => ({
          shortServerId: session.account.shortServerId,
          uri: session.account.uri,
          state: session.awake === "asleep" ? "asleep" : session.state.is,
          location: "location" in session.state ? `/${session.state.location.join("/")}` : undefined,
          lifetimeS: serverParameters(registry, session.account).lifetimeS,
          nextUpdateAtMs: session.nextUpdateAtMs,
        })),
      };
    },
    register(automatic) {
      if (modem.state.sim.card === "NOT INSERTED") throw new ClientError("register: no SIM");
      lifecycle.start();
      stopSleeping();
      if (automatic) settings.setEnabled(true);
    },
    update(shortServerId, withObjects) {
      requireRunning("update");
      lifecycle.update(shortServerId, { ...PLAIN_UPDATE, objects: withObjects });
    },
    async deregister(withinMs = DEREGISTER_LIMIT_MS) {
      requireRunning("deregister");
      await lifecycle.deregister(withinMs, dialect.deregisterEvent);
    },
    setLifetime(shortServerId, lifetimeS) {
      if (!lifecycle.running) {
        if (accounts.amendLifetime(shortServerId, lifetimeS)) return;
        throw new ClientError(`lifetime: no server with short id ${shortServerId}`);
      }
      const session = lifecycle.sessions.find((each) => each.account.shortServerId === shortServerId);
      const instanceId = session?.account.serverInstanceId;
      if (instanceId === undefined) throw new ClientError(`lifetime: no server with short id ${shortServerId}`);
      const path = { objectId: 1, instanceId, resourceId: 1 };
      registry.write(path, { kind: "resource", id: 1, type: "integer", value: lifetimeS }, "replace", "client");
    },
    uplink(objectId, data) {
      const at = UPLINK[objectId];
      if (!at || !registry.hasInstance(objectId, at.instanceId)) throw new ClientError(`uplink: no Object ${objectId}`);
      if (!lifecycle.sessions.some(isHeld)) throw new ClientError("uplink: not registered");
      const path = { objectId, ...at };
      const value = typeof data === "string" ? Buffer.from(data, "latin1") : data;
      log.debug({ path: formatPath(path), bytes: value.length }, "uplink data");
      registry.write(path, { kind: "resource", id: at.resourceId, type: "opaque", value }, "replace", "client");
    },
    halt,
    goDown,
    get lguOffered() {
      return lifecycle.lguOffered;
    },
    get activity() {
      const bootstraps = modem.state.lwm2m.phase === BOOTSTRAPPING;
      if (sleeping || bootstraps || lifecycle.sessions.some(({ state }) => awaitsAnswer(state))) return "busy";
      return lifecycle.running ? "running" : "none";
    },
    disable: lifecycle.disable,
    triggerUpdate: lifecycle.triggerUpdate,
  };
}
