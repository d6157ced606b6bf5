/** The radio signal as answers and URCs print it; /4 reads the same state. */
import { hears, inService } from "#modem/network";
import type { ModemState } from "#modem/state";

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

const MOST_STEPS = 31;
const UNKNOWN = 99;
/** 3GPP TS 27.007 §8.5: 0 is -113 dBm or less, 31 is -51 dBm or more. */
const rssiSteps = ({ radio }: ModemState) => clamp(Math.round((radio.rssiDbm + 113) / 2), 0, MOST_STEPS);

/** `<rssi>,<ber>` of +CSQ: 99 is unknown, as <ber> is on LTE. */
export const signalQuality = (state: ModemState): string => `${hears(state) ? rssiSteps(state) : UNKNOWN},${UNKNOWN}`;

/** The same on a display: 0 to 5. */
export const signalBars = (state: ModemState): number =>
  hears(state) ? Math.round((rssiSteps(state) * 5) / MOST_STEPS) : 0;

/** BG96: SINR in steps of 1/5 dB from -20 dB. */
export const sinrSteps = ({ radio }: ModemState) => clamp(Math.round((radio.sinrDb + 20) * 5), 0, 250);

export function quectelSignal(state: ModemState): string {
  const { technology, rssiDbm, rsrpDbm, rsrqDb } = state.radio;
  if (!hears(state) || !inService(state)) return '"NOSERVICE"';
  if (technology === "GSM") return `"GSM",${rssiDbm}`;
  return `"${technology}",${rssiDbm},${rsrpDbm},${sinrSteps(state)},${rsrqDb}`;
}
