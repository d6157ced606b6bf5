/** Application data of the LGU+ profile (guide §6.2): 10250/0/0 up, 10250/0/1 down. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Downlink } from "#objects/binary-app-data-container";
import { lguContainer } from "#objects/lgu-container";

export const lguAppData = (downlink: Downlink, offered: () => boolean): ObjectDefinition => lguContainer(10250, "App Data Container", downlink, offered);
