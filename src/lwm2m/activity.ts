/** What the Client is at, as far as the module's deep sleep depends on it. */
import type { RegistrationState } from "#lwm2m/registration";

/** "busy": about to start, or waiting for a Server's answer. */
export type Activity = "none" | "running" | "busy";

const AWAITING_ANSWER: ReadonlySet<RegistrationState["is"]> = new Set(["registering", "updating", "deregistering"]);

export const awaitsAnswer = (state: RegistrationState): boolean => AWAITING_ANSWER.has(state.is);

/** How long after the last message the Client wants the module out of deep sleep: ACK_TIMEOUT (guide §3.3.3, Table 4). */
export function awakeMs(activity: Activity, ackTimeoutS: number): number {
  if (activity === "busy") return Number.POSITIVE_INFINITY;
  return activity === "running" ? ackTimeoutS * 1000 : 0;
}

/** The same in words, for the log. */
export const whyAwake = (activity: Activity, ackTimeoutS: number): string =>
  activity === "busy"
    ? "LwM2M is about to start, or a request of its Client is open"
    : `the LwM2M Client runs, and less than ACK_TIMEOUT, ${ackTimeoutS} s, has passed since its last message`;
