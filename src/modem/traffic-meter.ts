/** Counts datagrams as they pass and carries the sums into the modem's state once a second, not once a datagram. */
import type { Modem } from "#modem/modem";
import type { Clock } from "#runtime";

export type CountTraffic = (direction: "in" | "out", bytes: number) => void;

const PERIOD_MS = 1000;

export function createTrafficMeter(modem: Modem, clock: Clock): CountTraffic {
  let since = { txBytes: 0, rxBytes: 0, txPackets: 0, rxPackets: 0 };
  let due = false;
  const carryOver = () => {
    const more = since;
    since = { txBytes: 0, rxBytes: 0, txPackets: 0, rxPackets: 0 };
    due = false;
    modem.update(({ traffic }) => ({
      traffic: {
        txBytes: traffic.txBytes + more.txBytes,
        rxBytes: traffic.rxBytes + more.rxBytes,
        txPackets: traffic.txPackets + more.txPackets,
        rxPackets: traffic.rxPackets + more.rxPackets,
      },
    }));
  };
  return (direction, bytes) => {
    if (direction === "in") {
      since.rxBytes += bytes;
      since.rxPackets++;
    } else {
      since.txBytes += bytes;
      since.txPackets++;
    }
    if (due) return;
    due = true;
    clock.after(PERIOD_MS, carryOver);
  };
}
