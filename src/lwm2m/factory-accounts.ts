/** bootstrap.ini as accounts: the factory bootstrap (OMA TS 1.0.2 §5.2.3). */
import { ConfigError } from "#config";
import { type BootstrapIni, type BootstrapRecord, parseBootstrapIni } from "#efs/bootstrap-ini";
import type { Efs } from "#efs/efs";
import { type AccountTree, type Instances, SECURITY, SERVER } from "#lwm2m/account-tree";
import { ClientError } from "#lwm2m/client";
import { isMultiple, type ResourceType, type ResourceValue, type Value } from "#lwm2m/object";
import type { Registry } from "#lwm2m/registry";
import type { Log } from "#runtime";

const BOOTSTRAP_INI = "/datatx/bootstrap.ini";
/** What the file leaves out of a Server Object Instance: Lifetime, Notification Storing, Binding (OMA TS 1.0.2 §5.3.1, Appendix E.2). */
const SERVER_DEFAULTS: ReadonlyArray<readonly [number, ResourceValue]> = [
  [1, 86400],
  [6, true],
  [7, "U"],
];

export interface FactoryAccounts {
  /** With mode 1 the Bootstrap-Server's account alone: all else is for it to give. @returns undefined without the file. @throws ClientError */
  read(bootstrapMode: 0 | 1): AccountTree | undefined;
  /** @throws ClientError, once the log says where and why it cannot be used */
  check(): void;
}

export function createFactoryAccounts(efs: Efs, registry: Registry, log: Log): FactoryAccounts {
  const parsed = (): BootstrapIni | undefined => {
    const file = efs.read(BOOTSTRAP_INI);
    try {
      return file && parseBootstrapIni(file.toString("utf8"), BOOTSTRAP_INI);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { place, message, remedy } of error.problems) log.error({ place, remedy }, message);
      throw new ClientError(`${BOOTSTRAP_INI} cannot be used: ${error.problems.length} problems, see the log`);
    }
  };

  const treeOf = (records: readonly BootstrapRecord[]): AccountTree => {
    const tree: AccountTree = new Map();
    for (const { path, value: written, line, column } of records) {
      const { objectId, instanceId, resourceId, resourceInstanceId } = path;
      const row = registry.row(objectId, resourceId);
      const value = row?.type && valueFrom(written, row.type);
      if (value === undefined) {
        log.warn({ line, column }, "bootstrap.ini: entry ignored, no Resource of that type there");
        continue;
      }
      const instances: Instances = tree.get(objectId) ?? new Map();
      tree.set(objectId, instances);
      const resources = instances.get(instanceId) ?? new Map<number, ResourceValue>();
      instances.set(instanceId, resources);
      if (row?.multiple) {
        const before = resources.get(resourceId);
        const several = new Map(before !== undefined && isMultiple(before) ? before : []);
        resources.set(resourceId, several.set(resourceInstanceId ?? 0, value));
      } else {
        resources.set(resourceId, value);
      }
    }
    return tree;
  };

  return {
    read(bootstrapMode) {
      const file = parsed();
      if (!file) return undefined;
      for (const { place, remedy, message } of file.warnings) log.warn({ place, remedy }, message);
      const tree = treeOf(file.records);
      if (bootstrapMode === 1) {
        const security = [...(tree.get(SECURITY) ?? [])].filter(([, resources]) => resources.get(1) === true);
        return new Map([[SECURITY, new Map(security)]]);
      }
      for (const resources of tree.get(SERVER)?.values() ?? []) {
        for (const [id, value] of SERVER_DEFAULTS) if (!resources.has(id)) resources.set(id, value);
      }
      return tree;
    },
    check: () => void parsed(),
  };
}

/** @returns undefined where the file's value is none of that type. */
function valueFrom(written: BootstrapRecord["value"], type: ResourceType): Value | undefined {
  switch (type) {
    case "opaque":
      return typeof written === "string" ? Buffer.from(written, "base64") : undefined;
    case "objlnk": {
      const match = /^(\d+):(\d+)$/.exec(String(written));
      return match ? { objectId: Number(match[1]), instanceId: Number(match[2]) } : undefined;
    }
    case "boolean":
      return typeof written === "boolean" ? written : undefined;
    case "string":
      return String(written);
    default:
      return typeof written === "number" ? written : undefined;
  }
}
