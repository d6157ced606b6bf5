/** Moments and zones as AT commands print them. */

export const QUARTER_MS = 15 * 60_000;

/** "+36": quarters of an hour from UTC. */
export const formatZone = (quarters: number) =>
  `${quarters < 0 ? "-" : "+"}${String(Math.abs(quarters)).padStart(2, "0")}`;

/** "yyyy/MM/dd,hh:mm:ss" of a moment in a zone. */
export function formatTime(utcMs: number, zoneQuarters: number): string {
  // Shifted by the zone, the fields of UTC read as local time.
  const iso = new Date(utcMs + zoneQuarters * QUARTER_MS).toISOString();
  return iso.slice(0, 19).replaceAll("-", "/").replace("T", ",");
}
