/** Objects of the OMA registry in version 1.0, as their definitions state them; written by hand, a row a Resource. */

/** Bounds of a number, or of a length in bytes. */
export type Bounds = readonly [least: number, most: number];

export interface OmaResource {
  readonly name: string;
  readonly operations: "" | "R" | "W" | "RW" | "E";
  readonly multiple: boolean;
  readonly mandatory: boolean;
  readonly type: "string" | "integer" | "float" | "boolean" | "opaque" | "time" | "objlnk" | undefined;
  readonly range: Bounds | undefined;
  readonly oneOf: readonly string[] | undefined;
  readonly units: string | undefined;
}

export interface OmaObject {
  readonly id: number;
  readonly name: string;
  readonly instances: "single" | "multiple";
  readonly mandatory: boolean;
  readonly resources: Readonly<Record<number, OmaResource>>;
}

interface Facts {
  readonly range?: Bounds;
  readonly oneOf?: readonly string[];
  readonly units?: string;
}

/** Operations ("-" for none), S or M for single or multiple, M or O for mandatory or optional; then the type. */
type Shape = `${"-" | "R" | "W" | "RW" | "E"} ${"S" | "M"} ${"M" | "O"}${"" | ` ${NonNullable<OmaResource["type"]>}`}`;

function row(name: string, shape: Shape, { range, oneOf, units }: Facts = {}): OmaResource {
  const [operations, instances, necessity, type] = shape.split(" ");
  return {
    name,
    operations: (operations === "-" ? "" : operations) as OmaResource["operations"],
    multiple: instances === "M",
    mandatory: necessity === "M",
    type: type as OmaResource["type"],
    range,
    oneOf,
    units,
  };
}

export const OMA_OBJECTS: readonly OmaObject[] = [
  {
    id: 0,
    name: "LWM2M Security",
    instances: "multiple",
    mandatory: true,
    resources: {
      0: row("LWM2M Server URI", "- S M string", { range: [0, 255] }),
      1: row("Bootstrap-Server", "- S M boolean"),
      2: row("Security Mode", "- S M integer", { range: [0, 4] }),
      3: row("Public Key or Identity", "- S M opaque"),
      4: row("Server Public Key", "- S M opaque"),
      5: row("Secret Key", "- S M opaque"),
      6: row("SMS Security Mode", "- S O integer", { range: [0, 255] }),
      7: row("SMS Binding Key Parameters", "- S O opaque", { range: [6, 6] }),
      8: row("SMS Binding Secret Key(s)", "- S O opaque", { range: [16, 48] }),
      9: row("LwM2M Server SMS Number", "- S O string"),
      10: row("Short Server ID", "- S O integer", { range: [1, 65534] }),
      11: row("Client Hold Off Time", "- S O integer", { units: "s" }),
      12: row("Bootstrap-Server Account Timeout", "- S O integer", { units: "s" }),
    },
  },
  {
    id: 1,
    name: "LwM2M Server",
    instances: "multiple",
    mandatory: true,
    resources: {
      0: row("Short Server ID", "R S M integer", { range: [1, 65535] }),
      1: row("Lifetime", "RW S M integer", { units: "s" }),
      2: row("Default Minimum Period", "RW S O integer", { units: "s" }),
      3: row("Default Maximum Period", "RW S O integer", { units: "s" }),
      4: row("Disable", "E S O"),
      5: row("Disable Timeout", "RW S O integer", { units: "s" }),
      6: row("Notification Storing When Disabled or Offline", "RW S M boolean"),
      // OMA TS 1.0.2 §5.3.1.1
      7: row("Binding", "RW S M string", { oneOf: ["U", "UQ", "S", "SQ", "US", "UQS"] }),
      8: row("Registration Update Trigger", "E S M"),
    },
  },
  {
    id: 2,
    name: "LwM2M Access Control",
    instances: "multiple",
    mandatory: false,
    resources: {
      0: row("Object ID", "R S M integer", { range: [1, 65534] }),
      1: row("Object Instance ID", "R S M integer", { range: [0, 65535] }),
      2: row("ACL", "RW M O integer", { range: [0, 65535] }),
      3: row("Access Control Owner", "RW S M integer", { range: [0, 65535] }),
    },
  },
  {
    id: 3,
    name: "Device",
    instances: "single",
    mandatory: true,
    resources: {
      0: row("Manufacturer", "R S O string"),
      1: row("Model Number", "R S O string"),
      2: row("Serial Number", "R S O string"),
      3: row("Firmware Version", "R S O string"),
      4: row("Reboot", "E S M"),
      5: row("Factory Reset", "E S O"),
      6: row("Available Power Sources", "R M O integer", { range: [0, 7] }),
      7: row("Power Source Voltage", "R M O integer", { units: "mV" }),
      8: row("Power Source Current", "R M O integer", { units: "mA" }),
      9: row("Battery Level", "R S O integer", { range: [0, 100], units: "%" }),
      10: row("Memory Free", "R S O integer", { units: "KB" }),
      11: row("Error Code", "R M M integer", { range: [0, 8] }),
      12: row("Reset Error Code", "E S O"),
      13: row("Current Time", "RW S O time"),
      14: row("UTC Offset", "RW S O string"),
      15: row("Timezone", "RW S O string"),
      16: row("Supported Binding and Modes", "R S M string"),
      17: row("Device Type", "R S O string"),
      18: row("Hardware Version", "R S O string"),
      19: row("Software Version", "R S O string"),
      20: row("Battery Status", "R S O integer", { range: [0, 6] }),
      21: row("Memory Total", "R S O integer"),
      22: row("ExtDevInfo", "R M O objlnk"),
    },
  },
  {
    id: 4,
    name: "Connectivity Monitoring",
    instances: "single",
    mandatory: false,
    resources: {
      0: row("Network Bearer", "R S M integer", { range: [0, 50] }),
      1: row("Available Network Bearer", "R M M integer", { range: [0, 50] }),
      2: row("Radio Signal Strength", "R S M integer", { units: "dBm" }),
      3: row("Link Quality", "R S O integer"),
      4: row("IP Addresses", "R M M string"),
      5: row("Router IP Addresses", "R M O string"),
      6: row("Link Utilization", "R S O integer", { range: [0, 100], units: "%" }),
      7: row("APN", "R M O string"),
      8: row("Cell ID", "R S O integer"),
      9: row("SMNC", "R S O integer", { range: [0, 999], units: "%" }),
      10: row("SMCC", "R S O integer", { range: [0, 999] }),
    },
  },
  {
    id: 5,
    name: "Firmware Update",
    instances: "single",
    mandatory: false,
    resources: {
      0: row("Package", "W S M opaque"),
      1: row("Package URI", "RW S M string", { range: [0, 255] }),
      2: row("Update", "E S M"),
      3: row("State", "R S M integer", { range: [0, 3] }),
      5: row("Update Result", "R S M integer", { range: [0, 9] }),
      6: row("PkgName", "R S O string", { range: [0, 255] }),
      7: row("PkgVersion", "R S O string", { range: [0, 255] }),
      8: row("Firmware Update Protocol Support", "R M O integer", { range: [0, 5] }),
      9: row("Firmware Update Delivery Method", "R S M integer", { range: [0, 2] }),
    },
  },
  {
    id: 6,
    name: "Location",
    instances: "single",
    mandatory: false,
    resources: {
      0: row("Latitude", "R S M float", { units: "lat" }),
      1: row("Longitude", "R S M float", { units: "lon" }),
      2: row("Altitude", "R S O float", { units: "m" }),
      3: row("Radius", "R S O float", { units: "m" }),
      4: row("Velocity", "R S O opaque"),
      5: row("Timestamp", "R S M time"),
      6: row("Speed", "R S O float", { units: "m/s" }),
    },
  },
  {
    id: 7,
    name: "Connectivity Statistics",
    instances: "single",
    mandatory: false,
    resources: {
      0: row("SMS Tx Counter", "R S O integer"),
      1: row("SMS Rx Counter", "R S O integer"),
      2: row("Tx Data", "R S O integer"),
      3: row("Rx Data", "R S O integer"),
      4: row("Max Message Size", "R S O integer", { units: "B" }),
      5: row("Average Message Size", "R S O integer", { units: "B" }),
      6: row("Start", "E S M"),
      7: row("Stop", "E S M"),
      8: row("Collection Period", "RW S O integer", { units: "s" }),
    },
  },
  {
    id: 9,
    name: "LWM2M Software Management",
    instances: "multiple",
    mandatory: false,
    resources: {
      0: row("PkgName", "R S M string", { range: [0, 255] }),
      1: row("PkgVersion", "R S M string", { range: [0, 255] }),
      2: row("Package", "W S O opaque"),
      3: row("Package URI", "W S O string", { range: [0, 255] }),
      4: row("Install", "E S M"),
      5: row("Checkpoint", "R S O objlnk"),
      6: row("Uninstall", "E S M"),
      7: row("Update State", "R S M integer", { range: [0, 4] }),
      8: row("Update Supported Objects", "RW S O boolean"),
      9: row("Update Result", "R S M integer", { range: [0, 200] }),
      10: row("Activate", "E S M"),
      11: row("Deactivate", "E S M"),
      12: row("Activation State", "R S M boolean"),
      13: row("Package Settings", "RW S O objlnk"),
      14: row("User Name", "W S O string", { range: [0, 255] }),
      15: row("Password", "W S O string", { range: [0, 255] }),
    },
  },
  {
    id: 15,
    name: "DevCapMgmt",
    instances: "multiple",
    mandatory: false,
    resources: {
      0: row("Property", "R S M string"),
      1: row("Group", "R S M integer", { range: [0, 15] }),
      2: row("Description", "R S O string"),
      3: row("Attached", "R S O boolean"),
      4: row("Enabled", "R S M boolean"),
      5: row("opEnable", "E S M"),
      6: row("opDisable", "E S M"),
      7: row("NotifyEn", "RW S O boolean"),
    },
  },
  {
    id: 19,
    name: "BinaryAppDataContainer",
    instances: "multiple",
    mandatory: false,
    resources: {
      0: row("Data", "RW M M opaque"),
      1: row("Data Priority", "RW S O integer", { range: [0, 255] }),
      2: row("Data Creation Time", "RW S O time"),
      3: row("Data Description", "RW S O string", { range: [0, 32] }),
      4: row("Data Format", "RW S O string", { range: [0, 32] }),
      5: row("App ID", "RW S O integer", { range: [0, 65535] }),
    },
  },
];
