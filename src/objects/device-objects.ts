/** Every Object this device offers, in one list. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";
import { accessControl } from "#objects/access-control";
import { binaryAppDataContainer, type Downlink } from "#objects/binary-app-data-container";
import { connectivityMonitoring } from "#objects/connectivity-monitoring";
import { connectivityStatistics } from "#objects/connectivity-statistics";
import { type DeviceEffects, device } from "#objects/device";
import { firmwareUpdate } from "#objects/firmware-update";
import { lguAppData } from "#objects/lgu-app-data";
import { lguAppFirmware } from "#objects/lgu-app-firmware";
import { location } from "#objects/location";
import { security } from "#objects/security";
import { type ServerEffects, server } from "#objects/server";
import type { Clock } from "#runtime";

export interface ObjectEffects extends DeviceEffects, ServerEffects {
  readonly downlink: Downlink;
  /** Whether the LGU+ profile is in use, which alone has /10250 and /26241; they are shown when this is left out. */
  lguOffered?(): boolean;
  /** Clock.after, for the Collection Period of /7. */
  readonly after?: Clock["after"];
}

export const deviceObjects = (modem: Modem, effects: ObjectEffects): ObjectDefinition[] => [
  security(),
  server(effects),
  accessControl(),
  device(modem, effects),
  connectivityMonitoring(modem),
  firmwareUpdate(),
  location(modem),
  connectivityStatistics(modem, effects.after),
  binaryAppDataContainer(effects.downlink),
  lguAppData(effects.downlink, () => effects.lguOffered?.() ?? true),
  lguAppFirmware(effects.downlink, () => effects.lguOffered?.() ?? true),
];
