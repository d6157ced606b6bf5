/**
 * Bootstrap, initiated by the Client or by the Bootstrap-Server (OMA TS 1.0.2 §5.2.3), as a pure machine.
 *
 *   idle ─ asked ▶ requesting ─ accepted ▶ transferring ─ finished ▶ idle
 *                    │  ▲                    │     ▲
 *       refused,     ▼  │ retryDue           │     │ served, though the Client
 *       unanswered  waiting ◀─── silence ────┘     │ has not asked
 *                    │ attempts used up            │
 *                    ▼                      idle, waiting, failed
 *                  failed
 */
import { type RetryPolicy, retryDelayMs } from "#lwm2m/retry";

export type BootstrapState =
  | { readonly is: "idle" }
  | { readonly is: "requesting"; readonly attempt: number }
  /** Without `attempt` the Bootstrap-Server has begun: if it goes no further, there is nothing to ask for again. */
  | { readonly is: "transferring"; readonly attempt: number | undefined }
  | { readonly is: "waiting"; readonly attempt: number }
  | { readonly is: "failed" };

export type BootstrapEvent =
  | { readonly type: "asked" }
  | { readonly type: "accepted" }
  | { readonly type: "failed" }
  /** A request of the Bootstrap-Server has arrived. */
  | { readonly type: "served" }
  | { readonly type: "silence" }
  | { readonly type: "finished" }
  | { readonly type: "retryDue" };

export type BootstrapEffect =
  | { readonly do: "request" }
  | { readonly do: "startTimer"; readonly event: "silence" | "retryDue"; readonly ms: number }
  | { readonly do: "stopTimer" }
  | { readonly do: "closeLink" }
  | { readonly do: "restoreAccounts" }
  | { readonly do: "complete" }
  /** What the Bootstrap-Server had begun is over: all is as it was before. */
  | { readonly do: "abandon" };

export interface BootstrapPolicy {
  readonly retry: RetryPolicy;
  /** REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS. */
  readonly retries: number;
}

/** The Bootstrap-Server has this long between two requests (RFC 7252 §4.8.2, EXCHANGE_LIFETIME). */
export const SILENCE_MS = 247_000;

export interface BootstrapStep {
  readonly state: BootstrapState;
  readonly effects: readonly BootstrapEffect[];
}

const request = (attempt: number): BootstrapStep => ({
  state: { is: "requesting", attempt },
  effects: [{ do: "stopTimer" }, { do: "request" }],
});

export function stepBootstrap(state: BootstrapState, event: BootstrapEvent, policy: BootstrapPolicy): BootstrapStep {
  const stay: BootstrapStep = { state, effects: [] };
  const listening: BootstrapEffect = { do: "startTimer", event: "silence", ms: SILENCE_MS };
  const begun: BootstrapStep = { state: { is: "transferring", attempt: undefined }, effects: [listening] };
  const failed = (attempt: number | undefined): BootstrapStep => {
    if (attempt === undefined) {
      const effects = [{ do: "stopTimer" }, { do: "restoreAccounts" }, { do: "abandon" }] as const;
      return { state: { is: "idle" }, effects };
    }
    if (attempt >= policy.retries) {
      const effects = [{ do: "stopTimer" }, { do: "closeLink" }, { do: "restoreAccounts" }] as const;
      return { state: { is: "failed" }, effects };
    }
    return {
      state: { is: "waiting", attempt },
      effects: [
        { do: "closeLink" },
        { do: "restoreAccounts" },
        { do: "startTimer", event: "retryDue", ms: retryDelayMs(policy.retry, attempt) },
      ],
    };
  };
  switch (state.is) {
    case "idle":
    case "failed":
      if (event.type === "served") return begun;
      return event.type === "asked" ? request(0) : stay;
    case "waiting":
      if (event.type === "served") return begun;
      if (event.type === "retryDue") return request(state.attempt + 1);
      return event.type === "asked" ? request(0) : stay;
    case "requesting":
      if (event.type === "accepted")
        return { state: { is: "transferring", attempt: state.attempt }, effects: [listening] };
      return event.type === "failed" ? failed(state.attempt) : stay;
    case "transferring":
      switch (event.type) {
        case "served":
          return { state, effects: [listening] };
        case "finished":
          return { state: { is: "idle" }, effects: [{ do: "stopTimer" }, { do: "complete" }] };
        case "silence":
        case "failed":
          return failed(state.attempt);
        default:
          return stay;
      }
  }
}
