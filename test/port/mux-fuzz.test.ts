import { describe, expect, it } from "vitest";
import { commandTable } from "#at/commands";
import { createTerminals } from "#at/terminal/terminals";
import { multiplexer } from "#bg96/host-side";
import { type Log, silentLog } from "#runtime";
import { openAtTerminal } from "../support/at-terminal.ts";
import { createSeededRandom } from "../support/manual-clock.ts";
import { createMemoryLine } from "../support/memory-line.ts";
import { dataOf, frame, message, readFrames } from "../support/mux-peer.ts";

/** About 1 000 000 octets. */
const ROUNDS = 20_000;

const random = createSeededRandom(0x27010);
const below = (bound: number) => Math.floor(random.fraction() * bound);
const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
const noise = (most: number) => random.bytes(below(most)).toString("latin1");

const LINES = [
  "AT\r",
  "ATI\r",
  "AT+CSQ;+CEREG?\r",
  "AT+CMUX?\r",
  "AT+CMUX=0\r",
  "AT+CLAC\r",
  "ATE0\r",
  'AT+CMGS="1"\r',
  "\x1b",
];
const MESSAGES = [0x83, 0x43, 0x23, 0xa3, 0x63, 0xe3, 0xe1, 0x13, 0x93, 0x53, 0xd3, 0x81];
const text = () => (below(3) > 0 ? pick(LINES) : noise(140));
const anyFrame = () => {
  const kind = pick(["SABM", "SABM", "UIH", "UIH", "UIH", "UIH", "UI", "DISC", "DM", "UA"]);
  const dlci = below(4) > 0 ? below(6) : below(62);
  const oddities = { cr: below(5) > 0 ? 1 : 0, damage: below(8) > 0 ? 0 : below(256) } as const;
  // a close-down or DISC now and then: what follows is read as text by the plain terminal
  if (dlci === 0 && kind === "DISC" && below(20) > 0) return "";
  if (!kind.startsWith("UI")) return frame(kind, dlci, below(9) > 0 ? "" : noise(9), oddities);
  if (dlci > 0) return frame(kind, dlci, text(), oddities);
  const type = below(100) > 0 ? pick(MESSAGES) : 0xc3;
  return frame(kind, 0, below(5) > 0 ? message(type, noise(12)) : noise(40), oddities);
};
const mutated = (whole: string) => {
  const at = below(whole.length);
  const kind = below(12);
  if (kind === 0) return whole.slice(0, at);
  if (kind === 1) return whole.slice(0, at) + noise(4) + whole.slice(at + 1);
  if (kind === 2) return whole + noise(20);
  if (kind === 3) return whole.slice(1);
  return whole;
};

describe("a divided line in a storm of frames, good ones and others", () => {
  it("says nothing but frames, fails in nothing, and answers when the storm is over", {
    timeout: 120_000,
  }, async () => {
    const faults: object[] = [];
    const log: Log = { ...silentLog, error: (fields) => void faults.push(fields) };
    const { host, clock } = await openAtTerminal({ log });
    let divided = false;
    const terminals = createTerminals({
      host,
      commands: commandTable(),
      multiplex(options) {
        divided = true;
        const end = (rest: Buffer) => {
          divided = false;
          options.onEnd(rest);
        };
        return multiplexer(host.runtime)({ ...options, onEnd: end });
      },
    });
    const line = createMemoryLine();
    terminals.serve(line, "usbat");
    /** From a line in any state to a divided one: a hang-up makes it whole. */
    const divide = async () => {
      line.attach(false);
      line.attach(true);
      line.say("AT+CMUX=0\r");
      await clock.settle();
      expect(line.take()).toContain("OK");
    };
    let frames = 0;
    await divide();
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 100 === 0) {
        await divide();
        line.say(frame("SABM", 0) + frame("SABM", 1 + below(4)));
      }
      const octets = mutated(anyFrame());
      const cut = below(octets.length);
      line.say(octets.slice(0, cut));
      line.say(octets.slice(cut));
      if (round % 20 === 0) await clock.advance(below(500));
      const said = line.take();
      // behind a close-down comes what the whole line's terminal says
      if (divided) frames += readFrames(said).length;
      else await divide();
    }
    expect(frames).toBeGreaterThan(ROUNDS / 10);
    expect(faults).toEqual([]);
    await divide();
    line.say(frame("SABM", 0) + frame("SABM", 1));
    line.take();
    line.say(frame("UIH", 1, "ATE0\r"));
    line.take();
    line.say(frame("UIH", 1, "AT\r"));
    await clock.settle();
    expect(dataOf(line.take(), 1)).toBe("\r\nOK\r\n");
    terminals.close();
    await clock.advance(120_000);
    const left = clock.pending();
    expect(left).toBeLessThan(10);
  });
});
