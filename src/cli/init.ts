/** `bg96 init`: a configuration file and the module's file tree, to be edited. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initDirectory } from "#efs/starter";

const SAMPLES = fileURLToPath(new URL("../../config", import.meta.url));

export function init(path: string): number {
  const file = initDirectory(path, SAMPLES);
  process.stdout.write(
    [
      `${file}   every option, commented`,
      `${join(dirname(file), "efs")}   the module's files`,
      "",
      `bg96 run --config ${join(path, "bg96.toml")}`,
      "",
    ].join("\n"),
  );
  return 0;
}
