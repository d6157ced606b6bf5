/** The data call rule: which context the network gives an address, and what is then in the state. Both AT+QIACT and the LwM2M Client call. */
import { inService } from "#modem/network";
import type { ModemState, PdpContext } from "#modem/state";

export const CONTEXT_IDS = { min: 1, max: 16 } as const;

export type DataCallFailure = "not registered" | "detached" | "no such context" | "no APN" | "APN refused";

export type DataCall =
  | { readonly ok: true; readonly change: Partial<ModemState> }
  | { readonly ok: false; readonly reason: DataCallFailure };

/** A context as it is before anybody has defined it. */
export const emptyContext: PdpContext = {
  type: "IPV4V6",
  apn: "",
  user: "",
  password: "",
  authentication: 0,
  active: false,
  address: undefined,
};

/** @returns the change that defines a context, or redefines parts of it. */
export function defineContext(state: ModemState, cid: number, parts: Partial<PdpContext>): Pick<ModemState, "pdp"> {
  return { pdp: { ...state.pdp, [cid]: { ...(state.pdp[cid] ?? emptyContext), ...parts } } };
}

/** The address the network gives: the same one for the same card and context. */
function addressFor(state: ModemState, cid: number): string {
  const subscriber = Number(state.sim.imsi.slice(-5)) || 0;
  const [high, low] = [(subscriber >> 8) & 0xff, subscriber & 0xff];
  if (state.pdp[cid]?.type === "IPV6") return `2001:db8:${high.toString(16)}:${low.toString(16)}::${cid.toString(16)}`;
  return `10.${high}.${low}.${cid}`;
}

/** Why the network refuses a call with this APN now; undefined = it accepts. */
export function refusal(state: ModemState, apn: string): DataCallFailure | undefined {
  if (!inService(state)) return "not registered";
  if (!state.network.attached) return "detached";
  if (apn === "") return "no APN";
  const accepted = state.network.apns?.some((each) => each.toLowerCase() === apn.toLowerCase()) ?? true;
  return accepted ? undefined : "APN refused";
}

/** @returns the change that makes the context active (none if it is), or why the network refuses. */
export function activate(state: ModemState, cid: number): DataCall {
  const context = state.pdp[cid];
  if (!context) return { ok: false, reason: inService(state) ? "no such context" : "not registered" };
  if (context.active) return { ok: true, change: {} };
  const reason = refusal(state, context.apn);
  if (reason) return { ok: false, reason };
  return { ok: true, change: defineContext(state, cid, { active: true, address: addressFor(state, cid) }) };
}

/** @returns the change that ends the call of a context; none if there is no call. */
export function deactivate(state: ModemState, cid: number): Partial<ModemState> {
  return state.pdp[cid]?.active ? defineContext(state, cid, { active: false, address: undefined }) : {};
}
