import { describe, expect, it } from "vitest";
import { type BootstrapEvent, type BootstrapState, stepBootstrap } from "#lwm2m/bootstrap";
import { hardware } from "../support/hardware.ts";
import { type DeviceOptions, openDevice } from "../support/lwm2m-device.ts";

const policy = { retry: { firstS: 60, factor: 2, longestS: 480 }, retries: 2 };

const begun: BootstrapState = { is: "transferring", attempt: undefined };

const TABLE: ReadonlyArray<[BootstrapState, BootstrapEvent["type"], string, string[]]> = [
  [{ is: "idle" }, "asked", "requesting", ["stopTimer", "request"]],
  [{ is: "idle" }, "accepted", "idle", []],
  [{ is: "requesting", attempt: 0 }, "accepted", "transferring", ["startTimer silence 247000"]],
  [
    { is: "requesting", attempt: 0 },
    "failed",
    "waiting",
    ["closeLink", "restoreAccounts", "startTimer retryDue 60000"],
  ],
  [
    { is: "requesting", attempt: 1 },
    "failed",
    "waiting",
    ["closeLink", "restoreAccounts", "startTimer retryDue 120000"],
  ],
  [{ is: "requesting", attempt: 2 }, "failed", "failed", ["stopTimer", "closeLink", "restoreAccounts"]],
  [{ is: "waiting", attempt: 0 }, "retryDue", "requesting", ["stopTimer", "request"]],
  [{ is: "transferring", attempt: 0 }, "served", "transferring", ["startTimer silence 247000"]],
  [{ is: "transferring", attempt: 0 }, "finished", "idle", ["stopTimer", "complete"]],
  [
    { is: "transferring", attempt: 0 },
    "silence",
    "waiting",
    ["closeLink", "restoreAccounts", "startTimer retryDue 60000"],
  ],
  [{ is: "transferring", attempt: 2 }, "silence", "failed", ["stopTimer", "closeLink", "restoreAccounts"]],
  [{ is: "failed" }, "asked", "requesting", ["stopTimer", "request"]],
  // the Bootstrap-Server begins
  [{ is: "idle" }, "served", "transferring", ["startTimer silence 247000"]],
  [{ is: "waiting", attempt: 1 }, "served", "transferring", ["startTimer silence 247000"]],
  [{ is: "failed" }, "served", "transferring", ["startTimer silence 247000"]],
  [begun, "served", "transferring", ["startTimer silence 247000"]],
  [begun, "asked", "transferring", []],
  [begun, "finished", "idle", ["stopTimer", "complete"]],
  [begun, "silence", "idle", ["stopTimer", "restoreAccounts", "abandon"]],
  [begun, "failed", "idle", ["stopTimer", "restoreAccounts", "abandon"]],
];

describe("the machine of a bootstrap", () => {
  for (const [state, type, next, effects] of TABLE) {
    it(`${state.is}${"attempt" in state ? ` (attempt ${state.attempt})` : ""}, ${type} -> ${next}`, () => {
      const step = stepBootstrap(state, { type } as BootstrapEvent, policy);
      expect(step.state.is).toBe(next);
      const words = step.effects.map((each) => ("ms" in each ? `${each.do} ${each.event} ${each.ms}` : each.do));
      expect(words).toEqual(effects);
    });
  }
});

const INI = "/datatx/bootstrap.ini";
const SERVER = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP_SERVER = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;

async function start(options: DeviceOptions) {
  const device = openDevice(options);
  device.client.register(false);
  await device.clock.advance(1000);
  return device;
}

describe("where accounts come from", () => {
  it("[OM-006][OM-009][ET-028] not from a smart card, which a BG96 does not offer: with any SIM the factory file comes first", async () => {
    for (const sim of [hardware.sim, { ...hardware.sim, iccid: "89014103211118510720" }]) {
      const device = await start({ files: { [INI]: SERVER }, hardware: { sim } });
      expect(device.last().target.host).toBe("192.0.2.1");
    }
    const device = openDevice();
    device.efs.remove(INI);
    expect(() => device.client.register(false)).toThrow("no /datatx/bootstrap.ini");
  });

  it("[BG-005] from bootstrap.ini, read at each start: security, server and access control", async () => {
    const control = '{"bn":"/2/0/","e":[{"n":"0","v":1},{"n":"1","v":1},{"n":"2/102","v":15},{"n":"3","v":102}]}';
    const device = openDevice({ files: { [INI]: `${SERVER}\n${control}` } });
    device.efs.write(INI, `${SERVER.replace("192.0.2.1", "192.0.2.3")}\n${control}`);
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.last().target.host).toBe("192.0.2.3");
    expect(device.registry.value(1, 1, 1)).toBe(300);
    expect([0, 1, 2, 3].map((id) => device.registry.value(2, 0, id))).toEqual([1, 1, new Map([[102, 15]]), 102]);
  });

  it("[BG-053] from a file that a user has edited, for server address and APN, and by itself after a boot", async () => {
    const device = openDevice({
      hardware: { network: { ...hardware.network, apns: ["meters.example"] } },
      files: {
        [INI]: SERVER.replace("192.0.2.1", "lwm2m.example"),
        "/datatx/lwm2m_cfg": "{\nAPN=meters.example;\n}\n",
        "/datatx/carrier_apn_cfg": "APN_NAME=meters.example\nSHORT_SERVER_ID1=102\n",
        "/datatx/lwm2m_app_autostart": "",
      },
    });
    await device.clock.advance(1000);
    expect(device.last().target.host).toBe("lwm2m.example");
    expect(device.client.status.servers).toMatchObject([{ state: "registered" }]);
  });

  it("with the defaults of what a Server in bootstrap.ini leaves out", async () => {
    const device = await start({ files: { [INI]: SERVER.replace(/,\{"n":"1","v":300.*?\]\}$/, "]}") } });
    expect([0, 1, 6, 7].map((id) => device.registry.value(1, 1, id))).toEqual([102, 86400, true, "U"]);
    expect(device.seen()[0]).toContain("lt=86400&lwm2m=1.0&b=U");
  });

  it("[OM-007] from the Bootstrap-Server, where there is no server or the one there is refuses", async () => {
    const without = await start({ files: { [INI]: BOOTSTRAP_SERVER } });
    expect(without.seen()).toEqual([expect.stringMatching(/^POST \/bs\?ep=/)]);
    const refused = await start({
      files: {
        [INI]: `${BOOTSTRAP_SERVER}\n${SERVER}`,
        "/datatx/carrier_apn_cfg": "APN_NAME=internet\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n",
      },
      answer: (request) => (request.uriPath?.[0] === "rd" ? { code: "4.00" } : undefined),
    });
    expect(refused.seen().map((each) => each.split("?")[0])).toEqual(["POST /rd", "POST /bs"]);
  });

  it("[ET-029] from a Bootstrap-Server only whose address is there before", async () => {
    const device = await start({ files: { [INI]: SERVER }, answer: () => ({ code: "4.03" }) });
    await device.clock.advance(600_000);
    expect(device.seen().filter((each) => each.startsWith("POST /bs"))).toEqual([]);
    const { settings } = device;
    settings.setBootstrapMode(1);
    settings.setServer("192.0.2.9", 5783);
    device.client.halt();
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.seen().at(-1)).toMatch(/^POST \/bs\?ep=/);
    expect(device.last().target).toMatchObject({ host: "192.0.2.9", port: 5783 });
  });

  it("[OM-013] by a bootstrap that ends only when there is a server's", async () => {
    const device = await start({ files: { [INI]: BOOTSTRAP_SERVER } });
    const { endpoint } = device.last();
    const finish = () => endpoint.request({ method: "POST", uriPath: ["bs"] });
    const answers = [endpoint.request({ method: "DELETE", uriPath: [] }), finish()];
    await device.clock.advance(1000);
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(["2.02", "4.06"]);
    expect(device.events).toEqual([0, 1, 2]);
  });
});
