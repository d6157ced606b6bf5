/** `bg96 get`: how the knobs of a running modem stand, written as `bg96 set` takes them. */
import { askModem } from "#cli/contact";
import { CliError, UsageError } from "#cli/failure";
import type { Surroundings } from "#cli/run-directory";
import { modemNamed, noSuchSetting } from "#cli/settings";
import { KNOBS } from "#control/knobs";
import { systemClock } from "#runtime";

/** @param words an optional NAME, then settings such as "battery.percent"; none = all. */
export async function get(
  words: readonly string[],
  runDirectory: string | undefined,
  json: boolean,
  surroundings: Surroundings,
): Promise<number> {
  const named = words[0] !== undefined && !Object.hasOwn(KNOBS, words[0]) && runDirectory === undefined;
  const wanted = named ? words.slice(1) : words;
  const unknown = wanted.filter((path) => !Object.hasOwn(KNOBS, path));
  if (unknown.length > 0) throw new UsageError(unknown.map(noSuchSetting).join("\n"), "bg96 get shows all there are");
  const directory = modemNamed(named ? words[0] : undefined, runDirectory, surroundings);
  const answer = await askModem(directory, { do: "get" }, systemClock);
  if (!answer.ok) throw new CliError(`${directory.name}: ${answer.error}`);
  const found = Object.entries(answer.values ?? {}).filter(([path]) => wanted.length === 0 || wanted.includes(path));
  const lines = json ? [JSON.stringify(Object.fromEntries(found))] : found.map(([path, value]) => `${path}=${value}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
