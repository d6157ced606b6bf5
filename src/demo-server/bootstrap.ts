/** What the demo Bootstrap-Server does to a Client that asked for it (OMA TS 1.0.2 §5.2.5). */
import type { Address, CoapPeer } from "#demo-server/coap-peer";
import { encodeInstance, TLV } from "#demo-server/content";

export interface BootstrapAccount {
  readonly serverUri: string;
  readonly lifetimeS: number;
}

/** The Short Server ID given out; also the Object Instance of both Objects, so that /0/0 stays the Bootstrap-Server's. */
const SHORT_SERVER_ID = 1;

/** @throws Error naming the step that the Client refused or did not answer. */
export async function bootstrapClient(peer: CoapPeer, client: Address, account: BootstrapAccount): Promise<void> {
  const security = { 0: account.serverUri, 1: false, 2: 3, 3: "", 4: "", 5: "", 10: SHORT_SERVER_ID };
  const server = { 0: SHORT_SERVER_ID, 1: account.lifetimeS, 6: true, 7: "U" };
  const steps = [
    { method: "DELETE", path: "/0", expect: "2.02" },
    { method: "DELETE", path: "/1", expect: "2.02" },
    { method: "PUT", path: "/0/1", expect: "2.04", format: TLV, payload: encodeInstance(0, security) },
    { method: "PUT", path: "/1/1", expect: "2.04", format: TLV, payload: encodeInstance(1, server) },
    { method: "POST", path: "/bs", expect: "2.04" },
  ] as const;
  for (const { expect, ...request } of steps) {
    const { code } = await peer.request(client, request);
    if (code !== expect)
      throw new Error(`${request.method} ${request.path}: the client answered ${code}, not ${expect}`);
  }
}
