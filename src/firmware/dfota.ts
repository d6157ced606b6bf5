/**
 * The DFOTA application behind Object 5 and AT+QFOTADL (BG96: guide §5): it has packages downloaded, restarts the module
 * for an update, and applies the package in the boot flow that follows.
 */
import { z } from "zod";
import { CoapError } from "#coap/message";
import type { Efs } from "#efs/efs";
import { createDownload, type Receiver } from "#firmware/download";
import { DownloadError, type DownloadProblem, type DownloadTrouble } from "#firmware/download-error";
import type { Fetch } from "#firmware/fetch";
import { createFlashing } from "#firmware/flashing";
import { createKeptMachine, type KeptMachine } from "#firmware/kept-machine";
import type { Image } from "#firmware/package";
import { examineFile } from "#firmware/package-file";
import { type PackageSourceOptions, problemOf } from "#firmware/package-source";
import { isHttp, type PackageUri } from "#firmware/package-uri";
import { createRecordFile } from "#firmware/record";
import { IDLE, stepUpdate, type UpdateEffect, type UpdateEvent, type UpdateState } from "#firmware/update-machine";
import type { Power } from "#modem/power";
import type { FotaReport, ModemState } from "#modem/state";

export interface DfotaOptions extends PackageSourceOptions {
  readonly power: Power;
  readonly efs: Efs;
  readonly fetch: Readonly<Record<PackageUri["scheme"], Fetch>>;
  readonly acceptAny: boolean;
}

export interface Dfota {
  /** A whole package; one NUL byte, or nothing, resets. @throws CoapError */
  writePackage(bytes: Buffer): void;
  /** A package in pieces. @param size about, bytes, where the Server tells it. @throws CoapError */
  receivePackage(size: number | undefined): Receiver;
  /** Where to fetch a package; "" resets. @throws CoapError */
  writeUri(uri: string): void;
  /** Applies the package that is there. @throws CoapError 4.05 without one */
  update(): void;
  /** AT+QFOTADL: downloads and updates. @returns false while another update is under way, or for a URI it cannot fetch from */
  updateFrom(uri: string): boolean;
  /** AT+QFOTADL=1: updates from the file the host has put there. @returns false likewise */
  updateFromFile(): boolean;
  /** Ends everything; what is under way goes on when the module is there again. */
  close(): void;
}

const FOLDER = "/fota";
const HOST_FILE = `${FOLDER}/update.zip`;
/** <http_err> and <err> of `+QIND: "FOTA"` (BG96 DFOTA guide). */
const HTTP_ERRORS: Readonly<Record<DownloadTrouble, number>> = {
  unknown: 701,
  unconnected: 702,
  refused: 703,
  timeout: 704,
  absent: 706,
  unwritten: 707,
  large: 708,
};
const ERRORS = { failed: 504, absent: 505, integrity: 506, unsupported: 511 } as const;

const image = z.object({ name: z.string(), version: z.string() });
const uri = z.string();
const result = z.int();
const schema = z.object({
  /** The firmware that runs; undefined = the one the module was made with. */
  installed: z.string().optional(),
  update: z.discriminatedUnion("is", [
    z.object({ is: z.literal("idle"), uri, result }),
    z.object({ is: z.literal("downloading"), from: z.enum(["push", "pull", "host"]), uri }),
    z.object({ is: z.literal("downloaded"), uri, image, result }),
    z.object({
      is: z.literal("updating"),
      uri,
      image,
      local: z.boolean(),
      stage: z.enum(["staged", "flashing", "restoring"]),
    }),
  ]),
});

export function createDfota(options: DfotaOptions): Dfota {
  const { runtime, modem, power, efs, acceptAny } = options;
  const { log } = runtime;
  const record = createRecordFile(efs, `${FOLDER}/update.json`, schema, log);
  const kept = record.load();
  let installed = kept?.installed;
  /** Lets the boot go on. */
  let proceed: (() => void) | undefined;

  const download = createDownload({
    ...options,
    path: `${FOLDER}/update.bin`,
    apn: () => /^\d,"([^"]*)"/.exec(modem.state.settings["qcfgext/fota_apn"] ?? "")?.[1] ?? "",
    onArrived: (image) => handle({ type: "arrived", image }),
    onFailed: failed,
    onWithdrawn: () => handle({ type: "withdrawn" }),
  });

  function failed({ fault, trouble, message }: DownloadProblem): void {
    log.warn({ fault, reason: message }, "no firmware package");
    handle({ type: "failed", fault, trouble });
  }

  const change = (part: Partial<ModemState["firmware"]>) =>
    modem.update(({ firmware }) => ({ firmware: { ...firmware, ...part } }));
  const report = (now: FotaReport) => change({ report: now });
  const show = () => change({ update: shownOf(machine.state) });
  const adopt = (revision: string) => modem.update(({ identity }) => ({ identity: { ...identity, revision } }));

  /** What the host is told of a download by HTTP, or of one that it has asked for. */
  const reportDownload = (state: UpdateState, before: UpdateState, event: UpdateEvent) => {
    const downloading = before.is === "downloading" ? before : state.is === "downloading" ? state : undefined;
    if (!downloading || before.is === state.is) return;
    if (event.type === "booted") return; // of a loss of power the boot alone tells
    const isHosts = downloading.from === "host";
    if (!isHosts && !isHttp(downloading.uri)) return;
    if (state.is === "downloading") return report({ step: "HTTPSTART" });
    const fault = event.type === "failed" ? event.fault : undefined;
    const unfit = fault === "integrity" || fault === "unsupported" ? fault : undefined;
    const hasCome = unfit !== undefined || event.type === "arrived";
    const trouble = (event.type === "failed" && event.trouble) || "unknown";
    report({ step: "HTTPEND", error: hasCome ? 0 : HTTP_ERRORS[trouble] });
    if (isHosts && unfit) report({ step: "END", error: ERRORS[unfit] });
  };

  const perform = (effect: UpdateEffect) => {
    switch (effect.do) {
      case "fetch":
        return download.fetch(effect.uri);
      case "discard":
        return download.discard();
      case "restart":
        return power.restart();
      case "apply":
        return apply(effect.continued);
      case "adopt":
        return adopt(effect.image.version);
    }
  };

  const machine: KeptMachine<UpdateState, UpdateEvent> = createKeptMachine<UpdateState, UpdateEvent, UpdateEffect>({
    name: "firmware update",
    log,
    begin: kept?.update ?? IDLE,
    step: stepUpdate,
    prepare(effects) {
      const adopted = effects.find((effect) => effect.do === "adopt");
      installed = adopted?.image.version ?? installed;
    },
    save: (update) => record.save({ installed, update }),
    onMove(state, before, event) {
      show();
      reportDownload(state, before, event);
    },
    perform,
  });
  const { handle } = machine;

  // ---- the boot flow

  const bootOn = () => {
    const go = proceed;
    proceed = undefined;
    go?.();
  };

  const endWith = (error: number, event: UpdateEvent) => {
    report({ step: "END", error });
    handle(event);
    bootOn();
  };

  const flashing = createFlashing({
    clock: runtime.clock,
    modem,
    power,
    report,
    onFlashed: () => handle({ type: "flashed" }),
    onEnd(outcome) {
      if (outcome === "applied") endWith(0, { type: "restored" });
      else endWith(ERRORS.failed, { type: "notApplied" });
    },
  });

  const apply = (continued: boolean) => {
    const isHosts = machine.state.is === "updating" && machine.state.local;
    if (continued) report({ step: "continued" });
    if (!continued || isHosts) report({ step: "START" });
    if (continued) return flashing.resume();
    const error = errorOfPackage(isHosts);
    if (error) endWith(ERRORS[error], { type: "failed", fault: error === "unsupported" ? error : "integrity" });
    else flashing.begin();
  };

  /** The file may have been changed since it was examined. */
  const errorOfPackage = (isHosts: boolean): "absent" | "integrity" | "unsupported" | undefined => {
    try {
      if (isHosts) examineHostFile();
      else download.examine();
      return undefined;
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      log.warn({ reason: error.message }, "the firmware package cannot be applied");
      if (error.trouble === "absent") return "absent";
      return error.fault === "unsupported" ? "unsupported" : "integrity";
    }
  };

  const examineHostFile = (): Image => examineFile(efs, HOST_FILE, acceptAny);

  const stop = () => {
    flashing.stop();
    proceed = undefined;
    download.stop();
  };

  power.onBoot((go) => {
    proceed = go;
    handle({ type: "booted" });
    if (machine.state.is !== "updating") bootOn();
  });
  const unwatch = modem.onChange((now, before) => {
    if (now.power.phase !== "off" || before.power.phase === "off") return;
    stop();
  });
  if (installed !== undefined) adopt(installed);
  show();

  const isAccepted = (event: UpdateEvent): boolean => {
    try {
      handle(event);
      return true;
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      return false;
    }
  };

  return {
    writePackage(bytes) {
      if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0)) return handle({ type: "reset" });
      handle({ type: "pushed" });
      const receiver = download.receive(bytes.length);
      receiver.write(bytes);
      receiver.end();
    },
    receivePackage(size) {
      handle({ type: "pushed" });
      return download.receive(size);
    },
    writeUri(text) {
      if (text === "") return handle({ type: "reset" });
      // in any other state the machine refuses it
      const problem = machine.state.is === "idle" ? problemOf(options, text) : undefined;
      handle({ type: "uriWritten", uri: text, problem });
    },
    update: () => handle({ type: "executed" }),
    updateFrom(text) {
      return isHttp(text) && problemOf(options, text) === undefined && isAccepted({ type: "hostAsked", uri: text });
    },
    updateFromFile() {
      try {
        return isAccepted({ type: "hostFile", image: examineHostFile() });
      } catch (error) {
        if (!(error instanceof DownloadError)) throw error;
        return false;
      }
    },
    close() {
      unwatch();
      stop();
    },
  };
}

function shownOf(state: UpdateState): ModemState["firmware"]["update"] {
  const { uri } = state;
  const none = { uri, result: 0, name: undefined, version: undefined };
  switch (state.is) {
    case "idle":
      return { ...none, state: 0, result: state.result };
    case "downloading":
      return { ...none, state: 1 };
    case "downloaded":
      return { ...none, ...state.image, state: 2, result: state.result };
    case "updating":
      return { ...none, ...state.image, state: 3 };
  }
}
