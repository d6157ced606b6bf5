/** `bg96 list`: the modems of this user that run. */
import { asJson, findModem } from "#cli/contact";
import { listRunDirectories, type Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

export async function list(json: boolean, surroundings: Surroundings): Promise<number> {
  const all = await Promise.all(listRunDirectories(surroundings).map((each) => findModem(each, systemClock)));
  const running = all.filter(({ pid }) => pid !== undefined);
  const rows = running.map(({ name, pid, status, trouble }) => [
    name,
    `process ${pid}`,
    status?.tty ?? "",
    trouble ?? (status?.registered ? "registered" : "not registered"),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = json
    ? running.map(asJson)
    : rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   "));
  if (running.length === 0 && !json) lines.push("no modem runs");
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}
