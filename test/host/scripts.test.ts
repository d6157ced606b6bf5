/** The start-up scripts of host programs, typed on a real pty at the built program. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type Bg96Process, isBuilt, PROGRAM, startBg96 } from "../support/bg96-process.ts";
import { escaped, readTranscripts } from "../support/transcript.ts";
import { openTtyHost, until } from "../support/tty-host.ts";

const FINAL_RESULT = /^(OK|ERROR|NO CARRIER|\+CM[ES] ERROR: .*)$/;
/** A client waits for BOOT_UP_SLEEP_TIME first. */
const DEADLINE_MS = 20_000;

interface Step {
  readonly order: string;
  readonly rest: string;
  /** What the module prints then. */
  readonly printed: readonly string[];
}

/** Nobody answers on the server that the transcripts name; here it is on this machine. */
const local = (text: string) => text.replace(/192\.0\.2\.1/g, "127.0.0.1").replace(/(127\.0\.0\.1"?[:,])\d+/g, "$19");

function stepsOf(lines: readonly string[]): readonly Step[] {
  const steps: { order: string; rest: string; printed: string[] }[] = [];
  for (const line of lines) {
    const [, order, rest = ""] = /^(>>?|wait|set|power) (.+)$/.exec(line) ?? [];
    if (order !== undefined) steps.push({ order, rest: local(rest), printed: [] });
    else if (!line.includes("STATE_READY")) steps.at(-1)?.printed.push(line);
  }
  return steps;
}

/** What a line is about: its name, and of a setting the name of that. Values are others here. */
const head = (line: string) => /^(\+\w+: "[a-z][^"]*"|\+\w+|[A-Z ]+$)/.exec(line)?.[0] ?? "";

async function replay(steps: readonly Step[], modem: Bg96Process): Promise<void> {
  const host = openTtyHost(modem.tty);
  const set = (setting: string) =>
    promisify(execFile)(process.execPath, [PROGRAM, "set", "--run-dir", modem.runDirectory, setting]);
  let mark = 0;
  const heard = () =>
    host
      .received()
      .slice(mark)
      .split(/[\r\n]+/);
  const hears = (text: string, line: string) =>
    until(() => heard().some((each) => head(each) === head(line)), `${line} after ${text}`, DEADLINE_MS);
  const type = async (text: string, result: string | undefined) => {
    mark = host.received().length;
    host.write(text);
    if (result === undefined) return host.waitFor("> ");
    await until(() => heard().some((line) => FINAL_RESULT.test(line)), `an answer to ${text}`, DEADLINE_MS);
    return heard().find((line) => FINAL_RESULT.test(line));
  };
  try {
    for (const { order, rest, printed } of steps) {
      if (order === ">" || order === ">>") {
        const text = order === ">" ? `${rest}\r` : escaped(rest);
        const result = printed.find((line) => FINAL_RESULT.test(line));
        const untilMs = performance.now() + DEADLINE_MS;
        // as hosts do: what is not ready yet is asked for again
        let answer = await type(text, result);
        while (result === "OK" && answer !== "OK" && performance.now() < untilMs) answer = await type(text, result);
        if (result !== undefined) expect(answer, text).toBe(result);
      }
      if (order === "set") await set(rest.replaceAll('"', ""));
      if (order === "power" && rest === "on") {
        mark = host.received().length;
        await set("power=brownout");
      }
      for (const line of printed) if (line !== rest) await hears(rest, line);
    }
  } finally {
    host.close();
  }
}

describe.skipIf(!isBuilt()).concurrent("the start-up script of", () => {
  for (const { name, lines } of readTranscripts("hosts")) {
    it(`${name} completes on the port of bg96 run`, async () => {
      const modem = await startBg96();
      try {
        await replay(stepsOf(lines), modem);
      } finally {
        await modem.end("SIGKILL");
      }
    });
  }
});
