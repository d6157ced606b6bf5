/** LwM2M Server (OMA TS 1.0.2 Appendix E.2): how this Client behaves towards one Server. */
import type { ObjectDefinition } from "#lwm2m/object";

export interface ServerEffects {
  /** De-register and stay away for Disable Timeout. */
  disable(instanceId: number): void;
  /** Send an Update. */
  update(instanceId: number): void;
}

/** Longest time that fits the four bytes Servers expect, s. */
const MAX_SECONDS = 2 ** 32 - 1;

export const server = (effects: ServerEffects): ObjectDefinition => ({
  id: 1,
  name: "LwM2M Server",
  urn: "urn:oma:lwm2m:oma:1",
  instances: "multiple",
  mandatory: true,
  resources: {
    0: { name: "Short Server ID", operations: "R", type: "integer", mandatory: true, range: [1, 65535] },
    1: { name: "Lifetime", operations: "RW", type: "integer", mandatory: true, range: [0, MAX_SECONDS], units: "s" },
    2: { name: "Default Minimum Period", operations: "RW", type: "integer", mandatory: false, range: [0, MAX_SECONDS], units: "s" },
    3: { name: "Default Maximum Period", operations: "RW", type: "integer", mandatory: false, range: [0, MAX_SECONDS], units: "s" },
    4: { name: "Disable", operations: "E", mandatory: false, execute: (_args, instanceId) => effects.disable(instanceId) },
    5: { name: "Disable Timeout", operations: "RW", type: "integer", mandatory: false, range: [0, MAX_SECONDS], units: "s" },
    6: { name: "Notification Storing When Disabled or Offline", operations: "RW", type: "boolean", mandatory: true },
    7: { name: "Binding", operations: "RW", type: "string", mandatory: true, oneOf: ["U", "UQ", "S", "SQ", "US", "UQS"] },
    8: { name: "Registration Update Trigger", operations: "E", mandatory: true, execute: (_args, instanceId) => effects.update(instanceId) },
  },
});
