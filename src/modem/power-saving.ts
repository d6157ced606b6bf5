/**
 * Power saving: what the host asks for (AT+CPSMS, AT+CEDRXS; kept in non-volatile memory) and what the network grants, and
 * the sleep that follows: off after the active time without traffic, on again for the periodic update.
 */
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";
import type { Power } from "#modem/power";
import type { AccessTechnology, ModemState } from "#modem/state";
import type { Cancel, Clock, Log } from "#runtime";

/** Timers as 8 bits, "00100100". */
export interface Psm {
  /** T3412 extended. */
  readonly periodicTau: string;
  /** T3324. */
  readonly activeTime: string;
}

export interface PsmRequest extends Psm {
  readonly enabled: boolean;
}

/** 12 h and 20 s. */
export const FACTORY_PSM: PsmRequest = { enabled: false, periodicTau: "00101100", activeTime: "00001010" };

/** Seconds by unit, the three bits in front (3GPP TS 24.008 §10.5.7.4a and §10.5.7.3); a unit that is missing switches the timer off. */
const TAU_UNIT_S: Readonly<Record<string, number>> = {
  "000": 600,
  "001": 3600,
  "010": 36_000,
  "011": 2,
  "100": 30,
  "101": 60,
  "110": 1_152_000,
};
const ACTIVE_UNIT_S: Readonly<Record<string, number>> = { "000": 2, "001": 60, "010": 360 };

const seconds = (bits: string, units: Readonly<Record<string, number>>): number | undefined => {
  const unit = units[bits.slice(0, 3)];
  return unit === undefined ? undefined : unit * Number.parseInt(bits.slice(3), 2);
};

/** @returns undefined for a timer that is switched off. */
export const tauSeconds = (bits: string) => seconds(bits, TAU_UNIT_S);
export const activeSeconds = (bits: string) => seconds(bits, ACTIVE_UNIT_S);

/** `<mode>,<TAU>,<active time>` as it is kept. */
const KEPT_PSM = /^([01]),([01]{8}),([01]{8})$/;

export function requestedPsm({ settings }: ModemState): PsmRequest {
  const [, mode, periodicTau, activeTime] = KEPT_PSM.exec(settings.cpsms ?? "") ?? [];
  if (periodicTau === undefined || activeTime === undefined) return FACTORY_PSM;
  return { enabled: mode === "1", periodicTau, activeTime };
}

export const keptPsm = ({ enabled, periodicTau, activeTime }: PsmRequest) =>
  `${enabled ? 1 : 0},${periodicTau},${activeTime}`;

/** @returns what holds now; undefined without a network that grants it. */
export function grantedPsm(state: ModemState): Psm | undefined {
  const request = requestedPsm(state);
  const isGranted = request.enabled && grants(state) && activeSeconds(request.activeTime) !== undefined;
  return isGranted ? request : undefined;
}

/** eDRX is an LTE feature, and so is PSM as it is simulated here. */
const grants = (state: ModemState) => inService(state) && state.network.powerSaving && state.radio.technology !== "GSM";

/** <AcT-type> of 3GPP TS 27.007 §7.40. */
export const EDRX_TYPE = { "CAT-M1": 4, "CAT-NB1": 5 } as const;

/** The eDRX value asked for, 4 bits; undefined = none. */
export const requestedEdrx = ({ settings }: ModemState, type: 4 | 5): string | undefined => {
  const value = settings[`edrx/${type}`] ?? "";
  return /^[01]{4}$/.test(value) ? value : undefined;
};

export interface Edrx {
  readonly type: 4 | 5;
  readonly value: string;
  /** Paging time window, 4 bits. */
  readonly window: string;
}

/** 5.12 s on LTE-M, 10.24 s on NB-IoT (3GPP TS 24.008 §10.5.5.32). */
const WINDOW = "0011";

export function grantedEdrx(state: ModemState): Edrx | undefined {
  const type = edrxType(state.radio.technology);
  const value = type && requestedEdrx(state, type);
  return value !== undefined && type && grants(state) ? { type, value, window: WINDOW } : undefined;
}

const edrxType = (technology: AccessTechnology) => (technology === "GSM" ? undefined : EDRX_TYPE[technology]);

/** AT+QCFG="psm/enter",1: no wait for the active time, only for the end of the connection. */
const RELEASE_S = 1;

/** AT+QPSMCFG as it is kept: <threshold>,<psm_version>. */
export const FACTORY_QPSMCFG = "60,4";

const thresholdSeconds = ({ settings }: ModemState): number =>
  Number((settings.qpsmcfg ?? FACTORY_QPSMCFG).split(",")[0]);

/** @returns how long the sleep until the periodic update lasts; Infinity without that update. */
const sleepSeconds = ({ periodicTau, activeTime }: Psm): number =>
  (tauSeconds(periodicTau) ?? Number.POSITIVE_INFINITY) - (activeSeconds(activeTime) ?? 0);

export interface PowerSavingOptions {
  readonly modem: Modem;
  readonly power: Power;
  readonly clock: Clock;
  readonly log: Log;
  /** Monotonic ms: when something has passed last. */
  lastTrafficMs(): number;
  /** How long after that the module's own applications want it awake; Infinity = for as long as they answer so. */
  wantedAwakeMs(): number;
  /** What they want it awake for. */
  whyAwake(): string;
}

/** An application that wants the module awake is asked again after so long. */
const ASK_AGAIN_MS = 1000;

export function createPowerSaving(options: PowerSavingOptions): { close(): void } {
  const { modem, power, clock, log } = options;
  let next: Cancel | undefined;
  /** Monotonic ms: when the timers were granted, or asked for anew, or the host's orders last went over the network. */
  let grantedAtMs = 0;
  /** Why the module stays awake although it need not for the network's sake, as the log has it. */
  let told: string | undefined;

  const tell = (reason: string) => {
    if (reason === told) return;
    told = reason;
    log.info({ reason }, "PSM is granted, but the module stays awake");
  };
  const stop = () => {
    next?.();
    next = undefined;
  };
  /** Both timers begin when the connection ends (3GPP TS 24.301 §5.3.5, §5.3.11). */
  const idleMs = () => clock.monotonic() - Math.max(grantedAtMs, options.lastTrafficMs());

  const awaitIdleness = () => {
    const atOnce = modem.state.settings["qcfg/psm/enter"] === "1";
    const activeMs = (atOnce ? RELEASE_S : (activeSeconds(requestedPsm(modem.state).activeTime) ?? 0)) * 1000;
    const activeLeftMs = activeMs - idleMs();
    if (activeLeftMs > 0) {
      next = clock.after(activeLeftMs, awaitIdleness);
      return;
    }
    const leftMs = options.wantedAwakeMs() - idleMs();
    if (leftMs <= 0) return power.sleep();
    tell(options.whyAwake());
    next = clock.after(Number.isFinite(leftMs) ? leftMs : ASK_AGAIN_MS, awaitIdleness);
  };
  const awaitPeriodicUpdate = () => {
    const tauS = tauSeconds(requestedPsm(modem.state).periodicTau);
    if (!tauS) return;
    const tauMs = tauS * 1000;
    // those that have come due while the module was awake are done
    next = clock.after(tauMs - (idleMs() % tauMs), () => power.on());
  };
  const follow = (now: ModemState, before: ModemState) => {
    const phase = phaseOf(now);
    const isSame = phase === phaseOf(before) && orderOf(now) === orderOf(before);
    // an application that has ended wants nothing any more
    const hasEnded = now.lwm2m.phase !== before.lwm2m.phase;
    const hasPassed = now.networkReport !== before.networkReport || now.pdp !== before.pdp;
    if (!isSame) told = undefined;
    const hindrance = phase === "awake" && !now.power.sleeping ? hindranceOf(now, grantedPsm(now)) : undefined;
    if (hindrance !== undefined) tell(hindrance);
    if (isSame && !(phase === "idle" && (hasEnded || hasPassed))) return;
    stop();
    if (phase === "asleep") return awaitPeriodicUpdate();
    if (phase === "awake") return;
    if (!isSame || hasPassed) grantedAtMs = clock.monotonic();
    next = clock.after(0, awaitIdleness);
  };
  const unsubscribe = modem.onChange(follow);
  return {
    close() {
      unsubscribe();
      stop();
    },
  };
}

/** /5/0/3 and /9/0/7: a package on its way keeps the module awake, however slowly it comes. */
const DOWNLOADING = 1;

const orderOf = ({ settings }: ModemState) => `${settings.cpsms} ${settings["qcfg/psm/enter"]}`;

function phaseOf(state: ModemState): "awake" | "idle" | "asleep" {
  const { phase, sleeping } = state.power;
  if (sleeping) return phase === "off" ? "asleep" : "awake";
  const granted = grantedPsm(state);
  return granted && hindranceOf(state, granted) === undefined ? "idle" : "awake";
}

/** What in the module keeps it out of the sleep that the network grants. */
function hindranceOf(state: ModemState, granted: Psm | undefined): string | undefined {
  if (!granted) return undefined;
  const { update, software } = state.firmware;
  if (update.state === DOWNLOADING || software.state === DOWNLOADING) return "a package is being downloaded";
  const sleepS = sleepSeconds(granted);
  const thresholdS = thresholdSeconds(state);
  if (sleepS >= thresholdS) return undefined;
  return `AT+QPSMCFG asks for a sleep of ${thresholdS} s at least, and this one would last ${Math.max(0, sleepS)} s`;
}
