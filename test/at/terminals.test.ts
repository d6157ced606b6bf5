import { describe, expect, it } from "vitest";
import { type CommandDefinition, defineCommand } from "#at/command";
import { commandTable } from "#at/commands";
import { createTerminals, type PortName } from "#at/terminal/terminals";
import { createUserRules } from "#at/terminal/user-rules";
import type { UserRule } from "#config/user-rules";
import { openAtTerminal } from "../support/at-terminal.ts";
import { createMemoryLine } from "../support/memory-line.ts";
import { userRule } from "../support/user-rule.ts";

/** A module with terminals on these ports, switched off. */
async function open(
  names: readonly PortName[],
  rules: readonly UserRule[] = [],
  mostUnread?: number,
  commands: readonly CommandDefinition[] = [],
) {
  const { host, clock, power, modem } = await openAtTerminal({ off: true });
  const terminals = createTerminals({ host, commands: commandTable(commands), rules: createUserRules(rules) });
  const ports = names.map((name) => {
    const line = createMemoryLine(mostUnread);
    terminals.serve(line, name);
    return line;
  });
  return {
    clock,
    modem,
    power,
    terminals,
    ports,
    async boot() {
      power.on();
      await clock.advance(10_000);
    },
    async send(line: ReturnType<typeof createMemoryLine>, text: string) {
      line.say(`${text}\r`);
      await clock.advance(100);
      return line.take();
    },
    async connect() {
      const line = createMemoryLine();
      terminals.serveOnce(line);
      return line;
    },
  };
}

const BOOT = /^\r\nRDY\r\n/;

describe("the terminals of one modem", () => {
  it("are one a port, each with settings of its own, on one modem", async () => {
    const { boot, ports, send } = await open(["usbat", "usbmodem"]);
    const [first, second] = ports as [(typeof ports)[0] & object, (typeof ports)[0] & object];
    await boot();
    first.take();
    expect(await send(first, "ATE0")).toBe("ATE0\r\r\nOK\r\n");
    expect(await send(first, "AT+CMEE?")).toBe("\r\n+CMEE: 1\r\n\r\nOK\r\n");
    expect(await send(first, "AT+CMEE=2")).toBe("\r\nOK\r\n");
    expect(await send(second, "AT+CMEE?")).toBe("AT+CMEE?\r\r\n+CMEE: 1\r\n\r\nOK\r\n");
    expect(await send(first, 'AT+CGDCONT=5,"IP","shared"')).toBe("\r\nOK\r\n");
    expect(await send(second, "AT+CGDCONT?")).toContain('+CGDCONT: 5,"IP","shared"');
  });

  it("one of them executing does not hold up another", async () => {
    const slow = userRule({ command: "AT+SLOW", delayMs: 5000 });
    const { boot, ports, send } = await open(["usbat", "usbmodem"], [slow]);
    const [first, second] = ports;
    await boot();
    await send(first!, "ATE0;+SLOW");
    await send(first!, "AT+SLOW");
    expect(await send(second!, "ATE0")).toContain("OK");
    expect(await send(second!, "AT")).toBe("\r\nOK\r\n");
  });
});

describe("a host that does not read as fast as it is answered", () => {
  it("loses nothing: the line rests between two answers, and before its result, until there is room", async () => {
    const { boot, ports, clock } = await open(["usbat"]);
    const [line] = ports as [(typeof ports)[0] & object];
    await boot();
    line.take();
    line.fill(true);
    line.say("AT+CSQ;+CMEE?\rAT\r");
    await clock.advance(60_000);
    expect(line.take()).toBe("");
    line.fill(false);
    await clock.advance(100);
    const csq = "AT+CSQ;+CMEE?\r\r\n+CSQ: 20,99\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n";
    expect(line.take()).toBe(`${csq}AT\r\r\nOK\r\n`);
  });

  it("gets data behind CONNECT as it reads what came before", async () => {
    const raw = defineCommand({
      name: "+RAW",
      title: "Says bytes",
      spec: "test",
      execute({ data }) {
        data.send(Buffer.from("bytes"));
        return [];
      },
    });
    const { boot, ports, clock } = await open(["usbat"], [], 1000, [raw]);
    const [line] = ports as [(typeof ports)[0] & object];
    await boot();
    line.say("ATE0\r");
    await clock.advance(100);
    line.take();
    // 64 KiB are held back before the line is asked
    line.say(`AT${"+CLAC;".repeat(100)}+RAW;+RAW\r`);
    let heard = "";
    for (let times = 0; times < 200; times++) {
      heard += line.take();
      await clock.advance(10);
    }
    expect(heard.endsWith("\r\nCONNECT\r\nbytes\r\nCONNECT\r\nbytes\r\nOK\r\n")).toBe(true);
    expect(heard.match(/\+CLAC\r\n/g)).toHaveLength(100);
  });

  it("gets a chain of long answers as it reads them, and what is unsolicited behind the result", async () => {
    const answersOf = async (mostUnread: number) => {
      const { boot, ports, clock, modem } = await open(["usbat"], [], mostUnread);
      const [line] = ports as [(typeof ports)[0] & object];
      await boot();
      line.take();
      line.say(`AT${"+CLAC;".repeat(600)}\r`);
      modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: 5 } }));
      const pieces: string[] = [];
      for (let times = 0; times < 50; times++) {
        pieces.push(line.take());
        await clock.advance(10);
      }
      return pieces;
    };
    const all = (await answersOf(Number.POSITIVE_INFINITY)).join("");
    expect(all).toMatch(/OK\r\n\r\n\+QLWEVENT: 5,"STATE_READY"\r\n$/);
    const pieces = await answersOf(100_000);
    expect(pieces.join("")).toBe(all);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
  });

  it("is made to wait itself when it types far ahead, and loses none of its lines", async () => {
    const { boot, ports, clock } = await open(["usbat"]);
    const [line] = ports as [(typeof ports)[0] & object];
    await boot();
    line.say("ATE0\r");
    await clock.advance(100);
    line.take();
    line.fill(true);
    let typed = 0;
    for (; !line.held; typed += 100) line.say("AT\r".repeat(100));
    expect(typed * 3).toBeLessThan(100_000);
    line.fill(false);
    await clock.advance(1000);
    expect(line.held).toBe(false);
    expect(line.take()).toBe("\r\nOK\r\n".repeat(typed));
  });

  it("has each of 20000 lines answered that it sends at once", async () => {
    const { boot, ports, clock } = await open(["usbat"]);
    const [line] = ports as [(typeof ports)[0] & object];
    await boot();
    line.say("ATE0\r");
    line.take();
    const text = "AT\r".repeat(20_000);
    for (let at = 0; at < text.length; at += 4096) {
      line.say(text.slice(at, at + 4096));
      if (line.held) await clock.advance(1);
    }
    await clock.advance(1000);
    expect(line.take()).toBe("\r\nOK\r\n".repeat(20_000));
  });

  it("is switched off with the module while it waits", async () => {
    const { boot, ports, clock, power } = await open(["usbat"]);
    const [line] = ports as [(typeof ports)[0] & object];
    await boot();
    line.fill(true);
    line.say("AT+CSQ\r".repeat(20_000));
    expect(line.held).toBe(true);
    power.cut();
    expect(line.held).toBe(false);
    line.fill(false);
    line.take();
    await boot();
    expect(line.take()).toMatch(BOOT);
    line.say("AT\r");
    await clock.advance(100);
    expect(line.take()).toBe("AT\r\r\nOK\r\n");
  });
});

describe('AT+QURCCFG="urcport"', () => {
  it("chooses which port has the unsolicited result codes; at first the USB AT port", async () => {
    const { boot, ports, send, modem, clock, power } = await open(["usbat", "usbmodem", "uart1"]);
    await boot();
    const [usbat, usbmodem, uart1] = ports.map((each) => each.take());
    expect(usbat).toMatch(BOOT);
    expect([usbmodem, uart1]).toEqual(["", ""]);
    expect(await send(ports[1]!, 'AT+QURCCFG="urcport","uart1"')).toContain("OK");
    modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: 5 } }));
    await clock.advance(1000);
    expect(ports.map((each) => each.take())).toEqual(["", "", '\r\n+QLWEVENT: 5,"STATE_READY"\r\n']);
    power.cut();
    await boot();
    expect(ports[2]!.take()).toMatch(BOOT);
    expect(ports[0]!.take()).toBe("");
  });

  it("of a port that this modem has not is heard on the main one, as on a board where that is the wired one", async () => {
    const { boot, ports, send } = await open(["usbat"]);
    await boot();
    expect(await send(ports[0]!, 'ATE0;+QURCCFG="urcport","uart1"')).toContain("OK");
    expect(await send(ports[0]!, "AT+CFUN=0")).toContain("OK");
    expect(await send(ports[0]!, "AT+CFUN=1")).toMatch(/OK[\s\S]*\+CPIN: READY/);
  });
});

describe("a connection", () => {
  it("has a terminal of its own that hears what the main port hears, and ends with it", async () => {
    const { boot, connect, send, clock, modem, terminals } = await open(["usbat"]);
    const first = await connect();
    await boot();
    const second = await connect();
    expect(first.take()).toMatch(BOOT);
    await send(first, "ATE0");
    expect(await send(second, "AT")).toBe("AT\r\r\nOK\r\n");
    second.attach(false);
    const phase = (value: 3 | 4) => modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: value } }));
    phase(3);
    await clock.advance(1000);
    expect(first.take()).toBe('\r\n+QLWEVENT: 3,"STATE_REGISTER_REQUIRED"\r\n');
    second.take();
    second.attach(true); // nothing is left that would talk to it
    phase(4);
    await clock.advance(1000);
    expect(second.take()).toBe("");
    terminals.close();
    first.take();
    expect(await send(first, "AT")).toBe("");
  });
});
