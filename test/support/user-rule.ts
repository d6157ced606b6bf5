import type { UserRule } from "#config/user-rules";

/** A rule that answers OK at once, but for what is given. */
export const userRule = (given: Partial<UserRule>): UserRule => ({
  command: undefined,
  pattern: undefined,
  answer: [],
  result: "OK",
  delayMs: 0,
  once: false,
  urcs: [],
  urcDelayMs: 0,
  ...given,
});
