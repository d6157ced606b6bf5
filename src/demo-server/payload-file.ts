/** Files as payloads of the console's write. */
import { readFileSync, statSync } from "node:fs";

/** More than any package for a BG96 has; in blocks of 1024 bytes, their numbers suffice (RFC 7959 §2.2). */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
};

/** @throws Error telling why the file cannot be sent. */
export function readPayloadFile(path: string): Buffer {
  if (path === "") throw new Error("@: a file name is missing after it, as in @fw.bin");
  try {
    const file = statSync(path);
    if (!file.isFile()) throw new Error("it is no file");
    if (file.size > MAX_FILE_BYTES) throw new Error(`${file.size} bytes are too many, ${MAX_FILE_BYTES} is the limit`);
    return readFileSync(path);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`${path}: ${REASONS[code] ?? message}`);
  }
}
