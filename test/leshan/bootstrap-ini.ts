import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Edits the module's files as a reader of the guide does, with the modem stopped. */
export interface ServerAccount {
  readonly uri: string;
  /** 3 is NoSec, 0 is PSK. */
  readonly securityMode: 0 | 3;
  readonly shortServerId: number;
  /** /1/1/7; left as the factory file has it when not given. */
  readonly binding?: string;
}

/**
 * Puts the account into sequence /0/1 of bootstrap.ini, in the words of the guide's chapter 6.1 with the closing brace
 * it forgets; gives the Server instance the same short server id and has the client start at boot.
 */
export async function configureServer(efs: string, account: ServerAccount): Promise<void> {
  const path = join(efs, "datatx/bootstrap.ini");
  await writeFile(path, withServer(await readFile(path, "utf8"), account));
  await writeFile(join(efs, "datatx/lwm2m_app_autostart"), "");
}

/** @param text of a well-formed bootstrap.ini. @returns it with the account. */
export function withServer(text: string, account: ServerAccount): string {
  const security = `{ "bn": "/0/1/",
  "e": [
    { "n": "0", "sv": "${account.uri}" },
    { "n": "1", "bv": false },
    { "n": "2", "v": ${account.securityMode} },
    { "n": "10", "v": ${account.shortServerId}
  ] }`;
  const sequences = splitSequences(text);
  const edited = sequences.map((sequence) => {
    if (baseName(sequence) === "/0/1/") return security;
    if (baseName(sequence) === "/1/1/") {
      const renumbered = sequence.replace(/("n":\s*"0",\s*"v":\s*)\d+/, `$1${account.shortServerId}`);
      if (account.binding === undefined) return renumbered;
      return renumbered.replace(/("n":\s*"7",\s*"sv":\s*)"[^"]*"/, `$1"${account.binding}"`);
    }
    return sequence;
  });
  if (!edited.includes(security)) throw new Error("bootstrap.ini: no sequence with base name /0/1/");
  return `${edited.join("\n")}\n`;
}

/** As psktool writes it: one line, "identity:hex". */
export async function writePsk(efs: string, shortServerId: number, line: string): Promise<void> {
  await mkdir(join(efs, "datatx/ssl"), { recursive: true });
  await writeFile(join(efs, `datatx/ssl/${shortServerId}_server.psk`), `${line}\n`);
}

/** The concatenated JSON objects of a well-formed bootstrap.ini, each as its own text. */
function splitSequences(text: string): string[] {
  const sequences: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [index, character] of [...text].entries()) {
    if (character === "{" && depth++ === 0) start = index;
    if (character === "}" && --depth === 0) sequences.push(text.slice(start, index + 1));
  }
  return sequences;
}

function baseName(sequence: string): string | undefined {
  return /"bn":\s*"([^"]*)"/.exec(sequence)?.[1];
}
