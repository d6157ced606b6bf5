/** The Bootstrap-Server: its link, its endpoint and the effects of the bootstrap machine. */
import { createEndpoint, type Endpoint, type TransmissionParameters } from "#coap/endpoint";
import { type OpenLink, parseServerUri } from "#coap/link";
import { CoapError, type Request, type Response } from "#coap/message";
import type { Account } from "#lwm2m/accounts";
import {
  type BootstrapEffect,
  type BootstrapEvent,
  type BootstrapPolicy,
  type BootstrapState,
  stepBootstrap,
} from "#lwm2m/bootstrap";
import type { Cancel, Runtime } from "#runtime";

export interface BootstrapSession {
  readonly state: BootstrapState;
  handle(event: BootstrapEvent): void;
  close(): void;
}

export interface BootstrapSessionOptions {
  readonly account: Account;
  readonly runtime: Runtime;
  readonly openLink: OpenLink;
  readonly ciphers: readonly string[];
  readonly transmission: TransmissionParameters;
  readonly policy: BootstrapPolicy;
  /** @throws ClientError when there is no name to use (a SIM without MSISDN). */
  endpointName(): string;
  /** Whether the packet network carries data now; a text says why not. */
  dataCall(): true | string;
  /** Serves a Write, Delete or Discover of the Bootstrap-Server. */
  serve(request: Request): Response;
  /** Whether the accounts as written can be used (Bootstrap-Finish). */
  consistent(): boolean;
  restoreAccounts(): void;
  onTraffic(direction: "in" | "out", bytes: number): void;
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
    if (state.is !== "transferring") throw new CoapError("4.05", "no bootstrap under way");
    session.handle({ type: "served" });
    if (request.method === "POST" && request.uriPath?.join("/") === "bs") {
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
    const ready = options.dataCall();
    if (ready !== true) throw new Error(`data call failed: ${ready}`);
    const target = parseServerUri(account.uri);
    if (!target) throw new Error(`server URI not usable: ${account.uri}`);
    const name = options.endpointName();
    opening = new AbortController();
    const link = await options.openLink(
      { ...target, identity: account.identity, key: account.key, ciphers: options.ciphers },
      opening.signal,
    );
    if (mine !== generation) return link.close();
    opening = undefined;
    endpoint = createEndpoint({
      link,
      runtime: { ...runtime, log },
      transmission: options.transmission,
      onRequest,
      onTraffic: options.onTraffic,
      onClosed: (reason) => {
        log.warn({ reason }, "the link to the bootstrap server has ended");
        session.handle({ type: "failed" });
      },
    });
    const response = await endpoint.request({ method: "POST", uriPath: ["bs"], uriQuery: [`ep=${name}`] });
    if (mine !== generation) return;
    if (response.code === "2.04") return session.handle({ type: "accepted" });
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
          if (mine !== generation) return;
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
