/** PDP contexts as they are without a data call: definitions, no addresses. */
import type { ModemState } from "#modem/state";

/** @returns the change that ends every call. */
export function deactivateAll({ pdp }: Pick<ModemState, "pdp">): Pick<ModemState, "pdp"> {
  const ended = Object.entries(pdp).map(([cid, each]) => [cid, { ...each, active: false, address: undefined }]);
  return { pdp: Object.fromEntries(ended) };
}
