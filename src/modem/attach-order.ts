/**
 * Orders to attach and to detach, of the host (AT+CGATT) or of the network. They hold until the module leaves its operator
 * (AT+COPS=2) or the radio goes off.
 */
import { attached } from "#modem/default-bearer";
import { inService } from "#modem/network";
import { detached } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";

/** @returns the change by which the module attaches; where it is not registered, it does so once it is. */
export function attachOrdered(state: ModemState): Partial<ModemState> {
  if (inService(state) && !state.network.attached) return attached(state);
  return { network: { ...state.network, attachWanted: true } };
}

/** @returns the change by which it detaches and stays so; on LTE it is then not registered (3GPP TS 24.301 §5.5.2). */
export function detachOrdered(state: ModemState, by: "ME" | "NW"): Partial<ModemState> {
  if (!state.network.attached) return { network: { ...state.network, attachWanted: false } };
  const { network, ...calls } = detached(state, by);
  const isLte = state.radio.technology !== "GSM";
  return {
    network: { ...network, attachWanted: false },
    ...calls,
    ...(isLte && { registration: { eps: 0 } }),
  };
}
