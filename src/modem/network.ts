/** The network side of the modem: search, registration and attach follow SIM, functionality, coverage and AT+COPS. */
import type { Modem } from "#modem/modem";
import { deactivateAll } from "#modem/pdp-contexts";
import type { BootProfile } from "#modem/power";
import type { ModemState, RegistrationStatus } from "#modem/state";
import type { Cancel, Clock } from "#runtime";

/** How long a search takes before a cell is found. */
const SEARCH_MS: Readonly<Record<BootProfile, number>> = { instant: 0, fast: 80, realistic: 3000 };

export interface Network {
  close(): void;
}

/** What registration is heading for. */
function target(state: ModemState): RegistrationStatus {
  if (state.power.phase !== "running" || state.functionality !== 1 || state.sim.status !== "READY") return 0;
  if (state.network.selection === 2) return 0;
  if (!state.network.coverage) return 2;
  return state.network.roaming ? 5 : 1;
}

/** Whether packet data can flow. */
export function inService(state: ModemState): boolean {
  return state.registration.eps === 1 || state.registration.eps === 5;
}

export function createNetwork(options: { modem: Modem; clock: Clock; profile: BootProfile }): Network {
  const { modem, clock, profile } = options;
  let search: Cancel | undefined;

  const settle = (eps: RegistrationStatus) => {
    search?.();
    search = undefined;
    if (modem.state.registration.eps === eps) return;
    const registered = eps === 1 || eps === 5;
    modem.update((state) => ({
      registration: { eps },
      network: { ...state.network, attached: registered },
      ...(registered && { time: { ...state.time, synchronised: true } }),
      ...(!registered && deactivateAll(state)),
    }));
  };

  const follow = () => {
    const aim = target(modem.state);
    if (aim === modem.state.registration.eps) return;
    if (aim === 0 || aim === 2 || inService(modem.state)) return settle(aim);
    if (search) return;
    if (SEARCH_MS[profile] === 0) return settle(aim);
    if (modem.state.registration.eps === 0) modem.update({ registration: { eps: 2 } });
    search = clock.after(SEARCH_MS[profile], () => {
      search = undefined;
      settle(target(modem.state));
    });
  };

  const unsubscribe = modem.onChange(follow);
  return {
    close() {
      unsubscribe();
      search?.();
    },
  };
}
