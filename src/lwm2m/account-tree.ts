/** Objects 0, 1 and 2 as they stand in files, before they are the registry's. */
import type { ResourceValue } from "#lwm2m/object";
import type { InstanceValues } from "#lwm2m/registry";

export const SECURITY = 0;
export const SERVER = 1;
export const ACCESS_CONTROL = 2;
export const ACCOUNT_OBJECTS = [SECURITY, SERVER, ACCESS_CONTROL] as const;

export type Instances = Map<number, Map<number, ResourceValue>>;
/** By Object id. */
export type AccountTree = Map<number, Instances>;

/** @throws TypeError where it is no tree of instances. */
export const copyOfTree = (stored: unknown): AccountTree =>
  new Map(
    [...(stored as ReadonlyMap<number, ReadonlyMap<number, InstanceValues>>)].map(([id, each]) => [id, copyOf(each)]),
  );

export const copyOf = (instances: ReadonlyMap<number, InstanceValues> | undefined): Instances =>
  new Map([...(instances ?? [])].map(([id, values]) => [id, new Map(values)]));
