/** Location (OMA TS 1.0.2 Appendix E.7): the latest fix; without one the Instance is empty. */
import type { ObjectDefinition } from "#lwm2m/object";
import type { Modem } from "#modem/modem";
import type { Fix } from "#modem/state";

export const location = (modem: Modem): ObjectDefinition => ({
  id: 6,
  name: "Location",
  urn: "urn:oma:lwm2m:oma:6",
  instances: "single",
  mandatory: false,
  resources: {
    0: { name: "Latitude", operations: "R", type: "float", mandatory: true, units: "lat", read: () => modem.state.fix?.latitude },
    1: { name: "Longitude", operations: "R", type: "float", mandatory: true, units: "lon", read: () => modem.state.fix?.longitude },
    2: { name: "Altitude", operations: "R", type: "float", mandatory: false, units: "m", read: () => modem.state.fix?.altitudeM },
    3: { name: "Radius", operations: "R", type: "float", mandatory: false, units: "m", read: () => modem.state.fix?.uncertaintyM },
    4: { name: "Velocity", operations: "R", type: "opaque", mandatory: false, read: () => modem.state.fix && encodeVelocity(modem.state.fix) },
    5: { name: "Timestamp", operations: "R", type: "time", mandatory: true, read: () => modem.state.fix && Math.floor(modem.state.fix.takenAtMs / 1000) },
    6: { name: "Speed", operations: "R", type: "float", mandatory: false, units: "m/s", read: () => modem.state.fix?.speedMs },
  },
});

/** Horizontal velocity: bearing in degrees from north, speed in km/h (3GPP TS 23.032 §8.12). */
function encodeVelocity({ courseDeg, speedMs }: Fix): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(Math.floor(((courseDeg % 360) + 360) % 360), 0);
  bytes.writeUInt16BE(Math.min(Math.max(Math.round(speedMs * 3.6), 0), 0xffff), 2);
  return bytes;
}
