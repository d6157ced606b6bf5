/** The host's side of a serial port, for people and scripts: `bg96 at` and the prompt of `bg96 demo`. */
import { closeSync, existsSync, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { FAILED, NOT_IN_TIME } from "#cli/failure";
import { openCLibrary } from "#port/c-library";
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

/** How a command line ended, as exit codes: OK, ERROR, no final result in time. */
export type Outcome = 0 | typeof FAILED | typeof NOT_IN_TIME;

export interface AtHost {
  readonly tty: string;
  readonly clock: Clock;
  readonly stdout?: Writable;
}

/** A line longer than this is cut: no modem sends one. */
const LONGEST_LINE = 65_536;
/** As many symbolic links in a row as the kernel follows. */
const MOST_LINKS = 40;
/** How soon a device that is gone is noticed at the latest. */
const LOOK_MS = 500;
const PROMPT = "> ";
/** What is pasted in one go is sent this far apart at most, so that a modem that answers at once has done so. */
const PASTE_MS = 300;
/** Echoes awaited at most; a modem without echo sends none. */
const MOST_ECHOES = 64;

/**
 * Sends command lines, each after the final result of the one before, and prints what the modem sends, URCs included;
 * stops at the first line that does not end in OK.
 * @param keepGoing an ERROR does not stop it
 * @returns the worst outcome
 * @throws PortError when the port cannot be opened, or closes.
 */
export async function sendLines({
  tty,
  clock,
  stdout = process.stdout,
  lines,
  timeoutMs,
  keepGoing = false,
}: AtHost & { lines: readonly string[]; timeoutMs: number; keepGoing?: boolean }): Promise<Outcome> {
  const serial = await openSerial(tty, clock);
  try {
    const dialogue = createDialogue(serial, clock, (line) => void stdout.write(`${line}\n`));
    let worst: Outcome = 0;
    for (const line of lines) {
      const outcome = await dialogue.ask(line, timeoutMs);
      if (outcome === NOT_IN_TIME || (outcome === FAILED && !keepGoing)) return outcome;
      if (outcome !== 0) worst = outcome;
    }
    return worst;
  } finally {
    await serial.close();
  }
}

/**
 * A prompt, like a terminal: sends each line typed, whether or not the one before was answered, and shows what the
 * modem sends as it comes.
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
  let sending = false;
  let ended = false;
  onOpen?.(show);

  const sendTyped = async () => {
    if (sending) return;
    sending = true;
    for (let line = typed.shift(); line !== undefined && !ended; line = typed.shift()) {
      // Only a command line has an answer to wait for.
      if (/^at/i.test(line))
        await dialogue.ask(line, PASTE_MS).catch(() => {}); // closed: told below
      else dialogue.send(line);
    }
    sending = false;
  };

  await new Promise<void>((resolve) => {
    readline.on("line", (line) => {
      if (line.trim() !== "") typed.push(line.trim());
      void sendTyped();
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
  send(line: string): void;
  /** @throws PortError when the port closes meanwhile. */
  ask(line: string, timeoutMs: number): Promise<Outcome>;
}

/** Pairs command lines with final result codes; `print` gets every line but the echo. */
function createDialogue(serial: SerialHost, clock: Clock, print: (line: string) => void): Dialogue {
  const echoes: string[] = [];
  let settle: ((outcome: Outcome) => void) | undefined;
  serial.onLine((line) => {
    const echo = line.bare ? echoes.indexOf(line.text) : -1;
    if (echo >= 0) {
      echoes.splice(0, echo + 1);
      return;
    }
    print(line.text);
    const outcome = outcomeOf(line);
    if (outcome !== undefined) settle?.(outcome);
  });

  const send = (line: string) => {
    echoes.push(line);
    if (echoes.length > MOST_ECHOES) echoes.shift();
    serial.send(line);
  };
  return {
    send,
    async ask(line, timeoutMs) {
      const answered = new Promise<Outcome>((resolve) => {
        settle = resolve;
      });
      const gone = serial.closed.then(() => {
        throw new PortError("no answer: the port has closed", "see whether the modem still runs: bg96 status");
      });
      const cancel = clock.after(timeoutMs, () => settle?.(NOT_IN_TIME));
      send(line);
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
  refuseDeadLink(tty);
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

/** A link whose modem was killed may point at a pty that is somebody else's by now. @throws PortError */
function refuseDeadLink(tty: string): void {
  let path = resolve(tty);
  for (let step = 0; step < MOST_LINKS && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink(); step++) {
    if (isUnheld(`${path}.lock`)) {
      throw new PortError(
        `cannot open ${tty}: the modem that made this link has ended without removing it`,
        "start it again: bg96 run, or bg96 start",
      );
    }
    path = resolve(dirname(path), readlinkSync(path));
  }
}

/** Whether there is such a lock file that no process holds. */
function isUnheld(path: string): boolean {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return false;
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return false; // another user's: opening the port will tell
  }
  try {
    return openCLibrary().lock(file); // let go of with the descriptor
  } finally {
    closeSync(file);
  }
}

function openFailure(tty: string, { message }: Error): PortError {
  const [why, remedy] = /lock/i.test(message)
    ? ["another program has it open", "end that program"]
    : /permission/i.test(message)
      ? ["permission denied", "run as the user who runs the modem, or join the group of the device"]
      : /ioctl|is a directory/i.test(message)
        ? ["it is no serial port", "name the link of a modem, or another tty"]
        : [message.replace(/^Error:? /, ""), "name the link of a modem, or another tty"];
  return new PortError(`cannot open ${tty}: ${why}`, remedy);
}
