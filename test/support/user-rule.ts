import { RULE_DEFAULTS, type UserRule } from "#config/user-rules";

/** A rule that answers OK at once, but for what is given. */
export const userRule = (given: Partial<UserRule>): UserRule => ({
  command: undefined,
  pattern: undefined,
  ...RULE_DEFAULTS,
  ...given,
});
