import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeControl, encodeControl } from "#port/mux-control";
import { createFrameReader, encodeData, encodeFrame, type Frame, type FrameKind } from "#port/mux-frame";
import { frame, message, readFrames, told } from "../support/mux-peer.ts";

const NOTHING = Buffer.alloc(0);

/** Reads text octet by octet. */
function read(text: string, most = 127) {
  const reader = createFrameReader(most);
  const frames: Frame[] = [];
  for (const octet of Buffer.from(text, "latin1")) {
    const found = reader.push(octet);
    if (found) frames.push(found);
  }
  return { reader, frames, data: frames.map(({ information }) => information.toString("latin1")) };
}

const hex = (octets: string) => Buffer.from(octets, "hex").toString("latin1");

describe("frames of the multiplexer", () => {
  // what gsm0710muxd 1.13 sends in basic mode
  it("are read as another implementation writes them", () => {
    const { frames } = read(hex("f9033f011cf9f9073f01def9f907ef05c30130f9"));
    expect(frames).toEqual([
      { kind: "sabm", dlci: 0, cr: true, poll: true, information: NOTHING },
      { kind: "sabm", dlci: 1, cr: true, poll: true, information: NOTHING },
      { kind: "uih", dlci: 1, cr: true, poll: false, information: Buffer.of(0xc3, 0x01) },
    ]);
  });

  it("are written as a decoder written apart reads them", () => {
    const kinds: FrameKind[] = ["sabm", "ua", "dm", "disc", "uih", "ui"];
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.integer({ min: 0, max: 61 }),
        fc.boolean(),
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        (kind, dlci, cr, poll, octets) => {
          const information = Buffer.from(octets);
          const written = encodeFrame({ kind, dlci, cr, poll, information }).toString("latin1");
          expect(readFrames(written)).toEqual([
            { type: kind.toUpperCase(), dlci, cr: +cr, pf: +poll, text: information.toString("latin1") },
          ]);
        },
      ),
    );
  });

  it("carry 127 octets with one octet of length, and 128 with two", () => {
    expect(frame("UIH", 1, "x".repeat(127)).length).toBe(127 + 6);
    expect(frame("UIH", 1, "x".repeat(128)).length).toBe(128 + 7);
    for (const length of [0, 1, 127, 128, 129, 1509, 32_767]) {
      const text = "\xf9".repeat(length);
      expect(read(frame("UIH", 4, text), 32_767).data).toEqual([text]);
      const written = encodeData(4, true, Buffer.from(text, "latin1"), 32_767).toString("latin1");
      expect(written).toBe(length === 0 ? "" : frame("UIH", 4, text));
    }
  });

  it("hold no more than the most that was agreed on", () => {
    const text = Array.from({ length: 1000 }, (_, index) => String.fromCharCode(index % 256)).join("");
    for (const most of [1, 31, 127, 128, 999, 1000, 1001]) {
      const frames = readFrames(encodeData(2, false, Buffer.from(text, "latin1"), most).toString("latin1"));
      expect(frames.map((each) => each.text).join("")).toBe(text);
      expect(frames.length).toBe(Math.ceil(1000 / most));
      expect(Math.max(...frames.map((each) => each.text.length))).toBe(Math.min(most, 1000));
    }
  });

  it("may share the flag between them, and be apart by many", () => {
    const shared = frame("UIH", 1, "one") + frame("UIH", 1, "two").slice(1);
    expect(read(shared).data).toEqual(["one", "two"]);
    expect(read(`\xf9\xf9\xf9${frame("UIH", 1, "one")}\xf9\xf9\xf9${frame("UIH", 1, "two")}`).data).toEqual([
      "one",
      "two",
    ]);
  });
});

describe("what is no frame", () => {
  const good = frame("UIH", 1, "good");

  it.each([
    ["garbage before the first flag", `AT\r\nwhat is this${good}`, 0],
    ["garbage between two frames", `${good}RING\r\n${good}`, 1],
    ["a damaged checksum", frame("UIH", 1, "bad", { damage: 1 }) + good, 1],
    ["a damaged octet that the checksum of UI covers", frame("UI", 1, "bad").replace("bad", "bed") + good, 1],
    ["a damaged length", frame("UIH", 1, "bad").replace("\x07", "\x05") + good, 1],
    ["a kind of frame that there is not", `\xf9\x07\x2e\x01\x00\xf9${good}`, 1],
    ["an address of two octets", `\xf9\x06\x03\xef\x01\x00\xf9${good}`, 1],
    ["a frame longer than N1", frame("UIH", 1, "x".repeat(128)) + good, 1],
    ["a flag where the control octet is due", `\xf9\x07${good}`, 1],
  ])("%s costs that frame alone", (_, text, dropped) => {
    const { data, reader } = read(text);
    expect(data.at(-1)).toBe("good");
    expect(data).not.toContain("bad");
    expect(reader.dropped).toBe(dropped);
  });

  it.each([2, 3, 4, 5, 6, 7])(
    "a frame cut short by %i octets costs no more than its length lets it take",
    (missing) => {
      const { data } = read(frame("UIH", 1, "bad").slice(0, -missing) + good.repeat(20));
      expect(new Set(data)).toEqual(new Set(["good"]));
    },
  );

  it("is not remembered beyond a frame's length: a flag behind it begins anew", () => {
    const { data } = read(`\xf9\x07\xef\xff${"\x00".repeat(200)}${good}`);
    expect(data).toEqual(["good"]);
  });

  it("begun is forgotten when told to, and a flag before one is not", () => {
    const reader = createFrameReader(127);
    const push = (text: string) => [...Buffer.from(text, "latin1")].map((octet) => reader.push(octet)).filter(Boolean);
    push(good.slice(0, 6));
    reader.reset();
    expect(push(good).length).toBe(1);
    reader.reset();
    expect(push(good.slice(1)).length).toBe(1);
  });
});

describe("messages of the control channel", () => {
  it("are read as they are written, one behind another", () => {
    const text = message(0xe3, "\x07\x8d") + message(0x23, "y".repeat(200)) + message(0x61);
    expect(decodeControl(Buffer.from(text, "latin1")).messages).toEqual([
      { type: 0xe1, command: true, value: Buffer.of(0x07, 0x8d) },
      { type: 0x21, command: true, value: Buffer.from("y".repeat(200)) },
      { type: 0x61, command: false, value: NOTHING },
    ]);
  });

  it("are written as the figures have them", () => {
    expect(encodeControl({ type: 0xc1, command: true, value: NOTHING })).toEqual(Buffer.of(0xc3, 0x01));
    const long = encodeControl({ type: 0x21, command: false, value: Buffer.alloc(300, 0x7a) });
    expect(long.toString("latin1")).toBe(message(0x21, "z".repeat(300)));
  });

  it("that are malformed end those of a frame; one that is cut is given back", () => {
    const whole = message(0xe3, "\x07\x8d");
    const read = (text: string) => {
      const { messages, rest } = decodeControl(Buffer.from(text, "latin1"));
      return { count: messages.length, rest: rest.toString("latin1") };
    };
    for (const rest of ["\xe3", "\xe3\x05\x07", "\xe3\x04", message(0x23, "z".repeat(4096)).slice(0, -1)])
      expect(read(whole + rest)).toEqual({ count: 1, rest });
    for (const rest of ["\xe3\x04\x04\x04\x04\x05", "\xe2\x05\x07\x8d", message(0x23, "z".repeat(4097)).slice(0, 9)])
      expect(read(whole + rest)).toEqual({ count: 1, rest: "" });
    expect(told(frame("UIH", 0, whole, { cr: 0 }))).toEqual(['UIH 0 cr=0 pf=0 "ã\\u0005\\u0007\x8d"']);
  });
});
