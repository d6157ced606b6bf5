/** The +QLWEVENT lines of every situation of a Client's life, as a host reads them between its commands. */
import { describe, expect, it } from "vitest";
import { openModule } from "../support/at-module.ts";
import { hardware } from "../support/hardware.ts";

const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const CARRIER = "/datatx/carrier_apn_cfg";
const AUTOSTART = "/datatx/lwm2m_app_autostart";
const SERVER = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const SECOND = `{"bn":"/0/2/","e":[{"n":"0","sv":"coap://192.0.2.2:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":103}]}
{"bn":"/1/2/","e":[{"n":"0","v":103},{"n":"1","v":600},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;
const BOTH = `${BOOTSTRAP}\n${SERVER}`;
const cfg = (...lines: readonly string[]) => `{\nAPN=internet;\n${lines.map((each) => `${each};\n`).join("")}}\n`;
const failing = (flag: 0 | 1) => `APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=${flag}\n`;

const NAMES = [
  "STATE_INITIAL",
  "STATE_BOOTSTRAP_REQUIRED",
  "STATE_BOOTSTRAPPING",
  "STATE_REGISTER_REQUIRED",
  "STATE_REGISTERING",
  "STATE_READY",
];
/** The lines for "0 3 4 5". */
const events = (ids: string) => ids.split(" ").map((id) => `+QLWEVENT: ${id},"${NAMES[Number(id)]}"`);

type ModuleOptions = NonNullable<Parameters<typeof openModule>[0]>;

/** A module that is on, with these files; `wait` gives the LwM2M lines alone. */
async function open({ files, ...options }: ModuleOptions = {}) {
  const module = await openModule({
    ...options,
    files: { [INI]: SERVER, [CFG]: cfg(), [CARRIER]: failing(0), ...files },
  });
  const lwm2m = (lines: readonly string[]) => lines.filter((line) => line.startsWith("+QLW"));
  return Object.assign(module, {
    async send(command: string) {
      const lines = await module.type(`AT+QLWM2M=${command}\r`);
      return lines.filter((line) => !line.startsWith("AT+")); // a boot has brought the echo back
    },
    async wait(ms: number) {
      await module.clock.advance(ms);
      return lwm2m(module.take());
    },
    async boot() {
      module.power.restart();
      await module.clock.advance(15_000);
      return lwm2m(module.take());
    },
    /** The requests that Servers have heard, without their queries. */
    asked: () => module.seen().map((each) => each.split("?")[0]),
  });
}
type Module = Awaited<ReturnType<typeof open>>;

/** The same, registered, its lines taken. */
async function openReady(options: ModuleOptions = {}) {
  const module = await open(options);
  expect(await module.send('"register"')).toEqual(["OK"]);
  expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  return module;
}

/** What a Bootstrap-Server writes: the account 123 of 192.0.2.1. */
async function bootstrap({ last, clock }: Module) {
  const { endpoint } = last();
  const hex = (text: string) => Buffer.from(text, "hex");
  const uri = Buffer.from("coap://192.0.2.1:5683");
  const security = Buffer.concat([hex(`c800${uri.length.toString(16)}`), uri, hex("c10100c10203c10a7b")]);
  const server = hex("c1007bc201012cc10601c10755");
  const exchange = [
    endpoint.request({ method: "PUT", uriPath: ["0", "1"], contentFormat: 11542, payload: security }),
    endpoint.request({ method: "PUT", uriPath: ["1", "0"], contentFormat: 11542, payload: server }),
    endpoint.request({ method: "POST", uriPath: ["bs"] }),
  ];
  await clock.advance(2000);
  expect((await Promise.all(exchange)).map(({ code }) => code)).toEqual(["2.04", "2.04", "2.04"]);
}

describe("the start", () => {
  it("[BG-117][BG-157][BG-158] from bootstrap.ini: OK, then 0, 3, 4, 5", async () => {
    const module = await open();
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
    expect(await module.send('"register"')).toEqual(["OK"]); // it runs: no change
    expect(await module.wait(100_000)).toEqual([]);
    expect(module.asked()).toEqual(["POST /rd"]);
  });

  it("[BG-165][BG-111][BG-117] by a bootstrap: OK, then 0, 1, 2, and with its accounts 0, 3, 4, 5", async () => {
    const module = await open({ files: { [INI]: BOTH } });
    expect(await module.send('"bsmode",1')).toEqual(["OK"]);
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual(events("0 1 2"));
    await bootstrap(module);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("[BG-049][BG-052][BG-137] at the boot, with the autostart: after BOOT_UP_SLEEP_TIME 0, 3, 4, 5", async () => {
    const module = await open({
      profile: "realistic",
      files: { [CFG]: cfg("BOOT_UP_SLEEP_TIME=20"), [AUTOSTART]: "" },
    });
    expect(await module.wait(4900 + 20_000 - 10_001)).toEqual([]); // the module has been on for 10 s
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
    expect(await module.boot()).toEqual([]);
    expect(await module.wait(15_000)).toEqual(events("0 3 4 5"));
  });

  it("[BG-019][BG-083] at the boot, with a registration kept: 0, 5", async () => {
    const module = await openReady({ files: { [CFG]: cfg("PER_REGSTATUS_FEAT=1") } });
    expect(await module.send('"enable",1')).toEqual(["OK"]);
    expect(await module.boot()).toEqual(events("0 5"));
    expect(module.asked()).toEqual(["POST /rd", "POST /rd/1"]);
  });

  it("[BG-199] without a data call: OK, and nothing; after the last retry nothing for good", async () => {
    const { network } = hardware;
    const module = await open({ hardware: { network: { ...network, apns: ["other"] } } });
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(3_600_000)).toEqual([]);
    expect(module.client.status.running).toBe(false);
    module.modem.update((state) => ({ network: { ...state.network, apns: ["internet"] } }));
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("without a network: OK, and nothing until there is one", async () => {
    const module = await open();
    const cover = (coverage: boolean) => module.modem.update((state) => ({ network: { ...state.network, coverage } }));
    cover(false);
    await module.wait(1000);
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(3_600_000)).toEqual([]);
    cover(true);
    expect(await module.wait(10_000)).toEqual(events("0 3 4 5"));
  });

  it("[BG-099] is refused without a SIM, and without a configuration; what is refused has no effect", async () => {
    const module = await open();
    const { card } = module.modem.state.sim;
    const insert = (inserted: boolean) =>
      module.modem.update(({ sim }) => ({
        sim: { ...sim, card: inserted ? card : "NOT INSERTED", status: inserted ? "NOT READY" : "NOT INSERTED" },
      }));
    insert(false);
    await module.wait(1000);
    expect(await module.send('"register",1')).toEqual(["ERROR"]);
    insert(true);
    expect(await module.wait(10_000)).toEqual([]);
    module.efs.remove(INI);
    expect(await module.send('"register",1')).toEqual(["ERROR"]);
    expect(await module.send('"enable"')).toEqual(['+QLWM2M: "enable",0', "OK"]);
  });

  it("[BG-082] while roaming with ROAMING_FEAT=1, which is the default: nothing; at home 0, 3, 4, 5", async () => {
    const module = await open({ hardware: { network: { ...hardware.network, roaming: true } } });
    const roam = (roaming: boolean) => module.modem.update((state) => ({ network: { ...state.network, roaming } }));
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(600_000)).toEqual([]);
    roam(false);
    expect(await module.wait(10_000)).toEqual(events("0 3 4 5"));
    roam(true);
    expect(await module.wait(600_000)).toEqual([]);
    expect(module.asked()).toEqual(["POST /rd"]);
    roam(false);
    expect(await module.wait(10_000)).toEqual(events("0 3 4 5"));
    const abroad = await open({
      hardware: { network: { ...hardware.network, roaming: true } },
      files: { [CFG]: cfg("ROAMING_FEAT=0") },
    });
    await abroad.send('"register"');
    expect(await abroad.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("without lwm2m_cfg has the guide's defaults: an APN is all that is missing", async () => {
    const module = await open();
    module.efs.remove(CFG);
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5")); // carrier_apn_cfg has one
  });
});

describe("a registration that fails", () => {
  it("[BG-018][BG-069][BG-079][BG-080][BG-081] being refused: 3 and 4 again after 60, 120, 240, 480, 480 s", async () => {
    let isRefused = true;
    const module = await open({ answer: () => (isRefused ? { code: "4.03" } : undefined) });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 3 4"));
    for (const seconds of [60, 120, 240, 480]) {
      expect(await module.wait((seconds - 2) * 1000)).toEqual([]);
      expect(await module.wait(2000)).toEqual(events("3 4"));
    }
    isRefused = false;
    expect(await module.wait(480_000)).toEqual(events("3 4 5"));
  });

  it("[BG-018][BG-079][BG-080][BG-081] being unanswered: the same, after the 62 to 93 s of its transmissions", async () => {
    const module = await open({ network: () => () => false });
    const beganS: number[] = [];
    module.modem.onChange((now, before) => {
      if (now.lwm2m.phase === 3 && before.lwm2m.phase !== 3) beganS.push(module.clock.monotonic() / 1000);
    });
    await module.send('"register"');
    expect(await module.wait(2_000_000)).toEqual(events("0 3 4 3 4 3 4 3 4 3 4 3 4"));
    const gaps = beganS.slice(1).map((each, index) => each - beganS[index]!);
    for (const [index, seconds] of [60, 120, 240, 480, 480].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(62 + seconds);
      expect(gaps[index]).toBeLessThanOrEqual(93 + seconds);
    }
  });

  it("[BG-079][BG-080][BG-081] is retried by REG_RETRY_TIMEOUT, _EXPONENT and _MAXTIMEOUT of lwm2m_cfg", async () => {
    const files = { [CFG]: cfg("REG_RETRY_TIMEOUT=5", "REG_RETRY_EXPONENT=3", "REG_RETRY_MAXTIMEOUT=20") };
    const module = await open({ files, answer: () => ({ code: "4.03" }) });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 3 4"));
    for (const seconds of [5, 15, 20, 20]) {
      expect(await module.wait((seconds - 2) * 1000)).toEqual([]);
      expect(await module.wait(2000)).toEqual(events("3 4"));
    }
  });

  it("[BG-070] with BS_IF_REG_FAILS=1: 1, 2, and with the Bootstrap-Server's accounts 0, 3, 4, 5", async () => {
    let isRefused = true;
    const module = await open({
      files: { [INI]: BOTH, [CARRIER]: failing(1) },
      answer: (request) => (isRefused && request.uriPath?.[0] === "rd" ? { code: "4.03" } : undefined),
    });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 3 4 1 2"));
    isRefused = false;
    await bootstrap(module);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("[BG-069] is no bootstrap where a block leaves BS_IF_REG_FAILS out, or there is no carrier_apn_cfg", async () => {
    for (const carrier of ["APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\n", undefined]) {
      const module = await open({
        files: { [INI]: BOTH, ...(carrier !== undefined && { [CARRIER]: carrier }) },
        answer: () => ({ code: "4.03" }),
      });
      if (carrier === undefined) module.efs.remove(CARRIER);
      await module.send('"register"');
      expect(await module.wait(1000)).toEqual(events("0 3 4"));
      expect(await module.wait(61_000)).toEqual(events("3 4"));
    }
  });
});

describe("a bootstrap that fails", () => {
  const REFUSED = { files: { [INI]: BOOTSTRAP }, answer: () => ({ code: "4.00" }) as const };

  it("[BG-007][BG-086] is repeated as often as lwm2m_cfg says, by its timers, and then stays at 1", async () => {
    const module = await open({
      ...REFUSED,
      files: {
        [INI]: BOOTSTRAP,
        [CFG]: cfg(
          "REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=3",
          "REG_RETRY_TIMEOUT=10",
          "REG_RETRY_EXPONENT=3",
          "REG_RETRY_MAXTIMEOUT=50",
        ),
      },
    });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 1 2"));
    expect(await module.wait(8000)).toEqual([]);
    expect(await module.wait(2000)).toEqual(events("1 2"));
    expect(await module.wait(28_000)).toEqual([]);
    expect(await module.wait(2000)).toEqual(events("1 2"));
    expect(await module.wait(47_000)).toEqual([]);
    expect(await module.wait(3000)).toEqual(events("1 2 1"));
    expect(await module.wait(3_600_000)).toEqual([]);
    expect(await module.send('"register"')).toEqual(["OK"]); // begins anew
    expect(await module.wait(100)).toEqual(events("0 1 2"));
  });

  it("[BG-086] is not repeated where lwm2m_cfg leaves that out", async () => {
    const module = await open(REFUSED);
    await module.send('"register"');
    expect(await module.wait(3_600_000)).toEqual(events("0 1 2 1"));
  });

  it("[BG-007] being interrupted half way: as one that fails, after 247 s of silence", async () => {
    const module = await open({ files: { [INI]: BOOTSTRAP, [CFG]: cfg("REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=1") } });
    await module.send('"register"');
    expect(await module.wait(246_000)).toEqual(events("0 1 2"));
    expect(await module.wait(2000 + 58_000)).toEqual([]);
    expect(await module.wait(2000)).toEqual(events("1 2"));
    await bootstrap(module);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("for want of accounts that fit: the Bootstrap-Server hears 4.06, and the host nothing until it has given up", async () => {
    const module = await open({ files: { [INI]: BOOTSTRAP } });
    await module.send('"register"');
    await module.wait(1000);
    const finish = module.last().endpoint.request({ method: "POST", uriPath: ["bs"] });
    expect(await module.wait(1000)).toEqual([]);
    expect((await finish).code).toBe("4.06");
    expect(await module.wait(245_000)).toEqual([]);
    expect(await module.wait(5000)).toEqual(events("1"));
  });

  it("for want of a Bootstrap-Server: 0, 1, and so it stays", async () => {
    const module = await open();
    await module.send('"bsmode",1');
    module.efs.write(INI, SERVER); // a host's own file, put there afterwards
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(3_600_000)).toEqual(events("0 1"));
    await module.send('"bsmode",0');
    expect(await module.send('"register"')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });
});

describe("while registered", () => {
  const refusing = () => {
    const server = { refuses: false };
    const answer: NonNullable<ModuleOptions["answer"]> = (request) =>
      server.refuses && request.method === "POST" && request.uriPath?.length === 2 ? { code: "4.04" } : undefined;
    return { server, answer };
  };

  it("[BG-012] a periodic Update, and one that host or server asks for, are not told", async () => {
    const module = await openReady();
    expect(await module.wait(3_600_000)).toEqual([]);
    expect(await module.send('"update",102,1')).toEqual(["OK"]);
    void module.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "8"] });
    expect(await module.wait(1000)).toEqual([]);
  });

  it("what a server reads, writes, executes and observes elsewhere is not told", async () => {
    const module = await openReady();
    const { endpoint } = module.last();
    const codes = [
      endpoint.request({ method: "GET", uriPath: ["3", "0", "9"], observe: 0 }),
      endpoint.request({ method: "PUT", uriPath: ["1", "1", "1"], contentFormat: 0, payload: Buffer.from("600") }),
      endpoint.request({ method: "PUT", uriPath: ["3", "0", "14"], contentFormat: 0, payload: Buffer.from("+02:00") }),
      endpoint.request({ method: "POST", uriPath: ["7", "0", "6"] }),
      endpoint.request({ method: "DELETE", uriPath: ["19", "1"] }),
    ];
    expect(await module.wait(10_000)).toEqual([]);
    expect((await Promise.all(codes)).map(({ code }) => code)).toEqual(["2.05", "2.04", "2.04", "2.04", "2.02"]);
  });

  it("[BG-018][BG-119] an Update that is refused with 4.04: 3, 4, 5", async () => {
    const { server, answer } = refusing();
    const module = await openReady({ answer });
    server.refuses = true;
    await module.send('"update",0');
    expect(await module.wait(1000)).toEqual(events("3 4 5"));
  });

  it("[BG-018][BG-119] an Update that is not answered: 3, 4, and 5 when the server is back", async () => {
    let isGone = false;
    const module = await openReady({ network: () => () => !isGone });
    isGone = true;
    await module.send('"update",0');
    expect(await module.wait(61_000)).toEqual([]);
    expect(await module.wait(33_000)).toEqual(events("3 4"));
    isGone = false;
    expect(await module.wait(120_000)).toEqual(events("5"));
  });

  it("an Update that fails, with updateRefused = bootstrap: 1, 2 where there is a Bootstrap-Server, else 1", async () => {
    for (const [ini, expected] of [
      [BOTH, "1 2"],
      [SERVER, "1"],
    ] as const) {
      const { server, answer } = refusing();
      const module = await openReady({ answer, dialect: { updateRefused: "bootstrap" }, files: { [INI]: ini } });
      server.refuses = true;
      await module.send('"update",0');
      expect(await module.wait(10_000)).toEqual(events(expected));
      if (ini !== BOTH) continue;
      await bootstrap(module);
      expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
    }
  });

  it("of two servers, with updateRefused = bootstrap, the last one lost leads to 1, 2", async () => {
    const { server, answer } = refusing();
    const module = await openReady({
      answer,
      dialect: { updateRefused: "bootstrap" },
      files: { [INI]: `${BOTH}\n${SECOND}` },
    });
    server.refuses = true;
    expect(await module.send('"update",102')).toEqual(["OK"]);
    expect(await module.wait(10_000)).toEqual([]);
    expect(await module.send('"update",102')).toEqual(["ERROR"]);
    expect(await module.send('"update",103')).toEqual(["OK"]);
    expect(await module.wait(10_000)).toEqual(events("1 2"));
  });

  it("Disable by the server: nothing, and after the Disable Timeout 3, 4, 5", async () => {
    const module = await openReady();
    void module.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "4"] });
    expect(await module.wait(59_000)).toEqual([]);
    expect(module.asked()).toEqual(["POST /rd", "DELETE /rd/1"]);
    expect(await module.wait(2000)).toEqual(events("3 4 5"));
  });

  it("a bootstrap that the Bootstrap-Server begins, where that is offered: 2, then 0, 3, 4, 5", async () => {
    const module = await openReady({ files: { [INI]: BOTH }, serverInitiatedBootstrap: true });
    const [server] = module.servers.filter(({ target }) => target.host === "192.0.2.9");
    void server!.endpoint.request({ method: "DELETE", uriPath: [] });
    expect(await module.wait(1000)).toEqual(events("2"));
    await bootstrap({ ...module, last: () => server! });
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it.each([
    [
      "no cell",
      (m: Module, gone: boolean) => m.modem.update((state) => ({ network: { ...state.network, coverage: !gone } })),
    ],
    ["AT+CFUN=4", async (m: Module, gone: boolean) => m.type(`AT+CFUN=${gone ? 4 : 1}\r`)],
    ["AT+CFUN=0", async (m: Module, gone: boolean) => m.type(`AT+CFUN=${gone ? 0 : 1}\r`)],
    ["AT+CGATT=0, and another address", async (m: Module, gone: boolean) => m.type(`AT+CGATT=${gone ? 0 : 1}\r`)],
    [
      "no SIM",
      (m: Module, gone: boolean) =>
        m.modem.update(({ sim }) => ({
          sim: { ...sim, status: gone ? "NOT INSERTED" : "NOT READY", card: gone ? "NOT INSERTED" : "READY" },
        })),
    ],
  ])("%s for a while: nothing, and then an Update, nothing of which is told", async (_, turn) => {
    const module = await openReady();
    for (const goneMs of [60_000, 3_600_000]) {
      const before = module.asked().length;
      await turn(module, true);
      expect(await module.wait(goneMs)).toEqual([]);
      expect(module.asked()).toHaveLength(before);
      await turn(module, false);
      expect(await module.wait(20_000)).toEqual([]);
      expect(module.asked().slice(before)).toEqual(["POST /rd/1"]);
    }
  });
});

describe("without a network for a while", () => {
  const cover = (module: Module, coverage: boolean) =>
    module.modem.update((state) => ({ network: { ...state.network, coverage } }));
  /** Out of reach for so long; @returns what was printed meanwhile. */
  const tunnel = async (module: Module, ms: number) => {
    cover(module, false);
    const lines = await module.wait(ms);
    cover(module, true);
    return lines;
  };

  it("a registration that was refused waits, and is tried at once on return", async () => {
    let isRefused = true;
    const module = await open({
      files: { [INI]: BOTH, [CARRIER]: failing(0) },
      answer: () => (isRefused ? { code: "4.03" } : undefined),
    });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 3 4"));
    expect(await tunnel(module, 3_600_000)).toEqual([]);
    isRefused = false;
    expect(await module.wait(1000)).toEqual(events("3 4 5"));
  });

  it("a registration under way is no failure that leads to a bootstrap", async () => {
    const module = await open({ files: { [INI]: BOTH, [CARRIER]: failing(1) }, network: () => () => !isMute });
    let isMute = true;
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 3 4"));
    expect(await tunnel(module, 3_600_000)).toEqual([]);
    isMute = false;
    expect(await module.wait(1000)).toEqual(events("3 4 5"));
  });

  it("a bootstrap waits, whatever attempts it has left, and is asked for again on return", async () => {
    let isRefused = true;
    const module = await open({
      files: { [INI]: BOOTSTRAP, [CFG]: cfg("REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=1") },
      answer: () => (isRefused ? { code: "4.00" } : undefined),
    });
    await module.send('"register"');
    expect(await module.wait(1000)).toEqual(events("0 1 2"));
    expect(await tunnel(module, 3_600_000)).toEqual([]); // the second attempt is due
    isRefused = false;
    expect(await module.wait(1000)).toEqual(events("1 2"));
    await bootstrap(module);
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));

    let isMute = true;
    const unheard = await open({ files: { [INI]: BOOTSTRAP, [CFG]: cfg() }, network: () => () => !isMute });
    await unheard.send('"register"');
    expect(await unheard.wait(1000)).toEqual(events("0 1 2"));
    expect(await tunnel(unheard, 3_600_000)).toEqual([]);
    isMute = false;
    expect(await unheard.wait(1000)).toEqual([]);
    expect(unheard.asked()).toEqual(["POST /bs"]);
    await bootstrap(unheard);
    expect(await unheard.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it("what the host asks for is told in the Update on return", async () => {
    const module = await openReady();
    cover(module, false);
    await module.wait(1000);
    expect(await module.send('"lifetime",102,600')).toEqual(["OK"]);
    expect(await module.send('"update",102,1')).toEqual(["OK"]);
    expect(await module.wait(3_600_000)).toEqual([]);
    cover(module, true);
    expect(await module.wait(1000)).toEqual([]);
    expect(module.seen().slice(1)).toEqual(["POST /rd/1?lt=600"]);
    expect(module.last().requests.at(-1)?.payload.toString()).toContain("</3/0>");
  });

  it("an Update under way is sent again on return, with what it carries, over a new link where its own has ended", async () => {
    for (const ends of [false, true]) {
      let isMute = false;
      const module = await openReady({ network: () => () => !isMute });
      isMute = true;
      await module.send('"update",102,1');
      await module.wait(1000);
      cover(module, false);
      if (ends) module.links[0]!.drop("close_notify");
      expect(await module.wait(3_600_000)).toEqual([]);
      isMute = false;
      cover(module, true);
      expect(await module.wait(1000)).toEqual([]);
      expect(module.asked()).toEqual(["POST /rd", "POST /rd/1"]);
      expect(module.last().requests.at(-1)?.payload.toString()).toContain("</3/0>");
      expect(module.servers).toHaveLength(ends ? 2 : 1);
    }
  });

  it("a Disable Timeout that ends meanwhile is over on return: 3, 4, 5", async () => {
    const module = await openReady();
    void module.last().endpoint.request({ method: "POST", uriPath: ["1", "1", "4"] });
    await module.wait(1000);
    expect(await tunnel(module, 600_000)).toEqual([]);
    expect(await module.wait(1000)).toEqual(events("3 4 5"));
  });

  it("[BG-019] a registration that still holds is updated, and not made anew, with PER_REGSTATUS_FEAT=1 as with 0", async () => {
    for (const keeps of [0, 1]) {
      const module = await openReady({ files: { [CFG]: cfg(`PER_REGSTATUS_FEAT=${keeps}`) } });
      expect(await tunnel(module, 100_000)).toEqual([]); // of 300 s
      expect(await module.wait(300_000)).toEqual([]);
      expect([...new Set(module.asked().slice(1))]).toEqual(["POST /rd/1"]);
    }
  });

  it("a registration that has lapsed meanwhile, which the server says on return: 3, 4, 5", async () => {
    let isForgotten = false;
    const module = await openReady({
      answer: (request) => (isForgotten && request.uriPath?.length === 2 ? { code: "4.04" } : undefined),
    });
    isForgotten = true;
    expect(await tunnel(module, 3_600_000)).toEqual([]);
    expect(await module.wait(1000)).toEqual(events("3 4 5"));
  });
});

describe("the end", () => {
  it("[BG-124] deregister: OK and no line, unless the dialect tells it by 0", async () => {
    const module = await openReady();
    expect(await module.send('"deregister"')).toEqual(["OK"]);
    expect(await module.wait(600_000)).toEqual([]);
    expect(module.asked()).toEqual(["POST /rd", "DELETE /rd/1"]);
    expect(await module.send('"deregister"')).toEqual(["ERROR"]);
    expect(await module.send('"update",0')).toEqual(["ERROR"]);
    const telling = await openReady({ dialect: { deregisterEvent: true } });
    expect(await telling.send('"deregister"')).toEqual(["OK"]);
    expect(await telling.wait(1000)).toEqual(events("0"));
    await telling.send('"register"');
    expect(await telling.wait(1000)).toEqual(events("0 3 4 5"));
    expect(await telling.boot()).toEqual([]);
  });

  it("[BG-136][BG-137] enable,0: OK, a De-register, no line; not at the next boot either, until enable,1", async () => {
    const module = await openReady();
    expect(await module.send('"enable",1')).toEqual(["OK"]);
    expect(await module.wait(1000)).toEqual([]);
    expect(await module.boot()).toEqual(events("0 3 4 5"));
    expect(await module.send('"enable",0')).toEqual(["OK"]);
    expect(await module.wait(60_000)).toEqual([]);
    expect(module.asked().slice(-2)).toEqual(["POST /rd", "DELETE /rd/2"]);
    expect(await module.boot()).toEqual([]);
    expect(await module.send('"register"')).toEqual(["OK"]); // the host may still start it
    expect(await module.wait(1000)).toEqual(events("0 3 4 5"));
  });

  it.each(["AT+CFUN=1,1", "AT+QPOWD"])("[BG-014] %s: a De-register, and no line", async (command) => {
    const module = await openReady();
    const printed = await module.type(`${command}\r`);
    expect([...printed, ...(await module.wait(20_000))].filter((line) => line.startsWith("+QLW"))).toEqual([]);
    expect(module.asked()).toEqual(["POST /rd", "DELETE /rd/1"]);
    const keeping = await openReady({ files: { [CFG]: cfg("PER_REGSTATUS_FEAT=1") } });
    await keeping.type(`${command}\r`);
    expect(await keeping.wait(20_000)).toEqual([]);
    expect(keeping.asked()).toEqual(["POST /rd"]);
  });
});
