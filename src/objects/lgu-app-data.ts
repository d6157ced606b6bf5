/** Application data of the LGU+ profile (guide §6.2): 10250/0/0 up, 10250/0/1 down. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Downlink } from "#objects/binary-app-data-container";

const EMPTY = Buffer.alloc(0);

export const lguAppData = (downlink: Downlink, offered: () => boolean): ObjectDefinition => ({
  id: 10250,
  name: "App Data Container",
  urn: "urn:oma:lwm2m:x:10250",
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
      written: (data) => downlink("/10250/0/1", data as Buffer),
    },
  },
});
