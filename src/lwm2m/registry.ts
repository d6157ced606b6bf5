/** The tree of Objects this device offers, and every operation on it that needs no knowledge of the network. */
import { CoapError } from "#coap/message";
import { assign, leftOut, planAssignments, refuseMandatory, tellRows } from "#lwm2m/assignment";
import type { InstanceNode, Node, ObjectNode, ResourceNode } from "#lwm2m/node";
import type { ExecuteArguments, ObjectDefinition, ResourceRow, ResourceType, ResourceValue } from "#lwm2m/object";
import { formatPath, type Path } from "#lwm2m/path";
import {
  createShelves,
  furnish,
  initialValues,
  isKept,
  isReadable,
  isStored,
  isWritable,
  lowestFree,
  renew,
  requireRoom,
  type Shelf,
} from "#lwm2m/shelf";
import { checkValue } from "#lwm2m/value";

/** Instances of one Object: Resource values by Resource id, by instance id. */
export type InstanceValues = ReadonlyMap<number, ResourceValue>;

export interface RegistryChange {
  readonly path: Path;
  readonly kind: "written" | "created" | "deleted";
}

/**
 * All methods throw CoapError: 4.04 not there, 4.05 operation not supported by the row, 4.00 bad value.
 * "By a Server" rules (operations column) hold unless `as: "client"` (the device itself) or "bootstrap" (Bootstrap-Server).
 */
export interface Registry {
  readonly objects: ReadonlyMap<number, ObjectDefinition>;
  instances(objectId: number): readonly number[];
  hasInstance(objectId: number, instanceId: number): boolean;
  row(objectId: number, resourceId: number): ResourceRow | undefined;
  read(path: Path, as?: Actor): Node;
  /** One Resource's value, or undefined if it is not there; for the device's own use. */
  value(objectId: number, instanceId: number, resourceId: number): ResourceValue | undefined;
  /** Instance path: "replace" drops the Resources not named, "update" keeps them; Resource path: replaces it. */
  write(path: Path, node: Node, mode: "replace" | "update", as?: Actor): void;
  /** @returns the new instance id. Without instanceId the lowest free one. */
  create(objectId: number, instanceId: number | undefined, values: InstanceNode, as?: Actor): number;
  /** Instance, or as "bootstrap" also an Object or the root. */
  delete(path: Path, as?: Actor): void;
  execute(path: Path, args: ExecuteArguments): void;
  /** Replaces all instances of an Object, without checks of operations; for start-up and restore. */
  load(objectId: number, instances: ReadonlyMap<number, InstanceValues>): void;
  /** The stored values of an Object, for persistence. */
  dump(objectId: number): ReadonlyMap<number, InstanceValues>;
  /** Brings back the instances that exist from the start and have been deleted since; for a boot. */
  furnish(): void;
  onChange(watcher: (change: RegistryChange) => void): () => void;
}

export type Actor = "server" | "client" | "bootstrap";

export function createRegistry(definitions: readonly ObjectDefinition[]): Registry {
  const shelves = createShelves(definitions);
  const watchers = new Set<(change: RegistryChange) => void>();

  function tell(kind: RegistryChange["kind"], path: Path): void {
    const change = { kind, path };
    for (const watcher of [...watchers]) watcher(change);
  }

  function shelfOf(path: Path): Shelf {
    const shelf = path.objectId === undefined ? undefined : shelves.at(path.objectId);
    if (!shelf) throw notFound(path);
    return shelf;
  }

  function valuesOf(shelf: Shelf, path: Path): Map<number, ResourceValue> {
    const values = path.instanceId === undefined ? undefined : shelf.instances.get(path.instanceId);
    if (!values) throw notFound(path);
    return values;
  }

  function currentValue(shelf: Shelf, instanceId: number, id: number, row: ResourceRow): ResourceValue | undefined {
    if ("read" in row) return row.read(instanceId);
    return shelf.instances.get(instanceId)?.get(id);
  }

  function readInstance(shelf: Shelf, instanceId: number, as: Actor): InstanceNode {
    const resources: ResourceNode[] = [];
    for (const [id, row] of shelf.rows) {
      if (!isReadable(row, as)) continue;
      const value = currentValue(shelf, instanceId, id, row);
      if (value !== undefined) resources.push({ kind: "resource", id, type: row.type as ResourceType, value });
    }
    return { kind: "instance", id: instanceId, resources };
  }

  /** Checks everything first. @returns what then carries it out. */
  function planWrite(shelf: Shelf, node: InstanceNode, instanceId: number, mode: "replace" | "update", as: Actor) {
    const assignments = planAssignments(shelf, node, (row) => isWritable(row, as));
    const dropped = mode === "replace" ? leftOut(shelf, assignments).filter(([, row]) => isStored(row, as)) : [];
    if (as === "server") refuseMandatory(dropped);
    return () => {
      const present = shelf.instances.get(instanceId);
      const values = present ?? new Map<number, ResourceValue>();
      assign(values, assignments, instanceId);
      for (const [id] of dropped) values.delete(id);
      if (!present) {
        shelf.instances.set(instanceId, values);
        renew(shelf);
      }
      if (as !== "client") tellRows(assignments, instanceId);
      tell(present ? "written" : "created", { objectId: shelf.definition.id, instanceId });
    };
  }

  function remove(shelf: Shelf, instanceId: number): void {
    shelf.instances.delete(instanceId);
    renew(shelf);
    tell("deleted", { objectId: shelf.definition.id, instanceId });
  }

  return {
    get objects() {
      return shelves.offered;
    },
    instances: (objectId) => shelves.at(objectId)?.ids ?? [],
    hasInstance: (objectId, instanceId) => shelves.at(objectId)?.instances.has(instanceId) ?? false,
    row: (objectId, resourceId) => shelves.at(objectId)?.definition.resources[resourceId],

    read(path, as = "server") {
      const shelf = shelfOf(path);
      const { objectId, instanceId, resourceId } = path;
      if (instanceId === undefined) {
        const instances = shelf.ids.map((id) => readInstance(shelf, id, as));
        return { kind: "object", id: objectId as number, instances };
      }
      valuesOf(shelf, path);
      if (resourceId === undefined) return readInstance(shelf, instanceId, as);
      const row = shelf.definition.resources[resourceId];
      if (!row) throw notFound(path);
      if (!isReadable(row, as)) throw new CoapError("4.05", `${row.name}: cannot be read`);
      const value = currentValue(shelf, instanceId, resourceId, row);
      if (value === undefined) throw notFound(path);
      return { kind: "resource", id: resourceId, type: row.type as ResourceType, value };
    },

    value(objectId, instanceId, resourceId) {
      const shelf = shelves.at(objectId);
      const row = shelf?.definition.resources[resourceId];
      if (!shelf?.instances.has(instanceId) || !row || row.operations === "E") return undefined;
      return currentValue(shelf, instanceId, resourceId, row);
    },

    write(path, node, mode, as = "server") {
      const shelf = shelfOf(path);
      if (path.instanceId === undefined) {
        if (as === "server" || node.kind !== "object") throw new CoapError("4.05", "write: names no instance");
        refuseOtherInstances(shelf, node, as);
        requireRoom(
          shelf,
          node.instances.map(({ id }) => id),
        );
        const commits = node.instances.map((instance) => planWrite(shelf, instance, instance.id, mode, as));
        for (const commit of commits) commit();
        return;
      }
      const create = as === "bootstrap" && shelf.definition.instances === "multiple";
      if (create) requireRoom(shelf, [path.instanceId]);
      else valuesOf(shelf, path);
      if (path.resourceId === undefined) {
        if (node.kind !== "instance") throw new CoapError("4.00", "write: payload is no instance");
        planWrite(shelf, node, path.instanceId, mode, as)();
        return;
      }
      if (node.kind !== "resource" || node.id !== path.resourceId) {
        throw new CoapError("4.00", "write: payload is another resource");
      }
      if (!shelf.instances.has(path.instanceId)) {
        const instance: InstanceNode = { kind: "instance", id: path.instanceId, resources: [node] };
        planWrite(shelf, instance, path.instanceId, "update", as)();
        return;
      }
      const assignments = planAssignments(shelf, { resources: [node] }, (row) => isWritable(row, as));
      assign(valuesOf(shelf, path), assignments, path.instanceId);
      if (as !== "client") tellRows(assignments, path.instanceId);
      tell("written", path);
    },

    create(objectId, instanceId, values, as = "server") {
      const shelf = shelfOf({ objectId });
      if (shelf.definition.instances === "single") {
        throw new CoapError("4.05", `${shelf.definition.name}: has a single instance`);
      }
      if (instanceId !== undefined && shelf.instances.has(instanceId)) {
        throw new CoapError("4.00", `/${objectId}/${instanceId}: exists already`);
      }
      const id = instanceId ?? lowestFree(shelf.instances);
      if (as !== "client") requireRoom(shelf, [id]);
      const assignments = planAssignments(shelf, values, isKept);
      const kept = initialValues(shelf);
      if (as === "server") {
        const owed = leftOut(shelf, assignments).filter(([each, row]) => {
          return isStored(row, "client") && (isWritable(row, "server") || !kept.has(each)); // else the device knows it
        });
        refuseMandatory(owed);
      }
      assign(kept, assignments, id);
      shelf.instances.set(id, kept);
      renew(shelf);
      if (as !== "client") tellRows(assignments, id);
      tell("created", { objectId, instanceId: id });
      return id;
    },

    delete(path, as = "server") {
      if (path.resourceId !== undefined) throw new CoapError("4.05", "delete: not offered on a resource");
      if (path.instanceId !== undefined) {
        const shelf = shelfOf(path);
        valuesOf(shelf, path);
        if (shelf.definition.instances === "single") {
          throw new CoapError("4.05", `${shelf.definition.name}: its only instance stays`);
        }
        remove(shelf, path.instanceId);
        return;
      }
      if (as === "server") throw new CoapError("4.05", "delete: names no instance");
      if (path.objectId !== undefined && shelfOf(path).definition.instances === "single") {
        throw new CoapError("4.05", `${shelfOf(path).definition.name}: its only instance stays`);
      }
      for (const shelf of path.objectId === undefined ? shelves.all : [shelfOf(path)]) {
        if (shelf.definition.instances === "multiple") for (const id of shelf.ids) remove(shelf, id);
      }
    },

    execute(path, args) {
      const shelf = shelfOf(path);
      valuesOf(shelf, path);
      const row = path.resourceId === undefined ? undefined : shelf.definition.resources[path.resourceId];
      if (!row) throw notFound(path);
      if (row.operations !== "E") throw new CoapError("4.05", `${row.name}: cannot be executed`);
      row.execute(args, path.instanceId as number);
    },

    load(objectId, instances) {
      const shelf = shelfOf({ objectId });
      const loaded = new Map<number, Map<number, ResourceValue>>();
      if (shelf.definition.instances === "single") loaded.set(0, initialValues(shelf));
      for (const [id, values] of instances) {
        if (shelf.definition.instances === "single" && id !== 0) continue;
        const kept = loaded.get(id) ?? new Map<number, ResourceValue>();
        for (const [resourceId, value] of values) {
          const row = shelf.definition.resources[resourceId];
          if (row && isStored(row, "client")) kept.set(resourceId, checkValue(row, value));
        }
        loaded.set(id, kept);
      }
      const gone = shelf.ids.filter((id) => !loaded.has(id));
      shelf.instances.clear();
      for (const [id, values] of loaded) shelf.instances.set(id, values);
      renew(shelf);
      for (const instanceId of gone) tell("deleted", { objectId, instanceId });
      tell("written", { objectId });
    },

    dump(objectId) {
      const shelf = shelfOf({ objectId });
      return new Map(shelf.ids.map((id) => [id, new Map(shelf.instances.get(id))]));
    },

    furnish() {
      for (const shelf of shelves.all) furnish(shelf);
    },
    onChange(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

function notFound(path: Path): CoapError {
  return new CoapError("4.04", `${formatPath(path)}: not there`);
}

function refuseOtherInstances(shelf: Shelf, node: ObjectNode, as: Actor): void {
  for (const { id } of node.instances) {
    const known = shelf.instances.has(id);
    if (!known && (as !== "bootstrap" || shelf.definition.instances === "single")) {
      throw new CoapError("4.04", `/${shelf.definition.id}/${id}: not there`);
    }
  }
}
