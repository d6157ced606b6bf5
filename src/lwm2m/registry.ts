/** The tree of Objects this device offers, and every operation on it that needs no knowledge of the network. */
import type { ObjectDefinition, ResourceRow, ResourceType, ResourceValue } from "#lwm2m/object";
import type { Path } from "#lwm2m/path";

/** What a Read gives and a Write takes. */
export interface ResourceNode {
  readonly kind: "resource";
  readonly id: number;
  readonly type: ResourceType;
  readonly value: ResourceValue;
}
export interface InstanceNode {
  readonly kind: "instance";
  readonly id: number;
  readonly resources: readonly ResourceNode[];
}
export interface ObjectNode {
  readonly kind: "object";
  readonly id: number;
  readonly instances: readonly InstanceNode[];
}
export type Node = ResourceNode | InstanceNode | ObjectNode;

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
  execute(path: Path, args: string): void;
  /** Replaces all instances of an Object, without checks of operations; for start-up and restore. */
  load(objectId: number, instances: ReadonlyMap<number, InstanceValues>): void;
  /** The stored values of an Object, for persistence. */
  dump(objectId: number): ReadonlyMap<number, InstanceValues>;
  onChange(watcher: (change: RegistryChange) => void): () => void;
}

export type Actor = "server" | "client" | "bootstrap";
