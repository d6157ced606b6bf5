import { describe, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import { NOT_OFFERED } from "#at/not-offered";
import { commandReference } from "#at/reference";
import type { ModemState } from "#modem/state";
import { openAtTerminal } from "../support/at-terminal.ts";

const ok = (...lines: string[]) =>
  lines.length === 0 ? "\r\nOK\r\n" : `\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\nOK\r\n`;
const ERROR = "\r\nERROR\r\n";
const cme = (code: number) => `\r\n+CME ERROR: ${code}\r\n`;

/** A terminal without echo on a module changed as told. */
async function open(change?: (state: ModemState) => Partial<ModemState>) {
  const opened = await openAtTerminal();
  if (change) opened.update(change);
  await opened.wait(100);
  await opened.type("ATE0\r");
  return opened;
}

/** Types each line and compares the whole answer. */
async function transcript(
  opened: { type(text: string): Promise<string> },
  lines: ReadonlyArray<readonly [string, string]>,
) {
  const got: Array<readonly [string, string]> = [];
  for (const [line] of lines) got.push([line, await opened.type(`${line}\r`)]);
  expect(got).toEqual(lines);
}

describe("identification", () => {
  it("names manufacturer, model, revision and IMEI under every name they have", async () => {
    const revision = "BG96MAR02A07M1G";
    await transcript(await open(), [
      ["ATI", ok("Quectel", "BG96", `Revision: ${revision}`)],
      ["ATI0", ok("Quectel", "BG96", `Revision: ${revision}`)],
      ["AT+CGMI", ok("Quectel")],
      ["AT+GMI", ok("Quectel")],
      ["AT+CGMM", ok("BG96")],
      ["AT+GMM", ok("BG96")],
      ["AT+CGMR", ok(revision)],
      ["AT+GMR", ok(revision)],
      ["AT+QGMR", ok(`${revision}_01.018.01.018`)],
      ["AT+QGMR?", ok(`${revision}_01.018.01.018`)],
      ["AT+CGSN", ok("866425030000015")],
      ["AT+GSN", ok("866425030000015")],
      ["AT+CGSN=?", ok()],
      ["AT+CGSN=1", ERROR],
      ["AT+GCAP", ok("+GCAP: +CGSM")],
    ]);
  });
});

describe("the SIM card", () => {
  it("answers its numbers", async () => {
    await transcript(await open(), [
      ["AT+CIMI", ok("450061234567890")],
      ["AT+QCCID", ok("+QCCID: 89820612345678901234")],
      ["AT+ICCID", ok("+ICCID: 89820612345678901234")],
      ["AT+CCID", ok("+CCID: 89820612345678901234")],
      ["AT+CPIN=?", ok()],
      ["AT+CPIN?", ok("+CPIN: READY")],
      ["AT+CPIN=1234", cme(3)],
      ["AT+CPIN=12", cme(50)],
      ["AT+CNUM", ok('+CNUM: ,"01212345678",129')],
    ]);
  });

  it("has no number line without MSISDN, and another type with an international one", async () => {
    const opened = await open((state) => ({ sim: { ...state.sim, msisdn: undefined } }));
    await transcript(opened, [["AT+CNUM", ok()]]);
    opened.update((state) => ({ sim: { ...state.sim, msisdn: "+821012345678" } }));
    await transcript(opened, [["AT+CNUM", ok('+CNUM: ,"+821012345678",145')]]);
  });

  it("that is absent, starting or switched off has its own error", async () => {
    const opened = await open((state) => ({ sim: { ...state.sim, status: "NOT INSERTED" } }));
    for (const command of ["+CIMI", "+QCCID", "+CPIN?", "+CPIN=1234", "+CNUM"])
      await transcript(opened, [[`AT${command}`, cme(10)]]);
    opened.update((state) => ({ sim: { ...state.sim, status: "NOT READY" } }));
    await transcript(opened, [["AT+CIMI", cme(14)]]);
    opened.update({ functionality: 0 });
    await transcript(opened, [["AT+CPIN?", cme(13)]]);
  });
});

describe("radio and registration", () => {
  it("answers signal, cell and operator from one state", async () => {
    await transcript(await open(), [
      ["AT+CSQ", ok("+CSQ: 20,99")],
      ["AT+CSQ=?", ok("+CSQ: (0-31,99),(0-7,99)")],
      ["AT+QCSQ", ok('+QCSQ: "CAT-M1",-73,-98,160,-11')],
      ["AT+QNWINFO", ok('+QNWINFO: "CAT-M1","45006","LTE BAND 13",5230')],
      ["AT+CREG=?", ok("+CREG: (0-2)")],
      ["AT+CREG?", ok("+CREG: 0,1")],
      ["AT+CREG=2", ok()],
      ["AT+CREG?", ok('+CREG: 2,1,"5212","1A2D001",8')],
      ["AT+CGREG=2", ok()],
      ["AT+CGREG?", ok("+CGREG: 2,4")],
      ["AT+CEREG=?", ok("+CEREG: (0,1,2,4)")],
      ["AT+CEREG=4", ok()],
      ["AT+CEREG?", ok('+CEREG: 4,1,"5212","1A2D001",8,,,"11100000","11100000"')],
      ["AT+CEREG=3", cme(50)],
      ["AT+COPS=?", ok('+COPS: (2,"LG U+","LGU+","45006",8),,(0-4),(0-2)')],
      ["AT+COPS?", ok('+COPS: 0,0,"LG U+",8')],
      ["AT+COPS=3,2", ok()],
      ["AT+COPS?", ok('+COPS: 0,2,"45006",8')],
      ["AT+COPS=3,1", ok()],
      ["AT+COPS?", ok('+COPS: 0,1,"LGU+",8')],
      ["AT+COPS=3", cme(50)],
    ]);
  });

  it("is not registered out of reach", async () => {
    const opened = await open((state) => ({ network: { ...state.network, coverage: false } }));
    await transcript(opened, [
      ["AT+CSQ", ok("+CSQ: 99,99")],
      ["AT+QCSQ", ok('+QCSQ: "NOSERVICE"')],
      ["AT+QNWINFO", ok('+QNWINFO: "No Service"')],
      ["AT+CREG=2;+CREG?", ok("+CREG: 2,2")],
      ["AT+COPS?", ok("+COPS: 0")],
      ["AT+COPS=?", ok("+COPS: ,,(0-4),(0-2)")],
      ["AT+CGATT?", ok("+CGATT: 0")],
      ["AT+CGATT=1", cme(30)],
    ]);
  });

  it("bounds +CSQ at 0 and 31", async () => {
    for (const [rssiDbm, rssi] of [
      [-130, 0],
      [-113, 0],
      [-112, 1],
      [-111, 1],
      [-53, 30],
      [-51, 31],
      [-20, 31],
    ] as const) {
      const opened = await open((state) => ({ radio: { ...state.radio, rssiDbm } }));
      await transcript(opened, [["AT+CSQ", ok(`+CSQ: ${rssi},99`)]]);
    }
  });

  it("has other words on NB-IoT and on GSM", async () => {
    const opened = await open((state) => ({
      radio: { ...state.radio, technology: "CAT-NB1", sinrDb: 40 },
      settings: { "qcfg/iotopmode": "2" },
    }));
    await transcript(opened, [
      ["AT+QCSQ", ok('+QCSQ: "CAT-NB1",-73,-98,250,-11')],
      ["AT+COPS?", ok('+COPS: 0,0,"LG U+",9')],
    ]);
    opened.update((state) => ({ radio: { ...state.radio, technology: "GSM", band: 900 } }));
    await transcript(opened, [
      ["AT+QCSQ", ok('+QCSQ: "GSM",-73')],
      ["AT+QNWINFO", ok('+QNWINFO: "GSM","45006","GSM 900",5230')],
      ["AT+CGREG?", ok("+CGREG: 0,1")],
      ["AT+CEREG?", ok("+CEREG: 0,4")],
    ]);
  });

  it("+QNWINFO names LTE as the manual does by option; the other commands have words of their own", async () => {
    const opened = await openAtTerminal({ spelling: { networkNames: "manual" } });
    await opened.type("ATE0\r");
    await transcript(opened, [
      ["AT+QNWINFO", ok('+QNWINFO: "Cat-M1","45006","LTE BAND 13",5230')],
      ["AT+QCSQ", ok('+QCSQ: "CAT-M1",-73,-98,160,-11')],
    ]);
    await opened.type('AT+QCFG="iotopmode",2\r');
    opened.update((state) => ({ radio: { ...state.radio, technology: "CAT-NB1" } }));
    await transcript(opened, [["AT+QNWINFO", ok('+QNWINFO: "Cat-NB1","45006","LTE BAND 13",5230')]]);
  });

  it("leaves and joins the network as AT+COPS and AT+CGATT say", async () => {
    await transcript(await open(), [
      ["AT+COPS=2", ok()],
      ["AT+CREG?;+COPS?", "\r\n+CREG: 0,0\r\n\r\n+COPS: 2\r\n\r\nOK\r\n"],
      ['AT+COPS=1,2,"45006"', ok()],
      ["AT+CREG?;+COPS?", '\r\n+CREG: 0,1\r\n\r\n+COPS: 1,0,"LG U+",8\r\n\r\nOK\r\n'],
      ['AT+COPS=1,2,"26201"', cme(30)],
      ["AT+COPS=1", cme(50)],
      ['AT+COPS=4,0,"Nobody"', ok()],
      ["AT+COPS?", ok('+COPS: 0,0,"LG U+",8')],
      ["AT+COPS=0,2", ok()],
      ["AT+COPS?", ok('+COPS: 0,2,"45006",8')],
      ['AT+CGDCONT=1,"IP","a"', ok()],
      ["AT+QIACT=1", ok()],
      ["AT+CGATT=0", ok()],
      ["AT+CGATT?", ok("+CGATT: 0")],
      ["AT+QIACT?", ok()],
      ["AT+QIACT=1", ERROR],
      ["AT+CGATT=1", ok()],
      ["AT+QIACT=1", ok()],
    ]);
  });
});

describe("packet data", () => {
  it("defines, activates, shows and ends a context", async () => {
    await transcript(await open(), [
      [
        "AT+CGDCONT=?",
        ok(
          '+CGDCONT: (1-16),"IP",,,(0-2),(0-4)',
          '+CGDCONT: (1-16),"IPV6",,,(0-2),(0-4)',
          '+CGDCONT: (1-16),"IPV4V6",,,(0-2),(0-4)',
        ),
      ],
      ["AT+CGDCONT?", ok('+CGDCONT: 1,"IPV4V6","internet","0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",0,0,0,0')],
      ['AT+CGDCONT=1,"IP","internet"', ok()],
      ['AT+CGDCONT=2,"IPV4V6","ims","0.0.0.0",0,0', ok()],
      [
        "AT+CGDCONT?",
        ok(
          '+CGDCONT: 1,"IP","internet","0.0.0.0",0,0,0,0',
          '+CGDCONT: 2,"IPV4V6","ims","0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",0,0,0,0',
        ),
      ],
      ["AT+QICSGP=?", ok("+QICSGP: (1-16),(1-3),<APN>,<username>,<password>,(0-3)")],
      ["AT+QICSGP=1", ok('+QICSGP: 1,"internet","","",0')],
      ['AT+QICSGP=1,1,"lpiot.aer.net","user", "pwd",1', ok()],
      ["AT+QICSGP=1", ok('+QICSGP: 1,"lpiot.aer.net","user","pwd",1')],
      ["AT+QICSGP=9", ok('+QICSGP: 1,"","","",0')],
      ["AT+QICSGP=1,1", ERROR],
      ["AT+QIACT?", ok()],
      ["AT+CGPADDR=1", ok('+CGPADDR: 1,"10.9.50.1"')],
      ["AT+QIACT=1", ok()],
      ["AT+QIACT=1", ok()],
      // context 1 has been defined anew since the attach: its own connection, beside the default bearer
      ["AT+QIACT?", ok('+QIACT: 1,1,1,"10.9.50.32"')],
      ["AT+CGPADDR=1", ok('+CGPADDR: 1,"10.9.50.32"')],
      ["AT+CGPADDR", ok('+CGPADDR: 1,"10.9.50.32"', "+CGPADDR: 2")],
      ["AT+CGPADDR=?", ok("+CGPADDR: (1,2)")],
      ["AT+CGDCONT=1", cme(3)],
      ["AT+QIDEACT=1", ok()],
      ["AT+QIDEACT=1", ok()],
      ["AT+QIACT?", ok()],
      ["AT+CGDCONT=1", ok()],
      ["AT+QIACT=1", ok()],
      ["AT+QIACT=3", ERROR],
      ["AT+QIACT=17", ERROR],
    ]);
  });

  it("refuses a call with an empty APN, and with one the network does not know", async () => {
    await transcript(await open((state) => ({ network: { ...state.network, apns: ["lgu.iot"] } })), [
      ['AT+QICSGP=2,1,""', ok()],
      ["AT+QIACT=2", ERROR],
      ['AT+QICSGP=1,1,"other"', ok()],
      ["AT+QIACT=1", ERROR],
      ['AT+QICSGP=1,1,"LGU.iot"', ok()],
      ["AT+QIACT=1", ok()],
    ]);
  });
});

describe("power", () => {
  it("answers and refuses functionality levels", async () => {
    await transcript(await open(), [
      ["AT+CFUN=?", ok("+CFUN: (0,1,4),(0,1)")],
      ["AT+CFUN?", ok("+CFUN: 1")],
      ["AT+CFUN=1", ok()],
      ["AT+CFUN=2", cme(50)],
      ["AT+CFUN=0,1", cme(50)],
      ["AT+CFUN=3", cme(50)],
      ["AT+CFUN=1,3", cme(50)],
      ["AT+QPOWD=?", ok("+QPOWD: (0,1)")],
      ["AT+QPOWD=2", cme(50)],
      ["AT+CBC", ok("+CBC: 0,87,3900")],
    ]);
  });
});

describe("clock", () => {
  it("runs, is set and keeps its zone; the network's time is its own", async () => {
    const opened = await open();
    await transcript(opened, [
      ["AT+CCLK?", ok('+CCLK: "26/01/01,00:00:10+00"')],
      ['AT+CCLK="24/02/29,23:59:59+36"', ok()],
      ["AT+CCLK?", ok('+CCLK: "24/02/29,23:59:59+36"')],
    ]);
    await opened.wait(1000);
    await transcript(opened, [
      ["AT+CCLK?", ok('+CCLK: "24/03/01,00:00:00+36"')],
      ["AT+QLTS", ok('+QLTS: "2026/01/01,00:00:00+00,0"')],
      ["AT+QLTS=1", ok('+QLTS: "2026/01/01,00:00:11+00,0"')],
      ['AT+CCLK="24/01/01,00:00:00-20"', ok()],
      ["AT+CCLK?", ok('+CCLK: "24/01/01,00:00:00-20"')],
      ['AT+CCLK="24/01/01,00:00:00"', ok()],
      ["AT+CCLK?", ok('+CCLK: "24/01/01,00:00:00-20"')],
    ]);
    for (const time of [
      '"25/02/29,00:00:00+00"',
      '"25/13/01,00:00:00+00"',
      '"25/01/01,24:00:00+00"',
      '"25/01/01,00:00:00+99"',
      '"25/1/1,00:00:00+00"',
      "25/01/01",
    ]) {
      await transcript(opened, [[`AT+CCLK=${time}`, cme(50)]]);
    }
  });

  it("has no network time before registration", async () => {
    const opened = await open((state) => ({ time: { ...state.time, synchronised: false } }));
    await transcript(opened, [["AT+QLTS", ok('+QLTS: ""')]]);
  });

  it("tells the network's time in UTC and in the network's zone", async () => {
    await transcript(await open(({ network }) => ({ network: { ...network, zoneQuarters: 36 } })), [
      ["AT+QLTS", ok('+QLTS: "2026/01/01,00:00:10+36,0"')],
      ["AT+QLTS=0", ok('+QLTS: "2026/01/01,00:00:10+36,0"')],
      ["AT+QLTS=1", ok('+QLTS: "2026/01/01,00:00:10+36,0"')],
      ["AT+QLTS=2", ok('+QLTS: "2026/01/01,09:00:10+36,0"')],
    ]);
  });

  it("keeps the zone settings", async () => {
    await transcript(await open(), [
      ["AT+CTZU=?", ok("+CTZU: (0,1)")],
      ["AT+CTZU=1", ok()],
      ["AT+CTZU?", ok("+CTZU: 1")],
      ["AT+CTZR=1", ok()],
      ["AT+CTZR?", ok("+CTZR: 1")],
    ]);
  });
});

describe("the port's settings", () => {
  it("are kept", async () => {
    await transcript(await open(), [
      ["AT+IPR=?", ok("+IPR: (),(9600,19200,38400,57600,115200,230400,460800,921600)")],
      ["AT+IPR?", ok("+IPR: 115200")],
      ["AT+IPR=921600", ok()],
      ["AT+IPR?", ok("+IPR: 921600")],
      ["AT+IPR=300", cme(50)],
      ["AT+IFC=?", ok("+IFC: (0,2),(0,2)")],
      ["AT+IFC=2,2", ok()],
      ["AT+IFC?", ok("+IFC: 2,2")],
      ["AT+IFC=0", ok()],
      ["AT+IFC?", ok("+IFC: 0,0")],
      ["AT+IFC=2,0", cme(50)],
      ["AT+CSCS=?", ok('+CSCS: ("GSM","IRA","UCS2")')],
      ['AT+CSCS="UCS2"', ok()],
      ["AT+CSCS?", ok('+CSCS: "UCS2"')],
      ['AT+CSCS="8859-1"', cme(50)],
    ]);
  });

  it("AT+QCFG keeps each key over a restart, in the text in which it is read back", async () => {
    const opened = await open();
    await transcript(opened, [
      ['AT+QCFG="nwscanmode"', ok('+QCFG: "nwscanmode",0')],
      ['AT+QCFG="nwscanmode",3,1', ok()],
      ['AT+QCFG="nwscanseq",0203', ok()],
      ['AT+QCFG="nwscanseq",04', ERROR],
      ['AT+QCFG="iotopmode",2', ok()],
      ['AT+QCFG="band"', ok('+QCFG: "band",0xf,0x400a0e189f,0xa0e189f')],
      ['AT+QCFG="band",f,400a0e189f,a0e189f', ok()],
      ['AT+QCFG="band"', ok('+QCFG: "band",0xf,0x400a0e189f,0xa0e189f')],
      ['AT+QCFG="band",0x3,0X1000,0,1', ok()],
      ['AT+QCFG="band",1f,0,0', ERROR],
      ['AT+QCFG="band",f', ERROR],
      ["AT+CFUN=1,1", ok()],
    ]);
    await opened.wait(10_000);
    await opened.type("ATE0\r");
    await transcript(opened, [
      ['AT+QCFG="nwscanmode"', ok('+QCFG: "nwscanmode",3')],
      ['AT+QCFG="NwScanSeq"', ok('+QCFG: "nwscanseq",0203')],
      ['AT+QCFG="iotopmode"', ok('+QCFG: "iotopmode",2')],
      ['AT+QCFG="band"', ok('+QCFG: "band",0x3,0x1000,0xa0e189f')],
    ]);
  });
});

describe("profiles", () => {
  it("AT&W keeps, ATZ and a restart restore, AT&F resets", async () => {
    const opened = await open();
    const { type, wait } = opened;
    await type("ATX1&D0S0=2+CREG=2;+CMEE=2;&W\r");
    expect(await type("AT&F\r")).toBe(ok());
    expect(await type("AT+CREG?\r")).toBe(`AT+CREG?\r${ok("+CREG: 0,1")}`);
    expect(await type("ATZ\r")).toBe(`ATZ\r${ok()}`);
    const lines = ["&C: 1", "&D: 0", "&F: 0", "&W: 0", "E: 0", "Q: 0", "V: 1", "X: 1", "Z: 0"];
    const registers = ["S0: 2", "S3: 13", "S4: 10", "S5: 8", "S6: 2", "S7: 0", "S8: 2", "S10: 15"];
    expect(await type("AT&V\r")).toBe(ok(...lines, ...registers));
    // The manual's list of what is stored leaves CMEE out.
    expect(await type("AT+CMEE?;+CREG=1\r")).toBe(ok("+CMEE: 1"));
    await type("AT+CFUN=1,1\r");
    await wait(10_000);
    expect(await type("AT+CREG?\r")).toBe(ok('+CREG: 2,1,"5212","1A2D001",8'));
  });

  it("AT&F takes back what a host has asked to be told; what is no setting stays", async () => {
    await transcript(await open(), [
      ["AT+CGEREP=2,1;+CMGF=1;+CNMI=1,0,0,0,0;+CTZR=2;+CUSD=1;+QSIMSTAT=1", ok()],
      ['AT+QINDCFG="csq",1', ok()],
      ["AT+QIACT=9", ERROR],
      ["AT&FE0", ok()],
      ["AT+CGEREP?", ok("+CGEREP: 0,0")],
      ["AT+CMGF?", ok("+CMGF: 0")],
      ["AT+CNMI?", ok("+CNMI: 2,1,0,0,0")],
      ["AT+CTZR?", ok("+CTZR: 0")],
      ["AT+CUSD?", ok("+CUSD: 0")],
      ["AT+QSIMSTAT?", ok("+QSIMSTAT: 0,1")],
      ['AT+QINDCFG="csq"', ok('+QINDCFG: "csq",1')],
      ["AT+QIGETERROR", ok("+QIGETERROR: 561,open PDP context failed")],
    ]);
  });

  it("a stored profile that is damaged does no harm", async () => {
    for (const profile of [
      "",
      "{",
      "null",
      "7",
      '{"echo":0,"s":{"3":"x","99":1},"toString":1}',
      '{"s":null}',
      '{"s":{"3":65},"verbose":1,"cmee":7}',
    ]) {
      const { type } = await openAtTerminal({ change: (state) => ({ settings: { ...state.settings, profile } }) });
      expect(await type("AT\r")).toBe("AT\r\r\nOK\r\n");
    }
  });
});

describe("host programs' start", () => {
  it("gammu --identify finds what it needs, one byte per write", async () => {
    const { typeSlowly } = await openAtTerminal();
    const sent = [
      "ATE1",
      "AT+MODE=2",
      "AT+CMEE=1",
      "AT+CSCS?",
      "AT+CSCS=?",
      "AT+CGMM",
      "AT+CGMI",
      "AT+CGMR",
      "AT+CFUN=1",
      "AT+CGSN",
      "AT+CIMI",
    ];
    expect(await typeSlowly("\x1b\rAT\r")).toBe("\x1b\rAT\r\r\nOK\r\n");
    for (const line of sent) {
      const answer = await typeSlowly(`${line}\r`);
      expect(answer).toMatch(line === "AT+MODE=2" ? /\r\nERROR\r\n$/ : /\r\nOK\r\n$/);
      expect(answer.startsWith(`${line}\r\r\n`)).toBe(true);
    }
  });
});

describe("the table", () => {
  it("is listed by AT+CLAC, each command once", async () => {
    const opened = await open();
    const names = (await opened.type("AT+CLAC\r")).split("\r\n").filter((line) => line !== "" && line !== "OK");
    expect(names).toEqual(commandTable().map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("+QLWM2M");
  });

  it("answers every test form it has", async () => {
    const opened = await open();
    for (const { name } of commandTable().filter(({ name, test }) => name.startsWith("+") && test !== false)) {
      expect([name, await opened.type(`AT${name}=?\r`)]).toEqual([name, expect.stringMatching(/\r\nOK\r\n$/)]);
    }
  });

  it("gives the reference: title, clause and forms of every command and subcommand", () => {
    const reference = commandReference(commandTable());
    expect(reference.filter(({ title, spec }) => title === "" || spec === "")).toEqual([]);
    expect(reference.filter(({ forms }) => forms.length === 0)).toEqual([]);
    const find = (command: string) => reference.find((each) => each.command === command);
    expect(find("AT+CEREG")).toEqual({
      command: "AT+CEREG",
      title: "EPS registration",
      spec: "3GPP TS 27.007 §10.1.22",
      forms: ["AT+CEREG=?", "AT+CEREG?", "AT+CEREG=<n>"],
      values: "<n> (0,1,2,4)",
    });
    expect(find("AT+QGPS")?.values).toMatch(/^<gnssmode> \(1-4\), <fixmaxtime> \(1-255\), /);
    expect(find("AT+CPIN")?.values).toBe("");
    expect(find("ATE")?.forms).toEqual(["ATE<value>", "ATE"]);
    expect(find("ATS3")?.forms).toEqual(["ATS3?", "ATS3=<value>", "ATS3"]);
    expect(find('AT+QCFG="iotopmode"')?.forms).toEqual([
      'AT+QCFG="iotopmode"',
      'AT+QCFG="iotopmode",<value>[,<effect>]',
    ]);
  });

  it("lists what is not offered, and refuses it", async () => {
    const opened = await open();
    const lines = NOT_OFFERED.flatMap(({ commands }) => commands).map((each) => each.replace("<cid>", "1"));
    for (const line of lines) {
      for (const form of [line, `${line}=?`, `${line}=1,1`]) {
        expect([form, await opened.type(`${form}\r`)]).toEqual([
          form,
          expect.stringMatching(/\r\n(ERROR|NO CARRIER|\+CME ERROR: \d+)\r\n$/),
        ]);
      }
    }
  });

  it("takes rows of its own, and refuses one name twice", async () => {
    const row = commandTable()[0]!;
    await expect(openAtTerminal({ commands: [row, row] })).rejects.toThrow("command table: E twice");
  });
});
