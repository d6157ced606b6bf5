/**
 * Counts datagrams as they pass and carries the sums into the modem's state once a second, not once a datagram;
 * and once a minute, how far the radio link has been used.
 */
import type { Modem } from "#modem/modem";
import type { AccessTechnology, Traffic } from "#modem/state";
import type { Cancel, Clock } from "#runtime";

export type CountTraffic = (direction: "in" | "out", bytes: number) => void;

export interface TrafficMeter {
  /** @param bytes of the datagram's payload, and what its headers have beyond those of IPv4 and UDP. */
  readonly count: CountTraffic;
  /** Carries over at once. */
  flush(): void;
  /** Monotonic ms: when something has passed last. */
  readonly lastMs: number;
}

/** The counters at their start. */
export const noTraffic: Traffic = {
  txBytes: 0,
  rxBytes: 0,
  txPackets: 0,
  rxPackets: 0,
  largestBytes: 0,
  collecting: true,
  periodS: 0,
};

/** IPv4 and UDP: the counters are those of IP packets (OMA TS 1.0.2 Appendix E.8); what another way costs more is told with the bytes. */
const HEADER_BYTES = 28;
const PERIOD_MS = 1000;
const WINDOW_MS = 60_000;
/** Highest rates of a BG96, bit/s. */
const RATE: Readonly<Record<AccessTechnology, { readonly in: number; readonly out: number }>> = {
  "CAT-M1": { in: 375_000, out: 375_000 },
  "CAT-NB1": { in: 32_000, out: 70_000 },
  GSM: { in: 296_000, out: 236_800 },
};

export function createTrafficMeter(modem: Modem, clock: Clock): TrafficMeter {
  /** Not carried over yet. */
  let since = { in: 0, out: 0, packetsIn: 0, packetsOut: 0, largest: 0 };
  let due = false;
  /** Of the minute under way; undefined while nothing passes. */
  let minute: { in: number; out: number; readonly end: Cancel } | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;

  const take = () => {
    const taken = since;
    since = { in: 0, out: 0, packetsIn: 0, packetsOut: 0, largest: 0 };
    return taken;
  };
  const flush = () => {
    const more = take();
    if (more.largest === 0 || !modem.state.traffic.collecting) return;
    modem.update(({ traffic }) => ({
      traffic: {
        ...traffic,
        txBytes: traffic.txBytes + more.out,
        rxBytes: traffic.rxBytes + more.in,
        txPackets: traffic.txPackets + more.packetsOut,
        rxPackets: traffic.rxPackets + more.packetsIn,
        largestBytes: Math.max(traffic.largestBytes, more.largest),
      },
    }));
  };
  const beginMinute = () => {
    const end = clock.after(WINDOW_MS, () => {
      minute = undefined;
      const rate = RATE[modem.state.radio.technology];
      const share = (Math.max(used.in / rate.in, used.out / rate.out) * 8 * 1000) / WINDOW_MS;
      const linkUtilisationPercent = Math.min(Math.round(share * 100), 100);
      if (linkUtilisationPercent > 0) beginMinute(); // to fall back to 0
      if (linkUtilisationPercent !== modem.state.linkUtilisationPercent) modem.update({ linkUtilisationPercent });
    });
    const used = { in: 0, out: 0, end };
    minute = used;
    return used;
  };
  modem.onChange((now, before) => {
    const hasStopped = now.power.phase === "off" && before.power.phase !== "off";
    if (!hasStopped && now.power.boots === before.power.boots) return;
    take();
    minute?.end();
    minute = undefined;
  });

  return {
    count(direction, payloadBytes) {
      lastMs = clock.monotonic();
      const bytes = payloadBytes + HEADER_BYTES;
      since[direction] += bytes;
      if (direction === "in") since.packetsIn++;
      else since.packetsOut++;
      if (bytes > since.largest) since.largest = bytes;
      (minute ?? beginMinute())[direction] += bytes;
      if (due) return;
      due = true;
      clock.after(PERIOD_MS, () => {
        due = false;
        flush();
      });
    },
    flush,
    get lastMs() {
      return lastMs;
    },
  };
}
