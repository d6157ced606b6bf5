import { describe, expect, it } from "vitest";
import { createMux } from "#port/mux";
import type { ChannelLine } from "#port/mux-channel";
import { type Log, silentLog } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";
import { dataOf, frame, message, readFrames, told } from "../support/mux-peer.ts";

interface User {
  heard: string;
  hangUps: number;
  closed: boolean;
  readonly channel: ChannelLine;
  say(text: string): void;
}

/** A line just divided; channels say back what they hear when `says` is called. */
function divide({ mostBytes = 127, retries = 3 } = {}) {
  const clock = createManualClock();
  let out = "";
  let rest: string | undefined;
  const warnings: object[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields), child: () => log };
  const roomHandlers = new Set<() => void>();
  const line = {
    full: false,
    write: (bytes: Buffer) => {
      out += bytes.toString("latin1");
    },
    onRoom(handler: () => void) {
      roomHandlers.add(handler);
      return () => roomHandlers.delete(handler);
    },
  };
  const users = new Map<number, User>();
  const mux = createMux({
    clock,
    log,
    line,
    mostBytes,
    retries,
    responseMs: 300,
    wakeMs: 10_000,
    onChannel(dlci, channel) {
      const say = (text: string) => channel.write(Buffer.from(text, "latin1"));
      const user = { heard: "", hangUps: 0, closed: false, channel, say };
      users.set(dlci, user);
      return {
        receive: (bytes) => {
          user.heard += bytes.toString("latin1");
        },
        hangUp: () => {
          user.hangUps++;
        },
        close: () => {
          user.closed = true;
        },
      };
    },
    onEnd: (bytes) => {
      rest = bytes.toString("latin1");
    },
  });
  const take = () => {
    const text = out;
    out = "";
    return text;
  };
  const host = (text: string) => {
    mux.receive(Buffer.from(text, "latin1"));
    return take();
  };
  return {
    clock,
    mux,
    warnings,
    /** The host of the whole line reads, or does not. */
    fill(full: boolean) {
      line.full = full;
      if (!full) for (const handle of [...roomHandlers]) handle();
    },
    take,
    host,
    /** What is told of the answer, as one line a frame. */
    says: (text: string) => told(host(text)),
    user: (dlci: number) => users.get(dlci)!,
    rest: () => rest,
    /** Opens the control channel and these, whose modem status is answered. */
    open(...dlcis: number[]) {
      host(frame("SABM", 0));
      for (const dlci of dlcis) {
        host(frame("SABM", dlci));
        host(frame("UIH", 0, message(0xe1, String.fromCharCode(dlci * 4 + 3, 0x8d))));
      }
      return this;
    },
  };
}

const MSC = 0xe3;
const MSC_RESPONSE = 0xe1;
const status = (dlci: number, signals: number) => String.fromCharCode(dlci * 4 + 3, signals);
const READY = 0x8d;
const READY_NO_MORE_FRAMES = 0x8f;
const control = (type: number, value = "") => frame("UIH", 0, message(type, value));
/** The module's message on the control channel, as told() has it. */
const answer = (type: number, value = "") => `UIH 0 cr=0 pf=0 ${JSON.stringify(message(type, value))}`;

describe("the channels of a divided line", () => {
  it("are opened by SABM: UA, and the module's signals, which are told again until the host has heard them", async () => {
    const { says, clock, take } = divide();
    expect(says(frame("SABM", 0))).toEqual(["UA 0 cr=1 pf=1"]);
    expect(says(frame("SABM", 2))).toEqual(["UA 2 cr=1 pf=1", answer(MSC, status(2, READY))]);
    await clock.advance(300);
    expect(told(take())).toEqual([answer(MSC, status(2, READY))]);
    expect(says(control(MSC_RESPONSE, status(2, READY)))).toEqual([]);
    await clock.advance(10_000);
    expect(take()).toBe("");
  });

  it("tell their signals no more often than N2 has it", async () => {
    const { host, clock, take } = divide({ retries: 2 });
    host(frame("SABM", 0) + frame("SABM", 1));
    await clock.advance(60_000);
    expect(told(take())).toEqual([answer(MSC, status(1, READY)), answer(MSC, status(1, READY))]);
    expect(clock.pending()).toBe(0);
  });

  it("answer UA to a frame as a peer of another make expects it, octet by octet", () => {
    // what gsm0710muxd 1.13 sends, and takes for an answer
    const answered = divide().host(Buffer.from("f9033f011cf9", "hex").toString("latin1"));
    expect(Buffer.from(answered, "latin1").toString("hex")).toBe("f9037301d7f9");
  });

  it("are four beside the control channel, which comes first; others are refused with DM", () => {
    const { says, open } = divide();
    expect(says(frame("SABM", 1))).toEqual(["DM 1 cr=1 pf=1"]);
    open(1, 2, 3, 4);
    expect(says(frame("SABM", 5))).toEqual(["DM 5 cr=1 pf=1"]);
    expect(says(frame("SABM", 61))).toEqual(["DM 61 cr=1 pf=1"]);
  });

  it("carry data either way, each its own, with C/R 0 from the module", () => {
    const { says, open, user, take } = divide();
    open(1, 2);
    expect(says(frame("UIH", 1, "one") + frame("UI", 2, "two") + frame("UIH", 1, "!", { cr: 0 }))).toEqual([]);
    expect([user(1).heard, user(2).heard]).toEqual(["one!", "two"]);
    user(1).say("ONE");
    user(2).say("TWO");
    expect(told(take())).toEqual(['UIH 1 cr=0 pf=0 "ONE"', 'UIH 2 cr=0 pf=0 "TWO"']);
  });

  it("cut what they say into frames of N1 octets", () => {
    const { open, user, take } = divide({ mostBytes: 31 });
    open(1);
    user(1).say("x".repeat(100));
    expect(readFrames(take()).map(({ text }) => text.length)).toEqual([31, 31, 31, 7]);
  });

  it("end with DISC, and answer DM from then on", () => {
    const { says, open, user, take } = divide();
    open(1, 2);
    expect(says(frame("DISC", 1))).toEqual(["UA 1 cr=1 pf=1"]);
    expect(user(1).closed).toBe(true);
    user(1).say("nobody hears");
    expect(take()).toBe("");
    expect(says(frame("DISC", 1))).toEqual(["DM 1 cr=1 pf=1"]);
    expect(says(frame("UIH", 1, "data"))).toEqual(["DM 1 cr=1 pf=0"]);
    expect(user(1).heard).toBe("");
    expect(user(2).closed).toBe(false);
    expect(says(frame("DM", 2, "", { cr: 0 }))).toEqual([]);
    expect(user(2).closed).toBe(true);
  });

  it("opened anew are as after a hang-up", () => {
    const { says, open, user } = divide();
    open(1);
    expect(says(frame("SABM", 1))).toEqual(["UA 1 cr=1 pf=1", answer(MSC, status(1, READY))]);
    expect(user(1)).toMatchObject({ hangUps: 1, closed: false });
  });

  it("take no answer for an order: SABM and DISC with the C/R of a response, or UA, do nothing", () => {
    const { says, open, user } = divide();
    open(1);
    expect(says(frame("DISC", 1, "", { cr: 0 }) + frame("SABM", 2, "", { cr: 0 }) + frame("UA", 1))).toEqual([]);
    expect(user(1).closed).toBe(false);
    expect(user(2)).toBeUndefined();
  });
});

describe("the control channel", () => {
  it("answers the host's signals, a test, and flow on and off with what came", () => {
    const { says, open } = divide();
    open(1);
    expect(says(control(MSC, status(1, READY)))).toEqual([answer(MSC_RESPONSE, status(1, READY))]);
    expect(says(control(0x23, "is there anybody"))).toEqual([answer(0x21, "is there anybody")]);
    expect(says(control(0x63))).toEqual([answer(0x61)]);
    expect(says(control(0xa3))).toEqual([answer(0xa1)]);
    expect(says(control(MSC, status(3, READY)))).toEqual([answer(MSC_RESPONSE, status(3, READY))]);
  });

  it("answers several messages of one frame in their order", () => {
    const { says, open } = divide();
    open();
    expect(says(frame("UIH", 0, message(0x23, "a") + message(0x23, "b")))).toEqual([
      answer(0x21, "a"),
      answer(0x21, "b"),
    ]);
  });

  it("takes and gives messages for which a frame has no room", async () => {
    const { host, open, clock } = divide({ mostBytes: 16 });
    open();
    const asked = message(0x23, "is there anybody out there?") + message(0x63);
    const cut = asked.match(/[\s\S]{1,16}/g)!.map((each) => frame("UIH", 0, each));
    expect(dataOf(cut.map(host).join(""), 0)).toBe(message(0x21, "is there anybody out there?") + message(0x61));
    // one that is not gone on with is void, and so is one that ends before its frame is full
    host(cut[0]!);
    await clock.advance(2000);
    expect(dataOf(host(control(0x63)), 0)).toBe(message(0x61));
    host(frame("UIH", 0, message(0x23, "abc").slice(0, 3)));
    expect(dataOf(host(control(0xa3)), 0)).toBe(message(0xa1));
  });

  it.each([
    ["remote port negotiation", 0x93],
    ["remote line status", 0x53],
    ["service negotiation", 0xd3],
    ["NSC as a command", 0x13],
  ])("does not know %s, and says so", (_, type) => {
    const { says, open } = divide();
    open();
    expect(says(control(type, "x"))).toEqual([answer(0x11, String.fromCharCode(type))]);
    expect(says(control(type & ~2, "x"))).toEqual([]);
  });

  it("negotiates a smaller N1 for a channel, and never a larger one", () => {
    const { says, open, user, take, host } = divide();
    open();
    // DLCI 2, UIH, convergence layer 1, priority 7, T1 10, N1, N2 3, k 2
    const parameters = (n1: number, kind = 0) => String.fromCharCode(2, kind, 7, 10, n1 & 0xff, n1 >> 8, 3, 2);
    expect(says(control(0x83, parameters(20)))).toEqual([answer(0x81, parameters(20))]);
    host(frame("SABM", 2));
    user(2).say("x".repeat(50));
    expect(readFrames(take()).map(({ text }) => text.length)).toEqual([20, 20, 10]);
    expect(says(control(0x83, parameters(1000, 0x02)))).toEqual([answer(0x81, parameters(127))]);
    expect(says(control(0x83, "cut"))).toEqual([]);
  });

  it("that is not open answers DM, but for a close-down", () => {
    const { says, rest } = divide();
    expect(says(control(0x23, "x"))).toEqual(["DM 0 cr=1 pf=0"]);
    expect(says(frame("DISC", 0))).toEqual(["DM 0 cr=1 pf=1"]);
    expect(says(control(0xc3))).toEqual([answer(0xc1)]);
    expect(rest()).toBe("");
  });
});

describe("the end of the division", () => {
  it.each([
    ["the close-down command", control(0xc3), [answer(0xc1)]],
    ["DISC on the control channel", frame("DISC", 0), ["UA 0 cr=1 pf=1"]],
  ])("by %s is confirmed, closes all, and gives back what came behind it", async (_, ending, confirmed) => {
    const { host, says, open, user, rest, clock, mux } = divide();
    open(1);
    host(frame("SABM", 2)); // its signals are not heard yet
    expect(says(`${ending}AT\r`)).toEqual(confirmed);
    expect(rest()).toBe("AT\r");
    expect([user(1).closed, user(2).closed]).toEqual([true, true]);
    user(1).say("late");
    mux.receive(Buffer.from(frame("SABM", 0), "latin1"));
    await clock.advance(60_000);
    expect(host("")).toBe("");
    expect(clock.pending()).toBe(0);
  });

  it("without a word says nothing and leaves nothing running", async () => {
    const { host, open, user, rest, clock, mux, take } = divide();
    open(1);
    host(frame("SABM", 2));
    mux.close();
    mux.close();
    expect(user(1).closed).toBe(true);
    await clock.advance(60_000);
    expect([take(), rest(), clock.pending()]).toEqual(["", undefined, 0]);
  });

  it("tells how many frames were no good", () => {
    const { host, open, warnings } = divide();
    open(1);
    host(frame("UIH", 1, "x", { damage: 1 }) + frame("UIH", 1, "x".repeat(128)));
    host(control(0xc3));
    expect(warnings).toEqual([{ frames: 2 }]);
  });
});

describe("flow control", () => {
  it("of one channel by its signals holds that one, and loses nothing", () => {
    const { host, open, user, take } = divide();
    open(1, 2);
    host(control(MSC, status(1, READY_NO_MORE_FRAMES)));
    user(1).say("held ");
    user(1).say("back");
    user(2).say("free");
    expect(told(take())).toEqual(['UIH 2 cr=0 pf=0 "free"']);
    const after = host(control(MSC, status(1, READY)));
    expect(dataOf(after, 1)).toBe("held back");
    user(1).say("on");
    expect(dataOf(take(), 1)).toBe("on");
  });

  it("of all channels by FCoff holds data, and never the control channel", () => {
    const { host, says, open, user, take } = divide();
    open(1, 2);
    host(control(0x63));
    user(1).say("one");
    user(2).say("two");
    expect(take()).toBe("");
    expect(says(control(0x23, "x"))).toEqual([answer(0x21, "x")]);
    host(control(MSC, status(1, READY)));
    expect(take()).toBe("");
    const after = host(control(0xa3));
    expect([dataOf(after, 1), dataOf(after, 2)]).toEqual(["one", "two"]);
  });

  it("holds no more than 256 KiB, of which the channel's user is told, and drops what comes beyond", () => {
    const { host, open, user, warnings } = divide();
    open(1);
    host(control(MSC, status(1, READY_NO_MORE_FRAMES)));
    const { channel } = user(1);
    let rooms = 0;
    channel.onRoom(() => rooms++);
    for (let count = 0; count < 255; count++) user(1).say("x".repeat(1024));
    expect(channel.full).toBe(false);
    user(1).say("x".repeat(1024));
    expect(channel.full).toBe(true);
    for (let count = 0; count < 36; count++) user(1).say("y".repeat(1024));
    expect(dataOf(host(control(MSC, status(1, READY))), 1)).toBe("x".repeat(262_144));
    expect([channel.full, rooms]).toEqual([false, 1]);
    expect(warnings).toEqual([{ bytes: 36 * 1024 }]);
  });

  it("lets a channel wait while the line is full, and then each in its turn", () => {
    const { open, user, take, fill } = divide();
    open(1, 2);
    fill(true);
    user(1).say("x".repeat(10_000));
    user(2).say("y".repeat(10_000));
    expect(take()).toBe("");
    fill(false);
    const out = take();
    expect([dataOf(out, 1), dataOf(out, 2)]).toEqual(["x".repeat(10_000), "y".repeat(10_000)]);
    const turns = readFrames(out).map(({ dlci }) => dlci);
    expect(turns.lastIndexOf(1)).toBeGreaterThan(turns.indexOf(2));
    expect(turns.filter((dlci, index) => dlci !== turns[index - 1])).toEqual([1, 2, 1, 2, 1, 2]);
  });

  it("by a channel's user is told to the host by its signals", async () => {
    const { open, user, take, clock, says } = divide();
    open(3);
    user(3).channel.hold(true);
    expect(told(take())).toEqual([answer(MSC, status(3, READY_NO_MORE_FRAMES))]);
    expect(says(control(MSC_RESPONSE, status(3, READY_NO_MORE_FRAMES)))).toEqual([]);
    user(3).channel.hold(false);
    expect(told(take())).toEqual([answer(MSC, status(3, READY))]);
    await clock.advance(300);
    expect(told(take())).toEqual([answer(MSC, status(3, READY))]);
  });
});

describe("a host that sleeps", () => {
  it("is called with flags before it gets anything, and answers with flags", async () => {
    const { host, says, open, user, take, clock } = divide();
    open(1);
    expect(says(control(0x43))).toEqual([answer(0x41)]);
    await clock.advance(60_000);
    expect(take()).toBe("");
    user(1).say("news");
    expect(take()).toMatch(/^\xf9+$/);
    await clock.advance(100);
    expect(take()).toMatch(/^\xf9+$/);
    const after = host("\xf9\xf9\xf9");
    expect(dataOf(after, 1)).toBe("news");
    await clock.advance(60_000);
    expect(take()).toBe("");
  });

  it("wakes the module with flags, which are answered", () => {
    const { host, open, user, take } = divide();
    open(1);
    host(control(0x43));
    expect(host("\xf9")).toMatch(/^\xf9+$/);
    expect(host("\xf9")).toBe("");
    user(1).say("on");
    expect(dataOf(take(), 1)).toBe("on");
  });

  it("is called no longer than T3, and gets what waited when it comes by itself", async () => {
    const { host, open, user, take, clock } = divide();
    open(1);
    host(control(0x43));
    user(1).say("news");
    await clock.advance(10_000);
    take();
    await clock.advance(60_000);
    expect([take(), clock.pending()]).toEqual(["", 0]);
    expect(dataOf(host(frame("UIH", 1, "AT\r")), 1)).toBe("news");
  });
});

describe("frames in pieces", () => {
  const session =
    frame("SABM", 0) +
    frame("SABM", 1).slice(1) +
    frame("UIH", 1, "hello") +
    control(0x23, "x".repeat(20)) +
    frame("DISC", 1);

  it("are the same wherever they are cut", () => {
    const whole = divide();
    const answered = whole.says(session);
    for (let cut = 1; cut < session.length; cut++) {
      const { host, user } = divide();
      expect(told(host(session.slice(0, cut)) + host(session.slice(cut)))).toEqual(answered);
      expect(user(1).heard).toBe("hello");
    }
    const { host } = divide();
    expect(told(Array.from(session, (each) => host(each)).join(""))).toEqual(answered);
  });

  it("that never end are given up after a while, and the next one is read", async () => {
    const { open, host, user, clock } = divide();
    open(1);
    host(frame("UIH", 1, "x".repeat(100)).slice(0, 50));
    await clock.advance(900);
    host("x");
    await clock.advance(1_100);
    host(frame("UIH", 1, "next"));
    expect(user(1).heard).toBe("next");
  });

  it("that share a flag may be as far apart as the host likes", async () => {
    const { open, host, user, clock } = divide();
    open(1);
    host(frame("UIH", 1, "one"));
    await clock.advance(60_000);
    host(frame("UIH", 1, "two").slice(1));
    expect(user(1).heard).toBe("onetwo");
  });
});
