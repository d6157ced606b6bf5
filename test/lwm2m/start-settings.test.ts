import { describe, expect, it } from "vitest";
import { openDevice } from "../support/lwm2m-device.js";

const INI = "/datatx/bootstrap.ini";
const SERVER = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"7","sv":"U"}]}`;

/** A registered device whose Server may forget it: it answers the next Update with 4.04. */
async function openRegistered() {
  const server = { forgets: false };
  const device = openDevice({
    files: { [INI]: SERVER },
    answer: (request) =>
      server.forgets && request.method === "POST" && request.uriPath?.length === 2 ? { code: "4.04" } : undefined,
  });
  device.client.register(false);
  await device.clock.advance(100);
  return {
    device,
    async forget() {
      server.forgets = true;
      device.client.update(102, false);
      await device.clock.advance(1000);
      server.forgets = false;
    },
    async startAnew() {
      void device.client.deregister();
      await device.clock.advance(1000);
      device.client.register(false);
      await device.clock.advance(1000);
    },
  };
}

describe("what the host sets while the Client runs", () => {
  it("[BG-106][BG-109][BG-151] the name of the next registration is that of the start; a new start has the new one", async () => {
    const { device, forget, startAnew } = await openRegistered();
    device.settings.setEndpointName(1, "meter-7");
    expect(device.client.status.endpoint).toBe("urn:imei:864508030012428");
    await forget();
    expect(device.seen().at(-1)).toContain("POST /rd?ep=urn:imei:864508030012428");
    await startAnew();
    expect(device.seen().at(-1)).toContain("POST /rd?ep=meter-7");
    expect(device.client.status.endpoint).toBe("meter-7");
  });

  it("[BG-134][BG-135] the data call keeps its type until a new start after the module has left the network", async () => {
    const { device } = await openRegistered();
    const addresses = () => device.modem.state.moduleCalls.map(({ address }) => address);
    const tunnel = async () => {
      for (const coverage of [false, true]) {
        device.modem.update((state) => ({ network: { ...state.network, coverage } }));
        await device.clock.advance(10_000);
      }
    };
    expect(addresses()).toEqual([expect.stringMatching(/^10\./)]);
    device.settings.setIpPreference(1);
    await tunnel();
    device.client.update(102, false);
    await device.clock.advance(1000);
    expect(addresses()).toEqual([expect.stringMatching(/^10\./)]);
    void device.client.deregister();
    await device.clock.advance(1000);
    await tunnel();
    expect(addresses()).toEqual([]);
    device.client.register(false);
    await device.clock.advance(1000);
    expect(addresses()).toEqual([expect.stringMatching(/^2001:db8:/)]);
  });

  it("[BG-100] LGU+'s Objects come with a start in its profile, and go with a start in another", async () => {
    const { device, startAnew } = await openRegistered();
    device.settings.selectProfile(2);
    expect(device.client.lguOffered).toBe(false);
    await startAnew();
    expect(device.client.lguOffered).toBe(true);
    device.settings.selectProfile(0);
    expect(device.client.lguOffered).toBe(true);
    device.client.halt();
    expect(device.client.lguOffered).toBe(false);
  });
});
