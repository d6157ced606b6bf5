/** The file of --rules: AT answers of the user's own, one [[rule]] each. */
import { z } from "zod";
import type { ConfigProblem } from "#config";
import { nearest } from "#config/nearest";
import { readTomlFile } from "#config/toml-file";

export interface UserRule {
  /** A command as it is typed, "AT+X=1" or "AT"; letters outside quotes in any case. */
  readonly command: string | undefined;
  /** Or what a whole command looks like; its groups stand in the lines as $1 to $9. */
  readonly pattern: RegExp | undefined;
  readonly answer: readonly string[];
  /** "OK" goes on with the line, any other text ends it; "" is no result at all. */
  readonly result: string;
  readonly delayMs: number;
  /** Only the first time. */
  readonly once: boolean;
  readonly urcs: readonly string[];
  /** From the final result on. */
  readonly urcDelayMs: number;
}

interface Key {
  readonly schema: z.ZodType;
  readonly allowed: string;
}

const MOST_MS = 86_400_000;

const line = z
  .string()
  .max(4096)
  .regex(/^[^\r\n]*$/);
const lines: Key = { schema: z.array(line).max(1000), allowed: 'a list of lines, e.g. ["+X: 1"]' };
const milliseconds: Key = { schema: z.number().min(0).max(MOST_MS), allowed: "milliseconds, 0 to a day" };

const KEYS: Readonly<Record<keyof UserRule, Key>> = {
  command: { schema: line.regex(/^at/i), allowed: 'a command as it is typed, e.g. "AT+X=1"' },
  pattern: {
    schema: z.string().refine(isPattern),
    allowed: 'a regular expression for whole commands, e.g. "AT\\\\+X=(.*)"',
  },
  answer: lines,
  result: { schema: line, allowed: '"OK", "ERROR", "+CME ERROR: 3" or other text; "" for none' },
  delayMs: milliseconds,
  once: { schema: z.boolean(), allowed: "true or false" },
  urcs: lines,
  urcDelayMs: milliseconds,
};
/** Of what a rule leaves out. */
export const RULE_DEFAULTS: Omit<UserRule, "command" | "pattern"> = {
  answer: [],
  result: "OK",
  delayMs: 0,
  once: false,
  urcs: [],
  urcDelayMs: 0,
};

/** @param problems where each of them goes, with its place */
export function readUserRules(file: string, problems: ConfigProblem[]): readonly UserRule[] {
  const read = readTomlFile(file, "name a file of [[rule]] tables", problems);
  const rules: UserRule[] = [];
  for (const [name, value] of Object.entries(read?.tree ?? {})) {
    if (name !== "rule" || !Array.isArray(value)) {
      const place = read!.placeOf(name);
      problems.push({ place, message: `${name} is no list of rules`, remedy: "write [[rule]], and its keys below" });
      continue;
    }
    for (const [index, given] of value.entries()) {
      const placeOf = (key: string) => read!.placeOf(`rule.${index}.${key}`);
      const rule = readRule(given, placeOf, problems);
      if (rule) rules.push(rule);
    }
  }
  return rules;
}

function readRule(given: unknown, placeOf: (key: string) => string, problems: ConfigProblem[]): UserRule | undefined {
  const before = problems.length;
  const report = (key: string, message: string, remedy: string) =>
    void problems.push({ place: placeOf(key), message, remedy });
  const values = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(KEYS, name)) {
      const known = Object.keys(KEYS);
      const close = nearest(name, known);
      report(name, `${name} is no part of a rule`, close ? `did you mean ${close}?` : `there are ${known.join(", ")}`);
    } else if (!KEYS[name as keyof UserRule].schema.safeParse(value).success) {
      const shown = JSON.stringify(value)?.slice(0, 80);
      report(name, `${name} cannot be ${shown}`, `give ${KEYS[name as keyof UserRule].allowed}`);
    }
  }
  if ((values.command === undefined) === (values.pattern === undefined)) {
    report("command", "a rule has either a command or a pattern", 'give one of them, e.g. command = "AT+X=1"');
  }
  if (problems.length > before) return undefined;
  const { pattern, ...rest } = values as Partial<Omit<UserRule, "pattern">> & { readonly pattern?: string };
  return {
    ...RULE_DEFAULTS,
    command: undefined,
    ...rest,
    pattern: pattern === undefined ? undefined : patternOf(pattern),
  };
}

/** The whole command has to fit, in any case. */
const patternOf = (text: string): RegExp => new RegExp(`^(?:${text})$`, "i");

function isPattern(text: string): boolean {
  try {
    return patternOf(text) !== undefined;
  } catch {
    return false;
  }
}
