/** Unsolicited result codes: what each change of the modem says to the host, as the module prints it. */

import { clientUrcs } from "#at/urcs/client-urcs";
import { geofenceUrcs } from "#at/urcs/geofence-urcs";
import { messageUrcs } from "#at/urcs/message-urcs";
import { networkUrcs, powerSavingUrcs } from "#at/urcs/network-urcs";
import { on, type Urc, type UrcContext } from "#at/urcs/urc-row";
import type { ModemState } from "#modem/state";

/** In the order in which one change prints them. */
const urcs: readonly Urc[] = [
  function ready(now, before) {
    return on(now.power.phase === "running" && before.power.phase !== "running", "RDY");
  },
  function functionality(now, before) {
    return on(now.power.ready && !before.power.ready, `+CFUN: ${now.functionality}`);
  },
  function applicationReady(now, before) {
    return on(now.power.appReady && !before.power.appReady, "APP RDY");
  },
  function slot(now, before, { session }) {
    const isEmpty = now.sim.card === "NOT INSERTED";
    const changed = isEmpty !== (before.sim.card === "NOT INSERTED");
    return on(changed && session.qsimstat === 1, `+QSIMSTAT: 1,${isEmpty ? 0 : 1}`);
  },
  function sim(now, before) {
    const status = now.sim.status;
    // A card that has just been put in is told of once it is initialised.
    if (status === before.sim.status || status === "NOT READY") return [];
    if (status === "READY") return ["+CPIN: READY", "+QUSIM: 1"];
    return [status === "NOT INSERTED" && before.sim.status !== "NOT READY" ? "+CPIN: NOT READY" : `+CPIN: ${status}`];
  },
  function smsDone(now, before) {
    return on(now.power.smsDone && !before.power.smsDone, "+QIND: SMS DONE");
  },
  function poweredDown(now, before) {
    return on(now.power.poweredDown && !before.power.poweredDown, "POWERED DOWN");
  },
  ...networkUrcs,
  ...messageUrcs,
  ...powerSavingUrcs,
  ...geofenceUrcs,
  ...clientUrcs,
  fota,
];

/** BG96 DFOTA guide; "UPDATING" and "RESTORE" come while the module boots. */
function fota(now: ModemState, before: ModemState, { spelling: { fotaPercent } }: UrcContext): readonly string[] {
  const { report } = now.firmware;
  if (!report || report === before.firmware.report) return [];
  if (report.step === "continued") return ['+QIND: "FOTA","Last upgrade was not finished,continue upgrade"'];
  const step = `+QIND: "FOTA","${report.step}"`;
  if ("error" in report) return [`${step},${report.error}`];
  if ("percent" in report) return [`${step},${fotaPercent === "sample" ? ` ${report.percent}%` : report.percent}`];
  return [step];
}

/** @returns what one change says; a module that does not run says nothing but of its firmware. */
export function urcLines(now: ModemState, before: ModemState, context: UrcContext): readonly string[] {
  if (now.power.phase !== "running") return now.power.phase === "booting" ? fota(now, before, context) : [];
  return urcs.flatMap((row) => row(now, before, context));
}
