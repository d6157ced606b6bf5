/** The module's files as AT+QF… commands name them, and the handles by which they are open (Quectel BG96 FILE manual). */
import { CmeError } from "#at/result";
import { type Efs, EfsError } from "#efs/efs";
import type { Modem } from "#modem/modem";

export interface OpenFile {
  readonly handle: number;
  readonly name: string;
  readonly mode: OpenMode;
  /** Where the next read or write happens, bytes from the start. */
  position: number;
}

/** 0 made if missing, 1 made or emptied, 2 read only and must be there. */
export type OpenMode = 0 | 1 | 2;

/** A failure of each has its FILE code. */
export interface ModuleFiles {
  /** @throws CmeError(405) */
  read(name: string): Buffer;
  /** What it takes of the flash is told by /3/0/10, too. @throws CmeError(403) */
  write(name: string, content: Buffer): void;
  exists(name: string): boolean;
  /** @throws CmeError 405, 418 while it is open */
  remove(name: string): void;
  /** Files whose name fits, "*" standing for any characters of the last part; with the prefix they were asked by. */
  list(pattern: string): readonly { readonly name: string; readonly bytes: number }[];
  open(name: string, mode: OpenMode): OpenFile;
  /** @throws CmeError(416) */
  file(handle: number): OpenFile;
  close(handle: number): void;
  readonly openFiles: readonly OpenFile[];
  /** Of the flash, bytes. */
  readonly space: { readonly free: number; readonly total: number };
}

export const FILE_ERROR = {
  beyondEnd: 401,
  readZeroBytes: 402,
  driveFull: 403,
  notFound: 405,
  invalidName: 406,
  exists: 407,
  writeFailed: 409,
  openFailed: 410,
  readFailed: 411,
  tooManyOpen: 413,
  readOnly: 414,
  invalidHandle: 416,
  listFailed: 417,
  deleteFailed: 418,
  timeout: 421,
  tooLarge: 423,
} as const;

/** BG96: handles of the application side's files begin here in the manual's example, those of the modem side at 1. */
const FIRST_HANDLE = { application: 20_000, modem: 1 };
const MOST_OPEN = 10;
const LONGEST_NAME = 80;
/** Folders of the tree that a host may see; the rest is the module's own. */
const APPLICATION = /^\/(datatx|data|fota|ufs)\/./;
/** Where files without a prefix lie: the modem side, a flat folder. */
const MODEM_SIDE = "/modem";
/** Not in a name; "*" stands in patterns. */
const NO_NAME = /[:*?<>|]/;
/** Files take the flash in blocks of 1 KB. */
const blocksOf = (bytes: number) => Math.ceil(bytes / 1024);

export function createModuleFiles(efs: Efs, modem: Modem): ModuleFiles {
  const opened = new Map<number, OpenFile>();
  /** Of the host's own files, the blocks that have been taken from the flash. */
  const taken = new Map<string, number>();
  modem.onChange((now, before) => {
    if (before.power.phase === "running" && now.power.phase !== "running") opened.clear();
    // what the module has used up or cleaned away since is given back when it boots
    if (before.power.phase !== "running" && now.power.phase === "running")
      for (const path of taken.keys()) account(path);
  });

  const attempt = <T>(code: number, task: () => T): T => {
    try {
      return task();
    } catch (error) {
      if (error instanceof EfsError) throw new CmeError(code, error.message);
      throw error;
    }
  };
  /** @throws CmeError(406) */
  const pathOf = (name: string, isPattern = false): string => {
    const [, prefix = "UFS", rest = ""] = /^(?:(UFS|EUFS):)?(.*)$/s.exec(name)!;
    const isApplication = prefix === "EUFS";
    // one file has one path, by whichever of its names
    const path = isApplication ? rest.replace(/\/+/g, "/").replace(/^\/data\//, "/datatx/") : `${MODEM_SIDE}/${rest}`;
    const isElsewhere = isApplication ? !APPLICATION.test(rest) : rest.includes("/");
    const isBad =
      rest === "" || name.length > LONGEST_NAME || NO_NAME.test(isPattern ? rest.replaceAll("*", "") : rest);
    if (isElsewhere || isBad) throw new CmeError(FILE_ERROR.invalidName, name);
    attempt(FILE_ERROR.invalidName, () => efs.exists(path)); // refuses what leads out of the tree
    return path;
  };
  const read = (name: string) => {
    const path = pathOf(name);
    return attempt(FILE_ERROR.readFailed, () => efs.read(path));
  };
  const space = () => {
    const { totalKb, freeKb } = modem.state.memory;
    return { free: freeKb * 1024, total: totalKb * 1024 };
  };
  const take = (blocks: number) => {
    if (blocks === 0) return;
    modem.update(({ memory }) => ({
      memory: { ...memory, freeKb: Math.min(memory.totalKb, Math.max(0, memory.freeKb - blocks)) },
    }));
  };
  const account = (path: string) => {
    const before = taken.get(path) ?? 0;
    const blocks = blocksOf(attempt(FILE_ERROR.readFailed, () => efs.read(path))?.length ?? 0);
    if (blocks === 0) taken.delete(path);
    else taken.set(path, blocks);
    take(blocks - before);
  };
  const isOpen = (path: string) => [...opened.values()].some((each) => pathOf(each.name) === path);
  const sizesOf = (folder: string) =>
    efs.list(folder).map((name) => ({ name, bytes: efs.read(`${folder}/${name}`)?.length ?? 0 }));
  for (const name of efs.list(MODEM_SIDE)) account(`${MODEM_SIDE}/${name}`); // there since an earlier run

  const write = (name: string, content: Buffer) => {
    const path = pathOf(name);
    const blocks = blocksOf(content.length) - blocksOf(read(name)?.length ?? 0);
    if (blocks > modem.state.memory.freeKb) throw new CmeError(FILE_ERROR.driveFull, name);
    attempt(FILE_ERROR.writeFailed, () => efs.write(path, content));
    taken.set(path, blocksOf(content.length));
    take(blocks);
  };

  return {
    read(name) {
      const content = read(name);
      if (!content) throw new CmeError(FILE_ERROR.notFound, name);
      return content;
    },
    write,
    exists: (name) => read(name) !== undefined,
    remove(name) {
      const path = pathOf(name);
      const content = read(name);
      if (!content) throw new CmeError(FILE_ERROR.notFound, name);
      if (isOpen(path)) throw new CmeError(FILE_ERROR.deleteFailed, `${name} is open`);
      if (!attempt(FILE_ERROR.deleteFailed, () => efs.remove(path))) return;
      taken.delete(path);
      take(-blocksOf(content.length));
    },
    list(pattern) {
      const path = pathOf(pattern, true);
      const cut = path.lastIndexOf("/");
      const prefix = pattern.slice(0, pattern.length - (path.length - cut - 1));
      const wanted = path.slice(cut + 1);
      return attempt(FILE_ERROR.listFailed, () =>
        sizesOf(path.slice(0, cut))
          .filter(({ name }) => fits(name, wanted))
          .map(({ name, bytes }) => ({ name: prefix + name, bytes })),
      );
    },
    open(name, mode) {
      const path = pathOf(name);
      if (isOpen(path)) throw new CmeError(FILE_ERROR.openFailed, `${name} is open`);
      if (opened.size >= MOST_OPEN) throw new CmeError(FILE_ERROR.tooManyOpen, name);
      const isThere = read(name) !== undefined;
      if (!isThere && mode === 2) throw new CmeError(FILE_ERROR.notFound, name);
      if (!isThere || mode === 1) write(name, Buffer.alloc(0));
      let handle = name.startsWith("EUFS:") ? FIRST_HANDLE.application : FIRST_HANDLE.modem;
      while (opened.has(handle)) handle++;
      const file: OpenFile = { handle, name, mode, position: 0 };
      opened.set(handle, file);
      return file;
    },
    file(handle) {
      const file = opened.get(handle);
      if (!file) throw new CmeError(FILE_ERROR.invalidHandle, String(handle));
      return file;
    },
    close(handle) {
      if (!opened.delete(handle)) throw new CmeError(FILE_ERROR.invalidHandle, String(handle));
    },
    get openFiles() {
      return [...opened.values()];
    },
    get space() {
      return space();
    },
  };
}

/** Whether a name fits a pattern in which "*" stands for any characters; linear, where a regular expression is not. */
function fits(name: string, pattern: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  if (!name.startsWith(head)) return false;
  const tail = parts.pop();
  if (tail === undefined) return name === head;
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}

/** 16-bit XOR over byte pairs, an odd last byte being a high one; as the manual prints it: hexadecimal without 0x. */
export function checksum(bytes: Buffer): string {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum ^= (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum.toString(16);
}
