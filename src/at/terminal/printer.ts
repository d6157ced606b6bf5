/** What a terminal says, in order: echo and answers of one pass over the input leave in one write, which costs a system call. */

export interface Printer {
  /** As latin1. */
  print(text: string): void;
  write(bytes: Buffer): void;
  /** What is said from now on is held back up to release(). */
  hold(): void;
  /** Sends what is held back, which goes on. */
  flush(): void;
  release(): void;
}

/** Held back at most, bytes. */
const MOST_HELD = 65_536;

export function createPrinter(output: (bytes: Buffer) => void): Printer {
  let held: Buffer[] | undefined;
  let heldBytes = 0;
  const flush = () => {
    if (!held || held.length === 0) return;
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    output(bytes);
  };
  const write = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    if (!held) return output(bytes);
    held.push(bytes);
    heldBytes += bytes.length;
    if (heldBytes > MOST_HELD) flush();
  };
  return {
    print: (text) => write(Buffer.from(text, "latin1")),
    write,
    hold() {
      held = [];
    },
    flush,
    release() {
      flush();
      held = undefined;
    },
  };
}
