/** Answers that the user gives for AT commands of choice, in place of the module's or where it has none. */
import { createContext, Script } from "node:vm";
import type { UserRule } from "#config/user-rules";
import { type Log, silentLog } from "#runtime";

export interface RuleReply extends Pick<UserRule, "answer" | "result" | "delayMs" | "urcs" | "urcDelayMs"> {
  /** Where the next command of the line begins. */
  readonly next: number;
}

export interface UserRules {
  /** The reply to the command that begins at `at` of a line without its prefix; the first rule that fits has it. */
  take(line: string, at: number): RuleReply | undefined;
}

/** A command that a pattern is still not done with is none of it: nested repetition may take years. */
const PATTERN_LIMIT_MS = 100;
/** So often in a row: a machine that stands still for a moment is no fault of a pattern's. */
const PATTERN_TRIES = 3;

/** The file's UTF-8 as the bytes of a line, latin1 as everywhere in the terminal. */
const bytesOf = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const lineRule = (rule: UserRule) => ({
  ...rule,
  key: rule.command === undefined ? undefined : normal(bytesOf(rule.command)),
  pattern: rule.pattern && new RegExp(bytesOf(rule.pattern.source), rule.pattern.flags),
  answer: rule.answer.map(bytesOf),
  result: bytesOf(rule.result),
  urcs: rule.urcs.map(bytesOf),
});

export function createUserRules(rules: readonly UserRule[], log: Pick<Log, "error"> = silentLog): UserRules {
  const known = rules.map(lineRule);
  /** Of the rule that is looked at. */
  let index = 0;

  const find = (typed: string) => {
    const typedKey = normal(typed);
    for (index = 0; index < known.length; index++) {
      const rule = known[index]!;
      const match = rule.pattern ? rule.pattern.exec(typed) : rule.key === typedKey ? [] : null;
      if (match) return { rule, match };
    }
    return undefined;
  };
  const inTime = known.some(({ pattern }) => pattern) ? createLimit(PATTERN_LIMIT_MS) : undefined;
  const findInTime = (typed: string): ReturnType<typeof find> => {
    if (!inTime) return find(typed);
    for (let tries = 0; tries < PATTERN_TRIES; tries++) {
      const found = inTime(() => find(typed));
      if (found !== "late") return found;
    }
    const [slow] = known.splice(index, 1);
    const pattern = slow?.pattern?.source;
    log.error({ pattern }, "the pattern of a rule takes too long: it is passed over from now on");
    return findInTime(typed);
  };

  return {
    take(line, at) {
      if (known.length === 0) return undefined;
      const { text, next } = commandAt(line, at);
      if (text === "" && at > 0) return undefined; // the end of the line
      const found = findInTime(`AT${text}`);
      if (!found) return undefined;
      const { rule, match } = found;
      if (rule.once) known.splice(index, 1);
      const filled = (lines: readonly string[]) =>
        lines.map((each) =>
          each.replace(/\$([1-9])/g, (whole, group) => (rule.pattern ? (match[group] ?? "") : whole)),
        );
      const { result, delayMs, urcDelayMs } = rule;
      return { answer: filled(rule.answer), urcs: filled(rule.urcs), result, delayMs, urcDelayMs, next };
    },
  };
}

/** Only what runs within a script can be ended from outside. */
function createLimit(limitMs: number) {
  const context = createContext({ task: undefined });
  const script = new Script("task()");
  return <T>(task: () => T): T | "late" => {
    context.task = task;
    try {
      return script.runInContext(context, { timeout: limitMs });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return "late";
      throw error;
    }
  };
}

/** Commands end at a ";" outside quotes. */
function commandAt(line: string, at: number): { readonly text: string; readonly next: number } {
  let start = at;
  while (line[start] === ";" || line[start] === " ") start++;
  let quoted = false;
  let end = start;
  for (; end < line.length && (quoted || line[end] !== ";"); end++) if (line[end] === '"') quoted = !quoted;
  return { text: line.slice(start, end).trimEnd(), next: Math.max(end, 1) }; // an empty line is a command, too, but once
}

/** Outside quotes neither case nor spaces matter. */
const normal = (command: string): string =>
  command
    .split('"')
    .map((part, index) => (index % 2 === 0 ? part.replaceAll(" ", "").toUpperCase() : part))
    .join('"');
