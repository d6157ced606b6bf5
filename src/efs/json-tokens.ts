/** JSON's tokens with their places (RFC 8259 §2-§7); JSON.parse gives no columns and takes no half-closed text. */

export type TokenKind = "{" | "}" | "[" | "]" | "," | ":" | "string" | "number" | "boolean" | "null" | "bad" | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly value: string | number | boolean | undefined;
  /** As it stands in the text. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
const SPACE = /[ \t\r\n]*/y;
/** What a reader would take for one word, to name it in a message. */
const WORD = /"[^"\r\n]*"?|[^\s{}[\],:"]+|[\s\S]/y;

/** @returns every token, "end" last; a stretch that is no token is one "bad" token. */
export function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? "";
  };
  for (;;) {
    at += match(SPACE).length;
    if (at >= text.length) break;
    const token = match(TOKEN);
    const source = token || match(WORD);
    tokens.push({ ...classify(token), source, start: at, end: at + source.length });
    at += source.length;
  }
  tokens.push({ kind: "end", value: undefined, source: "", start: at, end: at });
  return tokens;
}

function classify(token: string): { kind: TokenKind; value: string | number | boolean | undefined } {
  if (token === "") return { kind: "bad", value: undefined };
  if (token === "null") return { kind: "null", value: undefined };
  if ("{}[],:".includes(token)) return { kind: token as TokenKind, value: undefined };
  const value = JSON.parse(token) as string | number | boolean;
  return { kind: typeof value as TokenKind, value };
}
