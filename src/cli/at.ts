/** The host's side of a serial port, for people and scripts: `bg96 at` and the prompt of `bg96 demo`. */
import { existsSync, fstatSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { PortError } from "#port/port";
import type { Clock } from "#runtime";

/** An open serial port, any tty. */
export interface SerialHost {
  /** Sends a command line, to which it adds the CR. */
  send(line: string): void;
  /** Each line received, without line end; empty ones are left out. */
  onLine(handler: (line: ReceivedLine) => void): void;
  /** Resolves when the port has closed, whoever closed it. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export interface ReceivedLine {
  readonly text: string;
  /** Ended by a CR alone: an echo, or a result code in ATV0. */
  readonly bare: boolean;
}

/** How a command line ended: as exit codes, 0 = OK, 1 = ERROR, 4 = no final result in time. */
export type Outcome = 0 | 1 | 4;

export interface AtHost {
  readonly tty: string;
  readonly clock: Clock;
  readonly stdout?: Writable;
}

/** A line longer than this is cut: no modem sends one. */
const LONGEST_LINE = 65_536;
/** How soon a device that is gone is noticed at the latest. */
const LOOK_MS = 500;
const PROMPT = "> ";
/** The slowest command of the BG96 is AT+COPS=?, 180 s. */
const PROMPT_TIMEOUT_MS = 180_000;

/**
 * Sends command lines, each after the final result of the one before, and prints what the modem sends, URCs included;
 * stops at the first line that does not end in OK.
 * @throws PortError when the port cannot be opened, or closes.
 */
export async function sendLines({
  tty,
  clock,
  stdout = process.stdout,
  lines,
  timeoutMs,
}: AtHost & { lines: readonly string[]; timeoutMs: number }): Promise<Outcome> {
  const serial = await openSerial(tty, clock);
  try {
    const dialogue = createDialogue(serial, clock, (line) => void stdout.write(`${line}\n`));
    for (const line of lines) {
      const outcome = await dialogue.ask(line, timeoutMs);
      if (outcome !== 0) return outcome;
    }
    return 0;
  } finally {
    await serial.close();
  }
}

/**
 * A prompt: sends each line typed, shows what the modem sends as it comes.
 * Resolves when the user ends it (Ctrl-D, Ctrl-C) or the port closes.
 * @param onOpen gets the means to print a line of one's own above the prompt.
 * @throws PortError when the port cannot be opened.
 */
export async function atPrompt({
  tty,
  clock,
  stdin = process.stdin,
  stdout = process.stdout,
  onOpen,
}: AtHost & { stdin?: Readable; onOpen?: (show: (line: string) => void) => void }): Promise<void> {
  const serial = await openSerial(tty, clock);
  const readline = createInterface({ input: stdin, output: stdout, prompt: PROMPT });
  const show = (line: string) => {
    // Over the prompt and what is typed so far, which then move one line down.
    stdout.write(`\r\x1b[K${line}\n`);
    if (!ended) readline.prompt(true);
  };
  const dialogue = createDialogue(serial, clock, show);
  const typed: string[] = [];
  let asking = false;
  let ended = false;
  onOpen?.(show);

  const askNext = async () => {
    if (asking) return;
    asking = true;
    for (let line = typed.shift(); line !== undefined && !ended; line = typed.shift()) {
      const outcome = await dialogue.ask(line, PROMPT_TIMEOUT_MS).catch(() => 0); // closed: told below
      if (outcome === 4) show("(no answer)");
    }
    asking = false;
  };

  await new Promise<void>((resolve) => {
    readline.on("line", (line) => {
      if (line.trim() !== "") typed.push(line.trim());
      void askNext();
      readline.prompt();
    });
    readline.on("SIGINT", () => readline.close());
    readline.on("close", () => {
      ended = true;
      resolve();
    });
    void serial.closed.then(() => {
      if (ended) return;
      ended = true;
      show("the port is closed");
      readline.close();
    });
    readline.prompt();
  });
  stdout.write("\n");
  await serial.close();
}

interface Dialogue {
  /** @throws PortError when the port closes meanwhile. */
  ask(line: string, timeoutMs: number): Promise<Outcome>;
}

/** Pairs command lines with final result codes; `print` gets every line but the echo. */
function createDialogue(serial: SerialHost, clock: Clock, print: (line: string) => void): Dialogue {
  let echo: string | undefined;
  let settle: ((outcome: Outcome) => void) | undefined;
  serial.onLine((line) => {
    if (line.bare && line.text === echo) {
      echo = undefined;
      return;
    }
    print(line.text);
    const outcome = outcomeOf(line);
    if (outcome !== undefined) settle?.(outcome);
  });

  return {
    async ask(line, timeoutMs) {
      echo = line;
      const answered = new Promise<Outcome>((resolve) => {
        settle = resolve;
      });
      const gone = serial.closed.then(() => {
        throw new PortError("no answer: the port has closed", "see whether the modem still runs: bg96 status");
      });
      const cancel = clock.after(timeoutMs, () => settle?.(4));
      serial.send(line);
      try {
        return await Promise.race([answered, gone]);
      } finally {
        cancel();
        settle = undefined;
        gone.catch(() => {}); // the port may close later, when nobody asks any more
      }
    },
  };
}

/** V.250 §5.7.1, 3GPP TS 27.005 §3.2.5, TS 27.007 §9.1. @returns undefined for what is no final result code. */
function outcomeOf({ text, bare }: ReceivedLine): Outcome | undefined {
  if (text === "OK" || /^CONNECT\b/.test(text) || (bare && text === "0")) return 0;
  if (/^(ERROR|\+CM[ES] ERROR: .*|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE)$/.test(text) || (bare && text === "4"))
    return 1;
  return undefined;
}

/** Opens any tty raw, 115200 baud, locked against other hosts that lock. @throws PortError */
export async function openSerial(tty: string, clock: Clock): Promise<SerialHost> {
  if (!existsSync(tty)) throw new PortError(`cannot open ${tty}: there is no such port`, "start a modem: bg96 start");
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path: tty, baudRate: 115_200, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(openFailure(tty, error)) : resolve()));
  });

  const handlers: ((line: ReceivedLine) => void)[] = [];
  let text = "";
  port.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    const ends = /\r\n|\r|\n/g;
    let start = 0;
    for (let end = ends.exec(text); end; end = ends.exec(text)) {
      const line = { text: text.slice(start, end.index), bare: end[0] === "\r" };
      start = ends.lastIndex;
      if (line.text !== "") for (const handle of handlers) handle(line);
    }
    text = text.slice(start).slice(0, LONGEST_LINE);
  });
  port.on("error", () => {}); // it closes as well
  const closed = new Promise<void>((resolve) => port.once("close", () => resolve()));

  // serialport reads on for ever, at full speed, when the device goes while data is on its way.
  let cancelLook = () => {};
  const look = () => {
    const fd = port.port?.fd;
    if (!port.isOpen || typeof fd !== "number") return;
    if (fstatSync(fd).nlink === 0) port.close(() => {});
    else cancelLook = clock.after(LOOK_MS, look);
  };
  look();

  return {
    send: (line) => void port.write(`${line}\r`, "latin1"),
    onLine: (handler) => void handlers.push(handler),
    closed,
    async close() {
      cancelLook();
      if (!port.isOpen) return;
      port.close(() => {});
      await closed;
    },
  };
}

function openFailure(tty: string, { message }: Error): PortError {
  const [why, remedy] = /lock/i.test(message)
    ? ["another program has it open", "end that program"]
    : /permission/i.test(message)
      ? ["permission denied", "run as the user who runs the modem, or join the group of the device"]
      : [message.replace(/^Error:? /, ""), "name the link of a modem, or another tty"];
  return new PortError(`cannot open ${tty}: ${why}`, remedy);
}
