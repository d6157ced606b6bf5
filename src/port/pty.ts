/** A pty as the modem's serial port: hosts open its link as they would /dev/ttyUSB2, and may come and go. */
import { chmodSync, closeSync, constants, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ReadStream } from "node:tty";
import { type CLibrary, openCLibrary } from "#port/c-library";
import { openLink } from "#port/link";
import { createOutputQueue } from "#port/output-queue";
import { type Port, PortError } from "#port/port";
import type { Cancel, Runtime } from "#runtime";

export interface PtyOptions {
  /** Where hosts find the port; its directory is made. */
  readonly link: string;
  readonly runtime: Runtime;
  /** Permissions of the device, 0660 unless given. */
  readonly mode?: number;
}

/** One pty pair, of which we hold the master; `opens` is the inotify descriptor on the slave, where there is one. */
interface Pair {
  readonly master: number;
  readonly slavePath: string;
  readonly opens: number | undefined;
}

/** How soon a host's open is noticed. */
const LOOK_MS = 10;
const RETRY_MS = 1000;
/** How soon it is noticed that a host leaves that has been made to wait. */
const HELD_LOOK_MS = 100;
const DEFAULT_MODE = 0o660;
const STICKY = 0o1000;
const TERMINAL_FLAGS = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;

/**
 * Opens a pty and publishes its link once the line is raw.
 * @throws PortError when the link is taken or no pty can be had.
 */
export function openPty({ link: path, runtime, mode = DEFAULT_MODE }: PtyOptions): Port {
  const { clock, log } = runtime;
  const library = openCLibrary();
  const link = openLink(path, library);
  const dataHandlers: ((bytes: Buffer) => void)[] = [];
  const attachHandlers: ((attached: boolean) => void)[] = [];
  let pair: Pair;
  let reader: ReadStream | undefined;
  let cancelLook: Cancel | undefined;
  let cancelRest: Cancel | undefined;
  /** Whether a host may have left traces on the line. */
  let untidy = false;
  let held = false;
  let closed = false;
  /** Whether hosts are to have it, and whether they have: else there is no pair. */
  let wanted = true;
  let plugged = true;

  const openPublished = (): Pair => {
    const opened = openPair(library, mode);
    try {
      link.publish(opened.slavePath);
    } catch (error) {
      closePair(opened);
      throw error;
    }
    return opened;
  };
  try {
    pair = openPublished();
  } catch (error) {
    link.close();
    throw error;
  }
  if (statSync(dirname(link.path)).mode & STICKY) {
    log.info({ link: link.path }, "other users cannot follow a link in a sticky directory (fs.protected_symlinks)");
  }
  const output = createOutputQueue(() => pair.master, runtime);

  // While a host is attached its reader keeps the process alive; while none is, this timer does.
  const lookIn = (delayMs: number) => {
    cancelLook = clock.after(delayMs, look);
  };

  const look = () => {
    try {
      if (!plugged) {
        if (!wanted) return lookIn(LOOK_MS);
        pair = openPublished();
        plugged = true;
      }
      if (pair.opens !== undefined && library.drainEvents(pair.opens)) untidy = true; // a host came, perhaps went
      const { hungUp, readable } = library.state(pair.master);
      if (readable || !hungUp) reader = openReader();
      else if (untidy) tidy();
    } catch (error) {
      log.error({ error: (error as Error).message }, "the port cannot be attached");
      return lookIn(RETRY_MS);
    }
    if (!reader) return lookIn(LOOK_MS);
    rest(reader);
    log.debug({ link: link.path }, "a host opened the port");
    for (const handle of attachHandlers) handle(true);
  };

  const openReader = () => {
    // Only for an echo that a visitor left: a host's own settings (VMIN, parity) are not ours to undo.
    if (library.echoes(pair.master)) library.makeRaw(pair.master);
    // Only read from: writing through a tty stream blocks the process when the host does not read.
    const stream = new ReadStream(library.duplicate(pair.master));
    stream.on("data", (bytes: Buffer) => {
      for (const handle of dataHandlers) handle(bytes);
    });
    stream.on("error", () => detach(stream)); // EIO: the host has closed the port
    stream.on("end", () => detach(stream));
    return stream;
  };

  /** A reader that rests does not notice the host's end. */
  const rest = (stream: ReadStream) => {
    cancelRest?.();
    if (closed || reader !== stream || !held) return;
    if (library.state(pair.master).hungUp) stream.resume();
    else {
      stream.pause();
      cancelRest = clock.after(HELD_LOOK_MS, () => rest(stream));
    }
  };

  const detach = (stream: ReadStream) => {
    stream.destroy();
    if (closed || reader !== stream) return;
    reader = undefined;
    output.clear();
    untidy = true;
    log.debug({ link: link.path }, "the host closed the port");
    for (const handle of attachHandlers) handle(false);
    if (!closed) look();
  };

  /** Leaves the line to the next host as a UART would: raw, not exclusive, nothing unread. */
  const tidy = () => {
    try {
      settle(library, pair);
    } catch (error) {
      // A host left TIOCEXCL behind, and without CAP_SYS_ADMIN only a new pty gets rid of it.
      log.debug({ error: (error as Error).message }, "the port moves to a new pty");
      const old = pair;
      pair = openPublished();
      closePair(old);
    }
    untidy = false;
  };

  const unplug = () => {
    plugged = false;
    link.withdraw();
    output.clear();
    const stream = reader;
    reader = undefined;
    stream?.destroy();
    closePair(pair);
    if (!stream) return; // it is being looked at
    for (const handle of attachHandlers) handle(false);
    lookIn(LOOK_MS);
  };

  const close = () => {
    if (closed) return;
    closed = true;
    process.off("exit", close);
    process.setMaxListeners(process.getMaxListeners() - 1);
    cancelLook?.();
    cancelRest?.();
    output.clear();
    link.close();
    reader?.destroy();
    if (plugged) closePair(pair);
  };
  // Whatever ends the process, short of SIGKILL, leaves no link behind; a fleet adds one listener a port.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.on("exit", close);

  lookIn(0);
  return {
    link: link.path,
    get attached() {
      return reader !== undefined;
    },
    onData: (handler) => void dataHandlers.push(handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (!closed && reader) output.push(bytes);
    },
    get full() {
      return output.full;
    },
    onRoom: output.onRoom,
    plug(now) {
      wanted = now;
      if (!now && plugged && !closed) unplug();
    },
    hold(wish) {
      if (wish === held) return;
      held = wish;
      if (held && reader) rest(reader);
      else reader?.resume();
    },
    close,
  };
}

function openPair(library: CLibrary, mode: number): Pair {
  const master = openMaster();
  try {
    library.unlock(master);
    const slavePath = library.slavePath(master);
    chmodSync(slavePath, mode);
    // A slave that was never open is not hung up: open and close it once, so that the first host is told apart.
    settle(library, { master, slavePath, opens: undefined });
    return { master, slavePath, opens: library.watchOpens(slavePath) };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

function openMaster(): number {
  try {
    return openSync("/dev/ptmx", TERMINAL_FLAGS);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === "ENOSPC"
      ? new PortError("no pty: the system has none left", "raise kernel.pty.max, or close some terminals")
      : new PortError(`no pty: ${message}`, "see whether /dev/ptmx and /dev/pts are there");
  }
}

/** Makes the line raw, open to all and empty. @throws EBUSY when a host left TIOCEXCL and we may not override it. */
function settle(library: CLibrary, { master, slavePath, opens }: Pair): void {
  const slave = openSync(slavePath, TERMINAL_FLAGS);
  try {
    library.clearExclusive(slave);
    library.makeRaw(slave);
    library.discardOutput(master, slave);
  } finally {
    closeSync(slave);
  }
  if (opens !== undefined) library.drainEvents(opens); // our own open
}

function closePair({ master, opens }: Pair): void {
  if (opens !== undefined) closeSync(opens);
  closeSync(master);
}
