/** The Security, Server and Access Control Objects' instances: where they come from at start, and how they are kept. */
import { parseServerUri } from "#coap/link";
import type { Efs } from "#efs/efs";
import type { Store } from "#efs/store";
import { createAccountOverlay } from "#lwm2m/account-overlay";
import { ACCOUNT_OBJECTS, type AccountTree, copyOf, copyOfTree, SECURITY, SERVER } from "#lwm2m/account-tree";
import { createCarrierRule } from "#lwm2m/carrier";
import { ClientError } from "#lwm2m/client";
import { createFactoryAccounts } from "#lwm2m/factory-accounts";
import type { ResourceValue } from "#lwm2m/object";
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
  /** ClientHoldOffTime, /0/x/11. */
  readonly holdOffS: number;
  /** Bootstrap-Server Account Timeout, /0/x/12: 0 = none. */
  readonly timeoutS: number;
}

const STORED_AS = "accounts";
/** Lifetime of a Server without a Server Object Instance (OMA TS 1.0.2 §5.3.1). */
const DEFAULT_LIFETIME_S = 86400;

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

export function createAccounts({ efs, store, registry, log, overrides }: AccountsOptions): Accounts {
  const factory = createFactoryAccounts(efs, registry, log);
  const overlay = createAccountOverlay(efs, overrides);
  const carrier = createCarrierRule(efs, log);

  /** @throws CoapError where a value does not fit its Resource. */
  const fill = (tree: AccountTree, bootstrapMode: 0 | 1) => {
    overlay.cover(tree, bootstrapMode);
    for (const objectId of ACCOUNT_OBJECTS) registry.load(objectId, tree.get(objectId) ?? new Map());
  };

  const snapshot = (): AccountTree =>
    new Map(ACCOUNT_OBJECTS.map((objectId) => [objectId, copyOf(registry.dump(objectId))]));

  /** Those that the carrier lets the Client use. */
  const accounts = (): readonly Account[] => allAccounts().filter(carrier.admits);
  const allAccounts = (): readonly Account[] =>
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
        timeoutS: Number(of(12) ?? 0),
      };
    });

  return {
    load(bootstrapMode) {
      carrier.begin();
      const kept = store.load(STORED_AS);
      if (kept !== undefined) {
        try {
          fill(copyOfTree(kept), bootstrapMode);
          return "persistent";
        } catch (err) {
          log.error({ err }, "the persistent accounts make no sense and are set aside");
          store.setAside(STORED_AS);
        }
      }
      const tree = factory.read(bootstrapMode);
      if (!tree) return "none";
      try {
        fill(tree, bootstrapMode);
      } catch (error) {
        throw new ClientError(`bootstrap.ini: ${(error as Error).message}`);
      }
      return "factory";
    },
    check: factory.check,
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
      const tree = snapshot();
      overlay.uncover(tree);
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
    snapshot,
    restore(former) {
      for (const [objectId, instances] of former) registry.load(objectId, instances);
    },
  };
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
