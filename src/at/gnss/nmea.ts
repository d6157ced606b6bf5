/** NMEA 0183 sentences of the GNSS receiver. */
import type { Position } from "#modem/state";

/** What the receiver tells once a second. */
export interface Sighting {
  readonly position: Position;
  readonly utcMs: number;
}

export type SentenceType = "GGA" | "RMC" | "GSV" | "GSA" | "VTG" | "GNS";
export const SENTENCE_TYPES: readonly SentenceType[] = ["GGA", "RMC", "GSV", "GSA", "VTG", "GNS"];

interface Satellite {
  readonly number: number;
  readonly elevationDeg: number;
  readonly azimuthDeg: number;
  readonly snrDb: number;
}

/** A sky that does not turn: the operator gives the position alone. */
const SKY: readonly Satellite[] = [
  [2, 21, 48, 33],
  [5, 63, 289, 41],
  [7, 35, 197, 38],
  [9, 12, 105, 29],
  [13, 71, 84, 43],
  [15, 48, 152, 40],
  [20, 27, 310, 35],
  [28, 16, 254, 31],
  [30, 55, 231, 42],
].map(([number, elevationDeg, azimuthDeg, snrDb]) => ({ number, elevationDeg, azimuthDeg, snrDb }) as Satellite);

export const SATELLITES = SKY.length;
const SATELLITES_A_SENTENCE = 4;
const CHANNELS = 12;
const KNOT_MS = 1852 / 3600;

/** What one metre of uncertainty makes of the dilution of precision: a receiver's own error is some 5 m. */
const RANGE_ERROR_M = 5;
export const hdopOf = ({ uncertaintyM }: Position) => Math.max(uncertaintyM / RANGE_ERROR_M, 0.5).toFixed(1);

export const knots = ({ speedMs }: Position) => (speedMs / KNOT_MS).toFixed(1);
export const kilometresPerHour = ({ speedMs }: Position) => (speedMs * 3.6).toFixed(1);

/** "hhmmss" and "ddMMyy". */
export function timeAndDate(utcMs: number): { readonly time: string; readonly date: string } {
  const [, year, month, day, hour, minute, second] = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(
    new Date(utcMs).toISOString(),
  )!;
  return { time: `${hour}${minute}${second}`, date: `${day}${month}${year}` };
}

/** Degrees and minutes, "ddmm.mmmm"; a rounded 60' goes to the next degree. @param width digits of the degrees */
export function degreesAndMinutes(degrees: number, width: number, decimals: number): string {
  const unit = 10 ** decimals;
  const all = Math.round(Math.abs(degrees) * 60 * unit);
  const whole = Math.floor(all / (60 * unit));
  const minutes = ((all % (60 * unit)) / unit).toFixed(decimals).padStart(decimals + 3, "0");
  return `${String(whole).padStart(width, "0")}${minutes}`;
}

export const hemispheres = ({ latitude, longitude }: Position) =>
  ({ latitude: latitude < 0 ? "S" : "N", longitude: longitude < 0 ? "W" : "E" }) as const;

function place(position: Position): readonly string[] {
  const { latitude, longitude } = hemispheres(position);
  return [degreesAndMinutes(position.latitude, 2, 4), latitude, degreesAndMinutes(position.longitude, 3, 4), longitude];
}

/** "$…*hh": the check is the XOR of what stands between. */
function sentence(...fields: readonly string[]): string {
  const body = fields.join(",");
  const check = [...body].reduce((sum, character) => sum ^ character.charCodeAt(0), 0);
  return `$${body}*${check.toString(16).toUpperCase().padStart(2, "0")}`;
}

const bearing = ({ courseDeg }: Position) => courseDeg.toFixed(1);
const empty = (count: number) => Array.from({ length: count }, () => "");

const SENTENCES: Readonly<Record<SentenceType, (sighting: Sighting | undefined) => readonly string[]>> = {
  GGA(sighting) {
    if (!sighting) return [sentence("GPGGA", ...empty(5), "0", ...empty(8))];
    const { position, utcMs } = sighting;
    const altitude = [position.altitudeM.toFixed(1), "M", "", "M", "", ""];
    const satellites = String(SATELLITES).padStart(2, "0");
    return [
      sentence(
        "GPGGA",
        `${timeAndDate(utcMs).time}.0`,
        ...place(position),
        "1",
        satellites,
        hdopOf(position),
        ...altitude,
      ),
    ];
  },
  RMC(sighting) {
    if (!sighting) return [sentence("GPRMC", "", "V", ...empty(9), "N")];
    const { position, utcMs } = sighting;
    const { time, date } = timeAndDate(utcMs);
    return [
      sentence("GPRMC", `${time}.0`, "A", ...place(position), knots(position), bearing(position), date, "", "", "A"),
    ];
  },
  GSV(sighting) {
    if (!sighting) return [sentence("GPGSV", "1", "1", "00")];
    const count = Math.ceil(SKY.length / SATELLITES_A_SENTENCE);
    return Array.from({ length: count }, (_, index) => {
      const seen = SKY.slice(index * SATELLITES_A_SENTENCE, (index + 1) * SATELLITES_A_SENTENCE);
      const fields = seen.flatMap(({ number, elevationDeg, azimuthDeg, snrDb }) => [
        String(number).padStart(2, "0"),
        String(elevationDeg).padStart(2, "0"),
        String(azimuthDeg).padStart(3, "0"),
        String(snrDb),
      ]);
      return sentence("GPGSV", String(count), String(index + 1), String(SKY.length).padStart(2, "0"), ...fields);
    });
  },
  GSA(sighting) {
    if (!sighting) return [sentence("GPGSA", "A", "1", ...empty(CHANNELS + 3))];
    const used = SKY.map(({ number }) => String(number).padStart(2, "0"));
    const hdop = hdopOf(sighting.position);
    // The uncertainty is known along the ground alone; up it is taken for the same.
    const pdop = (Number(hdop) * Math.SQRT2).toFixed(1);
    return [sentence("GPGSA", "A", "3", ...used, ...empty(CHANNELS - used.length), pdop, hdop, hdop)];
  },
  VTG(sighting) {
    if (!sighting) return [sentence("GPVTG", "", "T", "", "M", "", "N", "", "K", "N")];
    const { position } = sighting;
    return [
      sentence("GPVTG", bearing(position), "T", "", "M", knots(position), "N", kilometresPerHour(position), "K", "A"),
    ];
  },
  GNS(sighting) {
    if (!sighting) return [sentence("GNGNS", ...empty(5), "NN", ...empty(6))];
    const { position, utcMs } = sighting;
    const satellites = String(SATELLITES).padStart(2, "0");
    const { time } = timeAndDate(utcMs);
    const altitude = position.altitudeM.toFixed(1);
    return [
      sentence("GNGNS", `${time}.0`, ...place(position), "AN", satellites, hdopOf(position), altitude, "", "", ""),
    ];
  },
};

/** @param sighting undefined = no fix. */
export const nmeaSentences = (type: SentenceType, sighting: Sighting | undefined): readonly string[] =>
  SENTENCES[type](sighting);
