/** `<ssid>_server.psk`: the identity and key of one server, as GnuTLS psktool writes them (BG96: guide §3.3.4). */
import { ConfigError } from "#config";
import type { Efs } from "#efs/efs";
import { createFindings, refuseLonger } from "#efs/findings";

export interface Psk {
  readonly identity: Buffer;
  readonly key: Buffer;
}

/** Longest identity and key that RFC 4279 §5.3 asks for, and as much again. */
const MAX_IDENTITY_BYTES = 256;
const MAX_KEY_BYTES = 128;
const MAX_FILE_BYTES = 16 * 1024;
/** UTF-8's byte order mark, which Windows editors put first. */
const BYTE_ORDER_MARK = "\xef\xbb\xbf";

/** @returns the path of a server's PSK file, undefined if there is none. */
export function findPsk(efs: Efs, shortServerId: number): string | undefined {
  const wanted = `${shortServerId}_server.psk`;
  for (const folder of pskFolders(efs)) {
    const names = efs.list(folder).filter((name) => name.toLowerCase() === wanted);
    const name = names.includes(wanted) ? wanted : names[0];
    if (name !== undefined) return `${folder}/${name}`;
  }
  return undefined;
}

/** @returns undefined if there is no file for that server. @throws ConfigError when there is one that cannot be read. */
export function readPsk(efs: Efs, shortServerId: number): Psk | undefined {
  const path = findPsk(efs, shortServerId);
  const content = path === undefined ? undefined : efs.read(path);
  return path === undefined || content === undefined ? undefined : parsePsk(content, path);
}

/** Stores the file where it is looked for first. @throws ConfigError when identity or key are empty or too long. */
export function writePsk(efs: Efs, shortServerId: number, psk: Psk): void {
  const path = `/datatx/ssl/${shortServerId}_server.psk`;
  const wrong = refusal(psk);
  if (wrong) throw new ConfigError([{ place: path, ...wrong }]);
  efs.write(path, formatPsk(psk));
}

/** @throws ConfigError naming line and column, never the key. */
export function parsePsk(content: Buffer, fileName: string): Psk {
  refuseLonger(MAX_FILE_BYTES, content, fileName);
  // one character a byte: an identity need not be text
  const [first = ""] = content.toString("latin1").split(/[\r\n]/, 1);
  const line = (first.startsWith(BYTE_ORDER_MARK) ? first.slice(BYTE_ORDER_MARK.length) : first).trimEnd();
  const findings = createFindings(line, fileName);
  // an identity may hold a colon, a key cannot
  const colon = line.lastIndexOf(":");
  const keyHex = line.slice(colon + 1);
  if (colon < 0) {
    findings.report(0, 'the first line has no ":"', "write identity:key, the key in hexadecimal");
  } else if (!/^(?:[0-9a-f]{2})*$/i.test(keyHex)) {
    findings.report(colon + 1, "the key is not hexadecimal", "write two digits 0-9 or a-f a byte");
  }
  findings.check();
  const name = line.slice(0, colon);
  const binary = /^#((?:[0-9a-f]{2})+)$/i.exec(name)?.[1];
  const identity = binary === undefined ? Buffer.from(name, "latin1") : Buffer.from(binary, "hex");
  const psk = { identity, key: Buffer.from(keyHex, "hex") };
  const wrong = refusal(psk);
  if (wrong) findings.report(identity.length === 0 ? 0 : colon + 1, wrong.message, wrong.remedy);
  findings.check();
  return psk;
}

/** psktool writes "#" and hexadecimal for what would not read back as it is. */
export function formatPsk({ identity, key }: Psk): Buffer {
  const text = identity.toString("latin1");
  const plain =
    !identity.some((byte) => byte < 0x20 || byte === 0x7f) &&
    !/^#|:|^\s|\s$/.test(text) &&
    !text.startsWith(BYTE_ORDER_MARK);
  const name = plain ? identity : Buffer.from(`#${identity.toString("hex")}`);
  return Buffer.concat([name, Buffer.from(`:${key.toString("hex")}\n`)]);
}

/** BG96: the guide names three folders in two spellings; any case is taken. */
function pskFolders(efs: Efs): readonly string[] {
  const preferred = [
    { parent: "/datatx", first: "ssl", second: "SSL" },
    { parent: "/datatx/lwm2m", first: "SSL", second: "ssl" },
  ];
  return preferred.flatMap(({ parent, first, second }) => {
    const rank = (name: string) => (name === first ? 0 : name === second ? 1 : 2);
    const names = efs.folders(parent).filter((name) => name.toLowerCase() === "ssl");
    return names.toSorted((a, b) => rank(a) - rank(b)).map((name) => `${parent}/${name}`);
  });
}

function refusal({ identity, key }: Psk): { message: string; remedy: string } | undefined {
  const bounds = (what: string, length: number, most: number) =>
    length >= 1 && length <= most
      ? undefined
      : { message: `the ${what} is ${length} bytes long`, remedy: `give 1 to ${most} bytes` };
  return bounds("identity", identity.length, MAX_IDENTITY_BYTES) ?? bounds("key", key.length, MAX_KEY_BYTES);
}
