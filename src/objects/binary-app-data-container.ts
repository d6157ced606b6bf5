/** BinaryAppDataContainer (OMA registry, Object 19): instance 0 carries data up, instance 1 down. */
import type { ObjectDefinition } from "#lwm2m/object";

/** Data that a Server has written for the host. */
export type Downlink = (path: string, data: Buffer) => void;

const UPLINK = 0;
const DOWNLINK = 1;
const EMPTY = Buffer.alloc(0);

export const binaryAppDataContainer = (downlink: Downlink): ObjectDefinition => ({
  id: 19,
  name: "BinaryAppDataContainer",
  urn: "urn:oma:lwm2m:oma:19",
  instances: "multiple",
  mandatory: false,
  initialInstances: [UPLINK, DOWNLINK],
  resources: {
    // BG96: one value, though the registry allows several; Servers take the one for the other.
    0: {
      name: "Data",
      operations: "RW",
      type: "opaque",
      mandatory: true,
      initial: EMPTY,
      event: true,
      written(value, instanceId) {
        if (instanceId === DOWNLINK) downlink(`/19/${DOWNLINK}/0`, value as Buffer);
      },
    },
    1: { name: "Data Priority", operations: "RW", type: "integer", mandatory: false, range: [0, 255] },
    2: { name: "Data Creation Time", operations: "RW", type: "time", mandatory: false },
    3: { name: "Data Description", operations: "RW", type: "string", mandatory: false, range: [0, 32] },
    4: { name: "Data Format", operations: "RW", type: "string", mandatory: false, range: [0, 32] },
    5: { name: "App ID", operations: "RW", type: "integer", mandatory: false, range: [0, 2 ** 16 - 1] },
  },
});
