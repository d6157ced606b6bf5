/** The module's configuration files as the Client reads them when it starts. */
import { ConfigError } from "#config";
import type { ClientDialect } from "#config/spelling";
import { parseCarrierApnCfg } from "#efs/carrier-apn-cfg";
import type { Efs } from "#efs/efs";
import { type Lwm2mCfg, parseLwm2mCfg } from "#efs/lwm2m-cfg";
import { ClientError } from "#lwm2m/client";
import type { RetryPolicy } from "#lwm2m/retry";
import type { Log } from "#runtime";

export const LWM2M_CFG = "/datatx/lwm2m_cfg";
export const CARRIER_APN_CFG = "/datatx/carrier_apn_cfg";

/** The guide's Table 3. */
const DEFAULT_APN_CLASS = 2;

export interface ClientFiles {
  readonly cfg: Lwm2mCfg;
  readonly dataCallRetry: RetryPolicy;
  readonly registrationRetry: RetryPolicy;
  /** The APN for a Server, or for the Bootstrap-Server (undefined): "" when none is set. */
  apnFor(shortServerId: number | undefined): string;
  /** Its class: that of the block, else Table 3's. */
  apnClassFor(shortServerId: number | undefined): number;
  /** BS_IF_REG_FAILS of a Server. */
  bootstrapIfFails(shortServerId: number): boolean;
}

/**
 * @param defaults what a key is that lwm2m_cfg leaves out
 * @throws ClientError for a damaged file, after every problem has been logged with its place and remedy.
 */
export function readClientFiles(efs: Efs, log: Log, defaults: ClientDialect["lwm2mCfgDefaults"]): ClientFiles {
  const parsed = <T>(path: string, parse: (text: string, name: string) => T): T => {
    try {
      return parse(efs.read(path)?.toString("utf8") ?? "{}", path);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { place, message, remedy } of error.problems) log.error({ place, remedy }, message);
      throw new ClientError(`${path} cannot be used: ${error.message}`);
    }
  };
  const { cfg, warnings } = parsed(LWM2M_CFG, (text, name) => parseLwm2mCfg(text, name, defaults));
  for (const { place, message, remedy } of warnings) log.warn({ place, remedy }, message);
  const carrier = efs.exists(CARRIER_APN_CFG) ? parsed(CARRIER_APN_CFG, parseCarrierApnCfg) : undefined;
  for (const { place, message, remedy } of carrier?.warnings ?? []) log.warn({ place, remedy }, message);
  const blockOf = (shortServerId: number | undefined) =>
    carrier?.servers.find((each) => each.shortServerId === shortServerId);
  return {
    cfg,
    dataCallRetry: { firstS: cfg.retryTimeoutS, factor: cfg.retryExponent, longestS: cfg.maxRetryTimeoutS },
    registrationRetry: {
      firstS: cfg.registrationRetryTimeoutS,
      factor: cfg.registrationRetryExponent,
      longestS: cfg.registrationRetryMaxTimeoutS,
    },
    apnClassFor: (shortServerId) => blockOf(shortServerId)?.apnClass ?? DEFAULT_APN_CLASS,
    apnFor: (shortServerId) => blockOf(shortServerId)?.apn ?? cfg.apn ?? "",
    bootstrapIfFails: (shortServerId) => blockOf(shortServerId)?.bootstrapIfRegistrationFails === 1,
  };
}

/** The options whether or not the Client runs: where the file is damaged, Table 4's (the Client reports it when it starts). */
export function readOptions(efs: Efs): Lwm2mCfg {
  try {
    return parseLwm2mCfg(efs.read(LWM2M_CFG)?.toString("utf8") ?? "{}", LWM2M_CFG).cfg;
  } catch {
    return parseLwm2mCfg("{}", LWM2M_CFG).cfg;
  }
}
