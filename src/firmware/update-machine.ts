/**
 * Object 5's machine (OMA TS 1.0.2 §E.6), with what DFOTA adds behind it.
 *
 *              package or URI                all of it, sound              Update                 reboot
 *   0 idle ──────────────────▶ 1 downloading ───────────────▶ 2 downloaded ──────▶ 3 updating: staged ─▶ flashing ─▶ restoring ─┐
 *     ▲ ◀── reset ─────────────┘ │ 2-6            │ ▲                                                   │ (power lost: goes on) │
 *     │ ◀── reset ───────────────┼────────────────┘ └─── 8: failed, or power lost while flashing ───────┘                       │
 *     └ ◀────────────────────────┘ ◀────────────────────────── 1: done ─────────────────────────────────────────────────────────┘
 */

import type { ResponseCode } from "#coap/message";
import type { DownloadFault, DownloadProblem, DownloadTrouble } from "#firmware/download-error";
import type { Step } from "#firmware/kept-machine";
import type { Image } from "#firmware/package";

/** "host" is AT+QFOTADL, which updates by itself when the package is there. */
export type Source = "push" | "pull" | "host";

export type UpdateState =
  | { readonly is: "idle"; readonly uri: string; readonly result: number }
  | { readonly is: "downloading"; readonly from: Source; readonly uri: string }
  | { readonly is: "downloaded"; readonly uri: string; readonly image: Image; readonly result: number }
  | {
      readonly is: "updating";
      readonly uri: string;
      readonly image: Image;
      /** Whether the package is the host's own file. */
      readonly local: boolean;
      readonly stage: "staged" | "flashing" | "restoring";
    };

export type UpdateEvent =
  /** The first of a package that is pushed. */
  | { readonly type: "pushed" }
  /** What is pushed turns out to be no package. */
  | { readonly type: "withdrawn" }
  /** @param problem why nothing can be fetched from there. */
  | { readonly type: "uriWritten"; readonly uri: string; readonly problem: DownloadProblem | undefined }
  | { readonly type: "hostAsked"; readonly uri: string }
  | { readonly type: "hostFile"; readonly image: Image }
  /** An empty URI, or a package of one NUL byte. */
  | { readonly type: "reset" }
  | { readonly type: "arrived"; readonly image: Image }
  | { readonly type: "failed"; readonly fault: DownloadFault; readonly trouble?: DownloadTrouble }
  | { readonly type: "executed" }
  | { readonly type: "booted" }
  | { readonly type: "flashed" }
  | { readonly type: "restored" }
  | { readonly type: "notApplied" };

export type UpdateEffect =
  | { readonly do: "fetch"; readonly uri: string }
  | { readonly do: "discard" }
  | { readonly do: "restart" }
  | { readonly do: "apply"; readonly continued: boolean }
  | { readonly do: "adopt"; readonly image: Image };

export type UpdateStep = Step<UpdateState, UpdateEffect>;

export const IDLE: UpdateState = { is: "idle", uri: "", result: 0 };

const SUCCESS = 1;
const FAILED = 8;
const RESULTS: Readonly<Record<DownloadFault, number>> = {
  flash: 2,
  ram: 3,
  connection: 4,
  integrity: 5,
  unsupported: 6,
  uri: 7,
  protocol: 9,
};

export function stepUpdate(state: UpdateState, event: UpdateEvent): UpdateStep {
  const stay: UpdateStep = { state, effects: [] };
  const refuse = (code: ResponseCode, detail: string): UpdateStep => ({ ...stay, refusal: { code, detail } });
  const idle = (result: number, uri = state.uri): UpdateStep => ({
    state: { is: "idle", uri, result },
    effects: [{ do: "discard" }],
  });

  switch (event.type) {
    case "pushed":
      if (state.is !== "idle") return refuse("4.00", "package: there is one already, reset first");
      return { state: { is: "downloading", from: "push", uri: "" }, effects: [{ do: "discard" }] };
    case "uriWritten": {
      if (state.is !== "idle") return refuse("4.00", "package URI: there is a package already, reset first");
      const { uri, problem } = event;
      if (problem === undefined)
        return { state: { is: "downloading", from: "pull", uri }, effects: [{ do: "fetch", uri }] };
      const failed: UpdateStep = { state: { is: "idle", uri, result: RESULTS[problem.fault] }, effects: [] };
      return problem.fault === "protocol" ? { ...failed, refusal: { code: "4.00", detail: problem.message } } : failed;
    }
    case "hostAsked":
      if (state.is !== "idle" && state.is !== "downloaded") return refuse("4.00", "an update is under way");
      return { state: { is: "downloading", from: "host", uri: event.uri }, effects: [{ do: "fetch", uri: event.uri }] };
    case "hostFile":
      if (state.is !== "idle" && state.is !== "downloaded") return refuse("4.00", "an update is under way");
      return staged("", event.image, true);
    case "reset":
      if (state.is === "updating") return refuse("4.05", "reset: the update is under way");
      return idle(0, "");
    case "withdrawn":
      return state.is === "downloading" ? idle(0) : stay;
    case "failed":
      // the file may have been changed after it had been found sound
      return state.is === "downloading" || state.is === "updating" ? idle(RESULTS[event.fault]) : stay;
    case "arrived": {
      if (state.is !== "downloading") return stay;
      if (state.from === "host") return staged(state.uri, event.image, false);
      return { state: { is: "downloaded", uri: state.uri, image: event.image, result: 0 }, effects: [] };
    }
    case "executed":
      if (state.is !== "downloaded") return refuse("4.05", "update: there is no package");
      return staged(state.uri, state.image, false);
    case "booted":
      if (state.is === "downloading") {
        if (state.from !== "pull") return idle(RESULTS.connection);
        return { state, effects: [{ do: "fetch", uri: state.uri }] };
      }
      if (state.is !== "updating") return stay;
      if (state.stage === "flashing") return notApplied(state);
      if (state.stage === "restoring") return { state, effects: [{ do: "apply", continued: true }] };
      return { state: { ...state, stage: "flashing" }, effects: [{ do: "apply", continued: false }] };
    case "flashed":
      return state.is === "updating" ? { state: { ...state, stage: "restoring" }, effects: [] } : stay;
    case "restored": {
      if (state.is !== "updating") return stay;
      const { effects, ...done } = idle(SUCCESS, "");
      return { ...done, effects: [{ do: "adopt", image: state.image }, ...effects] };
    }
    case "notApplied":
      return state.is === "updating" ? notApplied(state) : stay;
  }
}

function staged(uri: string, image: Image, local: boolean): UpdateStep {
  return { state: { is: "updating", uri, image, local, stage: "staged" }, effects: [{ do: "restart" }] };
}

/** The old firmware runs on; its package may be tried again, unless it is the host's. */
function notApplied({ uri, image, local }: UpdateState & { readonly is: "updating" }): UpdateStep {
  if (local) return { state: { is: "idle", uri, result: FAILED }, effects: [] };
  return { state: { is: "downloaded", uri, image, result: FAILED }, effects: [] };
}
