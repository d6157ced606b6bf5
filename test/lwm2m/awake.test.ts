import { describe, expect, it } from "vitest";
import { type AwakeEvent, type AwakeState, isQueued, stepAwake } from "#lwm2m/awake";

type Name = AwakeState["is"];
const answered: AwakeEvent = { type: "answered", queued: true };
const plain: AwakeEvent = { type: "answered", queued: false };
const quiet: AwakeEvent = { type: "quiet", waiting: false };
const waiting: AwakeEvent = { type: "quiet", waiting: true };
const due: AwakeEvent = { type: "due" };
const sent: AwakeEvent = { type: "sent" };

/** State and event, then the state it leads to and what is to be done. */
const TABLE: ReadonlyArray<[Name, AwakeEvent, Name, string[]]> = [
  ["listening", answered, "awake", ["startTimer"]],
  ["listening", plain, "listening", ["stopTimer"]],
  ["listening", due, "listening", []],
  ["listening", sent, "listening", []],
  ["awake", quiet, "asleep", []],
  ["awake", waiting, "awake", ["startTimer"]],
  ["awake", answered, "awake", ["startTimer"]],
  ["awake", plain, "listening", ["stopTimer"]],
  ["awake", due, "awake", []],
  ["awake", sent, "awake", []],
  ["asleep", due, "waking", ["startTimer", "update"]],
  ["asleep", sent, "waking", ["startTimer"]],
  ["asleep", quiet, "asleep", []],
  ["waking", answered, "awake", ["startTimer"]],
  ["waking", plain, "listening", ["stopTimer"]],
  ["waking", due, "waking", []],
  ["waking", sent, "waking", []],
  ["waking", waiting, "waking", ["startTimer"]],
  ["waking", quiet, "asleep", []],
];

describe("sleep in Queue mode", () => {
  for (const [from, event, to, effects] of TABLE) {
    it(`${from}, ${Object.values(event).join(" ")} -> ${to}`, () => {
      const step = stepAwake({ is: from }, event);
      expect(step.state.is).toBe(to);
      expect(step.effects.map((effect) => effect.do)).toEqual(effects);
    });
  }

  it("[OM-023] is for the bindings with Q; S makes no difference", () => {
    expect(["U", "UQ", "S", "SQ", "US", "UQS"].filter(isQueued)).toEqual(["UQ", "SQ", "UQS"]);
  });
});
