/** `bg96 at`: command lines to a modem's port, for scripts and at a prompt. */
import { createInterface } from "node:readline";
import { atPrompt, sendLines } from "#cli/at";
import { ttyOf } from "#cli/contact";
import { CliError, NOT_IN_TIME, UsageError } from "#cli/failure";
import type { Surroundings } from "#cli/run-directory";
import { systemClock } from "#runtime";

export interface AtCommand {
  /** None = those on standard input, or a prompt on a terminal. */
  readonly lines: readonly string[];
  /** undefined = that of the daemon `name`. */
  readonly tty: string | undefined;
  readonly name: string;
  readonly timeoutS: number;
  /** Whether an ERROR leaves the other lines to be sent. */
  readonly keepGoing: boolean;
}

/** @throws UsageError, PortError, and CliError when no final result comes */
export async function atCommand(command: AtCommand, surroundings: Surroundings): Promise<number> {
  const { name, timeoutS, keepGoing } = command;
  const lines = command.lines.length > 0 || process.stdin.isTTY ? command.lines : await readStandardInput();
  const tty = command.tty ?? (await ttyOf(name, surroundings, systemClock));
  if (lines.length === 0) {
    await atPrompt({ tty, clock: systemClock });
    return 0;
  }
  const outcome = await sendLines({ tty, lines, timeoutMs: timeoutS * 1000, keepGoing, clock: systemClock });
  if (outcome !== NOT_IN_TIME) return outcome;
  throw new CliError(
    `${tty}: no answer within ${timeoutS} s`,
    "--timeout 180 for a slow command; the modem is silent while it is off or after ATQ1",
    NOT_IN_TIME,
  );
}

async function readStandardInput(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== "") lines.push(line.trim());
  if (lines.length === 0) {
    throw new UsageError(
      "at: no lines to send",
      "give some, such as: bg96 at ATI; there were none on standard input either",
    );
  }
  return lines;
}
