/** Notices that the process which started this one is gone: npm killed outright sends no signal on. */
import { readFileSync } from "node:fs";
import { startOf } from "#cli/process-record";
import type { Cancel, Clock } from "#runtime";

const LOOK_EVERY_MS = 500;

/** @returns a function that ends the watch. */
export function watchParent(clock: Clock, onGone: () => void): () => void {
  const parent = process.ppid;
  // npm runs scripts through a shell, which outlives it unless it has become this very process.
  const watched = isShell(parent) ? [parent, parentOf(parent)] : [parent];
  const alive = watched.flatMap((pid) => (pid === undefined ? [] : [{ pid, started: startOf(pid) }]));
  let cancel: Cancel;
  const look = () => {
    if (process.ppid !== parent || alive.some(({ pid, started }) => startOf(pid) !== started)) onGone();
    else cancel = clock.after(LOOK_EVERY_MS, look);
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  return () => cancel();
}

function isShell(pid: number): boolean {
  return /^(sh|dash|bash|ash|busybox)$/.test(readOr(`/proc/${pid}/comm`).trim());
}

function parentOf(pid: number): number | undefined {
  const ppid = /^PPid:\s+(\d+)$/m.exec(readOr(`/proc/${pid}/status`))?.[1];
  return ppid === undefined ? undefined : Number(ppid);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
