/** `bg96 commands`: what the AT port understands, generated from its tables. */
import { commandTable } from "#at/commands";
import { NOT_OFFERED } from "#at/not-offered";
import { type CommandReference, commandReference } from "#at/reference";
import { UsageError } from "#cli/failure";

export interface CommandsOptions {
  /** Part of a command's name or title, in any case. */
  readonly search: string | undefined;
  readonly markdown: boolean;
}

/** @throws UsageError when nothing fits. */
export function commands({ search = "", markdown }: CommandsOptions): number {
  const wanted = search.toLowerCase();
  const fits = (text: string) => text.toLowerCase().includes(wanted);
  const found = commandReference(commandTable()).filter(({ command, title }) => fits(command) || fits(title));
  const missing = NOT_OFFERED.map(({ why, commands }) => ({ why, commands: commands.filter(fits) })).filter(
    (group) => group.commands.length > 0,
  );
  if (found.length === 0 && missing.length === 0) {
    throw new UsageError(`commands: none has ${JSON.stringify(search)} in it`, "bg96 commands");
  }
  const lines = markdown ? asMarkdown(found) : found.flatMap(asText);
  if (missing.length > 0) {
    lines.push("", markdown ? "## Not offered" : "Not offered: these answer ERROR", "");
    for (const { why, commands } of missing) {
      const names = commands.map((each) => (markdown ? `\`${each}\`` : each)).join(", ");
      lines.push(markdown ? `- ${why}: ${names}` : `  ${why}: ${names}`);
    }
  }
  process.stdout.write(`${lines.join("\n").trim()}\n`);
  return 0;
}

function asText({ command, title, forms, values, spec }: CommandReference): string[] {
  return [
    `${command}   ${title}`,
    `    forms    ${forms.join("   ")}`,
    ...(values === "" ? [] : [`    values   ${values}`]),
    `    source   ${spec}`,
  ];
}

function asMarkdown(found: readonly CommandReference[]): string[] {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const code = (text: string) => (text === "" ? "" : `\`${cell(text)}\``);
  const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    "# AT commands",
    "",
    row("command", "title", "forms", "values", "source"),
    row("---", "---", "---", "---", "---"),
    ...found.map(({ command, title, forms, values, spec }) =>
      row(code(command), cell(title), forms.map(code).join("<br>"), code(values), cell(spec)),
    ),
  ];
}
