/** A lock file: held with flock, so that the kernel lets go of it when the process dies in whatever way. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { type CLibrary, openCLibrary } from "#port/c-library";
import { PortError } from "#port/port";

export interface FileLock {
  /** Removes the file and lets go of it; idempotent. */
  release(): void;
}

/** Never through a symbolic link: the file is emptied. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * The pid in the file is for the message: only the lock tells whether it is held.
 * @param refusal what is said to the user when another holder has it: "<what> in use by process <pid>".
 * @throws PortError then; what the file system refuses as it is.
 */
export function lockFile(
  path: string,
  refusal: { readonly what: string; readonly remedy: string },
  library: CLibrary = openCLibrary(),
): FileLock {
  for (;;) {
    const lock = openSync(path, FLAGS, 0o644);
    if (!library.lock(lock)) {
      const holder = readFileSync(lock, "utf8").trim() || "unknown";
      closeSync(lock);
      throw new PortError(`${refusal.what} in use by process ${holder}`, refusal.remedy);
    }
    // Whoever held it before may have removed the file between our open and our lock.
    if (!isSameFile(path, lock)) {
      closeSync(lock);
      continue;
    }
    ftruncateSync(lock);
    writeSync(lock, `${process.pid}\n`);
    let held = true;
    return {
      release() {
        if (!held) return;
        held = false;
        if (isSameFile(path, lock)) rmSync(path, { force: true });
        closeSync(lock);
      },
    };
  }
}

function isSameFile(path: string, fd: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  const opened = fstatSync(fd);
  return named?.ino === opened.ino && named.dev === opened.dev;
}
