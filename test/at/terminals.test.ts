import { describe, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import { createTerminals, type PortName } from "#at/terminals";
import { createUserRules } from "#at/user-rules";
import type { UserRule } from "#config/user-rules";
import { openAtTerminal } from "../support/at-terminal.ts";
import { createMemoryLine } from "../support/memory-line.ts";

/** A module with terminals on these ports, switched off. */
async function open(names: readonly PortName[], rules: readonly UserRule[] = []) {
  const { host, clock, power, modem } = await openAtTerminal({ off: true });
  const terminals = createTerminals({ host, commands: commandTable(), rules: createUserRules(rules) });
  const ports = names.map((name) => {
    const line = createMemoryLine();
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
    const slow: UserRule = {
      command: "AT+SLOW",
      pattern: undefined,
      answer: [],
      result: "OK",
      delayMs: 5000,
      once: false,
      urcs: [],
      urcDelayMs: 0,
    };
    const { boot, ports, send } = await open(["usbat", "usbmodem"], [slow]);
    const [first, second] = ports;
    await boot();
    await send(first!, "ATE0;+SLOW");
    await send(first!, "AT+SLOW");
    expect(await send(second!, "ATE0")).toContain("OK");
    expect(await send(second!, "AT")).toBe("\r\nOK\r\n");
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
