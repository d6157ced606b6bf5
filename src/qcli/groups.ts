/** The groups of the debug port's menu. BG96: their names and announcements are the guide's (§6.1); what they show is a choice. */
import type { ClientStatus } from "#lwm2m/client";
import { phaseName } from "#lwm2m/phase-name";
import type { ModemState } from "#modem/state";

export interface QcliView {
  readonly state: ModemState;
  readonly client: ClientStatus;
}

export interface QcliCommand {
  readonly name: string;
  show(view: QcliView): readonly string[];
}

export interface QcliGroup {
  readonly name: string;
  /** Said when the module boots. */
  readonly announcement: string;
  readonly commands: readonly QcliCommand[];
}

/** By <stat> of 3GPP TS 27.007 §10.1.22. */
const REGISTRATION = ["idle", "registered", "searching", "denied", "unknown", "registered, roaming"] as const;

export const GROUPS: readonly QcliGroup[] = [
  {
    name: "Net",
    announcement: "Net: Net Registered",
    commands: [
      {
        name: "Status",
        show: ({ state: { registration, radio } }) => [
          `Registration: ${REGISTRATION[registration.eps]}`,
          `Operator: ${radio.operatorLong} (${radio.mcc}-${radio.mnc}), ${radio.technology}, band ${radio.band}`,
          `Signal: RSSI ${radio.rssiDbm} dBm, RSRP ${radio.rsrpDbm} dBm, RSRQ ${radio.rsrqDb} dB`,
        ],
      },
    ],
  },
  {
    name: "dss_netapp",
    announcement: "dss_netapp: DSS_NetApp Registered",
    commands: [
      {
        name: "Calls",
        show({ state: { moduleCalls } }) {
          if (moduleCalls.length === 0) return ["no data call"];
          return moduleCalls.map(({ apn, apnClass, address }) => `APN ${apn}, class ${apnClass ?? "-"}: ${address}`);
        },
      },
    ],
  },
  {
    name: "LwM2M_EXT",
    announcement: "LwM2M_EXT: LwM2M_EXT Registered",
    commands: [
      {
        name: "Status",
        show({ state: { lwm2m }, client: { endpoint, servers } }) {
          const phase = lwm2m.phase === undefined ? "not running" : phaseName(lwm2m.phase);
          return [
            `State: ${phase}`,
            `Endpoint: ${endpoint}`,
            ...servers.map(
              ({ shortServerId, uri, state, location, lifetimeS }) =>
                `Server ${shortServerId}: ${uri}, ${state}, location ${location ?? "-"}, lifetime ${lifetimeS} s`,
            ),
          ];
        },
      },
    ],
  },
];
