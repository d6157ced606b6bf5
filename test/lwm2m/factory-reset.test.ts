/** /3/0/5 at a whole device. */
import { describe, expect, it } from "vitest";
import type { DeviceOptions } from "../support/lwm2m-device.js";
import { openDevice } from "../support/lwm2m-device.js";

const ini = (host: string, lifetimeS: number) => `
{"bn":"/0/1/","e":[{"n":"0","sv":"coap://${host}:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":${lifetimeS}},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
const FACTORY = ini("192.0.2.1", 300);

async function openDeployed(options: DeviceOptions = {}) {
  const device = openDevice({
    ...options,
    autostart: true,
    files: { "/datatx/bootstrap.ini": FACTORY, "/datatx/factory/bootstrap.ini": FACTORY, ...options.files },
  });
  await device.clock.advance(60_000);
  return {
    ...device,
    async factoryReset() {
      const before = device.servers.length;
      device.registry.execute({ objectId: 3, instanceId: 0, resourceId: 5 }, new Map());
      await device.clock.advance(60_000);
      return device.servers.slice(before);
    },
  };
}

describe("a factory reset", () => {
  it("[ZE-007] tells the Servers good-bye, restarts, and registers as the factory's files say", async () => {
    const device = await openDeployed();
    const { boots } = device.modem.state.power;
    device.settings.setServer("192.0.2.77", 5700);
    const [next] = await device.factoryReset();
    expect(device.servers[0]!.requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
    expect(device.modem.state.power.boots).toBe(boots + 1);
    expect(next!.target).toMatchObject({ host: "192.0.2.1", port: 5683 });
    expect(device.modem.state.lwm2m.phase).toBe(5);
  });

  it("[ZE-007] tells them good-bye even where registrations outlive a reboot, and does not go on with them", async () => {
    const files = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nPER_REGSTATUS_FEAT=1;\n}\n" };
    const device = await openDeployed({ files });
    await device.factoryReset();
    expect(device.seen().map((each) => each.split("?")[0])).toEqual(["POST /rd", "DELETE /rd/1", "POST /rd"]);
  });

  it("leaves nothing of what Servers have written", async () => {
    const device = await openDeployed();
    const { registry } = device;
    const write = (
      path: { objectId: number; instanceId: number; resourceId: number },
      value: number | string | Buffer,
    ) => {
      const { type } = registry.row(path.objectId, path.resourceId) as { type: "integer" };
      registry.write(path, { kind: "resource", id: path.resourceId, type, value }, "replace");
    };
    const before = device.efs.read("/datatx/lwm2m_cfg");
    write({ objectId: 1, instanceId: 1, resourceId: 1 }, 777);
    write({ objectId: 3, instanceId: 0, resourceId: 14 }, "+02:00");
    write({ objectId: 3, instanceId: 0, resourceId: 15 }, "Europe/Paris");
    write({ objectId: 3, instanceId: 0, resourceId: 13 }, 1_367_491_215);
    write({ objectId: 7, instanceId: 0, resourceId: 8 }, 3600);
    write({ objectId: 19, instanceId: 1, resourceId: 0 }, Buffer.from("data"));
    registry.create(19, 5, {
      kind: "instance",
      id: 5,
      resources: [{ kind: "resource", id: 0, type: "opaque", value: Buffer.from("x") }],
    });
    registry.execute({ objectId: 15, instanceId: 0, resourceId: 6 }, new Map());
    await device.clock.advance(1000);
    expect(device.efs.read("/datatx/lwm2m/accounts.json")?.toString()).toContain("777");

    await device.factoryReset();
    expect(registry.value(1, 1, 1)).toBe(300);
    expect([14, 15].map((id) => registry.value(3, 0, id))).toEqual(["+00:00", "Etc/UTC"]);
    expect(registry.value(3, 0, 13)).toBe(Math.floor(device.clock.now() / 1000));
    expect(registry.value(7, 0, 8)).toBe(0);
    expect(registry.instances(19)).toEqual([0, 1]);
    expect(registry.value(19, 1, 0)).toEqual(Buffer.alloc(0));
    expect(registry.value(15, 0, 4)).toBe(true);
    expect(device.efs.read("/datatx/lwm2m/accounts.json")?.toString()).not.toContain("777");
    expect(device.efs.read("/datatx/lwm2m_cfg")).toEqual(before);
  });

  it("leaves nothing of what the host has set: profile, names, APN, AT settings, contexts", async () => {
    const device = await openDeployed();
    const { settings, modem } = device;
    settings.selectProfile(2);
    settings.setEndpointName(1, "mine");
    settings.setApn("mine.example");
    settings.setDownlinkFormat(1);
    settings.setBootstrapMode(1);
    modem.update((state) => ({
      settings: { ...state.settings, band: "1" },
      pdp: {
        1: { type: "IP", apn: "x", user: "", password: "", authentication: 0, active: false, address: undefined },
      },
    }));
    await device.factoryReset();
    expect([settings.profile, settings.endpointName, settings.downlinkFormat, settings.bootstrapMode]).toEqual([
      0,
      undefined,
      0,
      0,
    ]);
    expect(settings.apn).toBe("carrierAPN1");
    expect([modem.state.settings, modem.state.pdp]).toEqual([{}, {}]);
    expect(device.modem.state.lwm2m.phase).toBe(5);
  });

  it("keeps what the deployment cannot do without: PSK files, the autostart, and files the factory has no copy of", async () => {
    const cfg = "{\nAPN=special;\n}";
    const device = await openDeployed();
    device.efs.write("/datatx/ssl/102_server.psk", "name:00112233");
    device.efs.write("/datatx/lwm2m_cfg", cfg);
    device.efs.remove("/datatx/factory/lwm2m_cfg");
    device.settings.setEnabled(true);
    await device.factoryReset();
    expect(device.efs.read("/datatx/ssl/102_server.psk")?.toString()).toBe("name:00112233");
    expect(device.efs.read("/datatx/lwm2m_cfg")?.toString()).toBe(cfg);
    expect(device.settings.enabled).toBe(true);
  });

  it("returns to the settings given for the run, where the host has changed them since", async () => {
    const device = await openDeployed({ overrides: { server: "coap://192.0.2.50:5683" } });
    device.settings.setServer("192.0.2.77", 5700);
    const [next] = await device.factoryReset();
    expect(next!.target.host).toBe("192.0.2.50");
  });

  it("forgets registrations that outlive a reboot", async () => {
    const device = await openDeployed({ files: { "/datatx/lwm2m_cfg": "{\nAPN=a;\nPER_REGSTATUS_FEAT=1;\n}" } });
    expect(device.efs.exists("/datatx/lwm2m/registrations.json")).toBe(true);
    const [next] = await device.factoryReset();
    expect(next!.requests[0]).toMatchObject({ method: "POST", uriPath: ["rd"] });
  });
});
