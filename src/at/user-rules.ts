/** Answers that the user gives for AT commands of choice, in place of the module's or where it has none. */
import type { UserRule } from "#config/user-rules";

export interface RuleReply extends Pick<UserRule, "answer" | "result" | "delayMs" | "urcs" | "urcDelayMs"> {
  /** Where the next command of the line begins. */
  readonly next: number;
}

export interface UserRules {
  /** The reply to the command that begins at `at` of a line without its prefix; the first rule that fits has it. */
  take(line: string, at: number): RuleReply | undefined;
}

export function createUserRules(rules: readonly UserRule[]): UserRules {
  const known = rules.map((rule) => ({ rule, key: rule.command === undefined ? undefined : normal(rule.command) }));
  return {
    take(line, at) {
      if (known.length === 0) return undefined;
      const { text, next } = commandAt(line, at);
      if (text === "" && at > 0) return undefined; // the end of the line
      const typed = `AT${text}`;
      const typedKey = normal(typed);
      for (const [index, { rule, key }] of known.entries()) {
        const match = rule.pattern ? rule.pattern.exec(typed) : key === typedKey ? [] : null;
        if (!match) continue;
        if (rule.once) known.splice(index, 1);
        const filled = (lines: readonly string[]) =>
          lines.map((each) =>
            each.replace(/\$([1-9])/g, (whole, group) => (rule.pattern ? (match[group] ?? "") : whole)),
          );
        const { result, delayMs, urcDelayMs } = rule;
        return { answer: filled(rule.answer), urcs: filled(rule.urcs), result, delayMs, urcDelayMs, next };
      }
      return undefined;
    },
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
