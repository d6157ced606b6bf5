/** The Package URI: where a package is, and by which protocol it is fetched (RFC 3986; RFC 7252 §6). */
import { DownloadError } from "#firmware/download-error";

export interface PackageUri {
  readonly scheme: "coap" | "coaps" | "http" | "https";
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** As Uri-Path and Uri-Query options carry them (RFC 7252 §6.4). */
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly text: string;
}

/** By the numbers of "Firmware Update Protocol Support" (OMA TS 1.0.2 §E.6). */
export const PROTOCOLS = ["coap", "coaps", "http", "https"] as const;
const DEFAULT_PORT = { coap: 5683, coaps: 5684, http: 80, https: 443 } as const;
/** RFC 7252 §5.10. */
const MAX_OPTION_BYTES = 255;

export const isHttp = (text: string): boolean => /^https?:/i.test(text);

/** @throws DownloadError "protocol" for a scheme there is no client for, "uri" for what is no such URI */
export function parsePackageUri(text: string): PackageUri {
  const invalid = () => new DownloadError("uri", "package URI: not scheme://host[:port]/path");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/./i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw invalid();
  const known = PROTOCOLS.find((each) => each === scheme);
  if (!known) throw new DownloadError("protocol", `package URI: there is no client for ${scheme}`);
  try {
    // schemes the URL standard knows have their hosts checked by it
    const url = new URL(text.replace(/^coap/i, "http"));
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port === "" ? explicitPort(text, known) : Number(url.port);
    const path = url.pathname === "/" ? [] : url.pathname.slice(1).split("/").map(decodeURIComponent);
    const query = url.search === "" ? [] : url.search.slice(1).split("&").map(decodeURIComponent);
    const fits = [...path, ...query].every((part) => Buffer.byteLength(part) <= MAX_OPTION_BYTES);
    if (!fits || port === 0 || /\s/.test(text)) throw invalid();
    return { scheme: known, host, port, path, query, text };
  } catch {
    throw invalid();
  }
}

/** The URL standard leaves out the port that is http's own, which is not coap's. */
function explicitPort(text: string, scheme: PackageUri["scheme"]): number {
  const written = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(text)?.[1];
  return written === undefined ? DEFAULT_PORT[scheme] : Number(written);
}
