/** Where running modems keep their pid, log, link and control socket; one directory each, closed to others. */
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, systemReason, UsageError } from "#cli/failure";
import { isAlive, readProcessRecord } from "#cli/process-record";
import { LONGEST_SOCKET_PATH } from "#control/socket";

export interface RunDirectory {
  readonly name: string;
  readonly path: string;
  readonly pid: string;
  readonly log: string;
  readonly tty: string;
  readonly control: string;
  /** The options the daemon was started with. */
  readonly options: string;
}

export interface Surroundings {
  readonly uid: number;
  /** $XDG_RUNTIME_DIR. */
  readonly xdgRuntimeDirectory: string | undefined;
  /** Root's place for run directories; /run. */
  readonly systemRuntimeDirectory?: string;
  readonly temporaryDirectory?: string;
}

export const DEFAULT_NAME = "default";
/** Begins the names of the directories that `run` takes for itself. */
const FOREGROUND = "run-";

/** Where the run directories of this user stand: $XDG_RUNTIME_DIR/bg96, /run/bg96 for root, else /tmp/bg96-<uid>. */
export function baseDirectory(surroundings: Surroundings): string {
  const { uid, xdgRuntimeDirectory, systemRuntimeDirectory = "/run", temporaryDirectory = tmpdir() } = surroundings;
  if (xdgRuntimeDirectory && isDirectory(xdgRuntimeDirectory)) return join(xdgRuntimeDirectory, "bg96");
  if (uid === 0 && isDirectory(systemRuntimeDirectory)) return join(systemRuntimeDirectory, "bg96");
  return join(temporaryDirectory, `bg96-${uid}`);
}

/** Names the files of NAME's directory without touching the disk. @throws UsageError when it is no name. */
export function namedRunDirectory(name: string, surroundings: Surroundings): RunDirectory {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(name) || name.startsWith(FOREGROUND)) {
    throw new UsageError(
      `name "${name}": not letters, digits, dots, dashes and underscores (at most 32), or begins with "${FOREGROUND}"`,
    );
  }
  return describe(name, join(baseDirectory(surroundings), name));
}

/** The same for a modem that may be in the foreground: its name is as `bg96 list` shows it. @throws UsageError */
export function shownRunDirectory(name: string, surroundings: Surroundings): RunDirectory {
  if (!name.startsWith(FOREGROUND) || !/^\d+$/.test(name.slice(FOREGROUND.length))) {
    return namedRunDirectory(name, surroundings);
  }
  return describe(name, join(baseDirectory(surroundings), name));
}

/** Of a modem that `bg96 start` cannot bring back. */
export const isForeground = ({ name, path }: RunDirectory): boolean => name === path || name.startsWith(FOREGROUND);

/** The same for a directory given by its path. */
export function runDirectoryAt(path: string): RunDirectory {
  return describe(path, path);
}

/** Those there are, of modems that run or have run. */
export function listRunDirectories(surroundings: Surroundings): RunDirectory[] {
  const base = baseDirectory(surroundings);
  if (!isDirectory(base)) return [];
  return readdirSync(base)
    .sort()
    .map((name) => describe(name, join(base, name)));
}

/** Makes the directory if it is missing. @throws CliError when others could have a hand in it. */
export function openRunDirectory(directory: RunDirectory, surroundings: Surroundings): RunDirectory {
  if (Buffer.byteLength(directory.control) > LONGEST_SOCKET_PATH) {
    throw new CliError(
      `run directory ${directory.path}: too long a path for a control socket`,
      "set XDG_RUNTIME_DIR to a shorter path, or take a shorter name",
    );
  }
  for (const path of [baseDirectory(surroundings), directory.path]) makePrivate(path, surroundings.uid);
  return directory;
}

/** A fresh directory for one foreground modem; those that dead ones left behind are removed. */
export function openForegroundDirectory(pid: number, surroundings: Surroundings): RunDirectory {
  const base = baseDirectory(surroundings);
  makePrivate(base, surroundings.uid);
  for (const name of readdirSync(base)) {
    const left = join(base, name);
    if (!name.startsWith(FOREGROUND) || !isOwnPrivate(left, surroundings.uid)) continue;
    const record = readProcessRecord(join(left, "pid"));
    // One without a record is just being made, unless its process is this one's pid of another time.
    if (name === `${FOREGROUND}${pid}` || (record && !isAlive(record))) rmSync(left, { recursive: true, force: true });
  }
  const name = `${FOREGROUND}${pid}`;
  return openRunDirectory(describe(name, join(base, name)), surroundings);
}

function describe(name: string, path: string): RunDirectory {
  return {
    name,
    path,
    pid: join(path, "pid"),
    log: join(path, "log"),
    tty: join(path, "tty"),
    control: join(path, "control.sock"),
    options: join(path, "options.json"),
  };
}

function makePrivate(path: string, uid: number): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw new CliError(
        `run directory ${path}: cannot be made: ${systemReason(error) ?? String(error)}`,
        "set XDG_RUNTIME_DIR to a directory of yours",
      );
  }
  if (isOwnPrivate(path, uid)) return;
  throw new CliError(
    `run directory ${path}: is not a directory of yours that is closed to others`,
    `remove it, or make it yours: chown ${uid} ${path} && chmod 700 ${path}`,
  );
}

function isOwnPrivate(path: string, uid: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o077) === 0;
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
