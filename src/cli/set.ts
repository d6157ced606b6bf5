/** `bg96 set`: turns knobs of a running modem through its control socket. */
import { askModem } from "#cli/contact";
import { UsageError } from "#cli/failure";
import type { Surroundings } from "#cli/run-directory";
import { isSetting, modemNamed, noSuchSetting, SETTINGS } from "#cli/settings";
import { type OperatorRequest, POWER_ORDERS } from "#control/operator";
import { systemClock } from "#runtime";

/**
 * @param words an optional NAME, then settings such as "battery.percent=42" or "power=restart".
 * @throws UsageError for what does not fit, before anything is done; CliError
 */
export async function set(
  words: readonly string[],
  runDirectory: string | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const [first = ""] = words;
  const named = words.length > 0 && !first.includes("=") && !isSetting(first);
  const settings = named ? words.slice(1) : words;
  if (settings.length === 0) {
    throw new UsageError("set: nothing to set", "give settings such as battery.percent=42; bg96 get shows them all");
  }
  const refused = (lines: readonly string[]) => new UsageError(lines.join("\n"));
  const requests = settings.map(parseSetting);
  const wrong = requests.filter((each) => typeof each === "string");
  if (wrong.length > 0) throw refused(wrong);
  const directory = modemNamed(named ? first : undefined, runDirectory, surroundings);
  /** @returns what the modem says against it */
  const askAll = async (wanted: readonly OperatorRequest[]): Promise<string[]> => {
    const against: string[] = [];
    for (const request of wanted) {
      const answer = await askModem(directory, request, systemClock);
      if (!answer.ok) against.push(answer.error);
    }
    return against;
  };
  const wanted = together(requests.filter((each) => typeof each !== "string"));
  // all of them or none: one that would be refused keeps the others from being done
  const checks = wanted.flatMap((each) => (each.do === "set" ? [{ ...each, check: true }] : []));
  for (const step of [checks, wanted]) {
    const against = await askAll(step);
    if (against.length > 0) throw refused(against);
  }
  return 0;
}

/** Settings in a row are one request, which the modem takes as one change; the same one again begins another. */
function together(requests: readonly OperatorRequest[]): OperatorRequest[] {
  const joined: OperatorRequest[] = [];
  for (const request of requests) {
    const last = joined.at(-1);
    if (request.do !== "set" || last?.do !== "set") joined.push(request);
    else if (request.settings.some(([path]) => last.settings.some(([other]) => other === path))) joined.push(request);
    else joined[joined.length - 1] = { do: "set", settings: [...last.settings, ...request.settings] };
  }
  return joined;
}

/** @returns the request, or what is wrong with it */
export function parseSetting(text: string): OperatorRequest | string {
  const [, path = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!isSetting(path)) return path === "" ? `${text}: no setting before the "="` : noSuchSetting(path);
  if (value === undefined) return `${path}: no value, write ${path}=VALUE (${SETTINGS[path]})`;
  if (path === "power") {
    const how = POWER_ORDERS.find((order) => order === value);
    return how ? { do: "power", how } : `power: takes ${SETTINGS.power}`;
  }
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value);
  const plain = isNumber ? Number(value) : value === "true" ? true : value === "false" ? false : value;
  return { do: "set", settings: [[path, plain]] };
}
