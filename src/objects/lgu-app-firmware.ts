/** Application firmware of the LGU+ profile (guide §6.2): what the host reports at 26241/0/0, what it is told at 26241/0/1. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Downlink } from "#objects/binary-app-data-container";

const EMPTY = Buffer.alloc(0);

export const lguAppFirmware = (downlink: Downlink, offered: () => boolean): ObjectDefinition => ({
  id: 26241,
  name: "App Firmware",
  urn: "urn:oma:lwm2m:x:26241",
  instances: "single",
  mandatory: false,
  offered,
  resources: {
    0: { name: "UL data", operations: "R", type: "opaque", mandatory: true, initial: EMPTY, event: true },
    1: {
      name: "DL data",
      operations: "RW",
      type: "opaque",
      mandatory: true,
      initial: EMPTY,
      event: true,
      written: (data) => downlink("/26241/0/1", data as Buffer),
    },
  },
});
