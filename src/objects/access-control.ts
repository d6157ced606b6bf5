/** LwM2M Access Control (OMA TS 1.0.2 Appendix E.3); lwm2m/access.ts enforces it. */
import type { ObjectDefinition } from "#lwm2m/object";

export const accessControl = (): ObjectDefinition => ({
  id: 2,
  name: "LwM2M Access Control",
  urn: "urn:oma:lwm2m:oma:2",
  instances: "multiple",
  mandatory: false,
  resources: {
    0: { name: "Object ID", operations: "R", type: "integer", mandatory: true, range: [1, 65534] },
    1: { name: "Object Instance ID", operations: "R", type: "integer", mandatory: true, range: [0, 65535] },
    2: { name: "ACL", operations: "RW", type: "integer", mandatory: false, multiple: true, range: [0, 31] },
    3: { name: "Access Control Owner", operations: "RW", type: "integer", mandatory: true, range: [0, 65535] },
  },
});
