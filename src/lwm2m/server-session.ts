/** One LwM2M Server: its link, its endpoint and the effects of its registration machine. */
import type { Endpoint } from "#coap/endpoint";
import { CONTENT_FORMAT, CoapFailure, type Request, type Response } from "#coap/message";
import type { Account, ServerParameters } from "#lwm2m/accounts";
import { openPeer, type PeerOptions } from "#lwm2m/peer";
import {
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationPolicy,
  type RegistrationState,
  stepRegistration,
  type UpdateContent,
  updateDelayMs,
} from "#lwm2m/registration";
import type { Cancel, Log } from "#runtime";

export interface ServerSession {
  readonly account: Account;
  readonly state: RegistrationState;
  readonly nextUpdateAtMs: number | undefined;
  /** The way to the Server while there is one. */
  readonly endpoint: Endpoint | undefined;
  handle(event: RegistrationEvent): void;
  /** Ends everything at once, saying nothing to the Server. */
  close(): void;
}

export interface ServerSessionOptions extends PeerOptions {
  readonly policy: RegistrationPolicy;
  /** Sent as the query lwm2m=…; undefined leaves it out. */
  readonly version: string | undefined;
  endpointName(): string;
  parameters(): ServerParameters;
  /** The list of Objects and Object Instances, in CoRE Link Format. */
  objectLinks(): string;
  onRequest(request: Request, session: ServerSession): Response | Promise<Response>;
  /** The machine has moved. */
  onState(session: ServerSession, before: RegistrationState): void;
  /** A new link is about to replace the old one: whatever was tied to it is void. */
  onNewLink(session: ServerSession): void;
  onBootstrapWanted(): void;
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

  const closeLink = () => {
    generation++;
    opening?.abort();
    opening = undefined;
    endpoint?.close();
    endpoint = undefined;
  };

  const connect = async (): Promise<Endpoint> => {
    closeLink();
    options.onNewLink(session);
    opening = new AbortController();
    const { signal } = opening;
    const opened = await openPeer(
      { ...options, runtime: { ...runtime, log } },
      {
        onRequest: (request) => options.onRequest(request, session),
        onClosed(reason) {
          log.warn({ reason }, "the link to the server has ended");
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
    return opened;
  };

  const registrationQuery = (): string[] => {
    const { lifetimeS, binding } = options.parameters();
    return [
      `ep=${options.endpointName()}`,
      `lt=${lifetimeS}`,
      ...(options.version === undefined ? [] : [`lwm2m=${options.version}`]),
      `b=${binding}`,
    ];
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

  const refused = (operation: string, response: Response) => {
    const detail = response.payload?.length ? response.payload.toString("utf8") : undefined;
    log.warn({ code: response.code, detail }, `${operation} refused by the server`);
  };

  const register = async (): Promise<RegistrationEvent> => {
    const peer = await connect();
    const response = await peer.request({
      method: "POST",
      uriPath: ["rd"],
      uriQuery: registrationQuery(),
      contentFormat: CONTENT_FORMAT.link,
      payload: Buffer.from(options.objectLinks()),
    });
    if (response.code !== "2.01") {
      refused("Register", response);
      return { type: "failed" };
    }
    log.info({ location: response.locationPath?.join("/"), endpoint: options.endpointName() }, "registered");
    return { type: "accepted", location: response.locationPath ?? [] };
  };

  const update = async (location: readonly string[], content: UpdateContent): Promise<RegistrationEvent> => {
    const peer = endpoint ?? (await connect());
    const { lifetimeS, binding } = options.parameters();
    const uriQuery = [...(content.lifetime ? [`lt=${lifetimeS}`] : []), ...(content.binding ? [`b=${binding}`] : [])];
    const response = await peer.request({
      method: "POST",
      uriPath: location,
      ...(uriQuery.length > 0 && { uriQuery }),
      ...(content.objects && { contentFormat: CONTENT_FORMAT.link, payload: Buffer.from(options.objectLinks()) }),
    });
    if (response.code === "2.04") return { type: "updated" };
    refused("Update", response);
    return { type: "lost" };
  };

  const deregister = async (location: readonly string[]): Promise<RegistrationEvent> => {
    if (endpoint) {
      const response = await endpoint.request({ method: "DELETE", uriPath: location });
      if (response.code !== "2.02") refused("De-register", response);
    }
    return { type: "deregistered" };
  };

  const perform = (effect: RegistrationEffect) => {
    switch (effect.do) {
      case "register":
        return attempt(register, "failed");
      case "update":
        return attempt(() => update(effect.location, effect.content), "lost");
      case "deregister":
        return attempt(() => deregister(effect.location), "deregistered");
      case "scheduleUpdate": {
        const delayMs = updateDelayMs(options.parameters().lifetimeS);
        nextUpdateAtMs = clock.now() + delayMs;
        timer?.();
        timer = clock.after(delayMs, () => session.handle({ type: "updateDue" }));
        return;
      }
      case "startTimer":
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
    }
  };

  const session: ServerSession = {
    account,
    get state() {
      return state;
    },
    get nextUpdateAtMs() {
      return nextUpdateAtMs;
    },
    get endpoint() {
      return endpoint;
    },
    handle(event) {
      const before = state;
      const step = stepRegistration(state, event, policy);
      state = step.state;
      if (state.is !== before.is) options.onState(session, before);
      for (const effect of step.effects) perform(effect);
      if (state.is === "idle" || state.is === "waiting" || state.is === "disabled") closeLink();
    },
    close() {
      timer?.();
      timer = undefined;
      nextUpdateAtMs = undefined;
      closeLink();
      state = { is: "idle" };
    },
  };
  return session;
}
