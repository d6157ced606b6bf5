/** The data call rule: which context the network gives an address, and what is then in the state. Both AT+QIACT and the LwM2M Client call. */
import { inService } from "#modem/network";
import type { Call, ModemState, PdpContext, PdpType } from "#modem/state";

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

/** Beyond those of all contexts and module's calls. */
const ADDRESSES_A_TIME = 32;
/** The last octet of routerFor() is above it. */
const LAST_HOST = 253;

/** The address the network gives: the same one for the same card and context, until the module detaches. */
function addressFor(state: ModemState, cid: number, type: PdpType): string {
  const subscriber = Number(state.sim.imsi.slice(-5)) || 0;
  const [high, low] = [(subscriber >> 8) & 0xff, subscriber & 0xff];
  const host = 1 + ((cid - 1 + ADDRESSES_A_TIME * state.network.detaches) % LAST_HOST);
  if (type === "IPV6") return `2001:db8:${high.toString(16)}:${low.toString(16)}::${host.toString(16)}`;
  return `10.${high}.${low}.${host}`;
}

/** The next hop of a context with this address: the gateway of its network. */
export function routerFor(address: string): string {
  return address.includes(":") ? "fe80::1" : address.replace(/\d+$/, "254");
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
  return {
    ok: true,
    change: defineContext(state, cid, { active: true, address: addressFor(state, cid, context.type) }),
  };
}

/** A call of the module's own applications, beside the host's contexts. @returns the change (none if it is up), or why not. */
export function callForModule(state: ModemState, apn: string, apnClass: number, type: PdpType): DataCall {
  const reason = refusal(state, apn);
  if (reason) return { ok: false, reason };
  if (moduleCall(state, apn, apnClass)) return { ok: true, change: {} };
  const address = addressFor(state, CONTEXT_IDS.max + 1 + state.moduleCalls.length, type);
  return { ok: true, change: { moduleCalls: [...state.moduleCalls, { apn, apnClass, address }] } };
}

/** That call, if it is up. */
export const moduleCall = (state: ModemState, apn: string, apnClass: number): Call | undefined =>
  state.moduleCalls.find((call) => call.apn === apn && call.apnClass === apnClass);

/** Every call there is; one that host and module share is told once. */
export function callsOf({ pdp, moduleCalls }: ModemState): readonly Call[] {
  const calls = Object.values(pdp).flatMap(({ apn, address }) => (address === undefined ? [] : [{ apn, address }]));
  return [...calls, ...moduleCalls.filter(({ apn }) => !calls.some((call) => call.apn === apn))];
}

/** @returns the change that ends the call of a context; none if there is no call. */
export function deactivate(state: ModemState, cid: number): Partial<ModemState> {
  return state.pdp[cid]?.active ? defineContext(state, cid, { active: false, address: undefined }) : {};
}
