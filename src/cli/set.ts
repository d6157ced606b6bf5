/** `bg96 set`: turns knobs of a running modem through its control socket. */
import { findDaemon } from "#cli/daemon";
import { CliError, FAILED, notRunning, UsageError } from "#cli/failure";
import { DEFAULT_NAME, namedRunDirectory, runDirectoryAt, type Surroundings } from "#cli/run-directory";
import { type OperatorRequest, POWER_ORDERS } from "#control/operator";
import { askControlSocket } from "#control/socket";
import { systemClock } from "#runtime";

/** @param words an optional NAME, then settings such as "battery.percent=42" or "power=restart". */
export async function set(
  words: readonly string[],
  runDirectory: string | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const [first = "", ...others] = words;
  const named = !first.includes("=");
  const settings = named ? others : words;
  if (settings.length === 0) throw new UsageError("set: nothing to set", "give settings such as battery.percent=42");
  if (named && runDirectory !== undefined) throw new UsageError("set: takes a NAME or --run-dir, not both");
  const requests = settings.map(parseSetting);
  const directory =
    runDirectory === undefined
      ? namedRunDirectory(named ? first : DEFAULT_NAME, surroundings)
      : runDirectoryAt(runDirectory);
  if (!findDaemon(directory)) throw notRunning(directory.name, runDirectory === undefined ? undefined : "bg96 run");
  /** @returns whether all were taken */
  const askAll = async (wanted: readonly OperatorRequest[]): Promise<boolean> => {
    let taken = true;
    for (const request of wanted) {
      const answer = await askControlSocket(directory.control, request, systemClock).catch((error: Error) => {
        throw new CliError(error.message, "is the modem running?");
      });
      if (answer.ok) continue;
      taken = false;
      process.stderr.write(`${answer.error}\n`);
    }
    return taken;
  };
  // all of them or none: one that would be refused keeps the others from being done
  const checks = requests.flatMap((each) => (each.do === "set" ? [{ ...each, check: true }] : []));
  return (await askAll(checks)) && (await askAll(requests)) ? 0 : FAILED;
}

/** @throws UsageError */
export function parseSetting(text: string): OperatorRequest {
  const [, path = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === "") throw new UsageError(`set: "${text}" is not a setting`, "write it as battery.percent=42");
  if (path === "power") {
    const how = POWER_ORDERS.find((order) => order === value);
    if (!how) throw new UsageError(`power: takes ${POWER_ORDERS.join(", ")}`);
    return { do: "power", how };
  }
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value);
  return {
    do: "set",
    path,
    value: isNumber ? Number(value) : value === "true" ? true : value === "false" ? false : value,
  };
}
