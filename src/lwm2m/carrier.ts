/** What the carrier of lwm2m_cfg asks of the accounts (CARRIER_TYPE, guide §3.3.3 and §3.3.4). */
import type { Efs } from "#efs/efs";
import type { Account } from "#lwm2m/accounts";
import { readOptions } from "#lwm2m/client-files";
import type { Log } from "#runtime";

export interface CarrierRule {
  /** The accounts are read anew: so is CARRIER_TYPE, and what it refuses is told again. */
  begin(): void;
  /** Whether the Client may use the account; one that it may not is told once. */
  admits(account: Account): boolean;
}

const VERIZON = 1;
/** The guide has the PSK file of the DIAG server under this short server id. */
const DIAG_SERVER = 101;
/** Security Mode (/0/x/2). */
const NO_SEC = 3;

export function createCarrierRule(efs: Efs, log: Log): CarrierRule {
  let carrier = 0;
  const told = new Set<number>();
  return {
    begin() {
      carrier = readOptions(efs).carrierType;
      told.clear();
    },
    admits({ isBootstrapServer, shortServerId, securityMode, securityInstanceId, uri }) {
      if (carrier !== VERIZON || securityMode !== NO_SEC) return true;
      if (!isBootstrapServer && shortServerId !== DIAG_SERVER) return true;
      if (!told.has(securityInstanceId)) {
        told.add(securityInstanceId);
        log.error(
          { server: shortServerId, uri, remedy: "give it a PSK (security mode 0), or set CARRIER_TYPE=0 in lwm2m_cfg" },
          "account refused: with CARRIER_TYPE=1 the bootstrap server and the DIAG server are never without security",
        );
      }
      return false;
    },
  };
}
