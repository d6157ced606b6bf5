import { rmSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Spelling } from "#config/spelling";
import { openEfs } from "#efs/efs";
import { type Client, ClientError } from "#lwm2m/client";
import { createSettings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";
import { silentLog } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
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
    expect((await send("?"))[0]).toBe('+QLWM2M: "select", (0-3)');
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

  it("[BG-116] the query mbmps can be answered by the name it asks with", async () => {
    const values = '"QUEC","992185","01212345678","904978","LWTHM"';
    const { send } = await open({ mbspsName: "asAsked" });
    expect(await send(`"mbmps",${values}`)).toEqual(["OK"]);
    expect(await send('"mbmps"')).toEqual([`+QLWM2M: "mbmps",${values}`, "OK"]);
    expect(await send('"mbsps"')).toEqual([`+QLWM2M: "mbsps",${values}`, "OK"]);
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
