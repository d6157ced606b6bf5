/** A channel of data on a divided line: what its user says, held while the host takes nothing. */
import { createBacklog } from "#port/backlog";
import { CONTROL_TYPE, type ControlMessage, FLOW_STOPPED } from "#port/mux-control";
import { encodeData } from "#port/mux-frame";
import type { Line } from "#port/port";
import type { Cancel, Clock, Log } from "#runtime";

/** What stands behind a channel. */
export interface ChannelUser {
  receive(bytes: Buffer): void;
  /** The host has opened the channel anew: what it had begun is void. */
  hangUp(): void;
  close(): void;
}

/** A channel as its user sees it: a line. */
export type ChannelLine = Pick<Line, "write" | "full" | "onRoom" | "hold">;

export interface MuxChannel {
  receive(bytes: Buffer): void;
  /** The host's modem status: whether it takes frames. */
  stop(stopped: boolean): void;
  /** The host has heard our modem status. */
  statusHeard(): void;
  /** Sends a piece of what waits, if it may. @returns whether it did */
  pour(): boolean;
  /** The host has opened it, perhaps once more. @param mostBytes octets of information in a frame */
  open(mostBytes: number): void;
  close(): void;
}

export interface MuxChannelOptions {
  readonly dlci: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether data may go to the host at all. */
  readonly mayTalk: () => boolean;
  readonly write: (frames: Buffer) => void;
  readonly sendControl: (message: ControlMessage) => void;
  /** Something waits. */
  readonly onHeld: () => void;
  /** How long a response to the modem status is waited for, and how often it is asked for again. */
  readonly responseMs: number;
  readonly retries: number;
  readonly createUser: (line: ChannelLine) => ChannelUser;
}

/** Sent before another channel has its turn, and before the host may have changed its mind. */
const PIECE_BYTES = 4096;
// 3GPP TS 27.010 §5.4.6.3.7: EA, RTC, RTR, DV: ready to communicate and to receive, data valid
const READY_SIGNALS = 0x8d;

export function createMuxChannel(options: MuxChannelOptions): MuxChannel {
  const { dlci, clock, mayTalk, write, sendControl } = options;
  const backlog = createBacklog({ clock, log: options.log.child({ dlci }) });
  let mostBytes = 1;
  let signals = READY_SIGNALS;
  let stopped = false;
  let opened = false;
  let closed = false;
  let asking: Cancel | undefined;

  const send = (bytes: Buffer) => write(encodeData(dlci, false, bytes, mostBytes));
  const statusHeard = () => {
    asking?.();
    asking = undefined;
  };
  const tellStatus = (left = options.retries) => {
    statusHeard();
    const value = Buffer.of((dlci << 2) | 0x03, signals); // the C/R bit of an address in a message is one
    sendControl({ type: CONTROL_TYPE.modemStatus, command: true, value });
    if (left > 0) asking = clock.after(options.responseMs, () => tellStatus(left - 1));
  };

  const user = options.createUser({
    write(bytes) {
      if (bytes.length === 0 || closed) return;
      if (backlog.bytes === 0 && !stopped && mayTalk()) return send(bytes);
      backlog.add(bytes);
      options.onHeld();
    },
    get full() {
      return backlog.full;
    },
    onRoom: backlog.onRoom,
    hold(held) {
      if (closed) return;
      signals = held ? READY_SIGNALS | FLOW_STOPPED : READY_SIGNALS;
      tellStatus();
    },
  });

  return {
    receive: user.receive,
    stop(wanted) {
      stopped = wanted;
    },
    statusHeard,
    pour() {
      if (backlog.bytes === 0 || stopped || !mayTalk()) return false;
      const bytes = backlog.peek(PIECE_BYTES);
      send(bytes);
      backlog.taken(bytes.length);
      return true;
    },
    open(most) {
      mostBytes = most;
      if (opened) {
        backlog.clear();
        stopped = false;
        user.hangUp();
      }
      opened = true;
      tellStatus();
    },
    close() {
      closed = true;
      statusHeard();
      user.close();
      backlog.clear();
    },
  };
}
