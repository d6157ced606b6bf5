import { describe, expect, it } from "vitest";
import {
  activate,
  callForModule,
  callOf,
  callsOf,
  deactivate,
  defineContext,
  endedByNetwork,
  moduleCall,
} from "#modem/data-call";
import { attached } from "#modem/default-bearer";
import { createInitialState } from "#modem/initial-state";
import { deactivateAll, routerFor } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";

const initial = createInitialState({
  identity: { imei: "866425030000015", revision: "r", applicationRevision: "a" },
  sim: { present: true, pin: undefined, iccid: "89", imsi: "450061234567890", msisdn: undefined },
  network: {
    apns: undefined,
    defaultApn: "internet",
    rejectCause: 0,
    searchS: undefined,
    activationS: 0,
    roaming: false,
    coverage: true,
    mcc: "450",
    mnc: "06",
    operatorLong: "LG U+",
    operatorShort: "LGU+",
    technology: "CAT-M1",
    rssiDbm: -73,
    rsrpDbm: -98,
    rsrqDb: -11,
    sinrDb: 12,
  },
  battery: { percent: 50, millivolts: 3800 },
  firmware: { fault: "none", faultPercent: 50 },
});
const registered: ModemState = {
  ...initial,
  registration: { eps: 1 },
  network: { ...initial.network, attached: true },
};
const withApn = (state: ModemState, apn: string) => ({ ...state, ...defineContext(state, 2, { apn, type: "IP" }) });

describe("a data call", () => {
  it("is given an address when the module is registered and the APN is accepted", () => {
    const state = withApn(registered, "internet");
    const call = activate(state, 2);
    expect(call).toEqual({
      ok: true,
      change: {
        pdp: {
          2: {
            type: "IP",
            apn: "internet",
            user: "",
            password: "",
            authentication: 0,
            active: true,
            address: "10.9.50.2",
          },
        },
      },
    });
    // 67890 = 0x10932: the card's last five digits give 9.50.
    expect(activate({ ...state, registration: { eps: 5 } }, 2).ok).toBe(true);
  });

  it("fails with the reason: not registered, detached, no context, no APN, APN refused", () => {
    const state = withApn(registered, "internet");
    const reason = (changed: ModemState, cid = 2) => {
      const call = activate(changed, cid);
      return call.ok ? "ok" : call.reason;
    };
    for (const eps of [0, 2, 3, 4] as const) expect(reason({ ...state, registration: { eps } })).toBe("not registered");
    expect(reason({ ...state, network: { ...state.network, attached: false } })).toBe("detached");
    expect(reason(state, 3)).toBe("no such context");
    expect(reason(withApn(registered, ""))).toBe("no APN");
    expect(reason({ ...state, network: { ...state.network, apns: ["other", "lgu.iot"] } })).toBe("APN refused");
    expect(reason({ ...state, network: { ...state.network, apns: [] } })).toBe("APN refused");
    expect(reason({ ...state, network: { ...state.network, apns: ["other", "INTERNET"] } })).toBe("ok");
  });

  it("is left alone when it is up, and ends without trace", () => {
    const state = withApn(registered, "internet");
    const call = activate(state, 2);
    const up = { ...state, ...(call.ok && call.change) };
    expect(activate(up, 2)).toEqual({ ok: true, change: {} });
    expect({ ...up, ...deactivate(up, 2) }).toEqual(state);
    expect({ ...up, ...deactivateAll(up) }).toEqual(state);
    expect(deactivate(state, 2)).toEqual({});
    expect(deactivate(state, 9)).toEqual({});
  });

  it("goes on as it is where its context is defined anew", () => {
    const call = activate(withApn(registered, "internet"), 2);
    const anew = withApn(withApn({ ...registered, ...(call.ok && call.change) }, "second"), "third");
    expect(callOf(anew, 2)).toEqual({ apn: "internet", address: "10.9.50.2" });
    expect(callsOf(anew)).toEqual([{ apn: "internet", address: "10.9.50.2" }]);
    const ended = { ...anew, ...deactivate(anew, 2) };
    expect(ended.pdp).toEqual(withApn(registered, "third").pdp);
    for (const change of [deactivateAll(anew), endedByNetwork(anew, 2)]) expect(change?.pdp).toEqual(ended.pdp);
    const again = activate(ended, 2);
    expect(callOf({ ...ended, ...(again.ok && again.change) }, 2)?.apn).toBe("third");
  });

  it("has an IPv6 address in an IPv6 context", () => {
    const state = { ...registered, ...defineContext(registered, 16, { apn: "v6", type: "IPV6" as const }) };
    const call = activate(state, 16);
    expect(call.ok && call.change.pdp?.[16]?.address).toBe("2001:db8:9:32::10");
  });
});

describe("the default bearer", () => {
  const on = (state: ModemState): ModemState => ({ ...state, registration: { eps: 1 }, ...attached(state) });
  const network = (parts: Partial<ModemState["network"]>): ModemState => ({
    ...initial,
    registration: { eps: 1 },
    network: { ...initial.network, ...parts },
  });
  const define = (state: ModemState, cid: number, apn: string, type: "IP" | "IPV6" | "IPV4V6" = "IP") => ({
    ...state,
    ...defineContext(state, cid, { apn, type }),
  });
  const up = (state: ModemState, cid: number): ModemState => {
    const call = activate(state, cid);
    expect(call).toMatchObject({ ok: true });
    return { ...state, ...(call.ok && call.change) };
  };
  const bearer = (state: ModemState) => on(state).defaultBearer;

  it("comes with the attach to LTE, with the APN of context 1 or the network's own", () => {
    expect(bearer(initial)).toEqual({ apn: "internet", address: "10.9.50.1" });
    expect(bearer(define(initial, 1, "iot"))?.apn).toBe("iot");
    expect(bearer(define(network({ apns: ["a", "b"] }), 1, "iot"))?.apn).toBe("a");
    expect(bearer(define(network({ apns: ["a", "IoT"] }), 1, "iot"))?.apn).toBe("iot");
    expect(bearer(network({ apns: ["a", "internet"] }))?.apn).toBe("internet");
    expect(bearer(network({ apns: [] }))).toBeUndefined();
    expect(bearer(define(initial, 1, "iot", "IPV6"))?.address).toBe("2001:db8:9:32::1");
    expect(bearer({ ...initial, radio: { ...initial.radio, technology: "GSM" } })).toBeUndefined();
    expect(bearer({ ...initial, radio: { ...initial.radio, technology: "CAT-NB1" } })?.apn).toBe("internet");
  });

  it("holds context 1 up, and carries what has its APN and its kind of address", () => {
    const state = on(initial);
    expect(callOf(state, 1)).toEqual({ apn: "internet", address: "10.9.50.1" });
    expect(callOf(state, 2)).toBeUndefined();
    for (const cid of [1, 7]) expect(callOf(up(define(state, cid, "Internet"), cid), cid)?.address).toBe("10.9.50.1");
    expect(callOf(up(define(state, 7, "internet", "IPV6"), 7), 7)?.address).toBe("2001:db8:9:32::7");
    const other = up(define(state, 1, "other"), 1);
    expect(callOf(other, 1)).toEqual({ apn: "other", address: "10.9.50.32" });
    expect(callsOf(other).map(({ apn }) => apn)).toEqual(["internet", "other"]);
    expect(callOf({ ...other, ...deactivate(other, 1) }, 1)?.apn).toBe("internet");
    // told once, whatever goes over it
    expect(callsOf(up(define(state, 7, "internet"), 7))).toEqual([{ apn: "internet", address: "10.9.50.1" }]);
  });

  it("is the only call of its APN, but for pdp/duplicatechk", () => {
    const state = up(define(define(on(initial), 1, "internet"), 2, "INTERNET"), 1);
    expect(activate(state, 2)).toEqual({ ok: false, reason: "APN in use" });
    const both = up({ ...state, settings: { "qcfg/pdp/duplicatechk": "1" } }, 2);
    expect([1, 2].map((cid) => callOf(both, cid)?.address)).toEqual(["10.9.50.1", "10.9.50.2"]);
    // another context of the host's is enough to be in use
    const beside = up(define(define(on(initial), 2, "a"), 3, "a"), 2);
    expect(activate(beside, 3)).toEqual({ ok: false, reason: "APN in use" });
  });

  it("goes with all that the host has over it when the network ends it; another call goes alone", () => {
    const state = up(up(define(define(on(initial), 2, "internet"), 3, "other"), 2), 3);
    const alone = { ...state, ...endedByNetwork(state, 3) };
    expect([1, 2, 3].map((cid) => callOf(alone, cid)?.apn)).toEqual(["internet", "internet", undefined]);
    expect(alone.network).toMatchObject({ endedBy: "NW", attached: true, detaches: state.network.detaches });
    for (const cid of [1, 2]) {
      const ended = { ...state, ...endedByNetwork(state, cid) };
      expect([1, 2, 3].map((each) => callOf(ended, each)?.apn)).toEqual([undefined, undefined, "other"]);
      expect(bearer(ended)?.address).toBe("10.9.50.33");
    }
    expect(endedByNetwork(state, 9)).toBeUndefined();
    expect(endedByNetwork(state, "internet")).toBeUndefined();
    expect(endedByNetwork(initial, 1)).toBeUndefined();
  });
});

describe("a call of the module's own", () => {
  const call = (state: ModemState, apn: string, type: "IP" | "IPV6" = "IP", apnClass = 2): ModemState => {
    const made = callForModule(state, apn, apnClass, type);
    expect(made.ok).toBe(true);
    return { ...state, ...(made.ok && made.change) };
  };

  it("goes over the default bearer where that has its APN and its kind of address, and ends with it", () => {
    const state: ModemState = { ...registered, ...attached(registered) };
    const both = call(call(state, "Internet"), "internet", "IP", 3);
    expect(both.moduleCalls.map(({ address }) => address)).toEqual(["10.9.50.1", "10.9.50.18"]);
    expect(call(state, "internet", "IPV6").moduleCalls[0]?.address).toBe("2001:db8:9:32::11");
    expect(callsOf(both).map(({ address }) => address)).toEqual(["10.9.50.1", "10.9.50.18"]);
    for (const which of [1, "internet"]) {
      const ended = { ...both, ...endedByNetwork(both, which) };
      expect(ended).toMatchObject({ defaultBearer: undefined, network: { detaches: 1, endedBy: "NW" } });
      expect(ended.moduleCalls).toHaveLength(which === 1 ? 1 : 0);
    }
  });

  it("of an APN that nobody else has ends alone, and has another address when it is made again", () => {
    const state = call(call({ ...registered, ...attached(registered) }, "manage"), "other");
    const ended = { ...state, ...endedByNetwork(state, "MANAGE") };
    expect(ended.moduleCalls.map(({ apn }) => apn)).toEqual(["other"]);
    expect(ended.defaultBearer).toBe(state.defaultBearer);
    expect(call(ended, "manage").moduleCalls[1]?.address).not.toBe(state.moduleCalls[0]?.address);
  });

  it("is one an APN, beside the host's contexts, each with an address and a router of its network", () => {
    const once = call(call(registered, "manage"), "bootstrap", "IPV6");
    expect(callForModule(once, "manage", 2, "IP")).toEqual({ ok: true, change: {} });
    const host = activate(withApn(once, "internet"), 2);
    const calls = callsOf({ ...once, ...(host.ok && host.change) });
    expect(calls).toEqual([
      { apn: "internet", address: "10.9.50.2" },
      { apn: "manage", apnClass: 2, address: "10.9.50.17" },
      { apn: "bootstrap", apnClass: 2, address: "2001:db8:9:32::12" },
    ]);
    expect(calls.map(({ address }) => routerFor(address))).toEqual(["10.9.50.254", "10.9.50.254", "fe80::1"]);
  });

  it("[BG-067] is one a class of the APN", () => {
    const both = call(call(registered, "manage"), "manage", "IP", 3);
    expect(both.moduleCalls.map(({ apnClass, address }) => [apnClass, address])).toEqual([
      [2, "10.9.50.17"],
      [3, "10.9.50.18"],
    ]);
    expect(moduleCall(both, "manage", 3)?.address).toBe("10.9.50.18");
    expect(moduleCall(both, "manage", 4)).toBeUndefined();
  });

  it("is refused for the reasons that a context's is", () => {
    expect(callForModule(registered, "", 2, "IP")).toEqual({ ok: false, reason: "no APN" });
    expect(callForModule(initial, "manage", 2, "IP")).toEqual({ ok: false, reason: "not registered" });
  });
});
