/** Firmware and software over the air put together: the applications behind Objects 5 and 9, and their ways to packages. */
import type { TransmissionParameters } from "#coap/endpoint";
import type { OpenLink } from "#coap/link";
import type { Efs } from "#efs/efs";
import { type Credentials, createCoapFetch } from "#firmware/coap-fetch";
import { createDfota, type Dfota } from "#firmware/dfota";
import { createHttpFetch } from "#firmware/http-fetch";
import type { PackageUri } from "#firmware/package-uri";
import { createSoftware, type Software } from "#firmware/software";
import type { Modem } from "#modem/modem";
import type { Power } from "#modem/power";
import type { CountTraffic } from "#modem/traffic-meter";
import type { Runtime } from "#runtime";

export interface FirmwareOptions {
  readonly runtime: Runtime;
  readonly modem: Modem;
  readonly power: Power;
  readonly efs: Efs;
  readonly openLink: OpenLink;
  readonly transmission: TransmissionParameters;
  /** The PSK for a host that packages are fetched from by coaps; undefined = there is none. */
  pskFor(host: string, port: number): Credentials | undefined;
  readonly onTraffic: CountTraffic;
  /** Files that are no packages are taken for some, too. */
  readonly acceptAny: boolean;
  /** Whether the certificate of an HTTPS server must be one that the host trusts. */
  readonly httpsVerify: boolean;
}

export interface Firmware {
  readonly dfota: Dfota;
  readonly software: Software;
  /** What is under way goes on when the module is there again. */
  close(): void;
}

export function createFirmware(options: FirmwareOptions): Firmware {
  const { runtime, httpsVerify, onTraffic } = options;
  const credentials = ({ host, port }: PackageUri) => options.pskFor(host, port);
  const coap = createCoapFetch({ ...options, credentials });
  const http = createHttpFetch({ clock: runtime.clock, verify: httpsVerify, onTraffic });
  const parts = {
    ...options,
    fetch: { coap, coaps: coap, http, https: http },
    hasCredentials: (uri: PackageUri) => uri.scheme !== "coaps" || credentials(uri) !== undefined,
  };
  const dfota = createDfota(parts);
  const software = createSoftware(parts);
  return {
    dfota,
    software,
    close() {
      dfota.close();
      software.close();
    },
  };
}
