/** Tells in the log why the Client waits for the network, once for each reason. */
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";
import type { ModemState } from "#modem/state";
import type { Log } from "#runtime";

export interface IdleLogOptions {
  readonly modem: Modem;
  readonly log: Log;
  isRunning(): boolean;
  blockedByRoaming(state: ModemState): boolean;
}

const NO_NETWORK = "LwM2M is idle: no network";
const DENIED = "LwM2M is idle: the network denies registration";
const DETACHED = "LwM2M is idle: the packet domain is detached";
const ROAMING = "LwM2M is idle while roaming (ROAMING_FEAT=1)";

/** From its making on it follows the modem. */
export interface IdleLog {
  /** The Client begins to wait, unless it need not. */
  begin(): void;
}

export function createIdleLog({ modem, log, isRunning, blockedByRoaming }: IdleLogOptions): IdleLog {
  let told: string | undefined;

  const reasonIn = (state: ModemState): string | undefined => {
    if (state.registration.eps === 3) return DENIED;
    if (!inService(state)) return NO_NETWORK;
    if (!state.network.attached) return DETACHED;
    return blockedByRoaming(state) ? ROAMING : undefined;
  };
  const review = (state: ModemState) => {
    if (!isRunning() || state.power.phase !== "running") return;
    const reason = reasonIn(state);
    if (reason === told) return;
    told = reason;
    if (reason !== undefined) log.info(reason === DENIED ? { cause: state.network.rejectCause } : {}, reason);
  };
  modem.onChange(review);
  return {
    begin() {
      told = undefined;
      review(modem.state);
    },
  };
}
