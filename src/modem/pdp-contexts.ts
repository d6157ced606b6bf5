/** PDP contexts as they are without a data call: definitions, no addresses. */
import type { ModemState } from "#modem/state";

/** @returns the change that ends the host's calls. */
export function deactivateAll({ pdp }: Pick<ModemState, "pdp">): Pick<ModemState, "pdp"> {
  const ended = Object.entries(pdp).map(([cid, each]) => [cid, { ...each, active: false, address: undefined }]);
  return { pdp: Object.fromEntries(ended) };
}

/** @returns the change by which every call ends, the host's and the module's own. */
export function endCalls(state: ModemState): Pick<ModemState, "pdp" | "moduleCalls"> {
  return { ...deactivateAll(state), moduleCalls: [] };
}

/** @returns the change by which the module leaves the packet network, and its addresses with it. */
export function detached(state: ModemState): Pick<ModemState, "network" | "pdp" | "moduleCalls"> {
  const { network } = state;
  return { network: { ...network, attached: false, detaches: network.detaches + 1 }, ...endCalls(state) };
}
