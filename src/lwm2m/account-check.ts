/** Whether the accounts a Bootstrap-Server has written can be used (Bootstrap-Finish, OMA TS 1.0.2 §5.2.7.5). */
import { parseServerUri } from "#coap/link";
import { SECURITY, SERVER } from "#lwm2m/account-tree";
import type { Registry } from "#lwm2m/registry";

/** Security Mode (/0/x/2): those a BG96 has. */
const PSK = 0;
const NO_SEC = 3;
const MAX_SHORT_SERVER_ID = 65534;

/** @returns the first thing wrong, as "path: why"; undefined when every account is whole. */
export function accountProblem(registry: Registry): string | undefined {
  const accountIds: number[] = [];
  for (const instanceId of registry.instances(SECURITY)) {
    const problem = securityProblem(registry, instanceId);
    if (problem) return `/0/${instanceId}: ${problem}`;
    const shortServerId = registry.value(SECURITY, instanceId, 10);
    if (registry.value(SECURITY, instanceId, 1) !== true) accountIds.push(Number(shortServerId));
  }
  const serverIds: number[] = [];
  for (const instanceId of registry.instances(SERVER)) {
    const missing = missingResource(registry, SERVER, instanceId, [0, 1, 6, 7]);
    if (missing) return `/1/${instanceId}: ${missing}`;
    serverIds.push(Number(registry.value(SERVER, instanceId, 0)));
  }
  for (const [objectId, ids] of [[SECURITY, accountIds] as const, [SERVER, serverIds] as const]) {
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) return `/${objectId}: two instances have short server id ${twice}`;
  }
  const orphan = accountIds.find((id) => !serverIds.includes(id));
  return orphan === undefined ? undefined : `/1: no instance has short server id ${orphan}`;
}

function securityProblem(registry: Registry, instanceId: number): string | undefined {
  const of = (resourceId: number) => registry.value(SECURITY, instanceId, resourceId);
  const missing = missingResource(registry, SECURITY, instanceId, [0, 1, 2]);
  if (missing) return missing;
  const target = parseServerUri(String(of(0)));
  if (!target) return "the server URI is not coap(s)://host:port";
  const mode = of(2);
  const modeProblem = securityModeProblem(target.scheme, mode);
  if (modeProblem) return modeProblem;
  if (mode === PSK && (isEmpty(of(3)) || isEmpty(of(5)))) return "PSK identity or key is missing";
  const shortServerId = of(10);
  const isId = typeof shortServerId === "number" && shortServerId >= 1 && shortServerId <= MAX_SHORT_SERVER_ID;
  return of(1) === true || isId ? undefined : "short server id is missing";
}

/** Raw public keys (1) and certificates (2) are of a whole DTLS stack; a BG96 has keys in files alone (guide, 3.3.4). */
export function securityModeProblem(scheme: "coap" | "coaps", mode: unknown): string | undefined {
  if (mode !== PSK && mode !== NO_SEC) return `security mode ${mode} is not offered, give PSK (0) or NoSec (3)`;
  if ((scheme === "coaps") !== (mode === PSK)) return `${scheme} does not go with security mode ${mode}`;
  return undefined;
}

const isEmpty = (value: unknown) => !Buffer.isBuffer(value) || value.length === 0;

function missingResource(
  registry: Registry,
  objectId: number,
  instanceId: number,
  resourceIds: readonly number[],
): string | undefined {
  const missing = resourceIds.find((id) => registry.value(objectId, instanceId, id) === undefined);
  return missing === undefined ? undefined : `${registry.row(objectId, missing)?.name} is missing`;
}
