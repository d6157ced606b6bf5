/**
 * Object 9's machine (OMA "LWM2M Software Management" 1.0).
 *
 *              package or URI                  all of it, sound                Install
 *   0 initial ─────────────────▶ 1 downloading ───────────────▶ 3 delivered ───────────▶ 4 installed ⇄ activated
 *      ▲ ◀─────── 50-57 ─────────────┘                              │ │ ▲ 58 │                │
 *      └ ◀──────────────────────── uninstall ───────────────────────┘ └──────┘                │
 *      └ ◀──────────────────────── uninstall ─────────────────────────────────────────────────┘
 */

import type { ResponseCode } from "#coap/message";
import type { DownloadFault, DownloadProblem } from "#firmware/download-error";
import type { Step } from "#firmware/kept-machine";
import type { Image } from "#firmware/package";

export type SoftwareState =
  | { readonly is: "initial"; readonly result: number }
  | { readonly is: "downloading"; readonly from: "push" | "pull"; readonly uri: string }
  | { readonly is: "delivered"; readonly image: Image; readonly result: number }
  | { readonly is: "installed"; readonly image: Image; readonly active: boolean };

export type SoftwareEvent =
  | { readonly type: "pushed" }
  | { readonly type: "withdrawn" }
  | { readonly type: "uriWritten"; readonly uri: string; readonly problem: DownloadProblem | undefined }
  | { readonly type: "arrived"; readonly image: Image }
  | { readonly type: "failed"; readonly fault: DownloadFault }
  /** @param works whether the installation succeeds. */
  | { readonly type: "install"; readonly works: boolean }
  /** @param forUpdate whether what is installed runs on until another package replaces it. */
  | { readonly type: "uninstall"; readonly forUpdate: boolean }
  | { readonly type: "activate" | "deactivate" }
  | { readonly type: "booted" };

export type SoftwareEffect =
  | { readonly do: "fetch"; readonly uri: string }
  | { readonly do: "discard" }
  /** What runs from now on; undefined = what the module was made with. */
  | { readonly do: "adopt"; readonly version: string | undefined };

export type SoftwareStep = Step<SoftwareState, SoftwareEffect>;

export const INITIAL: SoftwareState = { is: "initial", result: 0 };

const INSTALLATION_FAILED = 58;
const RESULTS: Readonly<Record<DownloadFault, number>> = {
  flash: 50,
  ram: 51,
  connection: 52,
  integrity: 53,
  unsupported: 54,
  uri: 56,
  // "device defined update error": the Object has no number for a protocol that is not supported
  protocol: 57,
};
/** Delivered: downloaded and found sound. */
const VERIFIED = 3;

export function stepSoftware(state: SoftwareState, event: SoftwareEvent): SoftwareStep {
  const stay: SoftwareStep = { state, effects: [] };
  const refuse = (code: ResponseCode, detail: string): SoftwareStep => ({ ...stay, refusal: { code, detail } });
  const initial = (result: number): SoftwareStep => ({
    state: { is: "initial", result },
    effects: [{ do: "discard" }],
  });

  switch (event.type) {
    case "pushed":
      if (state.is !== "initial") return refuse("4.00", "package: there is one already, uninstall first");
      return { state: { is: "downloading", from: "push", uri: "" }, effects: [{ do: "discard" }] };
    case "uriWritten": {
      if (state.is !== "initial") return refuse("4.00", "package URI: there is a package already, uninstall first");
      const { uri, problem } = event;
      if (problem === undefined)
        return { state: { is: "downloading", from: "pull", uri }, effects: [{ do: "fetch", uri }] };
      return { state: { is: "initial", result: RESULTS[problem.fault] }, effects: [] };
    }
    case "withdrawn":
      return state.is === "downloading" ? initial(0) : stay;
    case "failed":
      return state.is === "downloading" ? initial(RESULTS[event.fault]) : stay;
    case "arrived":
      return state.is === "downloading"
        ? { state: { is: "delivered", image: event.image, result: VERIFIED }, effects: [] }
        : stay;
    case "install": {
      if (state.is !== "delivered") return refuse("4.05", "install: no package has been delivered");
      const { image } = state;
      if (!event.works) return { state: { ...state, result: INSTALLATION_FAILED }, effects: [] };
      return {
        state: { is: "installed", image, active: false },
        effects: [{ do: "adopt", version: image.version }, { do: "discard" }],
      };
    }
    case "uninstall":
      // the result of a download outlives its package; that of an installation does not (Update Result, resource 9)
      if (state.is === "delivered") return initial(state.result);
      if (state.is !== "installed") return refuse("4.05", "uninstall: there is nothing to remove");
      return { state: INITIAL, effects: event.forUpdate ? [] : [{ do: "adopt", version: undefined }] };
    case "activate":
    case "deactivate":
      if (state.is !== "installed") return refuse("4.05", `${event.type}: nothing is installed`);
      return { state: { ...state, active: event.type === "activate" }, effects: [] };
    case "booted":
      if (state.is !== "downloading") return stay;
      if (state.from === "push") return initial(RESULTS.connection);
      return { state, effects: [{ do: "fetch", uri: state.uri }] };
  }
}
