/** How an AT command is written down: one table row with a parameter grammar and up to four forms (3GPP TS 27.007 §4). */

import type { Host } from "#at/host";
import type { Session } from "#at/session";
import type { DataPort } from "#at/terminal/data-port";
import type { Multiplexing } from "#at/terminal/multiplexing";
import type { Spelling } from "#config/spelling";

/** Information lines; a promise holds the line until it settles. The final OK is the interpreter's. */
export type Answer = readonly string[] | Promise<readonly string[]>;

export interface CommandContext extends Host {
  readonly session: Session;
  /** Raw bytes in the middle of the answer. */
  readonly data: DataPort;
  readonly spelling: Spelling;
  readonly multiplexing?: Multiplexing | undefined;
  /** Once the line has ended with OK, what the host sends goes to whomever `successor` names. */
  readonly passOn: (successor: () => (bytes: Buffer) => void) => void;
}

/** A parameter's grammar. `T` is what a form receives. */
export interface Parameter<Name extends string = string, T = unknown> {
  readonly name: Name;
  readonly optional: boolean;
  /** Unquoted text runs to the end of the line, commas and semicolons included; only the last parameter may. */
  readonly rest?: boolean;
  /** @returns the value. @throws CmeError(50) when the text does not fit; `quoted` tells whether it stood in double quotes. */
  parse(text: string, quoted: boolean): T;
  /** Its range in the test form's answer, e.g. "(0-2)". */
  readonly range: string;
}

export type Arguments<P extends readonly Parameter[]> = {
  [Each in P[number] as Each["name"]]: Each extends Parameter<string, infer T> ? T : never;
};

/** A form the row does not have is refused with a bare ERROR. */
export interface Forms<P extends readonly Parameter[]> {
  /** AT+X=? ; "ranges" builds `+X: (..),(..)` from the grammar, false refuses the form. Default "ranges" if there are parameters, else bare OK. */
  readonly test?: false | "ranges" | ((context: CommandContext) => Answer);
  /** AT+X? ; of a subcommand: AT+X="name" without more. */
  readonly read?: (context: CommandContext) => Answer;
  /** AT+X=… ; of a basic command: ATX<n>. A subcommand without read and execute is written without values too. */
  readonly write?: (context: CommandContext, args: Arguments<P>) => Answer;
  /** AT+X ; of a subcommand without read: AT+X="name". */
  readonly execute?: (context: CommandContext) => Answer;
}

/**
 * How failures look: `+CME ERROR` as AT+CMEE says; a bare ERROR whatever it says; the same, with AT+QIGETERROR telling
 * the reason afterwards; `+CMS ERROR` (3GPP TS 27.005 §3.2.5); `+CME ERROR` with a number of the family's own for values
 * that do not fit; "client" is a bare ERROR unless the dialect has it otherwise.
 */
export type ErrorStyle = "cme" | "bare" | "tcpip" | "cms" | "gnss" | "file" | "client";

export interface CommandDefinition<P extends readonly Parameter[] = readonly Parameter[]> extends Forms<P> {
  /** With its prefix, in upper case: "+CEREG", "I", "&F", "S3"; a subcommand's in lower case: "nwscanmode". */
  readonly name: string;
  readonly title: string;
  /** Where it is defined. */
  readonly spec: string;
  readonly parameters?: P;
  /** A family such as AT+QCFG="…": the first parameter names a row of the same shape, one level down; keys in lower case. */
  readonly subcommands?: Readonly<Record<string, CommandDefinition>>;
  /** A family's holds for those of its subcommands that have none of their own; default "cme". */
  readonly errors?: ErrorStyle;
}

export function defineCommand<const P extends readonly Parameter[] = readonly []>(
  definition: CommandDefinition<P>,
): CommandDefinition {
  return definition as unknown as CommandDefinition;
}
