/**
 * The Client's life, as +QLWEVENT tells it: data call, bootstrap, registrations, and back.
 *
 *   boot or register ─▶ (service, data call) ─▶ 0 INITIAL ─┬─▶ 1 BOOTSTRAP_REQUIRED ─▶ 2 BOOTSTRAPPING ─▶ 0 INITIAL
 *                                                          └─▶ 3 REGISTER_REQUIRED ─▶ 4 REGISTERING ─▶ 5 READY
 */
import type { TransmissionParameters } from "#coap/endpoint";
import type { OpenLink } from "#coap/link";
import type { Request, Response } from "#coap/message";
import type { BodySink } from "#coap/uploads";
import type { ClientDialect } from "#config/spelling";
import type { Efs } from "#efs/efs";
import type { Store } from "#efs/store";
import { createAccountKeeper } from "#lwm2m/account-keeper";
import { type Accounts, serverParameters } from "#lwm2m/accounts";
import { createBootstrapping } from "#lwm2m/bootstrapping";
import { ClientError } from "#lwm2m/client";
import { type ClientFiles, readClientFiles } from "#lwm2m/client-files";
import { awaitDataCall } from "#lwm2m/data-call-wait";
import { endpointName } from "#lwm2m/endpoint-name";
import { formatObjectList } from "#lwm2m/format/link";
import { createIdleLog } from "#lwm2m/idle-log";
import type { KeptRegistration, KeptRegistrations } from "#lwm2m/kept-registrations";
import { createModuleCalls } from "#lwm2m/module-calls";
import { PLAIN_UPDATE, type UpdateContent } from "#lwm2m/registration";
import { createRegistrations, isHeld } from "#lwm2m/registrations";
import type { Registry } from "#lwm2m/registry";
import type { ServerSession } from "#lwm2m/server-session";
import { offersLgu, type Settings } from "#lwm2m/settings";
import { type StartSettings, takeSettings } from "#lwm2m/start-settings";
import { watchForUpdates } from "#lwm2m/update-triggers";
import type { Modem } from "#modem/modem";
import { inService, isOnline } from "#modem/network";
import type { ClientPhase, ModemState } from "#modem/state";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Cancel, Runtime } from "#runtime";

export interface LifecycleOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly efs: Efs;
  readonly store: Store;
  readonly registry: Registry;
  /** Whether a Bootstrap-Server may begin by itself. */
  readonly serverInitiated: boolean;
  readonly accounts: Accounts;
  readonly kept: KeptRegistrations;
  readonly settings: Settings;
  readonly openLink: OpenLink;
  readonly transmission: TransmissionParameters;
  readonly registerVersion: "always" | "above1.0";
  readonly dialect: ClientDialect;
  onRequest(request: Request, session: ServerSession): Response | Promise<Response>;
  onUpload(request: Request, size: number | undefined, session: ServerSession): BodySink | undefined;
  onBootstrapRequest(request: Request): Response;
  readonly onTraffic: CountTraffic;
  /** The accounts are a Bootstrap-Server's now. */
  onBootstrapped(): void;
  /** A registration has ended or is about to be made anew: its observations are void. */
  onServerLost(session: ServerSession): void;
  /** A session is about to go on with a registration of before. */
  onResume(session: ServerSession, kept: KeptRegistration): void;
  /** A session's `awake` has changed. */
  onAwake(session: ServerSession): void;
}

export interface Lifecycle {
  readonly running: boolean;
  readonly sessions: readonly ServerSession[];
  /** The name sent in Register; undefined when it cannot be formed. */
  readonly endpointName: string | undefined;
  /** Whether LGU+'s own Objects are there: those of the profile with which the Client started. */
  readonly lguOffered: boolean;
  /** @throws ClientError without usable configuration. */
  start(): void;
  update(shortServerId: number, content: UpdateContent): void;
  /** Resolves once all Servers have answered, or after `withinMs`; everything has ended then. @param tellsEnd by event 0 */
  deregister(withinMs: number, tellsEnd: boolean): Promise<void>;
  /** Before power goes: as deregister(), but without a word where the registrations are kept over a reboot. */
  goDown(withinMs: number): Promise<void>;
  disable(serverInstanceId: number): void;
  triggerUpdate(serverInstanceId: number): void;
  /** Ends everything at once, saying nothing to anybody. */
  halt(): void;
}

/** A Server that has ordered Disable handles its answer before the De-register, if that comes this much later. */
const LEAVE_DELAY_MS = 250;

/** Where the accounts came from. */
type Source = ReturnType<Accounts["load"]>;

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { runtime, modem, registry, accounts, kept, settings, dialect } = options;
  const { clock, log } = runtime;
  let running = false;
  /** Bootstrap or registration has begun (after service and data call). */
  let active = false;
  let files: ClientFiles | undefined;
  let taken: StartSettings | undefined;
  let seeking: Cancel | undefined;
  /** De-registration under way. */
  let leaving: Promise<void> | undefined;
  /** A start has been asked for meanwhile: it comes after the answers to De-register. */
  let startsAgain = false;
  /** Raised by each stop, so that what began before it ends no later life. */
  let life = 0;
  const keeper = createAccountKeeper(accounts, clock, log);

  const say = (phase: ClientPhase) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase } }));
  const phase = () => modem.state.lwm2m.phase;

  const nameFor = (use: "registration" | "bootstrap"): string => {
    const { endpointName: explicit, endpointForms } = (running && taken) || settings;
    if (explicit !== undefined) return explicit;
    return endpointName(endpointForms[use], modem.state.identity.imei, modem.state.sim.msisdn, use);
  };

  const registrationName = (): string | undefined => {
    try {
      return nameFor("registration");
    } catch {
      return undefined;
    }
  };

  const calls = createModuleCalls({
    modem,
    files: () => files!,
    type: () => (taken!.ipPreference === 1 ? "IPV6" : "IP"),
  });

  const blockedByRoaming = ({ registration }: ModemState) => registration.eps === 5 && files!.cfg.roamingFeature === 1;

  // ---- registration

  const registrations = createRegistrations({
    clock,
    log,
    sessionOptions: (account) => ({
      runtime,
      openLink: options.openLink,
      transmission: options.transmission,
      policy: {
        retry: files!.registrationRetry,
        get bootstrapIfFails() {
          return files!.bootstrapIfFails(account.shortServerId) && accounts.bootstrapServer !== undefined;
        },
        registersIfLost: dialect.updateRefused === "register",
      },
      awakeMs: files!.cfg.ackTimeoutS * 1000,
      version: options.registerVersion === "always" ? "1.0" : undefined,
      endpointName: () => nameFor("registration"),
      phoneNumber: () => modem.state.sim.msisdn,
      parameters: () => serverParameters(registry, account),
      objectLinks: () => formatObjectList(registry),
      isOnline: () => isOnline(modem.state),
      dataCall: () => calls.make(account),
      address: () => calls.address(account),
      onRequest: options.onRequest,
      onUpload: options.onUpload,
      onAwake: options.onAwake,
      onTraffic: options.onTraffic,
    }),
    phase,
    say,
    onReady() {
      keeper.save();
      if (registrations.sessions.every(isHeld)) bootstrapping.settled();
    },
    kept(account) {
      const name = registrationName();
      return name === undefined ? undefined : kept.find(account, name);
    },
    onResume: options.onResume,
    onChange: kept.changed,
    onServerLost: options.onServerLost,
    // of several Servers that fail at once, the first one's is the bootstrap of all
    onBootstrapWanted: () => clock.after(0, () => registrations.sessions.length > 0 && bootstrapping.ask(true)),
  });

  // ---- bootstrap

  const bootstrapping = createBootstrapping({
    ...options,
    keeper,
    policy: () => ({ retry: files!.registrationRetry, retries: files!.cfg.maxRebootstraps }),
    endpointName: () => nameFor("bootstrap"),
    isOnline: () => isOnline(modem.state),
    dataCall: () => calls.make(undefined),
    address: () => calls.address(undefined),
    serve: options.onBootstrapRequest,
    phase,
    say,
    onBegin() {
      registrations.close();
      kept.forget();
    },
    onComplete: options.onBootstrapped,
    onEnd: () => proceed(),
  });

  /** With the accounts there are: in bootstrap mode 1, none of Servers before a bootstrap. */
  const proceed = () => {
    say(0);
    if (accounts.servers.length > 0) registrations.begin(accounts.servers);
    else bootstrapping.ask(false);
  };

  // ---- data call

  const begin = (source: Source) => {
    active = true;
    bootstrapping.begin(source);
    proceed();
  };

  const hasService = () => isOnline(modem.state) && !blockedByRoaming(modem.state);

  const seekDataCall = (source: Source) => {
    const { cfg, dataCallRetry } = files!;
    idleLog.begin();
    seeking = awaitDataCall({
      modem,
      clock,
      log,
      retry: dataCallRetry,
      retries: cfg.maxRetries,
      hasService,
      call: () => calls.make(accounts.servers[0]),
      onReady: () => begin(source),
      onGivenUp: () => {
        running = false;
      },
    });
  };

  const stop = () => {
    life++;
    leaving = undefined;
    startsAgain = false;
    running = false;
    active = false;
    seeking?.();
    bootstrapping.close();
    registrations.close();
    keeper.end();
    if (phase() !== undefined) modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: undefined } }));
  };

  /** Everything has been given up: only a new start helps. */
  const isStuck = () => active && registrations.sessions.length === 0 && bootstrapping.isStuck;

  const start = () => {
    if (leaving) {
      startsAgain = true;
      return;
    }
    if (running && !isStuck()) return;
    stop();
    files = readClientFiles(options.efs, log, dialect.lwm2mCfgDefaults);
    taken = takeSettings(settings);
    const source = accounts.load(taken.bootstrapMode);
    if (source === "none") throw new ClientError("LwM2M cannot start: no /datatx/bootstrap.ini");
    const wantsBootstrap = taken.bootstrapMode === 1; // which without an account ends in event 1
    if (accounts.servers.length === 0 && !accounts.bootstrapServer && !wantsBootstrap) {
      throw new ClientError("LwM2M cannot start: no server account in /datatx/bootstrap.ini");
    }
    keeper.begin(source);
    kept.begin(files.cfg.keepRegistration === 1);
    running = true;
    seekDataCall(source);
  };

  /** For what no command asked for: a damaged file stops LwM2M, with a line in the log, and nothing else. */
  const orStop = (task: () => void) => {
    try {
      task();
    } catch (error) {
      log.error({ reason: (error as Error).message }, "LwM2M has stopped");
      stop();
    }
  };

  const deregister = async (withinMs: number, tellsEnd: boolean): Promise<void> => {
    startsAgain = false;
    if (leaving) return leaving;
    const mine = life;
    const end = () => {
      if (tellsEnd && active) say(0);
      stop();
    };
    const answers = registrations.deregister(withinMs);
    if (!answers) return end();
    leaving = answers.then(() => {
      if (mine !== life) return;
      const next = startsAgain;
      end();
      if (next) orStop(start);
    });
    return leaving;
  };

  // ---- what changes while running

  modem.onChange((now, before) => {
    if (!active || now.registration.eps === before.registration.eps || !inService(now) || !blockedByRoaming(now))
      return;
    const next = !leaving || startsAgain;
    kept.end();
    stop();
    if (next) orStop(start);
  });
  const idleLog = createIdleLog({ modem, log, isRunning: () => running, blockedByRoaming });
  registry.onChange(({ path }) => {
    if (active && !bootstrapping.isTransferring && path.objectId !== undefined && path.objectId <= 2) keeper.changed();
  });
  modem.onChange((now, before) => {
    if (active && isOnline(now) && !isOnline(before)) bootstrapping.goOn();
  });
  // after the above: where roaming ends the sessions, no Update is due
  watchForUpdates({
    modem,
    registry,
    clock,
    sessions: () => (active && !bootstrapping.isTransferring ? registrations.sessions : []),
  });

  return {
    get running() {
      return running;
    },
    get sessions() {
      return registrations.sessions;
    },
    get endpointName() {
      return registrationName();
    },
    get lguOffered() {
      if (dialect.uplinkObjects === "all") return true;
      return running && taken ? taken.lguOffered : offersLgu(settings);
    },
    start,
    update(shortServerId, content) {
      const registered = registrations.sessions.filter(
        (each) => isHeld(each) && (shortServerId === 0 || each.account.shortServerId === shortServerId),
      );
      if (registered.length === 0) throw new ClientError(`update: no registered server with short id ${shortServerId}`);
      for (const session of registered) session.handle({ type: "updateAsked", content });
    },
    deregister,
    async goDown(withinMs) {
      if (!leaving && kept.end()) stop();
      else await deregister(withinMs, false);
    },
    disable(serverInstanceId) {
      const session = registrations.find(serverInstanceId);
      if (!session) return;
      const { disableTimeoutS } = serverParameters(registry, session.account);
      clock.after(LEAVE_DELAY_MS, () => session.handle({ type: "disableAsked", disableMs: disableTimeoutS * 1000 }));
    },
    triggerUpdate(serverInstanceId) {
      clock.after(0, () =>
        registrations.find(serverInstanceId)?.handle({ type: "updateAsked", content: PLAIN_UPDATE }),
      );
    },
    halt: stop,
  };
}
