import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Efs, openEfs } from "#efs/efs";
import { type Client, ClientError } from "#lwm2m/client";
import { createSettings, type Settings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import { type Log, silentLog } from "#runtime";
import { type AtTerminal, openAtTerminal } from "../support/at-terminal.ts";

/** A Client that writes down what it is asked for; servers 100 and 102 are known to it. */
function createFakeClient() {
  const calls: unknown[][] = [];
  const fake = { calls, running: false, failure: undefined as Error | undefined };
  const note = (...call: unknown[]) => {
    if (fake.failure) throw fake.failure;
    calls.push(call);
  };
  const known = (shortServerId: number) => {
    if (![0, 100, 102].includes(shortServerId)) throw new ClientError(`no server ${shortServerId}`);
  };
  const client: Client = {
    get status() {
      return { running: fake.running, endpoint: "urn:imei:866425030000015", servers: [] };
    },
    register: (automatic) => note("register", automatic),
    update(shortServerId, withObjects) {
      known(shortServerId);
      note("update", shortServerId, withObjects);
    },
    async deregister() {
      note("deregister");
    },
    setLifetime(shortServerId, lifetimeS) {
      if (!fake.running) throw new ClientError("no persistent account");
      known(shortServerId);
      note("setLifetime", shortServerId, lifetimeS);
    },
    uplink: (objectId, data) => note("uplink", objectId, Buffer.from(data).toString("latin1")),
    halt: () => note("halt"),
  };
  return Object.assign(fake, { client });
}

let efs: Efs;
let at: AtTerminal;
let lwm2m: Settings;
let client: ReturnType<typeof createFakeClient>;
let logged: string;

beforeEach(async () => {
  logged = "";
  const note = (fields: object, message: string) => {
    logged += `${JSON.stringify(fields)} ${message}\n`;
  };
  const log: Log = { ...silentLog, debug: note, info: note, warn: note, error: note, child: () => log };
  efs = openEfs(mkdtempSync(join(tmpdir(), "bg96-qlwm2m-")));
  client = createFakeClient();
  // the terminal makes the modem, and needs the settings for it
  const modem = {
    get state() {
      return at.modem.state;
    },
  } as Modem;
  lwm2m = createSettings({ efs, modem, log });
  at = await openAtTerminal({ log, host: { efs, lwm2m, client: client.client } });
  await at.type("ATE0\r");
  lwm2m.selectProfile(0);
});
afterEach(() => rmSync(efs.root, { recursive: true }));

/** Types `AT+QLWM2M=` and what follows; the answer's lines, without the empty ones. */
const send = async (rest: string) => (await at.type(`AT+QLWM2M=${rest}\r`)).split("\r\n").filter((line) => line !== "");
const OK = ["OK"];
const ERROR = ["ERROR"];

/** A session as printed: "> " is typed, the other lines are the answer to the last of these. */
async function replay(script: string): Promise<void> {
  const printed: string[] = [];
  for (const line of script
    .trim()
    .split("\n")
    .map((each) => each.trim())) {
    if (!line.startsWith("> ")) continue;
    printed.push(line, ...(await at.type(`${line.slice(2)}\r`)).split("\r\n").filter((each) => each !== ""));
  }
  expect(printed).toEqual(
    script
      .trim()
      .split("\n")
      .map((each) => each.trim()),
  );
}

describe("the family", () => {
  it("[BG-098] AT+QLWM2M=? lists every function and its ranges as the guide prints them", async () => {
    // guide §4.1, test command
    await replay(`
      > AT+QLWM2M=?
      +QLWM2M: "select", (0-5)
      +QLWM2M: "cdp", <server>, <port>
      +QLWM2M: "epns", (0,1)[, <ep_name>]
      +QLWM2M: "bsmode", (0,1)
      +QLWM2M: "mbsps", <srvCode>, <seriaNo>, <cnt>, <iccid>, <module>[, <mac>]
      +QLWM2M: "register"[, (0,1)]
      +QLWM2M: "update", <ssid>[, (0,1)]
      +QLWM2M: "deregister"
      +QLWM2M: "lifetime", <ssid>, (30-86400)
      +QLWM2M: "uldata", <objID>, (1-1460), <Data>
      +QLWM2M: "ulhex", <objID>, (1-1460), <HexData>
      +QLWM2M: "dltype", (0,1)
      +QLWM2M: "ippref", (0,1)
      +QLWM2M: "enable", (0,1)
      +QLWM2M: "bootstrap", (0-4)[, <instance>]
      +QLWM2M: "qcli_en", (0,1)
      +QLWM2M: "psk", (0,1)
      +QLWM2M: "apn", <apn_name>
      +QLWM2M: "endpoint", (4,7), (4,7)
      +QLWM2M: "reset"
      +QLWM2M: "clean"
      OK`);
  });

  it("[BG-156] an unknown function answers ERROR, as do the read and the execute form of the family", async () => {
    await replay(`
      > AT+QLWM2M="observe",1
      ERROR
      > AT+QLWM2M="toString"
      ERROR
      > AT+QLWM2M=""
      ERROR
      > AT+QLWM2M=
      ERROR
      > AT+QLWM2M?
      ERROR
      > AT+QLWM2M
      ERROR`);
  });

  it.each([0, 1, 2])("[BG-099] every failure is a bare ERROR with AT+CMEE=%i", async (level) => {
    await at.type(`AT+CMEE=${level}\r`);
    expect(await send('"select",9')).toEqual(ERROR);
    expect(await send('"nothing"')).toEqual(ERROR);
    expect(await send('"uldata",19,3,"hello"')).toEqual(ERROR);
    expect(await send('"deregister"')).toEqual(ERROR);
    client.failure = new ClientError("register: no data call");
    expect(await send('"register"')).toEqual(ERROR);
  });

  const long = (length: number) => `"${"x".repeat(length)}"`;
  const FLAG = { takes: ["0", "1"], refuses: ["", "2", "-1", '"1"', "x", "0,0", ","] };
  const NONE = { takes: [], refuses: ["", "0", '""'] };
  /** What follows the name and its comma: both ends of every range, and one beyond; missing, left over, and misquoted ones. */
  const VALUES: Readonly<Record<string, { readonly takes: readonly string[]; readonly refuses: readonly string[] }>> = {
    select: { takes: ["0", "1", "2", "3", "4", "5"], refuses: ["", "6", "-1", '"0"', "0.5", "0x1", "0,0", "0,"] },
    cdp: {
      takes: ['"h",0', '"h",65535', '"10.0.0.1",5683', '"2001:db8::1",5683', `${long(255)},1`],
      refuses: [
        "",
        '"h"',
        '"h",',
        ",1",
        '"h",-1',
        '"h",65536',
        '"h","1"',
        "h,1",
        '"",1',
        `${long(256)},1`,
        '"a b",1',
        '"h",1,1',
      ],
    },
    epns: {
      takes: ['1,"x"', `1,${long(128)}`, '1," "'],
      refuses: [
        "",
        "1",
        "1,",
        ',"x"',
        '1,""',
        "1,x",
        `1,${long(129)}`,
        '2,"x"',
        '-1,"x"',
        '"1","x"',
        '1,"x",1',
        '1,"\xe9"',
        '0,"x"',
      ],
    },
    bsmode: FLAG,
    mbsps: {
      takes: ['"a","b","c","d","e"', "a,b,c,d,e", '"a",1,2,3,e,"f"', `${long(64)},1,2,3,4`, "1,2,3,4,5,"],
      refuses: ["", "a,b,c,d", "a,b,c,d,", "a,b,c,d,e,f,g", `${long(65)},1,2,3,4`, "a,,c,d,e", "a,b,c,d,e,f,"],
    },
    register: { takes: ["0", "1", ""], refuses: ["2", "-1", '"0"', "0,0", "0,"] },
    update: {
      takes: ["0", "102", "102,0", "102,1", "102,"],
      refuses: ["", "-1", "65536", "999", "102,2", "102,-1", '"102"', '102,"1"', "102,0,0", ",1"],
    },
    deregister: NONE,
    lifetime: {
      takes: ["102,30", "102,86400"],
      refuses: [
        "",
        "102",
        "102,",
        ",300",
        "102,29",
        "102,86401",
        "0,300",
        "65536,300",
        "999,300",
        '102,"300"',
        '"102",300',
        "102,300,1",
      ],
    },
    uldata: {
      takes: ["19,1,x", '19,5,"hello"', `19,1460,${long(1460)}`],
      refuses: [
        "",
        "19",
        "19,1",
        "19,1,",
        "19,0,",
        '19,0,""',
        `19,1461,${long(1461)}`,
        "19,2,x",
        "19,,x",
        '"19",1,x',
        "18,1,x",
        "20,1,x",
      ],
    },
    ulhex: {
      takes: ["19,1,78", '19,2,"00fF"', `19,1460,"${"00".repeat(1460)}"`],
      refuses: [
        "",
        "19,1",
        "19,1,",
        '19,0,""',
        `19,1461,"${"00".repeat(1461)}"`,
        "19,1,7",
        "19,1,7g",
        "19,2,78",
        "19,1,78,1",
        "18,1,78",
      ],
    },
    dltype: FLAG,
    ippref: FLAG,
    enable: FLAG,
    bootstrap: {
      takes: [
        "0",
        "1",
        '1,"coap://h:5683"',
        '1,"coaps://h:5684"',
        "2",
        "2,30",
        "2,86400",
        "3",
        "3,0",
        "3,1",
        '3,"0"',
        '3,"true"',
        "3,FALSE",
        "4",
        "4,0",
        "4,3",
      ],
      refuses: [
        "",
        "-1",
        "5",
        '"1"',
        "0,1",
        "1,coap://h:5683",
        '1,""',
        '1,"h:5683"',
        '1,"coap://h:65536"',
        "2,29",
        "2,86401",
        '2,"30"',
        "3,2",
        "3,-1",
        "4,1",
        "4,2",
        "4,4",
        '4,"0"',
        "1,1,1",
      ],
    },
    qcli_en: FLAG,
    psk: FLAG,
    apn: {
      takes: ['"a"', long(100), '"iot_1.example-2"'],
      refuses: ["", '""', long(101), "a", '"a b"', '"a;b"', '"a","b"'],
    },
    endpoint: {
      takes: ["4,4", "4,7", "7,4", "7,7"],
      refuses: ["", "4", "4,", ",4", "3,4", "5,4", "6,7", "8,7", "4,3", "4,8", '"4",4', "4,4,4"],
    },
    reset: NONE,
    clean: NONE,
  };

  it("[BG-099] every function takes the values of its range and refuses all others, which change nothing", async () => {
    efs.write("/datatx/factory/bootstrap.ini", String(efs.read("/datatx/bootstrap.ini")));
    client.running = true;
    const files = () => efs.list("/datatx").map((name) => `${name}: ${efs.read(`/datatx/${name}`)}`);
    const guide = (await send("?")).flatMap((line) => /^\+QLWM2M: "(\w+)"/.exec(line)?.[1] ?? []);
    expect(Object.keys(VALUES).sort()).toEqual(guide.sort());
    for (const [name, { takes, refuses }] of Object.entries(VALUES)) {
      for (const values of refuses) {
        const before = [files(), client.calls.length];
        expect(await send(`"${name}",${values}`), `${name},${values}`).toEqual(ERROR);
        expect([files(), client.calls.length], `${name},${values}`).toEqual(before);
      }
      for (const values of takes) expect((await send(`"${name}",${values}`)).at(-1), `${name},${values}`).toBe("OK");
    }
  });

  it("a failure that is nobody's refusal is ERROR to the host and an error in the log", async () => {
    client.failure = new TypeError("bug");
    expect(await send('"register"')).toEqual(ERROR);
    expect(logged).toContain("bug");
  });

  it("[BG-155] strings stand in double quotes and numbers plain; optional values may be left out", async () => {
    expect(await send('"cdp",host.example.org,5683')).toEqual(ERROR);
    expect(await send('"cdp","host.example.org","5683"')).toEqual(ERROR);
    expect(await send('"select","0"')).toEqual(ERROR);
    expect(await send('"apn",iot')).toEqual(ERROR);
    expect(await send('"epns",1,meter')).toEqual(ERROR);
    expect(await send('"bootstrap",1,coap://host:5683')).toEqual(ERROR);
    expect(await send("select,0")).toEqual(ERROR);
    expect(await send('"register"')).toEqual(OK);
    expect(await send('"update",102')).toEqual(OK);
  });

  it("function names are taken in any case, and several commands stand on one line", async () => {
    expect(await send('"SELECT";+QLWM2M="bsmode";+QLWM2M="select",9;+QLWM2M="register"')).toEqual([
      '+QLWM2M: "select",0',
      '+QLWM2M: "bsmode",0',
      "ERROR",
    ]);
    expect(client.calls).toEqual([]);
  });
});

describe("which server", () => {
  it("[BG-100][BG-102] select loads a profile and tells which", async () => {
    await replay(`
      > AT+QLWM2M="select"
      +QLWM2M: "select",0
      OK
      > AT+QLWM2M="select",2
      OK
      > AT+QLWM2M="select"
      +QLWM2M: "select",2
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",1
      OK
      > AT+QLWM2M="select",0
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",0
      OK`);
  });

  it.each(["6", "-1", "0,0", "x"])('[BG-101] "select",%s answers ERROR', async (type) => {
    expect(await send(`"select",${type}`)).toEqual(ERROR);
    expect(lwm2m.profile).toBe(0);
  });

  it.each(["1", "3", "4", "5"])(
    '[BG-100] "select",%s loads a profile with security, which asks for a PSK',
    async (type) => {
      await replay(`
      > AT+QLWM2M="select",${type}
      OK
      > AT+QLWM2M="select"
      +QLWM2M: "select",${type}
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",0
      OK
      > AT+QLWM2M="bootstrap",4
      +QLWM2M: "bootstrap",4,0
      OK
      > AT+QLWM2M="bootstrap",2
      +QLWM2M: "bootstrap",2,300
      OK
      > AT+QLWM2M="cdp"
      +QLWM2M: "cdp","192.0.2.1",5684
      OK
      > AT+QLWM2M="cdp","10.0.0.7",5684
      OK
      > AT+QLWM2M="bootstrap",1
      +QLWM2M: "bootstrap",1,"coaps://10.0.0.7:5684"
      OK
      > AT+QLWM2M="psk",1
      ERROR
      > AT+QLWM2M="psk",0
      OK`);
      expect(efs.list("/datatx/ssl")).toEqual(["102_server.psk"]);
    },
  );

  it("[BG-103][BG-104][BG-139] cdp and bootstrap,1 are two faces of one address", async () => {
    await replay(`
      > AT+QLWM2M="cdp","106.103.233.155",5783
      OK
      > AT+QLWM2M="cdp"
      +QLWM2M: "cdp","106.103.233.155",5783
      OK
      > AT+QLWM2M="bootstrap",1
      +QLWM2M: "bootstrap",1,"coap://106.103.233.155:5783"
      OK
      > AT+QLWM2M="bootstrap",1,"coap://leshan.example.org:5684"
      OK
      > AT+QLWM2M="cdp"
      +QLWM2M: "cdp","leshan.example.org",5684
      OK
      > AT+QLWM2M="bootstrap",4,0
      OK
      > AT+QLWM2M="cdp","10.0.0.1",5684
      OK
      > AT+QLWM2M="bootstrap",1
      +QLWM2M: "bootstrap",1,"coaps://10.0.0.1:5684"
      OK`);
  });

  it.each(["65536", "-1", '"80"', "", "5683,1"])("[BG-105] cdp with port %s answers ERROR", async (port) => {
    await send('"cdp","10.0.0.1",5683');
    expect(await send(`"cdp","10.0.0.2",${port}`)).toEqual(ERROR);
    expect(await send('"cdp"')).toEqual(['+QLWM2M: "cdp","10.0.0.1",5683', "OK"]);
  });

  it.each(["0", "65535"])("[BG-105] cdp takes port %s", async (port) => {
    expect(await send(`"cdp","10.0.0.2",${port}`)).toEqual(OK);
    expect(await send('"cdp"')).toEqual([`+QLWM2M: "cdp","10.0.0.2",${port}`, "OK"]);
  });

  it("part of a block of values answers ERROR", async () => {
    expect(await send('"cdp","10.0.0.1"')).toEqual(ERROR);
    expect(await send('"cdp","",5683')).toEqual(ERROR);
    expect(await send('"epns",1')).toEqual(ERROR);
    expect(await send('"epns",1,""')).toEqual(ERROR);
    expect(await send('"endpoint",4')).toEqual(ERROR);
    expect(await send('"mbsps","QUEC","992185","01212345678","904978"')).toEqual(ERROR);
  });

  it("[BG-106][BG-108] epns sets the name and tells it; unset, it tells the one derived from the IMEI", async () => {
    await replay(`
      > AT+QLWM2M="epns"
      +QLWM2M: "epns","urn:imei:866425030000015"
      OK
      > AT+QLWM2M="epns",1,"Meter 7"
      OK
      > AT+QLWM2M="epns"
      +QLWM2M: "epns","Meter 7"
      OK
      > AT+QLWM2M="epns",2,"Meter 8"
      ERROR`);
    expect(lwm2m.endpointName).toBe("Meter 7");
  });

  it("[BG-107] epns,0 derives LGU+'s name, in that profile alone", async () => {
    // printf 45006123456789089820612345678901234 | md5sum
    await replay(`
      > AT+QLWM2M="epns",0,"QUEC"
      ERROR
      > AT+QLWM2M="select",2
      OK
      > AT+QLWM2M="epns",0,"QUEC"
      OK
      > AT+QLWM2M="epns"
      +QLWM2M: "epns","ASN_CSE-D-e9cd8558f0-QUEC"
      OK`);
  });

  it("[BG-110][BG-111][BG-112][BG-141][BG-142] bsmode and bootstrap,3 are two faces of one value; the last writer wins", async () => {
    await replay(`
      > AT+QLWM2M="bsmode",1
      OK
      > AT+QLWM2M="bootstrap",3
      +QLWM2M: "bootstrap",3,1
      OK
      > AT+QLWM2M="bootstrap",3,0
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",0
      OK
      > AT+QLWM2M="bootstrap",3,"true"
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",1
      OK
      > AT+QLWM2M="bootstrap",3,false
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",0
      OK
      > AT+QLWM2M="bsmode",1
      OK
      > AT+QLWM2M="bsmode",0
      OK
      > AT+QLWM2M="bootstrap",3
      +QLWM2M: "bootstrap",3,0
      OK
      > AT+QLWM2M="bsmode",2
      ERROR
      > AT+QLWM2M="bootstrap",3,2
      ERROR
      > AT+QLWM2M="bootstrap",3,"yes"
      ERROR`);
  });

  it("[BG-113][BG-114][BG-115] mbsps keeps five or six values, quoted or bare, and tells them", async () => {
    await replay(`
      > AT+QLWM2M="mbsps"
      ERROR
      > AT+QLWM2M="mbsps","QUEC","992185","01212345678","904978","LWTHM"
      OK
      > AT+QLWM2M="mbsps"
      +QLWM2M: "mbsps","QUEC","992185","01212345678","904978","LWTHM"
      OK
      > AT+QLWM2M="mbsps",QUEC,992185,01212345678,904978,LWTHM,"00:11:22:33:44:55"
      OK
      > AT+QLWM2M="mbsps"
      +QLWM2M: "mbsps","QUEC","992185","01212345678","904978","LWTHM","00:11:22:33:44:55"
      OK
      > AT+QLWM2M="mbsps","1","2","3","4","5","6","7"
      ERROR`);
  });

  it("[BG-116] mbmps is another spelling of mbsps; answers say mbsps", async () => {
    await replay(`
      > AT+QLWM2M="mbmps","QUEC","992185","01212345678","904978","LWTHM"
      OK
      > AT+QLWM2M="mbmps"
      +QLWM2M: "mbsps","QUEC","992185","01212345678","904978","LWTHM"
      OK`);
  });
});

describe("bootstrap", () => {
  it("[BG-138] 0 restores bootstrap.ini from the factory folder, ERROR without one there", async () => {
    await send('"cdp","10.0.0.1",5683');
    expect(await send('"bootstrap",0')).toEqual(ERROR);
    efs.write(
      "/datatx/factory/bootstrap.ini",
      String(efs.read("/datatx/bootstrap.ini")).replace("10.0.0.1", "10.9.9.9"),
    );
    expect(await send('"bootstrap",0,1')).toEqual(ERROR);
    expect(await send('"bootstrap",0')).toEqual(OK);
    expect(await send('"cdp"')).toEqual(['+QLWM2M: "cdp","10.9.9.9",5683', "OK"]);
  });

  it.each(['"host:5683"', '"http://host:80"', '"coap://host:99999"', '""', "5683"])(
    "[BG-139] the address %s answers ERROR",
    async (uri) => {
      expect(await send(`"bootstrap",1,${uri}`)).toEqual(ERROR);
    },
  );

  it("[BG-140] 2 is the lifetime, 30 to 86400 s", async () => {
    await replay(`
      > AT+QLWM2M="bootstrap",2
      +QLWM2M: "bootstrap",2,300
      OK
      > AT+QLWM2M="bootstrap",2,86400
      OK
      > AT+QLWM2M="bootstrap",2
      +QLWM2M: "bootstrap",2,86400
      OK
      > AT+QLWM2M="bootstrap",2,86401
      ERROR
      > AT+QLWM2M="bootstrap",2,29
      ERROR
      > AT+QLWM2M="bootstrap",2,"300"
      ERROR
      > AT+QLWM2M="bootstrap",2
      +QLWM2M: "bootstrap",2,86400
      OK`);
  });

  it("[BG-143][BG-144] 4 is the security mode: 0 PSK, 3 none", async () => {
    await replay(`
      > AT+QLWM2M="bootstrap",4
      +QLWM2M: "bootstrap",4,3
      OK
      > AT+QLWM2M="bootstrap",4,0
      OK
      > AT+QLWM2M="bootstrap",4
      +QLWM2M: "bootstrap",4,0
      OK
      > AT+QLWM2M="bootstrap",4,1
      ERROR
      > AT+QLWM2M="bootstrap",4,3
      OK
      > AT+QLWM2M="bootstrap",4
      +QLWM2M: "bootstrap",4,3
      OK`);
  });

  it.each(['"bootstrap",5', '"bootstrap",-1', '"bootstrap"', '"bootstrap",5,1', '"bootstrap",2,300,1'])(
    "[BG-145] %s answers ERROR",
    async (line) => {
      expect(await send(line)).toEqual(ERROR);
    },
  );

  it("nothing configured: queries of it answer ERROR", async () => {
    await send('"clean"');
    for (const query of ['"cdp"', '"bootstrap",1', '"bootstrap",2', '"bootstrap",4', '"psk",1'])
      expect(await send(query)).toEqual(ERROR);
    expect(await send('"bootstrap",3')).toEqual(['+QLWM2M: "bootstrap",3,0', "OK"]);
  });
});

describe("what else is kept", () => {
  it("[BG-132][BG-133] dltype chooses text or hexadecimal for downlink data", async () => {
    const downlink = { path: "/19/1/0", data: Buffer.from("hi") };
    const printed = async () => {
      at.update(({ lwm2m: state }) => ({ lwm2m: { ...state, downlink: { ...downlink } } }));
      return (await at.wait(1000)).trim();
    };
    expect(await send('"dltype",1')).toEqual(OK);
    expect(await printed()).toBe('+QLWDLDATA: "/19/1/0",5,2,"6869"');
    expect(await send('"dltype",0')).toEqual(OK);
    expect(await printed()).toBe('+QLWDLDATA: "/19/1/0",4,2,"hi"');
    expect(await send('"dltype",2')).toEqual(ERROR);
    expect(await send('"dltype"')).toEqual(ERROR);
  });

  it("[BG-134][BG-135] ippref chooses the data call's type", async () => {
    expect(await send('"ippref",1')).toEqual(OK);
    expect(lwm2m.ipPreference).toBe(1);
    expect(await send('"ippref",0')).toEqual(OK);
    expect(lwm2m.ipPreference).toBe(0);
    expect(await send('"ippref",2')).toEqual(ERROR);
  });

  it("[BG-136][BG-137] enable switches the start at boot, and is told", async () => {
    await replay(`
      > AT+QLWM2M="enable"
      +QLWM2M: "enable",0
      OK
      > AT+QLWM2M="enable",1
      OK
      > AT+QLWM2M="enable"
      +QLWM2M: "enable",1
      OK
      > AT+QLWM2M="enable",0
      OK
      > AT+QLWM2M="enable"
      +QLWM2M: "enable",0
      OK
      > AT+QLWM2M="enable",2
      ERROR`);
    expect(client.calls).toEqual([]);
  });

  it("[BG-136] enable,0 de-registers a running Client in the background", async () => {
    client.running = true;
    expect(await send('"enable",0')).toEqual(OK);
    expect(client.calls).toEqual([["deregister"]]);
  });

  it("[BG-146][BG-147] qcli_en takes 0 and 1", async () => {
    expect(await send('"qcli_en",1')).toEqual(OK);
    expect(lwm2m.qcli).toBe(true);
    expect(await send('"qcli_en",0')).toEqual(OK);
    expect(lwm2m.qcli).toBe(false);
    expect(await send('"qcli_en",2')).toEqual(ERROR);
  });

  it("[BG-148][BG-149] psk,0 makes a credential and psk,1 tells it; the log never does", async () => {
    // form: guide V1.0; key: printf 'IMEI:866425030000015_QUECTELTMOBILEDDI' | sha256sum
    await replay(`
      > AT+QLWM2M="psk",1
      ERROR
      > AT+QLWM2M="psk",0
      OK
      > AT+QLWM2M="psk",1
      +QLWM2M: "psk","|IMEI:866425030000015_QUECTELTMOBILEDDI|:C44F28B7FAC1BA9CFF9BAC2085212434C6E2595D7F9C8C6360D09C87D0106198"
      OK
      > AT+QLWM2M="psk",2
      ERROR
      > AT+QLWM2M="psk"
      ERROR`);
    expect(efs.list("/datatx/ssl")).toEqual(["102_server.psk"]);
    expect(logged.toUpperCase()).not.toContain("C44F28B7");
  });

  it("[BG-150] apn sets the APN and tells it", async () => {
    await replay(`
      > AT+QLWM2M="apn","lpiot.aer.net"
      OK
      > AT+QLWM2M="apn"
      +QLWM2M: "apn","lpiot.aer.net"
      OK
      > AT+QLWM2M="apn",""
      ERROR
      > AT+QLWM2M="apn","a;b"
      ERROR
      > AT+QLWM2M="apn"
      +QLWM2M: "apn","lpiot.aer.net"
      OK`);
  });

  it("[BG-151][BG-152] endpoint takes 4 and 7 for each phase", async () => {
    await replay(`
      > AT+QLWM2M="endpoint"
      +QLWM2M: "endpoint",4,7
      OK
      > AT+QLWM2M="endpoint",7,4
      OK
      > AT+QLWM2M="endpoint"
      +QLWM2M: "endpoint",7,4
      OK
      > AT+QLWM2M="endpoint",5,4
      ERROR
      > AT+QLWM2M="endpoint",4,47
      ERROR
      > AT+QLWM2M="endpoint"
      +QLWM2M: "endpoint",7,4
      OK`);
  });

  it("[BG-153][BG-154] reset deletes the persistent files, clean the configuration too; neither takes a value", async () => {
    efs.write("/datatx/lwm2m/accounts.json", "{}");
    expect(await send('"reset",1')).toEqual(ERROR);
    expect(await send('"reset"')).toEqual(OK);
    expect(efs.list("/datatx/lwm2m")).toEqual([]);
    expect(efs.list("/datatx")).not.toEqual([]);
    expect(await send('"clean",0')).toEqual(ERROR);
    expect(await send('"clean"')).toEqual(OK);
    expect(efs.list("/datatx")).toEqual([]);
  });
});

describe("the Client", () => {
  it("[BG-117][BG-118][BG-119] register starts it, once or from now on", async () => {
    expect([
      await send('"register"'),
      await send('"register",0'),
      await send('"register",1'),
      await send('"register",2'),
    ]).toEqual([OK, OK, OK, ERROR]);
    expect(client.calls).toEqual([
      ["register", false],
      ["register", false],
      ["register", true],
    ]);
  });

  it("[BG-120][BG-121][BG-122][BG-123] update goes to one server or with 0 to all, with or without the Objects", async () => {
    expect([
      await send('"update",102'),
      await send('"update",102,0'),
      await send('"update",102,1'),
      await send('"update",0'),
    ]).toEqual([OK, OK, OK, OK]);
    expect(client.calls).toEqual([
      ["update", 102, false],
      ["update", 102, false],
      ["update", 102, true],
      ["update", 0, false],
    ]);
    expect([await send('"update",999'), await send('"update",102,2'), await send('"update"')]).toEqual([
      ERROR,
      ERROR,
      ERROR,
    ]);
  });

  it("[BG-124] deregister answers OK and goes on in the background; ERROR when nothing runs", async () => {
    expect(await send('"deregister"')).toEqual(ERROR);
    client.running = true;
    expect(await send('"deregister",102')).toEqual(ERROR);
    expect(await send('"deregister"')).toEqual(OK);
    expect(client.calls).toEqual([["deregister"]]);
  });

  it("a de-registration that fails afterwards is told in the log", async () => {
    client.running = true;
    client.failure = new Error("link lost");
    expect(await send('"deregister"')).toEqual(OK);
    expect(logged).toContain("de-registration failed");
  });

  it("[BG-125][BG-126] lifetime changes bootstrap.ini and a running Client", async () => {
    expect(await send('"lifetime",102,30')).toEqual(OK);
    expect(await send('"bootstrap",2')).toEqual(['+QLWM2M: "bootstrap",2,30', "OK"]);
    expect(client.calls).toEqual([]);
    client.running = true;
    expect(await send('"lifetime",102,86400')).toEqual(OK);
    expect(client.calls).toEqual([["setLifetime", 102, 86400]]);
    expect(await send('"bootstrap",2')).toEqual(['+QLWM2M: "bootstrap",2,86400', "OK"]);
    for (const values of ["102,29", "102,86401", "102", "102,", "999,300", "0,300"])
      expect(await send(`"lifetime",${values}`)).toEqual(ERROR);
    client.running = false;
    expect(await send('"lifetime",999,300')).toEqual(ERROR);
    expect(client.calls).toHaveLength(1);
  });

  it("a lifetime of a server that a Bootstrap-Server has named is the running Client's alone", async () => {
    client.running = true;
    const before = String(efs.read("/datatx/bootstrap.ini"));
    expect(await send('"lifetime",100,300')).toEqual(OK);
    expect(client.calls).toEqual([["setLifetime", 100, 300]]);
    expect(String(efs.read("/datatx/bootstrap.ini"))).toBe(before);
  });
});

describe("uplink data", () => {
  it("[BG-127] text goes as it stands, quoted or bare to the end of the line", async () => {
    expect(await send('"uldata",19,5,"hello"')).toEqual(OK);
    expect(await send('"uldata",19,5,hello')).toEqual(OK);
    expect(await send('"uldata",19,11,"a,b;c|d = 1"')).toEqual(OK);
    expect(await send('"uldata",19,11,a,b;c|d = 1')).toEqual(OK);
    expect(await send('"uldata",19,13,{"t":21,"u":}')).toEqual(OK);
    expect(client.calls.map((call) => call[2])).toEqual([
      "hello",
      "hello",
      "a,b;c|d = 1",
      "a,b;c|d = 1",
      '{"t":21,"u":}',
    ]);
  });

  it("[BG-131] hexadecimal digits go as bytes, quoted or bare, in either case", async () => {
    expect(await send('"ulhex",19,5,"3031323334"')).toEqual(OK);
    expect(await send('"ulhex",19,3,00fFa0')).toEqual(OK);
    expect(client.calls).toEqual([
      ["uplink", 19, "01234"],
      ["uplink", 19, "\x00\xff\xa0"],
    ]);
  });

  it.each([
    '"uldata",19,4,"hello"',
    '"uldata",19,6,"hello"',
    '"uldata",19,6,hello',
    '"ulhex",19,10,"3031323334"',
    '"ulhex",19,4,"3031323334"',
  ])("[BG-130][BG-131] a size other than the data's answers ERROR: %s", async (line) => {
    expect(await send(line)).toEqual(ERROR);
    expect(client.calls).toEqual([]);
  });

  it("[BG-130] the size counts bytes, not characters", async () => {
    expect(await send('"uldata",19,3,"\xc3\xa9!"')).toEqual(OK); // é in UTF-8
    expect(await send('"uldata",19,2,"\xc3\xa9!"')).toEqual(ERROR);
  });

  it("[BG-129] 1 to 1460 bytes", async () => {
    expect(await send(`"uldata",19,1460,"${"x".repeat(1460)}"`)).toEqual(OK);
    expect(await send(`"ulhex",19,1460,"${"00".repeat(1460)}"`)).toEqual(OK);
    expect(await send('"uldata",19,1,x')).toEqual(OK);
    expect(await send(`"uldata",19,1461,"${"x".repeat(1461)}"`)).toEqual(ERROR);
    expect(await send(`"ulhex",19,1461,"${"00".repeat(1461)}"`)).toEqual(ERROR);
    expect(await send('"uldata",19,0,""')).toEqual(ERROR);
    expect(await send('"ulhex",19,0,""')).toEqual(ERROR);
    expect(client.calls).toHaveLength(3);
  });

  it.each(["303", "3g", "0x30", '"30 31"'])("[BG-131] %s is not hexadecimal", async (text) => {
    expect(await send(`"ulhex",19,2,${text}`)).toEqual(ERROR);
  });

  it("[BG-128] Objects 19, 10250 and 26241 are asked of the Client, which has the last two in the LGU+ profile; no other", async () => {
    const given: unknown[] = [];
    for (const id of [19, 10250, 26241, 20, 3, 10251]) {
      given.push(await send(`"uldata",${id},1,"x"`), await send(`"ulhex",${id},1,"78"`));
    }
    expect(given).toEqual([...Array(6).fill(OK), ...Array(6).fill(ERROR)]);
    expect(client.calls.map(([, id]) => id)).toEqual([19, 19, 10250, 10250, 26241, 26241]);
  });

  it("a Client that cannot send answers ERROR", async () => {
    client.failure = new ClientError("uplink: not registered");
    expect(await send('"uldata",19,5,"hello"')).toEqual(ERROR);
  });
});

describe("sessions of real hosts", () => {
  it("[BG-195] the guide's chapter 6.2, line by line", async () => {
    await replay(`
      > AT+QLWM2M="select",2
      OK
      > AT+QLWM2M="cdp","192.0.2.155",5783
      OK
      > AT+QLWM2M="epns",0,"QUEC"
      OK
      > AT+QLWM2M="mbmps","QUEC","992185","01212345678","904978","LWTHM"
      OK
      > AT+QLWM2M="register"
      OK
      > AT+QLWM2M="uldata",10250,5,"hello"
      OK
      > AT+QLWM2M="ulhex",10250,5,"3031323334"
      OK`);
    expect(client.calls).toEqual([
      ["register", false],
      ["uplink", 10250, "hello"],
      ["uplink", 10250, "01234"],
    ]);
    expect([lwm2m.bootstrapMode, lwm2m.serverUri]).toEqual([1, "coap://192.0.2.155:5783"]);
  });

  it("an Aeris host configures, then asks for everything", async () => {
    await replay(`
      > AT+QLWM2M="clean"
      OK
      > AT+QLWM2M="select",0
      OK
      > AT+QLWM2M="bootstrap",1,"coap://lwm2m.example.net:5683"
      OK
      > AT+QLWM2M="bootstrap",2,14400
      OK
      > AT+QLWM2M="bootstrap",3,"false"
      OK
      > AT+QLWM2M="bootstrap",4,3
      OK
      > AT+QLWM2M="apn","lpiot.aer.net"
      OK
      > AT+QLWM2M="endpoint",4,4
      OK
      > AT+QLWM2M="enable",1
      OK
      > AT+QLWM2M="select"
      +QLWM2M: "select",0
      OK
      > AT+QLWM2M="bootstrap",1
      +QLWM2M: "bootstrap",1,"coap://lwm2m.example.net:5683"
      OK
      > AT+QLWM2M="bootstrap",2
      +QLWM2M: "bootstrap",2,14400
      OK
      > AT+QLWM2M="bootstrap",3
      +QLWM2M: "bootstrap",3,0
      OK
      > AT+QLWM2M="bootstrap",4
      +QLWM2M: "bootstrap",4,3
      OK
      > AT+QLWM2M="apn"
      +QLWM2M: "apn","lpiot.aer.net"
      OK
      > AT+QLWM2M="endpoint"
      +QLWM2M: "endpoint",4,4
      OK
      > AT+QLWM2M="enable"
      +QLWM2M: "enable",1
      OK`);
  });

  it("an LGU+ tester of the first kind takes bootstrap,1 for a start and gets its OK", async () => {
    await replay(`
      > AT+QLWM2M="select",2
      OK
      > AT+QLWM2M="epns",0,"QUEC"
      OK
      > AT+QLWM2M="mbsps","QUEC","992185","01212345678","901234","LWTHM"
      OK
      > AT+QLWM2M="bootstrap",1
      +QLWM2M: "bootstrap",1,"coap://192.0.2.1:5783"
      OK
      > AT+QLWM2M="cdp","192.0.2.155",5783
      OK
      > AT+QLWM2M="reset"
      OK`);
    expect(client.calls).toEqual([]);
  });

  it("an LGU+ tester of the later kind names the server before the profile", async () => {
    await replay(`
      > AT+QLWM2M="enable",0
      OK
      > AT+QLWM2M="cdp","192.0.2.155",5783
      OK
      > AT+QLWM2M="select",2
      OK
      > AT+QLWM2M="epns",0,"QUEC"
      OK
      > AT+QLWM2M="mbsps","QUEC","992185","01212345678","901234","LWTHM"
      OK
      > AT+QLWM2M="enable",1
      OK
      > AT+QLWM2M="uldata",26241,36,"fwVr=1.0.0|fwSt=1|fwRt=0|szx=6"
      ERROR
      > AT+QLWM2M="uldata",26241,30,"fwVr=1.0.0|fwSt=1|fwRt=0|szx=6"
      OK
      > AT+QLWM2M="cdp"
      +QLWM2M: "cdp","192.0.2.155",5783
      OK
      > AT+QLWM2M="bsmode"
      +QLWM2M: "bsmode",1
      OK`);
  });

  it("a T-Mobile host of the guide's first edition", async () => {
    efs.write("/datatx/factory/bootstrap.ini", String(efs.read("/datatx/bootstrap.ini")));
    await replay(`
      > AT+QLWM2M="select",1
      OK
      > AT+QLWM2M="bootstrap",1,"coaps://bootp.example.com:5584"
      OK
      > AT+QLWM2M="bootstrap",0
      OK
      > AT+QLWM2M="psk",0
      OK
      > AT+QLWM2M="endpoint",4,4
      OK
      > AT+QLWM2M="reset"
      OK
      > AT+QLWM2M="clean"
      OK`);
  });
});
