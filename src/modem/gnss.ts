/**
 * The GNSS receiver: what satellites tell becomes the module's fix, no oftener than GPS_MIN_INTERVAL and only after a
 * move of GPS_MIN_DISTANCE (guide §3.3.3). With a distance of 0 each interval brings a fix; otherwise a module at rest
 * costs no timer.
 */
import type { Modem } from "#modem/modem";
import type { ModemState, Position } from "#modem/state";
import type { Cancel, Clock } from "#runtime";

export interface GnssOptions {
  readonly modem: Modem;
  readonly clock: Clock;
  /** GPS_MIN_INTERVAL and GPS_MIN_DISTANCE as they hold now. */
  limits(): { readonly gpsMinIntervalMs: number; readonly gpsMinDistanceM: number };
}

/** A receiver computes a position once a second. */
const SHORTEST_INTERVAL_MS = 1000;
const EARTH_RADIUS_M = 6_371_000;

export function createGnss({ modem, clock, limits }: GnssOptions): { close(): void } {
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let next: Cancel | undefined;

  const stop = () => {
    next?.();
    next = undefined;
  };
  /** As soon as the interval allows. */
  const planFetch = () => {
    const intervalMs = Math.max(limits().gpsMinIntervalMs, SHORTEST_INTERVAL_MS);
    next ??= clock.after(Math.max(fetchedAtMs + intervalMs - clock.monotonic(), 0), fetchPosition);
  };
  const fetchPosition = () => {
    next = undefined;
    fetchedAtMs = clock.monotonic();
    const { position, fix, time } = modem.state;
    const { gpsMinDistanceM } = limits();
    if (!position || !fix || distanceBetween(position, fix) >= gpsMinDistanceM) {
      modem.update({ fix: position && { ...position, takenAtMs: clock.now() + time.offsetMs } });
    }
    if (position && gpsMinDistanceM === 0) planFetch();
  };
  const unsubscribe = modem.onChange((now, before) => {
    if (!isReceiving(now)) {
      stop();
      if (modem.state.fix) modem.update({ fix: undefined });
    } else if (now.position !== before.position || (now.position && !isReceiving(before))) planFetch();
  });
  return {
    close() {
      unsubscribe();
      stop();
    },
  };
}

const isReceiving = ({ power, gnss }: ModemState) => power.phase === "running" && gnss.enabled && !gnss.faulty;

/** Metres along the great circle (haversine), and up. */
export function distanceBetween(a: Position, b: Position): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const chord =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  const across = 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(chord, 1)));
  return Math.hypot(across, a.altitudeM - b.altitudeM);
}
