/** The few functions of the C library that a pty needs and Node does not offer (Linux; glibc and musl alike). */
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import { PortError } from "#port/port";

export interface CLibrary {
  /** Lets the slave of a new pty master be opened. */
  unlock(master: number): void;
  /** @returns the path of the master's slave, /dev/pts/N. */
  slavePath(master: number): string;
  /** Takes every translation and the echo out of the line discipline; works on either end. */
  makeRaw(fd: number): void;
  /** Whether the line discipline would send the modem's output back to it as input. */
  echoes(fd: number): boolean;
  /** `hungUp`: no host has the slave open; `readable`: bytes of a host wait. */
  state(master: number): { hungUp: boolean; readable: boolean };
  /** Whether nobody is left who could read what is written to a pipe. */
  isAbandoned(pipe: number): boolean;
  /** A second descriptor of the same open file, closed on exec. */
  duplicate(fd: number): number;
  /** Undoes a TIOCEXCL; only the slave end heeds it. */
  clearExclusive(slave: number): void;
  /** Discards what was written to the master and not yet read on the slave. */
  discardOutput(master: number, slave: number): void;
  /** Takes the advisory lock of an open file; the kernel frees it when the process dies. @returns false when held. */
  lock(fd: number): boolean;
  /** @returns a non-blocking inotify descriptor that counts opens of `path`; undefined where the system has none left. */
  watchOpens(path: string): number | undefined;
  /** Empties an inotify descriptor. @returns whether it held anything. */
  drainEvents(fd: number): boolean;
}

// <asm-generic/ioctls.h>, <termios.h>, <poll.h>, <fcntl.h>, <sys/file.h>, <sys/inotify.h> on Linux
const TIOCNXCL = 0x540d;
const TCSANOW = 0;
const TCIFLUSH = 0;
const TCOFLUSH = 1;
const ECHO = 0o10;
const LOCAL_FLAGS_OFFSET = 12;
const POLLIN = 0x01;
const POLLERR = 0x08;
const POLLHUP = 0x10;
const F_DUPFD_CLOEXEC = 1030;
const LOCK_EX_NB = 2 | 4;
const EWOULDBLOCK = 11;
const IN_OPEN = 0x20;
const IN_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;

/** Longer than the structure of any C library. */
const TERMIOS_SIZE = 256;

/** @throws PortError off Linux, and where koffi has no binary for this machine. */
export function openCLibrary(): CLibrary {
  if (process.platform !== "linux") {
    throw new PortError(`no pty: ${process.platform} is not supported`, "run bg96 on Linux, or in a Linux container");
  }
  const koffi = loadKoffi();
  const library = koffi.load(null); // dlopen(NULL): the C library this process already runs on
  const grantpt = library.func("int grantpt(int fd)");
  const unlockpt = library.func("int unlockpt(int fd)");
  const ptsname = library.func("int ptsname_r(int fd, void *name, size_t length)");
  const tcgetattr = library.func("int tcgetattr(int fd, void *termios)");
  const tcsetattr = library.func("int tcsetattr(int fd, int actions, void *termios)");
  const cfmakeraw = library.func("void cfmakeraw(void *termios)");
  const tcflush = library.func("int tcflush(int fd, int queue)");
  const ioctl = library.func("int ioctl(int fd, unsigned long request, ...)");
  const poll = library.func("int poll(void *fds, unsigned long count, int timeoutMs)");
  const fcntl = library.func("int fcntl(int fd, int command, ...)");
  const flock = library.func("int flock(int fd, int operation)");
  const inotifyInit = library.func("int inotify_init1(int flags)");
  const inotifyAddWatch = library.func("int inotify_add_watch(int fd, str path, uint32_t mask)");
  const read = library.func("long read(int fd, void *bytes, size_t length)");
  const close = library.func("int close(int fd)");

  /** @throws PortError naming the call and errno, where the call answered -1. */
  const must = (call: string, result: number): number => {
    if (result >= 0) return result;
    throw new PortError(
      `${call}: ${errorName(koffi.errno())}`,
      "see whether /dev/pts is mounted and descriptors are left",
    );
  };
  const termios = Buffer.alloc(TERMIOS_SIZE);
  const pollfd = Buffer.alloc(8);
  const events = Buffer.alloc(4096);
  /** @returns which of `wanted` are so now; POLLERR and POLLHUP are told of unasked. */
  const happening = (fd: number, wanted: number): number => {
    // struct pollfd { int fd; short events; short revents; }, in the machine's own byte order
    const view = new DataView(pollfd.buffer, pollfd.byteOffset);
    view.setInt32(0, fd, LITTLE_ENDIAN);
    view.setInt16(4, wanted, LITTLE_ENDIAN);
    view.setInt16(6, 0, LITTLE_ENDIAN);
    must("poll", poll(pollfd, 1, 0));
    return view.getInt16(6, LITTLE_ENDIAN);
  };

  return {
    unlock(master) {
      must("grantpt", grantpt(master));
      must("unlockpt", unlockpt(master));
    },
    slavePath(master) {
      const name = Buffer.alloc(64);
      if (ptsname(master, name, name.length) !== 0) must("ptsname_r", -1);
      return name.toString("latin1", 0, name.indexOf(0));
    },
    makeRaw(fd) {
      must("tcgetattr", tcgetattr(fd, termios));
      cfmakeraw(termios);
      must("tcsetattr", tcsetattr(fd, TCSANOW, termios));
    },
    echoes(fd) {
      must("tcgetattr", tcgetattr(fd, termios));
      const view = new DataView(termios.buffer, termios.byteOffset);
      return (view.getUint32(LOCAL_FLAGS_OFFSET, LITTLE_ENDIAN) & ECHO) !== 0;
    },
    state(master) {
      const happened = happening(master, POLLIN);
      return { hungUp: (happened & POLLHUP) !== 0, readable: (happened & POLLIN) !== 0 };
    },
    isAbandoned: (pipe) => (happening(pipe, 0) & (POLLERR | POLLHUP)) !== 0,
    duplicate: (fd) => must("fcntl", fcntl(fd, F_DUPFD_CLOEXEC, "int", 0)),
    clearExclusive(slave) {
      must("ioctl TIOCNXCL", ioctl(slave, TIOCNXCL));
    },
    discardOutput(master, slave) {
      must("tcflush", tcflush(master, TCOFLUSH)); // what is on its way to the slave's line discipline
      must("tcflush", tcflush(slave, TCIFLUSH)); // what has arrived there
    },
    lock(fd) {
      if (flock(fd, LOCK_EX_NB) === 0) return true;
      if (koffi.errno() !== EWOULDBLOCK) must("flock", -1);
      return false;
    },
    watchOpens(path) {
      const fd: number = inotifyInit(IN_NONBLOCK_CLOEXEC);
      if (fd < 0) return undefined;
      if (inotifyAddWatch(fd, path, IN_OPEN) >= 0) return fd;
      close(fd);
      return undefined;
    },
    drainEvents(fd) {
      let any = false;
      while (read(fd, events, events.length) > 0) any = true;
      return any;
    },
  };
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function loadKoffi(): typeof import("koffi") {
  try {
    return createRequire(import.meta.url)("koffi");
  } catch (error) {
    const why = (error as Error).message.split("\n")[0];
    throw new PortError(
      `no pty: koffi does not load: ${why}`,
      "run npm install on this machine, without --omit=optional",
    );
  }
}

function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}
