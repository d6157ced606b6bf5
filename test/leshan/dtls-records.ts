import type { Relay } from "./relay.ts";

/** Of a handshake message (RFC 5246 §7.4). */
export const HANDSHAKE = { serverHello: 2, clientKeyExchange: 16 } as const;
/** RFC 6655 §6. */
export const TLS_PSK_WITH_AES_128_CCM_8 = 0xc0a8;

/** Whether a DTLS 1.2 datagram begins with that handshake message in the clear. */
export function isHandshake(datagram: Buffer, message: number): boolean {
  return datagram[0] === 22 && datagram[13] === message;
}

/** @returns what a ServerHello has chosen; undefined for all else */
export function cipherSuiteOf(datagram: Buffer): number | undefined {
  if (!isHandshake(datagram, HANDSHAKE.serverHello)) return undefined;
  const sessionId = 13 + 12 + 2 + 32; // after record header, handshake header, version and random
  return datagram.readUInt16BE(sessionId + 1 + datagram[sessionId]!);
}

/** Leshan falls silent on a wrong key or an unknown identity, so the flight with the ClientKeyExchange comes again. */
export async function keyRefused(relay: Relay, deadlineMs: number): Promise<void> {
  let exchanges = 0;
  await relay.seen.waitFor(
    "a repeated ClientKeyExchange",
    ({ direction, bytes }) =>
      direction === "toServer" && isHandshake(bytes, HANDSHAKE.clientKeyExchange) && ++exchanges === 2
        ? true
        : undefined,
    deadlineMs,
  );
}
