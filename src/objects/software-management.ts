/** Software Management (OMA "LWM2M Software Management" 1.0). BG96: one Instance, for the one application of the module. */
import type { Software } from "#firmware/software";
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";

export const softwareManagement = (modem: Modem, software: Software): ObjectDefinition => {
  const shown = () => modem.state.firmware.software;
  return {
    id: 9,
    name: "LWM2M Software Management",
    urn: "urn:oma:lwm2m:oma:9",
    instances: "single",
    mandatory: false,
    resources: {
      0: { name: "PkgName", operations: "R", type: "string", mandatory: true, range: [0, 255], read: () => shown().name },
      1: { name: "PkgVersion", operations: "R", type: "string", mandatory: true, range: [0, 255], read: () => shown().version },
      2: {
        name: "Package",
        operations: "W",
        type: "opaque",
        mandatory: false,
        read: () => undefined,
        write: (bytes) => software.writePackage(bytes as Buffer),
        receive: software.receivePackage,
      },
      3: {
        name: "Package URI",
        operations: "W",
        type: "string",
        mandatory: false,
        range: [0, 255],
        read: () => undefined,
        write: (uri) => software.writeUri(uri as string),
      },
      4: { name: "Install", operations: "E", mandatory: true, execute: () => software.install() },
      // its argument 1 is "for update"
      6: { name: "Uninstall", operations: "E", mandatory: true, execute: (args) => software.uninstall(args.has(1)) },
      7: { name: "Update State", operations: "R", type: "integer", mandatory: true, range: [0, 4], read: () => shown().state },
      9: { name: "Update Result", operations: "R", type: "integer", mandatory: true, range: [0, 200], read: () => shown().result },
      10: { name: "Activate", operations: "E", mandatory: true, execute: () => software.activate() },
      11: { name: "Deactivate", operations: "E", mandatory: true, execute: () => software.deactivate() },
      12: { name: "Activation State", operations: "R", type: "boolean", mandatory: true, read: () => shown().active },
    },
  };
};
