import { describe, expect, it } from "vitest";
import { hardware } from "../support/hardware.js";
import { openDevice } from "../support/lwm2m-device.js";

const SERVER_ONLY = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const TWO_SERVERS = `${SERVER_ONLY}
{"bn":"/0/2/","e":[{"n":"0","sv":"coap://192.0.2.2:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":103}]}
{"bn":"/1/2/","e":[{"n":"0","v":103},{"n":"1","v":600},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;
const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const APN_CFG = "/datatx/carrier_apn_cfg";
const cfg = (lines: string) => `{\nAPN=internet;\n${lines}\n}\n`;

describe("the client's life", () => {
  it("[BG-002][BG-009][BG-117][OM-005][OM-010][OM-020][ET-027][BG-158][BG-191] registers from bootstrap.ini: events 0, 3, 4, 5, endpoint, lifetime, binding and objects conveyed", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 3, 4, 5]);
    expect(device.seen()).toEqual(["POST /rd?ep=urn:imei:864508030012428&lt=300&lwm2m=1.0&b=U"]);
    const [register] = device.last().requests;
    expect(register?.contentFormat).toBe(40);
    const links = register!.payload.toString().split(",");
    expect(links).toEqual(expect.arrayContaining(["</1/1>", "</3/0>", "</4/0>", "</5/0>", "</6/0>", "</7/0>"]));
    expect(links.some((each) => each.startsWith("</0"))).toBe(false);
  });

  it("[BG-011][BG-012][BG-016] updates within the lifetime, at the pace that /1/x/1 sets now", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(206_000);
    expect(device.seen()).toHaveLength(1);
    await device.clock.advance(2000);
    expect(device.seen().at(-1)).toBe("POST /rd/1");
    const write = device
      .last()
      .endpoint.request({ method: "PUT", uriPath: ["1", "1", "1"], contentFormat: 0, payload: Buffer.from("60") });
    await device.clock.advance(1000);
    expect((await write).code).toBe("2.04");
    expect(device.seen().at(-1)).toBe("POST /rd/1?lt=60");
    const before = device.seen().length;
    await device.clock.advance(95_000);
    expect(device.seen().length - before).toBe(3);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-010] keeps a registration with each of two servers, and Updates each in its own time", async () => {
    const device = openDevice({ files: { [INI]: TWO_SERVERS } });
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 3, 4, 5]);
    expect(device.client.status.servers.map((each) => [each.shortServerId, each.state, each.location])).toEqual([
      [102, "registered", "/rd/1"],
      [103, "registered", "/rd/2"],
    ]);
    await device.clock.advance(520_000);
    const updates = device.servers.map((each) => each.requests.length - 1);
    expect(updates).toEqual([2, 1]);
  });

  it("[BG-014][BG-124][OM-002] de-registers from every server when told to", async () => {
    const device = openDevice({ files: { [INI]: TWO_SERVERS } });
    device.client.register(false);
    await device.clock.advance(100);
    const left = device.client.deregister();
    await device.clock.advance(100);
    await left;
    expect(device.seen().filter((each) => each.startsWith("DELETE"))).toEqual(["DELETE /rd/1", "DELETE /rd/2"]);
    expect(device.client.status.running).toBe(false);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-014] de-registers from a server whose answer to Register was still under way", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.settle(); // the link is open, Register has left, nothing has come back
    const left = device.client.deregister();
    await device.clock.advance(1000);
    await left;
    expect(device.seen().map((each) => each.split("?")[0])).toEqual(["POST /rd", "DELETE /rd/1"]);
  });

  it("[BG-014] de-registers before the module restarts or powers down", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    device.power.off();
    await device.clock.advance(1000);
    expect(device.seen().at(-1)).toBe("DELETE /rd/1");
    expect(device.modem.state.power.phase).toBe("off");
  });

  it("registers anew when an Update is refused because the server forgot the registration", async () => {
    let forgotten = false;
    const device = openDevice({
      files: { [INI]: SERVER_ONLY },
      answer: (request) => (forgotten && request.uriPath?.length === 2 ? { code: "4.04" } : undefined),
    });
    device.client.register(false);
    await device.clock.advance(100);
    forgotten = true;
    device.client.update(0, false);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 3, 4, 5, 3, 4, 5]);
    expect(device.seen().filter((each) => each.startsWith("POST /rd?"))).toHaveLength(2);
  });

  it("[BG-018][BG-069][BG-079][BG-080][BG-081] retries a refused registration after 60, 120, 240, 480, 480 s without bootstrapping", async () => {
    const at: number[] = [];
    const device = openDevice({
      files: { [INI]: SERVER_ONLY },
      answer(request) {
        at.push(Math.round(device.clock.monotonic() / 1000));
        return request.uriPath?.[0] === "rd" ? { code: "4.03" } : undefined;
      },
    });
    device.client.register(false);
    await device.clock.advance(1_500_000);
    expect(at.map((each, i) => each - (at[i - 1] ?? 0))).toEqual([0, 60, 120, 240, 480, 480]);
    expect(device.events).toEqual([0, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]);
  });

  it("[BG-003][OM-001][OM-017][ET-006][BG-111][BG-165][BG-159][BG-160][BG-161][BG-162][BG-163][BG-164] bootstraps on client initiative: events 0, 1, 2, 0, 3, 4, 5", async () => {
    const device = openDevice({ files: { [INI]: BOOTSTRAP } });
    device.settings.setBootstrapMode(1);
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 1, 2]);
    expect(device.seen()).toEqual(["POST /bs?ep=urn:imei-msisdn:864508030012428-15755127091"]);
    const { endpoint } = device.last();
    const hex = (text: string) => Buffer.from(text, "hex");
    const uri = Buffer.from("coap://192.0.2.1:5683");
    const security = Buffer.concat([hex(`c800${uri.length.toString(16)}`), uri, hex("c10100c10203c10a7b")]);
    const exchange = [
      endpoint.request({ method: "DELETE", uriPath: ["0"] }),
      endpoint.request({ method: "PUT", uriPath: ["0", "1"], contentFormat: 11542, payload: security }),
      endpoint.request({
        method: "PUT",
        uriPath: ["1", "0"],
        contentFormat: 11542,
        payload: hex("c1007bc201012cc10601c10755"),
      }),
      endpoint.request({ method: "POST", uriPath: ["bs"] }),
    ];
    await device.clock.advance(2000);
    const codes = (await Promise.all(exchange)).map((each) => each.code);
    expect(codes).toEqual(["2.02", "2.04", "2.04", "2.04"]);
    expect(device.events).toEqual([0, 1, 2, 0, 3, 4, 5]);
    expect(device.seen().at(-1)).toBe("POST /rd?ep=urn:imei:864508030012428&lt=300&lwm2m=1.0&b=U");
  });

  it("[BG-070] bootstraps after a failed registration where BS_IF_REG_FAILS is 1", async () => {
    const device = openDevice({
      files: {
        [INI]: `${BOOTSTRAP}\n${SERVER_ONLY}`,
        [APN_CFG]: "APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n",
      },
      answer: (request) => (request.uriPath?.[0] === "rd" ? { code: "4.00" } : undefined),
    });
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.events).toEqual([0, 3, 4, 1, 2]);
    expect(device.seen().at(-1)).toMatch(/^POST \/bs\?ep=/);
  });

  it("[BG-007][BG-086] repeats a refused bootstrap as often as lwm2m_cfg says, then stays in event 1", async () => {
    const device = openDevice({
      files: { [INI]: BOOTSTRAP, [CFG]: cfg("REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=2;") },
      answer: (request) => (request.uriPath?.[0] === "bs" ? { code: "4.00" } : undefined),
    });
    device.settings.setBootstrapMode(1);
    device.client.register(false);
    await device.clock.advance(3_600_000);
    expect(device.events).toEqual([0, 1, 2, 1, 2, 1, 2, 1]);
    expect(device.seen()).toHaveLength(3);
  });

  it("[BG-074][BG-075][BG-076][BG-077][BG-199] retries a failed data call by lwm2m_cfg, says nothing meanwhile, and gives up", async () => {
    const { network } = hardware;
    const device = openDevice({
      hardware: { network: { ...network, apns: ["internet"] } },
      files: { [INI]: SERVER_ONLY, [CFG]: "{\nAPN=wrong;\n}\n", [APN_CFG]: "APN_NAME=wrong\nSHORT_SERVER_ID1=102\n" },
    });
    device.client.register(false);
    await device.clock.advance(30_000 + 60_000 + 120_000 + 240_000);
    expect(device.client.status.running).toBe(true);
    await device.clock.advance(480_000);
    expect(device.events).toEqual([]);
    expect(device.client.status.running).toBe(false);
    const waits = device.logged
      .filter((each) => each.startsWith("data call failed"))
      .map((each) => /"retryInS":(\d+)/.exec(each)?.[1]);
    expect(waits).toEqual(["30", "60", "120", "240", "480"]);
    device.efs.write(APN_CFG, "APN_NAME=internet\nSHORT_SERVER_ID1=102\n");
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-017][BG-066][BG-073] takes a server's APN from carrier_apn_cfg, else the default of lwm2m_cfg", async () => {
    const { network } = hardware;
    const only = (apn: string) => ({ network: { ...network, apns: [apn] } });
    const files = {
      [INI]: SERVER_ONLY,
      [CFG]: "{\nAPN=default;\n}\n",
      [APN_CFG]: "APN_NAME=special\nSHORT_SERVER_ID1=102\n",
    };
    const withBlock = openDevice({ hardware: only("special"), files });
    withBlock.client.register(false);
    await withBlock.clock.advance(100);
    expect(withBlock.events).toEqual([0, 3, 4, 5]);
    const without = openDevice({ hardware: only("default"), files });
    without.efs.remove(APN_CFG);
    without.client.register(false);
    await without.clock.advance(100);
    expect(without.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-082] stays idle while roaming with ROAMING_FEAT=1, works with 0, and resumes at home", async () => {
    const { network } = hardware;
    const roaming = { network: { ...network, roaming: true } };
    const idle = openDevice({ hardware: roaming, files: { [INI]: SERVER_ONLY, [CFG]: cfg("ROAMING_FEAT=1;") } });
    idle.client.register(false);
    await idle.clock.advance(600_000);
    expect(idle.events).toEqual([]);
    idle.modem.update((state) => ({ network: { ...state.network, roaming: false } }));
    await idle.clock.advance(100);
    expect(idle.events).toEqual([0, 3, 4, 5]);
    const allowed = openDevice({ hardware: roaming, files: { [INI]: SERVER_ONLY, [CFG]: cfg("ROAMING_FEAT=0;") } });
    allowed.client.register(false);
    await allowed.clock.advance(100);
    expect(allowed.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-049][BG-052][BG-119] starts by itself after a boot only where lwm2m_app_autostart is there", async () => {
    const files = { [INI]: SERVER_ONLY };
    const device = openDevice({ files });
    await device.clock.advance(60_000);
    expect(device.events).toEqual([]);
    device.client.register(true);
    await device.clock.advance(100);
    expect(device.efs.exists("/datatx/lwm2m_app_autostart")).toBe(true);
    device.power.restart();
    await device.clock.advance(2000);
    expect(device.events).toEqual([0, 3, 4, 5, 0, 3, 4, 5]);
  });

  it("[BG-118] registers once only with mode 0: not again after a boot", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    device.power.restart();
    await device.clock.advance(60_000);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-202][BG-203][BG-204][OM-011] keeps persistent files after a registration, which win over a changed bootstrap.ini until reset", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    expect(device.efs.list("/datatx/lwm2m")).toEqual([]);
    device.client.register(true);
    await device.clock.advance(1000);
    expect(device.efs.list("/datatx/lwm2m")).not.toEqual([]);
    device.efs.write(INI, SERVER_ONLY.replace("192.0.2.1", "192.0.2.77"));
    device.power.restart();
    await device.clock.advance(2000);
    expect(device.last().target.host).toBe("192.0.2.1");
    device.settings.reset();
    device.power.restart();
    await device.clock.advance(2000);
    expect(device.last().target.host).toBe("192.0.2.77");
  });

  it("never stores what the command line gave", async () => {
    const overrides = { server: "coap://198.51.100.5:5683", lifetimeS: 90 };
    const device = openDevice({ files: { [INI]: SERVER_ONLY }, overrides });
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.last().target.host).toBe("198.51.100.5");
    expect(device.seen()[0]).toContain("lt=90");
    const next = openDevice({ root: device.root });
    next.client.register(false);
    await next.clock.advance(1000);
    expect(next.last().target.host).toBe("192.0.2.1");
    expect(next.seen()[0]).toContain("lt=300");
  });

  it("[BG-093][BG-094][BG-182] takes identity and key for a PSK account from ssl/<ssid>_server.psk", async () => {
    const psk = SERVER_ONLY.replace("coap://192.0.2.1:5683", "coaps://192.0.2.1:5684").replace(
      '"n":"2","v":3',
      '"n":"2","v":0',
    );
    const device = openDevice({
      files: { [INI]: psk, "/datatx/ssl/102_server.psk": "iot_app_102:00112233445566778899aabbccddeeff\n" },
    });
    device.client.register(false);
    await device.clock.advance(100);
    const { target } = device.last();
    expect([target.scheme, target.identity?.toString(), target.key?.toString("hex")]).toEqual([
      "coaps",
      "iot_app_102",
      "00112233445566778899aabbccddeeff",
    ]);
    expect(device.logged.join("\n")).not.toContain("00112233445566778899aabbccddeeff");
  });

  it("[BG-087][BG-088][BG-200][BG-201] forms the endpoint name as lwm2m_cfg says, and cannot with form 7 and a SIM without MSISDN", async () => {
    const { sim } = hardware;
    const seven = { [INI]: SERVER_ONLY, [CFG]: cfg("REG_EP_NAME=7;") };
    const named = openDevice({ files: seven });
    named.client.register(false);
    await named.clock.advance(100);
    expect(named.seen()[0]).toContain("ep=urn:imei-msisdn:864508030012428-15755127091");
    const nameless = openDevice({ files: seven, hardware: { sim: { ...sim, msisdn: undefined } } });
    nameless.client.register(false);
    await nameless.clock.advance(100);
    expect(nameless.seen()).toEqual([]);
    expect(nameless.logged.join("\n")).toContain("Populating Reg EP name: LWM2M_IMEI_MSISDN_URN failed");
    nameless.efs.write(CFG, cfg("REG_EP_NAME=4;"));
    nameless.client.halt();
    nameless.client.register(false);
    await nameless.clock.advance(100);
    expect(nameless.seen()[0]).toContain("ep=urn:imei:864508030012428");
  });

  it("reports a missing configuration, and a bootstrap server that is not configured", async () => {
    const device = openDevice();
    device.efs.remove(INI);
    expect(() => device.client.register(false)).toThrow("no /datatx/bootstrap.ini");
  });

  it("[BG-122][BG-121][BG-123] sends the object list in an Update when asked to, and refuses an unknown short server id", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    device.client.update(102, true);
    await device.clock.advance(100);
    expect(device.last().requests.at(-1)?.payload.toString()).toContain("</3/0>");
    device.client.update(0, false);
    await device.clock.advance(100);
    expect(device.last().requests.at(-1)?.payload).toHaveLength(0);
    expect(() => device.client.update(7, false)).toThrow();
  });

  it("[BG-194] de-registers for the Disable Timeout when the server executes Disable, and Updates on its trigger", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    const trigger = device.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "8"] });
    await device.clock.advance(100);
    expect((await trigger).code).toBe("2.04");
    expect(device.seen().at(-1)).toBe("POST /rd/1");
    const disable = device.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "4"] });
    await device.clock.advance(300);
    expect((await disable).code).toBe("2.04");
    expect(device.seen().at(-1)).toBe("DELETE /rd/1");
    await device.clock.advance(59_000);
    expect(device.seen().at(-1)).toBe("DELETE /rd/1");
    await device.clock.advance(2000);
    expect(device.seen().at(-1)).toContain("POST /rd?ep=");
    expect(device.events).toEqual([0, 3, 4, 5, 3, 4, 5]);
  });

  it("survives a day of 20 % loss without a lapse of its lifetime", async () => {
    const arrivals: number[] = [];
    const device = openDevice({
      files: { [INI]: SERVER_ONLY },
      lossRate: 0.2,
      answer() {
        arrivals.push(device.clock.monotonic());
        return undefined;
      },
    });
    device.client.register(false);
    await device.clock.advance(86_400_000);
    const gaps = arrivals.map((each, i) => each - (arrivals[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(300_000);
    expect(arrivals.length).toBeGreaterThan(400);
  });

  it("[BG-004] refuses a bootstrap that it did not ask for, from a server and from a bootstrap server that has finished", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    const { endpoint } = device.last();
    const attempts = [
      endpoint.request({ method: "DELETE", uriPath: [] }),
      endpoint.request({ method: "PUT", uriPath: ["0", "1"], contentFormat: 11542, payload: Buffer.alloc(0) }),
      endpoint.request({ method: "POST", uriPath: ["bs"] }),
    ];
    await device.clock.advance(5000);
    const codes = (await Promise.all(attempts)).map((each) => each.code);
    expect(codes.every((code) => code.startsWith("4."))).toBe(true);
    expect(device.events).toEqual([0, 3, 4, 5]);
    expect(device.client.status.servers[0]?.state).toBe("registered");
  });

  it("[BG-008][BG-048] makes the data call of a bootstrap with the default APN of lwm2m_cfg", async () => {
    const files = {
      [INI]: BOOTSTRAP,
      [CFG]: "{\nAPN=default;\n}\n",
      [APN_CFG]: "APN_NAME=special\nSHORT_SERVER_ID1=102\n",
    };
    const bootstrapped = async (apn: string) => {
      const device = openDevice({ hardware: { network: { ...hardware.network, apns: [apn] } }, files });
      device.settings.setBootstrapMode(1);
      device.client.register(false);
      await device.clock.advance(100);
      return device.events;
    };
    expect(await bootstrapped("default")).toEqual([0, 1, 2]);
    expect(await bootstrapped("special")).toEqual([]);
  });

  it("[BG-067] sets up a data call of its own for an APN's other APN_CLASS", async () => {
    const classes = async (...given: readonly [number, number]) => {
      const blocks = given.map((each, index) => `APN_NAME=iot\nAPN_CLASS=${each}\nSHORT_SERVER_ID1=${102 + index}\n`);
      const device = openDevice({ files: { [INI]: TWO_SERVERS, [APN_CFG]: blocks.join(";\n") } });
      device.client.register(false);
      await device.clock.advance(100);
      expect(device.events).toEqual([0, 3, 4, 5]);
      return device.modem.state.moduleCalls.map(({ apn, apnClass }) => [apn, apnClass]);
    };
    expect(await classes(3, 3)).toEqual([["iot", 3]]);
    expect(await classes(3, 4)).toEqual([
      ["iot", 3],
      ["iot", 4],
    ]);
  });

  it("[BG-089] waits for BOOT_UP_SLEEP_TIME after the boot", async () => {
    const device = openDevice({
      profile: "realistic",
      autostart: true,
      files: { [INI]: SERVER_ONLY, [CFG]: cfg("BOOT_UP_SLEEP_TIME=30;") },
    });
    await device.clock.advance(4900 + 29_900);
    expect(device.events).toEqual([]);
    await device.clock.advance(200);
    expect(device.events).toEqual([0, 3, 4, 5]);
  });

  it("[BG-084] counts a battery below BATTERY_LEVEL_THRESHOLD as low", async () => {
    const device = openDevice({ files: { [CFG]: cfg("BATTERY_LEVEL_THRESHOLD=35;") } });
    const errors = () => device.registry.value(3, 0, 11);
    device.modem.update((state) => ({ battery: { ...state.battery, percent: 35 } }));
    expect(errors()).toEqual(new Map([[0, 0]]));
    device.modem.update((state) => ({ battery: { ...state.battery, percent: 34 } }));
    expect(errors()).toEqual(new Map([[0, 1]]));
  });

  it("[BG-109] uses the configured endpoint name for bootstrap and for registration", async () => {
    for (const [ini, mode] of [
      [BOOTSTRAP, 1],
      [SERVER_ONLY, 0],
    ] as const) {
      const device = openDevice({ files: { [INI]: ini } });
      device.settings.setBootstrapMode(mode);
      device.settings.setEndpointName(1, "my-device");
      device.client.register(false);
      await device.clock.advance(100);
      expect(device.seen()[0]).toContain("ep=my-device");
    }
  });

  it.each([
    "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "urn:imei:864508030000019",
    "urn:esn:80ABCDEF",
    "urn:meid:AF0123450ABCDE",
    "urn:dev:ops:Acme-METER-7",
    "urn:imei-msisdn:864508030000019-15755127091",
    "meter 7/ü&a=b",
  ])("[OM-043] registers and bootstraps under the name %s as it was given", async (endpoint) => {
    for (const ini of [SERVER_ONLY, BOOTSTRAP]) {
      const device = openDevice({ files: { [INI]: ini }, overrides: { endpoint } });
      device.client.register(false);
      await device.clock.advance(100);
      expect(device.last().requests[0]?.uriQuery?.[0]).toBe(`ep=${endpoint}`);
    }
    if (!endpoint.startsWith("urn:")) return;
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.settings.setEndpointName(1, endpoint);
    expect(device.client.status.endpoint).toBe(endpoint);
  });

  it.each([
    ["US", "15755127091", ["b=US", "sms=15755127091"]],
    ["UQS", "+15755127091", ["b=UQS", "sms=15755127091"]],
    ["UQS", undefined, ["b=UQS"]],
    ["UQ", "15755127091", ["b=UQ"]],
  ] as const)("[OM-025] says beside binding %s with MSISDN %s: %j", async (binding, msisdn, expected) => {
    const device = openDevice({
      files: { [INI]: SERVER_ONLY.replace('"sv":"U"', `"sv":"${binding}"`) },
      hardware: { sim: { ...hardware.sim, msisdn } },
    });
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.last().requests[0]?.uriQuery?.slice(3)).toEqual(expected);
  });

  it("[OM-025] tells the MSISDN when a server writes a binding with SMS", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    const write = { method: "PUT", uriPath: ["1", "1", "7"], contentFormat: 0, payload: Buffer.from("US") } as const;
    void device.last().endpoint.request(write);
    await device.clock.advance(100);
    expect(device.seen().at(-1)).toBe("POST /rd/1?b=US&sms=15755127091");
  });

  it("[OM-021] registers for 86400 s where no Server Object Instance says otherwise", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY.split("\n")[0]! } });
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.seen()[0]).toContain("lt=86400");
  });

  it("[OM-022] leaves the version out of Register where only one above 1.0 is to be told", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY }, registerVersion: "above1.0" });
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.seen()).toEqual(["POST /rd?ep=urn:imei:864508030012428&lt=300&b=U"]);
  });

  it("counts the traffic that Object 7 shows", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(2000);
    expect(device.modem.state.traffic).toMatchObject({ txPackets: 1, rxPackets: 1 });
    expect(device.modem.state.traffic.txBytes).toBeGreaterThan(100);
  });
});
