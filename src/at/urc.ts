/** Unsolicited result codes: what each change of the modem says to the host, as the module prints it. */

import type { Host } from "#at/host";
import { registrationLine } from "#at/registration-line";
import type { Session } from "#at/session";
import type { ClientPhase, ModemState } from "#modem/state";

/** When +QLWOBSERVE carries its third field. */
export type ObserveFlag = "always" | "cancelOnly" | "never";

/** How +QIND: "FOTA" prints a percentage. */
export type FotaPercent = "sample" | "plain";

export interface UrcContext {
  readonly session: Session;
  readonly host: Host;
  readonly observeFlag: ObserveFlag;
  readonly fotaPercent: FotaPercent;
}

export type Urc = (now: ModemState, before: ModemState, context: UrcContext) => readonly string[];

const on = (condition: boolean, ...lines: string[]): readonly string[] => (condition ? lines : []);

/** By client phase; the names are Wakaama's. */
const PHASES = [
  "STATE_INITIAL",
  "STATE_BOOTSTRAP_REQUIRED",
  "STATE_BOOTSTRAPPING",
  "STATE_REGISTER_REQUIRED",
  "STATE_REGISTERING",
  "STATE_READY",
] as const;

/** @returns e.g. "STATE_READY" for 5. */
export const eventName = (phase: ClientPhase): string => PHASES[phase];

/** dltype; text where a damaged settings file, which AT+QLWM2M answers with ERROR, says nothing. */
function prefersText({ lwm2m }: Host): boolean {
  try {
    return lwm2m.downlinkFormat === 0;
  } catch {
    return true;
  }
}

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
  function sim(now, before) {
    const status = now.sim.status;
    if (status === before.sim.status) return [];
    if (status === "READY") return ["+CPIN: READY", "+QUSIM: 1"];
    // Minimum functionality switches the card off without a word.
    if (now.functionality !== before.functionality) return [];
    return [status === "NOT INSERTED" && before.sim.status !== "NOT READY" ? "+CPIN: NOT READY" : `+CPIN: ${status}`];
  },
  function smsDone(now, before) {
    return on(now.power.smsDone && !before.power.smsDone, "+QIND: SMS DONE");
  },
  function poweredDown(now, before) {
    return on(now.power.poweredDown && !before.power.poweredDown, "POWERED DOWN");
  },
  function registration(now, before, { session }) {
    if (now.registration === before.registration && now.radio === before.radio) return [];
    const modes = { CREG: session.creg, CGREG: session.cgreg, CEREG: session.cereg };
    return (["CREG", "CGREG", "CEREG"] as const).flatMap((domain) => {
      const line = registrationLine(now, domain, modes[domain]);
      const told = modes[domain] > 0 && line !== registrationLine(before, domain, modes[domain]);
      return on(told, `+${domain}: ${line}`);
    });
  },
  function clientPhase(now, before) {
    const { phase } = now.lwm2m;
    // Hosts read one space, then one digit.
    return phase === undefined || phase === before.lwm2m.phase ? [] : [`+QLWEVENT: ${phase},"${PHASES[phase]}"`];
  },
  function observation(now, before, { observeFlag }) {
    const latest = now.lwm2m.observation;
    if (!latest || latest === before.lwm2m.observation) return [];
    const flagged = observeFlag === "always" || (observeFlag === "cancelOnly" && latest.cancelled);
    // Hosts compare the path after splitting at commas: no space may follow one.
    return [`+QLWOBSERVE: "${latest.token}","${latest.path}"${flagged ? `,${latest.cancelled ? 1 : 0}` : ""}`];
  },
  function downlink(now, before, { host }) {
    const latest = now.lwm2m.downlink;
    if (!latest || latest === before.lwm2m.downlink) return [];
    const { data, path } = latest;
    // A quote or an end of line would break the host's parser, so such data goes as hexadecimal.
    // BG96: LGU+'s hosts take what comes for their firmware as type 5 alone.
    const mayBeText = prefersText(host) && !path.startsWith("/26241/");
    const text = mayBeText && data.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22);
    const value = text ? data.toString("latin1") : data.toString("hex").toUpperCase();
    return [`+QLWDLDATA: "${path}",${text ? 4 : 5},${data.length},"${value}"`];
  },
  fota,
];

/** BG96 DFOTA guide; "UPDATING" and "RESTORE" come while the module boots. */
function fota(now: ModemState, before: ModemState, { fotaPercent }: UrcContext): readonly string[] {
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
