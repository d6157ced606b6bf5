/** The host's GNSS session, and what the receiver tells in it. */
import type { Sighting } from "#at/gnss/nmea";
import type { ModemState } from "#modem/state";
import type { Clock } from "#runtime";

/** @param nowMs monotonic */
export const hasSession = ({ gnssSession }: ModemState, nowMs: number): boolean =>
  gnssSession !== undefined && gnssSession.untilMs > nowMs;

/** The latest fix, told anew each second; undefined = none. */
export const sightingOf = ({ fix }: ModemState, clock: Clock): Sighting | undefined =>
  fix && { position: fix, utcMs: clock.now() };
