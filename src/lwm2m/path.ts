/** Paths of the LwM2M tree: Object, Object Instance, Resource, Resource Instance (OMA TS 1.0.2 §6). */

export interface Path {
  readonly objectId?: number;
  readonly instanceId?: number;
  readonly resourceId?: number;
  readonly resourceInstanceId?: number;
}

/** Identifiers are 16-bit; 65535 is reserved. */
const MAX_ID = 65534;

/** @param segments e.g. ["3", "0", "9"]. @returns undefined if a segment is not an identifier or there are more than four. */
export function pathOf(segments: readonly string[]): Path | undefined {
  if (segments.length > 4) return undefined;
  const ids: number[] = [];
  for (const segment of segments) {
    if (!/^(0|[1-9]\d{0,4})$/.test(segment)) return undefined;
    const id = Number(segment);
    if (id > MAX_ID) return undefined;
    ids.push(id);
  }
  const [objectId, instanceId, resourceId, resourceInstanceId] = ids;
  return {
    ...(objectId !== undefined && { objectId }),
    ...(instanceId !== undefined && { instanceId }),
    ...(resourceId !== undefined && { resourceId }),
    ...(resourceInstanceId !== undefined && { resourceInstanceId }),
  };
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
