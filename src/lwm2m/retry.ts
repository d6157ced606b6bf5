/** Exponential retry as lwm2m_cfg describes it. */

export interface RetryPolicy {
  readonly firstS: number;
  readonly factor: number;
  readonly longestS: number;
}

/** Whatever a file says, nothing is repeated faster. */
const SHORTEST_S = 1;

/** @param attempt 0 for the first retry. @returns ms until it, e.g. 60, 120, 240, 480, 480 s. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  return Math.max(SHORTEST_S, Math.min(policy.firstS * policy.factor ** attempt, policy.longestS)) * 1000;
}
