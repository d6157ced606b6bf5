/** What a Server makes of a device that keeps silent: the registrations are those of the demo server. */
import { expect, it } from "vitest";
import type { Request, Response } from "#coap/message";
import { createRegistrations, type Registrations } from "#demo-server/registrations";
import { openDevice } from "../support/lwm2m-device.js";
import { createSeededRandom } from "../support/manual-clock.js";

const INI = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;

it("[BG-013] the Server drops a registration that no Update prolongs, and the device, back, registers anew", async () => {
  const changes: string[] = [];
  let registrations: Registrations | undefined;
  const device = openDevice({
    files: { "/datatx/bootstrap.ini": INI },
    autostart: true,
    answer(request: Request): Response {
      registrations ??= createRegistrations(device.clock, createSeededRandom(1), (change) => {
        changes.push(`${Math.floor(device.clock.monotonic() / 1000)} s ${change}`);
      });
      const { code, location } = registrations.respond({
        method: request.method,
        path: request.uriPath ?? [],
        query: request.uriQuery ?? [],
        format: request.contentFormat,
        payload: request.payload,
        from: { address: "192.0.2.50", port: 50000 },
      });
      return { code: code as Response["code"], ...(location && { locationPath: [...location] }) };
    },
  });
  await device.clock.advance(250_000);
  device.power.cut(); // 43 s after the Update
  await device.clock.advance(256_000);
  expect(registrations!.all).toHaveLength(1);
  await device.clock.advance(2000);
  expect(registrations!.all).toEqual([]);
  device.power.on();
  await device.clock.advance(1000);
  expect(registrations!.all).toHaveLength(1);
  expect(changes).toEqual(["0 s registered", "207 s updated", "507 s expired", "508 s registered"]);
});
