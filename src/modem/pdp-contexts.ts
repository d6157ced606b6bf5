/** PDP contexts: their definitions, the addresses that the network has for them, and the end of their calls. */
import type { ModemState, PdpContext, PdpType } from "#modem/state";

export const CONTEXT_IDS = { min: 1, max: 16 } as const;

/** The context of the attach: it is there without having been defined (3GPP TS 27.007 §10.1.0). */
export const ATTACH_CONTEXT = 1;

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

/** @returns undefined for a context that there is not. */
export const contextOf = ({ pdp }: Pick<ModemState, "pdp">, cid: number): PdpContext | undefined =>
  pdp[cid] ?? (cid === ATTACH_CONTEXT ? emptyContext : undefined);

/** Those there are, in the order of their ids. */
export function contextsOf({ pdp }: Pick<ModemState, "pdp">): ReadonlyArray<readonly [cid: number, PdpContext]> {
  return Object.entries({ [ATTACH_CONTEXT]: emptyContext, ...pdp })
    .map(([cid, context]) => [Number(cid), context] as const)
    .sort(([a], [b]) => a - b);
}

/** Whether the network knows this APN. */
export const accepts = ({ network }: ModemState, apn: string): boolean =>
  apn !== "" && (network.apns?.some((each) => isSameApn(each, apn)) ?? true);

export const isSameApn = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Beyond those of all contexts and module's calls. */
const ADDRESSES_A_TIME = 32;
/** The last octet of routerFor() is above it. */
const LAST_HOST = 253;

/** The address the network gives: the same one for the same card and place (1 to 32), until the module detaches. */
export function addressFor(state: ModemState, place: number, type: PdpType): string {
  const subscriber = Number(state.sim.imsi.slice(-5)) || 0;
  const [high, low] = [(subscriber >> 8) & 0xff, subscriber & 0xff];
  const host = 1 + ((place - 1 + ADDRESSES_A_TIME * state.network.detaches) % LAST_HOST);
  if (type === "IPV6") return `2001:db8:${high.toString(16)}:${low.toString(16)}::${host.toString(16)}`;
  return `10.${high}.${low}.${host}`;
}

/** The next hop of a context with this address: the gateway of its network. */
export function routerFor(address: string): string {
  return address.includes(":") ? "fe80::1" : address.replace(/\d+$/, "254");
}

/** The definition alone. */
export function ended({ calledApn: _, ...definition }: PdpContext): PdpContext {
  return { ...definition, active: false, address: undefined };
}

/** @returns the change that ends the host's calls. */
export function deactivateAll({ pdp }: Pick<ModemState, "pdp">): Pick<ModemState, "pdp"> {
  return { pdp: Object.fromEntries(Object.entries(pdp).map(([cid, each]) => [cid, ended(each)])) };
}

type Ended = Pick<ModemState, "network" | "pdp" | "moduleCalls" | "defaultBearer">;

/** @returns the change by which packets cease to flow and every call ends, the host's, the module's own and the default bearer. */
export function withoutService(state: ModemState, endedBy: "ME" | "NW"): Ended {
  return {
    network: { ...state.network, attached: false, endedBy },
    ...deactivateAll(state),
    moduleCalls: [],
    defaultBearer: undefined,
  };
}

/** The same where the module leaves the packet network, and its addresses with it. */
export function detached(state: ModemState, endedBy: "ME" | "NW"): Ended {
  const change = withoutService(state, endedBy);
  return { ...change, network: { ...change.network, detaches: state.network.detaches + 1 } };
}
