/** pmin, pmax, gt, lt, st: attached per Server to Objects, Instances and Resources (OMA TS 1.0.2 §5.1.2). */
import { CoapError } from "#coap/message";
import { formatPath, isWithin, type Path, parsePath } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

/** pmin and pmax in seconds. */
export interface AttributeSet {
  readonly pmin?: number;
  readonly pmax?: number;
  readonly gt?: number;
  readonly lt?: number;
  readonly st?: number;
}
type AttributeName = keyof AttributeSet;

export interface AttributeRecord {
  readonly shortServerId: number;
  readonly path: string;
  readonly attributes: AttributeSet;
}

export interface Attributes {
  /** Write-Attributes. @param queries e.g. ["pmin=10", "pmax"]; a bare name cancels. @throws CoapError 4.00, nothing changed. */
  write(shortServerId: number, path: Path, queries: readonly string[]): void;
  /** Those attached at exactly this path. */
  attached(shortServerId: number, path: Path): AttributeSet;
  /** Those attached here or inherited from above. */
  inherited(shortServerId: number, path: Path): AttributeSet;
  /** The same, with the Server's default periods (/1/x/2, /1/x/3) where nothing else says so. */
  effective(shortServerId: number, path: Path): AttributeSet;
  onChange(watcher: (shortServerId: number, path: Path) => void): () => void;
  /** Forgets those of one Server, or all. */
  clear(shortServerId?: number): void;
  /** For persistence: plain JSON. */
  dump(): readonly AttributeRecord[];
  restore(records: readonly AttributeRecord[]): void;
}

/** Longest period taken, s: 68 years. */
const MAX_PERIOD_S = 2 ** 31 - 1;
const NONE: AttributeSet = Object.freeze({});

export function createAttributes(options: { readonly registry: Registry }): Attributes {
  const { registry } = options;
  /** By Server, then by path as text. */
  const servers = new Map<number, Map<string, AttributeSet>>();
  const watchers = new Set<(shortServerId: number, path: Path) => void>();

  // An Instance that goes takes its attributes with it.
  registry.onChange(({ kind, path }) => {
    if (kind !== "deleted") return;
    for (const sets of servers.values()) {
      for (const key of sets.keys()) if (isWithin(parsePath(key) as Path, path)) sets.delete(key);
    }
  });

  function attached(shortServerId: number, path: Path): AttributeSet {
    return servers.get(shortServerId)?.get(formatPath(path)) ?? NONE;
  }

  /** A lower level wins over a higher one. */
  function inherited(shortServerId: number, path: Path): AttributeSet {
    const sets = servers.get(shortServerId);
    if (!sets || sets.size === 0) return NONE;
    const { objectId, instanceId, resourceId } = path;
    return {
      ...sets.get(`/${objectId}`),
      ...(instanceId !== undefined && sets.get(`/${objectId}/${instanceId}`)),
      ...(resourceId !== undefined && sets.get(`/${objectId}/${instanceId}/${resourceId}`)),
    };
  }

  return {
    write(shortServerId, path, queries) {
      const changes = queries.map(parseAttribute);
      requirePlace(registry, path, changes);
      const next: { -readonly [name in AttributeName]?: number } = { ...attached(shortServerId, path) };
      for (const [name, value] of changes) {
        if (value === undefined) delete next[name];
        else next[name] = value;
      }
      requireConsistent(next);
      const sets = servers.get(shortServerId) ?? new Map<string, AttributeSet>();
      if (Object.keys(next).length === 0) sets.delete(formatPath(path));
      else sets.set(formatPath(path), next);
      servers.set(shortServerId, sets);
      for (const watcher of [...watchers]) watcher(shortServerId, path);
    },
    attached,
    inherited,
    effective(shortServerId, path) {
      const own = inherited(shortServerId, path);
      if (own.pmin !== undefined && own.pmax !== undefined) return own;
      for (const instanceId of registry.instances(1)) {
        if (registry.value(1, instanceId, 0) !== shortServerId) continue;
        const pmin = registry.value(1, instanceId, 2);
        const pmax = registry.value(1, instanceId, 3);
        return { ...(typeof pmin === "number" && { pmin }), ...(typeof pmax === "number" && { pmax }), ...own };
      }
      return own;
    },
    onChange(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    clear(shortServerId) {
      if (shortServerId === undefined) servers.clear();
      else servers.delete(shortServerId);
    },
    dump() {
      return [...servers].flatMap(([shortServerId, sets]) =>
        [...sets].map(([path, attributes]) => ({ shortServerId, path, attributes })),
      );
    },
    restore(records) {
      for (const { shortServerId, path, attributes } of records) {
        if (!parsePath(path)) continue;
        const sets = servers.get(shortServerId) ?? new Map<string, AttributeSet>();
        servers.set(shortServerId, sets.set(path, attributes));
      }
    },
  };
}

/** @returns the name with its value, or without one when it is cancelled. @throws CoapError 4.00 */
function parseAttribute(query: string): readonly [AttributeName, number | undefined] {
  const at = query.indexOf("=");
  const name = at < 0 ? query : query.slice(0, at);
  const text = at < 0 ? undefined : query.slice(at + 1);
  switch (name) {
    case "pmin":
    case "pmax": {
      if (text === undefined) return [name, undefined];
      const seconds = Number(text);
      if (/^\d{1,10}$/.test(text) && seconds <= MAX_PERIOD_S) return [name, seconds];
      break;
    }
    case "gt":
    case "lt":
    case "st": {
      if (text === undefined) return [name, undefined];
      const number = Number(text);
      if (/^-?\d+(\.\d+)?$/.test(text) && Number.isFinite(number) && !(name === "st" && number < 0))
        return [name, number];
      break;
    }
  }
  throw new CoapError("4.00", `attribute: ${query} cannot be taken`);
}

/** @throws CoapError 4.04 no such place, 4.05 not readable, 4.00 gt, lt, st of something that is no number */
function requirePlace(registry: Registry, path: Path, changes: ReadonlyArray<readonly [AttributeName, unknown]>): void {
  const { objectId, instanceId, resourceId } = path;
  const missing = () => new CoapError("4.04", `${formatPath(path)}: not there`);
  if (objectId === undefined || !registry.objects.has(objectId)) throw missing();
  if (instanceId !== undefined && !registry.hasInstance(objectId, instanceId)) throw missing();
  const row = resourceId === undefined ? undefined : registry.row(objectId, resourceId);
  if (resourceId !== undefined) {
    if (!row || instanceId === undefined) throw missing();
    if (!row.operations.includes("R")) throw new CoapError("4.05", `${row.name}: cannot be observed`);
    if (registry.value(objectId, instanceId, resourceId) === undefined) throw missing();
  }
  const threshold = changes.find(([name]) => name !== "pmin" && name !== "pmax")?.[0];
  if (threshold && row?.type !== "integer" && row?.type !== "float") {
    throw new CoapError("4.00", `attribute: ${threshold} is for numeric resources`);
  }
}

/** OMA TS 1.0.2 §5.1.2: lt < gt, and two steps between them. @throws CoapError 4.00 */
function requireConsistent({ gt, lt, st }: AttributeSet): void {
  if (gt === undefined || lt === undefined) return;
  if (lt >= gt) throw new CoapError("4.00", "attribute: lt is not below gt");
  if (st !== undefined && lt + 2 * st >= gt) throw new CoapError("4.00", "attribute: lt + 2 st is not below gt");
}
