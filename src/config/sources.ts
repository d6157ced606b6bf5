/** What the file, the environment and the command line give, each value with the place it comes from. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import type { ConfigOptions, ConfigProblem } from "#config";
import { nearest, OPTIONS, type OptionPath, readText, variableOf } from "#config/options";
import { locateKeys } from "#config/places";

/** One option given somewhere; undefined = none, where there would be a default. */
export interface Given {
  readonly path: OptionPath;
  readonly value: unknown;
  readonly place: string;
}

const FLAGS: Readonly<Record<keyof ConfigOptions, readonly [flag: string, path: OptionPath]>> = {
  efs: ["--efs", "efs"],
  tty: ["--tty", "tty"],
  server: ["--server", "lwm2m.server"],
  endpoint: ["--endpoint", "lwm2m.endpoint"],
  pskIdentity: ["--psk-identity", "lwm2m.pskIdentity"],
  pskKey: ["--psk-key", "lwm2m.pskKeyHex"],
  lifetime: ["--lifetime", "lwm2m.lifetimeS"],
  boot: ["--boot", "boot"],
  register: ["--register", "register"],
  logLevel: ["--log-level", "log.level"],
};
const PATHS = Object.keys(OPTIONS) as OptionPath[];
const SECTIONS = [...new Set(PATHS.filter((path) => path.includes(".")).map((path) => path.split(".")[0]!))];

/** @param file path of a TOML file. */
export function readFile(file: string, problems: ConfigProblem[]): readonly Given[] {
  let text: string;
  let tree: object;
  try {
    text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
    tree = parseToml(text);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof TomlError) {
      const what = message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
      problems.push({
        place: `${file}:${error.line}:${error.column}`,
        message: what,
        remedy: "write TOML 1.0 (toml.io)",
      });
    } else {
      const why = message.replace(/^E[A-Z]+: /, "").replace(/, \w+( '.*)?$/, "");
      problems.push({
        place: file,
        message: `cannot be read: ${why}`,
        remedy: "name a file as `bg96 init DIR` writes it",
      });
    }
    return [];
  }
  const places = locateKeys(text);
  const placeOf = (path: string): string => {
    const at = places.get(path);
    if (at) return `${file}:${at.line}:${at.column}`;
    return path.includes(".") ? placeOf(path.slice(0, path.lastIndexOf("."))) : file;
  };
  const given: Given[] = [];
  const walk = (table: object, prefix: string) => {
    for (const [key, value] of Object.entries(table) as [string, unknown][]) {
      const path = `${prefix}${key}`;
      const place = placeOf(path);
      if (isOption(path)) given.push({ path, value: fromFile(file, path, value), place });
      else if (!SECTIONS.includes(path)) problems.push(unknown(path, place));
      else if (isTable(value)) walk(value, `${path}.`);
      else
        problems.push({ place, message: `${path} is no single value`, remedy: `write [${path}] and its keys below` });
    }
  };
  walk(tree, "");
  return given;
}

/** Paths in a file are meant from where the file is. */
function fromFile(file: string, path: OptionPath, value: unknown): unknown {
  if (value === "" && OPTIONS[path].optional) return undefined;
  return (path === "efs" || path === "tty") && typeof value === "string" ? resolve(dirname(file), value) : value;
}

export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): readonly Given[] {
  const given: Given[] = [];
  for (const [name, value] of Object.entries(env)) {
    // others have names like BG96_PORT_5683_UDP (Docker, Kubernetes): only those of our sections are ours
    if (value === undefined || !name.startsWith("BG96_")) continue;
    const path = PATHS.find((each) => variableOf(each) === name);
    if (path === undefined) {
      if (!SECTIONS.some((section) => name.startsWith(`${variableOf(section)}_`))) continue;
      const close = nearest(name, PATHS.map(variableOf));
      problems.push({ place: name, message: "is no option", remedy: close ? `did you mean ${close}?` : "remove it" });
    } else if (value !== "") {
      given.push({ path, value: readText(OPTIONS[path], value), place: name });
    } else if (OPTIONS[path].optional) {
      given.push({ path, value: undefined, place: name });
    }
  }
  return given;
}

export function readOptions(options: ConfigOptions): readonly Given[] {
  const given: Given[] = [];
  for (const [key, [place, path]] of Object.entries(FLAGS)) {
    const value = options[key as keyof ConfigOptions];
    if (value === undefined) continue;
    given.push({ path, value: typeof value === "string" ? readText(OPTIONS[path], value) : value, place });
  }
  return given;
}

function unknown(path: string, place: string): ConfigProblem {
  const section = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : undefined;
  const siblings = section === undefined ? [...PATHS.filter((each) => !each.includes(".")), ...SECTIONS] : PATHS;
  const close = nearest(path, siblings) ?? PATHS.find((each) => each.endsWith(`.${path}`));
  const keys = PATHS.filter((each) => each.startsWith(`${section}.`)).map((each) => each.split(".").at(-1));
  const known = section === undefined ? siblings : keys;
  return {
    place,
    message: `${path} is no option`,
    remedy: close ? `did you mean ${close}?` : `there are ${known.join(", ")}`,
  };
}

const isOption = (path: string): path is OptionPath => Object.hasOwn(OPTIONS, path);

const isTable = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
