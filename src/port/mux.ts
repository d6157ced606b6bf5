/** One line as several: the responding station of the multiplexer's basic option (3GPP TS 27.010 §5). */
import { type ChannelLine, type ChannelUser, createMuxChannel, type MuxChannel } from "#port/mux-channel";
import { CONTROL_TYPE, type ControlMessage, decodeControl, encodeControl, FLOW_STOPPED } from "#port/mux-control";
import { createFrameReader, encodeData, encodeFrame, FLAG, type Frame, MOST_INFORMATION } from "#port/mux-frame";
import type { Line } from "#port/port";
import type { Cancel, Clock, Log } from "#runtime";

export interface MuxOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly line: Pick<Line, "write" | "full" | "onRoom">;
  /** Most octets of information in a frame, either way (N1). */
  readonly mostBytes: number;
  /** How long a response to a control message is waited for, and how often it is asked for again (T2, N2). */
  readonly responseMs: number;
  readonly retries: number;
  /** How long a sleeping host is called (T3). */
  readonly wakeMs: number;
  /** The host opens a channel. */
  onChannel(dlci: number, line: ChannelLine): ChannelUser;
  /** The host has ended it; every channel is closed. @param rest what it sent behind the last frame */
  onEnd(rest: Buffer): void;
}

export interface Mux {
  receive(bytes: Buffer): void;
  /** Ends it without a word, as when the power goes or the line; idempotent. */
  close(): void;
}

const LAST_DLCI = 4; // BG96: one control channel, four of data

/** A host that pauses for so long within a frame has lost its place: the next flag begins anew. */
const PAUSE_MS = 1000;
/** Between two calls to a sleeping host. */
const CALL_MS = 100;
const FLAGS = Buffer.alloc(4, FLAG);
const NOTHING = Buffer.alloc(0);

export function createMux({ clock, log, line, ...options }: MuxOptions): Mux {
  const mostBytes = Math.min(options.mostBytes, MOST_INFORMATION);
  const reader = createFrameReader(mostBytes);
  const channels = new Map<number, MuxChannel>();
  /** N1 of channels about which the host has negotiated. */
  const negotiated = new Map<number, number>();
  let controlOpen = false;
  let ended = false;
  let endedByHost = false;
  /** All data is held: FCoff. */
  let stopped = false;
  /** The host has announced that it sleeps, §5.4.7. */
  let asleep = false;
  let calling: Cancel | undefined;
  let heardMs = 0;
  /** A control message that goes on in the next frame. */
  let begun: Buffer = NOTHING;

  // Table 1: commands and data of the responding station have C/R 0, its responses 1
  const respond = (kind: "ua" | "dm", { dlci, poll }: Frame) =>
    line.write(encodeFrame({ kind, dlci, cr: true, poll, information: NOTHING }));
  const sendControl = (message: ControlMessage) => line.write(encodeData(0, false, encodeControl(message), mostBytes));

  const mayTalk = () => !stopped && !asleep && !line.full;
  let pouring = false;
  /** A piece of each channel in turn, as long as there is one. */
  const pour = () => {
    if (pouring) return; // the line has told of room while it took a piece
    pouring = true;
    try {
      while ([...channels.values()].filter((channel) => channel.pour()).length > 0);
    } finally {
      pouring = false;
    }
  };
  const unsubscribe = line.onRoom(pour);

  const awake = () => {
    calling?.();
    calling = undefined;
    asleep = false;
  };
  /** Flags until the host answers with some, §5.4.7.2. */
  const call = (untilMs: number) => {
    calling = undefined;
    if (clock.monotonic() >= untilMs) return log.debug({}, "the host does not wake up");
    line.write(FLAGS);
    calling = clock.after(CALL_MS, () => call(untilMs));
  };

  const open = (dlci: number) => {
    const channel =
      channels.get(dlci) ??
      createMuxChannel({
        ...options,
        dlci,
        clock,
        log,
        mayTalk,
        write: (frames) => line.write(frames),
        sendControl,
        onHeld: () => asleep && !calling && call(clock.monotonic() + options.wakeMs),
        createUser: (channel) => options.onChannel(dlci, channel),
      });
    channels.set(dlci, channel);
    channel.open(negotiated.get(dlci) ?? mostBytes);
  };
  const shut = (dlci: number) => {
    const channel = channels.get(dlci);
    channels.delete(dlci);
    negotiated.delete(dlci);
    channel?.close();
  };

  const close = () => {
    if (ended) return;
    ended = true;
    unsubscribe();
    awake();
    for (const dlci of [...channels.keys()]) shut(dlci);
    if (reader.dropped > 0)
      log.warn({ frames: reader.dropped }, "multiplexer frames dropped: malformed, or longer than N1");
  };

  const end = () => {
    endedByHost = true;
    close();
  };

  /** §5.4.6.3.1: what we cannot do is answered with what we can. */
  const negotiate = (asked: Buffer): Buffer | undefined => {
    if (asked.length < 8) return undefined;
    const value = Buffer.from(asked.subarray(0, 8));
    const dlci = value[0]! & 0x3f;
    const size = Math.min(value.readUInt16LE(4) || mostBytes, mostBytes);
    if (dlci >= 1 && dlci <= LAST_DLCI) negotiated.set(dlci, size);
    value[1] = 0; // UIH frames, convergence layer 1
    value.writeUInt16LE(size, 4);
    return value;
  };

  const channelOf = (status: Buffer) => channels.get((status[0] ?? 0) >>> 2);

  /** @returns the value of the response; undefined for none. */
  const obey = ({ type, value }: ControlMessage): Buffer | undefined => {
    switch (type) {
      case CONTROL_TYPE.parameterNegotiation:
        return negotiate(value);
      case CONTROL_TYPE.modemStatus: {
        if (value.length > 1) channelOf(value)?.stop((value[1]! & FLOW_STOPPED) !== 0);
        return value;
      }
      case CONTROL_TYPE.flowOn:
      case CONTROL_TYPE.flowOff:
        stopped = type === CONTROL_TYPE.flowOff;
        return value;
      default:
        return value; // Test; closing down and sleeping come after the response
    }
  };
  const isKnown = (type: number) =>
    type !== CONTROL_TYPE.notSupported && Object.values<number>(CONTROL_TYPE).includes(type);

  const control = (message: ControlMessage) => {
    const { type, command, value } = message;
    if (!command) {
      if (type === CONTROL_TYPE.modemStatus) channelOf(value)?.statusHeard();
      return;
    }
    if (!isKnown(type)) {
      // §5.4.6.3.8: the value is the type as it came
      return sendControl({ type: CONTROL_TYPE.notSupported, command: false, value: Buffer.of(type | 0x02) });
    }
    const response = obey(message);
    if (response) sendControl({ type, command: false, value: response });
    if (type === CONTROL_TYPE.closeDown) return end();
    asleep = type === CONTROL_TYPE.powerSaving;
    pour();
  };

  const carry = (frame: Frame) => {
    if (frame.dlci > 0) {
      const channel = channels.get(frame.dlci);
      return channel ? channel.receive(frame.information) : respond("dm", frame);
    }
    const { messages, rest } = decodeControl(Buffer.concat([begun, frame.information]));
    // §5.4.6.1: spread over frames is what one has no room for
    begun = frame.information.length === mostBytes ? rest : NOTHING;
    // a host that has lost its place may close down at once
    if (!controlOpen && !messages.some(({ type }) => type === CONTROL_TYPE.closeDown)) return respond("dm", frame);
    for (const message of messages) if (!ended) control(message);
  };

  const connect = (frame: Frame) => {
    const { dlci } = frame;
    // §5.8.1: the control channel comes first
    if (dlci > LAST_DLCI || (dlci > 0 && !controlOpen)) return respond("dm", frame);
    respond("ua", frame);
    if (dlci > 0) open(dlci);
    else {
      controlOpen = true;
      begun = NOTHING;
    }
  };

  const disconnect = (frame: Frame) => {
    const { dlci } = frame;
    if (dlci === 0 ? !controlOpen : !channels.has(dlci)) return respond("dm", frame);
    respond("ua", frame);
    if (dlci > 0) shut(dlci);
    else end();
  };

  const handle = (frame: Frame) => {
    switch (frame.kind) {
      case "sabm":
        return frame.cr ? connect(frame) : undefined;
      case "disc":
        return frame.cr ? disconnect(frame) : undefined;
      case "uih":
      case "ui":
        return carry(frame); // with either C/R: not every host sets it
      case "dm":
        return shut(frame.dlci);
      case "ua":
        return undefined; // we open nothing
    }
  };

  return {
    receive(bytes) {
      if (ended) return;
      const nowMs = clock.monotonic();
      if (nowMs - heardMs > PAUSE_MS) {
        reader.reset();
        begun = NOTHING;
      }
      heardMs = nowMs;
      if (asleep && bytes.includes(FLAG)) {
        awake();
        line.write(FLAGS);
        pour();
      }
      for (let at = 0; at < bytes.length; at++) {
        const frame = reader.push(bytes[at]!);
        if (!frame) continue;
        handle(frame);
        if (endedByHost) return options.onEnd(bytes.subarray(at + 1));
        if (ended) return;
      }
    },
    close,
  };
}
