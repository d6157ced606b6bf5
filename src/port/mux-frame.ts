/** Frames of the multiplexer's basic option: octets in, frames out, and back (3GPP TS 27.010 §5.2). */

export type FrameKind = "sabm" | "ua" | "dm" | "disc" | "uih" | "ui";

export interface Frame {
  readonly kind: FrameKind;
  readonly dlci: number;
  /** The C/R bit as it stands on the line. */
  readonly cr: boolean;
  /** The P/F bit. */
  readonly poll: boolean;
  readonly information: Buffer;
}

export interface FrameReader {
  /** Takes one octet. @returns the frame that it completes. */
  push(octet: number): Frame | undefined;
  /** Drops a frame begun; a flag before one still counts. */
  reset(): void;
  /** Frames dropped so far: of an unknown kind, too long, damaged, or without an end. */
  readonly dropped: number;
}

export const FLAG = 0xf9; // §5.2.6.1
/** What two octets of length can tell, §5.2.1.4. */
export const MOST_INFORMATION = 0x7fff;

const CONTROL: Readonly<Record<FrameKind, number>> = {
  sabm: 0x2f,
  ua: 0x63,
  dm: 0x0f,
  disc: 0x43,
  uih: 0xef,
  ui: 0x03,
};
const KINDS = new Array<FrameKind | undefined>(0x100).fill(undefined);
for (const [kind, control] of Object.entries(CONTROL)) KINDS[control] = kind as FrameKind;
const POLL = 0x10;
const EA = 0x01;
const CR = 0x02;
/** Of frames on the line with one octet of length: flag, address, control, length, FCS, flag. */
const OVERHEAD = 6;
const ONE_OCTET_LENGTH = 0x7f;

// §5.2.1.6 and annex B: x^8 + x^2 + x + 1, reflected; the ones' complement goes with the frame
const FCS_TABLE = Uint8Array.from({ length: 0x100 }, (_, octet) => {
  let rest = octet;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xe0 : rest >>> 1;
  return rest;
});
const FCS_START = 0xff;
const FCS_GOOD = 0xcf;

const fcsOf = (octets: Buffer, from: number, to: number) => {
  let fcs = FCS_START;
  for (let at = from; at < to; at++) fcs = FCS_TABLE[fcs ^ octets[at]!]!;
  return 0xff - fcs;
};

/** The FCS of UIH covers the header alone, §5.2.1.6. */
const coversInformation = (kind: FrameKind) => kind !== "uih";

/** Writes a frame to `out` at `at`. @returns where it ends. */
function writeFrame(out: Buffer, at: number, { kind, dlci, cr, poll, information }: Frame): number {
  const { length } = information;
  let end = at;
  out[end++] = FLAG;
  out[end++] = (dlci << 2) | (cr ? CR : 0) | EA;
  out[end++] = CONTROL[kind] | (poll ? POLL : 0);
  if (length > ONE_OCTET_LENGTH) {
    out[end++] = (length & ONE_OCTET_LENGTH) << 1;
    out[end++] = length >>> 7;
  } else out[end++] = (length << 1) | EA;
  const header = end;
  end += information.copy(out, end);
  out[end] = fcsOf(out, at + 1, coversInformation(kind) ? end : header);
  out[end + 1] = FLAG;
  return end + 2;
}

const sizeOf = (information: number) => OVERHEAD + information + (information > ONE_OCTET_LENGTH ? 1 : 0);

export function encodeFrame(frame: Frame): Buffer {
  const out = Buffer.allocUnsafe(sizeOf(frame.information.length));
  writeFrame(out, 0, frame);
  return out;
}

/** Cuts data into UIH frames of at most `most` octets of information each. */
export function encodeData(dlci: number, cr: boolean, data: Buffer, most: number): Buffer {
  const whole = Math.floor(data.length / most);
  const rest = data.length % most;
  const out = Buffer.allocUnsafe(whole * sizeOf(most) + (rest > 0 ? sizeOf(rest) : 0));
  let end = 0;
  for (let at = 0; at < data.length; at += most) {
    const information = data.subarray(at, at + most);
    end = writeFrame(out, end, { kind: "uih", dlci, cr, poll: false, information });
  }
  return out;
}

/**
 * ```
 *   hunting ── flag ──▶ address ──▶ control ──▶ length ──▶ length2 ──▶ information ──▶ fcs ──▶ end
 *      ▲                   ▲ │ flag                │           │ ▲ no length2            ▲       │ flag: a frame
 *      │                   │ ▼                     ╰───────────┴─┴── nothing to carry ───╯       ▼
 *      ╰── no frame ───────╯◀──────────────────────────────────────────────────────────────── address
 * ```
 * A closing flag opens the next frame as well. Where no frame can be, the reader hunts for the next flag.
 */
type Phase = "hunting" | "address" | "control" | "length" | "length2" | "information" | "fcs" | "end";

const NOTHING = Buffer.alloc(0);

/** @param most octets of information that a frame may carry (N1); a longer one is dropped as soon as its length is read. */
export function createFrameReader(most: number): FrameReader {
  let phase: Phase = "hunting";
  let address = 0;
  let control = 0;
  let kind: FrameKind = "uih";
  let length = 0;
  let information: Buffer = NOTHING;
  let taken = 0;
  let fcs = 0;
  let dropped = 0;

  const lose = (octet: number): undefined => {
    dropped++;
    information = NOTHING;
    phase = octet === FLAG ? "address" : "hunting";
  };
  const measured = (): undefined => {
    if (length > most) return lose(0); // its length is no flag
    phase = length > 0 ? "information" : "fcs";
    if (length > 0) information = Buffer.allocUnsafe(length);
  };

  const push = (octet: number): Frame | undefined => {
    switch (phase) {
      case "hunting":
        if (octet === FLAG) phase = "address";
        return;
      case "address":
        if (octet === FLAG) return;
        if (!(octet & EA)) return lose(octet); // §5.2.1.2: one octet
        address = octet;
        information = NOTHING;
        taken = 0;
        fcs = FCS_TABLE[FCS_START ^ octet]!;
        phase = "control";
        return;
      case "control": {
        const found = KINDS[octet & ~POLL];
        if (!found) return lose(octet);
        control = octet;
        kind = found;
        fcs = FCS_TABLE[fcs ^ octet]!;
        phase = "length";
        return;
      }
      case "length":
        length = octet >>> 1;
        fcs = FCS_TABLE[fcs ^ octet]!;
        if (octet & EA) return measured();
        phase = "length2";
        return;
      case "length2":
        length |= octet << 7;
        fcs = FCS_TABLE[fcs ^ octet]!;
        return measured();
      case "information":
        information[taken++] = octet;
        if (coversInformation(kind)) fcs = FCS_TABLE[fcs ^ octet]!;
        if (taken === length) phase = "fcs";
        return;
      case "fcs":
        fcs = FCS_TABLE[fcs ^ octet]!;
        phase = "end";
        return;
      case "end": {
        if (octet !== FLAG || fcs !== FCS_GOOD) return lose(octet);
        phase = "address";
        const frame = {
          kind,
          dlci: address >>> 2,
          cr: (address & CR) !== 0,
          poll: (control & POLL) !== 0,
          information,
        };
        information = NOTHING;
        return frame;
      }
    }
  };

  return {
    push,
    reset() {
      information = NOTHING;
      if (phase !== "address") phase = "hunting";
    },
    get dropped() {
      return dropped;
    },
  };
}
