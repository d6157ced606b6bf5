/**
 * Who may do what: the Access Control Object enforced (OMA TS 1.0.2 §7.3).
 *
 * With one Server account every right is granted. With several, the Access Control Instance of the target decides:
 * its entry for the Server, else full rights for its owner, else its default entry (id 0), else nothing. An account
 * without one belongs to the Server it describes.
 *
 * Accounts may come without any Access Control Instance (bootstrap.ini, a Bootstrap-Server): then nothing but accounts is
 * under control, until the first Instance that a Server creates gets its owner. By the rule above that would close
 * everything else, so the rights held until then are written down with it.
 */
import { CoapError } from "#coap/message";
import type { Node, ResourceNode } from "#lwm2m/node";
import { isMultiple } from "#lwm2m/object";
import { formatPath, type Path } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

export type Operation = "read" | "write" | "execute" | "create" | "delete" | "discover" | "observe" | "writeAttributes";

export interface Access {
  /** @throws CoapError 4.01 when the Server may not; the path must exist. */
  check(shortServerId: number, operation: Operation, path: Path): void;
  allows(shortServerId: number, operation: Operation, path: Path): boolean;
  /** A Read on behalf of a Server: an Object shows only the Instances it may read. @throws CoapError 4.01, 4.04, 4.05 */
  read(shortServerId: number, path: Path): Node;
  /** Makes the Server that created an Object Instance its owner, where there are several. */
  own(shortServerId: number, objectId: number, instanceId: number): void;
}

const SECURITY_OBJECT = 0;
const SERVER_OBJECT = 1;
const ACCESS_CONTROL_OBJECT = 2;
/** Resources of the Access Control Object. */
const ROW = { objectId: 0, instanceId: 1, acl: 2, owner: 3 } as const;
/** Bits of an ACL entry. */
const RIGHT = { read: 1, write: 2, execute: 4, delete: 8, create: 16 } as const;
/** MAX_ID: in /2/x/1 the whole Object, for Create; in /2/x/3 no Server at all. */
const WHOLE_OBJECT = 65535;
const NO_OWNER = 65535;
/** The ACL entry for Servers that are not named. */
const DEFAULT_ENTRY = 0;
const FULL = RIGHT.read | RIGHT.write | RIGHT.execute | RIGHT.delete | RIGHT.create;

/** Discover needs no right (OMA TS 1.0.2 §7.3.2). */
const NEEDED: Readonly<Record<Operation, number>> = {
  ...RIGHT,
  observe: RIGHT.read,
  writeAttributes: RIGHT.read,
  discover: 0,
};

export function createAccess(options: { readonly registry: Registry }): Access {
  const { registry } = options;

  registry.onChange(({ kind, path: { objectId, instanceId } }) => {
    if (objectId === undefined || instanceId === undefined) return;
    if (objectId === ACCESS_CONTROL_OBJECT) {
      if (kind !== "deleted") keepLatest(instanceId);
    } else if (kind === "deleted") {
      removeEntry(entryOf(objectId, instanceId)); // goes with its target
    }
  });

  /** A target has one Access Control Instance: the one written last. */
  function keepLatest(entry: number): void {
    const objectId = registry.value(ACCESS_CONTROL_OBJECT, entry, ROW.objectId);
    const instanceId = registry.value(ACCESS_CONTROL_OBJECT, entry, ROW.instanceId);
    if (objectId !== undefined && instanceId !== undefined) removeEntry(entryOf(objectId, instanceId, entry));
  }

  function removeEntry(entry: number | undefined): void {
    if (entry !== undefined) registry.delete({ objectId: ACCESS_CONTROL_OBJECT, instanceId: entry }, "client");
  }

  /** @returns the Access Control Instance of a target, but not `besides`. */
  function entryOf(objectId: unknown, instanceId: unknown, besides?: number): number | undefined {
    return registry
      .instances(ACCESS_CONTROL_OBJECT)
      .find(
        (id) =>
          id !== besides &&
          registry.value(ACCESS_CONTROL_OBJECT, id, ROW.objectId) === objectId &&
          registry.value(ACCESS_CONTROL_OBJECT, id, ROW.instanceId) === instanceId,
      );
  }

  function rights(shortServerId: number, entry: number): number {
    const value = registry.value(ACCESS_CONTROL_OBJECT, entry, ROW.acl);
    const acl = value !== undefined && isMultiple(value) ? value : undefined;
    const own = acl?.get(shortServerId);
    if (own !== undefined) return Number(own);
    if (registry.value(ACCESS_CONTROL_OBJECT, entry, ROW.owner) === shortServerId) return FULL;
    return Number(acl?.get(DEFAULT_ENTRY) ?? 0);
  }

  function hasSeveralServers(): boolean {
    return registry.instances(SERVER_OBJECT).length > 1;
  }

  function isSetUp(): boolean {
    return registry.instances(ACCESS_CONTROL_OBJECT).length > 0;
  }

  function isOwnAccount(shortServerId: number, instanceId: number): boolean {
    return registry.value(SERVER_OBJECT, instanceId, 0) === shortServerId;
  }

  function hasRight(shortServerId: number, needed: number, objectId: number, instanceId: number): boolean {
    const entry = entryOf(objectId, instanceId);
    if (entry !== undefined) return (rights(shortServerId, entry) & needed) !== 0;
    return objectId === SERVER_OBJECT ? isOwnAccount(shortServerId, instanceId) : !isSetUp();
  }

  function allows(shortServerId: number, operation: Operation, path: Path): boolean {
    const { objectId, instanceId } = path;
    if (objectId === SECURITY_OBJECT) return false; // OMA TS 1.0.2 Appendix E.1: Bootstrap-Server only
    const makes = operation === "create" || operation === "delete";
    // Accounts and their rights come and go with a bootstrap.
    if (makes && (objectId === SERVER_OBJECT || objectId === ACCESS_CONTROL_OBJECT)) return false;
    const needed = NEEDED[operation];
    if (needed === 0 || objectId === undefined) return true;
    if (!hasSeveralServers()) return true;
    if (objectId === ACCESS_CONTROL_OBJECT) {
      if (needed === RIGHT.read || instanceId === undefined) return true;
      return registry.value(ACCESS_CONTROL_OBJECT, instanceId, ROW.owner) === shortServerId;
    }
    if (operation === "create") return hasRight(shortServerId, needed, objectId, WHOLE_OBJECT);
    if (instanceId === undefined) return true; // of a whole Object only the readable Instances are shown
    return hasRight(shortServerId, needed, objectId, instanceId);
  }

  function check(shortServerId: number, operation: Operation, path: Path): void {
    if (!allows(shortServerId, operation, path)) {
      throw new CoapError("4.01", `${formatPath(path)}: ${operation} is not granted to server ${shortServerId}`);
    }
  }

  return {
    allows,
    check,
    read(shortServerId, path) {
      const { objectId, instanceId } = path;
      if (
        objectId !== SECURITY_OBJECT &&
        instanceId !== undefined &&
        !registry.hasInstance(objectId as number, instanceId)
      ) {
        throw new CoapError("4.04", `${formatPath(path)}: not there`);
      }
      check(shortServerId, "read", path);
      const node = registry.read(path);
      if (node.kind !== "object" || !hasSeveralServers()) return node;
      const instances = node.instances.filter(({ id }) => allows(shortServerId, "read", { ...path, instanceId: id }));
      return { ...node, instances };
    },
    own(shortServerId, objectId, instanceId) {
      if (!hasSeveralServers()) return;
      if (!isSetUp()) writeDownRights(objectId, instanceId);
      add(objectId, instanceId, shortServerId);
    },
  };

  /** What every Server may while nothing is under control, as Access Control Instances; of all but the Instance just created. */
  function writeDownRights(createdIn: number, created: number): void {
    for (const { id: objectId, instances } of registry.objects.values()) {
      if (objectId <= ACCESS_CONTROL_OBJECT) continue;
      if (instances === "multiple") add(objectId, WHOLE_OBJECT, NO_OWNER, RIGHT.create);
      for (const id of registry.instances(objectId)) {
        if (objectId !== createdIn || id !== created) add(objectId, id, NO_OWNER, FULL - RIGHT.create);
      }
    }
  }

  /** @param everybody the default entry, where there is one. */
  function add(objectId: number, instanceId: number, owner: number, everybody?: number): void {
    const resources: ResourceNode[] = [
      { kind: "resource", id: ROW.objectId, type: "integer", value: objectId },
      { kind: "resource", id: ROW.instanceId, type: "integer", value: instanceId },
      { kind: "resource", id: ROW.owner, type: "integer", value: owner },
    ];
    if (everybody !== undefined) {
      resources.push({ kind: "resource", id: ROW.acl, type: "integer", value: new Map([[DEFAULT_ENTRY, everybody]]) });
    }
    registry.create(ACCESS_CONTROL_OBJECT, undefined, { kind: "instance", id: 0, resources }, "client");
  }
}
