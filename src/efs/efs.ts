/** The module's file tree on disk (its "alternate file system"); paths inside it start with "/datatx/…" ("/data/…" is an alias). */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { ConfigError } from "#config";

export interface Efs {
  /** Directory on the host's disk. */
  readonly root: string;
  /** @returns undefined if there is no such file. */
  read(path: string): Buffer | undefined;
  /** Atomic: temporary file, fsync, rename; makes folders as needed. */
  write(path: string, content: Buffer | string): void;
  /** @returns whether it was there. */
  remove(path: string): boolean;
  /** Whether there is such a file or folder. */
  exists(path: string): boolean;
  /** Files (not folders) directly in a folder, by name, sorted; [] if there is no such folder. */
  list(folder: string): readonly string[];
  /** Folders directly in a folder, by name, sorted; [] if there is no such folder. */
  folders(folder: string): readonly string[];
}

/** A path that leads out of the tree, or a disk that refuses; "what: why". */
export class EfsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EfsError";
  }
}

/** Ends the name of a file that is still being written. */
const TEMPORARY = ".bg96-tmp";
/** Stands in the root while the factory tree is being copied. */
const FILLING = ".bg96-filling";
/** Stands in the root while a modem uses the tree. */
export const LOCK = ".bg96-lock";
/** A freshly made disk brings it along; only root may read it. */
const LOST = "lost+found";
/** The tree holds keys: PSK files and the persistent Security Object. */
const OWNER_ONLY = { file: 0o600, folder: 0o700 };

/** Opens a tree, making its root if missing and removing files left half-written. @throws ConfigError if the directory cannot be used. */
export function openEfs(directory: string): Efs {
  const root = makeRoot(resolve(directory));
  try {
    removeTemporaries(root);
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
    read(path) {
      const place = locate(path);
      return attempt(`read ${path}`, () => (statSync(place).isFile() ? readFileSync(place) : undefined));
    },
    write(path, content) {
      const place = locate(path);
      if (place === root) throw new EfsError(`cannot write ${path}: not a file name`);
      const written = attempt(`write ${path}`, () => {
        makeFolder(dirname(place));
        writeAtomically(place, content);
        return true;
      });
      if (!written) fail(`write ${path}`, "a file stands where a folder is needed");
    },
    remove(path) {
      const place = locate(path);
      const removed = attempt(`remove ${path}`, () => {
        if (!statSync(place).isFile()) return false;
        rmSync(place);
        syncFolder(dirname(place));
        return true;
      });
      return removed ?? false;
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
  const marker = join(efs.root, FILLING);
  try {
    const present = readdirSync(efs.root).filter((name) => name !== LOST && name !== LOCK);
    if (present.length > 0 && !present.includes(FILLING)) return false;
    writeFileSync(marker, "");
    syncFolder(efs.root);
    copyTree(efs, factoryDirectory, "");
    rmSync(marker);
    syncFolder(efs.root);
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
      makeFolder(join(efs.root, target));
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
  return new ConfigError([{ place: directory, message: `${what}: ${reason(error)}`, remedy }]);
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

function removeTemporaries(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === LOST) continue;
    const place = join(folder, entry.name);
    if (entry.isDirectory()) removeTemporaries(place);
    else if (entry.name.endsWith(TEMPORARY)) rmSync(place);
  }
}

function writeAtomically(place: string, content: Buffer | string): void {
  const temporary = join(dirname(place), `.${basename(place)}${TEMPORARY}`);
  rmSync(temporary, { force: true });
  try {
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY.file);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, place);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(place));
}

/** Makes a folder with those above it; Node's own recursive mkdir never returns below /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: OWNER_ONLY.folder });
  } catch (error) {
    // somebody else made it meanwhile; a link that leads nowhere is there too, but is no folder
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !existsSync(folder)) throw error;
  }
  syncFolder(dirname(folder));
}

function syncFolder(folder: string): void {
  const opened = openSync(folder, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** @returns undefined where there is no such file or folder. @throws EfsError for everything else the disk refuses. */
function attempt<T>(what: string, task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return fail(what, reason(error));
  }
}

function fail(what: string, why: string): never {
  throw new EfsError(`cannot ${what}: ${why}`);
}

function reason(error: unknown): string {
  // "ENOSPC: no space left on device, write" says it twice
  return (error as Error).message.replace(/^E[A-Z]+: /, "").replace(/, \w+( '.*)?$/, "");
}
