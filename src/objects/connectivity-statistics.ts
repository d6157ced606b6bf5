/** Connectivity Statistics (OMA TS 1.0.2 Appendix E.8): the data counters, collected from Start to Stop. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";
import type { ModemState } from "#modem/state";
import type { Cancel } from "#runtime";

type Traffic = ModemState["traffic"];

const NOTHING: Traffic = { txBytes: 0, rxBytes: 0, txPackets: 0, rxPackets: 0 };

/** @param after runs a task later (Clock.after); without it Collection Period ends nothing by itself. */
export const connectivityStatistics = (modem: Modem, after?: (delayMs: number, task: () => void) => Cancel): ObjectDefinition => {
  /** Counters as they stood at Stop; undefined while collecting. */
  let stopped: Traffic | undefined;
  let periodS = 0;
  let ending: Cancel | undefined;

  const traffic = () => stopped ?? modem.state.traffic;
  const start = () => {
    ending?.();
    stopped = undefined;
    modem.update({ traffic: NOTHING });
    ending = periodS > 0 ? after?.(periodS * 1000, stop) : undefined;
  };
  const stop = () => {
    ending?.();
    stopped ??= modem.state.traffic;
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
      5: { name: "Average Message Size", operations: "R", type: "integer", mandatory: false, units: "B", read: averageSize },
      6: { name: "Start", operations: "E", mandatory: true, execute: start },
      7: { name: "Stop", operations: "E", mandatory: true, execute: stop },
      8: {
        name: "Collection Period",
        operations: "RW",
        type: "integer",
        mandatory: false,
        range: [0, 2 ** 32 - 1],
        units: "s",
        read: () => periodS,
        write(seconds) {
          periodS = Number(seconds);
        },
      },
    },
  };
};
