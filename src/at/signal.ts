/** The radio signal as answers and URCs print it; /4 reads the same state. */
import { inService } from "#modem/network";
import type { ModemState } from "#modem/state";

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** Whether the radio hears a cell. */
export const hears = ({ functionality, network }: ModemState) => functionality === 1 && network.coverage;

/** `<rssi>,<ber>` of +CSQ, 3GPP TS 27.007 §8.5: 0 is -113 dBm or less, 31 is -51 dBm or more, 99 unknown, as <ber> is on LTE. */
export function signalQuality(state: ModemState): string {
  const rssi = hears(state) ? clamp(Math.round((state.radio.rssiDbm + 113) / 2), 0, 31) : 99;
  return `${rssi},99`;
}

/** BG96: SINR in steps of 1/5 dB from -20 dB. */
export const sinrSteps = ({ radio }: ModemState) => clamp(Math.round((radio.sinrDb + 20) * 5), 0, 250);

export function quectelSignal(state: ModemState): string {
  const { technology, rssiDbm, rsrpDbm, rsrqDb } = state.radio;
  if (!hears(state) || !inService(state)) return '"NOSERVICE"';
  if (technology === "GSM") return `"GSM",${rssiDbm}`;
  return `"${technology}",${rssiDbm},${rsrpDbm},${sinrSteps(state)},${rsrqDb}`;
}
