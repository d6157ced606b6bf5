/** The rate of the module's serial line, AT+IPR. */
import type { ModemState } from "#modem/state";

/** bit/s. */
export const LINE_RATES = [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] as const;
const FACTORY_RATE = 115_200;

/** bit/s: as the host has set it since the start, else as AT&W has kept it. */
export function rateInForce({ lineRate, settings }: Pick<ModemState, "lineRate" | "settings">): number {
  const kept = Number(settings.ipr);
  return lineRate ?? LINE_RATES.find((rate) => rate === kept) ?? FACTORY_RATE;
}
