import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { atPrompt, openSerial, sendLines } from "#cli/at";
import { type Port, PortError } from "#port/port";
import { openPty } from "#port/pty";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";
import { until } from "../support/tty-host.ts";

/** What a modem of fixed answers sends for each line, after the echo. */
const ANSWERS: Record<string, string> = {
  AT: "\r\nOK\r\n",
  ATI: "\r\nQuectel\r\nBG96\r\nRevision: BG96MAR02A07M1G\r\n\r\nOK\r\n",
  "AT+CSQ": '\r\n+CSQ: 31,99\r\n\r\nOK\r\n\r\n+QLWEVENT: 5,"STATE_READY"\r\n',
  "AT+BAD": "\r\nERROR\r\n",
  "AT+CPIN?": "\r\n+CME ERROR: SIM not inserted\r\n",
  "AT+CMGR=1": "\r\n+CMS ERROR: 321\r\n",
  ATV0: "0\r",
  "AT+DIGIT": "\r\n0\r\n\r\nERROR\r\n",
};

let directory: string;
let port: Port;
let lines: string[];
let stdout: PassThrough;
let shown: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bg96-at-"));
  port = openPty({
    link: join(directory, "tty"),
    runtime: { clock: systemClock, random: systemRandom, log: silentLog },
  });
  lines = [];
  let typed = "";
  port.onData((bytes) => {
    for (const character of bytes.toString("latin1")) {
      port.write(Buffer.from(character, "latin1"));
      if (character !== "\r") {
        typed += character;
        continue;
      }
      lines.push(typed);
      port.write(Buffer.from(ANSWERS[typed] ?? "", "latin1"));
      typed = "";
    }
  });
  stdout = new PassThrough();
  shown = "";
  stdout.on("data", (bytes) => {
    shown += bytes;
  });
});

afterEach(() => {
  port.close();
  rmSync(directory, { recursive: true, force: true });
});

const send = (...asked: string[]) =>
  sendLines({ tty: port.link, clock: systemClock, stdout, lines: asked, timeoutMs: 5_000 });

describe("sending lines", () => {
  it("prints the answers without their echo, in order, and ends with 0", async () => {
    expect(await send("AT", "ATI")).toBe(0);
    expect(shown).toBe("OK\nQuectel\nBG96\nRevision: BG96MAR02A07M1G\nOK\n");
  });

  it("shows a URC that comes before the next answer", async () => {
    expect(await send("AT+CSQ", "AT")).toBe(0);
    expect(shown).toBe('+CSQ: 31,99\nOK\n+QLWEVENT: 5,"STATE_READY"\nOK\n');
  });

  it.each(["AT+BAD", "AT+CPIN?", "AT+CMGR=1"])("ends with 1 at %s and sends nothing after it", async (bad) => {
    expect(await send("AT", bad, "ATI")).toBe(1);
    expect(lines).toEqual(["AT", bad]);
  });

  it("goes on after an ERROR where it is told to, and ends with 1 all the same", async () => {
    const keepGoing = { tty: port.link, clock: systemClock, stdout, timeoutMs: 5_000, keepGoing: true };
    expect(await sendLines({ ...keepGoing, lines: ["AT+BAD", "AT"] })).toBe(1);
    expect(lines).toEqual(["AT+BAD", "AT"]);
    expect(shown).toBe("ERROR\nOK\n");
    expect(await sendLines({ ...keepGoing, lines: ["AT", "ATI"] })).toBe(0);
  });

  it("takes a numeric result for final, but no line of digits", async () => {
    expect(await send("ATV0")).toBe(0);
    expect(await send("AT+DIGIT")).toBe(1);
  });

  it("ends with 4 when no final result comes in time", async () => {
    const clock = createManualClock();
    const outcome = sendLines({ tty: port.link, clock, stdout, lines: ["AT+MUTE", "AT"], timeoutMs: 3_000 });
    await until(() => lines.length === 1, "the line to arrive");
    let settled = false;
    void outcome.then(() => {
      settled = true;
    });
    await clock.advance(2_999);
    expect(settled).toBe(false);
    await clock.advance(1);
    expect(await outcome).toBe(4);
    expect(lines).toEqual(["AT+MUTE"]);
  });

  it("fails when the modem ends meanwhile", async () => {
    const outcome = send("AT+MUTE");
    await until(() => lines.length === 1, "the line to arrive");
    port.close();
    await expect(outcome).rejects.toThrow("no answer: the port has closed");
  });
});

describe("opening a port", () => {
  it("says when there is none, and when its modem is gone", async () => {
    const missing = join(directory, "missing");
    await expect(openSerial(missing, systemClock)).rejects.toThrow(`cannot open ${missing}: there is no such port`);
    symlinkSync("/dev/pts/99999", missing);
    await expect(openSerial(missing, systemClock)).rejects.toBeInstanceOf(PortError);
  });

  it("says when another program has it", async () => {
    const first = await openSerial(port.link, systemClock);
    await expect(openSerial(port.link, systemClock)).rejects.toThrow(
      `cannot open ${port.link}: another program has it open`,
    );
    await first.close();
    await (await openSerial(port.link, systemClock)).close();
  });

  it("refuses a link that a dead modem left: its pty may be another program's by now", async () => {
    const left = join(directory, "left");
    symlinkSync(readlinkSync(port.link), left);
    writeFileSync(`${left}.lock`, "1\n");
    const alias = join(directory, "alias");
    symlinkSync("left", alias);
    for (const tty of [left, alias]) {
      await expect(openSerial(tty, systemClock)).rejects.toThrow(`cannot open ${tty}: the modem that made this link`);
    }
    rmSync(`${left}.lock`);
    await (await openSerial(left, systemClock)).close();
  });

  it("says when it is no tty", async () => {
    await expect(openSerial(join(import.meta.dirname, "at.test.ts"), systemClock)).rejects.toThrow(
      "it is no serial port",
    );
  });
});

describe("the prompt", () => {
  const plain = () => shown.replace(/\r\x1b\[K|\x1b\[\d*[A-Z]/g, "");

  it("sends what is typed line by line and shows answers and URCs as they come", async () => {
    const stdin = new PassThrough();
    const ended = atPrompt({ tty: port.link, clock: systemClock, stdin, stdout });
    await until(() => shown.includes("> "), "the prompt");
    stdin.write("AT+CPIN?\n\nATI\n");
    await until(() => plain().includes("Quectel\n"), "the second answer");
    expect(plain()).toMatch(/SIM not inserted\n[\s\S]*Quectel\n[\s\S]*BG96\n/);
    port.write(Buffer.from('\r\n+QLWEVENT: 1,"STATE_BOOTSTRAPPING"\r\n'));
    await until(() => plain().includes("STATE_BOOTSTRAPPING"), "the URC");
    expect(lines).toEqual(["AT+CPIN?", "ATI"]);
    stdin.end();
    await ended;
    await until(() => !port.attached, "the port to be free again");
  });

  it("waits for no answer to what is no command line", async () => {
    const stdin = new PassThrough();
    const ended = atPrompt({ tty: port.link, clock: createManualClock(), stdin, stdout });
    await until(() => shown.includes("> "), "the prompt");
    stdin.write("hello\nworld\nATI\n");
    await until(() => plain().includes("Quectel\n"), "the answer");
    expect(lines).toEqual(["hello", "world", "ATI"]);
    expect(plain()).not.toMatch(/^(hello|world|ATI)$/m);
    stdin.end();
    await ended;
  });

  it("sends a line pasted behind an unanswered one after 300 ms", async () => {
    const clock = createManualClock();
    const stdin = new PassThrough();
    const ended = atPrompt({ tty: port.link, clock, stdin, stdout });
    await until(() => shown.includes("> "), "the prompt");
    stdin.write("AT+MUTE\nATI\n");
    await until(() => lines.length === 1, "the first line");
    await clock.advance(299);
    expect(lines).toEqual(["AT+MUTE"]);
    await clock.advance(1);
    await until(() => plain().includes("Quectel\n"), "the answer");
    expect(lines).toEqual(["AT+MUTE", "ATI"]);
    stdin.end();
    await ended;
  });

  it("ends when the port closes at once, which the serialport package alone does not notice", async () => {
    const ended = atPrompt({ tty: port.link, clock: systemClock, stdin: new PassThrough(), stdout });
    await until(() => port.attached, "the prompt to open the port");
    port.close();
    await ended;
    expect(plain()).toContain("the port is closed\n");
  });

  it("ends when the port closes", async () => {
    const ended = atPrompt({ tty: port.link, clock: systemClock, stdin: new PassThrough(), stdout });
    await until(() => shown.includes("> "), "the prompt");
    port.close();
    await ended;
    expect(plain()).toContain("the port is closed\n");
  });
});
