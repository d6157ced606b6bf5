/** The data calls of the Client's own, one for each APN and class that the accounts name. */
import type { Account } from "#lwm2m/accounts";
import type { ClientFiles } from "#lwm2m/client-files";
import { callForModule, moduleCall } from "#modem/data-call";
import type { Modem } from "#modem/modem";

export interface ModuleCalls {
  /** Makes that of an account, or of the Bootstrap-Server (undefined), if it is not up; a text says why there is none. */
  make(account: Account | undefined): true | string;
  /** The module's address in it. */
  address(account: Account | undefined): string | undefined;
}

export interface ModuleCallsOptions {
  readonly modem: Modem;
  /** As they were when the Client started. */
  files(): Pick<ClientFiles, "apnFor" | "apnClassFor">;
  type(): "IP" | "IPV6";
}

export function createModuleCalls({ modem, files, type }: ModuleCallsOptions): ModuleCalls {
  /** Its block of carrier_apn_cfg, else the default of lwm2m_cfg. */
  const apnOf = (account: Account | undefined) =>
    [files().apnFor(account?.shortServerId), files().apnClassFor(account?.shortServerId)] as const;

  return {
    make(account) {
      const call = callForModule(modem.state, ...apnOf(account), type());
      if (!call.ok) return call.reason;
      if (call.change.moduleCalls) modem.update(call.change);
      return true;
    },
    address: (account) => moduleCall(modem.state, ...apnOf(account))?.address,
  };
}
