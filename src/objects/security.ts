/** LwM2M Security (OMA TS 1.0.2 Appendix E.1): accounts' addresses and credentials, for the Bootstrap-Server only. */
import type { ObjectDefinition } from "#lwm2m/object";

// Short Server ID may be 0 in the account of a Bootstrap-Server, and optional keys may be empty: Leshan writes both.
export const security = (): ObjectDefinition => ({
  id: 0,
  name: "LWM2M Security",
  urn: "urn:oma:lwm2m:oma:0",
  instances: "multiple",
  mandatory: true,
  resources: {
    0: { name: "LWM2M Server URI", operations: "", type: "string", mandatory: true, range: [0, 255] },
    1: { name: "Bootstrap-Server", operations: "", type: "boolean", mandatory: true },
    2: { name: "Security Mode", operations: "", type: "integer", mandatory: true, range: [0, 4] },
    3: { name: "Public Key or Identity", operations: "", type: "opaque", mandatory: true },
    4: { name: "Server Public Key", operations: "", type: "opaque", mandatory: true },
    5: { name: "Secret Key", operations: "", type: "opaque", mandatory: true },
    6: { name: "SMS Security Mode", operations: "", type: "integer", mandatory: false, range: [0, 255] },
    7: { name: "SMS Binding Key Parameters", operations: "", type: "opaque", mandatory: false, range: [0, 6] },
    8: { name: "SMS Binding Secret Key(s)", operations: "", type: "opaque", mandatory: false, range: [0, 48] },
    9: { name: "LwM2M Server SMS Number", operations: "", type: "string", mandatory: false },
    10: { name: "Short Server ID", operations: "", type: "integer", mandatory: false, range: [0, 65535] },
    11: { name: "Client Hold Off Time", operations: "", type: "integer", mandatory: false, range: [0, 2 ** 32 - 1], units: "s" },
    12: { name: "Bootstrap-Server Account Timeout", operations: "", type: "integer", mandatory: false, range: [0, 2 ** 32 - 1], units: "s" },
  },
});
