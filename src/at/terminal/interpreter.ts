/** One terminal: bytes in, command lines executed from left to right, answers and URCs out (ITU-T V.250 §5). */
import type { CommandContext, CommandDefinition, ErrorStyle } from "#at/command";
import { createCommandTable, errorsOf, resolve } from "#at/form";
import type { Host } from "#at/host";
import {
  CommandError,
  failureResult,
  formatInformation,
  formatResult,
  formatUrc,
  isRefusal,
  tcpipCode,
} from "#at/result";
import { createSession, resetSession } from "#at/session";
import { nextStatement } from "#at/syntax";
import { createDataMode } from "#at/terminal/data-port";
import { BOUNDLESS, type Flow } from "#at/terminal/flow";
import { createLineEditor, type LineEvent } from "#at/terminal/line";
import { createLineFeed } from "#at/terminal/line-feed";
import type { Multiplexing } from "#at/terminal/multiplexing";
import { createPrinter } from "#at/terminal/printer";
import { createTypeAhead } from "#at/terminal/type-ahead";
import { createUrcQueue } from "#at/terminal/urc-queue";
import type { RuleReply, UserRules } from "#at/terminal/user-rules";
import { urcLines } from "#at/urcs/urc";
import { DEFAULT_SPELLING, type Spelling } from "#config/spelling";
import { type Cancel, createEndableClock, type EndableClock } from "#runtime";

const LINES_AT_A_TIME = 64;
/** URCs of the user's rules that wait for their time; more are dropped. */
const MOST_DELAYED = 256;

export interface Terminal {
  /** Bytes from the host, in pieces of any size; lost while the module does not run. */
  receive(bytes: Buffer): void;
  /** Power lost: drops what is typed, queued and being executed; the session is the stored profile again. */
  reset(): void;
  /** The host has closed the port: what it half typed and what it has not been told are void. */
  hangUp(): void;
  /** Ends its timer and its watch on the modem; nothing is sent any more. */
  close(): void;
}

export interface TerminalOptions {
  readonly host: Host;
  readonly commands: readonly CommandDefinition[];
  readonly output: (bytes: Buffer) => void;
  readonly flow?: Flow | undefined;
  readonly spelling?: Partial<Spelling>;
  /** Whether unsolicited result codes come here; default: always. */
  readonly hearsUrcs?: () => boolean;
  /** What AT+CMUX makes of the line; default: nothing. */
  readonly multiplexing?: Multiplexing;
  /** Answers of the user's own, instead of the module's. */
  readonly rules?: UserRules;
}

/** @returns a terminal that follows the modem's power by itself: silent until `RDY`, reset when power goes. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { host, flow = BOUNDLESS } = options;
  const spelling: Spelling = { ...DEFAULT_SPELLING, ...options.spelling };
  const { clock, log } = host.runtime;
  const { modem } = host;
  const table = createCommandTable(options.commands);
  const session = createSession();
  /** Changes when power is lost, so that an answer still under way finds nobody. */
  let life = 0;
  let closed = false;
  let executing = false;
  let pumping = false;
  let resting: Cancel | undefined;
  /** Who takes what the host has sent behind the line that named it. */
  let successor: ((bytes: Buffer) => void) | undefined;
  const input = createTypeAhead(flow.hold);
  const lineFeed = createLineFeed();
  /** What A/ repeats. */
  let previousLine = "";
  /** Ends when power is lost. */
  let tasks: EndableClock = createEndableClock(clock);
  let delayed = 0;
  /** Goes on with a line that waits for room. */
  let goOn: (() => void) | undefined;

  const { print, write, ...printer } = createPrinter((bytes) => closed || options.output(bytes));
  const editor = createLineEditor(session, write);
  const urcs = createUrcQueue({
    clock,
    line: () => (executing || flow.full ? "busy" : editor.typing ? "typing" : "free"),
    send: (line) => print(formatUrc(line, session)),
    onDrop: (lines) => log.warn({ lines }, "unsolicited result codes dropped: the host does not let the line rest"),
  });

  const dataMode = createDataMode({
    clock,
    output: write,
    connect: (text) => print(formatResult(text, { ...session, quiet: false })),
    mayEcho: () => session.echo,
    // a host that does not wait for CONNECT or the prompt; of the pass over the input that goes on, its end sees to that
    onOpen: () => pumping || input.set(dataMode.push(input.bytes)),
  });

  /** Whom the line that is run has named to take the next bytes. */
  let next: (() => (bytes: Buffer) => void) | undefined;
  const context: CommandContext = {
    ...host,
    session,
    spelling,
    data: dataMode.port,
    multiplexing: options.multiplexing,
    passOn(named) {
      next = named;
    },
  };

  const resultOf = (error: unknown, command: string | undefined, errors: ErrorStyle): string => {
    if (isRefusal(error)) {
      log.debug({ command, reason: error.message }, "a command was refused");
    } else {
      const { message: reason, stack } = error instanceof Error ? error : new Error(String(error));
      log.error({ command, reason, stack }, "a command failed");
    }
    if (errors === "tcpip") session.tcpipError = tcpipCode(error);
    return failureResult(error, errors, session.cmee, spelling);
  };

  const pause = (delayMs: number) => new Promise<void>((resolve) => void tasks.after(delayMs, resolve));
  /** To be awaited where the line is full: an answer is not to be lost. */
  const room = () =>
    new Promise<void>((resolve) => {
      goOn = resolve;
    });
  const pushLater = ({ urcs: lines, urcDelayMs }: RuleReply) => {
    if (lines.length === 0) return;
    if (delayed === MOST_DELAYED)
      return log.warn({ lines }, "unsolicited result codes of a rule dropped: too many wait");
    delayed++;
    tasks.after(urcDelayMs, () => {
      delayed--;
      urcs.push(lines);
    });
  };

  /** Runs a line up to the first command that fails; without a promise it is answered before this returns. */
  const run = async (line: string) => {
    const ownLife = life;
    let command: CommandDefinition | undefined;
    let errors: ErrorStyle = "cme";
    let result = "OK";
    const replies: RuleReply[] = [];
    executing = true;
    try {
      for (let at = 0; ; ) {
        if (flow.full) await room();
        if (life !== ownLife) return;
        const reply = options.rules?.take(line, at);
        if (reply) {
          if (reply.delayMs > 0) await pause(reply.delayMs);
          if (life !== ownLife) return;
          print(formatInformation(reply.answer, session));
          replies.push(reply);
          result = reply.result;
          if (result !== "OK") break;
          at = reply.next;
          continue;
        }
        const statement = nextStatement(line, at);
        if (!statement) break;
        command = table.get(statement.name);
        if (!command) throw new CommandError(`no such command: ${statement.name.slice(0, 40)}`);
        errors = errorsOf(command, line, statement);
        const call = resolve(command, line, statement);
        const answer = call.run(context);
        const lines = answer instanceof Promise ? await answer : answer;
        if (flow.full) await room();
        if (life !== ownLife) return;
        if (errors === "tcpip") session.tcpipError = 0;
        print(formatInformation(lines, session));
        at = call.next;
      }
    } catch (error) {
      result = resultOf(error, command?.name, errors);
    }
    if (flow.full) await room();
    if (life !== ownLife) return;
    executing = false;
    if (result !== "") print(formatResult(result, session));
    const named = next;
    next = undefined;
    if (named && result === "OK") {
      printer.flush();
      successor = named();
    }
    urcs.activity();
    for (const reply of replies) pushLater(reply);
    pump();
  };

  const handle = (event: LineEvent) => {
    if (event.kind === "tooLong") return print(formatResult("ERROR", session));
    if (event.kind === "line") previousLine = event.text;
    void run(previousLine);
  };

  const pump = () => {
    if (pumping || resting) return; // a command that answered at once: the loop below goes on
    pumping = true;
    printer.hold();
    let at = 0;
    let lines = 0;
    try {
      while (!executing && !successor && !flow.full && at < input.bytes.length && lines < LINES_AT_A_TIME) {
        const event = editor.push(input.bytes[at++]!);
        if (!event) continue;
        lines++;
        if (event.kind !== "repeat") lineFeed.expect();
        handle(event);
        if (lineFeed.ends(input.bytes[at], true, dataMode.active)) at++;
      }
    } finally {
      input.set(dataMode.push(input.bytes.subarray(at))); // none where the power went meanwhile
      pumping = false;
      printer.release();
    }
    if (successor) {
      const take = successor;
      const rest = input.bytes;
      successor = undefined;
      input.set(Buffer.alloc(0));
      return take(rest);
    }
    if (executing || flow.full || input.bytes.length === 0) return;
    // so that one busy port does not keep the rest of the process waiting
    resting = clock.after(0, () => {
      resting = undefined;
      pump();
    });
  };

  const reset = () => {
    life++;
    executing = false;
    resting?.();
    resting = undefined;
    tasks.end();
    tasks = createEndableClock(clock);
    delayed = 0;
    goOn = next = undefined;
    input.set(Buffer.alloc(0));
    lineFeed.reset();
    previousLine = "";
    dataMode.reset();
    editor.reset();
    urcs.clear();
    resetSession(session, modem.state.settings.profile);
  };

  const unsubscribe = modem.onChange((now, before) => {
    if (before.power.phase === "running" && now.power.phase !== "running") {
      if (before.power.poweredDown || before.power.sleeping) urcs.flush();
      reset();
    }
    if (options.hearsUrcs?.() ?? true) urcs.push(urcLines(now, before, { session, host, spelling }));
  });
  const unsubscribeRoom = flow.onRoom(() => {
    const resume = goOn;
    goOn = undefined;
    resume?.();
    pump();
    urcs.activity();
  });
  reset();

  return {
    receive(bytes) {
      if (closed || modem.state.power.phase !== "running") return;
      const rest = lineFeed.ends(bytes[0], false, dataMode.active) ? bytes.subarray(1) : bytes;
      const typed = dataMode.push(rest);
      if (typed.length === 0) return;
      input.add(typed);
      pump();
      urcs.activity();
    },
    reset,
    hangUp() {
      editor.reset();
      input.set(input.bytes.subarray(0, input.bytes.lastIndexOf(session.s[3] ?? 0) + 1));
      dataMode.abandon(session.d > 0);
      urcs.clear();
    },
    close() {
      closed = true;
      unsubscribe();
      unsubscribeRoom();
      reset();
    },
  };
}
