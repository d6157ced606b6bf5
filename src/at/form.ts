/** One command of a line: its row in the table, the form that was asked for, and the answer. */
import type { Answer, CommandContext, CommandDefinition, ErrorStyle, Parameter } from "#at/command";
import { CommandError } from "#at/result";
import { endStatement, parseArguments, readToken, type Statement } from "#at/syntax";

export type CommandTable = ReadonlyMap<string, CommandDefinition>;

/** @throws Error when two rows have one name. */
export function createCommandTable(commands: readonly CommandDefinition[]): CommandTable {
  const table = new Map<string, CommandDefinition>();
  for (const command of commands) {
    if (table.has(command.name)) throw new Error(`command table: ${command.name} twice`);
    table.set(command.name, command);
  }
  return table;
}

/** A command found, understood and not yet run. */
export interface Call {
  readonly run: (context: CommandContext) => Answer;
  /** Where the next command of the line begins. */
  readonly next: number;
}

/**
 * Finds the form and reads its values.
 * @throws CommandError for a form the row does not have; CmeError(50) for values that do not fit.
 */
export function resolve(command: CommandDefinition, line: string, statement: Statement): Call {
  const { form, at } = statement;
  if (form === "write") {
    if (statement.basic) return resolveNumber(command, line, at);
    return command.subcommands ? resolveFamily(command, line, at) : resolveWrite(command, line, at, true);
  }
  const run = form === "test" ? testForm(command) : command[form];
  if (!run) throw new CommandError(`${command.name}: no ${form} form`);
  return { run, next: endStatement(line, statement, at) };
}

function resolveWrite(command: CommandDefinition, line: string, at: number, any: boolean): Call {
  const { write } = command;
  if (!write) throw new CommandError(`${command.name}: no write form`);
  const { values, end } = parseArguments(command.parameters ?? [], line, at, any);
  const next = endStatement(line, { basic: false }, end);
  return { run: (context) => write(context, values as never), next };
}

/** A row of a family, by its name in any case. */
function memberOf({ subcommands }: CommandDefinition, name: string): CommandDefinition | undefined {
  const key = name.toLowerCase();
  return subcommands && Object.hasOwn(subcommands, key) ? subcommands[key] : undefined;
}

/** How the failures of a command look: as its own row says, else as its family's does. */
export function errorsOf(command: CommandDefinition, line: string, { at }: Statement): ErrorStyle {
  const name = command.subcommands && /^ *"([^"]*)"/.exec(line.slice(at))?.[1];
  return (name && memberOf(command, name)?.errors) || (command.errors ?? "cme");
}

function resolveFamily(family: CommandDefinition, line: string, at: number): Call {
  const name = readToken(line, at);
  const command = name.quoted ? memberOf(family, name.text) : undefined;
  if (!command) throw new CommandError(`${family.name}: no such function`);
  if (line[name.end] === ",") return resolveWrite(command, line, name.end + 1, true);
  const run = command.read ?? command.execute;
  if (!run) return resolveWrite(command, line, name.end, false);
  return { run, next: endStatement(line, { basic: false }, name.end) };
}

/** ATX<n>: the digits right behind the name; ATD: the rest of the line. */
function resolveNumber(command: CommandDefinition, line: string, at: number): Call {
  const { write, parameters } = command;
  const parameter = parameters?.[0];
  if (write && parameter?.rest) {
    const values = { [parameter.name]: parameter.parse(line.slice(at).trimEnd(), false) };
    return { run: (context) => write(context, values as never), next: line.length };
  }
  const digits = /^\d+/.exec(line.slice(at, at + 16))?.[0] ?? "";
  if (!write || !parameter) throw new CommandError(`${command.name}: takes no number`);
  const values = { [parameter.name]: parameter.parse(digits, false) };
  return { run: (context) => write(context, values as never), next: at + digits.length };
}

/** The ranges of a row's values, e.g. "(0-2),<apn>[,<user>]". */
export function formatRanges(parameters: readonly Parameter[]): string {
  let text = "";
  let open = 0;
  for (const [index, { optional, range }] of parameters.entries()) {
    const comma = index > 0 ? "," : "";
    if (optional && range.startsWith("<")) {
      text += `[${comma}${range}`;
      open++;
    } else {
      text += comma + range;
    }
  }
  return text + "]".repeat(open);
}

function testForm(command: CommandDefinition): ((context: CommandContext) => Answer) | undefined {
  const { name, test, parameters = [], subcommands } = command;
  if (test === false) return undefined;
  if (typeof test === "function") return test;
  if (subcommands) {
    const lines = Object.entries(subcommands).map(([key, each]) =>
      each.parameters?.length ? `${name}: "${key}",${formatRanges(each.parameters)}` : `${name}: "${key}"`,
    );
    return () => lines;
  }
  return () => (parameters.length > 0 ? [`${name}: ${formatRanges(parameters)}`] : []);
}
