/** A whole modem with every kind of port: ptys, a serial device, TCP, the debug port. */
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bg96, openBg96 } from "#bg96";
import { type Config, ConfigError, DEFAULTS } from "#config";
import { PortError } from "#port/port";
import { openPty } from "#port/pty";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { openTtyHost, type TtyHost, until } from "../support/tty-host.ts";

const runtime = { clock: systemClock, random: systemRandom, log: silentLog };

let directory: string;
let modems: Bg96[];
let hosts: { close(): void }[];

const at = (name: string) => join(directory, name);

async function open(config: Partial<Config>): Promise<Bg96> {
  const modem = await openBg96({ ...DEFAULTS, boot: "fast", ...config }, runtime, at("run"));
  modems.push(modem);
  return modem;
}
function host(path: string): TtyHost {
  const opened = openTtyHost(path);
  hosts.push(opened);
  return opened;
}

beforeEach(() => {
  directory = temporaryDirectory();
  modems = [];
  hosts = [];
});
afterEach(async () => {
  for (const each of hosts) each.close();
  for (const each of modems) await each.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("a modem with several ports", () => {
  it("answers on each, has its URCs where AT+QURCCFG says, and removes all links when it ends", async () => {
    const modem = await open({ tty: at("usbat"), usbmodem: at("usbmodem"), uart1: at("uart1") });
    const [usbat, usbmodem, uart1] = ["usbat", "usbmodem", "uart1"].map((name) => host(at(name))) as [
      TtyHost,
      TtyHost,
      TtyHost,
    ];
    await usbat.waitFor("APP RDY");
    usbmodem.write('ATE0;+QURCCFG="urcport","uart1"\r');
    await usbmodem.waitFor("OK");
    usbat.write("AT+CFUN=1,1\r");
    await uart1.waitFor("\r\nAPP RDY\r\n");
    expect(usbat.received().match(/APP RDY/g)).toHaveLength(1);
    expect(usbmodem.received()).not.toContain("RDY");
    uart1.write("ATI\r");
    await uart1.waitFor("Revision: ");
    await modem.close();
    expect(["usbat", "usbmodem", "uart1"].filter((name) => existsSync(at(name)))).toEqual([]);
  });

  it("takes a serial device for a port, and goes on when it is unplugged", async () => {
    const cable = openPty({ link: at("cable"), runtime });
    hosts.push(cable);
    let heard = "";
    cable.onData((bytes) => {
      heard += bytes.toString("latin1");
    });
    const modem = await open({ tty: realpathSync(cable.link) });
    expect(modem.tty).toBe(realpathSync(cable.link));
    await until(() => heard.includes("APP RDY"), "the boot");
    cable.write(Buffer.from("AT+IPR=921600;+CGMM\r"));
    await until(() => heard.includes("BG96\r\n\r\nOK"), "the answer");
    cable.close();
    expect(modem.modem.state.power.phase).toBe("running");
  });

  it("serves hosts over TCP beside the port, each a terminal of its own", async () => {
    const modem = await open({ tcp: "127.0.0.1:0", tty: at("tty") });
    const port = Number(modem.tcp!.split(":")[1]);
    const sockets = [0, 1].map(() => {
      const socket = connect(port, "127.0.0.1");
      hosts.push({ close: () => socket.destroy() });
      const got = { text: "", socket };
      socket.on("data", (bytes) => {
        got.text += bytes.toString("latin1");
      });
      return got;
    });
    for (const { socket } of sockets) await until(() => !socket.connecting, "the connection");
    await until(() => sockets.every(({ text }) => text.includes("APP RDY")), "the boot on both");
    sockets[0]!.socket.write("ATE0\r");
    await until(() => sockets[0]!.text.includes("OK"), "the first's answer");
    sockets[1]!.socket.write("AT+CGMM\r");
    await until(() => sockets[1]!.text.includes("AT+CGMM\r\r\nBG96"), "the second's, with its echo");
    expect(sockets[0]!.text).not.toContain("BG96");
  });

  it("[BG-051][BG-185][BG-187] has QCLI on its debug port where the factory files have qcli_config", async () => {
    mkdirSync(at("efs/datatx"), { recursive: true });
    writeFileSync(at("efs/datatx/qcli_config"), "");
    const modem = await open({ qcli: at("debug"), efs: at("efs"), tty: at("tty"), boot: "realistic" });
    expect(modem.qcli).toBe(at("debug"));
    const debug = host(at("debug"));
    const said = await debug.waitFor("5. LwM2M_EXT\r\n\r\n> ", 10_000);
    expect(said).toMatch(/^Net: Net Registered\r\n/);
    debug.write("3\r");
    await debug.waitFor("Net> ");
  });

  it('[BG-146] AT+QLWM2M="qcli_en",1 and a restart bring QCLI up', async () => {
    await open({ qcli: at("debug"), tty: at("tty") });
    const [tty, debug] = [host(at("tty")), host(at("debug"))];
    await tty.waitFor("APP RDY");
    tty.write('AT+QLWM2M="qcli_en",1;+CFUN=1,1\r');
    await debug.waitFor("LwM2M_EXT: LwM2M_EXT Registered\r\n");
  });

  it("lives by the dialect it is given, at the terminal and in its Client", async () => {
    mkdirSync(at("efs/datatx"), { recursive: true });
    // a host that wants a bootstrap, and a file without a Bootstrap-Server: events 0 and 1, nobody to talk to
    writeFileSync(at("efs/datatx/qlwm2m.json"), '{ "bootstrapMode": 1 }');
    writeFileSync(
      at("efs/datatx/bootstrap.ini"),
      '{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}',
    );
    writeFileSync(at("efs/datatx/lwm2m_cfg"), "{\nAPN=internet;\n}\n");
    const dialect = { ...DEFAULTS.dialect, deregisterEvent: true, epnsMode: true };
    await open({ tty: at("tty"), efs: at("efs"), dialect });
    const tty = host(at("tty"));
    await tty.waitFor("APP RDY");
    tty.write('ATE0;+QLWM2M="epns"\r');
    await tty.waitFor('+QLWM2M: "epns",1,"urn:imei:');
    tty.write('AT+QLWM2M="register"\r');
    await tty.waitFor('+QLWEVENT: 1,"STATE_BOOTSTRAP_REQUIRED"');
    tty.write('AT+QLWM2M="deregister"\r');
    await tty.waitFor('STATE_BOOTSTRAP_REQUIRED"\r\n\r\nOK\r\n\r\n+QLWEVENT: 0,"STATE_INITIAL"\r\n');
  });

  it("answers by the user's rules", async () => {
    writeFileSync(at("rules.toml"), '[[rule]]\ncommand = "AT+MINE"\nanswer = ["+MINE: yes"]\n');
    await open({ rules: at("rules.toml"), tty: at("tty") });
    const tty = host(at("tty"));
    await tty.waitFor("RDY");
    tty.write("AT+MINE\r");
    await tty.waitFor("+MINE: yes\r\n\r\nOK\r\n");
  });

  it("takes the ports of USB away at a reset where it is asked to, and gives hosts others", async () => {
    await open({ reopenOnReset: true, tty: at("tty"), uart1: at("uart1") });
    const [tty, uart1] = [host(at("tty")), host(at("uart1"))];
    await tty.waitFor("APP RDY");
    uart1.write("ATE0\r");
    await uart1.waitFor("OK");
    tty.write("AT+CFUN=1,1\r");
    await tty.waitFor("OK");
    await until(() => !existsSync(at("tty")), "the link is gone");
    await until(() => existsSync(at("tty")), "the link is back");
    expect(() => tty.write("AT\r")).toThrow("EIO");
    const again = host(at("tty"));
    again.write("AT+CGMM\r");
    await again.waitFor("BG96");
    uart1.write("AT+CGMM\r");
    await uart1.waitFor("BG96");
    again.write("AT+QPOWD=0\r");
    await until(() => !existsSync(at("tty")), "the link is gone for good");
  });

  it("paces what it says when asked to", async () => {
    await open({ pacing: true, tty: at("tty"), boot: "instant" });
    const tty = host(at("tty"));
    await tty.waitFor("");
    tty.write("ATE0\r");
    await tty.waitFor("OK");
    tty.write("AT+IPR=9600\r");
    await tty.waitFor("OK\r\n\r\nOK");
    const before = tty.received().length;
    const begun = performance.now();
    tty.write("AT+QLWM2M=?\r");
    await tty.waitFor('"clean"\r\n\r\nOK\r\n');
    const bytes = tty.received().length - before;
    expect(performance.now() - begun).toBeGreaterThan((bytes / 960) * 1000 * 0.9);
  });
});

describe("a modem of which one port cannot be had", () => {
  it("leaves nothing behind: neither the others' links nor the lock of its files", async () => {
    writeFileSync(at("file"), "");
    const efs = at("efs");
    await expect(open({ tty: at("tty"), usbmodem: at("file"), efs })).rejects.toThrow(PortError);
    expect(existsSync(at("tty"))).toBe(false);
    await expect(open({ tty: at("tty"), tcp: "192.0.2.1:0", efs })).rejects.toThrow("this machine has no such address");
    expect(existsSync(at("tty"))).toBe(false);
    await open({ tty: at("tty"), efs });
    expect(existsSync(at("tty"))).toBe(true);
  });

  it("tells of a faulty file of rules before it takes anything", async () => {
    writeFileSync(at("rules.toml"), "[[rule]]\n");
    await expect(open({ tty: at("tty"), rules: at("rules.toml") })).rejects.toThrow(ConfigError);
    expect(readdirSync(directory).filter((name) => name.startsWith("tty"))).toEqual([]);
  });
});
