/** Paths of the LwM2M tree: Object, Object Instance, Resource, Resource Instance (OMA TS 1.0.2 §6). */

export interface Path {
  readonly objectId?: number;
  readonly instanceId?: number;
  readonly resourceId?: number;
  readonly resourceInstanceId?: number;
}

/** Identifiers are 16-bit; 65535 is reserved. */
export const MAX_ID = 65534;

const LEVELS = ["objectId", "instanceId", "resourceId", "resourceInstanceId"] as const;

/** @param segments e.g. ["3", "0", "9"]. @returns undefined if a segment is not an identifier or there are more than four. */
export function pathOf(segments: readonly string[]): Path | undefined {
  if (segments.length > LEVELS.length) return undefined;
  const path: { -readonly [Level in keyof Path]: number } = {};
  for (let i = 0; i < segments.length; i++) {
    const id = idOf(segments[i]!);
    if (id === undefined) return undefined;
    path[LEVELS[i]!] = id;
  }
  return path;
}

/** A decimal number without leading zeros; read by hand, since every request has three. */
function idOf(segment: string): number | undefined {
  if (segment.length === 0 || segment.length > 5 || (segment[0] === "0" && segment.length > 1)) return undefined;
  let id = 0;
  for (let i = 0; i < segment.length; i++) {
    const digit = segment.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    id = id * 10 + digit;
  }
  return id <= MAX_ID ? id : undefined;
}

/** @param text e.g. "/3/0/9"; "/" is the root. */
export function parsePath(text: string): Path | undefined {
  if (!text.startsWith("/")) return undefined;
  return text === "/" ? {} : pathOf(text.slice(1).split("/"));
}

export function formatPath(path: Path): string {
  const ids = [path.objectId, path.instanceId, path.resourceId, path.resourceInstanceId];
  return `/${ids.filter((id) => id !== undefined).join("/")}`;
}

/** Whether `path` is `ancestor` itself or lies below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return (
    (ancestor.objectId === undefined || ancestor.objectId === path.objectId) &&
    (ancestor.instanceId === undefined || ancestor.instanceId === path.instanceId) &&
    (ancestor.resourceId === undefined || ancestor.resourceId === path.resourceId) &&
    (ancestor.resourceInstanceId === undefined || ancestor.resourceInstanceId === path.resourceInstanceId)
  );
}
