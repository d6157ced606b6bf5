import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseBootstrapIni } from "#efs/bootstrap-ini";
import { parseCarrierApnCfg } from "#efs/carrier-apn-cfg";
import { type Efs, openEfs } from "#efs/efs";
import { parseLwm2mCfg } from "#efs/lwm2m-cfg";
import { ClientError } from "#lwm2m/client";
import { readHostSettings } from "#lwm2m/host-settings";
import type { Profile } from "#lwm2m/profiles";
import { createSettings, type Settings } from "#lwm2m/settings";
import { createInitialState } from "#modem/initial-state";
import { createModem, type Modem } from "#modem/modem";
import { type Log, silentLog } from "#runtime";
import { hardware } from "../support/hardware.ts";

const INI = "/datatx/bootstrap.ini";

/** As the guide's chapter 6.1 prints it, with a Bootstrap-Server and a second server around it. */
const THREE_ACCOUNTS = `{ "bn": "/0/0/", "e": [
  { "n": "0", "sv": "coaps://bootstrap.example.org:5684" }, { "n": "1", "bv": true },
  { "n": "2", "v": 0 }, { "n": "10", "v": 100 }, { "n": "11", "v": 7 } ] }
{ "bn": "/0/1/", "e": [
  { "n": "0", "sv": "coap://leshan.example.org:5683" }, { "n": "1", "bv": false },
  { "n": "2", "v": 3 }, { "n": "10", "v": 102 } ] }
{ "bn": "/0/2/", "e": [
  { "n": "0", "sv": "coap://second.example.org:5683" }, { "n": "1", "bv": false },
  { "n": "2", "v": 3 }, { "n": "10", "v": 103 } ] }
{ "bn": "/1/1/", "e": [ { "n": "0", "v": 102 }, { "n": "1", "v": 300 }, { "n": "7", "sv": "UQS" } ] }
{ "bn": "/1/2/", "e": [ { "n": "0", "v": 103 }, { "n": "1", "v": 600 } ] }
{ "bn": "/2/0/", "e": [ { "n": "2/102", "v": 15 }, { "n": "3", "v": 102 } ] }
`;
const ONE_SERVER = `{ "bn": "/0/1/", "e": [
  { "n": "0", "sv": "coap://leshan.example.org:5683" }, { "n": "1", "bv": false }, { "n": "2", "v": 3 }, { "n": "10", "v": 102 } ] }
{ "bn": "/1/1/", "e": [ { "n": "0", "v": 102 }, { "n": "1", "v": 300 } ] }
`;

let efs: Efs;
let modem: Modem;
let settings: Settings;
let logged: Array<[object, string]>;

const open = () => {
  const log: Log = { ...silentLog, warn: (fields, message) => void logged.push([fields, message]), child: () => log };
  return createSettings({ efs, modem, log });
};
/** Resource path -> value in bootstrap.ini. */
const resources = () =>
  Object.fromEntries(
    parseBootstrapIni(String(efs.read(INI)), INI).records.map(({ path, value }) => [
      `/${Object.values(path).join("/")}`,
      value,
    ]),
  );

beforeEach(() => {
  efs = openEfs(mkdtempSync(join(tmpdir(), "bg96-settings-")));
  modem = createModem(createInitialState(hardware));
  logged = [];
  settings = open();
});
afterEach(() => rmSync(efs.root, { recursive: true }));

describe("the account in use", () => {
  beforeEach(() => efs.write(INI, THREE_ACCOUNTS));

  it("[BG-103][BG-141] is the first LwM2M Server with bootstrap mode 0", () => {
    settings.setBootstrapMode(0);
    expect(settings.serverUri).toBe("coap://leshan.example.org:5683");
    settings.setServer("10.0.0.1", 5700);
    expect(settings.server).toEqual({ host: "10.0.0.1", port: 5700 });
    expect(resources()).toMatchObject({
      "/0/0/0": "coaps://bootstrap.example.org:5684",
      "/0/1/0": "coap://10.0.0.1:5700",
      "/0/2/0": "coap://second.example.org:5683",
    });
  });

  it("[BG-139][BG-142] is the Bootstrap-Server with bootstrap mode 1", () => {
    settings.setBootstrapMode(1);
    expect(settings.serverUri).toBe("coaps://bootstrap.example.org:5684");
    settings.setServerUri("coaps://other.example.org:5784");
    expect(resources()).toMatchObject({
      "/0/0/0": "coaps://other.example.org:5784",
      "/0/1/0": "coap://leshan.example.org:5683",
    });
  });

  it("takes the scheme that its security mode asks for, and changes it with the mode", () => {
    settings.setServer("10.0.0.1", 5700);
    expect(settings.serverUri).toBe("coap://10.0.0.1:5700");
    settings.setSecurityMode(0);
    expect(settings.serverUri).toBe("coaps://10.0.0.1:5700");
    settings.setServer("::1", 5684);
    expect(settings.serverUri).toBe("coaps://[::1]:5684");
    expect(settings.server).toEqual({ host: "::1", port: 5684 });
    settings.setSecurityMode(3);
    expect(settings.serverUri).toBe("coap://[::1]:5684");
  });

  it("every other entry of bootstrap.ini outlives a change of one", () => {
    const before = resources();
    settings.setServerUri("coap://10.0.0.1:5700");
    settings.setLifetime(900, 103);
    expect(resources()).toEqual({ ...before, "/0/1/0": "coap://10.0.0.1:5700", "/1/2/1": 900 });
  });

  it("[BG-140] a lifetime is the first LwM2M Server's unless a Short Server ID is given", () => {
    settings.setLifetime(1200);
    expect(settings.lifetimeS).toBe(1200);
    expect(resources()).toMatchObject({ "/1/1/1": 1200, "/1/2/1": 600 });
    expect(settings.serverIds).toEqual([102, 103]);
    expect(() => settings.setLifetime(1200, 100)).toThrow(ClientError);
    expect(() => settings.setLifetime(1200, 999)).toThrow("no server 999");
  });

  it.each(["coap://", "http://host:5683", "coap://host:65536", "host:5683", "coap://a b:5683", ""])(
    "refuses the address %j",
    (uri) => {
      expect(() => settings.setServerUri(uri)).toThrow(ClientError);
      expect(String(efs.read(INI))).toBe(THREE_ACCOUNTS);
    },
  );

  it.each(["a b", "a/b", "a:b:c]", 'a"b'])("refuses the host %j", (name) => {
    expect(() => settings.setServer(name, 5683)).toThrow(ClientError);
    expect(String(efs.read(INI))).toBe(THREE_ACCOUNTS);
  });
});

describe("an account that bootstrap.ini lacks", () => {
  it("[BG-111] a Bootstrap-Server is made after the server, with Short Server ID 100, until it gets its own address", () => {
    efs.write(INI, ONE_SERVER);
    settings.setBootstrapMode(1);
    expect(resources()).toMatchObject({
      "/0/0/0": "coap://leshan.example.org:5683",
      "/0/0/1": true,
      "/0/0/2": 3,
      "/0/0/10": 100,
    });
    settings.setServer("10.0.0.1", 5783);
    settings.setBootstrapMode(0);
    expect(settings.serverUri).toBe("coap://leshan.example.org:5683");
    settings.setBootstrapMode(1);
    expect(settings.serverUri).toBe("coap://10.0.0.1:5783");
  });

  it("[BG-110] a server is made after the Bootstrap-Server, with Short Server ID 102 and the guide's Server Object", () => {
    efs.write(
      INI,
      `{ "bn": "/0/0/", "e": [ { "n": "0", "sv": "coap://bs.example.org:5783" }, { "n": "1", "bv": true }, { "n": "2", "v": 3 }, { "n": "10", "v": 100 } ] }`,
    );
    expect(settings.bootstrapMode).toBe(1);
    settings.setBootstrapMode(0);
    expect(resources()).toMatchObject({
      "/0/1/0": "coap://bs.example.org:5783",
      "/0/1/1": false,
      "/0/1/10": 102,
      "/1/1/0": 102,
      "/1/1/1": 300,
      "/1/1/2": 1,
      "/1/1/3": 60,
      "/1/1/5": 86400,
      "/1/1/6": true,
      "/1/1/7": "UQS",
    });
  });

  it("a lifetime set beside a Bootstrap-Server alone waits for that server", () => {
    settings.selectProfile(2);
    expect(settings.lifetimeS).toBeUndefined();
    settings.setLifetime(900);
    expect([settings.bootstrapMode, settings.lifetimeS]).toEqual([1, 900]);
    settings.setBootstrapMode(0);
    expect(settings.lifetimeS).toBe(900);
  });

  it("without bootstrap.ini there is no configuration, and the first setting begins with the profile's", () => {
    expect([settings.serverUri, settings.server, settings.lifetimeS, settings.securityMode]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    settings.setServer("10.0.0.1", 5700);
    expect(settings.serverUri).toBe("coap://10.0.0.1:5700");
    expect(settings.lifetimeS).toBe(300);
  });
});

describe("profiles", () => {
  it("[BG-100] 0 loads Leshan's files, 2 those of LGU+ with client-initiated bootstrap", () => {
    settings.selectProfile(0);
    expect([settings.profile, settings.bootstrapMode, settings.serverUri]).toEqual([
      0,
      0,
      "coap://leshan.eclipseprojects.io:5683",
    ]);
    settings.selectProfile(2);
    expect([settings.profile, settings.bootstrapMode]).toEqual([2, 1]);
    expect(resources()).toMatchObject({ "/0/0/1": true, "/0/0/10": 100 });
    expect(efs.exists("/datatx/lwm2m_cfg") && efs.exists("/datatx/carrier_apn_cfg")).toBe(true);
  });

  it.each([0, 1, 2, 3, 4, 5] as Profile[])("[BG-100] %i is a whole configuration without a fault", (profile) => {
    settings.selectProfile(profile);
    expect([settings.profile, settings.bootstrapMode]).toEqual([profile, profile === 2 ? 1 : 0]);
    expect(parseBootstrapIni(String(efs.read(INI)), INI).warnings).toEqual([]);
    expect(parseLwm2mCfg(String(efs.read("/datatx/lwm2m_cfg")), "lwm2m_cfg").warnings).toEqual([]);
    expect(parseCarrierApnCfg(String(efs.read("/datatx/carrier_apn_cfg")), "carrier_apn_cfg").warnings).toEqual([]);
    expect(settings.serverUri).toMatch(settings.securityMode === 0 ? /^coaps:/ : /^coap:/);
    expect(settings.lifetimeS).toBe(profile === 2 ? undefined : 300);
    expect(logged).toEqual([]);
  });

  it("[BG-100][BG-095] those of carriers ask for a PSK and name a bootstrap server beside the LwM2M server", () => {
    for (const profile of [1, 3, 5] as const) {
      settings.selectProfile(profile);
      expect(settings.securityMode).toBe(0);
      settings.setBootstrapMode(1);
      expect(settings.securityMode).toBe(0);
      expect(resources()).toMatchObject({ "/0/0/1": true, "/0/0/10": 100, "/0/1/10": 102, "/1/1/0": 102 });
      settings.setBootstrapMode(0);
    }
  });

  it("[BG-100][BG-085][BG-071] 3 is Verizon's: its carrier type, the DIAG server, and the APNs of the guide's sample", () => {
    settings.selectProfile(3);
    expect(parseLwm2mCfg(String(efs.read("/datatx/lwm2m_cfg")), "lwm2m_cfg").cfg.carrierType).toBe(1);
    expect(settings.serverIds).toEqual([102, 101]);
    const { servers } = parseCarrierApnCfg(String(efs.read("/datatx/carrier_apn_cfg")), "carrier_apn_cfg");
    expect(servers.map(({ apn, apnClass, shortServerId }) => [apn, apnClass, shortServerId])).toEqual([
      ["vzwadmin", 2, 102],
      ["vzwinternet", 3, 103],
    ]);
  });

  it("an explicit server address, bootstrap mode and endpoint name outlive a later select", () => {
    settings.selectProfile(0);
    settings.setServer("10.0.0.1", 5783);
    settings.setEndpointName(1, "meter-7");
    settings.selectProfile(2);
    expect([settings.serverUri, settings.bootstrapMode, settings.endpointName]).toEqual([
      "coap://10.0.0.1:5783",
      1,
      "meter-7",
    ]);
    settings.setBootstrapMode(0);
    settings.selectProfile(2);
    expect([settings.serverUri, settings.bootstrapMode]).toEqual(["coap://10.0.0.1:5783", 0]);
  });
});

describe("endpoint names", () => {
  it("[BG-107] mode 0 makes LGU+'s name from the SIM and the service code", () => {
    settings.selectProfile(2);
    settings.setEndpointName(0, "QUEC");
    // printf 00101000000000189860000000000000011 | md5sum
    expect(settings.endpointName).toBe("ASN_CSE-D-3193c52a9f-QUEC");
  });

  it("[BG-107] mode 0 is refused outside the LGU+ profile, and without a SIM", () => {
    expect(() => settings.setEndpointName(0, "QUEC")).toThrow(ClientError);
    settings.selectProfile(2);
    modem.update(({ sim }) => ({ sim: { ...sim, card: "NOT INSERTED" } }));
    expect(() => settings.setEndpointName(0, "QUEC")).toThrow("no SIM");
    expect(settings.endpointName).toBeUndefined();
  });

  it("[BG-151] the forms stand in lwm2m_cfg, 4 and 7 by default", () => {
    expect(settings.endpointForms).toEqual({ registration: 4, bootstrap: 7 });
    settings.setEndpointForms(7, 4);
    expect(String(efs.read("/datatx/lwm2m_cfg"))).toMatch(/REG_EP_NAME=7;\n[\s\S]*BOOTSTRAP_EP_NAME=4;/);
    expect(settings.endpointForms).toEqual({ registration: 7, bootstrap: 4 });
  });
});

describe("the other files", () => {
  it("[BG-150] an APN goes into lwm2m_cfg and every block of carrier_apn_cfg, comments kept", () => {
    efs.write(INI, ONE_SERVER);
    // the guide's chapter 3.3.2
    efs.write(
      "/datatx/carrier_apn_cfg",
      "/* Existing APN config */\nAPN_NAME=vzwadmin\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\n; /* New APN config */\nAPN_NAME=vzwinternet\nAPN_CLASS=3\nSHORT_SERVER_ID1=103\n",
    );
    expect(settings.apn).toBe("vzwadmin");
    settings.setApn("lpiot.aer.net");
    expect(settings.apn).toBe("lpiot.aer.net");
    expect(String(efs.read("/datatx/carrier_apn_cfg"))).toBe(
      "/* Existing APN config */\nAPN_NAME=lpiot.aer.net\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\n; /* New APN config */\nAPN_NAME=lpiot.aer.net\nAPN_CLASS=3\nSHORT_SERVER_ID1=103\n",
    );
    expect(String(efs.read("/datatx/lwm2m_cfg"))).toContain("APN=lpiot.aer.net;");
  });

  it("an APN without carrier_apn_cfg stays in lwm2m_cfg alone", () => {
    settings.setApn("iot");
    expect(settings.apn).toBe("iot");
    expect(efs.exists("/datatx/carrier_apn_cfg")).toBe(false);
  });

  it("[BG-136][BG-137][BG-146][BG-147] enable makes and removes lwm2m_app_autostart, qcli_en qcli_config", () => {
    settings.setEnabled(true);
    settings.setQcli(true);
    expect(efs.list("/datatx")).toEqual(["lwm2m_app_autostart", "qcli_config"]);
    expect([settings.enabled, settings.qcli]).toEqual([true, true]);
    settings.setEnabled(false);
    settings.setQcli(false);
    expect(efs.list("/datatx")).toEqual([]);
    expect([settings.enabled, settings.qcli]).toEqual([false, false]);
  });

  it("an autostart file that a host has uploaded keeps its content", () => {
    efs.write("/datatx/lwm2m_app_autostart", "started by the field team\n");
    settings.setEnabled(true);
    expect(String(efs.read("/datatx/lwm2m_app_autostart"))).toBe("started by the field team\n");
  });

  it("[BG-148] a generated PSK is stored for the account in use", () => {
    efs.write(INI, THREE_ACCOUNTS);
    expect(settings.psk).toBeUndefined();
    settings.setBootstrapMode(1);
    settings.generatePsk();
    expect(efs.list("/datatx/ssl")).toEqual(["100_server.psk"]);
    expect(settings.psk?.identity).toBe("IMEI:864508030012428_QUECTELTMOBILEDDI");
    // printf 'IMEI:864508030012428_QUECTELTMOBILEDDI' | sha256sum
    expect(settings.psk?.keyHex).toBe("3A2FA462DA3D4EBDB2D8878C486088CA77DBB6CE57C45FF55E1BACAC4DE7D4A5");
    settings.setBootstrapMode(0);
    expect(settings.psk).toBeUndefined();
  });

  it("the PSK in use is that of bootstrap.ini where it has one, until another is generated", () => {
    efs.write(
      INI,
      ONE_SERVER.replace(
        `{ "n": "2", "v": 3 }`,
        `{ "n": "2", "v": 0 }, { "n": "3", "sv": "aW90" }, { "n": "5", "sv": "AQID" }`,
      ),
    );
    expect(settings.psk).toEqual({ identity: "iot", keyHex: "010203" });
    settings.generatePsk();
    expect(settings.psk?.identity).toMatch(/^IMEI:/);
  });

  it("a PSK file of psktool's is reported, and an identity that is no text in hexadecimal", () => {
    efs.write(INI, ONE_SERVER);
    efs.write("/datatx/SSL/102_server.psk", "iot_app_102:00ff10\n");
    expect(settings.psk).toEqual({ identity: "iot_app_102", keyHex: "00FF10" });
    efs.write("/datatx/ssl/102_server.psk", "#0022ff:00ff10\n");
    expect(settings.psk).toEqual({ identity: "#0022ff", keyHex: "00FF10" });
  });

  it("what only the host knows of is kept in one JSON file and is there after a restart", () => {
    const mbsps = { serviceCode: "QUEC", serialNumber: "992185", cnt: "01212345678", iccid: "904978", module: "LWTHM" };
    settings.setMbsps({ ...mbsps, mac: undefined });
    settings.setDownlinkFormat(1);
    settings.setIpPreference(1);
    settings.setBootstrapMode(1);
    settings.setEndpointName(1, "meter-7");
    expect(readHostSettings(efs)).toEqual({
      mbsps,
      downlinkFormat: 1,
      ipPreference: 1,
      bootstrapMode: 1,
      endpoint: { mode: 1, name: "meter-7" },
    });
    const again = open();
    expect([again.mbsps, again.downlinkFormat, again.ipPreference, again.bootstrapMode]).toEqual([mbsps, 1, 1, 1]);
  });
});

describe("restore, reset and clean", () => {
  it("[BG-138] bootstrap.ini is restored from the factory folder as a whole, and is the last word on server and mode", () => {
    settings.selectProfile(2);
    settings.setServer("10.0.0.1", 5783);
    settings.setBootstrapMode(1);
    expect(() => settings.restoreFactory()).toThrow("no such file");
    efs.write("/datatx/factory/bootstrap.ini", ONE_SERVER);
    settings.restoreFactory();
    expect(String(efs.read(INI))).toBe(ONE_SERVER);
    expect([settings.serverUri, settings.bootstrapMode]).toEqual(["coap://leshan.example.org:5683", 0]);
    settings.selectProfile(0);
    expect(settings.serverUri).toBe("coap://leshan.eclipseprojects.io:5683");
  });

  it("a damaged factory file replaces nothing", () => {
    efs.write(INI, ONE_SERVER);
    efs.write("/datatx/factory/bootstrap.ini", "nothing");
    expect(() => settings.restoreFactory()).toThrow(ClientError);
    expect(String(efs.read(INI))).toBe(ONE_SERVER);
  });

  it("[BG-153] reset deletes the persistent files and no others", () => {
    settings.selectProfile(0);
    efs.write("/datatx/lwm2m/accounts.json", "{}");
    efs.write("/datatx/lwm2m/SSL/102_server.psk", "iot:00\n");
    const before = efs.list("/datatx");
    settings.reset();
    expect(efs.list("/datatx/lwm2m")).toEqual([]);
    expect(efs.list("/datatx/lwm2m/SSL")).toEqual(["102_server.psk"]);
    expect(efs.list("/datatx")).toEqual(before);
  });

  it("[BG-154] clean deletes all configuration files, and leaves the factory folder alone", () => {
    efs.write("/datatx/factory/bootstrap.ini", ONE_SERVER);
    settings.selectProfile(2);
    settings.setServer("10.0.0.1", 5783);
    settings.setEnabled(true);
    settings.setQcli(true);
    settings.generatePsk();
    settings.setDownlinkFormat(1);
    efs.write("/datatx/lwm2m/accounts.json", "{}");
    efs.write("/datatx/lwm2m/SSL/102_server.psk", "iot:00\n");
    // the guide's Table 1, and what only this emulator keeps
    expect(efs.list("/datatx")).toEqual([
      "bootstrap.ini",
      "carrier_apn_cfg",
      "lwm2m_app_autostart",
      "lwm2m_cfg",
      "qcli_config",
      "qlwm2m.json",
    ]);
    settings.clean();
    expect(efs.list("/datatx/lwm2m/SSL")).toEqual([]);
    expect([efs.list("/datatx"), efs.list("/datatx/ssl"), efs.list("/datatx/lwm2m")]).toEqual([[], [], []]);
    expect([settings.profile, settings.bootstrapMode, settings.serverUri]).toEqual([0, 0, undefined]);
    settings.restoreFactory();
    expect(settings.serverUri).toBe("coap://leshan.example.org:5683");
  });
});

describe("a damaged file", () => {
  const setters: Array<[string, (settings: Settings) => void]> = [
    ["setServer", (each) => each.setServer("10.0.0.1", 5683)],
    ["setServerUri", (each) => each.setServerUri("coap://10.0.0.1:5683")],
    ["setBootstrapMode", (each) => each.setBootstrapMode(1)],
    ["setLifetime", (each) => each.setLifetime(300)],
    ["setSecurityMode", (each) => each.setSecurityMode(0)],
    ["generatePsk", (each) => each.generatePsk()],
  ];
  it.each(setters)(
    "bootstrap.ini: %s is refused, the file stays as it is, and the log tells line and column",
    (_, set) => {
      const damaged = '{ "bn": "/0/1/", "e": [\n  { "n": "0", "sv": 7 } ] }\n';
      efs.write(INI, damaged);
      expect(() => set(settings)).toThrow(ClientError);
      expect(String(efs.read(INI))).toBe(damaged);
      expect(efs.list("/datatx")).toEqual(["bootstrap.ini"]);
      expect(logged[0]?.[0]).toMatchObject({ place: `${INI}:2:21` });
    },
  );

  it.each(["{", "[]", '{ "profile": 9 }', '{ "server": { "host": "a", "port": 70000 } }'])(
    "qlwm2m.json %j is refused and kept",
    (damaged) => {
      efs.write(INI, ONE_SERVER);
      efs.write("/datatx/qlwm2m.json", damaged);
      expect(() => settings.profile).toThrow(ClientError);
      expect(() => settings.setServer("10.0.0.1", 5683)).toThrow(ClientError);
      expect(() => settings.selectProfile(2)).toThrow(ClientError);
      expect(() => settings.setDownlinkFormat(1)).toThrow(ClientError);
      expect([String(efs.read(INI)), String(efs.read("/datatx/qlwm2m.json"))]).toEqual([ONE_SERVER, damaged]);
      expect(logged[0]?.[0]).toMatchObject({ place: "/datatx/qlwm2m.json" });
    },
  );

  it("bootstrap.ini: select replaces it", () => {
    efs.write(INI, "nothing");
    settings.selectProfile(0);
    expect(settings.serverUri).toBe("coap://leshan.eclipseprojects.io:5683");
  });

  it("lwm2m_cfg or carrier_apn_cfg: an APN is refused and both stay as they are", () => {
    efs.write("/datatx/lwm2m_cfg", "{\nAPN=one;\n}\n");
    efs.write("/datatx/carrier_apn_cfg", "APN_NAME\n");
    expect(() => settings.setApn("iot")).toThrow(ClientError);
    efs.write("/datatx/carrier_apn_cfg", "APN_NAME=one\nSHORT_SERVER_ID1=102\n");
    efs.write("/datatx/lwm2m_cfg", "APN=one");
    expect(() => settings.setApn("iot")).toThrow(ClientError);
    expect(() => settings.setEndpointForms(4, 4)).toThrow(ClientError);
    expect([String(efs.read("/datatx/lwm2m_cfg")), String(efs.read("/datatx/carrier_apn_cfg"))]).toEqual([
      "APN=one",
      "APN_NAME=one\nSHORT_SERVER_ID1=102\n",
    ]);
  });

  it("[BG-065] the missing brace of the guide's own sample is accepted, and a setter writes it out whole", () => {
    // the guide's chapter 6.1: the last entry is not closed
    efs.write(
      INI,
      '{ "bn": "/0/1/",\n"e": [\n{ "n": "0", "sv": "coap://leshan.eclipse.org:5683" },\n{ "n": "1", "bv": false },\n{ "n": "2", "v": 3 },\n{ "n": "10", "v": 102\n] }\n',
    );
    settings.setServer("10.0.0.1", 5683);
    expect(parseBootstrapIni(String(efs.read(INI)), INI).warnings).toEqual([]);
    expect(settings.serverUri).toBe("coap://10.0.0.1:5683");
  });
});

it("what a host has set is read from the disk once a boot, and after each change", () => {
  let reads = 0;
  const counted: Efs = {
    ...efs,
    read(path) {
      if (path === "/datatx/qlwm2m.json") reads++;
      return efs.read(path);
    },
  };
  settings = createSettings({ efs: counted, modem, log: silentLog });
  const readsOf = (task: () => void) => {
    const before = reads;
    task();
    return reads - before;
  };
  const look = () => [settings.profile, settings.downlinkFormat, settings.ipPreference];
  expect([readsOf(look), readsOf(look)]).toEqual([1, 0]);
  settings.setDownlinkFormat(1);
  expect(look()).toEqual([0, 1, 0]);
  efs.write("/datatx/qlwm2m.json", '{ "profile": 2 }');
  modem.update(({ power }) => ({ power: { ...power, boots: power.boots + 1 } }));
  expect(look()).toEqual([2, 0, 0]);
  settings.clean();
  expect(look()).toEqual([0, 0, 0]);
  settings.setIpPreference(1);
  settings.factoryReset();
  expect(look()).toEqual([0, 0, 0]);
  expect(readsOf(look)).toBe(0);
});
