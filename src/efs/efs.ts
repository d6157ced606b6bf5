/** The module's file tree on disk (its "alternate file system"); paths inside it start with "/datatx/…" ("/data/…" is an alias). */

export interface Efs {
  /** Directory on the host's disk. */
  readonly root: string;
  /** @returns undefined if there is no such file. */
  read(path: string): Buffer | undefined;
  /** Atomic: temporary file, fsync, rename; makes folders as needed. */
  write(path: string, content: Buffer | string): void;
  /** @returns whether it was there. */
  remove(path: string): boolean;
  exists(path: string): boolean;
  /** Files (not folders) directly in a folder, by name, sorted; [] if there is no such folder. */
  list(folder: string): readonly string[];
}
