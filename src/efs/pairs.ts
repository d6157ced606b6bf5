/** The `KEY=value` of lwm2m_cfg and carrier_apn_cfg: reading them by a table of keys, and changing them where they stand. */
import { ConfigError } from "#config";
import type { Findings } from "#efs/findings";

export interface Pair {
  readonly key: string;
  readonly value: string;
  /** Offsets into the file's text. */
  readonly keyAt: number;
  readonly valueAt: number;
}

/** What a key may hold; neither `range` nor `oneOf` = the name of an APN. */
export interface KeyRow<Field> {
  readonly key: string;
  readonly field: Field;
  /** What holds when the key is missing. */
  readonly missing: number | string | undefined;
  /** Inclusive bounds of a whole number. */
  readonly range?: readonly [number, number];
  readonly oneOf?: readonly number[];
}

/** Files of some hundred bytes in a module; the rest is room for comments and keys unknown to us. */
export const MAX_BYTES = 16 * 1024;

const KEY = /^(\s*)([A-Za-z0-9_]+)([ \t]*=[ \t]*)/;
/** Printable and without the files' own punctuation; 3GPP TS 23.003 §9.1 allows 100 octets. */
const APN = /^(?!.*\/\*)[!-~]{1,100}$/;
const PUNCTUATION = /[;{}=]/;

/** @returns the pair in text[from, to), undefined if it is none. */
export function readPair(text: string, from: number, to: number): Pair | undefined {
  const stretch = text.slice(from, to).trimEnd();
  const [whole, space, key, equals] = KEY.exec(stretch) ?? [];
  if (whole === undefined || space === undefined || key === undefined || equals === undefined) return undefined;
  const value = stretch.slice(whole.length);
  if (/[\r\n]/.test(value)) return undefined;
  const keyAt = from + space.length;
  return { key, value, keyAt, valueAt: keyAt + key.length + equals.length };
}

/** Fills in what is missing; a later row for the same field wins over an earlier one. Unknown keys are warned of. */
export function readFields<Fields extends object>(
  pairs: readonly Pair[],
  rows: readonly KeyRow<keyof Fields>[],
  findings: Findings,
): Fields {
  const seen = new Set<string>();
  for (const { key, keyAt } of pairs) {
    if (findings.full) break;
    if (seen.has(key)) findings.report(keyAt, `${key} stands twice`, "keep one of the two");
    seen.add(key);
    if (!rows.some((row) => row.key === key)) {
      findings.warn(keyAt, `${key} is no known key: it is kept but not used`, `known: ${listKeys(rows)}`);
    }
  }
  const fields: Partial<Record<keyof Fields, number | string | undefined>> = {};
  for (const row of rows) {
    const pair = pairs.find(({ key }) => key === row.key);
    if (!pair || (pair.value === "" && row.missing === undefined)) {
      if (!(row.field in fields)) fields[row.field] = row.missing;
      continue;
    }
    const wrong = refusal(row, pair.value);
    if (wrong) findings.report(pair.valueAt, wrong.message, wrong.remedy);
    fields[row.field] = isNumeric(row) ? Number(pair.value) : pair.value;
  }
  return fields as Fields;
}

export interface Edit {
  readonly key: string;
  readonly value: string;
}

/** @returns the changes as keys and texts. @throws ConfigError naming the key when a value cannot be kept. */
export function editsOf<Fields extends object>(
  changes: Partial<Fields>,
  rows: readonly KeyRow<keyof Fields>[],
  fileName: string,
): readonly Edit[] {
  const edits: Edit[] = [];
  for (const field of Object.keys(changes) as (keyof Fields)[]) {
    const row = rows.findLast((each) => each.field === field)!;
    const value = String(changes[field] ?? "");
    const wrong = refusal(row, value);
    if (wrong) throw new ConfigError([{ place: `${fileName} ${row.key}`, ...wrong }]);
    edits.push({ key: row.key, value });
  }
  return edits;
}

/**
 * Changes values where they stand and leaves every other byte; keys that are not there are handed to `insert`.
 * @param insert where new lines go, and how one reads.
 */
export function applyEdits(
  text: string,
  pairs: readonly Pair[],
  edits: readonly Edit[],
  insert: { readonly at: number; format(edit: Edit): string },
): string {
  const pieces = edits.map((edit) => {
    const pair = pairs.find(({ key }) => key === edit.key);
    if (!pair) return { from: insert.at, to: insert.at, text: insert.format(edit) };
    return { from: pair.valueAt, to: pair.valueAt + pair.value.length, text: edit.value };
  });
  let at = 0;
  let result = "";
  for (const piece of pieces.sort((a, b) => a.from - b.from)) {
    result += text.slice(at, piece.from) + piece.text;
    at = piece.to;
  }
  return result + text.slice(at);
}

/** The line ending a file uses. */
export const lineEnd = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

export const listKeys = (rows: readonly { readonly key: string }[]): string => rows.map(({ key }) => key).join(", ");

const isNumeric = (row: KeyRow<PropertyKey>) => row.range !== undefined || row.oneOf !== undefined;

function refusal({ key, range, oneOf }: KeyRow<PropertyKey>, value: string) {
  const [least, most] = range ?? [];
  const inRange = least === undefined || most === undefined || (Number(value) >= least && Number(value) <= most);
  const right =
    range || oneOf ? /^\d{1,15}$/.test(value) && inRange && (oneOf?.includes(Number(value)) ?? true) : isApn(value);
  if (right) return undefined;
  const wanted =
    oneOf?.join(" or ") ??
    (range ? `a whole number from ${least} to ${most}` : "1 to 100 letters, digits, dots or hyphens");
  return { message: `${key} cannot be ${JSON.stringify(value.slice(0, 40))}`, remedy: `give ${wanted}` };
}

const isApn = (value: string) => APN.test(value) && !PUNCTUATION.test(value);
