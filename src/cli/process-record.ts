/** A file that says which process owns a directory, and that cannot be mistaken once its pid is another's. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

export interface ProcessRecord {
  readonly pid: number;
  /** Boot and clock tick in which it began. */
  readonly started: string;
}

/** @returns undefined when there is no such process, or only its zombie. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything; state is the first field behind it, starttime the 20th (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** @returns undefined when there is no file, or it is none of ours. */
export function readProcessRecord(path: string): ProcessRecord | undefined {
  try {
    const [pid = "", started = ""] = readFileSync(path, "utf8").split("\n");
    return /^\d+$/.test(pid) ? { pid: Number(pid), started } : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(record: ProcessRecord): boolean {
  return startOf(record.pid) === record.started;
}

/** Puts this process's record at `path`. @returns the living process that holds it already, else undefined. */
export function claimProcessRecord(path: string, pid: number): ProcessRecord | undefined {
  const own = `${path}.${pid}`;
  writeFileSync(own, `${pid}\n${startOf(pid) ?? ""}\n`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(own, path); // fails if there is one, and is there whole or not at all
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const found = readProcessRecord(path);
      if (found && isAlive(found)) return found;
      const stale = `${path}.stale.${pid}`;
      try {
        renameSync(path, stale); // one of several that see it gets it
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        continue;
      }
      const taken = readProcessRecord(stale);
      if (taken && isAlive(taken)) {
        renameSync(stale, path); // it was replaced between our look and our move
        return taken;
      }
      rmSync(stale, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}
