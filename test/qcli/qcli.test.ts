import { describe, expect, it } from "vitest";
import { readOptions } from "#lwm2m/client-files";
import { createQcli, type QcliOptions } from "#qcli/qcli";
import { hardware } from "../support/hardware.js";
import { type DeviceOptions, openDevice } from "../support/lwm2m-device.js";

const INI = "/datatx/bootstrap.ini";
const CFG = "/datatx/lwm2m_cfg";
const SERVER = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"7","sv":"U"}]}`;
const BOOTSTRAP = `{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}`;
const cfg = (lines: string) => `{\nAPN=internet;\nBOOT_UP_SLEEP_TIME=0;\n${lines}\n}\n`;

/** A device that has booted, with somebody at its debug port from the first byte on. */
async function open(options: DeviceOptions = {}, dialect: Partial<QcliOptions> = {}) {
  const device = openDevice({
    ...options,
    profile: "fast",
    files: { "/datatx/qcli_config": "", [INI]: SERVER, ...options.files },
  });
  let printed = "";
  const qcli = createQcli({
    modem: device.modem,
    client: device.client,
    settings: device.settings,
    carrierType: () => readOptions(device.efs).carrierType,
    msisdnUrn: "msisdn",
    output: (bytes) => {
      printed += bytes.toString("latin1");
    },
    ...dialect,
  });
  const take = () => {
    const text = printed;
    printed = "";
    return text;
  };
  await device.clock.advance(2000);
  return {
    device,
    qcli,
    take,
    type(text: string) {
      qcli.receive(Buffer.from(text, "latin1"));
      return take();
    },
  };
}

/** The guide's chapter 6.1, from the boot to the prompt. */
const MENU = `Net: Net Registered
dss_netapp: DSS_NetApp Registered
LwM2M_EXT: LwM2M_EXT Registered

Command List:

Commands:

1. Help
2. Exit

Subgroups:

3. Net
4. dss_netapp
5. LwM2M_EXT

> `;
const LIST = MENU.slice(MENU.indexOf("\nCommand List:"));
const crlf = (text: string) => text.replaceAll("\n", "\r\n");

describe("the debug port", () => {
  it("[BG-186][BG-187][BG-188][BG-189][BG-190][BG-051] says at boot what the guide's log says", async () => {
    const { device, take } = await open({ autostart: true });
    expect(device.events).toEqual([0, 3, 4, 5]);
    expect(take()).toBe(
      crlf(`${MENU}LwM2M: CLI registered
LwM2M: LwM2M_LOG:Carrier type = 0
LwM2M:
LwM2M: REG EP NAME = 4
LwM2M:
LwM2M: BOOTSTRAP EP NAME = 7
LwM2M:
LwM2M: LwM2M_LOG: bootstrap_name --> urn:imei-msisdn:864508030012428-15755127091
LwM2M:
LwM2M: State: STATE_REGISTER_REQUIRED
LwM2M: State: STATE_REGISTERING
LwM2M: State: STATE_READY
`),
    );
  });

  it("[BG-189] spells the name as the guide's sample on demand, and tells one that the host has set", async () => {
    const sample = await open({ autostart: true }, { msisdnUrn: "msisdh" });
    expect(sample.take()).toContain("bootstrap_name --> urn:imei-msisdh:864508030012428-15755127091\r\n");
    const own = await open({ autostart: true, overrides: { endpoint: "meter-7" } });
    expect(own.take()).toContain("bootstrap_name --> meter-7\r\n");
  });

  it("[BG-188] tells the carrier type and the forms that lwm2m_cfg has", async () => {
    const files = { [CFG]: cfg("CARRIER_TYPE=1;\nREG_EP_NAME=7;\nBOOTSTRAP_EP_NAME=4;") };
    const { take } = await open({ autostart: true, files });
    const said = take();
    expect(said).toContain("Carrier type = 1\r\n");
    expect(said).toContain("REG EP NAME = 7\r\n");
    expect(said).toContain("BOOTSTRAP EP NAME = 4\r\n");
    expect(said).toContain("bootstrap_name --> urn:imei:864508030012428\r\n");
  });

  it("[BG-200][BG-201] tells that a SIM without MSISDN cannot give a name of form 7, and nothing of it with form 4", async () => {
    const nameless = { ...hardware, sim: { ...hardware.sim, msisdn: undefined } };
    const message = "LWM2M: LWM2M_LOG: Populating Reg EP name: LWM2M_IMEI_MSISDN_URN failed\r\n";
    const saying = async (lines: string) => {
      const { device, take } = await open({ autostart: true, hardware: nameless, files: { [CFG]: cfg(lines) } });
      return [take().split(message).length - 1, device.events.includes(5)];
    };
    expect(await saying("REG_EP_NAME=7;\nBOOTSTRAP_EP_NAME=7;")).toEqual([1, false]);
    expect(await saying("REG_EP_NAME=7;\nBOOTSTRAP_EP_NAME=4;")).toEqual([1, false]);
    expect(await saying("REG_EP_NAME=4;\nBOOTSTRAP_EP_NAME=7;")).toEqual([1, true]);
    expect(await saying("REG_EP_NAME=4;\nBOOTSTRAP_EP_NAME=4;")).toEqual([0, true]);
  });

  it("[BG-190] tells the states of a bootstrap; the client's start once a boot", async () => {
    const { device, take } = await open({ files: { [INI]: BOOTSTRAP } });
    expect(take()).toBe(crlf(MENU));
    device.client.register(false);
    await device.clock.advance(1000);
    const said = take();
    expect(said).toContain("LwM2M: State: STATE_BOOTSTRAP_REQUIRED\r\nLwM2M: State: STATE_BOOTSTRAPPING\r\n");
    expect(said).not.toContain("STATE_INITIAL");
    device.client.halt();
    device.client.register(false);
    await device.clock.advance(1000);
    expect(take()).toMatch(/^LwM2M: LwM2M_LOG:Carrier type = 0\r\n/);
  });

  it("[BG-051][BG-146][BG-147] is silent without qcli_config; qcli_en makes and removes it, for the next boot", async () => {
    const { device, take, type } = await open({ autostart: true });
    device.settings.setQcli(false);
    expect(type("\r")).not.toBe("");
    const boot = async () => {
      device.power.cut();
      await device.clock.advance(1000);
      take();
      device.power.on();
      await device.clock.advance(2000);
      return take();
    };
    expect(await boot()).toBe("");
    expect(type("1\r")).toBe("");
    device.settings.setQcli(true);
    expect(type("1\r")).toBe("");
    const said = await boot();
    expect(said).toContain("> LwM2M: CLI registered\r\n");
    expect(said).toContain("LwM2M: State: STATE_READY\r\n");
  });

  it("survives a settings file that makes no sense", async () => {
    const { device, take } = await open({ files: { "/datatx/qlwm2m.json": "{" } });
    device.modem.update((state) => ({ lwm2m: { ...state.lwm2m, phase: 3 } }));
    expect(take()).toContain("LwM2M: State: STATE_REGISTER_REQUIRED\r\n");
  });
});

describe("the menu", () => {
  it("[BG-186] Help lists the commands, in any case and by number; an empty line too", async () => {
    const { type, take } = await open();
    take();
    for (const choice of ["1", "Help", "help", " HELP "]) expect(type(`${choice}\r`)).toBe(crlf(`${choice}\n${LIST}`));
    expect(type("\r")).toBe(crlf(`\n${LIST}`));
    expect(type("1\r\n")).toBe(crlf(`1\n${LIST}`));
  });

  it("has commands in each group, and Exit leads out of it", async () => {
    const { type, take } = await open({ autostart: true });
    take();
    expect(type("3\r")).toContain("\r\n1. Help\r\n2. Exit\r\n3. Status\r\n\r\nNet> ");
    expect(type("3\r")).toContain("Registration: registered\r\n");
    expect(type("exit\r")).toBe("exit\r\n> ");
    type("dss_netapp\r");
    expect(type("Calls\r")).toMatch(/APN carrierAPN1, class 2: 10\.\d+\.\d+\.\d+\r\ndss_netapp> $/);
    type("2\r5\r");
    const status = type("status\r");
    expect(status).toContain("State: STATE_READY\r\nEndpoint: urn:imei:864508030012428\r\n");
    expect(status).toContain("Server 102: coap://192.0.2.1:5683, registered, location /rd/1, lifetime 300 s\r\n");
  });

  it("Exit at the top silences the port until Enter", async () => {
    const { type, take, device } = await open();
    take();
    expect(type("2\r")).toBe("2\r\n");
    device.client.register(false);
    await device.clock.advance(1000);
    expect(take()).toBe("");
    expect(type("\r")).toBe(crlf(`\n${LIST}`));
  });

  it("takes corrections, and refuses what it does not know", async () => {
    const { type, take, qcli } = await open();
    take();
    expect(type("9\b1\x7f1\r")).toBe(crlf(`9\b \b1\b \b1\n${LIST}`));
    expect(type("0\r")).toBe("0\r\nUnknown command: 0\r\n> ");
    expect(type("6\r")).toBe("6\r\nUnknown command: 6\r\n> ");
    expect(type("3.5\r")).toBe("3.5\r\nUnknown command: 3.5\r\n> ");
    type("abc");
    qcli.hangUp();
    expect(type("1\r")).toBe(crlf(`1\n${LIST}`));
  });

  it("survives any bytes and any length of line", async () => {
    const { type, take } = await open();
    take();
    type("\0\x1b\xff".repeat(10_000));
    const text = type("x".repeat(100_000));
    expect(text).toHaveLength(128);
    expect(type("\r")).toContain("Unknown command: xxx");
    expect(type("1\r")).toContain("1. Help");
  });
});
