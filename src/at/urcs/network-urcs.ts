/** Unsolicited result codes of the network: registration, time, packet events, signal, power saving, answers to orders. */

import { formatTime, formatZone } from "#at/local-time";
import { registrationLine } from "#at/network/registration-line";
import { signalQuality } from "#at/network/signal";
import { isIndicated } from "#at/urcs/indication";
import { on, type Urc } from "#at/urcs/urc-row";
import { callOf } from "#modem/data-call";
import { isLeaving } from "#modem/network";
import { contextsOf } from "#modem/pdp-contexts";
import { activeSeconds, grantedEdrx, grantedPsm, tauSeconds } from "#modem/power-saving";
import type { ModemState, NetworkReport } from "#modem/state";

/** Contexts that became so, or ceased to be. */
function contextsThat(
  become: boolean,
  now: ModemState,
  before: ModemState,
  isSo: (state: ModemState, cid: number) => boolean,
): readonly number[] {
  if (now.pdp === before.pdp && now.defaultBearer === before.defaultBearer) return [];
  const ids = [...new Set([...contextsOf(now), ...contextsOf(before)].map(([id]) => id))];
  return ids.filter((id) => isSo(now, id) === become && isSo(before, id) !== become);
}

const isUp = (state: ModemState, cid: number) => callOf(state, cid) !== undefined;
/** Activated by the host. */
const isActive = (state: ModemState, cid: number) => state.pdp[cid]?.active ?? false;

export const networkUrcs: readonly Urc[] = [
  function registration(now, before, { session }) {
    const isSame =
      now.registration === before.registration &&
      now.radio === before.radio &&
      now.settings === before.settings &&
      now.network === before.network;
    if (isSame || isLeaving(now)) return [];
    const modes = { CREG: session.creg, CGREG: session.cgreg, CEREG: session.cereg };
    return (["CREG", "CGREG", "CEREG"] as const).flatMap((domain) => {
      const line = registrationLine(now, domain, modes[domain]);
      const told = modes[domain] > 0 && line !== registrationLine(before, domain, modes[domain]);
      return on(told, `+${domain}: ${line}`);
    });
  },
  function zone(now, before, { session, host }) {
    if (session.ctzr === 0 || !now.time.synchronised) return [];
    const { zoneQuarters } = now.network;
    if (before.time.synchronised && before.network.zoneQuarters === zoneQuarters) return [];
    const text = `"${formatZone(zoneQuarters)}"`;
    if (session.ctzr === 1) return [`+CTZV: ${text}`];
    // 3GPP TS 27.007 §8.41: no daylight saving, local time
    return [`+CTZE: ${text},0,"${formatTime(host.runtime.clock.now(), zoneQuarters)}"`];
  },
  function packetEvents(now, before, { session }) {
    if (session.cgerep[0] === 0) return [];
    const by = now.network.endedBy;
    // 3GPP TS 27.007 §10.1.19: the contexts that end with a detach are not reported separately
    if (before.network.attached && !now.network.attached) return [`+CGEV: ${by} DETACH`];
    return [
      ...contextsThat(true, now, before, isUp).map((id) => `+CGEV: ME PDN ACT ${id}`),
      ...contextsThat(false, now, before, isUp).map((id) => `+CGEV: ${by} PDN DEACT ${id}`),
    ];
  },
  function lostCalls(now, before) {
    if (now.network.endedBy === "ME") return [];
    return contextsThat(false, now, before, isActive).map((id) => `+QIURC: "pdpdeact",${id}`);
  },
  function signal(now, before, { session }) {
    if (now.radio === before.radio && now.network === before.network && now.functionality === before.functionality)
      return [];
    const quality = signalQuality(now);
    const isWanted = isIndicated(session, now, "all") && isIndicated(session, now, "csq");
    return on(isWanted && quality !== signalQuality(before), `+QIND: "csq",${quality}`);
  },
  function answer(now, before, { session }) {
    const { networkReport } = now;
    if (!networkReport || networkReport === before.networkReport) return [];
    if (networkReport.kind === "ussd") return on(session.cusd === 1, `+CUSD: ${networkReport.status}`);
    return [reportLine(networkReport, now.time.zoneQuarters)];
  },
];

/** Hops of an echo, as the manual's example prints them. */
const TTL = 255;

function reportLine(report: Exclude<NetworkReport, { kind: "ussd" }>, zoneQuarters: number): string {
  const { error } = report;
  switch (report.kind) {
    case "time": {
      const time = `${formatTime(report.utcMs, zoneQuarters)}${formatZone(zoneQuarters)}`;
      return error === 0 ? `+QNTP: 0,"${time}"` : `+QNTP: ${error}`;
    }
    case "echo":
      return error === 0 ? `+QPING: 0,"${report.address}",${report.bytes},${report.ms},${TTL}` : `+QPING: ${error}`;
    case "echoes": {
      const { sent, received, ms } = report;
      return `+QPING: ${error},${sent},${received},${sent - received},${ms.least},${ms.most},${ms.average}`;
    }
  }
}

export const powerSavingUrcs: readonly Urc[] = [
  function timers(now, before) {
    if (now.settings["qcfg/psm/urc"] !== "1") return [];
    const granted = grantedPsm(now);
    const told = grantedPsm(before);
    const isSame = granted?.periodicTau === told?.periodicTau && granted?.activeTime === told?.activeTime;
    if (!granted || isSame) return [];
    return [`+QPSMTIMER: ${tauSeconds(granted.periodicTau) ?? 0},${activeSeconds(granted.activeTime) ?? 0}`];
  },
  function edrx(now, before) {
    if (now.settings["edrx/reported"] !== "1") return [];
    const granted = grantedEdrx(now);
    const told = grantedEdrx(before);
    if (!granted || (granted.type === told?.type && granted.value === told.value)) return [];
    return [`+CEDRXP: ${granted.type},"${granted.value}","${granted.value}","${granted.window}"`];
  },
  function sleeping(now, before) {
    return on(now.power.sleeping && !before.power.sleeping, "PSM POWER DOWN");
  },
];
