import { readFile } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import { describeOnLeshan, SOON } from "./bench.ts";
import { type ServerAccount, withServer } from "./bootstrap-ini.ts";
import { valueIn } from "./leshan.ts";

const FACTORY_INI = new URL("../../config/efs/datatx/bootstrap.ini", import.meta.url);
const INI = "EUFS:/datatx/bootstrap.ini";

await describeOnLeshan((bench) => {
  describe("a host with nothing but AT commands", () => {
    const imeis = { 3: "864508030000027", 0: "864508030000035" } as const;
    afterAll(bench.closeAll);

    /** A module as it comes from the factory, told everything through its port, restarted; registered. */
    const configured = async (account: ServerAccount, pskLine?: string) => {
      const imei = imeis[account.securityMode];
      const modem = await bench.start({ env: { BG96_IDENTITY_IMEI: imei } });
      const since = bench.leshan.mark();
      expect(await modem.at(`AT+QFDEL="${INI}"`)).toEqual(["OK"]);
      const ini = withServer(await readFile(FACTORY_INI, "utf8"), account);
      expect(await modem.upload(INI, ini)).toEqual([
        "CONNECT",
        expect.stringMatching(`\\+QFUPL: ${ini.length},`),
        "OK",
      ]);
      if (pskLine !== undefined) {
        const name = `EUFS:/datatx/ssl/${account.shortServerId}_server.psk`;
        expect((await modem.upload(name, pskLine)).at(-1)).toBe("OK");
      }
      expect(await modem.at('AT+QLWM2M="enable",1')).toEqual(["OK"]);
      expect(await modem.at("AT+CFUN=1,1")).toEqual(["OK"]);
      await bench.registered(`urn:imei:${imei}`, since);
      await expect.poll(async () => (await modem.status()).lastEvent?.event, { timeout: SOON }).toBe(5);
      return { modem, endpoint: `urn:imei:${imei}` };
    };

    it("[BG-191] uploads bootstrap.ini, enables the Client, restarts the module and is registered", async () => {
      const account: ServerAccount = { uri: bench.nosecUri, securityMode: 3, shortServerId: 102 };
      const { modem, endpoint } = await configured(account);
      expect(await modem.at('AT+QLWM2M="cdp"')).toEqual([`+QLWM2M: "cdp","127.0.0.1",${bench.leshan.coapPort}`, "OK"]);
      expect(valueIn((await bench.leshan.read(endpoint, "/3/0/1")).content, 1)).toBe("BG96");
    });

    it("[BG-096][BG-191] uploads the key of ssl/101_server.psk too and is registered over DTLS", async () => {
      const identity = `host-alone-${bench.version}`;
      const key = "00112233445566778899aabbccddeeff";
      await bench.leshan.addPsk(`urn:imei:${imeis[0]}`, identity, key);
      const account: ServerAccount = { uri: bench.pskUri, securityMode: 0, shortServerId: 101 };
      const { endpoint } = await configured(account, `${identity}:${key}\n`);
      expect(await bench.leshan.client(endpoint)).toMatchObject({ secure: true });
    });
  });
});
