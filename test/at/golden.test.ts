/** Transcripts of the AT port: every form of every command has one. */
import { describe, expect, it } from "vitest";
import type { CommandDefinition } from "#at/command";
import { commandTable } from "#at/commands";
import { nextStatement, readToken } from "#at/syntax";
import { readTranscripts, replay } from "../support/transcript.ts";

const transcripts = readTranscripts();
const FAILURE = /^(ERROR|NO CARRIER|\+CM[ES] ERROR: .*)$/;

describe("the transcripts", () => {
  for (const { name, lines } of transcripts) {
    it(`${name}: the module answers as written`, async () => {
      expect(await replay(lines)).toEqual(lines);
    });
  }
});

/** "+CSQ execute", `+QCFG="band" write`. */
type Form = string;

const alone = (command: CommandDefinition) => command.read ?? command.execute;

function formsOf(command: CommandDefinition): readonly Form[] {
  const { name, test, read, write, execute, subcommands = {} } = command;
  const own = [
    ...(name.startsWith("+") && test !== false ? ["test"] : []),
    ...(read ? ["read"] : []),
    ...(write ? ["write"] : []),
    ...(execute ? ["execute"] : []),
  ];
  const functions = Object.entries(subcommands).flatMap(([key, each]) => [
    ...(alone(each) ? [`${name}="${key}" alone`] : []),
    ...(each.write ? [`${name}="${key}" write`] : []),
  ]);
  return [...own.map((form) => `${name} ${form}`), ...functions];
}

/** The form that a typed line begins with. */
function formOf(line: string, table: ReadonlyMap<string, CommandDefinition>): Form | undefined {
  const statement = /^AT/i.test(line) ? nextStatement(line.slice(2), 0) : undefined;
  const command = statement && table.get(statement.name);
  if (!command) return undefined;
  if (statement.form !== "write" || !command.subcommands) return `${command.name} ${statement.form}`;
  const { text, end } = readToken(line.slice(2), statement.at);
  const key = text.toLowerCase();
  const each = command.subcommands[key];
  const isAlone = line.slice(2)[end] !== "," && each && alone(each);
  return `${command.name}="${key}" ${isAlone ? "alone" : "write"}`;
}

const commands = commandTable();
const table = new Map(commands.map((each) => [each.name, each]));

/** Forms with the answers they get: whether any of them is more than a failure. */
const shown = new Map<Form, boolean>();
for (const { lines } of transcripts) {
  for (const [index, line] of lines.entries()) {
    const form = line.startsWith("> ") ? formOf(line.slice(2), table) : undefined;
    if (form === undefined) continue;
    const following = lines.slice(index + 1);
    const answer = following.slice(
      0,
      following.findIndex((each) => /^(OK|CONNECT.*|> .*|>> .*)$/.test(each) || FAILURE.test(each)) + 1,
    );
    shown.set(form, (shown.get(form) ?? false) || !FAILURE.test(answer.at(-1) ?? ""));
  }
}

describe("every command", () => {
  const forms = commands.flatMap(formsOf);

  it("has a transcript of each of its forms", () => {
    expect(forms.filter((form) => !shown.has(form))).toEqual([]);
  });

  it("succeeds in one of them, but for those that never do", () => {
    expect(forms.filter((form) => shown.get(form) === false)).toEqual(["D write", "O write", "O execute"]);
  });
});

/** Lines that a host program takes a refusal of. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  modemmanager: ["AT+WS46=?", "AT+CMER=3,0,0,1", "ATD*99***1#"],
};

describe("start-up scripts of host programs", () => {
  for (const { name, lines } of readTranscripts("hosts")) {
    it(`${name} completes`, async () => {
      const played = await replay(lines);
      expect(played).toEqual(lines);
      const refused = played.flatMap((line, index) => {
        if (!FAILURE.test(line)) return [];
        return [
          played
            .slice(0, index)
            .findLast((each) => each.startsWith("> "))
            ?.slice(2),
        ];
      });
      expect(refused).toEqual(REFUSED[name] ?? []);
    });
  }
});
