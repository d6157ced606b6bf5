import { describe, expect, it } from "vitest";
import { type BootstrapEvent, type BootstrapState, stepBootstrap } from "#lwm2m/bootstrap";

const policy = { retry: { firstS: 60, factor: 2, longestS: 480 }, retries: 2 };

const TABLE: ReadonlyArray<[BootstrapState, BootstrapEvent["type"], string, string[]]> = [
  [{ is: "idle" }, "asked", "requesting", ["stopTimer", "request"]],
  [{ is: "idle" }, "accepted", "idle", []],
  [{ is: "requesting", attempt: 0 }, "accepted", "transferring", ["startTimer silence 247000"]],
  [{ is: "requesting", attempt: 0 }, "failed", "waiting", ["restoreAccounts", "startTimer retryDue 60000"]],
  [{ is: "requesting", attempt: 1 }, "failed", "waiting", ["restoreAccounts", "startTimer retryDue 120000"]],
  [{ is: "requesting", attempt: 2 }, "failed", "failed", ["stopTimer", "restoreAccounts"]],
  [{ is: "waiting", attempt: 0 }, "retryDue", "requesting", ["stopTimer", "request"]],
  [{ is: "transferring", attempt: 0 }, "served", "transferring", ["startTimer silence 247000"]],
  [{ is: "transferring", attempt: 0 }, "finished", "idle", ["stopTimer", "complete"]],
  [{ is: "transferring", attempt: 0 }, "silence", "waiting", ["restoreAccounts", "startTimer retryDue 60000"]],
  [{ is: "transferring", attempt: 2 }, "silence", "failed", ["stopTimer", "restoreAccounts"]],
  [{ is: "failed" }, "asked", "requesting", ["stopTimer", "request"]],
  [{ is: "transferring", attempt: 0 }, "stopped", "idle", ["stopTimer"]],
];

describe("client-initiated bootstrap", () => {
  for (const [state, type, next, effects] of TABLE) {
    it(`${state.is}${"attempt" in state ? ` (attempt ${state.attempt})` : ""}, ${type} -> ${next}`, () => {
      const step = stepBootstrap(state, { type } as BootstrapEvent, policy);
      expect(step.state.is).toBe(next);
      const words = step.effects.map((each) => ("ms" in each ? `${each.do} ${each.event} ${each.ms}` : each.do));
      expect(words).toEqual(effects);
    });
  }
});
