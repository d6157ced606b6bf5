/** `bg96 status`: what a daemon is doing. */
import { asJson, findModem } from "#cli/contact";
import { NOT_RUNNING } from "#cli/failure";
import type { Surroundings } from "#cli/run-directory";
import { modemNamed } from "#cli/settings";
import type { OperatorStatus } from "#control/operator";
import { systemClock } from "#runtime";

export async function status(
  name: string | undefined,
  runDirectory: string | undefined,
  json: boolean,
  surroundings: Surroundings,
): Promise<number> {
  const found = await findModem(modemNamed(name, runDirectory, surroundings), systemClock);
  const { pid, status: known, trouble } = found;
  const titled = known ? describeStatus(known, systemClock.now()) : trouble === undefined ? [] : [["trouble", trouble]];
  const lines = json
    ? [asJson(found)]
    : [
        `${found.name}: ${pid === undefined ? "not running" : `running, process ${pid}`}`,
        ...titled.map(([title = "", text = ""]) => `${title.padEnd(12)}${text}`),
      ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return pid === undefined ? NOT_RUNNING : 0;
}

function describeStatus(known: OperatorStatus, nowMs: number): string[][] {
  const { lastEvent, nextUpdateAtMs } = known;
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  return [
    ["tty", known.tty],
    ["endpoint", known.endpoint],
    ["power", known.power],
    ["network", known.network],
    ["registered", known.registered ? "yes" : "no"],
    [
      "last event",
      lastEvent ? `${lastEvent.event},"${lastEvent.name}" ${seconds(nowMs - lastEvent.atMs)} ago` : "none yet",
    ],
    ["next Update", nextUpdateAtMs === undefined ? "none planned" : `in ${seconds(nextUpdateAtMs - nowMs)}`],
    ...known.servers.map(({ shortServerId, uri, state, lifetimeS }) => [
      `server ${shortServerId}`,
      `${uri} ${state}, lifetime ${lifetimeS} s`,
    ]),
  ];
}
