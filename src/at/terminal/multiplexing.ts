/** What AT+CMUX settles about a line, and what the line's division into channels needs of the one who makes it. */
import type { Flow } from "#at/terminal/flow";

/** In the units of 3GPP TS 27.010 §5.7. */
export interface MultiplexerSettings {
  /** 1 to 8: 9600 to 921600 bit/s. */
  readonly portSpeed: number;
  /** Most octets of information in a frame. */
  readonly n1: number;
  /** 10 ms. */
  readonly t1: number;
  readonly n2: number;
  /** 10 ms. */
  readonly t2: number;
  /** Seconds. */
  readonly t3: number;
  readonly k: number;
}

/** BG96: 127 octets where the standard has 31. */
export const FACTORY_MULTIPLEXER: MultiplexerSettings = { portSpeed: 5, n1: 127, t1: 10, n2: 3, t2: 30, t3: 10, k: 2 };

/** A line as one of its terminals sees it. */
export interface Multiplexing {
  /** In force; of a line that is whole, what they would be. */
  readonly settings: MultiplexerSettings;
  /** Divides the line. @returns who takes its bytes from now on. A channel cannot be divided. */
  readonly divide?: (settings: MultiplexerSettings) => (bytes: Buffer) => void;
}

/** What a terminal needs of a line, whole or one of its channels. */
export interface TerminalLine extends Flow {
  write(bytes: Buffer): void;
}

/** Divides a line: frames on it from now on, up to close() or onEnd. */
export type Multiplex = (options: {
  readonly settings: MultiplexerSettings;
  readonly line: TerminalLine;
  /** The host opens a channel. @returns who uses it. */
  onChannel(dlci: number, line: TerminalLine): ChannelUser;
  /** The host has ended it, and every channel is closed. @param rest what came behind the last frame */
  onEnd(rest: Buffer): void;
}) => Multiplexer;

export interface ChannelUser {
  receive(bytes: Buffer): void;
  hangUp(): void;
  close(): void;
}

export interface Multiplexer {
  receive(bytes: Buffer): void;
  close(): void;
}
