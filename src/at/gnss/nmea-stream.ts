/** The NMEA port: what the receiver tells once a second while a session runs, whether or not there is a fix. */
import { hasSession, sightingOf } from "#at/gnss/gnss-session";
import { nmeaSentences, type SentenceType } from "#at/gnss/nmea";
import type { Host } from "#at/host";
import { keptSetting } from "#at/memory/kept-setting";
import type { Cancel } from "#runtime";

export interface NmeaPort {
  readonly attached: boolean;
  write(bytes: Buffer): void;
}

const INTERVAL_MS = 1000;
/** Bits of AT+QGPSCFG="gpsnmeatype". */
const MASK: ReadonlyArray<readonly [number, SentenceType]> = [
  [1, "GGA"],
  [2, "RMC"],
  [4, "GSV"],
  [8, "GSA"],
  [16, "VTG"],
];
export const ALL_SENTENCES = 31;

export function createNmeaStream({ modem, runtime: { clock } }: Host, port: NmeaPort): { close(): void } {
  let next: Cancel | undefined;
  const isOn = () => modem.state.power.phase === "running" && hasSession(modem.state, clock.monotonic());
  const plan = () => {
    next ??= clock.after(INTERVAL_MS, tell);
  };
  const tell = () => {
    next = undefined;
    if (!isOn()) return;
    plan();
    if (!port.attached || keptSetting({ modem }, "qgpscfg/outport", "usbnmea") === "none") return;
    const wanted = Number(keptSetting({ modem }, "qgpscfg/gpsnmeatype", String(ALL_SENTENCES)));
    const seen = sightingOf(modem.state, clock);
    const lines = MASK.flatMap(([bit, type]) => ((wanted & bit) === 0 ? [] : nmeaSentences(type, seen)));
    if (lines.length > 0) port.write(Buffer.from(lines.map((line) => `${line}\r\n`).join(""), "latin1"));
  };
  const unsubscribe = modem.onChange(() => {
    if (!next && isOn()) plan();
  });
  return {
    close() {
      unsubscribe();
      next?.();
    },
  };
}
