/** `bg96 commands`: what the AT port understands, generated from its tables. */
import { commandGroups } from "#at/commands";
import { NOT_OFFERED } from "#at/not-offered";
import { type CommandReference, commandReference } from "#at/reference";
import { UsageError } from "#cli/failure";

export interface CommandsOptions {
  /** Part of a command's name or title, or of a heading, in any case. */
  readonly search: string | undefined;
  readonly markdown: boolean;
}

/** @throws UsageError when nothing fits. */
export function commands({ search = "", markdown }: CommandsOptions): number {
  const wanted = search.toLowerCase();
  const fits = (text: string) => text.toLowerCase().includes(wanted);
  const found = commandGroups()
    .map(({ title, commands }) => {
      const rows = commandReference(commands);
      return { title, rows: fits(title) ? rows : rows.filter((row) => fits(row.command) || fits(row.title)) };
    })
    .filter(({ rows }) => rows.length > 0);
  const missing = NOT_OFFERED.map(({ why, commands }) => ({ why, commands: commands.filter(fits) })).filter(
    (group) => group.commands.length > 0,
  );
  if (found.length === 0 && missing.length === 0) {
    throw new UsageError(`commands: none has ${JSON.stringify(search)} in it`, "bg96 commands");
  }
  const lines = markdown ? ["# AT commands"] : [];
  for (const { title, rows } of found) {
    lines.push("", markdown ? `## ${title}` : title, "", ...(markdown ? asMarkdown(rows) : rows.flatMap(asText)));
  }
  if (missing.length > 0) {
    lines.push("", markdown ? "## Not offered" : "Not offered: these are refused", "");
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
    row("command", "title", "forms", "values", "source"),
    row("---", "---", "---", "---", "---"),
    ...found.map(({ command, title, forms, values, spec }) =>
      row(code(command), cell(title), forms.map(code).join("<br>"), code(values), cell(spec)),
    ),
  ];
}
