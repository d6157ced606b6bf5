/** Connectivity Monitoring (OMA TS 1.0.2 Appendix E.5). */
import { multipleOf, type ObjectDefinition } from "#lwm2m/object";
import { cellIdentity } from "#modem/cell-identity";
import { callsOf } from "#modem/data-call";
import type { Modem } from "#modem/modem";
import { routerFor } from "#modem/pdp-contexts";
import type { AccessTechnology, Call } from "#modem/state";

/** Network Bearer: 0 GSM, 6 LTE-FDD, 7 NB-IoT. */
const BEARER: Readonly<Record<AccessTechnology, number>> = { GSM: 0, "CAT-M1": 6, "CAT-NB1": 7 };

export const connectivityMonitoring = (modem: Modem): ObjectDefinition => {
  const isGsm = () => modem.state.radio.technology === "GSM";
  /** RSSI in GSM, RSRP in LTE, NRSRP in NB-IoT. */
  const strength = () => (isGsm() ? modem.state.radio.rssiDbm : modem.state.radio.rsrpDbm);
  /** RSRQ or NRSRQ; in GSM RxQual, which is not known, as <ber> of +CSQ is not. */
  const quality = () => (isGsm() ? undefined : Math.round(modem.state.radio.rsrqDb));
  const ofCalls = (of: (call: Call) => string) => multipleOf(callsOf(modem.state).map(of));

  return {
    id: 4,
    name: "Connectivity Monitoring",
    urn: "urn:oma:lwm2m:oma:4",
    instances: "single",
    mandatory: false,
    resources: {
      0: { name: "Network Bearer", operations: "R", type: "integer", mandatory: true, range: [0, 50], read: () => BEARER[modem.state.radio.technology] },
      1: {
        name: "Available Network Bearer",
        operations: "R",
        type: "integer",
        mandatory: true,
        multiple: true,
        range: [0, 50],
        read: () => multipleOf(Object.values(BEARER)),
      },
      2: { name: "Radio Signal Strength", operations: "R", type: "integer", mandatory: true, units: "dBm", read: strength },
      3: { name: "Link Quality", operations: "R", type: "integer", mandatory: false, read: quality },
      4: { name: "IP Addresses", operations: "R", type: "string", mandatory: true, multiple: true, read: () => ofCalls(({ address }) => address) },
      5: {
        name: "Router IP Addresses",
        operations: "R",
        type: "string",
        mandatory: false,
        multiple: true,
        read: () => ofCalls(({ address }) => routerFor(address)),
      },
      6: {
        name: "Link Utilization",
        operations: "R",
        type: "integer",
        mandatory: false,
        range: [0, 100],
        units: "%",
        read: () => modem.state.linkUtilisationPercent,
      },
      7: { name: "APN", operations: "R", type: "string", mandatory: false, multiple: true, read: () => ofCalls(({ apn }) => apn) },
      8: { name: "Cell ID", operations: "R", type: "integer", mandatory: false, read: () => cellIdentity(modem.state) },
      9: { name: "SMNC", operations: "R", type: "integer", mandatory: false, range: [0, 999], read: () => Number(modem.state.radio.mnc) },
      10: { name: "SMCC", operations: "R", type: "integer", mandatory: false, range: [0, 999], read: () => Number(modem.state.radio.mcc) },
    },
  };
};
