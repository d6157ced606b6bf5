/** The module's file tree on disk (its "alternate file system"); paths inside it start with "/datatx/…" ("/data/…" is an alias). */
import { constants, fstatSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { ConfigError } from "#config";
import { diskReason } from "#config/disk-reason";
import { type Disk, hostDisk, makeFolder, OWNER_ONLY, syncFolder, TEMPORARY, writeAtomically } from "#efs/disk";

export interface Efs {
  /** Directory on the host's disk. */
  readonly root: string;
  readonly disk: Disk;
  /** @returns undefined if there is no such file. */
  read(path: string): Buffer | undefined;
  /** Atomic: temporary file, fsync, rename; makes folders as needed. */
  write(path: string, content: Buffer | string): void;
  /** @returns whether it was there. */
  remove(path: string): boolean;
  /** Opens a file for pieces, making it, and folders, as needed; a write() to it meanwhile goes unseen. */
  open(path: string): EfsFile;
  /** Whether there is such a file or folder. */
  exists(path: string): boolean;
  /** Files (not folders) directly in a folder, by name, sorted; [] if there is no such folder. */
  list(folder: string): readonly string[];
  /** Folders directly in a folder, by name, sorted; [] if there is no such folder. */
  folders(folder: string): readonly string[];
}

/** A file that is read and written piece by piece. @throws EfsError when the disk refuses */
export interface EfsFile {
  readonly size: number;
  append(bytes: Buffer): void;
  /** @returns fewer bytes at its end. */
  read(at: number, length: number): Buffer;
  truncate(size: number): void;
  /** What was written outlives the host's power from here on. */
  sync(): void;
  /** Idempotent. */
  close(): void;
}

/** A path that leads out of the tree, or a disk that refuses; "what: why". */
export class EfsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EfsError";
  }
}

/** Stands in the root while the factory tree is being copied. */
const FILLING = ".bg96-filling";
/** Stands in the root while a modem uses the tree. */
export const LOCK = ".bg96-lock";
/** A freshly made disk brings it along; only root may read it. */
const LOST = "lost+found";

/** Opens a tree, making its root if missing and removing files left half-written. @throws ConfigError if the directory cannot be used. */
export function openEfs(directory: string, disk: Disk = hostDisk): Efs {
  const root = makeRoot(resolve(directory));
  try {
    removeTemporaries(root, disk);
  } catch (error) {
    throw unusable(root, error);
  }

  /** Where a path of the module lies on the host's disk. */
  const locate = (path: string): string => {
    const segments = path.split("/").filter((segment) => segment !== "");
    const odd = segments.some((segment) => segment === "." || segment === ".." || /[\0\\]/.test(segment));
    if (!path.startsWith("/") || odd || path.endsWith(TEMPORARY)) throw new EfsError(`bad path ${path}: refused`);
    // BG96: the guide says /data in §3.3 and /datatx elsewhere
    if (segments[0] === "data") segments[0] = "datatx";
    const place = join(root, ...segments);
    refuseOutside(root, place, path);
    return place;
  };

  const entries = (folder: string, wanted: "isFile" | "isDirectory"): readonly string[] => {
    const place = locate(folder);
    const found = attempt(`list ${folder}`, () => readdirSync(place, { withFileTypes: true })) ?? [];
    const names = found.filter((entry) => entry[wanted]()).map((entry) => entry.name);
    return names.filter((name) => !name.endsWith(TEMPORARY) && name !== FILLING && name !== LOCK).sort();
  };

  return {
    root,
    disk,
    read(path) {
      const place = locate(path);
      return attempt(`read ${path}`, () => (statSync(place).isFile() ? readFileSync(place) : undefined));
    },
    write(path, content) {
      const place = locate(path);
      if (place === root) throw new EfsError(`cannot write ${path}: not a file name`);
      const written = attempt(`write ${path}`, () => {
        makeFolder(dirname(place), disk);
        writeAtomically(place, content, disk);
        return true;
      });
      if (!written) fail(`write ${path}`, "a file stands where a folder is needed");
    },
    remove(path) {
      const place = locate(path);
      const removed = attempt(`remove ${path}`, () => {
        if (!statSync(place).isFile()) return false;
        disk.rmSync(place);
        syncFolder(dirname(place), disk);
        return true;
      });
      return removed ?? false;
    },
    open(path) {
      const place = locate(path);
      if (place === root) throw new EfsError(`cannot open ${path}: not a file name`);
      return openFile(place, path, disk);
    },
    exists: (path) => {
      const place = locate(path);
      return attempt(`look at ${path}`, () => statSync(place)) !== undefined;
    },
    list: (folder) => entries(folder, "isFile"),
    folders: (folder) => entries(folder, "isDirectory"),
  };
}

/**
 * Copies the factory tree into an empty one, and completes a copy that was interrupted.
 * @returns whether anything was to be copied. @throws ConfigError naming the directory, when it cannot be.
 */
export function fillFactory(efs: Efs, factoryDirectory: string): boolean {
  const { disk } = efs;
  const marker = join(efs.root, FILLING);
  try {
    const present = readdirSync(efs.root).filter((name) => name !== LOST && name !== LOCK);
    if (present.length > 0 && !present.includes(FILLING)) return false;
    disk.writeFileSync(marker, "");
    syncFolder(efs.root, disk);
    copyTree(efs, factoryDirectory, "");
    disk.rmSync(marker);
    syncFolder(efs.root, disk);
    return true;
  } catch (error) {
    throw unusable(efs.root, error, "cannot be filled with the module's files");
  }
}

function copyTree(efs: Efs, from: string, path: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      makeFolder(join(efs.root, target), efs.disk);
      copyTree(efs, source, target);
    } else if (entry.name !== ".gitkeep" && !efs.exists(target)) {
      efs.write(target, readFileSync(source));
    }
  }
}

/** @returns the root's real path. @throws ConfigError */
export function makeRoot(directory: string): string {
  try {
    makeFolder(directory);
    if (!statSync(directory).isDirectory()) throw new Error("it is not a directory");
    return realpathSync(directory);
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** What the disk refuses at the start, as a fault of the configuration that names the directory. */
export function unusable(
  directory: string,
  error: unknown,
  what = "cannot be used for the module's files",
): ConfigError {
  const remedy = "name a directory that can be made and written";
  return new ConfigError([{ place: directory, message: `${what}: ${diskReason(error)}`, remedy }]);
}

/** A link inside the tree must not lead out of it: the deepest folder that exists has to lie within. */
function refuseOutside(root: string, place: string, path: string): void {
  for (let at = place; at.length > root.length; at = dirname(at)) {
    const real = attempt(`look at ${path}`, () => realpathSync(at));
    if (real === undefined) continue;
    if (real !== root && !real.startsWith(root + sep)) throw new EfsError(`bad path ${path}: leads out of the tree`);
    return;
  }
}

function removeTemporaries(folder: string, disk: Disk): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === LOST) continue;
    const place = join(folder, entry.name);
    if (entry.isDirectory()) removeTemporaries(place, disk);
    else if (entry.name.endsWith(TEMPORARY)) disk.rmSync(place);
  }
}

function openFile(place: string, path: string, disk: Disk): EfsFile {
  const must = <T>(what: string, task: () => T): T => {
    try {
      return task();
    } catch (error) {
      return fail(`${what} ${path}`, diskReason(error));
    }
  };
  const file = must("open", () => {
    makeFolder(dirname(place), disk);
    return disk.openSync(place, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY.file);
  });
  let size = must("look at", () => fstatSync(file).size);
  let isClosed = false;
  return {
    get size() {
      return size;
    },
    append(bytes) {
      must("write", () => {
        for (let done = 0; done < bytes.length; )
          done += disk.writeSync(file, bytes, done, bytes.length - done, size + done);
      });
      size += bytes.length;
    },
    read(at, length) {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - at)));
      return bytes.subarray(
        0,
        must("read", () => readSync(file, bytes, 0, bytes.length, at)),
      );
    },
    truncate(bytes) {
      must("cut", () => disk.ftruncateSync(file, bytes));
      size = bytes;
    },
    sync() {
      must("keep", () => disk.fsyncSync(file));
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      disk.closeSync(file);
    },
  };
}

/** @returns undefined where there is no such file or folder. @throws EfsError for everything else the disk refuses. */
function attempt<T>(what: string, task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return fail(what, diskReason(error));
  }
}

function fail(what: string, why: string): never {
  throw new EfsError(`cannot ${what}: ${why}`);
}
