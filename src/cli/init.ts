/** `bg96 init`: a configuration file and the module's file tree, to be edited. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "#cli/failure";
import { fillFactory, openEfs } from "#efs/efs";

const SAMPLES = fileURLToPath(new URL("../../config", import.meta.url));

export function init(path: string): number {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true });
    if (readdirSync(directory).length > 0) {
      throw new CliError(`${directory}: is not empty`, "name a directory that is empty or does not exist");
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${directory}: ${(error as Error).message}`, "name a directory that can be made");
  }
  const sample = readFileSync(join(SAMPLES, "bg96.toml"), "utf8");
  writeFileSync(join(directory, "bg96.toml"), sample.replace(/^#efs = .*$/m, 'efs = "efs"'));
  fillFactory(openEfs(join(directory, "efs")), join(SAMPLES, "efs"));
  process.stdout.write(
    [
      `${join(directory, "bg96.toml")}   every option, commented`,
      `${join(directory, "efs")}   the module's files`,
      "",
      `bg96 run --config ${join(path, "bg96.toml")}`,
      "",
    ].join("\n"),
  );
  return 0;
}
