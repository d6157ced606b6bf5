/** Byte streams to hosts: what the AT terminals and the debug port speak through, whatever carries them. */

/** A byte stream that a host may be at the other end of. */
export interface Line {
  /** The bytes are the handler's to keep. */
  onData(handler: (bytes: Buffer) => void): void;
  /** Never blocks; bytes are dropped while no host is attached, and while too much waits for one that does not read. */
  write(bytes: Buffer): void;
  /** Whether a write would be dropped now and not a little later; who heeds it loses nothing to a host that reads. */
  readonly full: boolean;
  /** No longer full. @returns a function that ends the subscription. */
  onRoom(handler: () => void): () => void;
  /** Lets the host wait with what it sends, as RTS does, or go on; what is on its way still comes. */
  hold(held: boolean): void;
  /** Whether a host has it open; of a real device, whether the device is there. */
  readonly attached: boolean;
  onAttach(handler: (attached: boolean) => void): void;
  /** Idempotent. */
  close(): void;
}

/** A line with a path of its own, which hosts come to and leave. */
export interface Port extends Line {
  /** The path a host opens; closing removes it, where it is ours. */
  readonly link: string;
  /** Takes the device and its link away from hosts, or gives them others, as a USB module does; not of a real device. */
  plug?(plugged: boolean): void;
}

/** A port that cannot be opened: "what: why", and what the user can do about it. */
export class PortError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.name = "PortError";
    this.remedy = remedy;
  }
}
