/** What AT+QLWM2M changes, as Servers, network and files see it: a terminal on a whole module. */
import { describe, expect, it } from "vitest";
import { get, post, put, tlv } from "../ets/ask.ts";
import { usualAnswers, walk } from "../ets/raw-device.ts";
import { createRawServer, type RawServer } from "../ets/raw-server.ts";
import { openModule } from "../support/at-module.ts";
import { hardware } from "../support/hardware.ts";

const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const CARRIER = "/datatx/carrier_apn_cfg";
const account = (id: number, shortServerId: number, lifetimeS: number) =>
  `{"bn":"/0/${id}/","e":[{"n":"0","sv":"coap://192.0.2.${id}:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":${shortServerId}}]}
{"bn":"/1/${id}/","e":[{"n":"0","v":${shortServerId}},{"n":"1","v":${lifetimeS}},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const SERVER = account(1, 102, 300);
const SECOND = account(2, 103, 600);
const BOOTSTRAP = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;
const ACL = '{"bn":"/2/0/","e":[{"n":"0","v":1},{"n":"1","v":1},{"n":"2/102","v":15},{"n":"3","v":102}]}';
const LEAST_CFG = "{\nAPN=internet;\n}\n";

type ModuleOptions = NonNullable<Parameters<typeof openModule>[0]>;

async function open({ files, ...options }: ModuleOptions = {}) {
  const module = await openModule({ ...options, files: { [INI]: SERVER, [CFG]: LEAST_CFG, ...files } });
  if (files?.[CARRIER] === undefined) module.efs.remove(CARRIER);
  /** Types them; all are accepted. */
  const set = async (...functions: readonly string[]) => {
    for (const each of functions) {
      const lines = await module.type(`AT+QLWM2M=${each}\r`);
      expect(lines.at(-1), each).toBe("OK");
    }
  };
  const start = async () => {
    await set('"register"');
    await module.clock.advance(1000);
    module.take();
  };
  /** As a host does it that wants its settings to hold. */
  const restart = async () => {
    await module.type("AT+CFUN=1,1\r");
    await module.clock.advance(20_000);
    await module.type("ATE0\r");
    module.take();
  };
  const send = (rest: string) => module.type(`AT+QLWM2M=${rest}\r`);
  return { ...module, set, start, restart, send, target: () => module.last().target };
}
type Module = Awaited<ReturnType<typeof open>>;

/** What each Server has heard, by host. */
const heard = ({ servers }: Module, host: string) =>
  servers
    .filter(({ target }) => target.host === host)
    .flatMap(({ requests }) =>
      requests.map(({ method, uriPath, uriQuery }) => `${method} /${uriPath?.join("/")}?${uriQuery?.join("&") ?? ""}`),
    );
const only = (apn: string) => ({ network: { ...hardware.network, apns: [apn] } });

describe("which server", () => {
  it("[BG-103][BG-139] cdp and bootstrap,1 say where the next start goes to, not where the running Client is", async () => {
    const module = await open();
    await module.set('"cdp","198.51.100.7",5700');
    await module.start();
    expect(module.target()).toMatchObject({ scheme: "coap", host: "198.51.100.7", port: 5700 });
    await module.set('"cdp","198.51.100.8",5800', '"update",0');
    await module.clock.advance(600_000);
    expect(module.servers).toHaveLength(1);
    await module.set('"reset"', '"enable",1');
    await module.restart();
    expect(module.target()).toMatchObject({ host: "198.51.100.8", port: 5800 });
    await module.set('"bootstrap",1,"coap://198.51.100.9:5900"', '"reset"');
    await module.restart();
    expect(module.target()).toMatchObject({ host: "198.51.100.9", port: 5900 });
  });

  it("[BG-110][BG-111][BG-141][BG-142][BG-046] bsmode and bootstrap,3 choose between the two accounts of one bootstrap.ini", async () => {
    for (const [setting, request] of [
      ['"bsmode",0', "POST /rd"],
      ['"bsmode",1', "POST /bs"],
      ['"bootstrap",3,0', "POST /rd"],
      ['"bootstrap",3,1', "POST /bs"],
    ] as const) {
      const module = await open({ files: { [INI]: `${BOOTSTRAP}\n${SERVER}` } });
      await module.set(setting);
      await module.start();
      expect(module.seen()[0]?.split("?")[0]).toBe(request);
      expect(module.target()).toMatchObject(
        request === "POST /bs" ? { host: "192.0.2.9", port: 5783 } : { host: "192.0.2.1", port: 5683 },
      );
    }
  });

  it("[BG-002] factory bootstrap is what a module does that nobody has told its mode, even beside a Bootstrap-Server", async () => {
    const module = await open({ files: { [INI]: `${BOOTSTRAP}\n${SERVER}` } });
    await module.start();
    expect(module.seen().map((each) => each.split("?")[0])).toEqual(["POST /rd"]);
  });

  it("[BG-006][BG-047] a bootstrap.ini of four accounts and an Access Control Instance is there as a whole", async () => {
    const module = await open({ files: { [INI]: [BOOTSTRAP, SERVER, SECOND, account(3, 104, 900), ACL].join("\n") } });
    await module.start();
    expect([0, 1, 2].map((id) => module.registry.instances(id))).toEqual([[0, 1, 2, 3], [1, 2, 3], [0]]);
    expect(module.registry.value(2, 0, 2)).toEqual(new Map([[102, 15]]));
    expect(module.client.status.servers.map(({ shortServerId, state }) => [shortServerId, state])).toEqual([
      [102, "registered"],
      [103, "registered"],
      [104, "registered"],
    ]);
  });

  it("[BG-143][BG-144][BG-148][BG-149] bootstrap,4 and psk,0: the link has DTLS with the PSK that psk,1 tells, or has none", async () => {
    const module = await open();
    await module.set('"bootstrap",4,0', '"psk",0');
    const [told] = await module.send('"psk",1');
    const [, identity, key] = /^\+QLWM2M: "psk","\|(.*)\|:([0-9A-F]{64})"$/.exec(told!)!;
    expect(identity).toBe("IMEI:864508030012428_QUECTELTMOBILEDDI");
    // as psktool writes a name with a colon in it
    const name = `#${Buffer.from(identity!).toString("hex")}`;
    expect(String(module.efs.read("/datatx/ssl/102_server.psk"))).toBe(`${name}:${key!.toLowerCase()}\n`);
    await module.start();
    expect(module.target()).toMatchObject({ scheme: "coaps", host: "192.0.2.1", port: 5683 });
    expect([String(module.target().identity), module.target().key?.toString("hex").toUpperCase()]).toEqual([
      identity,
      key,
    ]);
    await module.set('"bootstrap",4,3', '"reset"', '"enable",1');
    await module.restart();
    expect(module.target()).toMatchObject({ scheme: "coap", host: "192.0.2.1", port: 5683 });
  });

  it("[BG-149][BG-096][BG-097] psk,1 tells the PSK that the user has copied there, which is the one in use", async () => {
    const module = await open();
    await module.type('AT+QFUPL="EUFS:/datatx/ssl/102_server.psk",45\r');
    await module.type("iot_app_102:00112233445566778899aabbccddeeff\n");
    await module.clock.advance(1000);
    module.take();
    await module.set('"bootstrap",4,0');
    expect(await module.send('"psk",1')).toEqual([
      '+QLWM2M: "psk","|iot_app_102|:00112233445566778899AABBCCDDEEFF"',
      "OK",
    ]);
    await module.start();
    expect(String(module.target().identity)).toBe("iot_app_102");
  });

  it("[BG-063] identity and key that bootstrap.ini has in Base64 are those of the link", async () => {
    const secret = SERVER.replace("coap:", "coaps:").replace(
      '{"n":"2","v":3}',
      '{"n":"2","v":0},{"n":"3","sv":"bWV0ZXIgN8Ok"},{"n":"5","sv":"AAECA/8="}',
    );
    const module = await open({ files: { [INI]: secret } });
    await module.start();
    const { identity, key } = module.target();
    expect([identity?.toString("utf8"), key?.toString("hex")]).toEqual(["meter 7ä", "00010203ff"]);
  });

  it("[BG-100] select: the profile's own server is where the module goes after a restart", async () => {
    const module = await open();
    await module.start();
    await module.set('"select",0', '"enable",1');
    await module.clock.advance(600_000);
    expect(module.target().host).toBe("192.0.2.1");
    await module.set('"reset"');
    await module.restart();
    expect(module.target().host).toBe("leshan.eclipseprojects.io");
  });
});

describe("by which name", () => {
  it("[BG-106][BG-107][BG-109][BG-151] epns and endpoint: the ep of Register and of Bootstrap-Request", async () => {
    const names = async (settings: readonly string[], files: Record<string, string> = {}) => {
      const found: (string | undefined)[] = [];
      for (const mode of [0, 1]) {
        const module = await open({ files: { [INI]: `${BOOTSTRAP}\n${SERVER}`, ...files } });
        await module.set(`"bsmode",${mode}`, ...settings);
        await module.start();
        found.push(module.last().requests[0]?.uriQuery?.[0]?.slice("ep=".length));
      }
      return found;
    };
    const imei = "urn:imei:864508030012428";
    const msisdn = "urn:imei-msisdn:864508030012428-15755127091";
    expect(await names(['"epns",1,"meter-7"'])).toEqual(["meter-7", "meter-7"]);
    expect(await names(['"endpoint",4,4'])).toEqual([imei, imei]);
    expect(await names(['"endpoint",7,7'])).toEqual([msisdn, msisdn]);
    expect(await names(['"endpoint",7,4'])).toEqual([msisdn, imei]);
    // printf 00101000000000189860000000000000011 | md5sum
    expect(await names(['"select",2', '"epns",0,"QUEC"'])).toEqual(Array(2).fill("ASN_CSE-D-3193c52a9f-QUEC"));
  });

  it("[BG-087][BG-088] lwm2m_cfg without the names' forms: IMEI URN to register, IMEI-MSISDN URN to bootstrap", async () => {
    for (const [mode, name] of [
      [0, "urn:imei:864508030012428"],
      [1, "urn:imei-msisdn:864508030012428-15755127091"],
    ] as const) {
      const module = await open({ files: { [INI]: `${BOOTSTRAP}\n${SERVER}` } });
      await module.set(`"bsmode",${mode}`);
      await module.start();
      expect(module.last().requests[0]?.uriQuery?.[0]).toBe(`ep=${name}`);
    }
  });
});

describe("over which data call", () => {
  it("[BG-048][BG-150] apn: the next start's data call, for the server and for its bootstrap", async () => {
    for (const mode of [0, 1]) {
      const module = await open({
        hardware: only("meters.example"),
        files: { [INI]: `${BOOTSTRAP}\n${SERVER}`, [CARRIER]: "APN_NAME=internet\nSHORT_SERVER_ID1=102\n" },
      });
      await module.set(`"bsmode",${mode}`);
      await module.start();
      expect(module.servers).toEqual([]);
      await module.set('"deregister"', '"apn","meters.example"');
      await module.start();
      expect(module.servers).toHaveLength(1);
    }
  });

  it("[BG-066][BG-068] a block of carrier_apn_cfg without a server is that of 102, and one without an APN has carrierAPN1", async () => {
    for (const [apn, block] of [
      ["meters.example", "APN_NAME=meters.example\n"],
      ["carrierAPN1", "SHORT_SERVER_ID1=102\n"],
    ] as const) {
      const module = await open({ hardware: only(apn), files: { [CARRIER]: block } });
      await module.start();
      expect(module.modem.state.moduleCalls).toMatchObject([{ apn, apnClass: 2 }]);
    }
  });

  it("[BG-017][BG-048][BG-068][BG-071] each server has the APN of its own block, and one without a block that of lwm2m_cfg", async () => {
    const module = await open({
      files: {
        [INI]: [SERVER, SECOND, account(3, 104, 900)].join("\n"),
        // guide §3.3.2, with servers of its own
        [CARRIER]:
          "/* Existing APN config */\nAPN_NAME=one\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\n; /* New APN config */\nAPN_NAME=two\nAPN_CLASS=3\nSHORT_SERVER_ID1=103\n",
      },
    });
    await module.start();
    expect(module.modem.state.moduleCalls.map(({ apn, apnClass }) => [apn, apnClass])).toEqual([
      ["one", 2],
      ["two", 3],
      ["internet", 2],
    ]);
  });

  it.each([
    ["", [30, 60, 120, 240, 480]],
    ["MAX_NO_RETRIES=7;\n", [30, 60, 120, 240, 480, 640, 640]],
    ["RETRY_TIMEOUT=10;\nRETRY_EXPONENT_VAL=3;\nMAX_RETRY_TIMEOUT=50;\nMAX_NO_RETRIES=4;\n", [10, 30, 50, 50]],
    ["MAX_NO_RETRIES=0;\n", []],
  ])(
    "[BG-074][BG-075][BG-076][BG-077][BG-199] lwm2m_cfg with %j: the data call is tried again after %j s",
    async (lines, seconds) => {
      const module = await open({ hardware: only("other"), files: { [CFG]: `{\nAPN=internet;\n${lines}}\n` } });
      await module.start();
      for (const each of seconds) {
        const tries = () => module.logged.filter((line) => line.startsWith("data call")).length;
        const before = tries();
        await module.clock.advance(each * 1000 - 1001);
        expect(tries()).toBe(before);
        await module.clock.advance(1001);
        expect(tries()).toBe(before + 1);
        await module.clock.advance(0);
      }
      expect(module.logged.at(-1)).toMatch(/^data call given up/);
      expect(module.client.status.running).toBe(false);
    },
  );

  it("[BG-134][BG-135] ippref: an IPv4 or an IPv6 address, from the next start on", async () => {
    for (const [preference, address] of [
      [0, /^10\./],
      [1, /^2001:db8:/],
    ] as const) {
      const module = await open();
      await module.set(`"ippref",${preference}`);
      await module.start();
      expect(module.modem.state.moduleCalls).toMatchObject([{ address: expect.stringMatching(address) }]);
    }
  });
});

describe("registered with two servers", () => {
  const openTwo = async (options: ModuleOptions = {}) => {
    const module = await open({ ...options, files: { [INI]: `${SERVER}\n${SECOND}`, ...options.files } });
    await module.start();
    return module;
  };
  const both = (module: Module) => [heard(module, "192.0.2.1").slice(1), heard(module, "192.0.2.2").slice(1)];

  it("[BG-120][BG-121][BG-122] update goes to the one named, or to all; with the Objects in mode 1 alone", async () => {
    const module = await openTwo();
    await module.set('"update",103');
    await module.clock.advance(100);
    expect(both(module)).toEqual([[], ["POST /rd/2?"]]);
    await module.set('"update",0,1');
    await module.clock.advance(100);
    expect(both(module)).toEqual([["POST /rd/1?"], ["POST /rd/2?", "POST /rd/2?"]]);
    const payloads = module.servers.map(({ requests }) => requests.slice(1).map(({ payload }) => String(payload)));
    expect(payloads[0]).toEqual([expect.stringContaining("</3/0>")]);
    expect(payloads[1]).toEqual(["", expect.stringContaining("</3/0>")]);
  });

  it("[BG-125] lifetime is told to the one named, in an Update, and sets its pace", async () => {
    const module = await openTwo();
    await module.set('"lifetime",103,120');
    await module.clock.advance(100);
    expect(both(module)).toEqual([[], ["POST /rd/2?lt=120"]]);
    await module.clock.advance(61_000);
    expect(both(module)).toEqual([[], ["POST /rd/2?lt=120", "POST /rd/2?"]]);
    expect(module.registry.value(1, 1, 1)).toBe(300);
  });

  it("[BG-124] deregister leaves both", async () => {
    const module = await openTwo();
    await module.set('"deregister"');
    await module.clock.advance(100);
    expect(both(module)).toEqual([["DELETE /rd/1?"], ["DELETE /rd/2?"]]);
  });
});

describe("data", () => {
  /** Registered, with a Server that observes /<id>/0/0; `sent` are the device's datagrams since. */
  const observed = async (id: number, options: ModuleOptions = {}) => {
    let sent: string[] = [];
    const note = (from: 0 | 1, datagram: Buffer) => {
      if (from === 0) sent.push(datagram.toString("latin1"));
      return true;
    };
    const module = await open({ ...options, dialect: { uplinkObjects: "all" }, network: () => note });
    await module.start();
    const request = { method: "GET", uriPath: [String(id), "0", "0"], observe: 0 } as const;
    void module.last().endpoint.request(request);
    await module.clock.advance(1000);
    expect(module.take()).toEqual([expect.stringMatching(new RegExp(`^\\+QLWOBSERVE: "[0-9A-F]+","/${id}/0/0",0$`))]);
    sent = [];
    return { ...module, sent: () => sent };
  };

  it.each([19, 10250, 26241])(
    "[BG-127][BG-131] uldata and ulhex: the very bytes are what an observer of /%i/0/0 is told",
    async (id) => {
      const module = await observed(id);
      await module.set(`"uldata",${id},11,"a,b;c|d = 1"`, `"ulhex",${id},3,"00fFa0"`);
      await module.clock.advance(1000);
      // RFC 7252 §3: the payload is what follows the marker 0xff
      expect(module.sent().map((each) => each.slice(each.indexOf("\xff") + 1))).toEqual([
        "a,b;c|d = 1",
        "\x00\xff\xa0",
      ]);
    },
  );

  it("[BG-128] the LGU+ Objects take data while the Client runs in that profile: select holds from the next start on", async () => {
    const module = await open();
    await module.start();
    const answers = async () => {
      const given: (string | undefined)[] = [];
      for (const id of [19, 10250, 26241, 20, 3]) given.push((await module.send(`"ulhex",${id},1,"78"`)).at(-1));
      return given;
    };
    expect(await answers()).toEqual(["OK", "ERROR", "ERROR", "ERROR", "ERROR"]);
    await module.set('"select",2', '"bsmode",0', '"cdp","192.0.2.1",5683');
    expect(await answers()).toEqual(["OK", "ERROR", "ERROR", "ERROR", "ERROR"]);
    await module.set('"enable",1', '"reset"');
    await module.restart();
    expect(await answers()).toEqual(["OK", "OK", "OK", "ERROR", "ERROR"]);
    await module.set('"select",0');
    expect(await answers()).toEqual(["OK", "OK", "OK", "ERROR", "ERROR"]);
    await module.set('"reset"', '"enable",1');
    await module.restart();
    expect(await answers()).toEqual(["OK", "ERROR", "ERROR", "ERROR", "ERROR"]);
  });

  it("is refused before the registration and after it", async () => {
    const module = await open();
    expect(await module.send('"uldata",19,1,"x"')).toEqual(["ERROR"]);
    await module.start();
    expect(await module.send('"uldata",19,1,"x"')).toEqual(["OK"]);
    await module.set('"deregister"');
    await module.clock.advance(1000);
    expect(await module.send('"uldata",19,1,"x"')).toEqual(["ERROR"]);
  });

  it("[BG-132][BG-133][BG-170][BG-171][BG-172] what a server writes is printed as dltype has it, at once", async () => {
    const module = await open({ dialect: { uplinkObjects: "all" } });
    await module.start();
    const written = async (path: string, payload: string) => {
      const uriPath = path.slice(1).split("/");
      void module
        .last()
        .endpoint.request({ method: "PUT", uriPath, contentFormat: 42, payload: Buffer.from(payload, "latin1") });
      await module.clock.advance(1000);
      return module.take();
    };
    expect(await written("/19/1/0", "01")).toEqual(['+QLWDLDATA: "/19/1/0",4,2,"01"']);
    expect(await written("/19/1/0", "\x00\x01")).toEqual(['+QLWDLDATA: "/19/1/0",5,2,"0001"']);
    await module.set('"dltype",1');
    expect(await written("/19/1/0", "01")).toEqual(['+QLWDLDATA: "/19/1/0",5,2,"3031"']);
    expect(await written("/10250/0/1", "01")).toEqual(['+QLWDLDATA: "/10250/0/1",5,2,"3031"']);
    await module.set('"dltype",0');
    expect(await written("/10250/0/1", "01")).toEqual(['+QLWDLDATA: "/10250/0/1",4,2,"01"']);
    expect(await written("/26241/0/1", "01")).toEqual(['+QLWDLDATA: "/26241/0/1",5,2,"3031"']);
  });
});

describe("files", () => {
  it("[BG-052][BG-049][BG-185] those that a host has put into the data folder, by either name, hold from the next boot on", async () => {
    for (const folder of ["/data", "/datatx"]) {
      const module = await open();
      const put = async (name: string, text: string) => {
        const path = `EUFS:${folder}/${name}`;
        await module.type(`AT+QFDEL="${path}"\r`);
        const size = Math.max(text.length, 1);
        await module.type(`AT+QFUPL="${path}",${size}\r`);
        expect((await module.type(text || "\n")).at(-1), name).toBe("OK");
      };
      await put("bootstrap.ini", SERVER.replace("192.0.2.1", "198.51.100.4"));
      await put("carrier_apn_cfg", "APN_NAME=meters.example\nSHORT_SERVER_ID1=102\n");
      await put("lwm2m_cfg", "{\nAPN=internet;\nBOOT_UP_SLEEP_TIME=0;\n}\n");
      await put("lwm2m_app_autostart", "");
      await put("qcli_config", "");
      await module.clock.advance(60_000);
      expect(module.events).toEqual([]);
      await module.restart();
      expect([module.events, module.target().host]).toEqual([[0, 3, 4, 5], "198.51.100.4"]);
      expect(module.modem.state.moduleCalls).toMatchObject([{ apn: "meters.example" }]);
      expect(module.settings.qcli).toBe(true);
    }
  });

  it("[BG-138] bootstrap,0: the factory's bootstrap.ini holds at the next start", async () => {
    const module = await open();
    module.efs.write("/datatx/factory/bootstrap.ini", SERVER.replace("192.0.2.1", "198.51.100.5"));
    await module.set('"cdp","198.51.100.6",5683', '"bootstrap",0');
    await module.start();
    expect(module.target().host).toBe("198.51.100.5");
    module.efs.remove("/datatx/factory/bootstrap.ini");
    expect(await module.send('"bootstrap",0')).toEqual(["ERROR"]);
  });

  it("[BG-153][BG-202][BG-203][BG-204] without reset a new address is not used after a boot; after reset and a boot it is", async () => {
    const module = await open();
    await module.set('"register",1');
    await module.clock.advance(1000);
    expect(module.efs.list("/datatx/lwm2m")).not.toEqual([]);
    await module.set('"cdp","198.51.100.7",5683');
    await module.restart();
    expect(module.target().host).toBe("192.0.2.1");
    await module.set('"reset"');
    expect(module.efs.list("/datatx/lwm2m")).toEqual([]);
    const asked = module.seen().length;
    await module.clock.advance(60_000);
    expect(module.seen()).toHaveLength(asked); // reset itself restarts nothing
    await module.restart();
    expect(module.target().host).toBe("198.51.100.7");
  });

  it("[BG-204] the persistent files can be deleted by a host's file commands, too", async () => {
    const module = await open();
    await module.set('"register",1');
    await module.clock.advance(1000);
    module.take();
    for (const name of module.efs.list("/datatx/lwm2m")) {
      expect(await module.type(`AT+QFDEL="EUFS:/datatx/lwm2m/${name}"\r`)).toEqual(["OK"]);
    }
    await module.set('"cdp","198.51.100.7",5683');
    await module.restart();
    expect(module.target().host).toBe("198.51.100.7");
  });

  it("[BG-154] clean: nothing starts at the next boot, register is refused, until something is configured", async () => {
    const module = await open();
    await module.set('"register",1');
    await module.clock.advance(1000);
    await module.set('"clean"');
    await module.restart();
    await module.clock.advance(60_000);
    expect(module.events).toEqual([0, 3, 4, 5]);
    expect(await module.send('"register"')).toEqual(["ERROR"]);
    await module.set('"select",0', '"cdp","192.0.2.1",5683', '"apn","internet"', '"register"');
    await module.clock.advance(1000);
    expect(module.events.slice(4)).toEqual([0, 3, 4, 5]);
  });
});

it("[BG-195][BG-165][BG-157] the guide's chapter 6.2 as a whole: every answer, every event, what the server observes, hears and writes", async () => {
  const servers: RawServer[] = [];
  const usual = usualAnswers();
  const module: Module = await open({
    serverOn: (link, target) =>
      void servers.push(createRawServer({ link, target, clock: module.clock, script: () => usual })),
  });
  const type = async (line: string) => {
    const lines = await module.type(`${line}\r`);
    await module.clock.advance(1000);
    return [...lines, ...module.take()];
  };
  expect(await type('AT+QLWM2M="select",2')).toEqual(["OK"]);
  expect(await type('AT+QLWM2M="cdp","192.0.2.155",5783')).toEqual(["OK"]);
  expect(await type('AT+QLWM2M="epns",0,"QUEC"')).toEqual(["OK"]);
  expect(await type('AT+QLWM2M="mbmps","QUEC","992185","01212345678","904978","LWTHM"')).toEqual(["OK"]);
  expect(await type('AT+QLWM2M="register"')).toEqual([
    "OK",
    '+QLWEVENT: 0,"STATE_INITIAL"',
    '+QLWEVENT: 1,"STATE_BOOTSTRAP_REQUIRED"',
    '+QLWEVENT: 2,"STATE_BOOTSTRAPPING"',
  ]);
  const [bootstrap] = servers as [RawServer];
  expect([bootstrap.target.host, bootstrap.target.port]).toEqual(["192.0.2.155", 5783]);
  expect(bootstrap.requests()).toEqual(["POST /bs?ep=ASN_CSE-D-3193c52a9f-QUEC"]);

  const uri = Buffer.from("coap://192.0.2.1:5683").toString("hex");
  await walk(bootstrap, [
    [put("/0/1", tlv(`c80015${uri}c10100c10203c10a7b`)), "2.04"],
    [put("/1/1", tlv("c1007bc201012cc10601c10755")), "2.04"],
    [post("/bs"), "2.04"],
  ]);
  await module.clock.advance(1000);
  expect(module.take()).toEqual([
    '+QLWEVENT: 0,"STATE_INITIAL"',
    '+QLWEVENT: 3,"STATE_REGISTER_REQUIRED"',
    '+QLWEVENT: 4,"STATE_REGISTERING"',
    '+QLWEVENT: 5,"STATE_READY"',
  ]);

  const server = servers.at(-1)!;
  // the guide's own tokens
  await walk(server, [
    [get("/10250/0/0", { observe: 0, token: "a88044b83f554a5d" }), "2.05"],
    [get("/26241/0/0", { observe: 0, token: "3a6695cdcc9edc3c" }), "2.05"],
  ]);
  await module.clock.advance(1000);
  expect(module.take()).toEqual([
    '+QLWOBSERVE: "A88044B83F554A5D","/10250/0/0",0',
    '+QLWOBSERVE: "3A6695CDCC9EDC3C","/26241/0/0",0',
  ]);
  server.take();
  expect(await type('AT+QLWM2M="uldata",10250,5,"hello"')).toEqual(["OK"]);
  expect(await type('AT+QLWM2M="ulhex",10250,5,"3031323334"')).toEqual(["OK"]);
  const told = server.take().map(({ message }) => [message.token, String(message.payload)]);
  expect(told).toEqual([
    ["a88044b83f554a5d", "hello"],
    ["a88044b83f554a5d", "01234"],
  ]);
  await walk(server, [[put("/10250/0/1", { payload: Buffer.from("01"), format: 42 }), "2.04"]]);
  await module.clock.advance(1000);
  expect(module.take()).toEqual(['+QLWDLDATA: "/10250/0/1",4,2,"01"']);
});
