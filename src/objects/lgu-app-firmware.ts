/** Application firmware of the LGU+ profile (guide §6.2): what the host reports at 26241/0/0, what it is told at 26241/0/1. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Downlink } from "#objects/binary-app-data-container";
import { lguContainer } from "#objects/lgu-container";

export const lguAppFirmware = (downlink: Downlink, offered: () => boolean): ObjectDefinition => lguContainer(26241, "App Firmware", downlink, offered);
