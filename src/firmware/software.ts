/** The application behind Object 9: the module's own software beside its firmware, by packages of the same kind. */
import { z } from "zod";
import type { DfotaOptions } from "#firmware/dfota";
import { createDownload, type Receiver } from "#firmware/download";
import type { DownloadProblem } from "#firmware/download-error";
import { takeFault } from "#firmware/faults";
import { createKeptMachine, type KeptMachine } from "#firmware/kept-machine";
import { problemOf } from "#firmware/package-source";
import { createRecordFile } from "#firmware/record";
import {
  INITIAL,
  type SoftwareEffect,
  type SoftwareEvent,
  type SoftwareState,
  stepSoftware,
} from "#firmware/software-machine";
import type { ModemState } from "#modem/state";

/** All throw CoapError when the state does not allow it. */
export interface Software {
  writePackage(bytes: Buffer): void;
  /** @param size about, bytes, where the Server tells it. */
  receivePackage(size: number | undefined): Receiver;
  writeUri(uri: string): void;
  install(): void;
  /** @param forUpdate what is installed runs on until another package replaces it. */
  uninstall(forUpdate: boolean): void;
  activate(): void;
  deactivate(): void;
  /** Ends everything; what is under way goes on when the module is there again. */
  close(): void;
}

const FOLDER = "/fota";

const image = z.object({ name: z.string(), version: z.string() });
const result = z.int();
const schema = z.object({
  /** What runs; undefined = what the module was made with. */
  installed: z.string().optional(),
  software: z.discriminatedUnion("is", [
    z.object({ is: z.literal("initial"), result }),
    z.object({ is: z.literal("downloading"), from: z.enum(["push", "pull"]), uri: z.string() }),
    z.object({ is: z.literal("delivered"), image, result }),
    z.object({ is: z.literal("installed"), image, active: z.boolean() }),
  ]),
});

export function createSoftware(options: DfotaOptions): Software {
  const { runtime, modem, efs } = options;
  const { log } = runtime;
  const record = createRecordFile(efs, `${FOLDER}/software.json`, schema, log);
  const kept = record.load();
  const factory = modem.state.identity.applicationRevision;
  let installed = kept?.installed;

  const download = createDownload({
    ...options,
    path: `${FOLDER}/software.bin`,
    apn: () => "",
    onArrived: (image) => handle({ type: "arrived", image }),
    onFailed: failed,
    onWithdrawn: () => handle({ type: "withdrawn" }),
  });

  function failed({ fault, message }: DownloadProblem): void {
    log.warn({ fault, reason: message }, "no software package");
    handle({ type: "failed", fault });
  }

  const show = () => modem.update(({ firmware }) => ({ firmware: { ...firmware, software: shownOf(machine.state) } }));
  const adopt = () =>
    modem.update(({ identity }) => ({ identity: { ...identity, applicationRevision: installed ?? factory } }));

  const perform = (effect: SoftwareEffect) => {
    switch (effect.do) {
      case "fetch":
        return download.fetch(effect.uri);
      case "discard":
        return download.discard();
      case "adopt":
        return adopt();
    }
  };

  const machine: KeptMachine<SoftwareState, SoftwareEvent> = createKeptMachine<
    SoftwareState,
    SoftwareEvent,
    SoftwareEffect
  >({
    name: "software update",
    log,
    begin: kept?.software ?? INITIAL,
    step: stepSoftware,
    prepare(effects) {
      const adopted = effects.find((effect) => effect.do === "adopt");
      if (adopted) installed = adopted.version;
    },
    save: (software) => record.save({ installed, software }),
    onMove: show,
    perform,
  });
  const { handle } = machine;

  const unwatch = modem.onChange((now, before) => {
    if (now.power.phase === before.power.phase) return;
    if (now.power.phase === "booting") handle({ type: "booted" });
    if (now.power.phase === "off") download.stop();
  });
  if (installed !== undefined) adopt();
  show();

  return {
    writePackage(bytes) {
      handle({ type: "pushed" });
      const receiver = download.receive(bytes.length);
      receiver.write(bytes);
      receiver.end();
    },
    receivePackage(size) {
      handle({ type: "pushed" });
      return download.receive(size);
    },
    writeUri(uri) {
      // the machine refuses it in any other state
      const problem = machine.state.is === "initial" ? problemOf(options, uri) : undefined;
      handle({ type: "uriWritten", uri, problem });
    },
    install() {
      const works = machine.state.is !== "delivered" || takeFault(modem, () => true, ["update"]) === undefined;
      handle({ type: "install", works });
    },
    uninstall: (forUpdate) => handle({ type: "uninstall", forUpdate }),
    activate: () => handle({ type: "activate" }),
    deactivate: () => handle({ type: "deactivate" }),
    close() {
      unwatch();
      download.stop();
    },
  };
}

function shownOf(state: SoftwareState): ModemState["firmware"]["software"] {
  const none = { name: "", version: "", active: false };
  switch (state.is) {
    case "initial":
      return { ...none, state: 0, result: state.result };
    case "downloading":
      return { ...none, state: 1, result: 1 };
    case "delivered":
      return { ...none, ...state.image, state: 3, result: state.result };
    case "installed":
      return { ...none, ...state.image, state: 4, result: 2, active: state.active };
  }
}
