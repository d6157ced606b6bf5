/** A TOML file of the user's, with the place of everything in it. */
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import type { ConfigProblem } from "#config";
import { diskReason } from "#config/disk-reason";
import { locateKeys } from "#config/places";

export interface TomlFile {
  readonly tree: object;
  /** "file:line:column" of a dotted path, else of the nearest table around it. */
  placeOf(path: string): string;
}

/** The place of each key is looked for from the file's beginning. */
const MAX_BYTES = 256 * 1024;

/** @returns undefined after a problem. @param remedy for a file that cannot be read */
export function readTomlFile(file: string, remedy: string, problems: ConfigProblem[]): TomlFile | undefined {
  let text: string;
  let tree: object;
  try {
    const content = readFileSync(file);
    if (content.length > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES / 1024} KiB`);
    text = content.toString("utf8").replace(/^\ufeff/, "");
    tree = parse(text);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof TomlError) {
      const what = message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
      const place = `${file}:${error.line}:${error.column}`;
      problems.push({ place, message: what, remedy: "write TOML 1.0 (toml.io)" });
    } else {
      problems.push({ place: file, message: `cannot be read: ${diskReason(error)}`, remedy });
    }
    return undefined;
  }
  const places = locateKeys(text);
  const placeOf = (path: string): string => {
    const at = places.get(path);
    if (at) return `${file}:${at.line}:${at.column}`;
    return path.includes(".") ? placeOf(path.slice(0, path.lastIndexOf("."))) : file;
  };
  return { tree, placeOf };
}
