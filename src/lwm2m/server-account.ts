/** Server accounts in bootstrap.ini: a Security Object Instance and the Server Object Instance of the same Short Server ID. */
import type { BootstrapEntry, BootstrapValue } from "#efs/bootstrap-ini";

export type Entries = readonly BootstrapEntry[];

/** "server" is an LwM2M Server, "bootstrap" a Bootstrap-Server: /0/x/1. */
export type AccountKind = "server" | "bootstrap";

export interface FileAccount {
  readonly kind: AccountKind;
  /** x of /0/x. */
  readonly securityInstanceId: number;
  readonly shortServerId: number;
}

const SECURITY = 0;
const SERVER = 1;
/** Resources of /0/x, OMA TS 1.0.2 Appendix E.1. */
const SECURITY_RESOURCES = { uri: 0, isBootstrap: 1, mode: 2, identity: 3, key: 5, shortServerId: 10 } as const;
/** Short Server IDs of accounts made here, as in the guide's samples. */
export const DEFAULT_SHORT_SERVER_ID: Readonly<Record<AccountKind, number>> = { bootstrap: 100, server: 102 };
/** /1/x as the guide's screenshots show it (figure 12): lifetime, pmin, pmax, disable timeout, storing, binding. */
const NEW_SERVER: ReadonlyMap<number, BootstrapValue> = new Map<number, BootstrapValue>([
  [1, { kind: "v", value: 300 }],
  [2, { kind: "v", value: 1 }],
  [3, { kind: "v", value: 60 }],
  [5, { kind: "v", value: 86400 }],
  [6, { kind: "bv", value: true }],
  [7, { kind: "sv", value: "UQS" }],
]);

const isAt = (entry: BootstrapEntry, objectId: number, instanceId: number, resourceId: number) =>
  entry.path.objectId === objectId && entry.path.instanceId === instanceId && entry.path.resourceId === resourceId;

function valueAt(
  entries: Entries,
  objectId: number,
  instanceId: number,
  resourceId: number,
): string | number | boolean | undefined {
  return entries.find((entry) => isAt(entry, objectId, instanceId, resourceId))?.value;
}

/** @returns the entries with that one replaced where it stands, or added. */
function withValue(
  entries: Entries,
  objectId: number,
  instanceId: number,
  resourceId: number,
  value: BootstrapValue,
): Entries {
  const entry: BootstrapEntry = { path: { objectId, instanceId, resourceId }, ...value };
  const index = entries.findIndex((each) => isAt(each, objectId, instanceId, resourceId));
  return index < 0 ? [...entries, entry] : entries.with(index, entry);
}

const instancesOf = (entries: Entries, objectId: number): readonly number[] => [
  ...new Set(entries.filter(({ path }) => path.objectId === objectId).map(({ path }) => path.instanceId)),
];

/** In the order of the file. */
export function accountsIn(entries: Entries): readonly FileAccount[] {
  return instancesOf(entries, SECURITY).map((securityInstanceId) => ({
    kind: valueAt(entries, SECURITY, securityInstanceId, 1) === true ? "bootstrap" : "server",
    securityInstanceId,
    shortServerId: Number(valueAt(entries, SECURITY, securityInstanceId, 10) ?? 0),
  }));
}

/** x of the /1/x with that Short Server ID. */
function serverInstance(entries: Entries, shortServerId: number): number | undefined {
  return instancesOf(entries, SERVER).find((instanceId) => valueAt(entries, SERVER, instanceId, 0) === shortServerId);
}

type SecurityResource = keyof typeof SECURITY_RESOURCES;

/** What /0/x says, as it stands in the file: opaque values in Base64. */
export function securityOf(
  entries: Entries,
  account: FileAccount,
): Partial<Record<SecurityResource, string | number | boolean>> {
  const found = Object.entries(SECURITY_RESOURCES).flatMap(([name, resourceId]) => {
    const value = valueAt(entries, SECURITY, account.securityInstanceId, resourceId);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}

export function withSecurity(
  entries: Entries,
  { securityInstanceId }: FileAccount,
  resource: SecurityResource,
  value: string | number | boolean,
): Entries {
  const typed: BootstrapValue =
    typeof value === "number"
      ? { kind: "v", value }
      : typeof value === "boolean"
        ? { kind: "bv", value }
        : { kind: "sv", value };
  return withValue(entries, SECURITY, securityInstanceId, SECURITY_RESOURCES[resource], typed);
}

export function withoutSecurity(
  entries: Entries,
  { securityInstanceId }: FileAccount,
  resource: SecurityResource,
): Entries {
  return entries.filter((entry) => !isAt(entry, SECURITY, securityInstanceId, SECURITY_RESOURCES[resource]));
}

function free(taken: readonly number[], from: number): number {
  let id = from;
  while (taken.includes(id)) id++;
  return id;
}

/** Sees to an account of that kind: one that is missing is made with the address and security mode of the first of the other kind. */
export function withAccount(entries: Entries, kind: AccountKind): Entries {
  const accounts = accountsIn(entries);
  const model = accounts[0];
  if (!model || accounts.some((each) => each.kind === kind)) return entries;
  const instanceId = free(instancesOf(entries, SECURITY), 0);
  const shortServerId = free(
    accounts.map((each) => each.shortServerId),
    DEFAULT_SHORT_SERVER_ID[kind],
  );
  const { uri = "", mode = 3 } = securityOf(entries, model);
  const account: FileAccount = { kind, securityInstanceId: instanceId, shortServerId };
  let changed = withSecurity(entries, account, "uri", uri);
  changed = withSecurity(changed, account, "isBootstrap", kind === "bootstrap");
  changed = withSecurity(changed, account, "mode", mode);
  changed = withSecurity(changed, account, "shortServerId", shortServerId);
  return kind === "server" ? withServerInstance(changed, shortServerId) : changed;
}

/** Sees to the /1/x with that Short Server ID. */
function withServerInstance(entries: Entries, shortServerId: number): Entries {
  if (serverInstance(entries, shortServerId) !== undefined) return entries;
  const instanceId = free(instancesOf(entries, SERVER), 1);
  let changed = withValue(entries, SERVER, instanceId, 0, { kind: "v", value: shortServerId });
  for (const [resourceId, value] of NEW_SERVER) changed = withValue(changed, SERVER, instanceId, resourceId, value);
  return changed;
}

/** @returns undefined when the account has no Server Object Instance. */
export function lifetimeOf(entries: Entries, shortServerId: number): number | undefined {
  const instanceId = serverInstance(entries, shortServerId);
  const value = instanceId === undefined ? undefined : valueAt(entries, SERVER, instanceId, 1);
  return typeof value === "number" ? value : undefined;
}

export function withLifetime(entries: Entries, shortServerId: number, lifetimeS: number): Entries {
  const changed = withServerInstance(entries, shortServerId);
  const instanceId = serverInstance(changed, shortServerId)!;
  return withValue(changed, SERVER, instanceId, 1, { kind: "v", value: lifetimeS });
}
