/** Whether a package can be fetched from where a Server says it is. */
import { DownloadError, type DownloadProblem } from "#firmware/download-error";
import { takeFault } from "#firmware/faults";
import { type PackageUri, parsePackageUri } from "#firmware/package-uri";
import type { Modem } from "#modem/modem";
import type { Runtime } from "#runtime";

export interface PackageSourceOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  /** @returns whether there is what a download from there needs; for coaps, a PSK. */
  hasCredentials(uri: PackageUri): boolean;
}

/** @returns what is wrong with it; undefined = nothing is. */
export function problemOf(
  { runtime, modem, hasCredentials }: PackageSourceOptions,
  text: string,
): DownloadProblem | undefined {
  const asked = takeFault(modem, () => true, ["uri", "protocol"]);
  if (asked) return new DownloadError(asked, `package URI: ${asked}, as asked for`);
  try {
    const uri = parsePackageUri(text);
    if (hasCredentials(uri)) return undefined;
    throw new DownloadError("protocol", `package URI: there is no PSK for ${uri.host}`);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    runtime.log.warn({ reason: error.message }, "package URI: not to be fetched from");
    return error;
  }
}
