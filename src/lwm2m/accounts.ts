/** The Security, Server and Access Control Objects' instances: where they come from at start, and how they are kept. */
import { parseServerUri } from "#coap/link";
import { ConfigError } from "#config";
import { type BootstrapRecord, parseBootstrapIni } from "#efs/bootstrap-ini";
import type { Efs } from "#efs/efs";
import { readPsk } from "#efs/psk-file";
import type { Store } from "#efs/store";
import { ClientError } from "#lwm2m/client";
import { isMultiple, type ResourceValue, type Value } from "#lwm2m/object";
import type { InstanceValues, Registry } from "#lwm2m/registry";
import type { RunOverrides } from "#lwm2m/run-settings";
import type { Log } from "#runtime";

/** One Security Object Instance with the Server Object Instance of the same Short Server ID. */
export interface Account {
  readonly securityInstanceId: number;
  readonly serverInstanceId: number | undefined;
  readonly isBootstrapServer: boolean;
  readonly uri: string;
  readonly securityMode: number;
  readonly identity: Buffer;
  readonly key: Buffer;
  readonly shortServerId: number;
  readonly holdOffS: number;
}

const SECURITY = 0;
const SERVER = 1;
const ACCESS_CONTROL = 2;
const ACCOUNT_OBJECTS = [SECURITY, SERVER, ACCESS_CONTROL] as const;
const STORED_AS = "accounts";
const BOOTSTRAP_INI = "/datatx/bootstrap.ini";
/** Lifetime of a Server without a Server Object Instance (OMA TS 1.0.2 §5.3.1). */
const DEFAULT_LIFETIME_S = 86400;

type Instances = Map<number, Map<number, ResourceValue>>;
type Tree = Map<number, Instances>;

export interface Accounts {
  /** Fills Objects 0, 1 and 2: from the persistent files, else from bootstrap.ini. @throws ClientError, once the log says where and why */
  load(bootstrapMode: 0 | 1): "persistent" | "factory" | "none";
  /** Reads bootstrap.ini without using it. @throws ClientError, once the log says where and why it cannot be used */
  check(): void;
  /** Whether persistent accounts are on disk. */
  readonly stored: boolean;
  readonly servers: readonly Account[];
  readonly bootstrapServer: Account | undefined;
  /** Keeps Objects 0, 1 and 2 as they are now, without what the command line or the PSK files gave. */
  save(): void;
  /** Lifetime of a Server in the persistent accounts, while the Client does not run. @returns whether they have that Server */
  amendLifetime(shortServerId: number, lifetimeS: number): boolean;
  /** The instances as they are, to be put back by restore() when a bootstrap fails. */
  snapshot(): ReadonlyMap<number, ReadonlyMap<number, InstanceValues>>;
  restore(snapshot: ReadonlyMap<number, ReadonlyMap<number, InstanceValues>>): void;
}

export interface AccountsOptions {
  readonly efs: Efs;
  readonly store: Store;
  readonly registry: Registry;
  readonly log: Log;
  overrides(): RunOverrides;
}

function valueIn(record: BootstrapRecord, registry: Registry): Value | undefined {
  const { objectId, resourceId } = record.path;
  const row = objectId === undefined || resourceId === undefined ? undefined : registry.row(objectId, resourceId);
  if (!row?.type) return undefined;
  const { value } = record;
  switch (row.type) {
    case "opaque":
      return typeof value === "string" ? Buffer.from(value, "base64") : undefined;
    case "objlnk": {
      const match = /^(\d+):(\d+)$/.exec(String(value));
      return match ? { objectId: Number(match[1]), instanceId: Number(match[2]) } : undefined;
    }
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "string":
      return String(value);
    default:
      return typeof value === "number" ? value : undefined;
  }
}

function treeOf(records: readonly BootstrapRecord[], registry: Registry, log: Log): Tree {
  const tree: Tree = new Map();
  for (const record of records) {
    const { objectId, instanceId, resourceId, resourceInstanceId } = record.path;
    const value = valueIn(record, registry);
    if (objectId === undefined || instanceId === undefined || resourceId === undefined || value === undefined) {
      log.warn(
        { line: record.line, column: record.column },
        "bootstrap.ini: entry ignored, no Resource of that type there",
      );
      continue;
    }
    const instances: Instances = tree.get(objectId) ?? new Map();
    tree.set(objectId, instances);
    const resources = instances.get(instanceId) ?? new Map<number, ResourceValue>();
    instances.set(instanceId, resources);
    if (registry.row(objectId, resourceId)?.multiple) {
      const before = resources.get(resourceId);
      const several = new Map(before !== undefined && isMultiple(before) ? before : []);
      resources.set(resourceId, several.set(resourceInstanceId ?? 0, value));
    } else {
      resources.set(resourceId, value);
    }
  }
  return tree;
}

/** @throws TypeError where it is no tree of instances. */
const copyOfTree = (stored: unknown): Tree =>
  new Map(
    [...(stored as ReadonlyMap<number, ReadonlyMap<number, InstanceValues>>)].map(([id, each]) => [id, copyOf(each)]),
  );

const copyOf = (instances: ReadonlyMap<number, InstanceValues> | undefined): Instances =>
  new Map([...(instances ?? [])].map(([id, values]) => [id, new Map(values)]));

export function createAccounts(options: AccountsOptions): Accounts {
  const { efs, store, registry, log } = options;
  /** Resources that came from the command line or a PSK file: what they cover, and what they show. */
  let overlay: Array<{
    objectId: number;
    instanceId: number;
    resourceId: number;
    base: ResourceValue | undefined;
    shown: ResourceValue;
  }> = [];

  const cover = (tree: Tree, objectId: number, instanceId: number, resourceId: number, shown: ResourceValue) => {
    const resources = tree.get(objectId)?.get(instanceId);
    if (!resources) return;
    overlay.push({ objectId, instanceId, resourceId, base: resources.get(resourceId), shown });
    resources.set(resourceId, shown);
  };

  const applyPskFiles = (tree: Tree) => {
    for (const [instanceId, resources] of tree.get(SECURITY) ?? []) {
      if (resources.get(2) !== 0) continue;
      const hasKey = Buffer.isBuffer(resources.get(5)) && (resources.get(5) as Buffer).length > 0;
      if (hasKey) continue;
      const psk = readPsk(efs, Number(resources.get(10) ?? 0));
      if (!psk) continue;
      cover(tree, SECURITY, instanceId, 3, psk.identity);
      cover(tree, SECURITY, instanceId, 5, psk.key);
    }
  };

  /** The account that cdp, and so --server, speaks of: the Bootstrap-Server's in bootstrap mode 1, else the first Server's. */
  const applyOverrides = (tree: Tree, wantsBootstrap: boolean) => {
    const overrides = options.overrides();
    const security = [...(tree.get(SECURITY) ?? [])];
    const inUse = security.find(([, resources]) => (resources.get(1) === true) === wantsBootstrap);
    if (inUse && overrides.server !== undefined) {
      cover(tree, SECURITY, inUse[0], 0, overrides.server);
      cover(tree, SECURITY, inUse[0], 2, overrides.server.startsWith("coaps:") ? 0 : 3);
    }
    if (inUse && overrides.pskIdentity !== undefined && overrides.pskKeyHex !== undefined) {
      cover(tree, SECURITY, inUse[0], 3, Buffer.from(overrides.pskIdentity, "utf8"));
      cover(tree, SECURITY, inUse[0], 5, Buffer.from(overrides.pskKeyHex, "hex"));
    }
    if (overrides.lifetimeS !== undefined) {
      for (const instanceId of tree.get(SERVER)?.keys() ?? []) cover(tree, SERVER, instanceId, 1, overrides.lifetimeS);
    }
  };

  const parsed = (text: string) => {
    try {
      return parseBootstrapIni(text, BOOTSTRAP_INI);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { place, message, remedy } of error.problems) log.error({ place, remedy }, message);
      throw new ClientError(`${BOOTSTRAP_INI} cannot be used: ${error.problems.length} problems, see the log`);
    }
  };

  const readFactory = (wantsBootstrap: boolean): Tree | undefined => {
    const file = efs.read(BOOTSTRAP_INI);
    if (!file) return undefined;
    const { records, warnings } = parsed(file.toString("utf8"));
    for (const each of warnings) log.warn({ place: each.place, remedy: each.remedy }, each.message);
    const tree = treeOf(records, registry, log);
    if (wantsBootstrap) {
      // Everything but the Bootstrap-Server's account is for it to give.
      const security = [...(tree.get(SECURITY) ?? [])].filter(([, resources]) => resources.get(1) === true);
      return new Map([[SECURITY, new Map(security)]]);
    }
    return tree;
  };

  /** @throws CoapError where a value does not fit its Resource. */
  const fill = (tree: Tree, wantsBootstrap: boolean) => {
    applyOverrides(tree, wantsBootstrap);
    applyPskFiles(tree);
    for (const objectId of ACCOUNT_OBJECTS) registry.load(objectId, tree.get(objectId) ?? new Map());
  };

  const accounts = (): readonly Account[] =>
    registry.instances(SECURITY).flatMap((instanceId) => {
      const of = (resourceId: number) => registry.value(SECURITY, instanceId, resourceId);
      const uri = of(0);
      if (typeof uri !== "string" || !parseServerUri(uri)) return [];
      const shortServerId = Number(of(10) ?? 0);
      const bytes = (value: ResourceValue | undefined) => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));
      return {
        securityInstanceId: instanceId,
        serverInstanceId: registry
          .instances(SERVER)
          .find((id) => Number(registry.value(SERVER, id, 0)) === shortServerId),
        isBootstrapServer: of(1) === true,
        uri,
        securityMode: Number(of(2) ?? 3),
        identity: bytes(of(3)),
        key: bytes(of(5)),
        shortServerId,
        holdOffS: Number(of(11) ?? 0),
      };
    });

  return {
    load(bootstrapMode) {
      overlay = [];
      const wantsBootstrap = bootstrapMode === 1;
      const kept = store.load(STORED_AS);
      if (kept !== undefined) {
        try {
          fill(copyOfTree(kept), wantsBootstrap);
          return "persistent";
        } catch (err) {
          log.error({ err }, "the persistent accounts make no sense and are set aside");
          store.setAside(STORED_AS);
          overlay = [];
        }
      }
      const tree = readFactory(wantsBootstrap);
      if (!tree) return "none";
      try {
        fill(tree, wantsBootstrap);
      } catch (error) {
        throw new ClientError(`bootstrap.ini: ${(error as Error).message}`);
      }
      return "factory";
    },
    check() {
      const file = efs.read(BOOTSTRAP_INI);
      if (file) parsed(file.toString("utf8"));
    },
    get stored() {
      return store.has(STORED_AS);
    },
    get servers() {
      return accounts().filter((each) => !each.isBootstrapServer);
    },
    get bootstrapServer() {
      return accounts().find((each) => each.isBootstrapServer);
    },
    save() {
      const tree: Tree = new Map(ACCOUNT_OBJECTS.map((objectId) => [objectId, copyOf(registry.dump(objectId))]));
      for (const { objectId, instanceId, resourceId, base, shown } of overlay.toReversed()) {
        const resources = tree.get(objectId)?.get(instanceId);
        if (!resources || resources.get(resourceId) !== shown) continue;
        if (base === undefined) resources.delete(resourceId);
        else resources.set(resourceId, base);
      }
      store.save(STORED_AS, tree);
    },
    amendLifetime(shortServerId, lifetimeS) {
      const kept = store.load(STORED_AS);
      if (kept === undefined) return false;
      const tree = copyOfTree(kept);
      const instances = [...(tree.get(SERVER)?.values() ?? [])];
      const server = instances.find((resources) => resources.get(0) === shortServerId);
      if (!server) return false;
      server.set(1, lifetimeS);
      store.save(STORED_AS, tree);
      return true;
    },
    snapshot: () => new Map(ACCOUNT_OBJECTS.map((objectId) => [objectId, copyOf(registry.dump(objectId))])),
    restore(snapshot) {
      for (const [objectId, instances] of snapshot) registry.load(objectId, instances);
    },
  };
}

/** Whether what a Bootstrap-Server has written can be used: at least one LwM2M Server account, each with its Server Instance. */
export function isConsistent(accounts: Accounts): boolean {
  const { servers } = accounts;
  return servers.length > 0 && servers.every((each) => each.serverInstanceId !== undefined && each.shortServerId > 0);
}

export interface ServerParameters {
  readonly lifetimeS: number;
  readonly binding: string;
  readonly disableTimeoutS: number;
}

export function serverParameters(registry: Registry, account: Account): ServerParameters {
  const of = (resourceId: number) =>
    account.serverInstanceId === undefined ? undefined : registry.value(SERVER, account.serverInstanceId, resourceId);
  return {
    lifetimeS: Number(of(1) ?? DEFAULT_LIFETIME_S),
    binding: String(of(7) ?? "U"),
    disableTimeoutS: Number(of(5) ?? 86400),
  };
}
