/** `bg96 run`: one modem in the foreground. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { openBg96 } from "#bg96";
import { type Running, runToTheEnd } from "#cli/ending";
import { CliError } from "#cli/failure";
import { configOf, warnIn } from "#cli/modem-config";
import type { ModemOptions } from "#cli/modem-options";
import { claimProcessRecord } from "#cli/process-record";
import { createProgramLog } from "#cli/program-log";
import {
  openForegroundDirectory,
  openRunDirectory,
  type RunDirectory,
  runDirectoryAt,
  type Surroundings,
} from "#cli/run-directory";
import type { Config, ConfigProblem } from "#config";
import { createOperator } from "#control/operator";
import { openControlSocket } from "#control/socket";
import { type Runtime, systemClock, systemRandom } from "#runtime";

export interface RunOptions extends ModemOptions {
  /** Set by `start`: the directory to run in, which holds the options too. */
  readonly daemon?: string | undefined;
}

/** A modem in its run directory, with its control socket. */
export interface RunningModem extends Running {
  readonly tty: string;
  readonly tcp: string | undefined;
  readonly nmea: string | undefined;
  readonly qcli: string | undefined;
  readonly endpoint: string;
  readonly control: string;
  onEvent(watcher: (event: number, name: string) => void): () => void;
}

export async function run(options: RunOptions, surroundings: Surroundings): Promise<number> {
  const daemon = options.daemon === undefined ? undefined : runDirectoryAt(options.daemon);
  const warnings: ConfigProblem[] = [];
  const config = configOf(daemon ? readOptions(daemon) : options, (warning) => warnings.push(warning));
  const log = createProgramLog(config.log.level, process.stderr.isTTY ?? false);
  warnings.forEach(warnIn(log));
  const runtime: Runtime = { clock: systemClock, random: systemRandom, log };
  return runToTheEnd(
    async () => {
      const modem = await openRunningModem(config, runtime, surroundings, daemon);
      log.info({ control: modem.control }, "control socket open");
      const { tty, endpoint, tcp, nmea, qcli } = modem;
      const others = Object.entries({ tcp, nmea, qcli }).map(([name, place]) => (place ? ` ${name}=${place}` : ""));
      process.stdout.write(`READY tty=${tty} endpoint=${endpoint}${others.join("")}\n`);
      return modem;
    },
    { clock: systemClock, log, signals: process },
  );
}

/** @param daemon the directory that `start` made; otherwise the modem takes one of its own, which goes when it ends. */
export async function openRunningModem(
  config: Config,
  runtime: Runtime,
  surroundings: Surroundings,
  daemon?: RunDirectory,
): Promise<RunningModem> {
  const { clock, log } = runtime;
  const directory = daemon
    ? openRunDirectory(daemon, surroundings)
    : openForegroundDirectory(process.pid, surroundings);
  const holder = claimProcessRecord(directory.pid, process.pid);
  if (holder) throw new CliError(`${directory.name}: is running already, as process ${holder.pid}`, "stop it first");
  const removeTraces = () => {
    if (!daemon) rmSync(directory.path, { recursive: true, force: true });
    else for (const path of [directory.control, directory.options, directory.pid]) rmSync(path, { force: true });
  };
  try {
    const bg96 = await openBg96(config, runtime, directory.path);
    const operator = createOperator(bg96, clock, process.pid);
    const control = await openControlSocket(directory.control, operator.answer, log).catch((error) => {
      bg96.kill();
      throw error;
    });
    return {
      tty: bg96.tty,
      tcp: bg96.tcp,
      nmea: bg96.nmea,
      qcli: bg96.qcli,
      endpoint: bg96.client.endpoint,
      control: control.path,
      onEvent: bg96.onEvent,
      async close() {
        await bg96.close();
        operator.close();
        await control.close();
        removeTraces();
      },
      kill() {
        bg96.kill();
        operator.close();
        void control.close();
        removeTraces();
      },
    };
  } catch (error) {
    removeTraces();
    throw error;
  }
}

function readOptions(directory: RunDirectory): ModemOptions {
  if (!existsSync(directory.options)) {
    throw new CliError(`${directory.options}: is missing`, "the option --daemon is for the command start alone");
  }
  return JSON.parse(readFileSync(directory.options, "utf8")) as ModemOptions;
}
