/** What is written to the host's disk so that a loss of power, or of the process, leaves the old or the new and nothing between. */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

/** The calls that change it; a test lets the power go between any two of them. */
export type Disk = Pick<
  typeof fs,
  | "openSync"
  | "writeFileSync"
  | "writeSync"
  | "ftruncateSync"
  | "fsyncSync"
  | "closeSync"
  | "renameSync"
  | "rmSync"
  | "mkdirSync"
>;

export const hostDisk: Disk = fs;

/** Ends the name of a file that is still being written. */
export const TEMPORARY = ".bg96-tmp";
/** The tree holds keys: PSK files and the persistent Security Object. */
export const OWNER_ONLY = { file: 0o600, folder: 0o700 };

/** Temporary file, fsync, rename, fsync of the folder, which must be there. @throws Error of the disk, the file left as it was. */
export function writeAtomically(place: string, content: Buffer | string, disk: Disk): void {
  const temporary = join(dirname(place), `.${basename(place)}${TEMPORARY}`);
  disk.rmSync(temporary, { force: true });
  try {
    const file = disk.openSync(
      temporary,
      fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL,
      OWNER_ONLY.file,
    );
    try {
      disk.writeFileSync(file, content);
      disk.fsyncSync(file);
    } finally {
      disk.closeSync(file);
    }
    disk.renameSync(temporary, place);
  } catch (error) {
    disk.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(place), disk);
}

/** Makes a folder with those above it; Node's own recursive mkdir never returns below /proc. */
export function makeFolder(folder: string, disk: Disk = hostDisk): void {
  if (fs.existsSync(folder)) return;
  makeFolder(dirname(folder), disk);
  try {
    disk.mkdirSync(folder, { mode: OWNER_ONLY.folder });
  } catch (error) {
    // somebody else made it meanwhile; a link that leads nowhere is there too, but is no folder
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !fs.existsSync(folder)) throw error;
  }
  syncFolder(dirname(folder), disk);
}

/** A name that has come or gone lasts once this is done. */
export function syncFolder(folder: string, disk: Disk): void {
  const opened = disk.openSync(folder, "r");
  try {
    disk.fsyncSync(opened);
  } finally {
    disk.closeSync(opened);
  }
}
