/** A command line's text taken apart, one command at a time from the left (ITU-T V.250 §5.3-5.4, 3GPP TS 27.007 §4). */
import type { Parameter } from "#at/command";
import { CmeError, CommandError } from "#at/result";

export type FormName = "test" | "read" | "write" | "execute";

export interface Statement {
  /** As in the table: "+CSQ", "E", "&F", "S3". */
  readonly name: string;
  readonly form: FormName;
  /** Where the values of a write begin; a basic command's number stands there. */
  readonly at: number;
  /** A basic command ends with its number; others end at `;` or at the end of the line. */
  readonly basic: boolean;
}

/** V.250 §5.4.1: what may stand in an extended command's name. */
const NAME_CHARACTER = /[A-Za-z0-9!%\-./:_]/;

const skipSpaces = (line: string, at: number) => {
  let next = at;
  while (line[next] === " ") next++;
  return next;
};

/** @returns the index past the digits at `at`; spaces are not part of a number. */
const skipDigits = (line: string, at: number) => {
  let next = at;
  while (/\d/.test(line[next] ?? "")) next++;
  return next;
};

/**
 * @returns the command that begins at `at`; undefined at the end of the line.
 * @throws CommandError when no command can begin there.
 */
export function nextStatement(line: string, at: number): Statement | undefined {
  let start = skipSpaces(line, at);
  while (line[start] === ";") start = skipSpaces(line, start + 1);
  const character = line[start];
  if (character === undefined) return undefined;
  if (character === "+") return extendedStatement(line, start);
  return basicStatement(line, start);
}

function extendedStatement(line: string, start: number): Statement {
  let name = "+";
  let at = start + 1;
  for (; at < line.length; at++) {
    if (line[at] === " ") continue; // V.250 §5.2.1: spaces are ignored outside values
    if (!NAME_CHARACTER.test(line[at]!)) break;
    name += line[at]!.toUpperCase();
  }
  const statement = (form: FormName, from: number): Statement => ({ name, form, at: from, basic: false });
  if (line[at] === "?") return statement("read", at + 1);
  if (line[at] !== "=") return statement("execute", at);
  const value = skipSpaces(line, at + 1);
  if (line[value] === "?") return statement("test", value + 1);
  return statement("write", at + 1);
}

function basicStatement(line: string, start: number): Statement {
  let name = line[start]!.toUpperCase();
  let at = skipSpaces(line, start + 1);
  if (name === "&") {
    name += (line[at] ?? "").toUpperCase();
    at = skipSpaces(line, at + 1);
  }
  if (!/^&?[A-Z]$/.test(name)) throw new CommandError(`no command begins with ${JSON.stringify(line[start])}`);
  // V.250 §6.3.1: the dial string is the rest of the line
  if (name === "D") return { name, form: "write", at, basic: true };
  if (name === "S") {
    // V.250 §5.3.2: ATS<n>?, ATS<n>=<value>
    const end = skipDigits(line, at);
    name += String(Number(line.slice(at, end) || "0"));
    at = skipSpaces(line, end);
    if (line[at] === "?") return { name, form: "read", at: at + 1, basic: true };
    if (line[at] === "=") return { name, form: "write", at: skipSpaces(line, at + 1), basic: true };
    return { name, form: "execute", at, basic: true };
  }
  return { name, form: skipDigits(line, at) > at ? "write" : "execute", at, basic: true };
}

/** @returns where the next command begins. @throws CommandError when something else stands there. */
export function endStatement(line: string, statement: Pick<Statement, "basic">, at: number): number {
  if (statement.basic) return at;
  const end = skipSpaces(line, at);
  if (end < line.length && line[end] !== ";") throw new CommandError("text after the command");
  return end;
}

/** A value as it stands on the line. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
  /** Past the value. */
  readonly end: number;
}

/** @throws CommandError on a missing closing quote. */
export function readToken(line: string, at: number, rest = false): Token {
  const start = skipSpaces(line, at);
  if (line[start] === '"') {
    for (let close = line.indexOf('"', start + 1); close >= 0; close = line.indexOf('"', close + 1)) {
      const end = skipSpaces(line, close + 1);
      const atEnd = end >= line.length || line[end] === ";";
      if (atEnd || !rest) return { text: line.slice(start + 1, close), quoted: true, end };
      // Data may have quotes of its own: only one that ends the command closes it.
    }
    throw new CommandError("no closing quote");
  }
  if (rest) return { text: line.slice(at), quoted: false, end: line.length };
  let end = start;
  while (end < line.length && !",;".includes(line[end]!)) end++;
  return { text: line.slice(start, end).trimEnd(), quoted: false, end };
}

export interface ParsedArguments {
  readonly values: Readonly<Record<string, unknown>>;
  /** Past the last value. */
  readonly end: number;
}

/**
 * Reads the values of a write from `at` by the command's grammar; `any` tells whether there are values at all.
 * @throws CmeError(50) when one is missing, left over or does not fit.
 */
export function parseArguments(
  parameters: readonly Parameter[],
  line: string,
  at: number,
  any: boolean,
): ParsedArguments {
  const values: Record<string, unknown> = {};
  let end = at;
  let more = any;
  for (const parameter of parameters) {
    if (!more) {
      if (!parameter.optional) throw new CmeError(50, `${parameter.name} is missing`);
      values[parameter.name] = undefined;
      continue;
    }
    const token = readToken(line, end, parameter.rest);
    if (token.text === "" && !token.quoted) {
      if (!parameter.optional) throw new CmeError(50, `${parameter.name} is missing`);
      values[parameter.name] = undefined;
    } else {
      values[parameter.name] = parameter.parse(token.text, token.quoted);
    }
    more = line[token.end] === ",";
    end = more ? token.end + 1 : token.end;
  }
  if (more) throw new CmeError(50, "too many values");
  return { values, end };
}
