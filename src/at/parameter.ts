/** The grammar of AT parameters: each builder gives the parser, the type of the argument and the test form's range. */
import type { Parameter } from "#at/command";
import { CmeError } from "#at/result";

const refuse = (name: string, why: string) => new CmeError(50, `${name}: ${why}`);

/** "(0-2)" for three or more in a row, else "(0,1)". */
function formatValues(values: readonly number[]): string {
  const inRow = values.every((value, index) => index === 0 || value === values[index - 1]! + 1);
  return inRow && values.length > 2 ? `(${values[0]}-${values.at(-1)})` : `(${values.join(",")})`;
}

/** A plain decimal number: one of `allowed`, or within `min` to `max`. Leading zeros are taken; quotes are not. */
export function integer<const Name extends string, const Value extends number>(
  name: Name,
  allowed: readonly Value[],
): Parameter<Name, Value>;
export function integer<const Name extends string>(
  name: Name,
  allowed: { readonly min: number; readonly max: number },
): Parameter<Name, number>;
export function integer(
  name: string,
  allowed: readonly number[] | { readonly min: number; readonly max: number },
): Parameter<string, number> {
  const fits = (value: number) =>
    "min" in allowed ? value >= allowed.min && value <= allowed.max : allowed.includes(value);
  return {
    name,
    optional: false,
    range: "min" in allowed ? `(${allowed.min}-${allowed.max})` : formatValues(allowed),
    parse(text, quoted) {
      if (quoted || !/^[+-]?\d{1,15}$/.test(text)) throw refuse(name, "not a number");
      const value = Number(text);
      if (!fits(value)) throw refuse(name, "out of range");
      return value;
    },
  };
}

export interface StringOptions {
  /** Least and most characters; default 0 and 512. */
  readonly min?: number;
  readonly max?: number;
  /** Also without double quotes. */
  readonly bare?: boolean;
  readonly pattern?: RegExp;
  /** In the test form's answer; default `<name>`. */
  readonly range?: string;
}

/** Text in double quotes, case kept. */
export function string<const Name extends string>(name: Name, options: StringOptions = {}): Parameter<Name, string> {
  const { min = 0, max = 512, bare = false, pattern } = options;
  return {
    name,
    optional: false,
    range: options.range ?? `<${name}>`,
    parse(text, quoted) {
      if (!quoted && !bare) throw refuse(name, "not in quotes");
      if (text.length < min || text.length > max) throw refuse(name, `not ${min} to ${max} characters`);
      if (pattern && !pattern.test(text)) throw refuse(name, "malformed");
      return text;
    },
  };
}

/** One of the words, in any case, quoted or bare; the value is the word as listed. */
export function word<const Name extends string, const Word extends string>(
  name: Name,
  words: readonly Word[],
): Parameter<Name, Word> {
  return {
    name,
    optional: false,
    range: `(${words.map((each) => `"${each}"`).join(",")})`,
    parse(text) {
      const found = words.find((each) => each.toLowerCase() === text.toLowerCase());
      if (found === undefined) throw refuse(name, "not one of the words");
      return found;
    },
  };
}

/** Hexadecimal digits in pairs, quoted or bare, as bytes. */
export function hex<const Name extends string>(
  name: Name,
  options: { readonly maxBytes?: number } = {},
): Parameter<Name, Buffer> {
  const { maxBytes = 2048 } = options;
  return {
    name,
    optional: false,
    range: `<${name}>`,
    parse(text) {
      if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) throw refuse(name, "not pairs of hexadecimal digits");
      if (text.length / 2 > maxBytes) throw refuse(name, `longer than ${maxBytes} bytes`);
      return Buffer.from(text, "hex");
    },
  };
}

/** Data of any kind, one character a byte: quoted, or bare to the end of the line. */
export function data<const Name extends string>(
  name: Name,
  options: { readonly maxBytes?: number } = {},
): Parameter<Name, string> {
  return { ...string(name, { bare: true, max: options.maxBytes ?? 2048 }), rest: true };
}

/** May be left out, or left empty between two commas. */
export function optional<const Name extends string, T>(parameter: Parameter<Name, T>): Parameter<Name, T | undefined> {
  return { ...parameter, optional: true };
}
