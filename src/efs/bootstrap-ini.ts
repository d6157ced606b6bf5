/**
 * bootstrap.ini: the accounts the module starts with, as several concatenated JSON objects in the form of
 * OMA TS 1.0.2 §6.4.4 (BG96: guide §3.3.1, Table 2).
 */
import type { ConfigProblem } from "#config";
import { createFindings, type Findings, refuseLonger } from "#efs/findings";
import { readTokens, type Token, type TokenKind } from "#efs/json-tokens";

/** Path of a Resource or Resource Instance. */
export interface ResourcePath {
  readonly objectId: number;
  readonly instanceId: number;
  readonly resourceId: number;
  readonly resourceInstanceId?: number;
}

/** v: Integer, Float or Time; bv: Boolean; ov: Objlnk as "10:3"; sv: all else, Opaque as Base64. */
export type BootstrapValue =
  | { readonly kind: "v"; readonly value: number }
  | { readonly kind: "bv"; readonly value: boolean }
  | { readonly kind: "sv" | "ov"; readonly value: string };

export type BootstrapEntry = BootstrapValue & {
  readonly path: ResourcePath;
  /** Base time and time added up, seconds; absent when the file gives neither. */
  readonly timeS?: number;
};

/** One entry and the line and column at which it stands in the file. */
export type BootstrapRecord = BootstrapEntry & { readonly line: number; readonly column: number };

export interface BootstrapIni {
  readonly records: readonly BootstrapRecord[];
  /** Closing braces and brackets that are missing at the end of a sequence. */
  readonly warnings: readonly ConfigProblem[];
}

interface RawEntry {
  readonly start: Token;
  readonly fields: ReadonlyMap<string, Token>;
}

interface Sequence {
  readonly fields: ReadonlyMap<string, Token>;
  readonly entries: readonly RawEntry[] | undefined;
}

/** Ends the reading of one sequence; what follows it is still read, so that every problem is told at once. */
class Fault extends Error {}

const SEQUENCE_KEYS = ["bn", "bt", "e"];
const ENTRY_KEYS = ["n", "t", "v", "bv", "sv", "ov"];
/** Room for some hundred accounts. */
const MAX_BYTES = 64 * 1024;
/** The token each field is made of. */
const FIELD_KINDS: Readonly<Record<string, TokenKind>> = {
  bn: "string",
  bt: "number",
  n: "string",
  t: "number",
  v: "number",
  bv: "boolean",
  sv: "string",
  ov: "string",
};
/** The "10:3" of an Objlnk. */
const OBJECT_LINK = /^(\d{1,5}):(\d{1,5})$/;
const PATH = /^\/(0|[1-9]\d{0,4})\/(0|[1-9]\d{0,4})\/(0|[1-9]\d{0,4})(?:\/(0|[1-9]\d{0,4}))?$/;
/** 65535 is reserved, except in the Objlnk that points nowhere (OMA TS 1.0.2 Appendix C). */
const MAX_ID = 65534;

/**
 * Reads the file; braces and brackets missing at the end of a sequence are warned of, as in the guide's own samples (§6.1).
 * @throws ConfigError with every other problem, each at "file:line:column".
 */
export function parseBootstrapIni(text: string, fileName: string): BootstrapIni {
  refuseLonger(MAX_BYTES, text, fileName);
  const findings = createFindings(text, fileName);
  const report: Report = ({ start }, message, remedy) => findings.report(start, message, remedy);
  const tokens = readTokens(text);
  const sequences = readSequences(tokens, report, findings);
  if (tokens.length === 1) {
    findings.report(0, "the file has no sequence", 'give at least one: { "bn": "/0/0/", "e": [ … ] }');
  }
  const records: BootstrapRecord[] = [];
  const seen = new Map<string, number>();
  for (const { fields, entries } of sequences) {
    for (const entry of entries ?? []) {
      if (findings.full) break;
      const record = readEntry(entry, fields, report);
      if (!record) continue;
      const place = findings.place(entry.start.start);
      const key = `${Object.values(record.path).join("/")}@${record.timeS ?? 0}`;
      const earlier = seen.get(key);
      if (earlier !== undefined) {
        report(entry.start, `the resource stands in line ${earlier} too`, "keep one of the two entries");
      }
      seen.set(key, place.line);
      records.push({ ...record, ...place });
    }
  }
  findings.check();
  return { records, warnings: findings.warnings };
}

/** Writes one sequence an Object Instance, in the order in which the instances first come. */
export function formatBootstrapIni(entries: readonly BootstrapEntry[]): string {
  const groups = new Map<string, string[]>();
  for (const { path, kind, value, timeS } of entries) {
    const base = `/${path.objectId}/${path.instanceId}/`;
    const { resourceId, resourceInstanceId } = path;
    const n = resourceInstanceId === undefined ? `${resourceId}` : `${resourceId}/${resourceInstanceId}`;
    const fields = { n, ...(timeS !== undefined && { t: timeS }), [kind]: value };
    const members = Object.entries(fields).map(([key, field]) => `"${key}": ${JSON.stringify(field)}`);
    const group = groups.get(base) ?? [];
    groups.set(base, group);
    group.push(`    { ${members.join(", ")} }`);
  }
  return [...groups].map(([base, lines]) => `{ "bn": "${base}",\n  "e": [\n${lines.join(",\n")}\n  ] }\n`).join("");
}

type Report = (token: Token, message: string, remedy: string) => void;

/** Syntax alone: which fields and entries stand where. */
function readSequences(tokens: readonly Token[], report: Report, findings: Findings): readonly Sequence[] {
  const sequences: Sequence[] = [];
  let at = 0;
  const peek = () => tokens[at]!;

  const fault = (expected: string, remedy: string): never => {
    report(peek(), `expected ${expected}, found ${nameOf(peek())}`, quoteRemedy(peek().source) ?? remedy);
    throw new Fault();
  };
  const take = (kind: TokenKind, expected: string, remedy: string): Token => {
    if (peek().kind !== kind) fault(expected, remedy);
    return tokens[at++]!;
  };
  const startsSequence = () => {
    if (tokens[at]?.kind !== "{") return false;
    const [key, colon] = [tokens[at + 1], tokens[at + 2]];
    return SEQUENCE_KEYS.includes(String(key?.value)) && colon?.kind === ":";
  };
  /** After a member: another one (true), or the end, which may be wanting where the sequence ends. */
  const goesOn = (closing: "}" | "]", enclosing: TokenKind | undefined): boolean => {
    const { kind } = peek();
    if (kind === "," || kind === closing) {
      at++;
      return kind === ",";
    }
    if (kind !== "end" && kind !== enclosing && !startsSequence()) {
      fault(`"," or "${closing}"`, `separate with "," or close with "${closing}"`);
    }
    const message = `the closing "${closing}" is missing at the end of the sequence`;
    findings.warn(tokens[at - 1]!.end, message, `add "${closing}" here`);
    return false;
  };
  const readMembers = (known: readonly string[], enclosing: TokenKind | undefined, readList?: () => void) => {
    const fields = new Map<string, Token>();
    take("{", '"{"', 'begin with "{", or remove what stands here');
    if (peek().kind === "}") {
      at++;
      return fields;
    }
    do {
      const key = take("string", "a key in double quotes", `give one of ${known.join(", ")} in double quotes`);
      take(":", '":"', 'put ":" between key and value');
      const name = String(key.value);
      if (!known.includes(name)) {
        const message = name in FIELD_KINDS || name === "e" ? `"${name}" is no key here` : "an unknown key stands here";
        report(key, message, `the keys are ${known.join(", ")}`);
      } else if (fields.has(name)) report(key, `"${name}" stands twice`, "keep one of the two");
      fields.set(name, peek());
      if (name === "e" && readList) readList();
      else readValue(name);
    } while (goesOn("}", enclosing));
    return fields;
  };
  const readValue = (name: string) => {
    const token = peek();
    const wanted = FIELD_KINDS[name];
    if (!["string", "number", "boolean", "null"].includes(token.kind)) fault("a value", `give a ${wanted ?? "value"}`);
    if (wanted !== undefined && token.kind !== wanted) {
      report(token, `"${name}" must be a ${wanted}, found ${nameOf(token)}`, `write it as a ${wanted}`);
    }
    at++;
  };
  const readSequence = (): Sequence => {
    const start = peek();
    let entries: RawEntry[] | undefined;
    const fields = readMembers(SEQUENCE_KEYS, undefined, () => {
      entries = [];
      take("[", '"["', '"e" is a list: begin it with "["');
      if (peek().kind === "]") {
        at++;
        return;
      }
      do {
        entries.push({ start: peek(), fields: readMembers(ENTRY_KEYS, "]") });
      } while (goesOn("]", "}"));
    });
    if (!fields.has("e")) report(start, 'the sequence has no "e"', 'add the list of resources: "e": [ … ]');
    return { fields, entries };
  };

  while (peek().kind !== "end" && !findings.full) {
    try {
      sequences.push(readSequence());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      do at++;
      while (at < tokens.length - 1 && !startsSequence());
      at = Math.min(at, tokens.length - 1);
    }
  }
  return sequences;
}

/** What an entry means under its sequence's base name and time; undefined when it was reported. */
function readEntry(entry: RawEntry, sequence: ReadonlyMap<string, Token>, report: Report): BootstrapEntry | undefined {
  const { fields, start } = entry;
  const path = readPath(sequence.get("bn"), fields.get("n"), start, report);
  const kinds = (["v", "bv", "sv", "ov"] as const).filter((kind) => fields.has(kind));
  const [kind] = kinds;
  if (kind === undefined) report(start, "the entry has no value", "give one of v, bv, sv, ov");
  else if (kinds.length > 1) report(start, `the entry has ${kinds.length} values: ${kinds.join(", ")}`, "keep one");
  const token = kind && fields.get(kind)!;
  if (!path || !kind || !token || typeof token.value !== FIELD_KINDS[kind]) return undefined;
  if (kind === "v" && !isExact(token)) {
    report(token, "the number cannot be kept exactly", "stay within ±9007199254740991");
  }
  const ids = kind === "ov" ? OBJECT_LINK.exec(String(token.value)) : [];
  if (!ids?.slice(1).every((id) => Number(id) <= MAX_ID + 1)) {
    report(token, "the value is no object link", 'write "<object>:<instance>", e.g. "10:3"');
  }
  const [base, time] = [sequence.get("bt")?.value, fields.get("t")?.value];
  const timed = base !== undefined || time !== undefined;
  const value = { kind, value: token.value } as BootstrapValue;
  return { path, ...value, ...(timed && { timeS: Number(base ?? 0) + Number(time ?? 0) }) };
}

/** Base name and name joined as they stand: "/0/1/" and "10" make /0/1/10 (OMA TS 1.0.2 §6.4.4). */
function readPath(base: Token | undefined, name: Token | undefined, start: Token, report: Report) {
  const text = `${base?.value ?? ""}${name?.value ?? ""}`;
  const ids = PATH.exec(text)
    ?.slice(1)
    .filter((id) => id !== undefined)
    .map(Number);
  if (!ids || ids.some((id) => id > MAX_ID)) {
    const shape = "/<object>/<instance>/<resource>";
    const remedy =
      base === undefined
        ? `without "bn", "n" is the whole path ${shape}`
        : `"bn" and "n" are joined as they stand and make ${shape}; "bn" ends with "/"`;
    const made =
      base && name
        ? '"bn" and "n" make no path'
        : base
          ? '"bn" is no path'
          : name
            ? '"n" is no path'
            : "there is no path";
    report(name ?? start, `${made} of a resource`, remedy);
    return undefined;
  }
  const [objectId, instanceId, resourceId, resourceInstanceId] = ids as [number, number, number, number?];
  return { objectId, instanceId, resourceId, ...(resourceInstanceId !== undefined && { resourceInstanceId }) };
}

/** A token in words that repeat nothing of it: it may be a key, or a part of one (BG96: Resource /0/x/5). */
function nameOf({ kind }: Token): string {
  if (kind === "end") return "the end of the file";
  if (kind === "bad") return "text that is no JSON";
  if (kind === "null") return "null";
  if (kind === "boolean") return "true or false";
  return kind === "string" || kind === "number" ? `a ${kind}` : `"${kind}"`;
}

function isExact(token: Token): boolean {
  const value = Number(token.value);
  return Number.isFinite(value) && (/[.eE]/.test(token.source) || Number.isSafeInteger(value));
}

/** The usual slips of word processors and of other languages. */
function quoteRemedy(source: string): string | undefined {
  if (/^['‘’“”„«]/.test(source)) return 'use the straight double quote "';
  if (source.startsWith('"') && !/^".*"$/.test(source)) return 'close the string with "';
  return undefined;
}
