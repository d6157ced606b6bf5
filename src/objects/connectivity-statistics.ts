/** Connectivity Statistics (OMA TS 1.0.2 Appendix E.8): the data counters, collected from Start to Stop. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";
import type { Traffic } from "#modem/state";
import { noTraffic, type TrafficMeter } from "#modem/traffic-meter";
import type { Cancel, Clock } from "#runtime";

/** What counts, and Clock.after for the Collection Period. */
export interface Collection {
  readonly meter: Pick<TrafficMeter, "flush">;
  readonly after: Clock["after"];
}

/** Longest period, s, that fits the four bytes Servers expect. */
const LONGEST_S = 2 ** 32 - 1;

export const connectivityStatistics = (modem: Modem, { meter, after }: Collection): ObjectDefinition => {
  let ending: Cancel | undefined;

  const traffic = () => modem.state.traffic;
  const change = (part: Partial<Traffic>) => modem.update((state) => ({ traffic: { ...state.traffic, ...part } }));
  const start = () => {
    const { periodS } = traffic();
    const { boots } = modem.state.power;
    ending?.();
    ending = undefined;
    meter.flush(); // what passed before does not count
    change({ ...noTraffic, periodS });
    if (periodS > 0) ending = after(periodS * 1000, () => modem.state.power.boots === boots && stop());
  };
  const stop = () => {
    ending?.();
    ending = undefined;
    meter.flush();
    change({ collecting: false });
  };
  const averageSize = () => {
    const { txBytes, rxBytes, txPackets, rxPackets } = traffic();
    const packets = txPackets + rxPackets;
    return packets === 0 ? 0 : Math.round((txBytes + rxBytes) / packets);
  };

  return {
    id: 7,
    name: "Connectivity Statistics",
    urn: "urn:oma:lwm2m:oma:7",
    instances: "single",
    mandatory: false,
    resources: {
      // LwM2M goes over UDP alone here: no SMS.
      0: { name: "SMS Tx Counter", operations: "R", type: "integer", mandatory: false, read: () => 0 },
      1: { name: "SMS Rx Counter", operations: "R", type: "integer", mandatory: false, read: () => 0 },
      2: { name: "Tx Data", operations: "R", type: "integer", mandatory: false, units: "kB", read: () => Math.floor(traffic().txBytes / 1000) },
      3: { name: "Rx Data", operations: "R", type: "integer", mandatory: false, units: "kB", read: () => Math.floor(traffic().rxBytes / 1000) },
      4: { name: "Max Message Size", operations: "R", type: "integer", mandatory: false, units: "B", read: () => traffic().largestBytes },
      5: { name: "Average Message Size", operations: "R", type: "integer", mandatory: false, units: "B", read: averageSize },
      6: { name: "Start", operations: "E", mandatory: true, execute: start },
      7: { name: "Stop", operations: "E", mandatory: true, execute: stop },
      8: {
        name: "Collection Period",
        operations: "RW",
        type: "integer",
        mandatory: false,
        range: [0, LONGEST_S],
        units: "s",
        read: () => traffic().periodS,
        write: (seconds) => change({ periodS: Number(seconds) }),
      },
    },
  };
};
