import { describe, expect, it } from "vitest";
import { activate, callForModule, callsOf, deactivate, defineContext, moduleCall, routerFor } from "#modem/data-call";
import { createInitialState } from "#modem/initial-state";
import { deactivateAll } from "#modem/pdp-contexts";
import type { ModemState } from "#modem/state";

const initial = createInitialState({
  identity: { imei: "866425030000015", revision: "r", applicationRevision: "a" },
  sim: { present: true, pin: undefined, iccid: "89", imsi: "450061234567890", msisdn: undefined },
  network: {
    apns: undefined,
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

  it("has an IPv6 address in an IPv6 context", () => {
    const state = { ...registered, ...defineContext(registered, 16, { apn: "v6", type: "IPV6" as const }) };
    const call = activate(state, 16);
    expect(call.ok && call.change.pdp?.[16]?.address).toBe("2001:db8:9:32::10");
  });
});

describe("a call of the module's own", () => {
  const call = (state: ModemState, apn: string, type: "IP" | "IPV6" = "IP", apnClass = 2): ModemState => {
    const made = callForModule(state, apn, apnClass, type);
    expect(made.ok).toBe(true);
    return { ...state, ...(made.ok && made.change) };
  };

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
