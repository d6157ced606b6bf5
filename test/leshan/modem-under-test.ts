import { type ChildProcess, execFile, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SerialPort } from "serialport";
import type { OperatorStatus } from "#control/operator";
import { askControlSocket } from "#control/socket";
import { systemClock } from "#runtime";
import { createJournal } from "./event-journal.ts";

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "../../bin/bg96");
const FINAL_RESULT = /^(OK|ERROR|\+CME ERROR: .*|\+CMS ERROR: .*|NO CARRIER)$/;
/** Lines that no command answers with, so they are URCs even when they come while one is open. */
const URC = /^(\+QLWEVENT: |\+QLWOBSERVE: |\+QLWDLDATA: |RDY$|APP RDY$|\+QIND: |\+QUSIM: |POWERED DOWN$)/;

/** The options of `bg96 run`; `efs` and `tty` are made up when left out. */
export interface RunOptions {
  readonly efs?: string;
  readonly server?: string;
  readonly endpoint?: string;
  readonly pskIdentity?: string;
  readonly pskKey?: string;
  readonly lifetime?: number;
  readonly register?: boolean;
  /** Further options by their names in the environment, e.g. BG96_COAP_MAX_RETRANSMIT. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built program run as a user runs it, with the host's end of its AT port in our hands. */
export interface ModemUnderTest {
  /** From the READY line. */
  readonly endpoint: string;
  readonly tty: string;
  readonly efs: string;
  /** Unsolicited lines so far, in order. */
  readonly urcs: readonly string[];
  /** Sends one command line: what was answered, the final result code last. */
  at(line: string, deadlineMs?: number): Promise<string[]>;
  /** Sends a file as a host does: AT+QFUPL, then the bytes behind CONNECT. Answered as `at` is, CONNECT first. */
  upload(name: string, text: string): Promise<string[]>;
  /** The place after the last URC so far. */
  mark(): number;
  /** The first URC that matches, since the mark (or since the start), within the deadline. */
  waitUrc(pattern: RegExp, deadlineMs: number, since?: number): Promise<RegExpMatchArray>;
  /** The ids of all `+QLWEVENT` lines since the mark. */
  lwm2mEvents(since?: number): number[];
  /** As an operator does: one or more of "battery.percent=42". */
  set(...settings: string[]): Promise<void>;
  /** What `bg96 status` shows. */
  status(): Promise<OperatorStatus>;
  /** SIGKILL: it is gone without a word. */
  kill(): void;
  /** SIGTERM, the way an operator stops it. Safe to call twice. @returns its exit code */
  stop(): Promise<number | null>;
}

/** @throws Error with the program's log when it does not print READY in time */
export async function startModem(options: RunOptions): Promise<ModemUnderTest> {
  const scratch = await mkdtemp(join(tmpdir(), "bg96-leshan-"));
  const efs = options.efs ?? join(scratch, "efs");
  const args = ["run", "--tty", join(scratch, "tty"), "--efs", efs, "--boot", "instant", "--log-level", "debug"];
  if (options.server !== undefined) args.push("--server", options.server);
  if (options.endpoint !== undefined) args.push("--endpoint", options.endpoint);
  if (options.pskIdentity !== undefined) args.push("--psk-identity", options.pskIdentity);
  if (options.pskKey !== undefined) args.push("--psk-key", options.pskKey);
  if (options.lifetime !== undefined) args.push("--lifetime", String(options.lifetime));
  if (options.register) args.push("--register");

  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  let log = "";
  let control: string | undefined;
  child.stderr.on("data", (text) => {
    log = `${log}${text}`.slice(-8000);
    control ??= /"control":"([^"]+)"/.exec(log)?.[1];
    // for looking into a failure: every modem's log, one after another
    if (process.env.BG96_TEST_LOG !== undefined) appendFileSync(process.env.BG96_TEST_LOG, text);
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);

  const ready = await new Promise<{ tty: string; endpoint: string }>((resolve, reject) => {
    const timer = setTimeout(() => {
      kill();
      reject(new Error(`bg96 run: no READY within 15 s; log:\n${log}`));
    }, 15_000);
    createInterface(child.stdout).on("line", (line) => {
      const found = /^READY tty=(\S+) endpoint=(\S+)$/.exec(line);
      if (found === null) return;
      clearTimeout(timer);
      resolve({ tty: found[1]!, endpoint: found[2]! });
    });
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`bg96 run: ended with ${code} before READY; log:\n${log}`));
    });
  });
  const port = await openPort(ready.tty);
  void exited.then(() => port.end(`the modem has ended; log:\n${log}`));

  let stopping: Promise<number | null> | undefined;
  return {
    ...ready,
    efs,
    urcs: port.urcs,
    at: port.at,
    upload: port.upload,
    mark: port.mark,
    waitUrc: port.waitUrc,
    lwm2mEvents: (since = 0) =>
      port.urcs.slice(since).flatMap((line) => {
        const found = /^\+QLWEVENT: (\d)/.exec(line);
        return found === null ? [] : [Number(found[1])];
      }),
    async set(...settings) {
      if (control === undefined) throw new Error(`the modem has not told its control socket; log:\n${log}`);
      await promisify(execFile)(process.execPath, [PROGRAM, "set", "--run-dir", dirname(control), ...settings]);
    },
    async status() {
      if (control === undefined) throw new Error(`the modem has not told its control socket; log:\n${log}`);
      const answer = await askControlSocket(control, { do: "status" }, systemClock);
      if (!answer.ok || !answer.status) throw new Error("the modem tells no status");
      return answer.status;
    },
    kill,
    stop() {
      stopping ??= stop(child, exited).finally(async () => {
        process.off("exit", kill);
        await port.close();
        await rm(scratch, { recursive: true, force: true });
      });
      return stopping;
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<number | null>): Promise<number | null> {
  child.kill("SIGTERM");
  let stuck = false;
  const timer = setTimeout(() => {
    stuck = true;
    child.kill("SIGKILL");
  }, 10_000);
  const code = await exited;
  clearTimeout(timer);
  if (stuck) throw new Error("bg96 run: still there 10 s after SIGTERM");
  return code;
}

type HostPort = Pick<ModemUnderTest, "urcs" | "at" | "upload" | "mark" | "waitUrc"> & {
  end(reason: string): void;
  close(): Promise<void>;
};

async function openPort(path: string): Promise<HostPort> {
  const serial = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  await new Promise<void>((resolve, reject) => serial.open((error) => (error ? reject(error) : resolve())));
  serial.on("error", () => {});

  const urcs: string[] = [];
  const urcJournal = createJournal<string>((line) => line);
  const answers = createJournal<string>((line) => line);
  let open: string | undefined;
  let rest = "";
  serial.on("data", (bytes: Buffer) => {
    const lines = `${rest}${bytes.toString("latin1")}`.split(/[\r\n]+/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === "" || line === open) continue; // `open`: the echo
      if (open === undefined || URC.test(line)) {
        urcs.push(line);
        urcJournal.add(line);
      } else {
        answers.add(line);
        if (FINAL_RESULT.test(line)) open = undefined;
      }
    }
  });

  const answered = (line: string, pattern: RegExp, deadlineMs: number, since: number) =>
    answers.waitFor(line, (answer) => (pattern.test(answer) ? answer : undefined), deadlineMs, since);
  const type = (line: string) => {
    if (open !== undefined) throw new Error(`at: "${open}" has no answer yet`);
    open = line;
    serial.write(`${line}\r`);
    return answers.mark();
  };

  return {
    urcs,
    async at(line, deadlineMs = 10_000) {
      const since = type(line);
      await answered(line, FINAL_RESULT, deadlineMs, since);
      return answers.entries.slice(since);
    },
    async upload(name, text) {
      const line = `AT+QFUPL="${name}",${Buffer.byteLength(text)}`;
      const since = type(line);
      await answered(line, /^CONNECT$/, 10_000, since);
      serial.write(text);
      await answered(line, FINAL_RESULT, 10_000, since);
      return answers.entries.slice(since);
    },
    mark: urcJournal.mark,
    waitUrc: (pattern, deadlineMs, since) =>
      urcJournal.waitFor(`URC ${pattern}`, (line) => line.match(pattern) ?? undefined, deadlineMs, since),
    end(reason) {
      urcJournal.end(reason);
      answers.end(reason);
    },
    close: () => new Promise((resolve) => (serial.isOpen ? serial.close(() => resolve()) : resolve())),
  };
}
