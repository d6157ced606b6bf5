import { describe, expect, it } from "vitest";
import {
  PLAIN_UPDATE,
  type RegistrationEvent,
  type RegistrationPolicy,
  type RegistrationState,
  stepRegistration,
  updateDelayMs,
} from "#lwm2m/registration";

const policy: RegistrationPolicy = {
  retry: { firstS: 60, factor: 2, longestS: 480 },
  bootstrapIfFails: false,
  registersIfLost: true,
};
const location = ["rd", "a1"];
const idle: RegistrationState = { is: "idle" };
const registering: RegistrationState = { is: "registering", attempt: 0 };
const leaving: RegistrationState = { is: "registering", attempt: 0, leaving: true };
const disabling: RegistrationState = { ...registering, disableMs: 7000 };
const registered: RegistrationState = { is: "registered", location };
const updating: RegistrationState = { is: "updating", location, content: PLAIN_UPDATE, again: undefined };

/** State and event, then the state it leads to and what is to be done. */
const TABLE: ReadonlyArray<[RegistrationState, RegistrationEvent, string, string[]]> = [
  [idle, { type: "registerAsked" }, "registering", ["stopTimer", "register"]],
  [idle, { type: "resumed", location, content: PLAIN_UPDATE }, "updating", ["stopTimer", "update"]],
  [idle, { type: "updateDue" }, "idle", []],
  [registering, { type: "accepted", location }, "registered", ["scheduleUpdate"]],
  [registering, { type: "failed" }, "waiting", ["stopTimer", "startTimer retryDue 60000"]],
  [registering, { type: "deregisterAsked", answerDue: false }, "idle", ["stopTimer"]],
  [registering, { type: "deregisterAsked", answerDue: true }, "registering", []],
  [leaving, { type: "accepted", location }, "deregistering", ["stopTimer", "deregister"]],
  [leaving, { type: "failed" }, "idle", ["stopTimer"]],
  [{ is: "registering", attempt: 3 }, { type: "failed" }, "waiting", ["stopTimer", "startTimer retryDue 480000"]],
  [{ is: "registering", attempt: 9 }, { type: "failed" }, "waiting", ["stopTimer", "startTimer retryDue 480000"]],
  [{ is: "waiting", attempt: 0 }, { type: "retryDue" }, "registering", ["stopTimer", "register"]],
  [{ is: "waiting", attempt: 2 }, { type: "registerAsked" }, "registering", ["stopTimer", "register"]],
  [{ is: "waiting", attempt: 2 }, { type: "updateAsked", content: PLAIN_UPDATE }, "waiting", []],
  [{ is: "waiting", attempt: 0 }, { type: "deregisterAsked", answerDue: false }, "idle", ["stopTimer"]],
  [registered, { type: "updateDue" }, "updating", ["stopTimer", "update"]],
  [registered, { type: "updateAsked", content: PLAIN_UPDATE }, "updating", ["stopTimer", "update"]],
  [registered, { type: "lost" }, "waiting", ["stopTimer", "startTimer retryDue 60000"]],
  [{ is: "registered", location, proven: true }, { type: "lost" }, "registering", ["stopTimer", "register"]],
  [registered, { type: "deregisterAsked", answerDue: false }, "deregistering", ["stopTimer", "deregister"]],
  [registered, { type: "disableAsked", disableMs: 5000 }, "deregistering", ["stopTimer", "deregister"]],
  [updating, { type: "updated" }, "registered", ["scheduleUpdate"]],
  [updating, { type: "lost" }, "registering", ["stopTimer", "register"]],
  [updating, { type: "deregisterAsked", answerDue: false }, "deregistering", ["stopTimer", "deregister"]],
  [{ is: "deregistering", disableMs: undefined }, { type: "deregistered" }, "idle", ["stopTimer"]],
  [{ is: "deregistering", disableMs: 5000 }, { type: "deregistered" }, "disabled", ["startTimer enableDue 5000"]],
  [{ is: "disabled" }, { type: "enableDue" }, "registering", ["stopTimer", "register"]],
  // from another address
  [registered, { type: "moved" }, "updating", ["dropLink", "stopTimer", "update"]],
  [updating, { type: "moved" }, "updating", ["dropLink", "stopTimer", "update"]],
  [registering, { type: "moved" }, "registering", ["stopTimer", "register"]],
  [leaving, { type: "moved" }, "idle", ["stopTimer"]],
  [{ is: "waiting", attempt: 3 }, { type: "moved" }, "registering", ["stopTimer", "register"]],
  [{ is: "disabled" }, { type: "moved" }, "disabled", []],
  [{ is: "deregistering", disableMs: 5000 }, { type: "moved" }, "deregistering", []],
  // offline
  [registering, { type: "unheard" }, "waiting", ["stopTimer", "startTimer retryDue 60000"]],
  [leaving, { type: "unheard" }, "idle", ["stopTimer"]],
  [updating, { type: "unheard" }, "registered", []],
  [registered, { type: "unheard" }, "registered", []],
  [{ is: "deregistering", disableMs: undefined }, { type: "unheard" }, "idle", ["stopTimer"]],
  // another Server may disable this one at any time
  [{ is: "disabled" }, { type: "disableAsked", disableMs: 7000 }, "disabled", ["startTimer enableDue 7000"]],
  [registering, { type: "disableAsked", disableMs: 7000 }, "registering", []],
  [disabling, { type: "accepted", location }, "deregistering", ["stopTimer", "deregister"]],
  [disabling, { type: "failed" }, "disabled", ["startTimer enableDue 7000"]],
  [disabling, { type: "lost" }, "disabled", ["startTimer enableDue 7000"]],
  [disabling, { type: "moved" }, "disabled", ["startTimer enableDue 7000"]],
  [disabling, { type: "deregisterAsked", answerDue: false }, "idle", ["stopTimer"]],
  [{ is: "waiting", attempt: 2 }, { type: "disableAsked", disableMs: 7000 }, "disabled", ["startTimer enableDue 7000"]],
  [{ is: "deregistering", disableMs: 5000 }, { type: "disableAsked", disableMs: 7000 }, "deregistering", []],
  [{ is: "deregistering", disableMs: undefined }, { type: "disableAsked", disableMs: 7000 }, "deregistering", []],
];

const words = (effect: { do: string; event?: string; ms?: number }) =>
  [effect.do, effect.event, effect.ms].filter((each) => each !== undefined).join(" ");

describe("registration with one server", () => {
  for (const [state, event, next, effects] of TABLE) {
    it(`${state.is}, ${event.type} -> ${next}`, () => {
      const step = stepRegistration(state, event, policy);
      expect(step.state.is).toBe(next);
      expect(step.effects.map(words)).toEqual(effects);
    });
  }

  it("is given up with a failed Update where it is not to be made anew", () => {
    const step = stepRegistration(updating, { type: "lost" }, { ...policy, registersIfLost: false });
    expect([step.state.is, ...step.effects.map(words)]).toEqual(["idle", "stopTimer", "giveUp"]);
    expect(stepRegistration(step.state, { type: "updateAsked", content: PLAIN_UPDATE }, policy).effects).toEqual([]);
  });

  it("[BG-079][BG-080][BG-081] retries a failed registration after 60, 120, 240, 480, 480 s", () => {
    let state: RegistrationState = registering;
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) {
      const failed = stepRegistration(state, { type: "failed" }, policy);
      for (const effect of failed.effects) if (effect.do === "startTimer") delays.push(effect.ms / 1000);
      state = stepRegistration(failed.state, { type: "retryDue" }, policy).state;
    }
    expect(delays).toEqual([60, 120, 240, 480, 480]);
  });

  it("tells from another address what it was telling from the former one, and what came since", () => {
    const lifetime = { ...PLAIN_UPDATE, lifetime: true };
    const objects = { ...PLAIN_UPDATE, objects: true };
    let step = stepRegistration(registered, { type: "updateAsked", content: lifetime }, policy);
    step = stepRegistration(step.state, { type: "updateAsked", content: objects }, policy);
    step = stepRegistration(step.state, { type: "moved" }, policy);
    const content = { lifetime: true, binding: false, objects: true };
    expect(step.effects).toContainEqual({ do: "update", content, location });
    expect(stepRegistration(step.state, { type: "updated" }, policy).state.is).toBe("registered");
  });

  it("stays away for the latest Disable Timeout, whenever it comes", () => {
    const leaving = stepRegistration(registered, { type: "disableAsked", disableMs: 5000 }, policy).state;
    const again = stepRegistration(leaving, { type: "disableAsked", disableMs: 7000 }, policy).state;
    const { effects } = stepRegistration(again, { type: "deregistered" }, policy);
    expect(effects.map(words)).toEqual(["startTimer enableDue 7000"]);
  });

  it("leaves for good where it was leaving for good, whatever is disabled meanwhile", () => {
    const leaving = stepRegistration(registered, { type: "deregisterAsked", answerDue: false }, policy).state;
    const again = stepRegistration(leaving, { type: "disableAsked", disableMs: 7000 }, policy).state;
    expect(stepRegistration(again, { type: "deregistered" }, policy).state.is).toBe("idle");
  });

  it("sends what was asked during an Update in one more Update", () => {
    const lifetime = { ...PLAIN_UPDATE, lifetime: true };
    const objects = { ...PLAIN_UPDATE, objects: true };
    let step = stepRegistration(updating, { type: "updateAsked", content: lifetime }, policy);
    step = stepRegistration(step.state, { type: "updateAsked", content: objects }, policy);
    step = stepRegistration(step.state, { type: "updated" }, policy);
    expect(step.effects).toContainEqual({
      do: "update",
      content: { lifetime: true, binding: false, objects: true },
      location,
    });
    expect(stepRegistration(step.state, { type: "updated" }, policy).state.is).toBe("registered");
  });

  it("goes to the bootstrap server instead of retrying where BS_IF_REG_FAILS says so", () => {
    const step = stepRegistration(registering, { type: "failed" }, { ...policy, bootstrapIfFails: true });
    expect(step.effects).toEqual([{ do: "bootstrap" }]);
  });

  it("plans the Update before the lifetime ends, with room for all retransmissions", () => {
    expect(updateDelayMs(86400)).toBe((86400 - 93) * 1000);
    expect(updateDelayMs(300)).toBe(207_000);
    expect(updateDelayMs(60)).toBe(30_000);
  });
});
