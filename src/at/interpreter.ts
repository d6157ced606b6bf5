/** One terminal: bytes in, command lines executed from left to right, answers and URCs out (ITU-T V.250 §5). */
import type { CommandDefinition } from "#at/command";
import { createDataMode } from "#at/data-port";
import { createCommandTable, resolve } from "#at/form";
import type { Host } from "#at/host";
import { createLineEditor, type LineEvent } from "#at/line";
import { CommandError, failureResult, formatInformation, formatResult, isRefusal, tcpipCode } from "#at/result";
import { createSession, resetSession } from "#at/session";
import { nextStatement } from "#at/syntax";
import { urcLines } from "#at/urc";
import { createUrcQueue } from "#at/urc-queue";
import type { RuleReply, UserRules } from "#at/user-rules";
import { DEFAULT_SPELLING, type Spelling } from "#config/spelling";
import type { Cancel } from "#runtime";

/** Bytes kept while a line executes; what comes beyond them is lost, as in a UART's buffer. */
export const TYPE_AHEAD_LIMIT = 16_384;

/** Answers held back to be sent together, bytes. */
const HELD_LIMIT = 65_536;
const LINES_AT_A_TIME = 64;

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
  readonly spelling?: Partial<Spelling>;
  /** Whether unsolicited result codes come here; default: always. */
  readonly hearsUrcs?: () => boolean;
  /** Answers of the user's own, instead of the module's. */
  readonly rules?: UserRules;
}

/** @returns a terminal that follows the modem's power by itself: silent until `RDY`, reset when power goes. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { host } = options;
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
  let input: Buffer = Buffer.alloc(0);
  /** What A/ repeats. */
  let previousLine = "";

  /** Echo and answers of one pass over the input, sent together: a write per echoed byte would cost a system call each. */
  let held: Buffer[] | undefined;

  let heldBytes = 0;

  const release = () => {
    const bytes = Buffer.concat(held ?? []);
    held = held && [];
    heldBytes = 0;
    if (bytes.length > 0 && !closed) options.output(bytes);
  };
  const output = (bytes: Buffer) => {
    if (closed) return;
    if (!held) return options.output(bytes);
    held.push(bytes);
    heldBytes += bytes.length;
    if (heldBytes > HELD_LIMIT) release();
  };
  const send = (text: string) => {
    if (text !== "") output(Buffer.from(text, "latin1"));
  };
  const editor = createLineEditor(session, output);
  const urcs = createUrcQueue({
    clock,
    mayTalk: () => !executing && !editor.typing,
    send: (line) => send(formatInformation([line], session)),
    onDrop: (lines) => log.warn({ lines }, "unsolicited result codes dropped: the host does not let the line rest"),
  });

  const dataMode = createDataMode({
    clock,
    output,
    connect: (text) => send(formatResult(text, { ...session, quiet: false })),
    mayEcho: () => session.echo,
  });

  const resultOf = (error: unknown, command: CommandDefinition | undefined): string => {
    const name = command?.name;
    if (isRefusal(error)) {
      log.debug({ command: name, reason: error.message }, "a command was refused");
    } else {
      const stack = error instanceof Error ? error.stack : undefined;
      log.error(
        { command: name, reason: error instanceof Error ? error.message : String(error), stack },
        "a command failed",
      );
    }
    if (command?.errors === "tcpip") session.tcpipError = tcpipCode(error);
    return failureResult(error, command?.errors ?? "cme", session.cmee, spelling.errors);
  };

  const pause = (delayMs: number) => new Promise<void>((resolve) => void clock.after(delayMs, resolve));

  /** Runs a line up to the first command that fails; without a promise it is answered before this returns. */
  const run = async (line: string) => {
    const ownLife = life;
    let command: CommandDefinition | undefined;
    let result = "OK";
    const replies: RuleReply[] = [];
    executing = true;
    try {
      for (let at = 0; ; ) {
        const reply = options.rules?.take(line, at);
        if (reply) {
          if (reply.delayMs > 0) await pause(reply.delayMs);
          if (life !== ownLife) return;
          send(formatInformation(reply.answer, session));
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
        const call = resolve(command, line, statement);
        const answer = call.run({ ...host, session, spelling, data: dataMode.port });
        const lines = answer instanceof Promise ? await answer : answer;
        if (life !== ownLife) return;
        if (command.errors === "tcpip") session.tcpipError = 0;
        send(formatInformation(lines, session));
        at = call.next;
      }
    } catch (error) {
      result = resultOf(error, command);
    }
    if (life !== ownLife) return;
    executing = false;
    if (result !== "") send(formatResult(result, session));
    urcs.activity();
    for (const { urcs: lines, urcDelayMs } of replies) {
      if (lines.length > 0) clock.after(urcDelayMs, () => life === ownLife && urcs.push(lines));
    }
    pump();
  };

  const handle = (event: LineEvent) => {
    if (event.kind === "tooLong") return send(formatResult("ERROR", session));
    if (event.kind === "line") previousLine = event.text;
    void run(previousLine);
  };

  const pump = () => {
    if (pumping || resting) return; // a command that answered at once: the loop below goes on
    pumping = true;
    held = [];
    let at = 0;
    let lines = 0;
    try {
      while (!executing && at < input.length && lines < LINES_AT_A_TIME) {
        const event = editor.push(input[at++]!);
        if (!event) continue;
        lines++;
        handle(event);
      }
    } finally {
      input = dataMode.push(input.subarray(at, at + TYPE_AHEAD_LIMIT)); // a host that does not wait for the prompt
      pumping = false;
      release();
      held = undefined;
    }
    if (executing || input.length === 0) return;
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
    input = Buffer.alloc(0);
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
  reset();

  return {
    receive(bytes) {
      if (closed || modem.state.power.phase !== "running") return;
      const typed = dataMode.push(bytes);
      if (typed.length === 0) return;
      const isBusy = executing || pumping || resting !== undefined;
      input = isBusy ? Buffer.concat([input, typed]).subarray(0, TYPE_AHEAD_LIMIT) : typed;
      pump();
      urcs.activity();
    },
    reset,
    hangUp() {
      editor.reset();
      dataMode.abandon();
      urcs.clear();
    },
    close() {
      closed = true;
      unsubscribe();
      reset();
    },
  };
}
