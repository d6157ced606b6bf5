/** The module's file tree without a disk. */
import type { Efs } from "#efs/efs";

export function createMemoryEfs(files = new Map<string, Buffer>()): Omit<Efs, "disk"> {
  const within = (folder: string, path: string) => path.startsWith(`${folder}/`);
  const below = (folder: string) =>
    [...files.keys()].filter((path) => within(folder, path)).map((path) => path.slice(folder.length + 1));
  return {
    root: "",
    read: (path) => files.get(path),
    write: (path, content) => void files.set(path, Buffer.from(content as string)),
    remove: (path) => files.delete(path),
    exists: (path) => files.has(path) || below(path).length > 0,
    list: (folder) =>
      below(folder)
        .filter((name) => !name.includes("/"))
        .sort(),
    folders: (folder) =>
      [
        ...new Set(
          below(folder)
            .filter((name) => name.includes("/"))
            .map((name) => name.split("/")[0]!),
        ),
      ].sort(),
    open(path) {
      let size = files.get(path)?.length ?? 0;
      if (!files.has(path)) files.set(path, Buffer.alloc(0));
      return {
        get size() {
          return size;
        },
        append(bytes) {
          files.set(path, Buffer.concat([files.get(path)!, bytes]));
          size += bytes.length;
        },
        read: (at, length) => files.get(path)!.subarray(at, at + length),
        truncate(bytes) {
          files.set(path, files.get(path)!.subarray(0, bytes));
          size = bytes;
        },
        sync() {},
        close() {},
      };
    },
  };
}
