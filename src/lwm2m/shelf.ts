/** One Object in the registry, what is kept of it, and what its rows allow to whom. */
import type { ObjectDefinition, ResourceRow, ResourceValue } from "#lwm2m/object";
import type { Actor } from "#lwm2m/registry";

export interface Shelf {
  readonly definition: ObjectDefinition;
  /** In ascending order of id. */
  readonly rows: ReadonlyArray<readonly [number, ResourceRow]>;
  readonly instances: Map<number, Map<number, ResourceValue>>;
  /** The keys of `instances`, ascending; renewed when one comes or goes. */
  ids: readonly number[];
}

export function isOffered({ definition }: Shelf): boolean {
  return definition.offered?.() ?? true;
}

export function renew(shelf: Shelf): void {
  shelf.ids = [...shelf.instances.keys()].sort((a, b) => a - b);
}

export function initialValues(shelf: Shelf): Map<number, ResourceValue> {
  const values = new Map<number, ResourceValue>();
  for (const [id, row] of shelf.rows) if ("initial" in row && row.initial !== undefined) values.set(id, row.initial);
  return values;
}

export function lowestFree(shelf: Shelf): number {
  let id = 0;
  while (shelf.instances.has(id)) id++;
  return id;
}

export function isReadable(row: ResourceRow, as: Actor): boolean {
  if (as === "server") return row.operations === "R" || row.operations === "RW";
  return row.operations !== "E";
}

/** Whether a write has somewhere to go. */
export function isKept(row: ResourceRow): boolean {
  if (row.operations === "E") return false;
  return "read" in row ? row.write !== undefined : true;
}

export function isWritable(row: ResourceRow, as: Actor): boolean {
  return isKept(row) && (as !== "server" || row.operations === "W" || row.operations === "RW");
}

/** Whether the registry keeps the value, and a replacing write of this actor may drop it. */
export function isStored(row: ResourceRow, as: Actor): boolean {
  return !("read" in row) && isWritable(row, as);
}

/** Brings back the instances that exist from the start. @returns those that were missing. */
export function furnish(shelf: Shelf): readonly number[] {
  const { instances, initialInstances = [] } = shelf.definition;
  const missing = (instances === "single" ? [0] : initialInstances).filter((id) => !shelf.instances.has(id));
  for (const id of missing) shelf.instances.set(id, initialValues(shelf));
  renew(shelf);
  return missing;
}
