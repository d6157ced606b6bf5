/** A whole modem whose pty, serial device and TCP connection are divided into channels at the same time. */
import { realpathSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, it } from "vitest";
import { openBg96 } from "#bg96";
import { DEFAULTS } from "#config";
import { openPty } from "#port/pty";
import { type Log, silentLog, systemClock, systemRandom } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { dataOf, frame, message, readFrames } from "../support/mux-peer.ts";
import { openTtyHost, until } from "../support/tty-host.ts";

const logged: string[] = [];
const log: Log = { ...silentLog, debug: (_, text) => void logged.push(text), child: () => log };
const runtime = { clock: systemClock, random: systemRandom, log };

/** A host's end of a line. */
interface End {
  write(text: string): void;
  received(): string;
}

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Everything whole that has come since AT+CMUX. */
function framesOf(end: End): string {
  const text = end.received();
  const begun = text.indexOf("\xf9");
  const whole = begun < 0 ? "" : text.slice(begun, text.lastIndexOf("\xf9") + 1);
  try {
    readFrames(whole);
    return whole;
  } catch {
    return ""; // cut in the middle of a frame
  }
}

async function divide(end: End): Promise<void> {
  end.write("AT+CMUX=0\r");
  await until(() => end.received().includes("OK\r\n"), "OK to AT+CMUX");
  end.write(frame("SABM", 0) + frame("SABM", 1) + frame("SABM", 2));
  await until(() => readFrames(framesOf(end)).filter(({ type }) => type === "UA").length === 3, "three UA");
}

async function ask(end: End, dlci: number, line: string, answer: string): Promise<void> {
  end.write(frame("UIH", dlci, `${line}\r`));
  await until(() => dataOf(framesOf(end), dlci).includes(answer), `${answer} in channel ${dlci}`);
}

describe("a modem with several ports", () => {
  it("has each divided by itself, whatever carries it", async () => {
    const directory = temporaryDirectory();
    const cable = openPty({ link: join(directory, "cable"), runtime });
    closers.push(() => cable.close());
    let heard = "";
    cable.onData((bytes) => {
      heard += bytes.toString("latin1");
    });
    const places = { tty: join(directory, "tty"), uart1: realpathSync(cable.link), tcp: "127.0.0.1:0" };
    const modem = await openBg96({ ...DEFAULTS, boot: "instant", ...places }, runtime, join(directory, "run"));
    closers.push(() => modem.close());
    const tty = openTtyHost(modem.tty);
    const socket = connect(Number(modem.tcp!.split(":")[1]), "127.0.0.1");
    closers.push(() => void socket.destroy());
    let came = "";
    socket.on("data", (bytes) => {
      came += bytes.toString("latin1");
    });
    const ends: End[] = [
      tty,
      { write: (text) => cable.write(Buffer.from(text, "latin1")), received: () => heard },
      { write: (text) => void socket.write(Buffer.from(text, "latin1")), received: () => came },
    ];
    await until(() => cable.attached && modem.modem.state.power.phase === "running", "a modem that listens");
    await Promise.all(ends.map(divide));
    await Promise.all(ends.map((end, index) => ask(end, 1, `ATE0;+CMEE=${index}`, "OK")));
    await Promise.all(ends.map((end, index) => ask(end, 1, "AT+CMEE?", `+CMEE: ${index}`)));
    await Promise.all(ends.map((end) => ask(end, 2, "AT+CMEE?", "+CMEE: 1")));

    const before = came.length;
    socket.write(Buffer.from(`${frame("UIH", 0, message(0xc3))}AT+CGMM\r`, "latin1"));
    await until(() => came.slice(before).endsWith("\r\nBG96\r\n\r\nOK\r\n"), "the whole connection");
    tty.close();
    await until(() => logged.includes("the host closed the port"), "the hang-up");
    const next = openTtyHost(modem.tty);
    closers.push(() => next.close());
    next.write("AT+CGMM\r");
    await next.waitFor("\r\nBG96\r\n");
    await ask(ends[1]!, 1, "AT+CGMM", "BG96");
  });
});
