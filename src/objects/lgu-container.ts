/** What the two Objects of the LGU+ profile share (guide §6.2): Resource 0 carries data up, Resource 1 down. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Downlink } from "#objects/binary-app-data-container";

const EMPTY = Buffer.alloc(0);

export const lguContainer = (id: number, name: string, downlink: Downlink, offered: () => boolean): ObjectDefinition => ({
  id,
  name,
  urn: `urn:oma:lwm2m:x:${id}`,
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
      written: (data) => downlink(`/${id}/0/1`, data as Buffer),
    },
  },
});
