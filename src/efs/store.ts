/** What the Client keeps across reboots, as files under /datatx/lwm2m (BG96: guide §7 Q3). */
import type { Efs } from "#efs/efs";
import type { Log } from "#runtime";

export interface Store {
  /** @returns undefined when nothing usable is stored; a file that cannot be read is set aside as `<name>.json.bad`. */
  load(name: string): unknown;
  /** Atomic. Keeps null, booleans, numbers, bigints, strings, Buffers, Maps, arrays and plain objects; undefined fields are left out. */
  save(name: string, value: unknown): void;
  has(name: string): boolean;
  /** Puts a file that makes no sense to its reader beside, as load() does with one it cannot read. */
  setAside(name: string): void;
  /** @returns whether it was there. */
  remove(name: string): boolean;
}

const FOLDER = "/datatx/lwm2m";
/** Raised when the files change so that an older program would misread them. */
const SCHEMA = 1;
/** Marks what JSON cannot say: { "$": "<what>", "of": … }. */
const TAG = "$";

export function createStore(efs: Efs, log: Log): Store {
  const place = (name: string) => `${FOLDER}/${name}.json`;
  const setAside = (name: string) => {
    const path = place(name);
    const content = efs.read(path);
    if (content === undefined) return;
    efs.write(`${path}.bad`, content);
    efs.remove(path);
    log.warn({ path, setAside: `${path}.bad` }, "stored state unreadable, begun anew");
  };
  return {
    load(name) {
      const path = place(name);
      const content = efs.read(path);
      if (content === undefined) return undefined;
      try {
        return unwrap(JSON.parse(content.toString("utf8")));
      } catch {
        // the message of JSON.parse quotes what it read, which may be a key
        setAside(name);
        return undefined;
      }
    },
    has: (name) => efs.exists(place(name)),
    setAside,
    save(name, value) {
      efs.write(place(name), `${JSON.stringify({ schema: SCHEMA, value: encode(value) })}\n`);
    },
    remove: (name) => efs.remove(place(name)),
  };
}

function unwrap(envelope: unknown): unknown {
  const { schema, value } = (envelope ?? {}) as { schema?: unknown; value?: unknown };
  if (schema !== SCHEMA) throw new Error(`schema ${String(schema)} is unknown: this program reads schema ${SCHEMA}`);
  return decode(value);
}

function encode(value: unknown): unknown {
  if (typeof value === "bigint") return { [TAG]: "bigint", of: `${value}` };
  if (typeof value === "number" && !Number.isFinite(value)) return { [TAG]: "number", of: `${value}` };
  if (Buffer.isBuffer(value)) return { [TAG]: "bytes", of: value.toString("base64") };
  if (Array.isArray(value)) return value.map(encode);
  if (value instanceof Map) return { [TAG]: "map", of: [...value].map(([key, each]) => [encode(key), encode(each)]) };
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encode(each)]));
  return TAG in fields ? { [TAG]: "object", of: fields } : fields;
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value;
  const { [TAG]: tag, of } = value as { [TAG]?: unknown; of?: unknown };
  if (tag === undefined) return decodeFields(value);
  if (tag === "bigint" && typeof of === "string") return BigInt(of);
  if (tag === "number" && typeof of === "string") return Number(of);
  if (tag === "bytes" && typeof of === "string") return Buffer.from(of, "base64");
  if (tag === "map" && Array.isArray(of)) return new Map(of.map(([key, each]) => [decode(key), decode(each)]));
  if (tag === "object" && typeof of === "object" && of !== null) return decodeFields(of);
  throw new Error(`unknown mark ${JSON.stringify(tag)}`);
}

const decodeFields = (fields: object) =>
  Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, decode(each)]));
