/**
 * Whether the device listens to one Server (Queue mode, OMA TS 1.0.2 §8.3), as a pure machine.
 *
 *              answered, queued           quiet              due, sent
 *   listening ─────────────────▶ awake ─────────▶ asleep ◀─────────────▶ waking
 *       ▲                        │  ▲                       quiet          │
 *       └──── answered ──────────┘  └──────────── answered ────────────────┘
 *
 * `listening` is the device without Queue mode; `waking` hears, but waits for the answer to its Update before it notifies.
 */
export type AwakeState =
  | { readonly is: "listening" }
  | { readonly is: "awake" }
  | { readonly is: "asleep" }
  | { readonly is: "waking" };

export type AwakeEvent =
  /** The Server has accepted a Register or an Update; `queued` says whether it knows of Queue mode. */
  | { readonly type: "answered"; readonly queued: boolean }
  /** Nothing has passed for ACK_TIMEOUT; `waiting` for an answer of the Server all the same. */
  | { readonly type: "quiet"; readonly waiting: boolean }
  /** There is something to tell the Server. */
  | { readonly type: "due" }
  /** A message has left. */
  | { readonly type: "sent" };

export type AwakeEffect =
  /** To "quiet", ACK_TIMEOUT after the last message. */
  | { readonly do: "startTimer" }
  | { readonly do: "stopTimer" }
  /** An Update goes before everything else. */
  | { readonly do: "update" };

export interface AwakeStep {
  readonly state: AwakeState;
  readonly effects: readonly AwakeEffect[];
}

export const LISTENING: AwakeState = { is: "listening" };
/** Also where a registration that was kept over a reboot begins. */
export const WAKING: AwakeState = { is: "waking" };
const AWAKE: AwakeState = { is: "awake" };
const ASLEEP: AwakeState = { is: "asleep" };

export function stepAwake(state: AwakeState, event: AwakeEvent): AwakeStep {
  const stay: AwakeStep = { state, effects: [] };
  if (event.type === "answered") {
    return event.queued
      ? { state: AWAKE, effects: [{ do: "startTimer" }] }
      : { state: LISTENING, effects: [{ do: "stopTimer" }] };
  }
  switch (state.is) {
    case "listening":
      return stay;
    case "awake":
    case "waking":
      if (event.type !== "quiet") return stay;
      return event.waiting ? { state, effects: [{ do: "startTimer" }] } : { state: ASLEEP, effects: [] };
    case "asleep":
      if (event.type === "due") return { state: WAKING, effects: [{ do: "startTimer" }, { do: "update" }] };
      if (event.type === "sent") return { state: WAKING, effects: [{ do: "startTimer" }] };
      return stay;
  }
}

/** What the Binding says (OMA TS 1.0.2 Appendix E.2); the `S` of it is told to the Server and has no effect here. */
export function isQueued(binding: string): boolean {
  return binding.includes("Q");
}
