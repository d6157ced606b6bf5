/** The Bootstrap-Server: its link, its endpoint and the effects of the bootstrap machine. */
import type { Endpoint } from "#coap/endpoint";
import { CoapError, type Request, type Response } from "#coap/message";
import type { Account } from "#lwm2m/accounts";
import {
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapPolicy,
  type BootstrapState,
  stepBootstrap,
} from "#lwm2m/bootstrap";
import { isBootstrapFinish, isBootstrapRequest } from "#lwm2m/bootstrap-operation";
import { openPeer, type PeerOptions } from "#lwm2m/peer";
import { retryDelayMs } from "#lwm2m/retry";
import type { Cancel } from "#runtime";

export interface BootstrapSession {
  readonly account: Account;
  readonly state: BootstrapState;
  handle(event: BootstrapEvent): void;
  /** The module is online again: what could not be asked is; where the Bootstrap-Server may begin, over a new link if the address is another one. */
  goOn(): void;
  close(): void;
}

export interface BootstrapSessionOptions extends PeerOptions {
  readonly policy: BootstrapPolicy;
  /** Whether the Bootstrap-Server may begin, so that there is always a link to it. */
  readonly listens: boolean;
  /** @throws ClientError when there is no name to use (a SIM without MSISDN). */
  endpointName(): string;
  /** Serves a Write, Delete or Discover of the Bootstrap-Server. */
  serve(request: Request): Response;
  /** What is wrong with the accounts as written (Bootstrap-Finish). @param asked whether the Client has asked for them */
  problem(asked: boolean): string | undefined;
  restoreAccounts(): void;
  onState(session: BootstrapSession, before: BootstrapState): void;
  onComplete(): void;
  /** The Bootstrap-Server has begun, and has not finished. */
  onAbandoned(): void;
}

/** A repeated Bootstrap-Finish is still answered for this long (RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT). */
const LINGER_MS = 93_000;

export function createBootstrapSession(options: BootstrapSessionOptions): BootstrapSession {
  const { account, runtime, policy, listens } = options;
  const { clock } = runtime;
  const log = runtime.log.child({ bootstrapServer: account.uri });
  let state: BootstrapState = { is: "idle" };
  let endpoint: Endpoint | undefined;
  /** The module's as the link was opened. */
  let address: string | undefined;
  let timer: Cancel | undefined;
  let lingering: Cancel | undefined;
  /** A link to listen on will be opened. */
  let relinking: Cancel | undefined;
  /** Links in a row that could not be opened. */
  let failures = 0;
  let opening: AbortController | undefined;
  let isClosed = false;
  /** What came of being offline: it waits, and counts for no attempt. */
  let held: BootstrapEvent | undefined;
  let generation = 0;

  const closeLink = () => {
    generation++;
    lingering?.();
    lingering = undefined;
    relinking?.();
    relinking = undefined;
    opening?.abort();
    opening = undefined;
    endpoint?.close();
    endpoint = undefined;
  };

  const onRequest = (request: Request): Response => {
    // a request of the server proves that it has accepted, even if its 2.04 was lost
    if (state.is === "requesting") session.handle({ type: "accepted" });
    if (state.is !== "transferring" && !(listens && isBootstrapRequest(request))) {
      throw new CoapError("4.05", "no bootstrap under way");
    }
    session.handle({ type: "served" });
    if (!isBootstrapFinish(request)) return options.serve(request);
    const asked = state.is === "transferring" && state.attempt !== undefined;
    const problem = options.problem(asked);
    if (problem !== undefined) {
      log.warn({ problem }, "Bootstrap-Finish refused");
      throw new CoapError("4.06", problem);
    }
    clock.after(0, () => session.handle({ type: "finished" })); // after the answer has left
    return { code: "2.04" };
  };

  /** In place of the one there is. @throws Error, LinkError; whatever comes of an attempt that is void by then does not matter */
  const open = async (): Promise<Endpoint | undefined> => {
    closeLink();
    opening = new AbortController();
    const { signal } = opening;
    try {
      const opened = await openPeer(
        { ...options, runtime: { ...runtime, log } },
        {
          onRequest,
          onClosed(reason) {
            log.warn({ reason }, "the link to the bootstrap server has ended");
            endpoint = undefined;
            session.handle({ type: "failed" });
            keepListening();
          },
        },
        signal,
      );
      if (signal.aborted) return void opened.close();
      failures = 0;
      address = options.address();
      endpoint = opened;
      return opened;
    } catch (error) {
      if (!signal.aborted) failures++;
      throw error;
    } finally {
      if (opening?.signal === signal) opening = undefined;
    }
  };

  const listen = () => {
    const run = open();
    const mine = generation;
    run.catch((error) => {
      if (mine !== generation) return;
      log.warn({ reason: reasonOf(error) }, "no link to the bootstrap server");
      keepListening();
    });
  };

  /** Whatever ends a link: for a bootstrap that the server begins there is another one soon. */
  const keepListening = () => {
    if (!listens || isClosed || endpoint || opening || relinking) return;
    relinking = clock.after(retryDelayMs(policy.retry, Math.max(0, failures - 1)), () => {
      relinking = undefined;
      listen();
    });
  };

  const request = async () => {
    const name = options.endpointName();
    log.info({ endpoint: name }, "asking for a bootstrap");
    const way = endpoint ?? open();
    const mine = generation; // open() has raised it
    const response = await (await way)?.request({ method: "POST", uriPath: ["bs"], uriQuery: [`ep=${name}`] });
    if (!response || mine !== generation) return;
    if (response.code === "2.04") return session.handle({ type: "accepted" });
    if (state.is !== "requesting") return;
    const detail = response.payload?.length ? response.payload.toString("utf8") : undefined;
    log.warn({ code: response.code, detail }, "Bootstrap-Request refused by the server");
    session.handle({ type: "failed" });
  };

  const perform = (effect: BootstrapEffect) => {
    switch (effect.do) {
      case "request": {
        const run = request();
        const mine = generation;
        run.catch((error) => {
          if (mine !== generation || state.is !== "requesting") return;
          log.warn({ reason: reasonOf(error) }, "bootstrap: no success");
          session.handle({ type: "failed" });
        });
        return;
      }
      case "startTimer":
        if (effect.event === "retryDue") log.info({ retryInS: effect.ms / 1000 }, "waiting to ask for a bootstrap");
        timer?.();
        timer = clock.after(effect.ms, () => session.handle({ type: effect.event }));
        return;
      case "stopTimer":
        timer?.();
        timer = undefined;
        return;
      case "closeLink":
        closeLink();
        return keepListening();
      case "restoreAccounts":
        return options.restoreAccounts();
      case "complete":
        if (!listens) lingering = clock.after(LINGER_MS, closeLink);
        return options.onComplete();
      case "abandon":
        log.warn({}, "the bootstrap server has begun a bootstrap and not finished it");
        return options.onAbandoned();
    }
  };

  const session: BootstrapSession = {
    account,
    get state() {
      return state;
    },
    handle(event) {
      const isOfNetwork = event.type === "retryDue" || (event.type === "failed" && state.is === "requesting");
      if (isOfNetwork && !options.isOnline()) {
        held = event;
        return;
      }
      const before = state;
      const step = stepBootstrap(state, event, policy);
      state = step.state;
      if (state.is !== before.is) options.onState(session, before);
      for (const effect of step.effects) perform(effect);
    },
    goOn() {
      const waiting = held;
      held = undefined;
      if (waiting && options.address() !== address) closeLink();
      if (waiting?.type === "failed") return perform({ do: "request" });
      if (waiting) return session.handle(waiting);
      if (!listens || state.is === "requesting") return;
      if (options.dataCall() === true && options.address() !== address) listen();
    },
    close() {
      isClosed = true;
      timer?.();
      timer = undefined;
      closeLink();
      state = { is: "idle" };
    },
  };
  if (listens) listen();
  return session;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
