/** One modem a file tree: two would overwrite each other's state. */
import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { LOCK, makeRoot, unusable } from "#efs/efs";
import { type FileLock, lockFile } from "#port/file-lock";
import { PortError } from "#port/port";

/**
 * Takes the tree for this process, making its root if missing; to be called before openEfs, which clears away.
 * @throws PortError when it is in use, ConfigError when the directory cannot be used.
 */
export function lockEfs(directory: string): FileLock {
  const root = makeRoot(resolve(directory));
  try {
    accessSync(root, constants.W_OK);
  } catch {
    return { release() {} }; // where nothing can be written, nothing can be overwritten
  }
  const refusal = {
    what: `cannot use the files in ${root}: they are`,
    remedy: "stop that process, or name another directory",
  };
  try {
    return lockFile(join(root, LOCK), refusal);
  } catch (error) {
    throw error instanceof PortError ? error : unusable(root, error);
  }
}
