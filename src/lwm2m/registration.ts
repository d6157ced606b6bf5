/**
 * Registration with one LwM2M Server (OMA TS 1.0.2 §5.3), as a pure machine.
 *
 *            register                accepted                 updateDue, updateAsked
 *   idle ──────────────▶ registering ─────────▶ registered ◀──────────────────────▶ updating
 *    ▲                  │  ▲      ▲                 │               updated            │
 *    │          refused │  │      │ enableDue       │ disableAsked                     │ gone, failed
 *    │       unanswered ▼  │      │                 │ deregisterAsked                  ▼
 *    │             waiting ┘   disabled             ▼                             registering
 *    │              retryDue      └───────── deregistering
 *    └──────────── deregistered ────────────────────┘
 */
import { type RetryPolicy, retryDelayMs } from "#lwm2m/retry";

export type RegistrationState =
  | { readonly is: "idle" }
  /** `leaving`, or disabled: the answer is still awaited, only to De-register from what it grants. */
  | {
      readonly is: "registering";
      readonly attempt: number;
      readonly leaving?: boolean;
      readonly disableMs?: number;
    }
  | { readonly is: "waiting"; readonly attempt: number }
  /** `proven`: an Update has been answered, so that a loss is no failure of the registration itself. */
  | { readonly is: "registered"; readonly location: readonly string[]; readonly proven?: boolean }
  | {
      readonly is: "updating";
      readonly location: readonly string[];
      readonly content: UpdateContent;
      readonly again: UpdateContent | undefined;
    }
  | { readonly is: "disabled" }
  | { readonly is: "deregistering"; readonly disableMs: number | undefined };

/** What an Update carries beside keeping the registration alive. */
export interface UpdateContent {
  readonly lifetime: boolean;
  readonly binding: boolean;
  readonly objects: boolean;
}

export const PLAIN_UPDATE: UpdateContent = { lifetime: false, binding: false, objects: false };

export type RegistrationEvent =
  | { readonly type: "registerAsked" }
  /** A registration kept over a reboot (PER_REGSTATUS_FEAT). */
  | { readonly type: "resumed"; readonly location: readonly string[]; readonly content: UpdateContent }
  | { readonly type: "accepted"; readonly location: readonly string[] }
  /** Register refused, unanswered, or its link could not be opened. */
  | { readonly type: "failed" }
  | { readonly type: "retryDue" }
  | { readonly type: "updateDue" }
  | { readonly type: "updateAsked"; readonly content: UpdateContent }
  | { readonly type: "updated" }
  /** The module's address is another one. */
  | { readonly type: "moved" }
  /** Update refused (4.04 and all others) or unanswered; or the link has ended. */
  | { readonly type: "lost" }
  /** The same, or Register unanswered, while the module is offline: no Server has failed. */
  | { readonly type: "unheard" }
  | { readonly type: "disableAsked"; readonly disableMs: number }
  | { readonly type: "enableDue" }
  /** @param answerDue whether a Register is under way that the Server may have taken. */
  | { readonly type: "deregisterAsked"; readonly answerDue: boolean }
  | { readonly type: "deregistered" };

export type RegistrationEffect =
  | { readonly do: "register" }
  | { readonly do: "update"; readonly content: UpdateContent; readonly location: readonly string[] }
  | { readonly do: "deregister"; readonly location: readonly string[] }
  /** The link in use leads nowhere: the next request opens another one. */
  | { readonly do: "dropLink" }
  | { readonly do: "scheduleUpdate" }
  | { readonly do: "startTimer"; readonly event: "retryDue" | "enableDue"; readonly ms: number }
  | { readonly do: "stopTimer" }
  /** BS_IF_REG_FAILS: a registration failure leads to the Bootstrap-Server. */
  | { readonly do: "bootstrap" }
  /** The registration is gone, and not made anew. */
  | { readonly do: "giveUp" };

export interface RegistrationPolicy {
  readonly retry: RetryPolicy;
  readonly bootstrapIfFails: boolean;
  /** Whether a registration whose Update has failed is made anew; otherwise the Server is given up. */
  readonly registersIfLost: boolean;
}

export interface RegistrationStep {
  readonly state: RegistrationState;
  readonly effects: readonly RegistrationEffect[];
}

export const both = (a: UpdateContent | undefined, b: UpdateContent): UpdateContent => ({
  lifetime: b.lifetime || (a?.lifetime ?? false),
  binding: b.binding || (a?.binding ?? false),
  objects: b.objects || (a?.objects ?? false),
});

const register = (attempt: number): RegistrationStep => ({
  state: { is: "registering", attempt },
  effects: [{ do: "stopTimer" }, { do: "register" }],
});

const update = (location: readonly string[], content: UpdateContent): RegistrationStep => ({
  state: { is: "updating", location, content, again: undefined },
  effects: [{ do: "stopTimer" }, { do: "update", content, location }],
});

/** OMA TS 1.0.2 §5.3.2: the Server takes the device's address from the Update. */
const move = (location: readonly string[], content: UpdateContent): RegistrationStep => {
  const { state, effects } = update(location, content);
  return { state, effects: [{ do: "dropLink" }, ...effects] };
};

const disable = (ms: number): RegistrationStep => ({
  state: { is: "disabled" },
  effects: [{ do: "startTimer", event: "enableDue", ms }],
});

const leave = (location: readonly string[], disableMs: number | undefined): RegistrationStep => ({
  state: { is: "deregistering", disableMs },
  effects: [{ do: "stopTimer" }, { do: "deregister", location }],
});

export function stepRegistration(
  state: RegistrationState,
  event: RegistrationEvent,
  policy: RegistrationPolicy,
): RegistrationStep {
  const stay: RegistrationStep = { state, effects: [] };
  const idle: RegistrationStep = { state: { is: "idle" }, effects: [{ do: "stopTimer" }] };
  const wait = (attempt: number): RegistrationStep => ({
    state: { is: "waiting", attempt },
    effects: [{ do: "stopTimer" }, { do: "startTimer", event: "retryDue", ms: retryDelayMs(policy.retry, attempt) }],
  });
  switch (state.is) {
    case "idle":
      if (event.type === "registerAsked") return register(0);
      if (event.type === "resumed") return update(event.location, event.content);
      return stay;
    case "registering":
      switch (event.type) {
        case "accepted":
          if (state.leaving) return leave(event.location, undefined);
          if (state.disableMs !== undefined) return leave(event.location, state.disableMs);
          return { state: { is: "registered", location: event.location }, effects: [{ do: "scheduleUpdate" }] };
        case "failed":
        case "lost":
          if (state.leaving) return idle;
          if (state.disableMs !== undefined) return disable(state.disableMs);
          if (policy.bootstrapIfFails) return { state: { is: "idle" }, effects: [{ do: "bootstrap" }] };
          return wait(state.attempt);
        case "unheard":
          if (state.leaving) return idle;
          return state.disableMs === undefined ? wait(state.attempt) : disable(state.disableMs);
        case "moved":
          if (state.leaving) return idle;
          return state.disableMs === undefined ? register(state.attempt) : disable(state.disableMs);
        case "disableAsked": // by another Server
          return { state: { ...state, disableMs: event.disableMs }, effects: [] };
        case "deregisterAsked":
          return event.answerDue ? { state: { ...state, leaving: true }, effects: [] } : idle;
        default:
          return stay;
      }
    case "waiting":
      if (event.type === "retryDue") return register(state.attempt + 1);
      if (event.type === "registerAsked" || event.type === "moved") return register(0);
      if (event.type === "disableAsked") return disable(event.disableMs);
      if (event.type === "deregisterAsked") return idle;
      return stay;
    case "registered":
      switch (event.type) {
        case "updateDue":
          return update(state.location, PLAIN_UPDATE);
        case "updateAsked":
          return update(state.location, event.content);
        case "moved":
          return move(state.location, PLAIN_UPDATE);
        case "lost":
          return state.proven ? register(0) : wait(0);
        case "disableAsked":
          return leave(state.location, event.disableMs);
        case "deregisterAsked":
          return leave(state.location, undefined);
        default:
          return stay;
      }
    case "updating":
      switch (event.type) {
        case "updated":
          if (state.again) return update(state.location, state.again);
          return {
            state: { is: "registered", location: state.location, proven: true },
            effects: [{ do: "scheduleUpdate" }],
          };
        case "updateAsked":
          return { state: { ...state, again: both(state.again, event.content) }, effects: [] };
        case "moved":
          return move(state.location, both(state.again, state.content));
        case "lost":
          if (policy.registersIfLost) return register(0);
          return { state: { is: "idle" }, effects: [{ do: "stopTimer" }, { do: "giveUp" }] };
        case "unheard": // told again as soon as the module is online
          return { state: { is: "registered", location: state.location, proven: true }, effects: [] };
        case "disableAsked":
          return leave(state.location, event.disableMs);
        case "deregisterAsked":
          return leave(state.location, undefined);
        default:
          return stay;
      }
    case "deregistering":
      if (event.type === "deregisterAsked")
        return { state: { is: "deregistering", disableMs: undefined }, effects: [] };
      // a Server may disable another one's account, again and again: the latest time counts
      if (event.type === "disableAsked" && state.disableMs !== undefined)
        return { state: { is: "deregistering", disableMs: event.disableMs }, effects: [] };
      if (event.type !== "deregistered" && event.type !== "lost" && event.type !== "unheard") return stay;
      return state.disableMs === undefined ? idle : disable(state.disableMs);
    case "disabled":
      if (event.type === "disableAsked") return disable(event.disableMs);
      if (event.type === "enableDue" || event.type === "registerAsked") return register(0);
      if (event.type === "deregisterAsked") return idle;
      return stay;
  }
}

/** Longest time a Confirmable Update can take before it has failed (RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT). */
const UPDATE_MARGIN_MS = 93_000;

/** Whatever lifetime a Server writes, it gets no more than one Update a second. */
const SHORTEST_UPDATE_MS = 1000;

/** When to send the next Update: early enough that it may need all its retransmissions, at the latest at half of a short lifetime. */
export function updateDelayMs(lifetimeS: number): number {
  const lifetimeMs = lifetimeS * 1000;
  return Math.max(lifetimeMs - UPDATE_MARGIN_MS, lifetimeMs / 2, SHORTEST_UPDATE_MS);
}
