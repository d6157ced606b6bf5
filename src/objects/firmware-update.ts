/** Firmware Update (OMA TS 1.0.2 Appendix E.6): always idle; an image offered is refused in so many words. */
import { CoapError } from "#coap/message";
import type { ObjectDefinition } from "#lwm2m/object";

const STATE_IDLE = 0;
const RESULT_INITIAL = 0;
const PROTOCOL_COAP = 0;
const DELIVERY_BOTH = 2;

export const firmwareUpdate = (): ObjectDefinition => ({
  id: 5,
  name: "Firmware Update",
  urn: "urn:oma:lwm2m:oma:5",
  instances: "single",
  mandatory: false,
  resources: {
    0: { name: "Package", operations: "W", type: "opaque", mandatory: true, read: () => undefined, write: (image) => refuse((image as Buffer).length) },
    1: {
      name: "Package URI",
      operations: "RW",
      type: "string",
      mandatory: true,
      range: [0, 255],
      read: () => "",
      write: (uri) => refuse((uri as string).length),
    },
    2: { name: "Update", operations: "E", mandatory: true, execute: refuseUpdate },
    3: { name: "State", operations: "R", type: "integer", mandatory: true, range: [0, 3], read: () => STATE_IDLE },
    5: { name: "Update Result", operations: "R", type: "integer", mandatory: true, range: [0, 9], read: () => RESULT_INITIAL },
    8: {
      name: "Firmware Update Protocol Support",
      operations: "R",
      type: "integer",
      mandatory: false,
      multiple: true,
      range: [0, 3],
      read: () => new Map([[0, PROTOCOL_COAP]]),
    },
    9: { name: "Firmware Update Delivery Method", operations: "R", type: "integer", mandatory: true, range: [0, 2], read: () => DELIVERY_BOTH },
  },
});

/** An empty Package or URI resets the state machine, which is idle anyway. */
function refuse(length: number): void {
  if (length > 0) throw new CoapError("5.01", "firmware download: not offered yet");
}

function refuseUpdate(): never {
  throw new CoapError("4.05", "update: no firmware has been downloaded");
}
