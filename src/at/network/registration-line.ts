/** The body of +CREG, +CGREG and +CEREG, in answers and in URCs alike (3GPP TS 27.007 §7.2, §10.1.20, §10.1.22). */
import { cellIdentity } from "#modem/cell-identity";
import { grantedPsm } from "#modem/power-saving";
import type { AccessTechnology, ModemState, RegistrationStatus } from "#modem/state";

export type Domain = "CREG" | "CGREG" | "CEREG";

/** <AcT> of 3GPP TS 27.007 §7.3. */
export const ACCESS_TECHNOLOGY: Readonly<Record<AccessTechnology, number>> = { GSM: 0, "CAT-M1": 8, "CAT-NB1": 9 };

/** BG96: on LTE, +CREG follows +CEREG and +CGREG answers 4 (unknown). On GSM +CGREG is that of the packet domain. */
export function registrationStatus(state: ModemState, domain: Domain): RegistrationStatus {
  const { eps } = state.registration;
  const gsm = state.radio.technology === "GSM";
  const isPacketless = gsm && domain === "CGREG" && !state.network.attached;
  if (isPacketless && (eps === 1 || eps === 5)) return 0;
  if (domain === "CREG" || gsm === (domain === "CGREG")) return eps;
  return eps === 1 || eps === 5 ? 4 : eps;
}

/** @returns `<stat>[,"<tac>","<ci>",<AcT>[,,,"<Active-Time>","<Periodic-TAU>"]]`; the cell in modes 2 and 4 while registered. */
export function registrationLine(state: ModemState, domain: Domain, mode: number): string {
  const stat = registrationStatus(state, domain);
  if (mode < 2 || (stat !== 1 && stat !== 5)) return String(stat);
  const { trackingArea, technology } = state.radio;
  const area = trackingArea.toString(16).toUpperCase().padStart(4, "0");
  const cell = cellIdentity(state).toString(16).toUpperCase();
  // A timer that is deactivated where no power saving mode has been granted (3GPP TS 24.008 §10.5.7.3-4).
  const { activeTime, periodicTau } = grantedPsm(state) ?? { activeTime: "11100000", periodicTau: "11100000" };
  const timers = mode === 4 ? `,,,"${activeTime}","${periodicTau}"` : "";
  return `${stat},"${area}","${cell}",${ACCESS_TECHNOLOGY[technology]}${timers}`;
}
