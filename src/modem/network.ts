/** The network side of the modem: search, registration and attach follow SIM, functionality, coverage, AT+COPS and AT+QCFG. */
import { attached, bearerOf } from "#modem/default-bearer";
import type { Modem } from "#modem/modem";
import { detached, withoutService } from "#modem/pdp-contexts";
import type { BootProfile } from "#modem/power";
import { isSought, mayRegister, searchesBefore, takesPackets, wantsAttach } from "#modem/search-settings";
import type { ModemState, RegistrationStatus } from "#modem/state";
import type { Cancel, Clock, Log } from "#runtime";

/** How long one access technology is searched for. */
const SEARCH_MS: Readonly<Record<BootProfile, number>> = { instant: 0, fast: 80, realistic: 3000 };

export interface Network {
  close(): void;
}

/** Whether the radio hears a cell: one of the kind that it is told to look for. */
export const hears = (state: ModemState): boolean =>
  state.functionality === 1 && state.network.coverage && isSought(state);

/** Whether the cell that the radio hears would not take the module in, or the module may not go there. */
export const isRefused = (state: ModemState): boolean => state.network.rejectCause !== 0 || !mayRegister(state);

/** What registration is heading for. */
function target(state: ModemState): RegistrationStatus {
  if (state.power.phase !== "running" || state.functionality !== 1 || state.sim.status !== "READY") return 0;
  if (state.network.selection === 2) return 0;
  // LTE is joined by the attach alone: a module that is not to attach looks for nothing (3GPP TS 24.301 §5.1.3)
  if (state.radio.technology !== "GSM" && isSought(state) && !wantsAttach(state)) return 0;
  if (!hears(state) || !mayRegister(state)) return 2;
  if (state.network.rejectCause !== 0) return 3;
  return state.network.roaming ? 5 : 1;
}

/** Whether a network has taken the module in. */
export function inService(state: ModemState): boolean {
  return state.registration.eps === 1 || state.registration.eps === 5;
}

/** Whether it is registered where it may be no longer: it leaves at once. */
export function isLeaving(state: ModemState): boolean {
  const aim = target(state);
  return inService(state) && aim !== 1 && aim !== 5;
}

/** Whether an attach that is asked for now would succeed, after a search where it takes one. */
export function mayAttach(state: ModemState): boolean {
  const aim = target({ ...state, network: { ...state.network, attachWanted: true } });
  return (aim === 1 || aim === 5) && takesPackets(state);
}

/** Whether packet data can flow. */
export function isOnline(state: ModemState): boolean {
  return inService(state) && state.network.attached;
}

/** What the network's time does to the module's clock: with AT+CTZU it takes time and zone over (3GPP TS 27.007 §8.40). */
function heardTime({ time, network, settings }: ModemState, heardAtMs: number): ModemState["time"] {
  const isTakenOver = (settings.ctzu ?? "0") !== "0";
  return {
    ...time,
    ...(isTakenOver && { offsetMs: 0, zoneQuarters: network.zoneQuarters }),
    synchronised: true,
    heardAtMs,
  };
}

/** The change by which the module is registered, or is no longer. */
function registered(state: ModemState, eps: RegistrationStatus, atMs: number): Partial<ModemState> {
  const registration = { eps };
  if (eps === 1 || eps === 5) {
    const attaches = !inService(state) && takesPackets(state) && wantsAttach(state);
    return { registration, time: heardTime(state, atMs), ...(attaches && attached(state)) };
  }
  // after a lost cell alone the addresses are the same
  if (eps === 2 && !state.network.coverage) return { registration, ...withoutService(state, "NW") };
  return { registration, ...detached(state, eps === 3 ? "NW" : "ME") };
}

/** Whether anything has changed that registration depends on. */
const PARTS = ["power", "functionality", "sim", "network", "radio", "settings", "registration"] as const;
const isTouched = (now: ModemState, before: ModemState): boolean => PARTS.some((part) => now[part] !== before[part]);

export function createNetwork(options: { modem: Modem; clock: Clock; log: Log; profile: BootProfile }): Network {
  const { modem, clock, log, profile } = options;
  let search: Cancel | undefined;

  const searchMs = () => {
    const { searchS } = modem.state.network;
    return searchS === undefined ? SEARCH_MS[profile] * searchesBefore(modem.state) : searchS * 1000;
  };

  const settle = (eps: RegistrationStatus) => {
    search?.();
    search = undefined;
    if (modem.state.registration.eps === eps) return;
    modem.update((state) => registered(state, eps, clock.now()));
    explain(modem.state, log);
  };

  const follow = () => {
    const aim = target(modem.state);
    const { eps } = modem.state.registration;
    if (aim === eps) return;
    if (aim === 0 || aim === 2 || inService(modem.state)) return settle(aim);
    if (search) return;
    const delayMs = searchMs();
    if (delayMs === 0) return settle(aim);
    if (eps !== 2) modem.update({ registration: { eps: 2 } });
    search = clock.after(delayMs, () => {
      search = undefined;
      settle(target(modem.state));
    });
  };

  /** The attach that is due, or over, beside a registration that stays; and the bearer that LTE always has with it. */
  const keepAttach = () => {
    const { state } = modem;
    const { attached: isAttached } = state.network;
    if (!inService(state)) return;
    if (!takesPackets(state)) return isAttached ? modem.update(detached(state, "ME")) : undefined;
    const isBearerDue = !state.defaultBearer && bearerOf(state) !== undefined;
    if (wantsAttach(state) && (!isAttached || isBearerDue)) modem.update(attached(state));
  };

  const unsubscribe = modem.onChange((now, before) => {
    if (!isTouched(now, before)) return;
    const isToldZone = inService(now) && now.network.zoneQuarters !== before.network.zoneQuarters;
    if (isToldZone) modem.update((state) => ({ time: heardTime(state, clock.now()) }));
    follow();
    keepAttach();
  });
  return {
    close() {
      unsubscribe();
      search?.();
    },
  };
}

/** A registration that nobody would expect to fail is explained in the log. */
function explain(state: ModemState, log: Log): void {
  const { technology, band } = state.radio;
  const { rejectCause, coverage, roaming } = state.network;
  if (state.registration.eps === 3) log.warn({ cause: rejectCause }, "the network denies registration");
  if (state.registration.eps !== 2 || !coverage) return;
  if (!isSought(state))
    log.warn({ technology, band }, "the cell in reach is none that AT+QCFG lets the module look for");
  else if (!mayRegister(state)) log.warn({ technology, roaming }, "AT+QCFG keeps the module from registering here");
}
