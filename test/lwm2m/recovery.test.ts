/** Stories of what goes wrong around the Client, and that it finds its way back. */
import { describe, expect, it } from "vitest";
import { openDevice } from "../support/lwm2m-device.js";

const SERVER_ONLY = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;
const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const ACCOUNTS = "/datatx/lwm2m/accounts.json";
const hex = (text: string) => Buffer.from(text, "hex");
const mute = { answer: () => new Promise<never>(() => {}) as never };

/** What a Bootstrap-Server writes: a server account at 192.0.2.1, short id 123. */
async function bootstrap(device: ReturnType<typeof openDevice>) {
  const { endpoint } = device.last();
  const uri = Buffer.from("coap://192.0.2.1:5683");
  const security = Buffer.concat([hex(`c800${uri.length.toString(16)}`), uri, hex("c10100c10203c10a7b")]);
  const exchange = [
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
  return (await Promise.all(exchange)).map((each) => each.code);
}

describe("de-registration", () => {
  it("is followed by a register that came while it was under way", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY } });
    device.client.register(false);
    await device.clock.advance(100);
    void device.client.deregister();
    device.client.register(false);
    await device.clock.advance(10_000);
    expect(device.seen().map((each) => each.split("?")[0])).toEqual(["POST /rd", "DELETE /rd/1", "POST /rd"]);
    expect(device.client.status.servers[0]?.state).toBe("registered");
  });

  it("that nobody answers ends no later life of the client", async () => {
    let silent = false;
    const device = openDevice({
      files: { [INI]: SERVER_ONLY },
      autostart: true,
      answer: () => (silent ? mute.answer() : undefined),
    });
    await device.clock.advance(100);
    silent = true;
    void device.client.deregister();
    await device.clock.advance(1000);
    silent = false;
    device.power.cut();
    device.power.on();
    await device.clock.advance(60_000);
    expect(device.client.status.servers[0]?.state).toBe("registered");
  });
});

describe("damaged files", () => {
  it("stop LwM2M with a line in the log, when they are read after the command that began", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY, [CFG]: "{\nAPN=internet;\nROAMING_FEAT=1;\n}\n" } });
    device.client.register(false);
    await device.clock.advance(100);
    device.efs.write(INI, "{");
    device.efs.remove(ACCOUNTS);
    const roam = (roaming: boolean) => device.modem.update((state) => ({ network: { ...state.network, roaming } }));
    expect(() => roam(true)).not.toThrow();
    expect(device.logged.join("\n")).toContain("LwM2M has stopped");
    device.efs.write(INI, SERVER_ONLY);
    roam(false);
    device.client.register(false);
    await device.clock.advance(100);
    expect(device.client.status.servers[0]?.state).toBe("registered");
  });

  it("in /datatx/lwm2m are set aside, and bootstrap.ini holds again", async () => {
    for (const damage of ['{"schema":1,"value":5}', '{"schema":1,"val', "{}"]) {
      const device = openDevice({ files: { [INI]: SERVER_ONLY, [ACCOUNTS]: damage } });
      device.client.register(false);
      await device.clock.advance(100);
      expect(device.client.status.servers[0]?.state).toBe("registered");
      expect(device.efs.exists(`${ACCOUNTS}.bad`)).toBe(true);
    }
  });

  it("are told at the boot, with their place, even where LwM2M is not to start", () => {
    const ini = openDevice({ files: { [INI]: SERVER_ONLY.replace("}]}", "]}").replace("[", "") } });
    expect(ini.logged.join("\n")).toMatch(/bootstrap\.ini:\d+:\d+/);
    const cfg = openDevice({ files: { [CFG]: "{\nROAMING_FEAT=banana;\n}\n" } });
    expect(cfg.logged.join("\n")).toMatch(/lwm2m_cfg:\d+:\d+/);
    expect(cfg.client.status.endpoint).toBe("urn:imei:864508030012428");
  });

  it("with a value that its Resource cannot take are refused by name", () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY.replace('"v":300', '"v":99999999999') } });
    expect(() => device.client.register(false)).toThrow(/bootstrap\.ini.*Lifetime/);
  });
});

describe("bootstrap", () => {
  it("that failed leaves no persistent files, so that a corrected server address holds at once", async () => {
    const device = openDevice({
      files: { [INI]: BOOTSTRAP, [CFG]: "{\nAPN=internet;\nREBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=0;\n}\n" },
      answer: () => ({ code: "4.00" }),
    });
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.events).toEqual([0, 1, 2, 1]);
    expect(device.efs.exists(ACCOUNTS)).toBe(false);
    device.settings.setServer("192.0.2.10", 5783);
    device.client.register(false); // after it was given up, register begins anew
    await device.clock.advance(1000);
    expect(device.last().target.host).toBe("192.0.2.10");
  });

  it("goes on where only the answer to its request was lost", async () => {
    const device = openDevice({
      files: { [INI]: BOOTSTRAP },
      answer: (request) => (request.uriPath?.[0] === "bs" ? mute.answer() : undefined),
    });
    device.client.register(false);
    await device.clock.advance(1000);
    expect(await bootstrap(device)).toEqual(["2.04", "2.04", "2.04"]);
    expect(device.events).toEqual([0, 1, 2, 0, 3, 4, 5]);
    await device.clock.advance(100_000);
    expect(device.events).toEqual([0, 1, 2, 0, 3, 4, 5]);
  });

  it("with --server names the bootstrap server at the first run and at the next", async () => {
    const overrides = { server: "coap://198.51.100.9:5783" };
    const first = openDevice({ files: { [INI]: BOOTSTRAP }, overrides });
    first.client.register(false);
    await first.clock.advance(100);
    expect(first.last().target.host).toBe("198.51.100.9");
    await bootstrap(first);
    const second = openDevice({ root: first.root, overrides });
    second.client.register(false);
    await second.clock.advance(100);
    expect(second.seen()[0]).toContain("POST /rd?");
    expect(second.last().target.host).toBe("192.0.2.1");
  });
});

describe("a server or a file that asks for too much", () => {
  it("gets no more than one Update a second, whatever lifetime it writes", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY.replace('"v":300', '"v":0') } });
    try {
      device.client.register(false);
    } catch {
      return; // refused: as good
    }
    await device.clock.advance(10_000);
    expect(device.seen().length).toBeLessThanOrEqual(12);
  });

  it("gets no more than one Register a second, whatever lwm2m_cfg says", async () => {
    const device = openDevice({
      files: { [INI]: SERVER_ONLY, [CFG]: "{\nAPN=internet;\nREG_RETRY_TIMEOUT=0;\n}\n" },
      answer: () => ({ code: "4.00" }),
    });
    device.client.register(false);
    await device.clock.advance(10_000);
    expect(device.seen().length).toBeLessThanOrEqual(11);
  });
});

it("the command line's coaps server takes its key from the PSK file", async () => {
  const device = openDevice({
    files: { [INI]: SERVER_ONLY, "/datatx/ssl/102_server.psk": "me:00112233445566778899aabbccddeeff\n" },
    overrides: { server: "coaps://198.51.100.5:5684" },
  });
  device.client.register(false);
  await device.clock.advance(100);
  expect(device.last().target.identity?.toString()).toBe("me");
});

it("reset stays in force although a change of the accounts was still to be kept", async () => {
  const device = openDevice({ files: { [INI]: SERVER_ONLY } });
  device.client.register(false);
  await device.clock.advance(1000);
  const write = device
    .last()
    .endpoint.request({ method: "PUT", uriPath: ["1", "1", "1"], contentFormat: 0, payload: Buffer.from("90") });
  await device.clock.advance(10);
  await write;
  device.settings.reset();
  await device.clock.advance(60_000);
  device.power.off();
  await device.clock.advance(60_000);
  expect(device.efs.exists(ACCOUNTS)).toBe(false);
});

it("uplink data is refused while the only server has disabled the client", async () => {
  const device = openDevice({ files: { [INI]: SERVER_ONLY } });
  device.client.register(false);
  await device.clock.advance(100);
  void device.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "4"] });
  await device.clock.advance(1000);
  expect(() => device.client.uplink(19, "x")).toThrow("not registered");
});

it("an instance that a server deleted is there again after a boot", async () => {
  const device = openDevice({ files: { [INI]: SERVER_ONLY }, autostart: true });
  await device.clock.advance(100);
  const deletion = device.last().endpoint.request({ method: "DELETE", uriPath: ["19", "0"] });
  await device.clock.advance(100);
  expect((await deletion).code).toBe("2.02");
  device.power.restart();
  await device.clock.advance(10_000);
  expect(device.registry.instances(19)).toEqual([0, 1]);
});

describe("power", () => {
  it("stays off when it is cut while the module takes its leave", async () => {
    let silent = false;
    const device = openDevice({
      files: { [INI]: SERVER_ONLY },
      autostart: true,
      answer: () => (silent ? mute.answer() : undefined),
    });
    await device.clock.advance(100);
    silent = true;
    device.power.restart();
    await device.clock.advance(1000);
    device.power.cut();
    await device.clock.advance(60_000);
    expect(device.modem.state.power).toMatchObject({ phase: "off", boots: 1 });
  });

  it("restarts once when it is asked twice", async () => {
    const device = openDevice({ files: { [INI]: SERVER_ONLY }, autostart: true });
    await device.clock.advance(100);
    device.power.restart();
    device.power.restart();
    await device.clock.advance(60_000);
    expect(device.modem.state.power.boots).toBe(2);
  });
});

it("[BG-125] a lifetime set while the client does not run holds at the next registration, persistent accounts or not", async () => {
  const device = openDevice({ files: { [INI]: SERVER_ONLY } });
  device.client.register(false);
  await device.clock.advance(100);
  void device.client.deregister();
  await device.clock.advance(1000);
  device.client.setLifetime(102, 900);
  device.client.register(false);
  await device.clock.advance(100);
  expect(device.seen().at(-1)).toContain("lt=900");
  expect(() => device.client.setLifetime(7, 900)).toThrow();
});

it("[BG-139] a coaps address makes the account one with PSK, and back", () => {
  const { settings } = openDevice({ files: { [INI]: SERVER_ONLY } });
  settings.setServerUri("coaps://192.0.2.1:5684");
  expect(settings.securityMode).toBe(0);
  settings.setServerUri("coap://192.0.2.1:5683");
  expect(settings.securityMode).toBe(3);
});
