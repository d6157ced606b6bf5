/** The master secret bound to its handshake (RFC 7627), which Scandium 3 and later want before they resume a session. */
import { createHash, createHmac } from "node:crypto";
import { CLIENT_KEY_EXCHANGE, formatHandshake } from "#coap/dtls-handshake";
import type { LibraryHandshake } from "#coap/dtls-library";

export const EXTENDED_MASTER_SECRET = 0x0017;

/** RFC 5246 §8.1. */
const MASTER_SECRET_BYTES = 48;

/** To be called once the server has agreed, before its ServerHelloDone is worked on. */
export function extendMasterSecret({ layer, handshake }: LibraryHandshake, identity: Buffer): void {
  const { connectionState } = layer.epochs[1];
  connectionState.computeMasterSecret = (premaster) => {
    const hash = connectionState.cipherSuite.prfAlgorithm;
    // all of the handshake up to our ClientKeyExchange, which comes next, RFC 7627 §3
    const length = Buffer.from([identity.length >> 8, identity.length & 255]);
    const keyExchange = Buffer.concat([length, identity]);
    const sequence = handshake.lastSentSeqNum + 1;
    const session = createHash(hash);
    for (const message of handshake.allHandshakeData) session.update(message);
    session.update(formatHandshake(CLIENT_KEY_EXCHANGE, sequence, keyExchange));
    connectionState.master_secret = masterSecret(hash, premaster.serialize(), session.digest());
    connectionState.computeKeyMaterial();
  };
}

/** RFC 5246 §5. */
function masterSecret(hash: string, premaster: Buffer, session: Buffer): Buffer {
  const hmac = (data: Buffer) => createHmac(hash, premaster).update(data).digest();
  const seed = Buffer.concat([Buffer.from("extended master secret"), session]);
  const first = hmac(seed);
  const output = Buffer.concat([hmac(Buffer.concat([first, seed])), hmac(Buffer.concat([hmac(first), seed]))]);
  return output.subarray(0, MASTER_SECRET_BYTES);
}
