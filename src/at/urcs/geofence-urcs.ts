/** `+QIND: "GEOFENCE"`: the module has come into an area, or left it. */
import { hasSession } from "#at/gnss/gnss-session";
import { on, type Urc } from "#at/urcs/urc-row";
import { isWithin } from "#modem/geofence";

const ENTERING = 1;
const LEAVING = 2;

export const geofenceUrcs: readonly Urc[] = [
  function border(now, before, { host }) {
    const { fix } = now;
    if (!fix || fix === before.fix || !hasSession(now, host.runtime.clock.monotonic())) return [];
    return Object.entries(now.geofences).flatMap(([id, fence]) => {
      const isInside = isWithin(fix, fence);
      // a first position within is an entry; outside it is no leaving
      const wasInside = before.fix !== undefined && isWithin(before.fix, fence);
      const event = isInside ? ENTERING : LEAVING;
      return on(isInside !== wasInside && (fence.mode & event) !== 0, `+QIND: "GEOFENCE",${id},${event}`);
    });
  },
];
