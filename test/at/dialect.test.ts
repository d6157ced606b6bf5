import { rmSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Spelling } from "#config/spelling";
import { openEfs } from "#efs/efs";
import { parseLwm2mCfg } from "#efs/lwm2m-cfg";
import { type Client, ClientError } from "#lwm2m/client";
import { createSettings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";
import { silentLog } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { openModule } from "../support/at-module.ts";
import { type AtTerminal, openAtTerminal } from "../support/at-terminal.ts";

/** A terminal in that dialect, on a module configured for a Leshan server. */
async function open(spelling: Partial<Spelling> = {}) {
  const efs = openEfs(temporaryDirectory());
  onTestFinished(() => rmSync(efs.root, { recursive: true, force: true }));
  let at: AtTerminal;
  const modem = {
    get state() {
      return at.modem.state;
    },
  } as Modem;
  const lwm2m = createSettings({ efs, modem, log: silentLog });
  const refuse = () => {
    throw new ClientError("not registered");
  };
  const client = { register: refuse, status: { running: false } } as unknown as Client;
  at = await openAtTerminal({ spelling, host: { efs, lwm2m, client } });
  await at.type("ATE0\r");
  lwm2m.selectProfile(0);
  return {
    at,
    lwm2m,
    send: async (line: string) => (await at.type(`AT+QLWM2M=${line}\r`)).split("\r\n").filter((each) => each !== ""),
    async printed(change: Partial<ModemState["lwm2m"]>) {
      await at.wait(100);
      at.update((state) => ({ lwm2m: { ...state.lwm2m, ...change } }));
      return (await at.wait(100)).trim();
    },
  };
}

const begun = { token: "3A6695CDCC9EDC3C", path: "/26241/0/0", cancelled: false };

describe("the dialect", () => {
  it("[BG-098][BG-100][BG-101] edition 1.0 has four profiles, numbered otherwise, and refuses those it does not have", async () => {
    const { send, lwm2m } = await open({ edition: "1.0" });
    // its nine functions; the others, which 1.1 has added (its revision history), are there all the same
    expect(await send("?")).toEqual([
      '+QLWM2M: "select", (0-3)',
      '+QLWM2M: "enable", (0,1)',
      '+QLWM2M: "bootstrap", (0-4)[, <instance>]',
      '+QLWM2M: "qcli_en", (0,1)',
      '+QLWM2M: "psk", (0,1)',
      '+QLWM2M: "apn", <apn_name>',
      '+QLWM2M: "endpoint", (4,7), (4,7)',
      '+QLWM2M: "reset"',
      '+QLWM2M: "clean"',
      "OK",
    ]);
    expect(await send('"bsmode"')).toEqual(['+QLWM2M: "bsmode",0', "OK"]);
    const profiles = [];
    for (const type of [0, 1, 2, 3]) {
      expect(await send(`"select",${type}`)).toEqual(["OK"]);
      expect(await send('"select"')).toEqual([`+QLWM2M: "select",${type}`, "OK"]);
      profiles.push(lwm2m.profile);
    }
    expect(profiles).toEqual([0, 1, 3, 4]);
    expect(await send('"select",4')).toEqual(["ERROR"]);
    lwm2m.selectProfile(2);
    expect(await send('"select"')).toEqual(["ERROR"]);
  });

  it("[BG-099] failures can be +CME ERROR as AT+CMEE says; functions that are none stay ERROR", async () => {
    const { send, at } = await open({ errors: "cme" });
    expect(await send('"cdp","10.0.0.1",65536')).toEqual(["+CME ERROR: 50"]);
    expect(await send('"register"')).toEqual(["+CME ERROR: 3"]);
    expect(await send('"nothing"')).toEqual(["ERROR"]);
    await at.type("AT+CMEE=0\r");
    expect(await send('"register"')).toEqual(["ERROR"]);
  });

  it("failures can be +CME ERROR with their text at AT+CMEE=0, too; unknown commands and those of LwM2M stay ERROR", async () => {
    const { at, send } = await open({ cmeAtZero: true });
    const failure = async () => (await at.type("AT+CREG=9\r")).trim();
    expect(await failure()).toBe("+CME ERROR: 50");
    await at.type("AT+CMEE=0\r");
    expect(await failure()).toBe("+CME ERROR: Incorrect parameters");
    expect((await at.type("AT+NONE\r")).trim()).toBe("ERROR");
    expect(await send('"select",9')).toEqual(["ERROR"]);
    const usual = await open();
    await usual.at.type("AT+CMEE=0\r");
    expect((await usual.at.type("AT+CREG=9\r")).trim()).toBe("ERROR");
  });

  it("[BG-116] the query mbmps can be answered by the name it asks with", async () => {
    const values = '"QUEC","992185","01212345678","904978","LWTHM"';
    const { send } = await open({ mbspsName: "asAsked" });
    expect(await send(`"mbmps",${values}`)).toEqual(["OK"]);
    expect(await send('"mbmps"')).toEqual([`+QLWM2M: "mbmps",${values}`, "OK"]);
    expect(await send('"mbsps"')).toEqual([`+QLWM2M: "mbsps",${values}`, "OK"]);
  });

  it("[BG-113][BG-114] mbsps can demand what the guide's table says of its values", async () => {
    // the IMEI, the phone number and the ICCID of this module and its SIM
    const values = ["QUEC", "866425030000015", "01212345678", "89820612345678901234", "LWTHM", "00:11:22:33:44:55"];
    const strict = await open({ mbspsStrict: true });
    const given = (list: readonly string[]) => `"mbsps",${list.map((each) => `"${each}"`).join(",")}`;
    expect(await strict.send(given(values))).toEqual(["OK"]);
    expect(await strict.send('"mbsps"')).toEqual([`+QLWM2M: ${given(values)}`, "OK"]);
    expect(await strict.send(given(values.with(2, "+01212345678").with(5, "001122aabbCC")))).toEqual(["OK"]);
    const before = await strict.send('"mbsps"');
    for (const [index, bad] of ["", "992185", "01212345679", "901234", "", "00:11:22"].entries()) {
      expect(await strict.send(given(values.with(index, bad))), values[index]).toEqual(["ERROR"]);
    }
    expect(await strict.send(given(values.slice(0, 5)))).toEqual(["ERROR"]);
    expect(await strict.send(given(["QUEC", "992185", "01212345678", "904978", "LWTHM"]))).toEqual(["ERROR"]);
    expect(await strict.send('"mbsps"')).toEqual(before);
    strict.at.update(({ sim }) => ({ sim: { ...sim, msisdn: undefined } }));
    expect(await strict.send(given(values.with(2, "01099999999")))).toEqual(["OK"]);
    expect(await strict.send(given(values.with(2, "phone")))).toEqual(["ERROR"]);
  });

  it("[BG-125][BG-126][BG-140] lifetimes can be shorter than the guide's 30 s", async () => {
    const { send } = await open({ shortLifetimes: true });
    expect(await send("?")).toContain('+QLWM2M: "lifetime", <ssid>, (1-86400)');
    for (const [lifetime, answer] of [
      [0, "ERROR"],
      [1, "OK"],
      [86_400, "OK"],
      [86_401, "ERROR"],
      [29, "OK"],
    ]) {
      expect(await send(`"bootstrap",2,${lifetime}`)).toEqual([answer]);
      expect(await send(`"lifetime",102,${lifetime}`)).toEqual([answer]);
    }
    expect(await send('"bootstrap",2')).toEqual(['+QLWM2M: "bootstrap",2,29', "OK"]);
  });

  it("[BG-139] bootstrap,1 without a value can start the Client, beside telling the address", async () => {
    const module = await openModule({ spelling: { bootstrapTriggers: true } });
    const send = (line: string) => module.type(`AT+QLWM2M=${line}\r`);
    await send('"cdp","192.0.2.1",5683');
    expect(await send('"bootstrap",2')).toEqual(['+QLWM2M: "bootstrap",2,300', "OK"]);
    expect(module.client.status.running).toBe(false);
    expect(await send('"bootstrap",1')).toEqual(['+QLWM2M: "bootstrap",1,"coap://192.0.2.1:5683"', "OK"]);
    await module.clock.advance(1000);
    expect(module.events).toEqual([0, 3, 4, 5]);
    expect(module.settings.enabled).toBe(false);
    const plain = await openModule();
    await plain.type('AT+QLWM2M="bootstrap",1\r');
    expect(plain.client.status.running).toBe(false);
  });

  it("[BG-130][BG-131] the size of uplink data can be of no account", async () => {
    const module = await openModule({ spelling: { uplinkSize: "lenient" } });
    await module.type('AT+QLWM2M="register"\r');
    await module.clock.advance(1000);
    module.take();
    const sent = async (line: string) => {
      const answer = await module.type(`AT+QLWM2M=${line}\r`);
      return [...answer, String(module.registry.value(19, 0, 0))];
    };
    expect(await sent('"uldata",19,3,"hello"')).toEqual(["OK", "hello"]);
    expect(await sent('"uldata",19,300,"bye"')).toEqual(["OK", "bye"]);
    expect(await sent('"ulhex",19,6,"303132"')).toEqual(["OK", "012"]);
    expect(await sent('"uldata",19,0,"x"')).toEqual(["ERROR", "012"]);
    expect(await sent('"uldata",19,1461,"x"')).toEqual(["ERROR", "012"]);
  });

  it("[BG-128] Objects 10250 and 26241 can be there, and take data, in every profile", async () => {
    for (const [uplinkObjects, answer] of [
      ["profile", "ERROR"],
      ["all", "OK"],
    ] as const) {
      const module = await openModule({ dialect: { uplinkObjects } });
      await module.type('AT+QLWM2M="register"\r');
      await module.clock.advance(1000);
      module.take();
      for (const id of [10250, 26241]) {
        expect(await module.type(`AT+QLWM2M="uldata",${id},1,"x"\r`)).toEqual([answer]);
        expect(module.last().requests[0]?.payload.toString().includes(`</${id}/0>`)).toBe(uplinkObjects === "all");
      }
    }
  });

  it("[BG-078][BG-086][BG-089] what lwm2m_cfg leaves out can be as in the guide's sample of the file", async () => {
    const start = (lwm2mCfgDefaults: "table" | "sample") =>
      openModule({
        profile: "realistic",
        dialect: { lwm2mCfgDefaults },
        answer: () => ({ code: "4.00" }),
        files: {
          "/datatx/bootstrap.ini":
            '{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}',
          "/datatx/lwm2m_cfg": "{\nAPN=internet;\n}\n",
          "/datatx/lwm2m_app_autostart": "",
        },
      });
    // 10 s after power-on: 4.9 s of boot, and BOOT_UP_SLEEP_TIME
    const table = await start("table");
    expect(table.events).toEqual([0, 1, 2, 1]);
    await table.clock.advance(10_000_000);
    expect(table.events).toEqual([0, 1, 2, 1]);
    const sample = await start("sample");
    expect(sample.events).toEqual([]);
    await sample.clock.advance(5000);
    expect(sample.events).toEqual([0, 1, 2]);
    await sample.clock.advance(10_000_000);
    expect(sample.events.filter((event) => event === 2)).toHaveLength(1 + 5);
    const { cfg } = parseLwm2mCfg("{}", "lwm2m_cfg", "sample");
    expect([cfg.ackTimeoutS, cfg.retryTimeoutS, cfg.gpsMinIntervalMs]).toEqual([30, 30, 3000]);
    expect(parseLwm2mCfg("{ACK_TIMEOUT=45;}", "lwm2m_cfg", "sample").cfg.ackTimeoutS).toBe(45);
  });

  it("[BG-108] the query epns can tell the mode", async () => {
    const { send } = await open({ epnsMode: true });
    expect(await send('"epns"')).toEqual(['+QLWM2M: "epns",1,"urn:imei:866425030000015"', "OK"]);
    await send('"select",2');
    await send('"epns",0,"QUEC"');
    expect(await send('"epns"')).toEqual(['+QLWM2M: "epns",0,"ASN_CSE-D-e9cd8558f0-QUEC"', "OK"]);
  });

  it("[BG-166][BG-169] +QLWOBSERVE can have the sample's space, and its flag the other way round", async () => {
    const sample = await open({ observeSpace: true, observeFlag: "never" });
    // guide §6.2, second observation
    expect(await sample.printed({ observation: begun })).toBe('+QLWOBSERVE: "3A6695CDCC9EDC3C", "/26241/0/0"');
    const inverted = await open({ observeInverted: true });
    expect(await inverted.printed({ observation: begun })).toBe('+QLWOBSERVE: "3A6695CDCC9EDC3C","/26241/0/0",1');
    expect(await inverted.printed({ observation: { ...begun, cancelled: true } })).toBe(
      '+QLWOBSERVE: "3A6695CDCC9EDC3C","/26241/0/0",0',
    );
  });

  it("[BG-170][BG-173] +QLWDLDATA can be printed as in the sample", async () => {
    const { send, printed } = await open({ downlink: "sample" });
    await send('"dltype",1');
    // guide §6.2
    expect(await printed({ downlink: { path: "/10250/0/1", data: Buffer.from("01") } })).toBe(
      '+QLWDLDATA: "10250/0/1",2,"3031"',
    );
  });

  it("[BG-132] downlink data can be hexadecimal whatever dltype says", async () => {
    const { send, printed } = await open({ downlinkHex: true });
    await send('"dltype",0');
    expect(await printed({ downlink: { path: "/19/1/0", data: Buffer.from("a,b") } })).toBe(
      '+QLWDLDATA: "/19/1/0",5,3,"612C62"',
    );
  });
});
