/** The attach to the packet network, and the default bearer that LTE gives with it (3GPP TS 23.401 §5.3.2). */
import { ATTACH_CONTEXT, accepts, addressFor, contextOf } from "#modem/pdp-contexts";
import type { Call, ModemState } from "#modem/state";

/** @returns the change by which the module joins the packet network. */
export function attached(state: ModemState): Pick<ModemState, "network" | "defaultBearer"> {
  return { network: { ...state.network, attached: true, attachWanted: true }, defaultBearer: bearerOf(state) };
}

/**
 * The bearer of context 1 as it is defined now; where its APN is empty, or the network does not know it, the network gives its
 * own instead. GSM gives none by itself, and keeps the one that a module brings along.
 */
export function bearerOf(state: ModemState): Call | undefined {
  if (state.radio.technology === "GSM" || state.defaultBearer) return state.defaultBearer;
  const { type = "IPV4V6", apn = "" } = contextOf(state, ATTACH_CONTEXT) ?? {};
  const { defaultApn, apns = [] } = state.network;
  const given = [apn, defaultApn, ...apns].find((each) => accepts(state, each));
  return given === undefined ? undefined : { apn: given, address: addressFor(state, ATTACH_CONTEXT, type) };
}
