/** A byte stream to the host: what the AT terminal speaks through, whatever carries it. */
export interface Port {
  /** The path a host opens. */
  readonly link: string;
  onData(handler: (bytes: Buffer) => void): void;
  /** Never blocks; bytes are dropped while no host is attached, and when a host does not read. */
  write(bytes: Buffer): void;
  /** Whether a host has the port open. */
  readonly attached: boolean;
  onAttach(handler: (attached: boolean) => void): void;
  /** Removes the link and ends the port; idempotent. */
  close(): void;
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
