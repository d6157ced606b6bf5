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
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
const PUNCTUATION = "{}[],:";
const SPACE = " \t\r\n";
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
  for (; at < text.length; ) {
    const first = text[at]!;
    if (SPACE.includes(first)) {
      at++;
      continue;
    }
    if (PUNCTUATION.includes(first)) {
      tokens.push({ kind: first as TokenKind, value: undefined, source: first, start: at, end: ++at });
      continue;
    }
    const token = match(TOKEN);
    const source = token || match(WORD);
    const value = decodedValue(token);
    tokens.push({ kind: kindOf(token, value), value, source, start: at, end: at + source.length });
    at += source.length;
  }
  tokens.push({ kind: "end", value: undefined, source: "", start: at, end: at });
  return tokens;
}

function decodedValue(token: string): string | number | boolean | undefined {
  if (token === "" || token === "null") return undefined;
  // most strings have nothing to unescape
  return token[0] === '"' && !token.includes("\\") ? token.slice(1, -1) : JSON.parse(token);
}

function kindOf(token: string, value: string | number | boolean | undefined): TokenKind {
  if (value === undefined) return token === "" ? "bad" : "null";
  return typeof value as TokenKind;
}
