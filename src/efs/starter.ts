/** What `bg96 init DIR` lays down: a configuration to edit, and the module's files. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "#config";
import { diskReason } from "#config/disk-reason";
import { makeFolder } from "#efs/disk";
import { fillFactory, openEfs } from "#efs/efs";

/**
 * Writes DIR/bg96.toml and DIR/efs, which the configuration names; nothing that exists is touched.
 * @param configDirectory the directory with our bg96.toml and efs.
 * @returns the path of the configuration. @throws ConfigError naming every file in the way
 */
export function initDirectory(directory: string, configDirectory: string): string {
  const file = join(resolve(directory), "bg96.toml");
  const tree = join(resolve(directory), "efs");
  const inTheWay = [file, tree].filter((path) => existsSync(path));
  if (inTheWay.length > 0) {
    const remedy = "name another directory, or remove it first";
    throw new ConfigError(inTheWay.map((place) => ({ place, message: "exists already: it is left as it is", remedy })));
  }
  const template = readFileSync(join(configDirectory, "bg96.toml"), "utf8");
  try {
    makeFolder(resolve(directory));
    writeFileSync(file, template.replace(/^#(?=efs = "efs"$)/m, ""), { flag: "wx" });
  } catch (error) {
    const message = `cannot be written: ${diskReason(error)}`;
    throw new ConfigError([{ place: file, message, remedy: "name a directory that can be made and written" }]);
  }
  fillFactory(openEfs(tree), join(configDirectory, "efs"));
  return file;
}
