/** The PSK of the Security Object for a host that is reached besides the Servers' own sessions. */
import { parseServerUri } from "#coap/link";
import type { Registry } from "#lwm2m/registry";

const SECURITY = 0;
const ROW = { uri: 0, mode: 2, identity: 3, key: 5 } as const;
const MODE_PSK = 0;

/** @returns the credentials of an account with that host, of the same port if there are several. */
export function pskFor(registry: Registry, host: string, port: number): { identity: Buffer; key: Buffer } | undefined {
  const found = registry.instances(SECURITY).flatMap((id) => {
    const of = (resourceId: number) => registry.value(SECURITY, id, resourceId);
    const [identity, key] = [of(ROW.identity), of(ROW.key)];
    const server = parseServerUri(String(of(ROW.uri) ?? ""));
    if (of(ROW.mode) !== MODE_PSK || server?.host.toLowerCase() !== host.toLowerCase()) return [];
    if (!Buffer.isBuffer(identity) || !Buffer.isBuffer(key) || key.length === 0) return [];
    return [{ identity, key, isSamePort: server.port === port }];
  });
  return found.find(({ isSamePort }) => isSamePort) ?? found[0];
}
