/** The GNSS receiver: the host's session, its position and its settings. LwM2M's /6 has the same fix without a session. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { hasSession, sightingOf } from "#at/gnss/gnss-session";
import {
  degreesAndMinutes,
  hdopOf,
  hemispheres,
  kilometresPerHour,
  knots,
  nmeaSentences,
  SATELLITES,
  SENTENCE_TYPES,
  type Sighting,
  timeAndDate,
} from "#at/gnss/nmea";
import { ALL_SENTENCES } from "#at/gnss/nmea-stream";
import { formatTime } from "#at/local-time";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, optional, string, word } from "#at/parameter";
import { CmeError } from "#at/result";
import type { Position } from "#modem/state";

const spec = "Quectel BG96 GNSS AT Commands Manual V1.1 §2";
const errors = "gnss";

const isActive = ({ modem, runtime }: CommandContext) => hasSession(modem.state, runtime.clock.monotonic());

/** @throws CmeError(505) without a session. */
function sighting(context: CommandContext): Sighting | undefined {
  if (!isActive(context)) throw new CmeError(505);
  return sightingOf(context.modem.state, context.runtime.clock);
}

const qgps = defineCommand({
  name: "+QGPS",
  title: "Start a GNSS session of fixcount times fixrate seconds, or until AT+QGPSEND; mode, time and distance are without effect",
  spec,
  errors,
  parameters: [
    integer("gnssmode", [1, 2, 3, 4]),
    optional(integer("fixmaxtime", { min: 1, max: 255 })),
    optional(integer("fixmaxdist", { min: 1, max: 1000 })),
    optional(integer("fixcount", { min: 0, max: 1000 })),
    optional(integer("fixrate", { min: 1, max: 65_535 })),
  ],
  read: (context) => [`+QGPS: ${isActive(context) ? 1 : 0}`],
  write(context, { fixcount = 0, fixrate = 1 }) {
    if (isActive(context)) throw new CmeError(504);
    const { modem, runtime } = context;
    // 0 fixes are those until AT+QGPSEND
    const untilMs = fixcount === 0 ? Number.POSITIVE_INFINITY : runtime.clock.monotonic() + fixcount * fixrate * 1000;
    modem.update({ gnssSession: { untilMs } });
    return [];
  },
});

const qgpsend = defineCommand({
  name: "+QGPSEND",
  title: "End the GNSS session",
  spec,
  errors,
  execute(context) {
    if (!isActive(context)) throw new CmeError(505);
    context.modem.update({ gnssSession: undefined });
    return [];
  },
});

/** By <mode>: 0 ddmm.mmmmN, 1 ddmm.mmmmmm,N as the manual writes it, 2 degrees. */
const PLACE: Readonly<Record<0 | 1 | 2, (position: Position) => string>> = {
  0: (position) => minutes(position, 4, ""),
  1: (position) => minutes(position, 6, ","),
  2: ({ latitude, longitude }) => `${latitude.toFixed(5)},${longitude.toFixed(5)}`,
};

function minutes(position: Position, decimals: number, between: string): string {
  const { latitude, longitude } = hemispheres(position);
  const across = degreesAndMinutes(position.longitude, 3, decimals);
  return `${degreesAndMinutes(position.latitude, 2, decimals)}${between}${latitude},${across}${between}${longitude}`;
}

/** ddd.mm: degrees and minutes. */
function course({ courseDeg }: Position): string {
  const all = Math.round(courseDeg * 60) % (360 * 60);
  return `${Math.floor(all / 60)}.${String(all % 60).padStart(2, "0")}`;
}

/** @throws CmeError 505 without a session, 516 without a fix. */
function locationLine(context: CommandContext, mode: 0 | 1 | 2): string {
  const seen = sighting(context);
  if (!seen) throw new CmeError(516);
  const { position, utcMs } = seen;
  const { time, date } = timeAndDate(utcMs);
  const where = `${PLACE[mode](position)},${hdopOf(position)},${position.altitudeM.toFixed(1)}`;
  const motion = `${course(position)},${kilometresPerHour(position)},${knots(position)}`;
  // 3: a three-dimensional fix, as each of the simulated ones is
  return `+QGPSLOC: ${time}.0,${where},3,${motion},${date},${String(SATELLITES).padStart(2, "0")}`;
}

const qgpsloc = defineCommand({
  name: "+QGPSLOC",
  title: "Position: 0 and 1 in degrees and minutes, 2 in degrees",
  spec,
  errors,
  parameters: [integer("mode", [0, 1, 2])],
  read: (context) => [locationLine(context, 0)],
  write: (context, { mode }) => [locationLine(context, mode)],
});

const qgpsgnmea = defineCommand({
  name: "+QGPSGNMEA",
  title: 'NMEA sentences of one kind; needs AT+QGPSCFG="nmeasrc",1',
  spec,
  errors,
  parameters: [word("type", SENTENCE_TYPES)],
  write(context, { type }) {
    if (keptSetting(context, "qgpscfg/nmeasrc", "0") === "0") throw new CmeError(507);
    return nmeaSentences(type, sighting(context)).map((each) => `+QGPSGNMEA: ${each}`);
  },
});

const kept = (name: string, title: string, parameter: ReturnType<typeof integer> | ReturnType<typeof word>, byDefault: string) =>
  defineCommand({
    name,
    title,
    spec,
    parameters: [{ ...parameter, name: "value" as const }],
    read: (context) => {
      const value = keptSetting(context, `qgpscfg/${name}`, byDefault);
      return [`+QGPSCFG: "${name}",${/^\d+$/.test(value) ? value : `"${value}"`}`];
    },
    write: (context, { value }) => keepSetting(context, `qgpscfg/${name}`, String(value)),
  });

const configuration: readonly CommandDefinition[] = [
  kept("outport", "Port of the NMEA sentences: none, or the one of --nmea", word("port", ["none", "usbnmea", "uartnmea"]), "usbnmea"),
  kept("nmeasrc", "Whether AT+QGPSGNMEA may be asked", integer("value", [0, 1]), "0"),
  kept(
    "gpsnmeatype",
    "Sentences at the NMEA port: 1 GGA, 2 RMC, 4 GSV, 8 GSA, 16 VTG, summed",
    integer("value", { min: 0, max: ALL_SENTENCES }),
    String(ALL_SENTENCES),
  ),
  kept("glonassnmeatype", "Sentences of GLONASS; without effect, the simulated sky has GPS alone", integer("value", { min: 0, max: 7 }), "0"),
  kept("galileonmeatype", "Sentences of Galileo; without effect", integer("value", [0, 1]), "0"),
  kept("beidounmeatype", "Sentences of BeiDou; without effect", integer("value", { min: 0, max: 3 }), "0"),
  kept("gsvextnmeatype", "Extended GSV; without effect", integer("value", [0, 1]), "0"),
  kept("gnssconfig", "Constellations; without effect", integer("value", { min: 0, max: 6 }), "1"),
  kept("autogps", "Whether a session begins with each boot", integer("value", [0, 1]), "0"),
];

const qgpscfg = defineCommand({
  name: "+QGPSCFG",
  title: "Configure GNSS",
  spec,
  errors,
  subcommands: Object.fromEntries(configuration.map((each) => [each.name, each])),
});

const isAssisted = (context: CommandContext) => keptSetting(context, "qgpsxtra", "0") === "1";

const qgpsxtra = defineCommand({
  name: "+QGPSXTRA",
  title: "gpsOneXTRA assistance, which the simulated sky does not need",
  spec,
  errors,
  parameters: [integer("xtraenable", [0, 1])],
  read: (context) => [`+QGPSXTRA: ${isAssisted(context) ? 1 : 0}`],
  write: (context, { xtraenable }) => keepSetting(context, "qgpsxtra", String(xtraenable)),
});

const XTRA_INJECTED = "qgpsxtradata";
/** Validity of a data file: a week. */
const XTRA_MINUTES = 7 * 24 * 60;
/** The data have no effect: the simulated sky needs no help. */
const XTRA_TIME = /^\d{4}\/\d\d\/\d\d,\d\d:\d\d:\d\d$/;

const qgpsxtratime = defineCommand({
  name: "+QGPSXTRATIME",
  title: "Inject the time for gpsOneXTRA; without effect",
  spec,
  errors,
  test: false,
  parameters: [
    integer("op", [0]),
    string("xtratime", { pattern: XTRA_TIME }),
    optional(integer("utc", [0, 1])),
    optional(integer("force", [0, 1])),
    optional(integer("uncrtn", { min: 0, max: 4_294_967_295 })),
  ],
  write(context) {
    if (!isAssisted(context)) throw new CmeError(509);
    return [];
  },
});

const qgpsxtradata = defineCommand({
  name: "+QGPSXTRADATA",
  title: "Inject the data file of gpsOneXTRA; its date is told, it has no other effect",
  spec,
  errors,
  test: false,
  parameters: [string("filename", { min: 1, max: 80 })],
  read(context) {
    if (!isAssisted(context)) throw new CmeError(509);
    const injectedAt = keptSetting(context, XTRA_INJECTED, "");
    return [`+QGPSXTRADATA: ${injectedAt === "" ? '0,"1980/01/05,19:00:00"' : `${XTRA_MINUTES},"${injectedAt}"`}`];
  },
  write(context, { filename }) {
    if (!isAssisted(context)) throw new CmeError(509);
    context.files.read(filename);
    return keepSetting(context, XTRA_INJECTED, formatTime(context.runtime.clock.now(), 0));
  },
});

const XTRA_DATA = 3;

const qgpsdel = defineCommand({
  name: "+QGPSDEL",
  title: "Delete assistance data: 0 all but XTRA (cold start), 1 none, 2 some, 3 those of XTRA",
  spec,
  errors,
  parameters: [integer("deletetype", [0, 1, 2, 3])],
  write(context, { deletetype }) {
    if (isActive(context)) throw new CmeError(504);
    return deletetype === XTRA_DATA ? keepSetting(context, XTRA_INJECTED, "") : [];
  },
});

export const gnssCommands: readonly CommandDefinition[] = [qgps, qgpsend, qgpsloc, qgpsgnmea, qgpscfg, qgpsxtra, qgpsxtratime, qgpsxtradata, qgpsdel];
