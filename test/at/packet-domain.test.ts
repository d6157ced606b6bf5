/** Packet data where a transcript does not tell enough: what power, ports and settings do to it. */
import { describe, expect, it } from "vitest";
import { turnKnob } from "#control/knobs";
import { openAtTerminal } from "../support/at-terminal.ts";

async function open() {
  const opened = await openAtTerminal();
  await opened.type("ATE0\r");
  return { ...opened, turn: (path: string, value: unknown) => turnKnob(opened.modem, path, value) };
}

describe("the activation of a context", () => {
  it("that the power ends meanwhile is neither answered nor done", async () => {
    const { type, wait, power, modem, turn } = await open();
    turn("network.activationS", 30);
    await type('AT+QICSGP=1,1,"internet"\r');
    expect(await type("AT+QIACT=1\r")).toBe("");
    await wait(10_000);
    power.cut();
    power.on();
    await wait(10_000);
    await type("ATE0\r");
    expect(await wait(60_000)).toBe("");
    expect(modem.state.pdp[1]?.active).toBe(false);
    expect(await type("AT+QIACT?\r")).toBe("\r\nOK\r\n");
  });

  it("is answered at once where the context is active", async () => {
    const { type, turn } = await open();
    await type('AT+QICSGP=1,1,"internet"\rAT+QIACT=1\r');
    turn("network.activationS", 30);
    for (const line of ["AT+QIACT=1", "AT+CGACT=1,1"]) expect(await type(`${line}\r`)).toBe("\r\nOK\r\n");
  });

  it("without an APN of the host's is that of the default bearer; without that it fails as the manual has it: 573", async () => {
    const { type, turn, wait, modem } = await open();
    await type('AT+CGDCONT=2,"IP",""\r');
    expect(await type("AT+QIACT=1;+QIACT?\r")).toBe('\r\n+QIACT: 1,1,3,"10.9.50.1"\r\n\r\nOK\r\n');
    expect(modem.state.pdp[1]).toMatchObject({ apn: "", calledApn: "internet" });
    expect(await type("AT+QIDEACT=1;+QICSGP=1\r")).toBe('\r\n+QICSGP: 3,"","","",0\r\n\r\nOK\r\n');
    await type("AT+QIACT=2\r");
    expect(await type("AT+QIGETERROR\r")).toContain("+QIGETERROR: 573,APN not configured");
    turn("radio.technology", "GSM");
    await wait(10_000);
    await type("AT+CGATT=0\rAT+CGATT=1\r");
    expect(await type("AT+QIACT=1\r")).toContain("ERROR");
    expect(await type("AT+QIGETERROR\r")).toContain("+QIGETERROR: 573,APN not configured");
    await type("AT+QIACT=3\r");
    expect(await type("AT+QIGETERROR\r")).toContain("+QIGETERROR: 561,");
  });
});

describe("the attach context", () => {
  it("is defined again at every start, and its definition holds over a restart", async () => {
    const { type, power, wait } = await open();
    await type('AT+CGDCONT=1,"IPV6","iot.example"\r');
    power.cut();
    power.on();
    await wait(10_000);
    await type("ATE0\r");
    expect(await type("AT+CGPADDR=1\r")).toBe('\r\n+CGPADDR: 1,"2001:db8:9:32::21"\r\n\r\nOK\r\n');
    expect(await type("AT+CGCONTRDP=1\r")).toContain('+CGCONTRDP: 1,5,"iot.example","2001:db8:9:32::21","fe80::1"');
  });

  it("tells each port of its events by that port's own AT+CGEREP", async () => {
    const { type, wait, turn } = await open();
    turn("network.attached", false);
    expect(await wait(100)).toBe("");
    await type("AT+CGEREP=1\r");
    turn("network.attached", true);
    expect(await wait(100)).toBe("\r\n+CGEV: ME PDN ACT 1\r\n");
  });
});

describe("a cell that the module is not to look for", () => {
  it("is not heard: signal 99, and its loss is told", async () => {
    const { type, wait } = await open();
    await type('AT+QINDCFG="csq",1;+CREG=1\r');
    await type('AT+QCFG="nwscanmode",1\r');
    expect(await wait(100)).toBe('\r\n+QIND: "csq",99,99\r\n\r\n+CREG: 2\r\n');
    await type('AT+QCFG="nwscanmode",0\r');
    expect(await wait(100)).toBe('\r\n+QIND: "csq",20,99\r\n\r\n+CREG: 1\r\n');
  });

  it("is kept until the restart with <effect> 0, and a later <effect> 1 wins", async () => {
    const { type } = await open();
    const creg = async () => (await type("AT+CREG?\r")).trim().split("\r\n")[0];
    await type('AT+QCFG="nwscanmode",1,0\r');
    expect([await creg(), await type('AT+QCFG="nwscanmode"\r')]).toEqual([
      "+CREG: 0,1",
      '\r\n+QCFG: "nwscanmode",1\r\n\r\nOK\r\n',
    ]);
    await type('AT+QCFG="nwscanmode",1,1\r');
    expect(await creg()).toBe("+CREG: 0,2");
    await type('AT+QCFG="nwscanmode",0,0\r');
    expect(await creg()).toBe("+CREG: 0,2");
  });
});
