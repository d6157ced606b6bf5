import { describe, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import type { Host } from "#at/host";
import { createTerminals, type PortName } from "#at/terminal/terminals";
import { createUserRules, type UserRules } from "#at/terminal/user-rules";
import { multiplexer } from "#bg96/host-side";
import { openEfs } from "#efs/efs";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { createSlowCommand, openAtTerminal } from "../support/at-terminal.ts";
import { createMemoryLine, type MemoryLine } from "../support/memory-line.ts";
import { dataOf, frame, message, readFrames, told } from "../support/mux-peer.ts";
import { userRule } from "../support/user-rule.ts";

/** A running module with terminals on these ports. */
async function open(names: readonly PortName[] = ["usbat"], host: Partial<Host> = {}, rules?: UserRules) {
  const slow = createSlowCommand();
  const module = await openAtTerminal({ host });
  const { clock, power, modem } = module;
  const terminals = createTerminals({
    host: module.host,
    commands: commandTable([slow.command]),
    ...(rules && { rules }),
    multiplex: multiplexer(module.host.runtime),
  });
  const lines = names.map((name) => {
    const line = createMemoryLine();
    terminals.serve(line, name);
    return line;
  });
  const say = async (line: MemoryLine, text: string) => {
    line.say(text);
    await clock.advance(50);
    return line.take();
  };
  return {
    clock,
    power,
    modem,
    slow,
    terminals,
    lines,
    line: lines[0]!,
    say,
    /** Divides a line and opens these channels, without echo. */
    async divide(line: MemoryLine, dlcis: readonly number[] = [1], command = "AT+CMUX=0") {
      expect(await say(line, `${command}\r`)).toContain("OK");
      await say(line, frame("SABM", 0));
      for (const dlci of dlcis) {
        await say(line, frame("SABM", dlci));
        await say(line, frame("UIH", 0, message(0xe1, String.fromCharCode(dlci * 4 + 3, 0x8d))));
        await say(line, frame("UIH", dlci, "ATE0\r"));
      }
    },
    /** Types a line in a channel. @returns what that channel says */
    async ask(dlci: number, text: string, line = lines[0]!) {
      return dataOf(await say(line, frame("UIH", dlci, `${text}\r`)), dlci);
    },
  };
}

const CLOSE_DOWN = frame("UIH", 0, message(0xc3));
const event = (phase: 3 | 4 | 5) => (state: { lwm2m: object }) => ({ lwm2m: { ...state.lwm2m, phase } }) as never;

describe("AT+CMUX", () => {
  it("divides the line once OK is out, and tells its parameters in a channel", async () => {
    const { line, say, ask } = await open();
    expect(await say(line, "ATE0\r")).toContain("OK");
    expect(await say(line, "AT+CMUX?\r")).toBe("\r\n+CMUX: 0,0,5,127,10,3,30,10,2\r\n\r\nOK\r\n");
    expect(await say(line, "AT+CMUX=0,0,7,1509,,,,,\r")).toBe("\r\nOK\r\n");
    expect(told(await say(line, frame("SABM", 0)))).toEqual(["UA 0 cr=1 pf=1"]);
    await say(line, frame("SABM", 1));
    expect(await ask(1, "AT+CMUX?")).toBe("AT+CMUX?\r\r\n+CMUX: 0,0,7,1509,10,3,30,10,2\r\n\r\nOK\r\n");
  });

  it("takes frames that come in one piece with the command, its LF between them", async () => {
    const { line, say } = await open();
    const out = await say(line, `ATE0;+CMUX=0\r\n${frame("SABM", 0)}${frame("SABM", 1)}${frame("UIH", 1, "AT\r")}`);
    expect(out.startsWith("ATE0;+CMUX=0\r\r\nOK\r\n")).toBe(true);
    expect(told(out.slice(out.indexOf("\xf9")))[0]).toBe("UA 0 cr=1 pf=1");
    expect(dataOf(out.slice(out.indexOf("\xf9")), 1)).toBe("AT\r\r\nOK\r\n");
  });

  it("behind which a command of the line fails leaves the line whole", async () => {
    const { line, say } = await open();
    await say(line, "ATE0\r");
    expect(await say(line, "AT+CMUX=0;+NOSUCH\r")).toBe("\r\nERROR\r\n");
    expect(await say(line, "AT\r")).toBe("\r\nOK\r\n");
  });

  it("whose line takes its time divides when it ends", async () => {
    const { line, say, slow } = await open();
    await say(line, "ATE0\r");
    expect(await say(line, `AT+CMUX=0;+SLOW\r${frame("SABM", 0)}`)).toBe("");
    slow.settle();
    expect((await say(line, "")).replace("\r\nOK\r\n", "")).toBe("\xf9\x03\x73\x01\xd7\xf9");
  });

  it("of a line that lost its power on the way divides nothing", async () => {
    const { line, say, slow, power, clock } = await open();
    await say(line, "AT+CMUX=0;+SLOW\r");
    power.cut();
    power.on();
    await clock.advance(10_000);
    slow.settle();
    line.take();
    expect(await say(line, "ATE0\r")).toContain("OK");
    expect(await say(line, "AT\r")).toBe("\r\nOK\r\n");
  });

  it.each([
    "=1",
    "=0,1",
    "=0,0,0",
    "=0,0,9",
    "=0,0,5,0",
    "=0,0,5,32769",
    "=0,0,5,31,0",
    "=0,0,5,31,10,101",
    "=0,,,,,,1",
    "=0,,,,,,,,8",
  ])("%s does not fit", async (values) => {
    const { line, say } = await open();
    await say(line, "ATE0\r");
    expect(await say(line, `AT+CMUX${values}\r`)).toBe("\r\n+CME ERROR: 50\r\n");
    expect(await say(line, "AT\r")).toBe("\r\nOK\r\n");
  });

  it("in a channel is not allowed", async () => {
    const { line, divide, ask } = await open();
    await divide(line);
    expect(await ask(1, "AT+CMUX=0")).toBe("\r\n+CME ERROR: 3\r\n");
    expect(await ask(1, "AT")).toBe("\r\nOK\r\n");
  });

  it("cuts answers into frames of N1 octets", async () => {
    const { line, say, divide } = await open();
    await divide(line, [1], "AT+CMUX=0,0,5,31");
    const frames = readFrames(await say(line, frame("UIH", 1, "ATI\r")));
    expect(frames.map(({ text }) => text.length).slice(0, -1)).toEqual([31]);
    expect(frames.map(({ text }) => text).join("")).toMatch(/^\r\nQuectel\r\nBG96\r\n[\s\S]*\r\nOK\r\n$/);
  });
});

describe("a channel", () => {
  it("is a terminal of its own on the same module", async () => {
    const { line, divide, ask } = await open();
    await divide(line, [1, 2]);
    expect(await ask(1, "AT+CMEE=2;+CEREG=2")).toBe("\r\nOK\r\n");
    expect(await ask(2, "AT+CMEE?;+CEREG?")).toMatch(/\+CMEE: 1\r\n[\s\S]*\+CEREG: 0,/);
    expect(await ask(1, 'AT+CGDCONT=5,"IP","shared"')).toBe("\r\nOK\r\n");
    expect(await ask(2, "AT+CGDCONT?")).toContain('+CGDCONT: 5,"IP","shared"');
    expect(await ask(1, "AT+NOSUCH;")).toBe("\r\nERROR\r\n");
  });

  it("that executes does not hold up another", async () => {
    const { line, divide, ask, slow, say } = await open();
    await divide(line, [1, 2]);
    expect(await ask(1, "AT+SLOW")).toBe("");
    expect(await ask(2, "AT")).toBe("\r\nOK\r\n");
    slow.settle(["done"]);
    expect(dataOf(await say(line, ""), 1)).toBe("\r\ndone\r\n\r\nOK\r\n");
  });

  it("closed by DISC is silent, and opened again has settings of its own again", async () => {
    const { line, divide, ask, say, modem } = await open();
    await divide(line, [1]);
    await ask(1, "AT+CMEE=2");
    await say(line, frame("DISC", 1));
    modem.update(event(5));
    expect(await say(line, "")).toBe("");
    await say(line, frame("SABM", 1));
    expect(await ask(1, "ATE0;+CMEE?")).toContain("+CMEE: 1");
  });

  it("opened twice forgets what was half typed, not its settings", async () => {
    const { line, divide, ask, say } = await open();
    await divide(line, [1]);
    await say(line, frame("UIH", 1, "AT+CFU"));
    await say(line, frame("SABM", 1));
    expect(await ask(1, "AT")).toBe("\r\nOK\r\n");
  });

  it("takes and gives files of any octets, in frames cut anywhere", async () => {
    const { line, divide, ask, say } = await open(["usbat"], { efs: openEfs(temporaryDirectory()) });
    await divide(line, [1]);
    const content = Array.from({ length: 1000 }, (_, index) => String.fromCharCode((index * 0xf9) % 256)).join("");
    expect(await ask(1, 'AT+QFUPL="a.bin",1000')).toBe("\r\nCONNECT\r\n");
    const frames = [0, 1, 100, 227, 300, 427, 554, 681, 808, 935, 1000].map((end, index, ends) =>
      frame("UIH", 1, content.slice(ends[index - 1] ?? 0, end)),
    );
    expect(dataOf(await say(line, frames.join("")), 1)).toMatch(/^\r\n\+QFUPL: 1000,[0-9a-f]+\r\n\r\nOK\r\n$/);
    const given = await ask(1, 'AT+QFDWL="a.bin"');
    expect(given.slice("\r\nCONNECT\r\n".length, "\r\nCONNECT\r\n".length + 1000)).toBe(content);
  });

  it("leaves its data mode by +++ between two silences, and answers ATH, whatever another channel says meanwhile", async () => {
    const { line, divide, ask, say, clock } = await open(["usbat"], { efs: openEfs(temporaryDirectory()) });
    await divide(line, [1, 2]);
    expect(await ask(1, 'AT+QFUPL="a.bin",1000')).toBe("\r\nCONNECT\r\n");
    await say(line, frame("UIH", 1, "data"));
    await clock.advance(1000);
    await say(line, frame("UIH", 1, "+") + frame("UIH", 1, "++"));
    expect(await ask(2, "AT+CGMM")).toBe("\r\nBG96\r\n\r\nOK\r\n");
    await clock.advance(1000);
    expect(dataOf(line.take(), 1)).toBe("\r\n+QFUPL: 4,1000\r\n\r\nOK\r\n");
    expect(await ask(1, "ATH")).toBe("\r\nOK\r\n");
    expect(await ask(2, "+++ATH")).toBe("\r\nOK\r\n");
  });

  it("takes the text of a short message at its prompt", async () => {
    const { line, divide, ask, say } = await open();
    await divide(line, [1, 2]);
    await ask(1, "AT+CMGF=1");
    expect(await ask(1, 'AT+CMGS="+821012345678"')).toBe("\r\n> ");
    expect(await ask(2, "AT")).toBe("\r\nOK\r\n");
    const sent = dataOf(await say(line, frame("UIH", 1, "hello") + frame("UIH", 1, "\x1a")), 1);
    expect(sent).toMatch(/\r\n(\+CMGS: \d+\r\n\r\nOK|\+CMS ERROR: \d+)\r\n$/);
  });
});

describe("a host that cannot do without channels", () => {
  // the commands of Particle's driver for Quectel modules, in its order
  it("sets the module up before and behind AT+CMUX", async () => {
    const { line, divide, ask, say } = await open();
    for (const command of ["AT+IPR=460800", "AT+IFC=2,2"]) expect(await say(line, `${command}\r`)).toContain("OK");
    await divide(line, [1, 2], "AT+CMUX=0,0,7,1509,,,,,");
    const commands = [
      'AT+QCFG="cmux/urcport",1',
      "AT+CGEREP=1,0",
      "AT+CCID",
      "AT+CFUN=0,0",
      'AT+QCFG="nwscanmode",3,1',
      'AT+QCFG="nwscanseq",020301,1',
      'AT+QCFG="iotopmode",0,1',
      "AT+CFUN=1,0",
      "AT+COPS=0,2",
      "AT+CREG=2",
      "AT+CGREG=2",
      "AT+CEREG=2",
      "AT+CEREG?",
      "AT+QCSQ",
    ];
    for (const command of commands) expect(await ask(1, command), command).toMatch(/\r\nOK\r\n/);
    expect(await ask(2, "ATD*99***1#")).toBe("\r\nNO CARRIER\r\n");
  });
});

describe("unsolicited result codes on a divided line", () => {
  it('go to every channel, or to the one that AT+QCFG="cmux/urcport" names', async () => {
    const { line, divide, ask, say, modem } = await open();
    await divide(line, [1, 2]);
    const heard = async (phase: 3 | 4 | 5) => {
      modem.update(event(phase));
      const out = await say(line, "");
      return [1, 2].map((dlci) => dataOf(out, dlci).replace(/[\r\n]/g, ""));
    };
    const told3 = '+QLWEVENT: 3,"STATE_REGISTER_REQUIRED"';
    expect(await heard(3)).toEqual([told3, told3]);
    expect(await ask(1, 'AT+QCFG="cmux/urcport",2')).toBe("\r\nOK\r\n");
    expect(await heard(4)).toEqual(["", '+QLWEVENT: 4,"STATE_REGISTERING"']);
    expect(await ask(1, 'AT+QCFG="cmux/urcport",1')).toBe("\r\nOK\r\n");
    expect(await heard(5)).toEqual(['+QLWEVENT: 5,"STATE_READY"', ""]);
  });

  it("stay off a line that another port's host hears them on, and come back to it when it is whole", async () => {
    const { lines, divide, say, modem } = await open(["usbat", "usbmodem"]);
    const [main, second] = lines as [MemoryLine, MemoryLine];
    await divide(second, [1]);
    modem.update(event(3));
    expect(await say(second, "")).toBe("");
    expect(await say(main, "")).toContain("+QLWEVENT: 3");
    await divide(main, []);
    modem.update(event(4));
    expect(await say(main, "")).toBe("");
    await say(main, CLOSE_DOWN);
    modem.update(event(5));
    expect(await say(main, "")).toBe('\r\n+QLWEVENT: 5,"STATE_READY"\r\n');
  });
});

describe("what is said outside the channels", () => {
  it("is not said while the line is divided: a user's own result code of an earlier command", async () => {
    const rules = createUserRules([userRule({ command: "AT+MINE", urcs: ["+MINE: later"], urcDelayMs: 1000 })]);
    const { line, divide, say, clock } = await open(["usbat"], {}, rules);
    await say(line, "AT+MINE\r");
    await divide(line, [1]);
    await clock.advance(2000);
    expect(line.take()).toBe("");
  });

  it("is not said again when the line is whole", async () => {
    const { line, divide, say, modem } = await open();
    await divide(line, [1]);
    line.fill(true);
    modem.update(event(3));
    expect(dataOf(await say(line, CLOSE_DOWN), 1)).toBe("");
    line.fill(false);
    expect(await say(line, "")).toBe("");
    modem.update(event(4));
    expect(await say(line, "")).toContain("+QLWEVENT: 4");
  });
});

describe("a divided line is whole again", () => {
  it.each([
    ["the close-down command", CLOSE_DOWN],
    ["DISC on the control channel", frame("DISC", 0)],
  ])("after %s, with the settings it had, and takes what came behind it", async (_, ending) => {
    const { line, divide, say } = await open();
    await say(line, "ATE0;+CMEE=2\r");
    await divide(line);
    const out = await say(line, `${ending}AT+CMEE?\r`);
    expect(out.slice(out.lastIndexOf("\xf9") + 1)).toBe("\r\n+CMEE: 2\r\n\r\nOK\r\n");
    expect(await say(line, "AT+CMUX=0\r")).toBe("\r\nOK\r\n");
    expect(told(await say(line, frame("SABM", 0)))).toEqual(["UA 0 cr=1 pf=1"]);
  });

  it("when the host hangs up", async () => {
    const { line, divide, say, modem } = await open();
    await divide(line);
    line.attach(false);
    line.attach(true);
    modem.update(event(3));
    line.take();
    expect(await say(line, "AT\r")).toBe("AT\r\r\nOK\r\n");
  });

  it("when the module is switched off, whose last word every channel hears", async () => {
    const { line, divide, say, power, clock, ask } = await open();
    await divide(line, [1, 2, 3]);
    expect(await ask(2, "AT+QPOWD=1")).toBe("\r\nOK\r\n");
    for (const dlci of [1, 2, 3]) await say(line, frame("UIH", dlci, "AT+CFU")); // half typed, it is told at the very end
    await clock.advance(10_000);
    const out = line.take();
    for (const dlci of [1, 2, 3]) expect(dataOf(out, dlci)).toContain("POWERED DOWN");
    expect(await say(line, frame("SABM", 0))).toBe("");
    power.on();
    await clock.advance(10_000);
    expect(line.take()).toMatch(/^\r\nRDY\r\n/);
    expect(await say(line, "AT\r")).toBe("AT\r\r\nOK\r\n");
  });

  it("when the module restarts, or its power is cut", async () => {
    const { line, divide, power, clock, ask } = await open();
    await divide(line, [1]);
    expect(await ask(1, "AT+CFUN=1,1")).toBe("\r\nOK\r\n");
    await clock.advance(10_000);
    expect(line.take()).toMatch(/^\r\nRDY\r\n/);
    await divide(line, [1, 2]);
    power.cut();
    power.on();
    await clock.advance(10_000);
    expect(line.take()).toMatch(/^\r\nRDY\r\n/);
  });

  it("and a connection over TCP takes its channels with it", async () => {
    const { terminals, divide, clock, modem } = await open();
    const connection = createMemoryLine();
    terminals.serveOnce(connection);
    await divide(connection, [1]);
    connection.attach(false);
    connection.attach(true); // nothing is left that would talk to it
    modem.update(event(3));
    await clock.advance(1000);
    expect(connection.take()).toBe("");
  });

  it("nor is another one disturbed: each port is divided by itself", async () => {
    const { lines, divide, say, ask } = await open(["usbat", "usbmodem"]);
    const [first, second] = lines as [MemoryLine, MemoryLine];
    await divide(first, [1]);
    expect(await say(second, "AT\r")).toBe("AT\r\r\nOK\r\n");
    await divide(second, [1]);
    await say(first, CLOSE_DOWN);
    expect(await ask(1, "AT", second)).toBe("\r\nOK\r\n");
  });
});
