/** Where a port is listened on. */
import { isIPv6 } from "node:net";

/** "host:port", IPv6 in brackets. @returns undefined for anything else */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { host, port };
}
