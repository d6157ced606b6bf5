/** The data call rule: which context the network gives an address, and what is then in the state. Both AT+QIACT and the LwM2M Client call. */
import { inService } from "#modem/network";
import {
  ATTACH_CONTEXT,
  accepts,
  addressFor,
  CONTEXT_IDS,
  contextOf,
  contextsOf,
  emptyContext,
  ended,
  isSameApn,
} from "#modem/pdp-contexts";
import { inForce } from "#modem/search-settings";
import type { Call, ModemState, PdpContext, PdpType } from "#modem/state";

export type DataCallFailure =
  | "not registered"
  | "detached"
  | "no such context"
  | "no APN"
  | "APN refused"
  | "APN in use";

export type DataCall =
  | { readonly ok: true; readonly change: Partial<ModemState> }
  | { readonly ok: false; readonly reason: DataCallFailure };

/** @returns the change that defines a context, or redefines parts of it; a call that it has goes on as it is. */
export function defineContext(state: ModemState, cid: number, parts: Partial<PdpContext>): Pick<ModemState, "pdp"> {
  const before = state.pdp[cid] ?? emptyContext;
  const context = { ...before, ...(before.active && { calledApn: calledApn(before) }), ...parts };
  return { pdp: { ...state.pdp, [cid]: context } };
}

const calledApn = (context: PdpContext): string => context.calledApn ?? context.apn;

/** Why the network refuses a call with this APN now; undefined = it accepts. */
export function refusal(state: ModemState, apn: string): DataCallFailure | undefined {
  if (!inService(state)) return "not registered";
  if (!state.network.attached) return "detached";
  if (apn === "") return "no APN";
  return accepts(state, apn) ? undefined : "APN refused";
}

/** The call of a context, of the host's making or by the attach. */
export function callOf({ pdp, defaultBearer }: ModemState, cid: number): Call | undefined {
  const context = pdp[cid] ?? emptyContext;
  if (context.address !== undefined) return { apn: calledApn(context), address: context.address };
  return cid === ATTACH_CONTEXT ? defaultBearer : undefined;
}

/** Whether the host has another context up with this APN. */
const isTaken = (state: ModemState, cid: number, apn: string): boolean =>
  contextsOf(state).some(([id, each]) => id !== cid && each.active && isSameApn(calledApn(each), apn));

/** @returns the change that makes the context active (none if it is), or why the network refuses. */
export function activate(state: ModemState, cid: number): DataCall {
  const context = contextOf(state, cid);
  if (!context) return { ok: false, reason: inService(state) ? "no such context" : "not registered" };
  if (context.active) return { ok: true, change: {} };
  // context 1 without an APN of its own has the default bearer's
  const apn = context.apn === "" ? (callOf(state, cid)?.apn ?? "") : context.apn;
  const reason = refusal(state, apn);
  if (reason) return { ok: false, reason };
  const mayDuplicate = inForce(state, "pdp/duplicatechk") === "1";
  if (isTaken(state, cid, apn) && !mayDuplicate) return { ok: false, reason: "APN in use" };
  const address = hostAddress(state, cid, apn, context.type);
  const call = { active: true, address, ...(apn !== context.apn && { calledApn: apn }) };
  return { ok: true, change: defineContext(state, cid, call) };
}

/** The place of the address that context 1 has beside a default bearer with another APN. */
const BESIDE_BEARER = 32;

/** One network is called once: over the default bearer, where that is its own and nobody of the same kind is on it. */
function overBearer({ defaultBearer }: ModemState, apn: string, type: PdpType, isAlone: boolean): string | undefined {
  const fits =
    defaultBearer && isSameApn(defaultBearer.apn, apn) && (type === "IPV6") === defaultBearer.address.includes(":");
  return fits && isAlone ? defaultBearer.address : undefined;
}

function hostAddress(state: ModemState, cid: number, apn: string, type: PdpType): string {
  const place = cid === ATTACH_CONTEXT && state.defaultBearer ? BESIDE_BEARER : cid;
  return overBearer(state, apn, type, !isTaken(state, cid, apn)) ?? addressFor(state, place, type);
}

/** A call of the module's own applications, beside the host's contexts. @returns the change (none if it is up), or why not. */
export function callForModule(state: ModemState, apn: string, apnClass: number, type: PdpType): DataCall {
  const reason = refusal(state, apn);
  if (reason) return { ok: false, reason };
  if (moduleCall(state, apn, apnClass)) return { ok: true, change: {} };
  const isAlone = state.moduleCalls.every((call) => !isSameApn(call.apn, apn));
  const place = CONTEXT_IDS.max + 1 + state.moduleCalls.length;
  const address = overBearer(state, apn, type, isAlone) ?? addressFor(state, place, type);
  return { ok: true, change: { moduleCalls: [...state.moduleCalls, { apn, apnClass, address }] } };
}

/** That call, if it is up. */
export const moduleCall = (state: ModemState, apn: string, apnClass: number): Call | undefined =>
  state.moduleCalls.find((call) => call.apn === apn && call.apnClass === apnClass);

/** Every call there is; what several go over is told once. */
export function callsOf({ defaultBearer, pdp, moduleCalls }: ModemState): readonly Call[] {
  const ofHost = Object.values(pdp).flatMap((context) => {
    const { address } = context;
    return address === undefined ? [] : [{ apn: calledApn(context), address }];
  });
  const calls = [...(defaultBearer ? [defaultBearer] : []), ...ofHost, ...moduleCalls];
  return calls.filter(({ address }, at) => calls.findIndex((call) => call.address === address) === at);
}

/** @returns the change that ends the call of a context; none if there is no call. */
export function deactivate(state: ModemState, cid: number): Partial<ModemState> {
  const context = state.pdp[cid];
  if (!context?.active) return {};
  return { network: { ...state.network, endedBy: "ME" }, pdp: { ...state.pdp, [cid]: ended(context) } };
}

/**
 * @param which a context, or the APN of calls of the module's own.
 * @returns the change by which the network ends its call and all that goes over it, undefined if there is none. The default
 * bearer comes again, with another address (ESM cause 39, 3GPP TS 24.301 Annex B.1).
 */
export function endedByNetwork(state: ModemState, which: number | string): Partial<ModemState> | undefined {
  const { defaultBearer, moduleCalls, network } = state;
  const ending =
    typeof which === "number" ? [callOf(state, which)] : moduleCalls.filter(({ apn }) => isSameApn(apn, which));
  const addresses = new Set(ending.map((call) => call?.address));
  const isEnding = (address: string | undefined) => address !== undefined && addresses.has(address);
  if (![...addresses].some(isEnding)) return undefined;
  const contexts = Object.entries(state.pdp).map(([id, each]) => [id, isEnding(each.address) ? ended(each) : each]);
  const remaining = moduleCalls.filter(({ address }) => !isEnding(address));
  const isBearer = isEnding(defaultBearer?.address);
  const comesAgain = isBearer || remaining.length < moduleCalls.length;
  return {
    network: { ...network, endedBy: "NW", detaches: network.detaches + (comesAgain ? 1 : 0) },
    pdp: Object.fromEntries(contexts),
    moduleCalls: remaining,
    ...(isBearer && { defaultBearer: undefined }),
  };
}
