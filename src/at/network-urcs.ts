/** Unsolicited result codes of the network: registration, time, packet events, signal, power saving, answers to orders. */
import { isIndicated } from "#at/indication";
import { formatTime, formatZone } from "#at/local-time";
import { registrationLine } from "#at/registration-line";
import { signalQuality } from "#at/signal";
import { on, type Urc } from "#at/urc-row";
import { activeSeconds, grantedEdrx, grantedPsm, tauSeconds } from "#modem/power-saving";
import type { ModemState, NetworkReport } from "#modem/state";

/** Contexts that became active, or inactive, with a change. */
function contextsThat(become: "active" | "inactive", now: ModemState, before: ModemState): readonly string[] {
  if (now.pdp === before.pdp) return [];
  const wanted = become === "active";
  const ids = [...new Set([...Object.keys(now.pdp), ...Object.keys(before.pdp)])];
  return ids.filter((id) => {
    const [is, was] = [now.pdp[Number(id)]?.active ?? false, before.pdp[Number(id)]?.active ?? false];
    return is === wanted && was !== wanted;
  });
}

/** Whether what ended has ended because the cell is gone, not by order of the host. */
const byNetwork = ({ network, functionality }: ModemState) => !network.coverage && functionality === 1;

export const networkUrcs: readonly Urc[] = [
  function registration(now, before, { session }) {
    const isSame =
      now.registration === before.registration &&
      now.radio === before.radio &&
      now.settings === before.settings &&
      now.network === before.network;
    if (isSame) return [];
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
    const by = byNetwork(now) ? "NW" : "ME";
    // 3GPP TS 27.007 §10.1.19: the contexts that end with a detach are not reported separately
    if (before.network.attached && !now.network.attached) return [`+CGEV: ${by} DETACH`];
    return [
      ...contextsThat("active", now, before).map((id) => `+CGEV: ME PDN ACT ${id}`),
      ...contextsThat("inactive", now, before).map((id) => `+CGEV: ${by} PDN DEACT ${id}`),
    ];
  },
  function lostCalls(now, before) {
    if (!byNetwork(now)) return [];
    return contextsThat("inactive", now, before).map((id) => `+QIURC: "pdpdeact",${id}`);
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
