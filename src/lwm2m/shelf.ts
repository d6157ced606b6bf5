/** The Objects in the registry: what is kept of each, and what its rows allow to whom. */
import { CoapError } from "#coap/message";
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

export interface Shelves {
  /** Every one, shown at present or not. */
  readonly all: readonly Shelf[];
  /** The Objects shown at present, by id in ascending order. */
  readonly offered: ReadonlyMap<number, ObjectDefinition>;
  /** @returns undefined where there is no such Object, or it is not shown. */
  at(objectId: number): Shelf | undefined;
}

/** The shelves of all Objects, furnished. */
export function createShelves(definitions: readonly ObjectDefinition[]): Shelves {
  const all = [...definitions]
    .sort((a, b) => a.id - b.id)
    .map((definition): Shelf => {
      const rows = Object.entries(definition.resources).map(([id, row]) => [Number(id), row] as const);
      return { definition, rows, instances: new Map(), ids: [] };
    });
  for (const shelf of all) furnish(shelf);
  const byId = new Map(all.map((shelf) => [shelf.definition.id, shelf]));
  const conditional = all.filter(({ definition }) => definition.offered);
  // what is offered is asked of others, who may not be there before the registry is
  let wereOffered: readonly boolean[] = [];
  let offered: ReadonlyMap<number, ObjectDefinition> | undefined;

  function offeredObjects(): ReadonlyMap<number, ObjectDefinition> {
    return new Map(all.filter(isOffered).map(({ definition }) => [definition.id, definition]));
  }

  return {
    all,
    get offered() {
      if (!offered || conditional.some((shelf, index) => isOffered(shelf) !== wereOffered[index])) {
        wereOffered = conditional.map(isOffered);
        offered = offeredObjects();
      }
      return offered;
    },
    at(objectId) {
      const shelf = byId.get(objectId);
      return shelf && isOffered(shelf) ? shelf : undefined;
    },
  };
}

function isOffered({ definition }: Shelf): boolean {
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

/** Instances of one Object that Servers and Bootstrap-Servers may make. */
const MAX_INSTANCES = 64;

/** @throws CoapError 4.05 when the Instances would be too many once these are there. */
export function requireRoom({ definition, instances }: Shelf, ids: readonly number[]): void {
  const more = ids.filter((id) => !instances.has(id)).length;
  if (more > 0 && instances.size + more > MAX_INSTANCES) {
    throw new CoapError("4.05", `${definition.name}: no more than ${MAX_INSTANCES} instances`);
  }
}

export function lowestFree(instances: ReadonlyMap<number, unknown>): number {
  let id = 0;
  while (instances.has(id)) id++;
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
