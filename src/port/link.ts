/**
 * The stable name of a port: a symbolic link to its pty.
 *
 * Beside it stands `<link>.lock`, held as long as the port is open: a link is alive exactly when its lock is held.
 */
import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { CLibrary } from "#port/c-library";
import { lockFile } from "#port/file-lock";
import { PortError } from "#port/port";

export interface Link {
  /** Absolute. */
  readonly path: string;
  /** Points the link at `target`, replacing what it pointed at in one step. */
  publish(target: string): void;
  /** Removes the link if it still is ours. */
  withdraw(): void;
  /** The same, and the lock. */
  close(): void;
}

/** Claims `path` for this process. @throws PortError when it is taken, or cannot be made. */
export function openLink(path: string, library: CLibrary): Link {
  const link = resolve(path);
  const lockPath = `${link}.lock`;
  let target: string | undefined;
  const lock = explained(link, () => {
    makeDirectory(dirname(link));
    refuseForeign(link, existsSync(lockPath));
    const refusal = {
      what: `cannot make the port ${link}: it is`,
      remedy: "stop that process, or name another link",
    };
    return lockFile(lockPath, refusal, library);
  });

  const withdraw = () => {
    if (target !== undefined && linkTarget(link) === target) rmSync(link, { force: true });
    target = undefined;
  };

  return {
    path: link,
    withdraw,
    publish(newTarget) {
      explained(link, () => {
        const temporary = `${link}.${process.pid}`;
        rmSync(temporary, { force: true });
        symlinkSync(newTarget, temporary);
        renameSync(temporary, link);
      });
      target = newTarget;
    },
    close() {
      withdraw();
      lock.release();
    },
  };
}

/** Node's own recursive mkdir never returns below /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another port made it meanwhile
  }
}

/** Refuses to replace anything but a link that a port left behind. */
function refuseForeign(link: string, lockStands: boolean): void {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSymbolicLink()) {
    const what = found.isFile() ? "a regular file" : found.isDirectory() ? "a directory" : "not a symbolic link";
    // A host that writes to the path while no modem runs makes a file of that name.
    throw new PortError(`cannot make the port ${link}: it is ${what}`, "remove it, or name another link");
  }
  const target = linkTarget(link)!;
  if (lockStands || !existsSync(link)) return;
  throw new PortError(
    `cannot make the port ${link}: it is a link to ${target}, which no bg96 made`,
    "remove it if nothing uses it, or name another link",
  );
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Turns what the file system refuses into a PortError. */
function explained<T>(link: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof PortError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EACCES" || code === "EPERM" ? "permission denied" : message;
    throw new PortError(`cannot make the port ${link}: ${why}`, "name a link in a directory this user may write to");
  }
}
