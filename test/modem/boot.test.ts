/** How a whole module comes up, goes down and is cut off, as its host and its Server see it. */
import { describe, expect, it } from "vitest";
import type { BootProfile } from "#modem/power";
import { put, tlv } from "../ets/ask.js";
import { BOOTSTRAP_ACCOUNT, SERVER_ACCOUNT } from "../ets/raw-device.js";
import { openFotaDevice } from "../firmware/fota-device.js";
import { hardware } from "../support/hardware.js";

type Device = Awaited<ReturnType<typeof openFotaDevice>>;

const PROMPT = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nBOOT_UP_SLEEP_TIME=0;\n}\n" };
const BOOT = ["RDY", "+CFUN: 1", "APP RDY", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"];
const said = (device: Device) => device.requests().map((each) => each.split("?")[0]);
/** Lines of the boot, without those of LwM2M. */
const bootLines = (device: Device) => device.take().filter((line) => !line.startsWith("+QLW"));

/** Lines as they come, each with the tenth of a second. */
async function timed(device: Device, tenths: number): Promise<string[]> {
  const lines: string[] = [];
  device.take();
  for (let tenth = 0; tenth < tenths; tenth++) {
    await device.clock.advance(100);
    lines.push(...device.take().map((line) => `${((tenth + 1) / 10).toFixed(1)} ${line}`));
  }
  return lines;
}

describe("a boot", () => {
  it("has the order and the times of a real module in profile realistic", async () => {
    const device = await openFotaDevice({ profile: "realistic", autostart: false });
    await device.clock.advance(30_000);
    device.power.cut();
    device.power.on();
    expect(await timed(device, 120)).toEqual([
      "4.9 RDY",
      "5.0 +CFUN: 1",
      "6.0 APP RDY",
      "6.3 +CPIN: READY",
      "6.3 +QUSIM: 1",
      "7.8 +QIND: SMS DONE",
    ]);
  });

  it.each<BootProfile>(["instant", "fast"])("has the same order within a second in profile %s", async (profile) => {
    const device = await openFotaDevice({ profile, autostart: false });
    device.power.cut();
    device.take();
    device.power.on();
    await device.clock.advance(1000);
    expect(bootLines(device)).toEqual(BOOT);
  });

  it("has a card that is busy at first, and messages that come later", async () => {
    const device = await openFotaDevice({ profile: "realistic", autostart: false });
    await device.clock.advance(30_000);
    device.power.cut();
    device.power.on();
    device.take();
    const ask = async (atMs: number, ...lines: string[]) => {
      await device.clock.advance(atMs - 100 - (device.clock.monotonic() - startedMs));
      const answers: string[] = [];
      for (const line of lines) {
        device.type(`${line}\r`);
        await device.clock.settle();
        answers.push(device.take().at(-1)!);
      }
      return answers;
    };
    const startedMs = device.clock.monotonic();
    const looks = ["AT+CPIN?", "AT+CIMI", "AT+QCCID"];
    expect(await ask(4000, ...looks)).toEqual([undefined, undefined, undefined]);
    expect(await ask(5200, ...looks)).toEqual(["+CME ERROR: 14", "+CME ERROR: 14", "+CME ERROR: 14"]);
    expect(await ask(6200, ...looks)).toEqual(["+CME ERROR: 14", "+CME ERROR: 14", "+CME ERROR: 14"]);
    expect(await ask(6500, ...looks)).toEqual(["OK", "OK", "OK"]);
    expect(await device.at("AT+QINISTAT")).toEqual(["+QINISTAT: 1", "OK"]);
    await device.clock.advance(3000);
    expect(await device.at("AT+QINISTAT")).toEqual(["+QINISTAT: 7", "OK"]);
  });

  it("searches for a network before it is in one, and roams where there is no other", async () => {
    const device = await openFotaDevice({
      profile: "realistic",
      autostart: false,
      hardware: { network: { ...hardware.network, roaming: true } },
    });
    await device.clock.advance(30_000);
    expect(await device.at("AT+CEREG=1")).toEqual(["OK"]);
    expect(await device.at("AT&W")).toEqual(["OK"]);
    device.power.cut();
    device.power.on();
    expect((await timed(device, 120)).filter((line) => line.includes("CEREG"))).toEqual([
      "6.3 +CEREG: 2",
      "9.3 +CEREG: 5",
    ]);
  });

  it("waits for a PIN, and goes on with it, LwM2M too", async () => {
    const device = await openFotaDevice({ files: PROMPT, hardware: { sim: { ...hardware.sim, pin: "4711" } } });
    expect(said(device)).toEqual([]);
    device.power.cut();
    device.take();
    device.power.on();
    await device.clock.advance(10_000);
    expect(bootLines(device)).toEqual(["RDY", "+CFUN: 1", "APP RDY", "+CPIN: SIM PIN"]);
    expect(await device.at("AT+CPIN=0000")).toEqual(["+CME ERROR: 16"]);
    device.type("AT+CPIN=4711\r");
    await device.clock.advance(5000);
    expect(device.take().slice(1)).toEqual([
      "OK",
      ...BOOT.slice(3),
      ...[0, 3, 4, 5].map((event) => expect.stringContaining(`+QLWEVENT: ${event},`)),
    ]);
    expect(said(device)).toEqual(["POST /rd"]);
  });

  it("keeps count of wrong PINs and PUKs over a loss of power, to the end of the card", async () => {
    const device = await openFotaDevice({ autostart: false, hardware: { sim: { ...hardware.sim, pin: "4711" } } });
    const again = async () => {
      device.power.cut();
      device.power.on();
      await device.clock.advance(1000);
    };
    for (let tries = 0; tries < 3; tries++) {
      expect(await device.at("AT+CPIN=0000")).toEqual(["+CME ERROR: 16"]);
      await again();
    }
    expect(await device.at("AT+CPIN?")).toEqual(["+CPIN: SIM PUK", "OK"]);
    expect(await device.at("AT+CPIN=4711")).toEqual(["+CME ERROR: 12"]);
    expect(await device.at('AT+CLCK="SC",0,"4711"')).toEqual(["+CME ERROR: 12"]);
    for (let tries = 0; tries < 10; tries++) {
      expect(await device.at("AT+CPIN=00000000,1234")).toEqual(["+CME ERROR: 16"]);
      await again();
    }
    // not even the right one
    expect(await device.at("AT+CPIN=12345678,1234")).toEqual(["+CME ERROR: 13"]);
    expect(await device.at("AT+CPIN?")).toEqual(["+CME ERROR: 13"]);
    expect(device.modem.state.registration.eps).toBe(0);
  });

  it("finds the card that was put in, or taken out, while there was no power", async () => {
    const device = await openFotaDevice({ autostart: false });
    const swap = async (inserted: boolean) => {
      device.power.cut();
      device.modem.update(({ sim }) => ({
        sim: inserted
          ? { ...sim, status: "NOT READY", card: "READY" }
          : { ...sim, status: "NOT INSERTED", card: "NOT INSERTED" },
      }));
      device.take();
      device.power.on();
      await device.clock.advance(1000);
      return bootLines(device);
    };
    expect(await swap(false)).toEqual(["RDY", "+CFUN: 1", "APP RDY"]);
    expect(await device.at("AT+CPIN?")).toEqual(["+CME ERROR: 10"]);
    expect(await swap(true)).toEqual(BOOT);
  });
});

describe("going down", () => {
  it.each([
    ["AT+QPOWD", ["DELETE /rd/1"]],
    ["AT+QPOWD=1", ["DELETE /rd/1"]],
    ["AT+CPOF", ["DELETE /rd/1"]],
    ["AT+QPOWD=0", []],
  ])("%s answers OK, then POWERED DOWN, then nothing until PWRKEY; the Server hears %j", async (command, requests) => {
    const device = await openFotaDevice({ files: PROMPT });
    device.type(`${command}\r`);
    await device.clock.advance(10_000);
    expect(device.take()).toEqual([command, "OK", "POWERED DOWN"]);
    expect(said(device).slice(1)).toEqual(requests);
    expect(await device.at("AT")).toEqual([]);
    await device.clock.advance(600_000);
    expect(device.take()).toEqual([]);
    expect(device.modem.state.power).toMatchObject({ phase: "off", sleeping: false });
    device.power.on();
    await device.clock.advance(5000);
    expect(bootLines(device)).toEqual(BOOT);
    expect(said(device).at(-1)).toBe("POST /rd");
  });

  it.each(["AT+CFUN=1,1", "AT+CFUN=3,3", "AT+QRST", "AT+QRESET"])(
    "%s answers OK, de-registers and boots",
    async (command) => {
      const device = await openFotaDevice({ files: PROMPT });
      device.type(`${command}\r`);
      await device.clock.advance(5000);
      expect(bootLines(device)).toEqual([command, "OK", ...BOOT]);
      expect(said(device)).toEqual(["POST /rd", "DELETE /rd/1", "POST /rd"]);
      expect(device.modem.state.power.boots).toBe(2);
    },
  );

  it.each([0, 4])("AT+CFUN=%i keeps the registration, which AT+CFUN=1 goes on with", async (level) => {
    const device = await openFotaDevice({ files: PROMPT });
    expect(await device.at(`AT+CFUN=${level}`)).toEqual(["OK"]);
    await device.clock.advance(10_000);
    expect(device.take()).toEqual([]);
    expect(said(device)).toEqual(["POST /rd"]);
    expect(await device.at("AT+CPIN?")).toEqual(level === 0 ? ["+CME ERROR: 13"] : ["+CPIN: READY", "OK"]);
    device.type("AT+CFUN=1\r");
    await device.clock.advance(10_000);
    expect(device.take().slice(1)).toEqual(
      level === 0 ? ["OK", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"] : ["OK"],
    );
    expect(said(device)).toEqual(["POST /rd", "POST /rd/1"]); // from its new address
  });
});

describe("a loss of power", () => {
  const cut = async (device: Device) => {
    device.power.brownOut();
    await device.clock.advance(5000);
    expect(bootLines(device).slice(-BOOT.length)).toEqual(BOOT);
    expect(await device.at("AT")).toEqual(["OK"]);
  };

  it("while a file is sent leaves no file, and no data mode", async () => {
    const device = await openFotaDevice({ files: PROMPT });
    device.type('AT+QFUPL="EUFS:/datatx/a",1000\r');
    await device.clock.advance(0);
    expect(device.take().at(-1)).toBe("CONNECT");
    device.type("x".repeat(500));
    await cut(device);
    expect(await device.at('AT+QFLST="EUFS:/datatx/a"')).not.toContain('+QFLST: "EUFS:/datatx/a",500');
    expect(device.efs.exists("/datatx/a")).toBe(false);
  });

  it("at the prompt of a message sends none, and takes what follows for a command", async () => {
    const device = await openFotaDevice({ files: PROMPT });
    await device.at("AT+CMGF=1");
    device.type('AT+CMGS="123"\r');
    await device.clock.advance(0);
    expect(device.take().at(-1)).toBe("> ");
    device.type("half a mess");
    await cut(device);
  });

  it("in a half-typed line forgets it", async () => {
    const device = await openFotaDevice({ files: PROMPT });
    device.type("AT+QPOW");
    await device.clock.advance(10);
    await cut(device);
    device.type("D\r"); // what the host goes on with
    await device.clock.advance(5000);
    expect(device.modem.state.power.phase).toBe("running");
  });

  it("in the middle of a bootstrap leaves the accounts as they were, and the next boot asks for them anew", async () => {
    const device = await openFotaDevice({
      files: PROMPT,
      ini: `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`,
      autostart: false,
    });
    expect(await device.at('AT+QLWM2M="deregister"')).toEqual(["OK"]);
    await device.clock.advance(1000);
    expect(await device.at('AT+QLWM2M="reset"')).toEqual(["OK"]);
    expect(await device.at('AT+QLWM2M="bsmode",1')).toEqual(["OK"]);
    expect(await device.at('AT+QLWM2M="register",1')).toEqual(["OK"]);
    await device.clock.advance(1000);
    const bootstrap = device.servers.at(-1)!;
    expect(bootstrap.target.host).toBe("192.0.2.9");
    expect((await bootstrap.ask(put("/1/1", tlv("c10066 c1013c c10601 c10755")))).code).toBe("2.04");
    expect(device.registry.value(1, 1, 1)).toBe(60);
    const before = device.requests().length;
    await cut(device);
    await device.clock.advance(30_000);
    expect(
      device
        .requests()
        .slice(before)
        .map((each) => each.split("?")[0]),
    ).toEqual(["POST /bs"]);
    expect(device.registry.instances(1)).toEqual([]);
    expect(device.efs.read("/datatx/bootstrap.ini")?.toString()).toContain('"n":"1","v":300');
  });
});
