/** Where in a TOML text each key stands; smol-toml tells it of syntax errors only. */

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const KEY = /[ \t]*(?:"((?:\\.|[^"\\\n])*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*(\.?)/y;
const VALUE_PIECE = /"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\s\S]/y;

/**
 * @param text TOML without syntax errors.
 * @returns the places of tables and keys by dotted path, "rule.0.answer" in the first [[rule]]; of an inline table only its
 *   own key.
 */
export function locateKeys(text: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found;
  };
  const readPath = (): readonly string[] => {
    const path: string[] = [];
    for (let key = match(KEY); key; key = key[4] === "." ? match(KEY) : null) path.push(key[1] ?? key[2] ?? key[3]!);
    return path;
  };
  const skipValue = () => {
    let depth = 0;
    for (let piece = match(VALUE_PIECE); piece; piece = match(VALUE_PIECE)) {
      if ("[{".includes(piece[0])) depth++;
      if ("]}".includes(piece[0])) depth--;
      if (piece[0] === "\n" && depth <= 0) return;
    }
  };
  let table: readonly string[] = [];
  const elements = new Map<string, number>();
  /** The path of one more element of an array of tables. */
  const nextElement = (path: readonly string[]): readonly string[] => {
    const index = elements.get(path.join(".")) ?? 0;
    elements.set(path.join("."), index + 1);
    return [...path, String(index)];
  };
  for (match(BLANK); at < text.length; match(BLANK)) {
    const start = at;
    const brackets = /^\[{0,2}/.exec(text.slice(at, at + 2))![0];
    at += brackets.length;
    const path = readPath();
    if (brackets) table = brackets === "[[" ? nextElement(path) : path;
    for (const each of brackets ? [path, table] : [[...table, ...path]]) {
      if (!places.has(each.join("."))) places.set(each.join("."), placeOf(text, start));
    }
    skipValue();
    if (at === start) at++;
  }
  return places;
}

function placeOf(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}
