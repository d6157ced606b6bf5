/** carrier_apn_cfg: the APN of each server, as blocks of `KEY=value` lines with ";" between them (BG96: guide §3.3.2, Table 3). */
import type { ConfigProblem } from "#config";
import { createFindings, type Findings, refuseLonger } from "#efs/findings";
import { applyEdits, editsOf, type KeyRow, lineEnd, MAX_BYTES, type Pair, readFields, readPair } from "#efs/pairs";

export interface CarrierApn {
  readonly apn: string;
  readonly apnClass: number;
  readonly shortServerId: number;
  /** 1 = a failed registration at this server leads to bootstrap. */
  readonly bootstrapIfRegistrationFails: 0 | 1;
}

const ROWS: readonly KeyRow<keyof CarrierApn>[] = [
  { key: "APN_NAME", field: "apn", missing: "carrierAPN1" },
  { key: "APN_CLASS", field: "apnClass", missing: 2, range: [0, 255] },
  // 0 and 65535 are no servers (OMA TS 1.0.2 Appendix E.2)
  { key: "SHORT_SERVER_ID1", field: "shortServerId", missing: 102, range: [1, 65534] },
  { key: "BS_IF_REG_FAILS", field: "bootstrapIfRegistrationFails", missing: 0, oneOf: [0, 1] },
];

/** Each block is read anew for each change to one. */
const MAX_SERVERS = 100;

interface Block {
  readonly pairs: readonly Pair[];
  /** Offset behind its last pair. */
  readonly end: number;
}

/**
 * @returns one entry a block, what it leaves out at its default, and warnings of unknown keys; none for a file without blocks.
 * @throws ConfigError with every problem, each at "file:line:column".
 */
export function parseCarrierApnCfg(
  text: string,
  fileName: string,
): { readonly servers: readonly CarrierApn[]; readonly warnings: readonly ConfigProblem[] } {
  refuseLonger(MAX_BYTES, text, fileName);
  const findings = createFindings(text, fileName);
  const servers: CarrierApn[] = [];
  const seen = new Set<number>();
  for (const { pairs } of readBlocks(text, findings)) {
    if (findings.full) break;
    if (servers.length === MAX_SERVERS) {
      findings.report(pairs[0]!.keyAt, `the file has more than ${MAX_SERVERS} blocks`, "remove those not in use");
      break;
    }
    const server = readFields<CarrierApn>(pairs, ROWS, findings);
    if (seen.has(server.shortServerId)) {
      const message = `a block for server ${server.shortServerId} stands above`;
      findings.report(pairs[0]!.keyAt, message, 'give it its own SHORT_SERVER_ID1; ";" ends a block, not a line');
    }
    seen.add(server.shortServerId);
    servers.push(server);
  }
  findings.check();
  return { servers, warnings: findings.warnings };
}

/**
 * Changes one server's block where it stands, or adds one behind a ";", and leaves the rest of the text.
 * @throws ConfigError when the text cannot be read or a value cannot be kept.
 */
export function editCarrierApnCfg(
  text: string,
  shortServerId: number,
  changes: Partial<Omit<CarrierApn, "shortServerId">>,
  fileName: string,
): string {
  const changed = changedText(text, shortServerId, changes, fileName);
  refuseLonger(MAX_BYTES, changed, fileName);
  return changed;
}

function changedText(
  text: string,
  shortServerId: number,
  changes: Partial<Omit<CarrierApn, "shortServerId">>,
  fileName: string,
): string {
  const { servers } = parseCarrierApnCfg(text, fileName);
  const blocks = readBlocks(text, createFindings(text, fileName));
  const newline = lineEnd(text);
  const block = blocks[servers.findIndex((server) => server.shortServerId === shortServerId)];
  if (block) {
    const edits = editsOf<CarrierApn>(changes, ROWS, fileName);
    return applyEdits(text, block.pairs, edits, {
      at: block.end,
      format: ({ key, value }) => `${newline}${key}=${value}`,
    });
  }
  const defaults = readFields<CarrierApn>([], ROWS, createFindings("", fileName));
  const edits = editsOf<CarrierApn>({ ...defaults, ...changes, shortServerId }, ROWS, fileName);
  const lines = edits.map(({ key, value }) => `${key}=${value}${newline}`).join("");
  if (blocks.length === 0) return text.trim() === "" ? lines : `${text.trimEnd()}${newline}${lines}`;
  // a ";" behind the last block is taken as the one between
  const closed = withoutComments(text).trimEnd().endsWith(";");
  return `${text.trimEnd()}${newline}${closed ? "" : `;${newline}`}${lines}`;
}

function readBlocks(text: string, findings: Findings): readonly Block[] {
  const plain = withoutComments(text);
  const open = plain.indexOf("/*");
  if (open >= 0) findings.report(open, "the comment has no end", 'close it with "*/"');
  findings.check();
  const blocks: Block[] = [];
  for (let at = 0; at < plain.length && !findings.full; ) {
    const semicolon = plain.indexOf(";", at);
    const stop = semicolon >= 0 ? semicolon : plain.length;
    const pairs = readLines(plain, at, stop, findings);
    const last = pairs.at(-1);
    if (last) blocks.push({ pairs, end: last.valueAt + last.value.length });
    at = stop + 1;
  }
  return blocks;
}

function readLines(plain: string, from: number, to: number, findings: Findings): readonly Pair[] {
  const pairs: Pair[] = [];
  const text = plain.slice(0, to);
  for (let at = from; at < to && !findings.full; ) {
    const newline = text.indexOf("\n", at);
    const stop = newline >= 0 ? newline : to;
    const line = text.slice(at, stop);
    const pair = readPair(text, at, stop);
    if (pair) pairs.push(pair);
    else if (line.replace("\ufeff", "").trim() !== "") {
      const first = at + /^\s*/.exec(line)![0].length;
      findings.report(
        first,
        `${JSON.stringify(line.trim().slice(0, 40))} is no KEY=value`,
        "write KEY=value or remove it",
      );
    }
    at = stop + 1;
  }
  return pairs;
}

/** Comments blanked out, so that every offset stays what it was. */
function withoutComments(text: string): string {
  let plain = "";
  let at = 0;
  for (;;) {
    const open = text.indexOf("/*", at);
    const close = open < 0 ? -1 : text.indexOf("*/", open + 2);
    if (close < 0) return plain + text.slice(at);
    plain += text.slice(at, open) + text.slice(open, close + 2).replace(/[^\r\n]/g, " ");
    at = close + 2;
  }
}
