/** The Bootstrap-Server: its link, its endpoint and the effects of the bootstrap machine. */
import type { Endpoint } from "#coap/endpoint";
import { CoapError, type Request, type Response } from "#coap/message";
import {
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapPolicy,
  type BootstrapState,
  stepBootstrap,
} from "#lwm2m/bootstrap";
import { isBootstrapFinish } from "#lwm2m/operation";
import { openPeer, type PeerOptions } from "#lwm2m/peer";
import type { Cancel } from "#runtime";

export interface BootstrapSession {
  readonly state: BootstrapState;
  handle(event: BootstrapEvent): void;
  close(): void;
}

export interface BootstrapSessionOptions extends PeerOptions {
  readonly policy: BootstrapPolicy;
  /** @throws ClientError when there is no name to use (a SIM without MSISDN). */
  endpointName(): string;
  /** Serves a Write, Delete or Discover of the Bootstrap-Server. */
  serve(request: Request): Response;
  /** Whether the accounts as written can be used (Bootstrap-Finish). */
  consistent(): boolean;
  restoreAccounts(): void;
  onState(state: BootstrapState): void;
  onComplete(): void;
}

/** A repeated Bootstrap-Finish is still answered for this long (RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT). */
const LINGER_MS = 93_000;

export function createBootstrapSession(options: BootstrapSessionOptions): BootstrapSession {
  const { account, runtime } = options;
  const { clock } = runtime;
  const log = runtime.log.child({ bootstrapServer: account.uri });
  let state: BootstrapState = { is: "idle" };
  let endpoint: Endpoint | undefined;
  let timer: Cancel | undefined;
  let lingering: Cancel | undefined;
  let opening: AbortController | undefined;
  let generation = 0;

  const closeLink = () => {
    generation++;
    lingering?.();
    lingering = undefined;
    opening?.abort();
    opening = undefined;
    endpoint?.close();
    endpoint = undefined;
  };

  const onRequest = (request: Request): Response => {
    // a request of the server proves that it has accepted, even if its 2.04 was lost
    if (state.is === "requesting") session.handle({ type: "accepted" });
    if (state.is !== "transferring") throw new CoapError("4.05", "no bootstrap under way");
    session.handle({ type: "served" });
    if (isBootstrapFinish(request)) {
      if (!options.consistent()) {
        log.warn({}, "bootstrap finish refused: no usable server account was written");
        throw new CoapError("4.06", "accounts are inconsistent");
      }
      clock.after(0, () => session.handle({ type: "finished" })); // after the answer has left
      return { code: "2.04" };
    }
    return options.serve(request);
  };

  const request = async (mine: number) => {
    const name = options.endpointName();
    opening = new AbortController();
    const { signal } = opening;
    const opened = await openPeer(
      { ...options, runtime: { ...runtime, log } },
      {
        onRequest,
        onClosed(reason) {
          log.warn({ reason }, "the link to the bootstrap server has ended");
          session.handle({ type: "failed" });
        },
      },
      signal,
    );
    if (signal.aborted) return opened.close();
    endpoint = opened;
    const response = await endpoint.request({ method: "POST", uriPath: ["bs"], uriQuery: [`ep=${name}`] });
    if (mine !== generation) return;
    if (response.code === "2.04") return session.handle({ type: "accepted" });
    if (state.is !== "requesting") return;
    const detail = response.payload?.length ? response.payload.toString("utf8") : undefined;
    log.warn({ code: response.code, detail }, "Bootstrap-Request refused by the server");
    session.handle({ type: "failed" });
  };

  const perform = (effect: BootstrapEffect) => {
    switch (effect.do) {
      case "request": {
        closeLink();
        const mine = generation;
        request(mine).catch((error) => {
          if (mine !== generation || state.is !== "requesting") return;
          log.warn({ reason: error instanceof Error ? error.message : String(error) }, "bootstrap: no success");
          session.handle({ type: "failed" });
        });
        return;
      }
      case "startTimer":
        timer?.();
        timer = clock.after(effect.ms, () => session.handle({ type: effect.event }));
        return;
      case "stopTimer":
        timer?.();
        timer = undefined;
        return;
      case "restoreAccounts":
        closeLink();
        return options.restoreAccounts();
      case "complete":
        lingering = clock.after(LINGER_MS, closeLink);
        return options.onComplete();
    }
  };

  const session: BootstrapSession = {
    get state() {
      return state;
    },
    handle(event) {
      const before = state;
      const step = stepBootstrap(state, event, options.policy);
      state = step.state;
      if (state.is !== before.is) options.onState(state);
      for (const effect of step.effects) perform(effect);
    },
    close() {
      timer?.();
      timer = undefined;
      closeLink();
      state = { is: "idle" };
    },
  };
  return session;
}
