/** A host that types anything: lines of the grammar, lines nearly of it, noise; in pieces, with events in between. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import { MAX_LINE_LENGTH } from "#at/terminal/line";
import { createTerminals, type PortName } from "#at/terminal/terminals";
import { createUserRules } from "#at/terminal/user-rules";
import type { Efs } from "#efs/efs";
import type { Client } from "#lwm2m/client";
import type { Settings } from "#lwm2m/settings";
import type { ModemState } from "#modem/state";
import { type Log, silentLog } from "#runtime";
import { type AtTerminal, openAtTerminal } from "../support/at-terminal.ts";
import { createSeededRandom } from "../support/manual-clock.ts";
import { createMemoryEfs } from "../support/memory-efs.ts";
import { createMemoryLine } from "../support/memory-line.ts";
import { userRule } from "../support/user-rule.ts";

/** About 1 000 000 bytes; `npm run fuzz` types thirteen times as many. */
const LINES = Number(process.env.BG96_FUZZ_LINES ?? 3000);
const SEED = Number(process.env.BG96_FUZZ_SEED ?? 0xb696);
const TIMEOUT_MS = 30_000 + LINES * 10;

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
  'AT+CMGF=0;+CMGS=23;+CMGF=1;+CMGW="123"',
  'AT+CUSD=1,"*100#",15',
  "ATD*99***1#",
  "ATO",
  'AT+QCFG="urc/ri/ring","pulse",120,1000,5000,"off",1',
  'AT+QFLST="EUFS:/datatx/*";+QFLDS="UFS"',
  'AT+QFUPL="a.txt",12,2',
  'AT+QFUPL="b.txt",3000,5,1;+QFLST',
  'AT+QFDEL="a.txt";+QFUPL="a.txt",3,1;+QFDWL="a.txt"',
  'AT+QFOPEN="c.txt",0;+QFWRITE=1,20,1;+QFSEEK=1,0;+QFREAD=1,5;+QFCLOSE=1',
  'AT+QFDEL="*"',
  "AT+RULE",
  "AT+SLOW;+RULE;+CSQ",
  'AT+PATTERN="x",1',
];

const RULES = [
  userRule({ command: "AT+RULE", answer: ["+RULE: 1", "+RULE: 2"], urcs: ["+RULEIND"], urcDelayMs: 300 }),
  userRule({ command: "AT+SLOW", delayMs: 70 }),
  userRule({ pattern: /^(?:AT\+PATTERN=(.*))$/i, answer: ["+PATTERN: $1"], result: "+CME ERROR: 3" }),
];

/** Lines that once went without their result code, or had their data taken for commands. */
const FOUND = [
  `AT${"+CLAC;".repeat(680)}`,
  'AT+QFUPL="d.txt",3,1;+QFUPL="e.txt",3,1',
  'AT+QFUPL="f.txt",3000,65535',
  "AT+QPOW D",
];

const random = createSeededRandom(SEED);
const below = (bound: number) => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
const chance = (probability: number) => random.fraction() < probability;
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

const lines = [
  ...FOUND,
  ...Array.from({ length: LINES }, (_, index) => {
    if (index % 4 === 0) return pick(VALID);
    if (index % 4 < 3) return mutate(pick(VALID));
    const noise = bytes(below(60));
    return chance(0.7) ? `AT${pick(["", "+", "+C", "+Q"])}${noise}` : noise;
  }),
];

/** What is left of a line after editing, as the terminal reads it, and its echo: a model of its own. */
function edited(line: string): { readonly text: string; readonly echo: string } {
  let text = "";
  let echo = "";
  let lost = false;
  for (const character of line.replaceAll("\n", "")) {
    const isErasing = character === "\b" || character === "\x7f";
    if (isErasing && text.length > 2 && !lost) {
      text = text.slice(0, -1);
      echo += "\b \b";
    } else if (!isErasing) {
      echo += character;
      if (text.length < 2 || character >= " ") text += character;
      if (text.length > MAX_LINE_LENGTH + 2) lost = true;
    }
  }
  return { text, echo };
}

/** Whether it may change how results look, or what ends a line. */
const changesFraming = (text: string) => /[esvqz&]/i.test(text.slice(2).replace(/\+[^;]*/g, ""));
const changesPower = (text: string) => /CFUN|QPOWD|PSMS/i.test(text.replaceAll(" ", ""));
const isCommandLine = (text: string) => /^at/i.test(text);

interface Mode {
  readonly setting: string;
  readonly echoes: boolean;
  /** An answer from its beginning to its end: information, one result code. */
  readonly answer: RegExp;
  /** The end of an answer. */
  readonly result: RegExp;
  /** The same with the echo of what was typed too much behind it, and unsolicited result codes. */
  readonly resultAndMore: RegExp;
  /** Unsolicited result codes, or information, at the end. */
  readonly urcs: RegExp;
  readonly connect: RegExp;
}
const VERBOSE = {
  answer: /^(?=\r\n)(?:[^\r\n]*\r\n)*\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR: [^\r\n]+)\r\n$/,
  result: /\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR: [^\r\n]+)\r\n$/,
  resultAndMore:
    /\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR: [^\r\n]+)\r\n(?=(?:\r\n\+(?!CM[ES] ERROR)[^\r\n]*\r\n|[^\r\n])+$)/,
  urcs: /(?:\r\n\+(?!CM[ES] ERROR)[A-Z][^\r\n]*\r\n)+$/,
  connect: /\r\nCONNECT\r\n$/,
};
const MODES: readonly Mode[] = [
  { setting: "ATE1", echoes: true, ...VERBOSE },
  { setting: "ATE0", echoes: false, ...VERBOSE },
  {
    setting: "ATE0V0",
    echoes: false,
    answer: /^(?:[^\r\n]*\r\n)*(?:[034]\r|\r\n\+CM[ES] ERROR: [^\r\n]+\r\n)$/,
    result: /(?:[034]\r|\r\n\+CM[ES] ERROR: [^\r\n]+\r\n)$/,
    resultAndMore: /(?:[034]\r|\r\n\+CM[ES] ERROR: [^\r\n]+\r\n)(?=(?:\+(?!CM[ES] ERROR)[^\r\n]*\r\n|[^\r\n])+$)/,
    urcs: /(?<=[\r\n])(?:\+(?!CM[ES] ERROR)[A-Z][^\r\n]*\r\n)+$/,
    connect: /1\r$/,
  },
];
const PROMPT = /\r\n> $/;
const URC = /\+QLWEVENT|\+RULEIND/;
/** Result codes within an answer that goes on. */
const INNER = /\r\n(?:OK|ERROR)\r\n(?=[\s\S])/;

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
    rules: createUserRules(RULES),
    host: { efs: createMemoryEfs() as Efs, client: willing<Client>(), lwm2m: willing<Settings>() },
  });
  return Object.assign(opened, { bugs });
}

const phase = (value: number) => (state: ModemState) => ({
  lwm2m: { ...state.lwm2m, phase: value as 0 },
});

/** Switches the module on, if a line has switched it off, and makes its terminal as the mode has it. */
async function restore({ power, wait, modem, type }: AtTerminal, { setting }: Mode): Promise<void> {
  await wait(800); // longer than its last words
  modem.update(({ settings: { profile: _, ...settings } }) => ({ settings }));
  if (modem.state.power.phase !== "running") power.on();
  await wait(6000);
  await type(`${setting}\r`);
  await wait(1000);
}

/** What the host does behind CONNECT or a prompt until the line has its result; by then it has waited long enough. */
async function satisfy(opened: AtTerminal, mode: Mode, answer: string): Promise<string> {
  let printed = answer;
  for (let times = 0; times < 40 && !mode.result.test(printed); times++) {
    if (PROMPT.test(printed) && times % 2 === 0)
      printed += await opened.type(`${bytes(below(20))}${pick(["\x1a", "\x1b"])}`);
    else if (mode.connect.test(printed) && chance(0.7)) printed += await opened.type("y".repeat(1 + below(40)));
    else printed += await opened.wait(100);
    if (times === 20) opened.terminal.hangUp(); // which ends a silence that is allowed to last for hours
    printed = printed.replace(mode.urcs, ""); // they may follow the result, as soon as it is there
    const end = mode.resultAndMore.exec(printed);
    if (!end) continue;
    printed = printed.slice(0, end.index + end[0].length);
    opened.terminal.hangUp();
  }
  return printed;
}

const collectGarbage: () => void = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
})();
const heapBytes = () => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

describe(`${LINES} seeded lines: of the grammar, mutated, and noise`, () => {
  for (const [part, mode] of MODES.entries()) {
    const own = lines.filter((_, index) => index % MODES.length === part);

    it(`after ${mode.setting} each is echoed as it has to be, and answered by information and one result code, with no URC in between`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const opened = await open();
      await restore(opened, mode);
      let checked = 0;
      let told = 0;
      for (const [index, line] of own.entries()) {
        const { text, echo } = edited(line);
        if (changesFraming(text)) continue;
        const cut = below(line.length + 1);
        const end = chance(0.3) ? "\r\n" : "\r";
        let printed = await opened.type(line.slice(0, cut));
        const isHeld = /^at/i.test(edited(line.slice(0, cut)).text);
        if (isHeld && chance(0.3)) {
          opened.update(phase(++told % 6));
          printed += await opened.wait(pick([0, 30, 3000]));
        }
        printed += await opened.type(`${line.slice(cut)}${end}`);
        if (isCommandLine(text)) printed = await satisfy(opened, mode, printed);
        const isRestarted = changesPower(text) && printed.includes("RDY"); // whatever the line still had to say
        if (isCommandLine(text) && !isRestarted) {
          const expectedEcho = mode.echoes ? `${echo}\r` : "";
          const answer = printed.slice(expectedEcho.length);
          const hasData = /CONNECT|\r\n> |(?:^|\n)1\r(?!\n)/.test(answer);
          expect([index, line, printed.slice(0, expectedEcho.length)]).toEqual([index, line, expectedEcho]);
          expect([index, line, hasData ? "data" : answer]).toEqual([
            index,
            line,
            hasData ? "data" : expect.stringMatching(mode.answer),
          ]);
          expect([index, line, answer]).toEqual([index, line, expect.stringMatching(mode.result)]);
          expect([index, line, answer]).toEqual([index, line, expect.not.stringMatching(URC)]);
          if (!hasData) expect([index, line, answer]).toEqual([index, line, expect.not.stringMatching(INNER)]);
          checked++;
        } else {
          opened.terminal.hangUp(); // behind noise there may be a command
          await opened.wait(1000);
        }
        if (changesPower(text) || index % 100 === 0) await restore(opened, mode);
        else if (index % 10 === 0) await opened.wait(500);
      }
      expect(checked).toBeGreaterThan(own.length / 3);
      expect(opened.bugs).toEqual([]);
      await opened.wait(10_000);
      expect(opened.clock.pending()).toBeLessThan(30);
      expect(Object.keys(opened.modem.state.pdp).length).toBeLessThanOrEqual(16);
      expect(JSON.stringify(opened.modem.state).length).toBeLessThan(200_000);
      await restore(opened, mode);
      expect(await opened.type("AT\r")).toMatch(mode.result);
    });
  }

  it("in one stream, cut anywhere, with every setting open to change and the power and the host coming and going, they leave a terminal that answers", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const opened = await open();
    const typeAll = async () => {
      const stream = Buffer.from(lines.join("\r"), "latin1");
      for (let at = 0; at < stream.length; ) {
        const length = 1 + below(2000);
        opened.terminal.receive(stream.subarray(at, at + length));
        at += length;
        if (chance(0.05)) opened.terminal.hangUp();
        if (chance(0.02)) opened.power.cut();
        if (chance(0.1)) opened.update(phase(below(6)));
        await opened.wait(chance(0.1) ? 2000 : 0);
        if (opened.modem.state.power.phase !== "running") await restore(opened, MODES[0]!);
      }
    };
    await typeAll();
    const before = heapBytes();
    await typeAll();
    expect(heapBytes() - before).toBeLessThan(10_000_000);
    expect(opened.bugs).toEqual([]);
    opened.power.cut();
    await restore(opened, MODES[0]!);
    expect(await opened.type("AT\r")).toBe("AT\r\r\nOK\r\n");
  });

  it("at three ports at once, each has the answers to its own lines in their order, however the others type", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { host, clock, modem, bugs } = await open();
    const terminals = createTerminals({ host, commands: commandTable(), rules: createUserRules(RULES) });
    const ports = (["usbat", "usbmodem", "uart1"] as const satisfies readonly PortName[]).map((name, part) => {
      const line = createMemoryLine(5000);
      terminals.serve(line, name);
      const own = lines.filter((each, index) => {
        const { text } = edited(each);
        const isOrdinary = isCommandLine(text) && !changesFraming(text) && !changesPower(text);
        return index % 3 === part && isOrdinary && !/QF|CMG|CMSS/i.test(text.replaceAll(" ", "")); // behind which there may be data
      });
      return { line, own, next: 0, typed: 0, printed: "", answered: 0 };
    });
    for (const { line } of ports) line.say("ATE0\r");
    await clock.advance(100);
    for (const { line } of ports) line.take();
    for (let told = 0; ports.some(({ own, next }) => next < own.length); told++) {
      const port = pick(ports.filter(({ own, next }) => next < own.length));
      const text = `${port.own[port.next]}\r`;
      const end = chance(0.5) ? text.length : port.typed + 1 + below(40);
      port.line.say(text.slice(port.typed, end));
      port.typed = end;
      if (end >= text.length) {
        port.next++;
        port.typed = 0;
      }
      if (chance(0.05)) modem.update(phase(told % 6));
      if (chance(0.3)) await clock.advance(pick([1, 30, 200]));
      if (chance(0.5)) for (const each of ports) each.printed += each.line.take();
    }
    for (let times = 0; times < 2000; times++) {
      await clock.advance(100);
      const printed = ports.map(({ line }) => line.take());
      for (const [index, each] of ports.entries()) each.printed += printed[index];
      if (times > 100 && printed.every((each) => each === "")) break;
    }
    for (const { own, printed } of ports) {
      const results = printed.match(/\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR: [^\r\n]+)\r\n/g) ?? [];
      expect(results).toHaveLength(own.length);
    }
    expect(bugs).toEqual([]);
    terminals.close();
  });
});
