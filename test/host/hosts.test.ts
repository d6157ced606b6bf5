/** Programs that people use with modems, as they come from a distribution, on the port of the built program. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bg96Process, isBuilt, PROGRAM, startBg96 } from "../support/bg96-process.ts";
import { type Acceptance, GAMMU, PRELUDE } from "./acceptance.ts";
import { MESSAGE_PROGRAMS } from "./message-programs.ts";
import { MULTIPLEXING_PROGRAMS } from "./multiplexing-programs.ts";
import { PROBING_PROGRAMS } from "./probing-programs.ts";

const PYTHON = "/usr/bin/python3"; // the distribution's, which has the distribution's pyserial

const ACCEPTANCES: readonly Acceptance[] = [
  {
    title: "gammu identifies the modem",
    needs: [{ command: "gammu", debian: "gammu" }],
    script: `timeout 30 gammu ${GAMMU} --identify | grep -q "^IMEI *: [0-9]\\{15\\}$"`,
  },
  {
    title: "comgt sees the network",
    needs: [{ command: "comgt", debian: "comgt" }],
    script: `
      printf "AT+CREG=0\\r" >$L; sleep .3
      timeout 60 comgt -d $L </dev/null | grep -q "^Registered on Home network"`,
  },
  {
    title: "chat holds its conversation",
    needs: [{ command: "chat", debian: "ppp" }],
    script: `
      exec 3<>$L
      timeout 15 chat -t 5 -s ABORT ERROR "" ATZ OK ATI BG96 "\\d" OK AT+CPIN? READY "" OK "" <&3 >&3`,
  },
  {
    title: "picocom shows the answer to its init string",
    needs: [{ command: "picocom", debian: "picocom" }],
    script: `
      timeout 10 picocom -q -b 115200 -x 500 --initstring "$(printf 'ATI\\r')" $L </dev/null | tr -d '\\r' | grep -qx OK`,
  },
  {
    title: "pyserial opens it exclusively and reads an answer, five times over",
    needs: [{ command: `${PYTHON} -c "import serial"`, debian: "python3-serial" }],
    script: `
      timeout 20 ${PYTHON} -c '
import serial, sys
for turn in range(5):
    with serial.Serial(sys.argv[1], 115200, timeout=2, exclusive=True) as port:
        port.write(b"ATI\\r")
        answer = port.read_until(b"OK\\r\\n")
        if not (b"BG96" in answer and answer.endswith(b"\\r\\nOK\\r\\n")): sys.exit(repr(answer))
' $L`,
  },
  {
    title: "a shell asks and grep finds the answer",
    needs: [{ command: "grep", debian: "grep" }],
    script: `exec 3<>$L; printf 'AT\\r' >&3; timeout 2 grep -m1 -q '^OK' <&3`,
  },
  {
    title: "minicom edits a line with its backspace and shows the answer",
    needs: [
      { command: "minicom", debian: "minicom" },
      { command: "tmux", debian: "tmux" },
    ],
    script: `
      terminal=$(mktemp -u)
      tmux -S $terminal -f /dev/null new -d -s m "minicom -D $L -b 115200"
      sleep 1.5
      tmux -S $terminal send -t m "atx" BSpace i Enter
      shown=1
      for look in $(seq 50); do
        tmux -S $terminal capturep -p -t m | grep -qx OK && { shown=0; break; }
        sleep .1
      done
      tmux -S $terminal kill-server
      sleep .5
      exit $shown`,
  },
  {
    title: "socat passes lines on",
    needs: [{ command: "socat", debian: "socat" }],
    script: `(printf 'ATE0\\r'; sleep .3; printf 'AT+CSQ\\r'; sleep .5) | timeout 5 socat -t1 - $L,rawer | grep -q '^+CSQ: '`,
  },
  {
    title: "gammu monitors the network",
    needs: [{ command: "gammu", debian: "gammu" }],
    script: `timeout 40 gammu ${GAMMU} monitor 1 | grep -q "Network state *: home network"`,
  },
  ...MESSAGE_PROGRAMS,
  ...PROBING_PROGRAMS,
  ...MULTIPLEXING_PROGRAMS,
];

const isThere = (command: string): boolean => {
  const probe = command.includes(" ") ? command : `command -v ${command}`;
  try {
    execFileSync("bash", ["-c", probe], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Runs a script on the port. @returns its exit code and what it printed. */
const run = (script: string, { tty, runDirectory }: Bg96Process) =>
  new Promise<{ code: number; printed: string }>((resolve) => {
    const program = { NODE: process.execPath, PROGRAM, RUN: runDirectory };
    const env = { ...process.env, ...program, L: tty, TERM: "xterm", LC_ALL: "C" };
    const child = execFile("bash", ["-c", script], { env, timeout: 80_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, printed: stdout + stderr }),
    );
    child.stdin?.end();
  });

if (!isBuilt()) console.warn("skipped: the program is not built: npm run build");

describe.skipIf(!isBuilt())("on the port of bg96 run", () => {
  let modem: Bg96Process;
  beforeAll(async () => {
    modem = await startBg96();
  });
  afterAll(async () => {
    const code = await modem.end("SIGTERM");
    expect(code).toBe(0);
    expect(existsSync(modem.tty)).toBe(false);
  });
  // Whatever a host did, the next one finds a modem that answers.
  afterEach(async () => {
    const next = await run(`exec 3<>$L; printf 'AT\\r' >&3; timeout 5 grep -m1 -q '^OK' <&3`, modem);
    expect(next.code, "the modem answers the next host").toBe(0);
  });

  for (const { title, needs, script } of ACCEPTANCES) {
    const missing = needs.filter(({ command }) => !isThere(command));
    if (missing.length > 0) {
      console.warn(`skipped: ${title}: apt-get install ${missing.map(({ debian }) => debian).join(" ")}`);
    }
    it.skipIf(missing.length > 0)(title, async () => {
      const { code, printed } = await run(PRELUDE + script, modem);
      expect(code, `${printed}\n${modem.log()}`).toBe(0);
    });
  }
});
