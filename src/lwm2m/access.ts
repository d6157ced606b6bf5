/**
 * Who may do what: the Access Control Object enforced (OMA TS 1.0.2 §7.3).
 *
 * With one Server account every right is granted. With several, the Access Control Instance of the target decides:
 * its entry for the Server, else full rights for its owner, else its default entry (id 0), else nothing.
 */
import { CoapError } from "#coap/message";
import { isMultiple } from "#lwm2m/object";
import { formatPath, type Path } from "#lwm2m/path";
import type { Node, Registry } from "#lwm2m/registry";

export type Operation = "read" | "write" | "execute" | "create" | "delete" | "discover" | "observe" | "writeAttributes";

export interface Access {
  /** @throws CoapError 4.01 when the Server may not; the path must exist. */
  check(shortServerId: number, operation: Operation, path: Path): void;
  allows(shortServerId: number, operation: Operation, path: Path): boolean;
  /** A Read on behalf of a Server: an Object shows only the Instances it may read. @throws CoapError 4.01, 4.04, 4.05 */
  read(shortServerId: number, path: Path): Node;
  /** Makes the Server that created an Object Instance its owner, where access control is set up. */
  own(shortServerId: number, objectId: number, instanceId: number): void;
}

const SECURITY_OBJECT = 0;
const SERVER_OBJECT = 1;
const ACCESS_CONTROL_OBJECT = 2;
/** Resources of the Access Control Object. */
const ROW = { objectId: 0, instanceId: 1, acl: 2, owner: 3 } as const;
/** Bits of an ACL entry. */
const RIGHT = { read: 1, write: 2, execute: 4, delete: 8, create: 16 } as const;
/** /2/x/1 of the entry that grants Create on a whole Object. */
const WHOLE_OBJECT = 65535;
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

  // The Access Control Instance of an Object Instance goes with it.
  registry.onChange(({ kind, path }) => {
    if (kind !== "deleted" || path.objectId === ACCESS_CONTROL_OBJECT) return;
    const entry = entryOf(path.objectId as number, path.instanceId as number);
    if (entry !== undefined) registry.delete({ objectId: ACCESS_CONTROL_OBJECT, instanceId: entry }, "client");
  });

  /** @returns the Access Control Instance of a target. */
  function entryOf(objectId: number, instanceId: number): number | undefined {
    return registry
      .instances(ACCESS_CONTROL_OBJECT)
      .find(
        (id) =>
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

  /** With several Servers and no Access Control Instance at all, nobody has asked for rules. */
  function isSetUp(): boolean {
    return registry.instances(SERVER_OBJECT).length > 1 && registry.instances(ACCESS_CONTROL_OBJECT).length > 0;
  }

  function isOwnAccount(shortServerId: number, instanceId: number): boolean {
    return registry.value(SERVER_OBJECT, instanceId, 0) === shortServerId;
  }

  function hasRight(shortServerId: number, needed: number, objectId: number, instanceId: number): boolean {
    const entry = entryOf(objectId, instanceId);
    if (entry !== undefined) return (rights(shortServerId, entry) & needed) !== 0;
    // Without an entry the account belongs to the Server it describes.
    return objectId === SERVER_OBJECT && needed !== RIGHT.delete && isOwnAccount(shortServerId, instanceId);
  }

  function allows(shortServerId: number, operation: Operation, path: Path): boolean {
    const { objectId, instanceId } = path;
    if (objectId === SECURITY_OBJECT) return false; // OMA TS 1.0.2 Appendix E.1: Bootstrap-Server only
    const makes = operation === "create" || operation === "delete";
    // Accounts and their rights come and go with a bootstrap.
    if (makes && (objectId === SERVER_OBJECT || objectId === ACCESS_CONTROL_OBJECT)) return false;
    const needed = NEEDED[operation];
    if (needed === 0 || objectId === undefined) return true;
    if (registry.instances(SERVER_OBJECT).length <= 1) return true;
    if (objectId === ACCESS_CONTROL_OBJECT) {
      if (needed === RIGHT.read || instanceId === undefined) return true;
      return registry.value(ACCESS_CONTROL_OBJECT, instanceId, ROW.owner) === shortServerId;
    }
    if (!isSetUp()) return true;
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
      if (node.kind !== "object" || registry.instances(SERVER_OBJECT).length <= 1) return node;
      const instances = node.instances.filter(({ id }) => allows(shortServerId, "read", { ...path, instanceId: id }));
      return { ...node, instances };
    },
    own(shortServerId, objectId, instanceId) {
      if (!isSetUp()) return;
      const resources = [
        { kind: "resource", id: ROW.objectId, type: "integer", value: objectId },
        { kind: "resource", id: ROW.instanceId, type: "integer", value: instanceId },
        { kind: "resource", id: ROW.owner, type: "integer", value: shortServerId },
      ] as const;
      registry.create(ACCESS_CONTROL_OBJECT, undefined, { kind: "instance", id: 0, resources }, "client");
    },
  };
}
