/** The module's clock and the network's time. */
import { type CommandContext, type CommandDefinition, defineCommand } from "#at/command";
import { formatTime, formatZone, QUARTER_MS } from "#at/local-time";
import { keepSetting, keptSetting } from "#at/memory/kept-setting";
import { integer, string } from "#at/parameter";
import { CmeError } from "#at/result";

/** 3GPP TS 27.007 §8.15: quarters of an hour from UTC. */
const MOST_QUARTERS = { west: -48, east: 56 } as const;

const CCLK = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?$/;

/** "yy/MM/dd,hh:mm:ss±zz" @throws CmeError(50) for a moment that does not exist. */
function parseTime(text: string, zoneByDefault: number): { readonly utcMs: number; readonly zoneQuarters: number } {
  const parts = CCLK.exec(text);
  if (!parts) throw new CmeError(50, "time is malformed");
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const zoneQuarters = parts[7] === undefined ? zoneByDefault : Number(parts[7]);
  const localMs = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  // Date.UTC carries an excess over (31 February is 3 March): what comes out differs from what went in.
  if (formatTime(localMs, 0).slice(2) !== text.slice(0, 17)) throw new CmeError(50, "no such time");
  if (zoneQuarters < MOST_QUARTERS.west || zoneQuarters > MOST_QUARTERS.east) throw new CmeError(50, "no such zone");
  return { utcMs: localMs - zoneQuarters * QUARTER_MS, zoneQuarters };
}

const cclk = defineCommand({
  name: "+CCLK",
  title: "Clock, which /3/0/13 and /3/0/14 set, too",
  spec: "3GPP TS 27.007 §8.15",
  parameters: [string("time", { max: 20 })],
  test: () => [],
  read({ modem, runtime }) {
    const { zoneQuarters, offsetMs } = modem.state.time;
    return [`+CCLK: "${formatTime(runtime.clock.now() + offsetMs, zoneQuarters).slice(2)}${formatZone(zoneQuarters)}"`];
  },
  write({ modem, runtime }, { time }) {
    const { utcMs, zoneQuarters } = parseTime(time, modem.state.time.zoneQuarters);
    modem.update((state) => ({ time: { ...state.time, zoneQuarters, offsetMs: utcMs - runtime.clock.now() } }));
    return [];
  },
});

/** BG96: mode 0 the time that the network told last, in UTC; 1 what that is now, 2 the same in local time; the year has four digits, daylight saving is the last field. */
function networkTime({ modem, runtime }: CommandContext, mode: 0 | 1 | 2): readonly string[] {
  const { time, network } = modem.state;
  const { zoneQuarters } = network;
  if (!time.synchronised) return ['+QLTS: ""'];
  const shown = mode === 2 ? zoneQuarters : 0;
  // The network's clock is the host's: AT+CCLK does not move it.
  const utcMs = mode === 0 ? time.heardAtMs : runtime.clock.now();
  return [`+QLTS: "${formatTime(utcMs, shown)}${formatZone(zoneQuarters)},0"`];
}

const qlts = defineCommand({
  name: "+QLTS",
  title: "Time from the network: 0 as told last, 1 now in UTC, 2 now in local time",
  spec: "BG96 AT Commands Manual §8.4",
  parameters: [integer("mode", [0, 1, 2])],
  write: (context, { mode }) => networkTime(context, mode),
  execute: (context) => networkTime(context, 0),
});

/** With 1 the network's time and zone become the clock's when they are told: at registration, at a change of the zone. */
const ctzu = defineCommand({
  name: "+CTZU",
  title: "Automatic time zone update: with 1 the network's time and zone become the clock's",
  spec: "3GPP TS 27.007 §8.40",
  parameters: [integer("onoff", [0, 1])],
  read: (context) => [`+CTZU: ${keptSetting(context, "ctzu", "0")}`],
  write: (context, { onoff }) => keepSetting(context, "ctzu", String(onoff)),
});

const ctzr = defineCommand({
  name: "+CTZR",
  title: "Time zone reporting: 1 +CTZV, 2 +CTZE",
  spec: "3GPP TS 27.007 §8.41",
  parameters: [integer("reporting", [0, 1, 2])],
  read: ({ session }) => [`+CTZR: ${session.ctzr}`],
  write({ session }, { reporting }) {
    session.ctzr = reporting;
    return [];
  },
});

export const clockCommands: readonly CommandDefinition[] = [cclk, qlts, ctzu, ctzr];
