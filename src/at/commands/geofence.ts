/** AT+QCFGEXT="addgeo" and its like: up to ten areas, whose borders the module reports while a GNSS session runs. */
import { type CommandContext, type CommandDefinition, defineCommand, type Parameter } from "#at/command";
import { hasSession } from "#at/gnss/gnss-session";
import { integer, optional } from "#at/parameter";
import { CmeError } from "#at/result";
import { isWithin, metresBetween } from "#modem/geofence";
import type { Geofence, Place } from "#modem/state";

const spec = "Quectel BG96 GNSS AT Commands Manual V1.1 §2";
const errors = "gnss";

const MOST_FENCES = 10;
/** Of AT+QCFGEXT="deletegeo": every fence. */
const ALL = MOST_FENCES;
/** <posWRTgeofence>. */
const WHERE = { unknown: 0, inside: 1, outside: 2 } as const;
/** Numbers behind <shape>: centre and radius; centre and a place on the circle; three corners; four. */
const NUMBERS = { 0: 3, 1: 4, 2: 6, 3: 8 } as const;

/** The manual writes degrees so; it is a tenth of a metre. */
const MILLIONTHS = 1e6;

/** A number with a point, not in quotes. */
const decimal = <const Name extends string>(name: Name): Parameter<Name, number> => ({
  name,
  optional: false,
  range: `<${name}>`,
  parse(text, quoted) {
    if (quoted || !/^[+-]?\d{1,7}(\.\d{1,12})?$/.test(text)) throw new CmeError(50, `${name}: not a number`);
    return Math.round(Number(text) * MILLIONTHS) / MILLIONTHS + 0; // a zero has no sign
  },
});

function placeOf(latitude: number, longitude: number): Place {
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) throw new CmeError(50, "no such place");
  return { latitude, longitude };
}

function areaOf(shape: keyof typeof NUMBERS, numbers: readonly number[]): Geofence["area"] {
  if (shape === 0) {
    const [latitude = 0, longitude = 0, radiusM = 0] = numbers;
    if (radiusM <= 0) throw new CmeError(50, "no radius");
    return { centre: placeOf(latitude, longitude), radiusM };
  }
  const places = Array.from({ length: numbers.length / 2 }, (_, at) => placeOf(numbers[2 * at]!, numbers[2 * at + 1]!));
  const [centre, border] = places;
  return shape === 1 ? { centre: centre!, radiusM: metresBetween(centre!, border!) } : { corners: places };
}

const fenceOf = ({ modem }: CommandContext, id: number): Geofence => {
  const fence = modem.state.geofences[id];
  if (!fence) throw new CmeError(517, String(id));
  return fence;
};

const addgeo = defineCommand({
  name: "addgeo",
  title: "Add a geofence: reported are 1 entering, 2 leaving, 3 both, 0 none; shapes are 0 radius, 1 circle, 2 triangle, 3 quadrangle",
  spec,
  errors,
  parameters: [
    integer("geoid", { min: 0, max: MOST_FENCES - 1 }),
    optional(integer("mode", [0, 1, 2, 3])),
    optional(integer("shape", [0, 1, 2, 3])),
    optional(decimal("lat1")),
    optional(decimal("lon1")),
    optional(decimal("lat2")),
    optional(decimal("lon2")),
    optional(decimal("lat3")),
    optional(decimal("lon3")),
    optional(decimal("lat4")),
    optional(decimal("lon4")),
  ],
  write(context, { geoid, mode, shape, lat1, lon1, lat2, lon2, lat3, lon3, lat4, lon4 }) {
    if (mode === undefined) return [`+QCFGEXT: "addgeo",${geoid},${fenceOf(context, geoid).asTold}`];
    const behind = [lat1, lon1, lat2, lon2, lat3, lon3, lat4, lon4];
    const given = behind.filter((each) => each !== undefined);
    if (shape === undefined || given.length !== NUMBERS[shape] || behind.slice(0, given.length).includes(undefined)) {
      throw new CmeError(50, "not the numbers that the shape has");
    }
    const fence = { mode, area: areaOf(shape, given), asTold: [mode, shape, ...given].join(",") };
    context.modem.update(({ geofences }) => ({ geofences: { ...geofences, [geoid]: fence } }));
    return [];
  },
});

const deletegeo = defineCommand({
  name: "deletegeo",
  title: `Delete a geofence, or with ${ALL} every one`,
  spec,
  errors,
  parameters: [integer("geoid", { min: 0, max: ALL })],
  write(context, { geoid }) {
    if (geoid !== ALL) fenceOf(context, geoid);
    context.modem.update(({ geofences }) => ({
      geofences: Object.fromEntries(Object.entries(geofences).filter(([id]) => geoid !== ALL && Number(id) !== geoid)),
    }));
    return [];
  },
});

const querygeo = defineCommand({
  name: "querygeo",
  title: "Where the module is: 0 unknown, 1 within, 2 outside a geofence",
  spec,
  errors,
  parameters: [integer("geoid", { min: 0, max: MOST_FENCES - 1 })],
  write(context, { geoid }) {
    const fence = fenceOf(context, geoid);
    const { state } = context.modem;
    const place = hasSession(state, context.runtime.clock.monotonic()) ? state.fix : undefined;
    const where = !place ? WHERE.unknown : isWithin(place, fence) ? WHERE.inside : WHERE.outside;
    return [`+QCFGEXT: "querygeo",${geoid},${where}`];
  },
});

export const geofenceCommands = { addgeo, deletegeo, querygeo } as const satisfies Readonly<Record<string, CommandDefinition>>;
