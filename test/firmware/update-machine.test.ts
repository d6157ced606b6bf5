import { describe, expect, it } from "vitest";
import { stepUpdate, type UpdateEvent, type UpdateState } from "#firmware/update-machine";

const image = { name: "BG96", version: "R2" };
const uri = "coap://192.0.2.1/image";
const idle: UpdateState = { is: "idle", uri: "", result: 0 };
const pushing: UpdateState = { is: "downloading", from: "push", uri: "" };
const pulling: UpdateState = { is: "downloading", from: "pull", uri };
const hosts: UpdateState = { is: "downloading", from: "host", uri: "http://192.0.2.1/image" };
const downloaded: UpdateState = { is: "downloaded", uri, image, result: 0 };
const staged: UpdateState = { is: "updating", uri, image, local: false, stage: "staged" };
const flashing: UpdateState = { ...staged, stage: "flashing" };
const restoring: UpdateState = { ...staged, stage: "restoring" };
const local: UpdateState = { ...flashing, uri: "", local: true };

const pushed: UpdateEvent = { type: "pushed" };
const written: UpdateEvent = { type: "uriWritten", uri, problem: undefined };
const reset: UpdateEvent = { type: "reset" };
const arrived: UpdateEvent = { type: "arrived", image };
const executed: UpdateEvent = { type: "executed" };
const booted: UpdateEvent = { type: "booted" };

/** Name of a state as the table below writes it: what it is, then its result, stage or source. */
const nameOf = (state: UpdateState): string => {
  if (state.is === "updating") return `updating ${state.stage}`;
  return `${state.is} ${state.is === "downloading" ? state.from : state.result}`;
};

const TABLE: readonly (readonly [UpdateState, UpdateEvent, string, string])[] = [
  [idle, pushed, "downloading push", "discard"],
  [idle, written, "downloading pull", "fetch"],
  [idle, { ...written, problem: { fault: "uri", trouble: "absent", message: "why" } }, "idle 7", ""],
  [idle, { ...written, problem: { fault: "protocol", trouble: "refused", message: "why" } }, "idle 9", "refused 4.00"],
  [idle, { type: "hostAsked", uri }, "downloading host", "fetch"],
  [idle, { type: "hostFile", image }, "updating staged", "restart"],
  [idle, reset, "idle 0", "discard"],
  [idle, executed, "idle 0", "refused 4.05"],
  [idle, booted, "idle 0", ""],
  [{ ...idle, result: 5 }, booted, "idle 5", ""],
  [idle, arrived, "idle 0", ""],
  [idle, { type: "failed", fault: "ram" }, "idle 0", ""],
  [pushing, pushed, "downloading push", "refused 4.00"],
  [pushing, written, "downloading push", "refused 4.00"],
  [pushing, { type: "hostAsked", uri }, "downloading push", "refused 4.00"],
  [pushing, reset, "idle 0", "discard"],
  [pushing, arrived, "downloaded 0", ""],
  [pushing, { type: "withdrawn" }, "idle 0", "discard"],
  [pushing, { type: "failed", fault: "flash" }, "idle 2", "discard"],
  [pushing, { type: "failed", fault: "ram" }, "idle 3", "discard"],
  [pushing, { type: "failed", fault: "connection" }, "idle 4", "discard"],
  [pushing, { type: "failed", fault: "integrity" }, "idle 5", "discard"],
  [pushing, { type: "failed", fault: "unsupported" }, "idle 6", "discard"],
  [pulling, { type: "failed", fault: "uri" }, "idle 7", "discard"],
  [pulling, { type: "failed", fault: "protocol" }, "idle 9", "discard"],
  [pushing, executed, "downloading push", "refused 4.05"],
  [pushing, booted, "idle 4", "discard"],
  [pulling, booted, "downloading pull", "fetch"],
  [pulling, arrived, "downloaded 0", ""],
  [hosts, booted, "idle 4", "discard"],
  [hosts, arrived, "updating staged", "restart"],
  [downloaded, pushed, "downloaded 0", "refused 4.00"],
  [downloaded, written, "downloaded 0", "refused 4.00"],
  [downloaded, { type: "hostAsked", uri }, "downloading host", "fetch"],
  [downloaded, reset, "idle 0", "discard"],
  [downloaded, booted, "downloaded 0", ""],
  [downloaded, executed, "updating staged", "restart"],
  [staged, booted, "updating flashing", "apply"],
  [staged, reset, "updating staged", "refused 4.05"],
  [staged, executed, "updating staged", "refused 4.05"],
  [staged, pushed, "updating staged", "refused 4.00"],
  [staged, { type: "hostFile", image }, "updating staged", "refused 4.00"],
  [flashing, { type: "failed", fault: "integrity" }, "idle 5", "discard"],
  [flashing, { type: "notApplied" }, "downloaded 8", ""],
  [flashing, booted, "downloaded 8", ""],
  [local, booted, "idle 8", ""],
  [flashing, { type: "flashed" }, "updating restoring", ""],
  [restoring, booted, "updating restoring", "apply continued"],
  [restoring, { type: "restored" }, "idle 1", "adopt discard"],
];

describe("Object 5's machine", () => {
  it.each(TABLE)("%j, %j -> %s", (before, event, after, effects) => {
    const step = stepUpdate(before, event);
    expect(nameOf(step.state)).toBe(after);
    const done = step.effects.map((effect) =>
      "continued" in effect && effect.continued ? "apply continued" : effect.do,
    );
    expect([...done, ...(step.refusal ? [`refused ${step.refusal.code}`] : [])].join(" ")).toBe(effects);
  });

  it("[CU-045][CU-046] forgets the URI with a reset and with success, and keeps it otherwise", () => {
    expect(stepUpdate(downloaded, reset).state).toEqual(idle);
    expect(stepUpdate(restoring, { type: "restored" }).state).toEqual({ ...idle, result: 1 });
    expect(stepUpdate(pulling, { type: "failed", fault: "connection" }).state).toMatchObject({ uri });
  });
});
