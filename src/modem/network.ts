/** The network side of the modem: search, registration and attach follow SIM, functionality, coverage and AT+COPS. */
import type { Modem } from "#modem/modem";
import { detached, endCalls } from "#modem/pdp-contexts";
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

/** Whether a network has taken the module in. */
export function inService(state: ModemState): boolean {
  return state.registration.eps === 1 || state.registration.eps === 5;
}

/** Whether packet data can flow. */
export function isOnline(state: ModemState): boolean {
  return inService(state) && state.network.attached;
}

/** What the network's time does to the module's clock: with AT+CTZU it takes time and zone over (3GPP TS 27.007 §8.40). */
function heardTime({ time, network, settings }: ModemState): ModemState["time"] {
  const isTakenOver = (settings.ctzu ?? "0") !== "0";
  return { ...time, ...(isTakenOver && { offsetMs: 0, zoneQuarters: network.zoneQuarters }), synchronised: true };
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
      ...(registered && { time: heardTime(state) }),
      ...(!registered && (eps === 0 ? detached(state) : endCalls(state))), // after a lost cell alone the addresses are the same
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

  const unsubscribe = modem.onChange((now, before) => {
    const isToldZone = inService(now) && now.network.zoneQuarters !== before.network.zoneQuarters;
    if (isToldZone) modem.update((state) => ({ time: heardTime(state) }));
    follow();
  });
  return {
    close() {
      unsubscribe();
      search?.();
    },
  };
}
