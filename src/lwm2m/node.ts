/** What a Read gives and a Write takes: a Resource, an Object Instance or an Object with its values. */
import type { ResourceType, ResourceValue } from "#lwm2m/object";

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
