/** Firmware Update (OMA TS 1.0.2 §E.6): what a Server writes and executes goes through to the DFOTA application. */
import type { Dfota } from "#firmware/dfota";
import { PROTOCOLS } from "#firmware/package-uri";
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";

const DELIVERY_BOTH = 2;

export const firmwareUpdate = (modem: Modem, dfota: Dfota): ObjectDefinition => {
  const shown = () => modem.state.firmware.update;
  return {
    id: 5,
    name: "Firmware Update",
    urn: "urn:oma:lwm2m:oma:5",
    instances: "single",
    mandatory: false,
    resources: {
      0: {
        name: "Package",
        operations: "W",
        type: "opaque",
        mandatory: true,
        read: () => undefined,
        write: (bytes) => dfota.writePackage(bytes as Buffer),
        receive: dfota.receivePackage,
      },
      1: {
        name: "Package URI",
        operations: "RW",
        type: "string",
        mandatory: true,
        range: [0, 255],
        read: () => shown().uri,
        write: (uri) => dfota.writeUri(uri as string),
      },
      2: { name: "Update", operations: "E", mandatory: true, execute: () => dfota.update() },
      3: { name: "State", operations: "R", type: "integer", mandatory: true, range: [0, 3], read: () => shown().state },
      5: { name: "Update Result", operations: "R", type: "integer", mandatory: true, range: [0, 9], read: () => shown().result },
      6: { name: "PkgName", operations: "R", type: "string", mandatory: false, range: [0, 255], read: () => shown().name },
      7: { name: "PkgVersion", operations: "R", type: "string", mandatory: false, range: [0, 255], read: () => shown().version },
      8: {
        name: "Firmware Update Protocol Support",
        operations: "R",
        type: "integer",
        mandatory: false,
        multiple: true,
        range: [0, 3],
        read: () => new Map(PROTOCOLS.map((_, number) => [number, number])),
      },
      9: { name: "Firmware Update Delivery Method", operations: "R", type: "integer", mandatory: true, range: [0, 2], read: () => DELIVERY_BOTH },
    },
  };
};
