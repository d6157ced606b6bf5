/** Every Object this device offers, in one list. */
import type { Firmware } from "#firmware/firmware";
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";
import { accessControl } from "#objects/access-control";
import { binaryAppDataContainer, type Downlink } from "#objects/binary-app-data-container";
import { connectivityMonitoring } from "#objects/connectivity-monitoring";
import { type Collection, connectivityStatistics } from "#objects/connectivity-statistics";
import { type DeviceEffects, device } from "#objects/device";
import { type Capability, deviceCapabilityManagement, gnssReceiver } from "#objects/device-capability-management";
import { firmwareUpdate } from "#objects/firmware-update";
import { lguAppData } from "#objects/lgu-app-data";
import { lguAppFirmware } from "#objects/lgu-app-firmware";
import { location } from "#objects/location";
import { security } from "#objects/security";
import { type ServerEffects, server } from "#objects/server";
import { softwareManagement } from "#objects/software-management";

export interface ObjectEffects extends DeviceEffects, ServerEffects, Collection {
  readonly downlink: Downlink;
  readonly firmware: Pick<Firmware, "dfota" | "software">;
  /** What /15 is passed through to; the GNSS receiver, when this is left out. */
  readonly capability?: Capability;
  /** Whether the LGU+ profile is in use, which alone has /10250 and /26241; they are shown when this is left out. */
  lguOffered?(): boolean;
}

export const deviceObjects = (modem: Modem, effects: ObjectEffects): ObjectDefinition[] => [
  security(),
  server(effects),
  accessControl(),
  device(modem, effects),
  connectivityMonitoring(modem),
  firmwareUpdate(modem, effects.firmware.dfota),
  location(modem),
  connectivityStatistics(modem, effects),
  softwareManagement(modem, effects.firmware.software),
  deviceCapabilityManagement(effects.capability ?? gnssReceiver(modem)),
  binaryAppDataContainer(effects.downlink),
  lguAppData(effects.downlink, () => effects.lguOffered?.() ?? true),
  lguAppFirmware(effects.downlink, () => effects.lguOffered?.() ?? true),
];
