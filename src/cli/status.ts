/** `bg96 status`: what a daemon is doing. */
import { findDaemon } from "#cli/daemon";
import { NOT_RUNNING } from "#cli/failure";
import { namedRunDirectory, type Surroundings } from "#cli/run-directory";
import type { OperatorStatus } from "#control/operator";
import { askControlSocket } from "#control/socket";
import { systemClock } from "#runtime";

export async function status(name: string, json: boolean, surroundings: Surroundings): Promise<number> {
  const directory = namedRunDirectory(name, surroundings);
  const record = findDaemon(directory);
  if (!record) {
    process.stdout.write(json ? `${JSON.stringify({ name, running: false })}\n` : `${name}: not running\n`);
    return NOT_RUNNING;
  }
  let known: OperatorStatus | undefined;
  let trouble: string | undefined;
  try {
    const answer = await askControlSocket(directory.control, { do: "status" }, systemClock);
    if (answer.ok) known = answer.status;
    else trouble = answer.error;
  } catch (error) {
    trouble = (error as Error).message;
  }
  if (json) {
    const state = { name, running: true, pid: record.pid, ...known, ...(trouble !== undefined && { trouble }) };
    process.stdout.write(`${JSON.stringify(state)}\n`);
  } else {
    process.stdout.write(`${name}: running, process ${record.pid}\n`);
    const lines = known ? describeStatus(known, systemClock.now()) : [["trouble", trouble ?? ""]];
    for (const [title = "", text = ""] of lines) process.stdout.write(`${title.padEnd(12)}${text}\n`);
  }
  return 0;
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
