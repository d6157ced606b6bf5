/** One LwM2M Server: its link, its endpoint and the effects of its registration machine. */
import type { Endpoint } from "#coap/endpoint";
import { CoapFailure, type Request, type Response } from "#coap/message";
import type { BodySink } from "#coap/uploads";
import type { Account } from "#lwm2m/accounts";
import { type AwakeState, isQueued, LISTENING, WAKING } from "#lwm2m/awake";
import { createOfflineHold } from "#lwm2m/offline-hold";
import { openPeer, type PeerOptions } from "#lwm2m/peer";
import { createQueueMode } from "#lwm2m/queue-mode";
import {
  PLAIN_UPDATE,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationPolicy,
  type RegistrationState,
  stepRegistration,
  type UpdateContent,
  updateDelayMs,
} from "#lwm2m/registration";
import { createRegistrationRequests, type Grant, type RegistrationRequestsOptions } from "#lwm2m/registration-requests";
import { createUnsettledNotifications } from "#lwm2m/unsettled-notifications";
import type { Cancel, Log } from "#runtime";

export interface ServerSession {
  readonly account: Account;
  readonly state: RegistrationState;
  /** The latest one; it holds while `state` is registered or updating. */
  readonly grant: Grant | undefined;
  readonly awake: AwakeState["is"];
  readonly nextUpdateAtMs: number | undefined;
  /** The way to the Server while there is one. */
  readonly endpoint: Endpoint | undefined;
  /** Endpoint.notify; nothing without a way. */
  readonly notify: Endpoint["notify"];
  handle(event: RegistrationEvent): void;
  /** Goes on with a registration of earlier: an Update, which tells what has changed since, comes first. */
  resume(grant: Grant): void;
  /** The module is online again: an Update says so, over a new link where the address is another one; who waits to register does it now. */
  goOn(): void;
  /** Something is to be told: a sleeping device wakes for it, with an Update. */
  wake(): void;
  /** Ends everything at once, saying nothing to the Server. */
  close(): void;
}

export interface ServerSessionOptions extends PeerOptions, Omit<RegistrationRequestsOptions, "clock" | "log"> {
  readonly policy: RegistrationPolicy;
  /** In Queue mode, how long the device listens after the last message (ACK_TIMEOUT of lwm2m_cfg). */
  readonly awakeMs: number;
  onRequest(request: Request, session: ServerSession): Response | Promise<Response>;
  onUpload(request: Request, size: number | undefined, session: ServerSession): BodySink | undefined;
  /** The machine has moved. */
  onState(session: ServerSession, before: RegistrationState): void;
  /** A Register is about to be sent: whatever was tied to an earlier registration is void. */
  onRegister(session: ServerSession): void;
  /** `awake` has changed. */
  onAwake(session: ServerSession): void;
  onBootstrapWanted(): void;
  /** The registration is gone, and not made anew. */
  onGivenUp(): void;
}

export function createServerSession(options: ServerSessionOptions): ServerSession {
  const { account, runtime, policy } = options;
  const { clock } = runtime;
  const log: Log = runtime.log.child({ server: account.shortServerId, uri: account.uri });
  let state: RegistrationState = { is: "idle" };
  let endpoint: Endpoint | undefined;
  let timer: Cancel | undefined;
  let nextUpdateAtMs: number | undefined;
  let opening: AbortController | undefined;
  /** Raised whenever an answer still under way stops mattering. */
  let generation = 0;
  let grant: Grant | undefined;
  /** The module's address as the link was opened. */
  let address: string | undefined;
  /** The port where the Server knows the device from before a reboot. */
  let formerPort: number | undefined;
  const unsettled = createUnsettledNotifications();
  const hold = createOfflineHold();

  const queueMode = createQueueMode({
    clock,
    awakeMs: options.awakeMs,
    isWaiting: () => unsettled.count > 0 || state.is !== "registered",
    onUpdateWanted: () => session.handle({ type: "updateAsked", content: PLAIN_UPDATE }),
    onState: () => options.onAwake(session),
  });
  const openLink = queueMode.over(options.openLink);
  const requests = createRegistrationRequests({ ...options, clock, log });

  const dropLink = () => {
    generation++;
    opening?.abort();
    opening = undefined;
    endpoint?.close();
    endpoint = undefined;
  };
  const closeLink = () => {
    dropLink();
    unsettled.clear();
  };
  const endLink = () => {
    closeLink();
    queueMode.begin(LISTENING);
  };

  const connect = async (): Promise<Endpoint> => {
    dropLink();
    const own = formerPort === undefined ? {} : { localPort: formerPort };
    formerPort = undefined;
    opening = new AbortController();
    const { signal } = opening;
    const opened = await openPeer(
      { ...options, openLink, runtime: { ...runtime, log }, ...own },
      {
        onRequest: (request) => options.onRequest(request, session),
        onUpload: (request, size) => options.onUpload(request, size, session),
        onClosed(reason) {
          log.warn({ reason }, "the link to the server has ended");
          if (!options.isOnline()) dropLink(); // the next request opens another one
          session.handle({ type: "lost" });
        },
      },
      signal,
    );
    if (signal.aborted) {
      opened.close();
      throw new CoapFailure("closed", "link not needed any more");
    }
    endpoint = opened;
    address = options.address();
    return opened;
  };

  /** Runs `exchange`; its outcome counts only if nothing newer has begun meanwhile. */
  const attempt = (
    exchange: () => Promise<RegistrationEvent>,
    otherwise: RegistrationEvent["type"] & ("failed" | "lost" | "deregistered"),
  ) => {
    generation++;
    const run = exchange();
    const current = generation; // connect() has raised it once more
    run.then(
      (event) => {
        if (current === generation) session.handle(event);
      },
      (error) => {
        if (current !== generation) return;
        log.warn({ reason: error instanceof Error ? error.message : String(error) }, `${state.is}: no success`);
        session.handle({ type: otherwise });
      },
    );
  };

  const register = async (): Promise<RegistrationEvent> => {
    options.onRegister(session);
    closeLink();
    queueMode.begin(LISTENING);
    log.info({ endpoint: options.endpointName() }, "registering");
    const granted = await requests.register(await connect());
    if (!granted) return { type: "failed" };
    grant = granted;
    return { type: "accepted", location: granted.location };
  };

  const update = async (held: Grant, content: UpdateContent): Promise<RegistrationEvent> => {
    const granted = await requests.update(endpoint ?? (await connect()), held, content);
    if (!granted) return { type: "lost" };
    grant = granted;
    return { type: "updated" };
  };

  const deregister = async (location: readonly string[]): Promise<RegistrationEvent> => {
    await requests.deregister(endpoint ?? (await connect()), location);
    return { type: "deregistered" };
  };

  /** What has changed while Register was under way, the Server does not know yet. */
  const tellChanges = (granted: Grant) => {
    const content = requests.changesSince(granted);
    if (content.lifetime || content.binding || content.objects) session.handle({ type: "updateAsked", content });
  };

  const perform = (effect: RegistrationEffect) => {
    switch (effect.do) {
      case "register":
        return attempt(register, "failed");
      case "update":
        return attempt(() => update(grant!, effect.content), "lost");
      case "deregister":
        return attempt(() => deregister(effect.location), "deregistered");
      case "dropLink":
        dropLink();
        unsettled.strand();
        return queueMode.begin(WAKING); // what is due waits for the Update
      case "scheduleUpdate": {
        const delayMs = updateDelayMs(options.parameters().lifetimeS);
        nextUpdateAtMs = clock.now() + delayMs;
        timer?.();
        timer = clock.after(delayMs, () => session.handle({ type: "updateDue" }));
        return;
      }
      case "startTimer":
        if (effect.event === "enableDue") log.info({ forS: effect.ms / 1000 }, "disabled by the server");
        else if (options.isOnline()) log.info({ retryInS: effect.ms / 1000 }, "waiting to register");
        timer?.();
        timer = clock.after(effect.ms, () => session.handle({ type: effect.event }));
        return;
      case "stopTimer":
        timer?.();
        timer = undefined;
        nextUpdateAtMs = undefined;
        return;
      case "bootstrap":
        return options.onBootstrapWanted();
      case "giveUp":
        log.info({}, "the registration is given up");
        return options.onGivenUp();
    }
  };

  const session: ServerSession = {
    account,
    get state() {
      return state;
    },
    get grant() {
      return grant;
    },
    get awake() {
      return queueMode.state.is;
    },
    get nextUpdateAtMs() {
      return nextUpdateAtMs;
    },
    get endpoint() {
      return endpoint;
    },
    handle(given) {
      const event = options.isOnline() ? given : hold.take(given, state);
      if (!event) return;
      const before = state;
      const step = stepRegistration(state, event, policy);
      state = step.state;
      if (state.is !== before.is) options.onState(session, before);
      for (const effect of step.effects) perform(effect);
      if (state.is === "idle" || state.is === "waiting" || state.is === "disabled") endLink();
      else if (grant && (event.type === "accepted" || event.type === "updated")) {
        queueMode.handle({ type: "answered", queued: isQueued(grant.binding) });
      }
      if (event.type === "accepted" && state.is === "registered") tellChanges(grant!);
      if (event.type === "updated") unsettled.sendStranded(endpoint);
    },
    notify(token, response, confirmable, onOutcome) {
      if (confirmable && endpoint) unsettled.send({ token, response, onOutcome }, endpoint);
      else endpoint?.notify(token, response, false, onOutcome);
    },
    resume(kept) {
      grant = kept;
      formerPort = kept.localPort;
      queueMode.begin(WAKING);
      log.info({ location: kept.location.join("/"), endpoint: kept.endpoint }, "the registration is kept");
      session.handle({ type: "resumed", location: kept.location, content: requests.changesSince(kept) });
    },
    goOn() {
      const { content, isEnableDue } = hold.release();
      if (state.is === "waiting") return session.handle({ type: "registerAsked" });
      if (isEnableDue) return session.handle({ type: "enableDue" });
      const hasMoved = options.dataCall() === true && options.address() !== address;
      if (hasMoved) session.handle({ type: "moved" });
      if (!hasMoved || content !== PLAIN_UPDATE) session.handle({ type: "updateAsked", content });
    },
    wake: () => queueMode.handle({ type: "due" }),
    close() {
      timer?.();
      timer = undefined;
      nextUpdateAtMs = undefined;
      endLink();
      state = { is: "idle" };
    },
  };
  return session;
}
