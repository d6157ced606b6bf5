/**
 * DevCapMgmt (OMA registry, Object 15): passed through to the application that looks after the capability, whose word is
 * the Server's answer (guide §3.2). BG96: one Instance, for the one capability that can be switched, the GNSS receiver.
 */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";

/** What the application offers. */
export interface Capability {
  readonly property: string;
  /** 0 sensor, 1 control, 2 connectivity, 3 navigation, 4 storage, 5 vision, 6 sound, 7 analogue input, 8 analogue output. */
  readonly group: number;
  readonly description: string;
  isEnabled(): boolean;
  /** @throws CoapError when it refuses. */
  enable(): void;
  disable(): void;
}

const NAVIGATION = 3;

export const gnssReceiver = (modem: Modem): Capability => {
  const set = (enabled: boolean) => modem.update((state) => ({ gnss: { ...state.gnss, enabled } }));
  return {
    property: "GNSS",
    group: NAVIGATION,
    description: "GPS, GLONASS, BeiDou, Galileo, QZSS",
    isEnabled: () => modem.state.gnss.enabled,
    enable: () => set(true),
    disable: () => set(false),
  };
};

export const deviceCapabilityManagement = (capability: Capability): ObjectDefinition => ({
  id: 15,
  name: "DevCapMgmt",
  urn: "urn:oma:lwm2m:oma:15",
  instances: "single",
  mandatory: false,
  resources: {
    0: { name: "Property", operations: "R", type: "string", mandatory: true, read: () => capability.property },
    1: { name: "Group", operations: "R", type: "integer", mandatory: true, range: [0, 15], read: () => capability.group },
    2: { name: "Description", operations: "R", type: "string", mandatory: false, read: () => capability.description },
    4: { name: "Enabled", operations: "R", type: "boolean", mandatory: true, read: capability.isEnabled },
    5: { name: "opEnable", operations: "E", mandatory: true, execute: capability.enable },
    6: { name: "opDisable", operations: "E", mandatory: true, execute: capability.disable },
  },
});
