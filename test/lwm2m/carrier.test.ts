/** CARRIER_TYPE of lwm2m_cfg at a whole device. */
import { describe, expect, it } from "vitest";
import { openDevice } from "../support/lwm2m-device.js";

interface Sketch {
  readonly shortServerId: number;
  readonly bootstrap?: boolean;
  readonly secure?: boolean;
}

const ini = (accounts: readonly Sketch[]) =>
  accounts
    .map(({ shortServerId, bootstrap = false, secure = false }, id) => {
      const uri = `${secure ? "coaps" : "coap"}://192.0.2.${id + 1}:${secure ? 5684 : 5683}`;
      return `{"bn":"/0/${id}/","e":[{"n":"0","sv":"${uri}"},{"n":"1","bv":${bootstrap}},{"n":"2","v":${secure ? 0 : 3}},{"n":"3","sv":"aWQ="},{"n":"5","sv":"a2V5"},{"n":"10","v":${shortServerId}}]}
{"bn":"/1/${id}/","e":[{"n":"0","v":${shortServerId}},{"n":"1","v":300},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
    })
    .join("\n");

/** @returns the hosts the device has gone to, and its complaints. */
async function start(carrierType: 0 | 1 | undefined, accounts: readonly Sketch[], bootstrapMode: 0 | 1 = 0) {
  const line = carrierType === undefined ? "" : `CARRIER_TYPE=${carrierType};\n`;
  const device = openDevice({
    files: { "/datatx/lwm2m_cfg": `{\nAPN=a;\n${line}}`, "/datatx/bootstrap.ini": ini(accounts) },
  });
  device.settings.setBootstrapMode(bootstrapMode);
  await device.clock.advance(1000);
  try {
    device.client.register(false);
  } catch {
    // with no account left; what was refused is in the log
  }
  await device.clock.advance(10_000);
  return {
    device,
    hosts: device.servers.map(({ target }) => target.host),
    refused: () => device.logged.filter((each) => each.startsWith("account refused")),
  };
}

const DIAG: Sketch = { shortServerId: 101 };
const MANAGEMENT: Sketch = { shortServerId: 102 };

describe("the carrier", () => {
  it.each([undefined, 0] as const)("[BG-085] by default (%s) lets the Client use any account", async (carrierType) => {
    const { hosts, refused } = await start(carrierType, [DIAG, MANAGEMENT]);
    expect([hosts, refused()]).toEqual([["192.0.2.1", "192.0.2.2"], []]);
  });

  it("[BG-085][BG-095] Verizon refuses the DIAG server without security, with a line in the log, and no other Server", async () => {
    const { hosts, refused } = await start(1, [DIAG, MANAGEMENT]);
    expect(hosts).toEqual(["192.0.2.2"]);
    expect(refused()).toEqual([
      expect.stringMatching(
        /never without security \{"server":101,"uri":"coap:\/\/192\.0\.2\.1:5683","remedy":".+"\}$/,
      ),
    ]);
  });

  it("[BG-095] Verizon takes the DIAG server with a PSK", async () => {
    const { hosts, refused } = await start(1, [{ ...DIAG, secure: true }, MANAGEMENT]);
    expect([hosts, refused()]).toEqual([["192.0.2.1", "192.0.2.2"], []]);
  });

  it("[BG-095] Verizon refuses a Bootstrap-Server without security, and then there is nobody to go to", async () => {
    const { device, hosts, refused } = await start(1, [{ shortServerId: 100, bootstrap: true }], 1);
    expect([hosts, device.events]).toEqual([[], [0, 1]]);
    expect(refused()).toHaveLength(1);
  });

  it("[BG-095] Verizon takes a Bootstrap-Server with a PSK", async () => {
    const { hosts, refused } = await start(1, [{ shortServerId: 100, bootstrap: true, secure: true }], 1);
    expect([hosts, refused()]).toEqual([["192.0.2.1"], []]);
  });

  it("tells a refusal again at each start, not at each look", async () => {
    const { device, refused } = await start(1, [DIAG]);
    expect(refused()).toHaveLength(1);
    expect(() => device.client.register(false)).toThrow("LwM2M cannot start");
    expect(refused()).toHaveLength(2);
  });
});
