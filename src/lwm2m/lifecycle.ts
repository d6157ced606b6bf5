/**
 * The Client's life, as +QLWEVENT tells it: data call, bootstrap, registrations, and back.
 *
 *   boot or register ─▶ (service, data call) ─▶ 0 INITIAL ─┬─▶ 1 BOOTSTRAP_REQUIRED ─▶ 2 BOOTSTRAPPING ─▶ 0 INITIAL
 *                                                          └─▶ 3 REGISTER_REQUIRED ─▶ 4 REGISTERING ─▶ 5 READY
 */
import type { TransmissionParameters } from "#coap/endpoint";
import type { OpenLink } from "#coap/link";
import type { Request, Response } from "#coap/message";
import type { Efs } from "#efs/efs";
import { createAccountKeeper } from "#lwm2m/account-keeper";
import { type Account, type Accounts, isConsistent, serverParameters } from "#lwm2m/accounts";
import { type BootstrapSession, createBootstrapSession } from "#lwm2m/bootstrap-session";
import { ClientError } from "#lwm2m/client";
import { type ClientFiles, readClientFiles } from "#lwm2m/client-files";
import { awaitDataCall } from "#lwm2m/data-call-wait";
import { endpointName } from "#lwm2m/endpoint-name";
import { formatObjectList } from "#lwm2m/format/link";
import { PLAIN_UPDATE, type UpdateContent } from "#lwm2m/registration";
import { createRegistrations } from "#lwm2m/registrations";
import type { Registry, RegistryChange } from "#lwm2m/registry";
import type { ServerSession } from "#lwm2m/server-session";
import type { Settings } from "#lwm2m/settings";
import { refusal } from "#modem/data-call";
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";
import type { ClientPhase } from "#modem/state";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Cancel, Runtime } from "#runtime";

export interface LifecycleOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly efs: Efs;
  readonly registry: Registry;
  readonly accounts: Accounts;
  readonly settings: Settings;
  readonly openLink: OpenLink;
  readonly ciphers: readonly string[];
  readonly transmission: TransmissionParameters;
  readonly registerVersion: "always" | "above1.0";
  onRequest(request: Request, session: ServerSession): Response | Promise<Response>;
  onBootstrapRequest(request: Request): Response;
  readonly onTraffic: CountTraffic;
  /** The accounts are a Bootstrap-Server's now. */
  onBootstrapped(): void;
  /** A Server's link was opened anew or has ended: its observations are void. */
  onServerLost(session: ServerSession): void;
}

export interface Lifecycle {
  readonly running: boolean;
  readonly sessions: readonly ServerSession[];
  /** The name sent in Register; undefined when it cannot be formed. */
  readonly endpointName: string | undefined;
  /** @throws ClientError without usable configuration. */
  start(): void;
  update(shortServerId: number, content: UpdateContent): void;
  /** Resolves once all Servers have answered, or after `withinMs`; everything has ended then. */
  deregister(withinMs: number): Promise<void>;
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
  const { runtime, modem, registry, accounts, settings } = options;
  const { clock, log } = runtime;
  let running = false;
  /** Bootstrap or registration has begun (after service and data call). */
  let active = false;
  let files: ClientFiles | undefined;
  let bootstrap: BootstrapSession | undefined;
  let seeking: Cancel | undefined;
  let holdOff: Cancel | undefined;
  let mode: 0 | 1 = 0;
  /** De-registration under way, and what its last answer calls. */
  let leaving: Promise<void> | undefined;
  let whenLeft: (() => void) | undefined;
  /** Raised by each stop, so that what began before it ends no later life. */
  let life = 0;
  const keeper = createAccountKeeper(accounts, clock, log);

  const say = (phase: ClientPhase) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase } }));
  const phase = () => modem.state.lwm2m.phase;

  const nameFor = (use: "registration" | "bootstrap"): string => {
    const explicit = settings.endpointName;
    if (explicit !== undefined) return explicit;
    return endpointName(settings.endpointForms[use], modem.state.identity.imei, modem.state.sim.msisdn, use);
  };

  /** The APN of an account: its block of carrier_apn_cfg, else the default of lwm2m_cfg. */
  const dataCall = (account: Account | undefined): true | string => {
    return refusal(modem.state, files!.apnFor(account?.shortServerId)) ?? true;
  };

  const blockedByRoaming = () => modem.state.registration.eps === 5 && files!.cfg.roamingFeature === 1;

  // ---- registration

  const registrations = createRegistrations({
    sessionOptions: (account) => ({
      runtime,
      openLink: options.openLink,
      ciphers: options.ciphers,
      transmission: options.transmission,
      policy: { retry: files!.registrationRetry, bootstrapIfFails: files!.bootstrapIfFails(account.shortServerId) },
      version: options.registerVersion === "always" ? "1.0" : undefined,
      endpointName: () => nameFor("registration"),
      parameters: () => serverParameters(registry, account),
      objectLinks: () => formatObjectList(registry),
      dataCall: () => dataCall(account),
      onRequest: options.onRequest,
      onTraffic: options.onTraffic,
    }),
    phase,
    say,
    onReady: keeper.save,
    onServerLost: options.onServerLost,
    onAllIdle: () => whenLeft?.(),
    onBootstrapWanted: () => clock.after(0, startBootstrap),
  });

  // ---- bootstrap

  const startBootstrap = () => {
    if (!running) return;
    registrations.close();
    holdOff?.();
    bootstrap?.close();
    say(1);
    const account = accounts.bootstrapServer;
    if (!account) {
      log.warn({}, "bootstrap required, but there is no bootstrap server account: see /datatx/bootstrap.ini");
      return;
    }
    const { cfg, registrationRetry } = files!;
    bootstrap = createBootstrapSession({
      account,
      runtime,
      openLink: options.openLink,
      ciphers: options.ciphers,
      transmission: options.transmission,
      policy: { retry: registrationRetry, retries: cfg.maxRebootstraps },
      endpointName: () => nameFor("bootstrap"),
      dataCall: () => dataCall(undefined),
      serve: options.onBootstrapRequest,
      consistent: () => isConsistent(accounts),
      restoreAccounts: keeper.restore,
      onTraffic: options.onTraffic,
      onState(state) {
        if (state.is === "requesting") {
          keeper.remember();
          if (phase() !== 1) say(1);
          say(2);
        }
        if (state.is === "failed") {
          log.warn(
            {},
            "bootstrap given up: register again, or check the bootstrap server and its account for this endpoint",
          );
          say(1);
        }
      },
      onComplete() {
        options.onBootstrapped();
        keeper.save();
        say(0);
        registrations.begin(accounts.servers);
      },
    });
    const asked = bootstrap;
    holdOff = clock.after(account.holdOffS * 1000, () => asked.handle({ type: "asked" })); // ClientHoldOffTime, OMA TS 1.0.2 §E.1
  };

  // ---- data call

  const begin = (source: Source) => {
    active = true;
    say(0);
    if (accounts.servers.length > 0 && (source === "persistent" || mode === 0)) registrations.begin(accounts.servers);
    else startBootstrap();
  };

  const hasService = () => inService(modem.state) && !blockedByRoaming();

  const seekDataCall = (source: Source) => {
    const { cfg, dataCallRetry } = files!;
    const first = mode === 1 && source !== "persistent" ? undefined : accounts.servers[0];
    seeking = awaitDataCall({
      modem,
      clock,
      log,
      retry: dataCallRetry,
      retries: cfg.maxRetries,
      hasService,
      call: () => dataCall(first),
      onReady: () => begin(source),
      onGivenUp: () => {
        running = false;
      },
    });
  };

  const stop = () => {
    life++;
    whenLeft?.();
    whenLeft = undefined;
    leaving = undefined;
    running = false;
    active = false;
    seeking?.();
    holdOff?.();
    bootstrap?.close();
    bootstrap = undefined;
    registrations.close();
    keeper.end();
    if (phase() !== undefined) modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: undefined } }));
  };

  /** Everything has been given up: only a new start helps. */
  const isStuck = () =>
    active && registrations.sessions.length === 0 && (!bootstrap || bootstrap.state.is === "failed");

  const start = () => {
    if (leaving) {
      void leaving.then(() => orStop(start)); // after the answer to De-register
      return;
    }
    if (running && !isStuck()) return;
    stop();
    files = readClientFiles(options.efs, log);
    mode = settings.bootstrapMode;
    const source = accounts.load(mode);
    if (source === "none") throw new ClientError("LwM2M cannot start: no /datatx/bootstrap.ini");
    if (accounts.servers.length === 0 && !accounts.bootstrapServer) {
      throw new ClientError("LwM2M cannot start: no server account in /datatx/bootstrap.ini");
    }
    keeper.begin(source);
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

  const leave = async (withinMs: number) => {
    const mine = life;
    if (registrations.sessions.some((each) => each.state.is !== "idle")) {
      await new Promise<void>((resolve) => {
        const limit = clock.after(withinMs, () => {
          log.warn({ withinMs }, "De-register was not answered in time");
          resolve();
        });
        whenLeft = () => {
          limit();
          resolve();
        };
        for (const session of registrations.sessions) {
          session.handle({ type: "deregisterAsked", answerDue: session.endpoint !== undefined });
        }
      });
    }
    if (mine === life) stop();
  };

  // ---- what changes while running

  modem.onChange((now, before) => {
    if (!active || now.registration.eps === before.registration.eps) return;
    if (inService(now) && blockedByRoaming()) {
      log.info({}, "LwM2M is idle while roaming (ROAMING_FEAT=1)");
      stop();
      orStop(start);
    } else if (inService(now) && !inService(before)) {
      for (const session of registrations.sessions) session.handle({ type: "updateAsked", content: PLAIN_UPDATE });
    }
  });

  registry.onChange(({ path, kind }: RegistryChange) => {
    if (!active || bootstrap?.state.is === "transferring") return;
    if (path.objectId !== undefined && path.objectId <= 2) keeper.changed();
    if (kind !== "written") {
      // after the answer to the Create or Delete has left
      clock.after(0, () => {
        const content = { ...PLAIN_UPDATE, objects: true };
        for (const session of registrations.sessions) session.handle({ type: "updateAsked", content });
      });
    } else if (path.objectId === 1) {
      const content = {
        ...PLAIN_UPDATE,
        lifetime: path.resourceId === undefined || path.resourceId === 1,
        binding: path.resourceId === undefined || path.resourceId === 7,
      };
      if (!content.lifetime && !content.binding) return;
      // after the answer to the Write has left
      clock.after(0, () => sessionOf(path.instanceId)?.handle({ type: "updateAsked", content }));
    }
  });

  const sessionOf = (serverInstanceId: number | undefined) =>
    registrations.sessions.find((each) => each.account.serverInstanceId === serverInstanceId);

  return {
    get running() {
      return running;
    },
    get sessions() {
      return registrations.sessions;
    },
    get endpointName() {
      try {
        return nameFor("registration");
      } catch {
        return undefined;
      }
    },
    start,
    update(shortServerId, content) {
      const asked = registrations.sessions.filter(
        (each) => shortServerId === 0 || each.account.shortServerId === shortServerId,
      );
      const registered = asked.filter((each) => each.state.is === "registered" || each.state.is === "updating");
      if (registered.length === 0) throw new ClientError(`update: no registered server with short id ${shortServerId}`);
      for (const session of registered) session.handle({ type: "updateAsked", content });
    },
    deregister(withinMs) {
      leaving ??= leave(withinMs);
      return leaving;
    },
    disable(serverInstanceId) {
      const session = sessionOf(serverInstanceId);
      if (!session) return;
      const { disableTimeoutS } = serverParameters(registry, session.account);
      clock.after(LEAVE_DELAY_MS, () => session.handle({ type: "disableAsked", disableMs: disableTimeoutS * 1000 }));
    },
    triggerUpdate(serverInstanceId) {
      clock.after(0, () => sessionOf(serverInstanceId)?.handle({ type: "updateAsked", content: PLAIN_UPDATE }));
    },
    halt: stop,
  };
}
