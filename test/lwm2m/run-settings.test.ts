import { expect, it } from "vitest";
import { openDevice } from "../support/lwm2m-device.js";

const overrides = {
  server: "coaps://198.51.100.5:5684",
  endpoint: "given",
  pskIdentity: "me",
  pskKeyHex: "00ff",
  lifetimeS: 77,
};

it("shows the command line's settings to the host as its own", () => {
  const { settings } = openDevice({ overrides });
  expect(settings.server).toEqual({ host: "198.51.100.5", port: 5684 });
  expect(settings.endpointName).toBe("given");
  expect(settings.lifetimeS).toBe(77);
  expect(settings.securityMode).toBe(0);
  expect(settings.psk).toEqual({ identity: "me", keyHex: "00FF" });
  expect(settings.profile).toBe(0);
});

it("yields to what the host sets later in the run", () => {
  const { settings } = openDevice({ overrides });
  settings.setServer("203.0.113.9", 5683);
  settings.setEndpointName(1, "mine");
  settings.setLifetime(60);
  settings.generatePsk();
  expect(settings.server).toEqual({ host: "203.0.113.9", port: 5683 });
  expect(settings.endpointName).toBe("mine");
  expect(settings.lifetimeS).toBe(60);
  expect(settings.psk?.identity).toBe("IMEI:864508030012428_QUECTELTMOBILEDDI");
  expect(settings.overrides).toEqual({});
});

it("gives the server of the command line the security mode that the host sets", () => {
  const { settings } = openDevice({ overrides });
  settings.setSecurityMode(3);
  expect(settings.serverUri).toBe("coap://198.51.100.5:5684");
  expect(settings.securityMode).toBe(3);
});
