import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = join(import.meta.dirname, "..", "src");

/** Each folder (or file directly in src) and what it may import, beside itself. One way: bottom to top. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  config: ["runtime", "modem", "coap"],
  modem: ["runtime"],
  coap: ["runtime"],
  // a tree is locked as a port's link is
  efs: ["runtime", "config", "lwm2m/path", "port/file-lock", "port/port"],
  port: ["runtime"],
  lwm2m: ["runtime", "config", "modem", "coap", "efs"],
  firmware: ["runtime", "modem", "coap", "efs"],
  objects: ["runtime", "modem", "coap", "firmware", "lwm2m"],
  // spellings and rules of the user's are told once, in the configuration
  at: ["runtime", "modem", "efs", "firmware", "lwm2m", "config/spelling", "config/user-rules"],
  qcli: ["runtime", "modem", "lwm2m"],
  bg96: ["runtime", "config", "modem", "coap", "efs", "firmware", "port", "lwm2m", "objects", "at", "qcli"],
  control: ["runtime", "modem", "bg96", "lwm2m"],
  "demo-server": ["runtime", "lwm2m/path"],
  // of the AT port its tables alone, for the command reference
  cli: [
    "runtime",
    "config",
    "efs",
    "firmware",
    "bg96",
    "control",
    "demo-server",
    "port",
    "at/commands",
    "at/not-offered",
    "at/reference",
  ],
};

/** What may be used in one place only. */
const OWNED: ReadonlyArray<{ readonly what: string; readonly pattern: RegExp; readonly owners: readonly RegExp[] }> = [
  { what: "Date", pattern: /\b(new Date\(\)|Date\.now\()/, owners: [/^runtime\.ts$/] },
  { what: "timers", pattern: /\b(setTimeout|setInterval|setImmediate)\(/, owners: [/^runtime\.ts$/] },
  { what: "Math.random", pattern: /Math\.random\(/, owners: [/^runtime\.ts$/] },
  { what: "process.env", pattern: /process\.env\b/, owners: [/^cli\.ts$/, /^cli\//] },
  { what: "process.exit", pattern: /process\.exit\(|process\.exitCode/, owners: [/^cli\.ts$/] },
  {
    what: "module-level state",
    pattern: /^(export )?(let |const \w+(: [^=]+)? = new (Map|Set|WeakMap)\(\))/m,
    owners: [],
  },
];

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), "utf8") }));

const layerOf = (name: string) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : name.replace(/\.ts$/, ""));

describe("the house", () => {
  it("lets imports run one way", () => {
    const wrong = files.flatMap(({ name, text }) => {
      const layer = layerOf(name);
      const allowed = LAYERS[layer] ?? [];
      return [...text.matchAll(/from "#([^"]+)"|import\("#([^"]+)"\)/g)].flatMap((match) => {
        const target = (match[1] ?? match[2])!;
        const fits = layerOf(target) === layer || allowed.includes(layerOf(target)) || allowed.includes(target);
        return fits ? [] : [`${name} imports #${target}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("knows every folder", () => {
    expect(files.map(({ name }) => layerOf(name)).filter((layer) => !(layer in LAYERS))).toEqual([]);
  });

  it("uses no relative imports, so that layers show in import lines", () => {
    expect(files.filter(({ text }) => /from "\.\.?\//.test(text)).map(({ name }) => name)).toEqual([]);
  });

  for (const { what, pattern, owners } of OWNED) {
    it(`keeps ${what} where it belongs`, () => {
      const strays = files.filter(({ name, text }) => pattern.test(text) && !owners.some((owner) => owner.test(name)));
      expect(strays.map(({ name }) => relative(".", name))).toEqual([]);
    });
  }

  it("names no file after nothing in particular", () => {
    const vague = /(^|\/)(index|utils?|helpers?|common|types)\.ts$|-(manager|service|handler)\.ts$|(^|\/)base-/;
    expect(files.map(({ name }) => name).filter((name) => vague.test(name))).toEqual([]);
  });
});
