/** What the file, the environment and the command line give, each value with the place it comes from. */
import { dirname, resolve } from "node:path";
import type { ConfigOptions, ConfigProblem } from "#config";
import { nearest } from "#config/nearest";
import { OPTIONS, type OptionPath, readText, variableOf } from "#config/options";
import { readTomlFile } from "#config/toml-file";

/** One option given somewhere; undefined = none, where there would be a default. */
export interface Given {
  readonly path: OptionPath;
  readonly value: unknown;
  readonly place: string;
}

const FLAGS: Readonly<Record<Exclude<keyof ConfigOptions, "dialect">, readonly [flag: string, path: OptionPath]>> = {
  efs: ["--efs", "efs"],
  tty: ["--tty", "tty"],
  usbmodem: ["--usbmodem", "usbmodem"],
  uart1: ["--uart1", "uart1"],
  tcp: ["--tcp", "tcp"],
  nmea: ["--nmea", "nmea"],
  qcli: ["--qcli", "qcli"],
  rules: ["--rules", "rules"],
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
  const read = readTomlFile(file, "name a file as `bg96 init DIR` writes it", problems);
  if (!read) return [];
  const { tree, placeOf } = read;
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
  return OPTIONS[path].isPath && typeof value === "string" ? resolve(dirname(file), value) : value;
}

/** What Docker and Kubernetes set for a container or service of the name bg96 (BG96_PORT_5683_UDP), and the project's own tests. */
const OTHERS_VARIABLE = /^BG96_(PORT|SERVICE|NAME|ENV|FUZZ|TEST|REQUIRE)(_|$)/;

/** A variable that is no option is only warned of: it may be somebody else's. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  warnings: ConfigProblem[],
): readonly Given[] {
  const given: Given[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith("BG96_")) continue;
    const path = PATHS.find((each) => variableOf(each) === name);
    if (path === undefined) {
      if (OTHERS_VARIABLE.test(name)) continue;
      const close = nearest(name, PATHS.map(variableOf));
      const remedy = close ? `did you mean ${close}?` : "`bg96 init DIR` writes a file with every option";
      warnings.push({ place: "environment", message: `${name} is no option and has no effect`, remedy });
    } else if (value !== "") {
      given.push({ path, value: readText(OPTIONS[path], value), place: name });
    } else if (OPTIONS[path].optional) {
      given.push({ path, value: undefined, place: name });
    }
  }
  return given;
}

export function readOptions(options: ConfigOptions, problems: ConfigProblem[]): readonly Given[] {
  const given: Given[] = options.dialect === undefined ? [] : [...readDialect(options.dialect, problems)];
  for (const [key, [place, path]] of Object.entries(FLAGS)) {
    const value = options[key as keyof ConfigOptions];
    if (value === undefined) continue;
    given.push({ path, value: typeof value === "string" ? readText(OPTIONS[path], value) : value, place });
  }
  return given;
}

/** --dialect observeFlag=never,epnsMode=true */
function readDialect(text: string, problems: ConfigProblem[]): readonly Given[] {
  const place = "--dialect";
  return text.split(",").flatMap((each) => {
    const [key = "", value] = each.split("=", 2).map((part) => part.trim());
    const path = `dialect.${key}`;
    if (!isOption(path)) {
      problems.push(unknown(path, place));
      return [];
    }
    return [{ path, value: readText(OPTIONS[path], value ?? ""), place }];
  });
}

function unknown(path: string, place: string): ConfigProblem {
  const section = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : undefined;
  const siblings = section === undefined ? [...PATHS.filter((each) => !each.includes(".")), ...SECTIONS] : PATHS;
  const close = PATHS.find((each) => each.endsWith(`.${path}`)) ?? nearest(path, siblings);
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
