/** The command table as reference data: what the documentation and `--help` print. */
import type { CommandDefinition } from "#at/command";

export interface CommandReference {
  /** "AT+CEREG", "AT&W", `AT+QCFG="band"`. */
  readonly command: string;
  readonly title: string;
  readonly spec: string;
  /** As typed, e.g. ["AT+CEREG=?", "AT+CEREG?", "AT+CEREG=<n>"]. */
  readonly forms: readonly string[];
  /** The values of the write form that have a range, e.g. "<n> (0-2,4)"; the others are free text. */
  readonly values: string;
}

/** `<cid>[,<type>[,<apn>]]` */
function formatNames(command: CommandDefinition): string {
  let text = "";
  let open = 0;
  for (const [index, { name, optional }] of (command.parameters ?? []).entries()) {
    const comma = index > 0 ? "," : "";
    text += optional ? `[${comma}<${name}>` : `${comma}<${name}>`;
    if (optional) open++;
  }
  return text + "]".repeat(open);
}

/** "<mode> (0-2), <bfr> (0,1)" */
const formatValues = ({ parameters = [] }: CommandDefinition): string =>
  parameters.flatMap(({ name, range }) => (range.startsWith("<") ? [] : [`<${name}> ${range}`])).join(", ");

function formsOf(command: CommandDefinition): readonly string[] {
  const at = `AT${command.name}`;
  const extended = command.name.startsWith("+");
  const register = /^S\d/.test(command.name);
  return [
    ...(extended && command.test !== false ? [`${at}=?`] : []),
    ...(command.read ? [`${at}?`] : []),
    ...(command.write ? [`${at}${extended || register ? "=" : ""}${formatNames(command)}`] : []),
    ...(command.execute ? [at] : []),
  ];
}

function subcommandForms(family: CommandDefinition, key: string, command: CommandDefinition): readonly string[] {
  const at = `AT${family.name}="${key}"`;
  const names = formatNames(command);
  const alone = command.read ?? command.execute;
  return [...(alone ? [at] : []), ...(command.write ? [names === "" ? at : `${at},${names}`] : [])];
}

/** @returns one entry a command and one a subcommand, in the order of the table. */
export function commandReference(commands: readonly CommandDefinition[]): readonly CommandReference[] {
  return commands.flatMap((command) => {
    const { name, title, spec, subcommands = {} } = command;
    const own = { command: `AT${name}`, title, spec, forms: formsOf(command), values: formatValues(command) };
    const functions = Object.entries(subcommands).map(([key, each]) => ({
      command: `AT${name}="${key}"`,
      title: each.title,
      spec: each.spec,
      forms: subcommandForms(command, key, each),
      values: formatValues(each),
    }));
    return [own, ...functions];
  });
}
