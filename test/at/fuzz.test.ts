import { describe, expect, it } from "vitest";
import { MAX_LINE_LENGTH } from "#at/line";
import type { Efs } from "#efs/efs";
import type { Client } from "#lwm2m/client";
import type { Settings } from "#lwm2m/settings";
import { type Log, silentLog } from "#runtime";
import { type AtTerminal, openAtTerminal } from "../support/at-terminal.ts";
import { createSeededRandom } from "../support/manual-clock.ts";
import { createMemoryEfs } from "../support/memory-efs.ts";

/** About 3 000 000 bytes; `npm run fuzz` types four times as many. */
const LINES = Number(process.env.BG96_FUZZ_LINES ?? 10_000);
const TIMEOUT_MS = 20_000 + LINES * 4;

/** Lines a host may well send, one of each form and kind of value. */
const VALID = [
  "AT",
  "ATI",
  "ATE0V1Q0X4&C1&D0",
  "AT&FZE0&W",
  "ATS3?S4?S5=8S7=30S7?",
  "ATH0",
  "AT&V",
  "AT+CMEE=2;+CREG=2;+CSQ",
  "AT+CSQ;+CEREG?;+CGREG?;+COPS?",
  "AT+CPIN=1234",
  "AT+CREG=2",
  'AT+COPS=1,2,"45006",8',
  "AT+COPS=?",
  'AT+CGDCONT=1,"IPV4V6","internet.apn","0.0.0.0",0,0',
  'AT+QICSGP=1,1,"apn","user", "password",1',
  "AT+QIACT=1;+QIACT?;+CGPADDR=1;+QIDEACT=1",
  "AT+CGATT=0;+CGATT=1",
  "AT+CFUN=1",
  "AT+CFUN=0",
  "AT+CFUN=1,1",
  "AT+QPOWD=1",
  "AT+IPR=115200;+IFC=2,2",
  'AT+CSCS="UCS2"',
  'AT+CCLK="26/11/21,02:16:00+36"',
  "AT+QLTS=2",
  'AT+QCFG="band",f,400a0e189f,a0e189f,1',
  'AT+QCFG="nwscanseq",020301,1',
  "AT+CLAC",
  'AT+QLWM2M="cdp","leshan.example",5683',
  'AT+QLWM2M="uldata",10250,5,"hello"',
  'AT+QLWM2M="ulhex",19,5,"3031323334"',
  'AT+QLWM2M="mbsps","QUEC","992185","01212345678","904978","LWTHM"',
  'AT+QLWM2M="lifetime",102,86400',
  "AT+QLWM2M=?",
  "AT+QGPS=1,30,50,0,1;+QGPSLOC=2;+QGPSEND",
  'AT+QGPSCFG="nmeasrc",1;+QGPSGNMEA="RMC"',
  'AT+CPSMS=0,,,"00000100","00001111";+CPSMS?;+QPSMS?',
  'AT+CEDRXS=1,4,"0010";+CEDRXS?;+CEDRXRDP',
  "AT+CGEREP=2,1;+CGACT=1,1;+CGACT?",
  'AT+QENG="servingcell";+QENG="neighbourcell"',
  'AT+QINDCFG="csq",1,1;+QURCCFG="urcport","uart1"',
  "AT+QINISTAT;+QSIMSTAT=1;+CRSM=176,28514,0,0,0",
  'AT+QNTP=1,"pool.example",123,1;+QPING=1,"host.example",4,4',
  'AT+QIDNSCFG=1,"192.0.2.1","192.0.2.2";+QIGETERROR',
  'AT+CMGF=1;+CNMI=2,1,0,0,0;+CPMS="ME","ME","ME";+CMGL="ALL";+CMGD=1,4',
  'AT+CMGS="+821012345678"',
  'AT+CUSD=1,"*100#",15',
  "ATD*99***1#",
  "ATO",
  'AT+QCFG="urc/ri/ring","pulse",120,1000,5000,"off",1',
  'AT+QFLST="EUFS:/datatx/*";+QFLDS="UFS"',
];

const random = createSeededRandom(0xb696);
const below = (bound: number) => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
const SPICE = [
  '"',
  ",",
  ";",
  "=",
  "?",
  "+",
  "&",
  "AT",
  "A/",
  "\x00",
  "\xff",
  "\b",
  "\x7f",
  "\n",
  "\x1b",
  " ",
  "-1",
  "99999999999999999999",
  "S3",
  "/",
];
const bytes = (length: number) => random.bytes(length).toString("latin1").replaceAll("\r", "");

function mutate(line: string): string {
  let mutated = line;
  for (let times = 1 + below(3); times > 0; times--) {
    const at = below(mutated.length + 1);
    const [before, after] = [mutated.slice(0, at), mutated.slice(at)];
    mutated = [
      () => before + after.slice(1),
      () => before + bytes(1) + after.slice(1),
      () => before + pick(SPICE) + after,
      () => before + after.slice(0, 12).repeat(below(4)) + after,
      () => before,
      () => `${mutated};${pick(VALID).slice(2)}`,
      () => before + "9".repeat(below(2) * (MAX_LINE_LENGTH + 5)) + after,
    ][below(7)]!();
  }
  return mutated;
}

const lines = Array.from({ length: LINES }, (_, index) => {
  if (index % 2 === 0) return mutate(pick(VALID));
  const noise = bytes(below(60));
  return random.fraction() < 0.7 ? `AT${pick(["", "+", "+C", "+Q"])}${noise}` : noise;
});

/** What is left of a line after editing, as the terminal reads it. */
function edited(line: string): string {
  let left = "";
  for (const character of line.replaceAll("\n", "")) {
    if (character !== "\b" && character !== "\x7f") left += character;
    else if (left.length > 2) left = left.slice(0, -1);
  }
  return left;
}

/** Whether it may change how results look, or what ends a line. */
const changesFraming = (line: string) => /[svqz&]/i.test(edited(line).replace(/\+[^;]*/g, ""));

const FINAL = /\r\n(OK|ERROR|NO CARRIER|\+CM[ES] ERROR: [^\r\n]+)\r\n/;

/** Anything goes: this test is about the terminal, not about the client. */
const willing = <T extends object>() => new Proxy({} as T, { get: () => () => undefined });

async function open(): Promise<AtTerminal & { bugs: object[] }> {
  const bugs: object[] = [];
  const log: Log = {
    ...silentLog,
    error: (fields) => {
      if (!JSON.stringify(fields).includes("+QLWM2M")) bugs.push(fields);
    },
  };
  const opened = await openAtTerminal({
    log,
    host: { efs: createMemoryEfs() as Efs, client: willing<Client>(), lwm2m: willing<Settings>() },
  });
  return Object.assign(opened, { bugs });
}

/** Switches the module on again if a line has switched it off. */
async function revive({ power, wait, modem, type }: AtTerminal): Promise<void> {
  await wait(800); // longer than its last words
  if (modem.state.power.phase === "off") power.on();
  await wait(50);
  await type("ATE0\r");
}

describe(`${LINES} seeded lines, half of them mutated from valid ones`, () => {
  it("each line that begins with AT is answered by exactly one final result", { timeout: TIMEOUT_MS }, async () => {
    const opened = await open();
    await opened.type("ATE0\r");
    let checked = 0;
    for (const [index, line] of lines.entries()) {
      if (changesFraming(line)) continue;
      opened.terminal.receive(Buffer.from(`${line}\r`, "latin1"));
      let answer = opened.take();
      if (!FINAL.test(answer)) answer += await opened.type("");
      if (answer.endsWith("\r\n> ")) answer += await opened.type("\x1b");
      const results = answer.match(new RegExp(FINAL, "g")) ?? [];
      if (/^at/i.test(edited(line))) {
        expect([index, line, results.length, results.at(-1) && answer.endsWith(results.at(-1)!)]).toEqual([
          index,
          line,
          1,
          true,
        ]);
        checked++;
      }
      if (/CFUN|QPOWD/i.test(edited(line)) || index % 100 === 0) await revive(opened);
    }
    expect(checked).toBeGreaterThan(LINES / 2);
    expect(opened.bugs).toEqual([]);
    expect(Object.keys(opened.modem.state.pdp).length).toBeLessThanOrEqual(16);
    expect(Object.keys(opened.modem.state.settings).length).toBeLessThan(64);
    expect(await opened.type("AT\r")).toMatch(/\r\nOK\r\n$/);
  });

  it("in one stream, cut anywhere and with every setting open to change, they leave a terminal that answers after power-on", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const opened = await open();
    const stream = Buffer.from(lines.join("\r"), "latin1");
    for (let at = 0; at < stream.length; ) {
      const length = 1 + below(2000);
      opened.terminal.receive(stream.subarray(at, at + length));
      opened.take();
      at += length;
      if (opened.modem.state.power.phase !== "running") await revive(opened);
    }
    expect(opened.bugs).toEqual([]);
    opened.update((state) => ({ settings: { ...state.settings, profile: "" } }));
    opened.power.cut();
    opened.power.on();
    await opened.wait(6000);
    expect(await opened.type("AT\r")).toBe("AT\r\r\nOK\r\n");
  });
});
