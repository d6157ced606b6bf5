/** Areas that a host has asked to be told of: whether a position lies within. */
import { distanceBetween } from "#modem/gnss";
import type { Geofence, Place, Position } from "#modem/state";

/** On the ground alone: heights play no part. */
const onGround = ({ latitude, longitude }: Place): Position => ({
  latitude,
  longitude,
  altitudeM: 0,
  uncertaintyM: 0,
  speedMs: 0,
  courseDeg: 0,
});

/** Metres between two places on the ground. */
export const metresBetween = (a: Place, b: Place): number => distanceBetween(onGround(a), onGround(b));

export function isWithin(place: Place, { area }: Geofence): boolean {
  if ("radiusM" in area) return metresBetween(place, area.centre) <= area.radiusM;
  const { corners } = area;
  let isInside = false;
  // Each side that a line to the east crosses changes the answer; a fence is small, so degrees are taken for a plane.
  for (const [index, a] of corners.entries()) {
    const b = corners[(index + 1) % corners.length]!;
    if (a.latitude > place.latitude === b.latitude > place.latitude) continue;
    const share = (place.latitude - a.latitude) / (b.latitude - a.latitude);
    if (place.longitude < a.longitude + share * eastOf(a, b)) isInside = !isInside;
  }
  return isInside;
}

const eastOf = (a: Place, b: Place) => b.longitude - a.longitude;
