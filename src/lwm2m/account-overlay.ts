/** What the command line and the PSK files say of the accounts: it is shown and used, and never kept. */
import type { Efs } from "#efs/efs";
import { readPsk } from "#efs/psk-file";
import { type AccountTree, SECURITY, SERVER } from "#lwm2m/account-tree";
import type { ResourceValue } from "#lwm2m/object";
import type { RunOverrides } from "#lwm2m/run-settings";

export interface AccountOverlay {
  /** Covers the values of a fresh tree; what was covered before is forgotten. */
  cover(tree: AccountTree, bootstrapMode: 0 | 1): void;
  /** Puts back what was covered, where nobody has written since. */
  uncover(tree: AccountTree): void;
}

interface Covered {
  readonly objectId: number;
  readonly instanceId: number;
  readonly resourceId: number;
  readonly base: ResourceValue | undefined;
  readonly shown: ResourceValue;
}

export function createAccountOverlay(efs: Efs, overrides: () => RunOverrides): AccountOverlay {
  let covered: Covered[] = [];

  const show = (tree: AccountTree, objectId: number, instanceId: number, resourceId: number, shown: ResourceValue) => {
    const resources = tree.get(objectId)?.get(instanceId);
    if (!resources) return;
    covered.push({ objectId, instanceId, resourceId, base: resources.get(resourceId), shown });
    resources.set(resourceId, shown);
  };

  /** The account that cdp, and so --server, speaks of: the Bootstrap-Server's in bootstrap mode 1, else the first Server's. */
  const showOverrides = (tree: AccountTree, bootstrapMode: 0 | 1) => {
    const { server, pskIdentity, pskKeyHex, lifetimeS } = overrides();
    const security = [...(tree.get(SECURITY) ?? [])];
    const inUse = security.find(([, resources]) => (resources.get(1) === true) === (bootstrapMode === 1));
    if (inUse && server !== undefined) {
      show(tree, SECURITY, inUse[0], 0, server);
      show(tree, SECURITY, inUse[0], 2, server.startsWith("coaps:") ? 0 : 3);
    }
    if (inUse && pskIdentity !== undefined && pskKeyHex !== undefined) {
      show(tree, SECURITY, inUse[0], 3, Buffer.from(pskIdentity, "utf8"));
      show(tree, SECURITY, inUse[0], 5, Buffer.from(pskKeyHex, "hex"));
    }
    if (lifetimeS !== undefined) {
      for (const instanceId of tree.get(SERVER)?.keys() ?? []) show(tree, SERVER, instanceId, 1, lifetimeS);
    }
  };

  const showPskFiles = (tree: AccountTree) => {
    for (const [instanceId, resources] of tree.get(SECURITY) ?? []) {
      if (resources.get(2) !== 0) continue;
      const key = resources.get(5);
      if (Buffer.isBuffer(key) && key.length > 0) continue;
      const psk = readPsk(efs, Number(resources.get(10) ?? 0));
      if (!psk) continue;
      show(tree, SECURITY, instanceId, 3, psk.identity);
      show(tree, SECURITY, instanceId, 5, psk.key);
    }
  };

  return {
    cover(tree, bootstrapMode) {
      covered = [];
      showOverrides(tree, bootstrapMode);
      showPskFiles(tree);
    },
    uncover(tree) {
      for (const { objectId, instanceId, resourceId, base, shown } of covered.toReversed()) {
        const resources = tree.get(objectId)?.get(instanceId);
        if (!resources || resources.get(resourceId) !== shown) continue;
        if (base === undefined) resources.delete(resourceId);
        else resources.set(resourceId, base);
      }
    },
  };
}
