/** A disk that fails at one of its calls and at all later ones, as if the power had gone there. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Disk, hostDisk } from "#efs/disk";

/**
 * What is left then. `process`: all that was done, as when the process is killed. With the power goes what was not
 * synced: `names` that have come, gone or changed, or the `contents` under names that have not.
 */
export const LOSSES = ["process", "names", "contents"] as const;
export type Loss = (typeof LOSSES)[number];

export interface FailingDisk {
  readonly disk: Disk;
  /** Whether the call was reached. */
  readonly failed: boolean;
  /** Takes away what was not synced. */
  lose(loss: Loss): void;
}

/** @param failAt 1 = the first call; a write that fails has written half. */
export function createFailingDisk(failAt: number): FailingDisk {
  let calls = 0;
  let failed = false;
  const paths = new Map<number, string>();
  const unsyncedContents = new Set<string>();
  let unsyncedNames: { readonly folder: string; undo(): void }[] = [];

  const reach = (before: () => void = () => {}) => {
    calls++;
    if (calls === failAt) before();
    if (calls >= failAt) {
      failed = true;
      throw Object.assign(new Error("EIO: the power has gone"), { code: "EIO" });
    }
  };
  const noteName = (path: string) => {
    const content = existsSync(path) ? readFileSync(path) : undefined;
    const undo = () =>
      content === undefined ? rmSync(path, { recursive: true, force: true }) : writeFileSync(path, content);
    unsyncedNames.push({ folder: dirname(path), undo });
  };

  const disk = {
    ...hostDisk,
    openSync(path: string, flags: number | string, mode?: number) {
      reach();
      if (flags !== "r") {
        noteName(path);
        unsyncedContents.add(path);
      }
      const file = hostDisk.openSync(path, flags, mode);
      paths.set(file, path);
      return file;
    },
    writeFileSync(file: number | string, content: string | Buffer) {
      reach(() => {
        const bytes = Buffer.from(content);
        hostDisk.writeFileSync(file, bytes.subarray(0, bytes.length / 2));
      });
      if (typeof file === "string") noteName(file);
      hostDisk.writeFileSync(file, content);
    },
    fsyncSync(file: number) {
      reach();
      const path = paths.get(file)!;
      unsyncedContents.delete(path);
      unsyncedNames = unsyncedNames.filter(({ folder }) => folder !== path);
    },
    closeSync(file: number) {
      hostDisk.closeSync(file); // a process that ends closes its files, too
      reach();
    },
    renameSync(from: string, to: string) {
      reach();
      noteName(to);
      unsyncedNames.push({ folder: dirname(to), undo: () => renameSync(to, from) });
      if (unsyncedContents.delete(from)) unsyncedContents.add(to);
      hostDisk.renameSync(from, to);
    },
    rmSync(path: string, options?: object) {
      reach();
      noteName(path);
      hostDisk.rmSync(path, options);
    },
    mkdirSync(path: string, options?: object) {
      reach();
      noteName(path);
      return mkdirSync(path, options);
    },
  } as Disk;

  return {
    disk,
    get failed() {
      return failed;
    },
    lose(loss) {
      if (loss === "names") for (const { undo } of unsyncedNames.toReversed()) undo();
      if (loss !== "process") for (const path of unsyncedContents) if (existsSync(path)) writeFileSync(path, "");
    },
  };
}
