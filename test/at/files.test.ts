import { describe, expect, it } from "vitest";
import { checksum } from "#at/memory/module-files";
import { openEfs } from "#efs/efs";
import { temporaryDirectory } from "../efs/temporary-directory.ts";
import { openAtTerminal } from "../support/at-terminal.ts";

const OK = "\r\nOK\r\n";
const cme = (code: number) => `\r\n+CME ERROR: ${code}\r\n`;

/** A terminal without echo on a module with a file tree. */
async function open() {
  const efs = openEfs(temporaryDirectory());
  efs.write("/datatx/lwm2m_cfg", "{ACK_TIMEOUT=30;}");
  efs.write("/nv/settings.json", "{}");
  const at = await openAtTerminal({ host: { efs } });
  await at.type("ATE0\r");
  return { ...at, efs };
}

describe("AT+QFUPL", () => {
  it("takes a file byte by byte, whatever the bytes are, and tells its size and checksum", async () => {
    const { type, efs } = await open();
    expect(await type('AT+QFUPL="EUFS:/datatx/bootstrap.ini",7\r')).toBe("\r\nCONNECT\r\n");
    expect(await type("A/\r")).toBe("");
    expect(await type("\x00\xff\n")).toBe("");
    expect(await type("!AT+QFPOSITION=1\r")).toBe(`\r\n+QFUPL: 7,9225\r\n${OK}${cme(416)}`);
    expect(efs.read("/datatx/bootstrap.ini")).toEqual(Buffer.from("A/\r\x00\xff\n!", "latin1"));
  });

  it("refuses a name that is taken, a name that leads elsewhere, and more than the flash holds", async () => {
    const { type, update } = await open();
    expect(await type('AT+QFUPL="EUFS:/datatx/lwm2m_cfg",3\r')).toBe(cme(407));
    const elsewhere = ["EUFS:/nv/settings.json", "EUFS:/datatx/../nv/x", "a/b", "EUFS:/", "EUFS:/datatx"];
    for (const name of [...elsewhere, "", "UFS:", "RAM:x", "a*", "x".repeat(81)]) {
      expect(await type(`AT+QFUPL="${name}",3\r`), name).toBe(cme(406));
      expect(await type(`AT+QFOPEN="${name}"\r`), name).toBe(cme(406));
    }
    expect(await type(`AT+QFUPL="x",${22_016_001}\r`)).toBe(cme(423));
    update(({ memory }) => ({ memory: { ...memory, freeKb: 1 } }));
    expect(await type('AT+QFUPL="x",1025\r')).toBe(cme(403));
    expect(await type("AT+QFUPL=?\r")).toBe(`\r\n+QFUPL: <filename>[,(1-1024)[,(1-65535)[,(0,1)]]]\r\n${OK}`);
  });

  it("gives up after the silence it was told, and keeps nothing", async () => {
    const { type, wait, efs } = await open();
    await type('AT+QFUPL="x.bin",10,3\r');
    await type("12345");
    await wait(2900);
    await type("6");
    expect(await wait(2999)).toBe("");
    expect(await wait(1)).toBe(cme(421));
    expect(efs.list("/modem")).toEqual([]);
    expect(await type("AT\r")).toBe(OK);
  });

  it("ends early at +++ with a second of silence around it", async () => {
    const { type, wait, efs } = await open();
    await type('AT+QFUPL="x.txt",100\r');
    expect(await type("ab+++cd")).toBe("");
    await wait(1000);
    await type("+++");
    expect(await wait(1000)).toBe(`\r\n+QFUPL: 7,${checksum(Buffer.from("ab+++cd"))}\r\n${OK}`);
    expect(efs.read("/modem/x.txt")?.toString()).toBe("ab+++cd");
  });

  it("hears +++ from a host that types it slowly, and takes four of them, or a pause within, for data", async () => {
    const { type, wait } = await open();
    await type('AT+QFUPL="x.txt",100,60\r');
    await wait(1000);
    await type("++++");
    await wait(1000);
    await type("++");
    await wait(1000);
    await type("+");
    await wait(1000);
    for (const plus of "+++") {
      expect(await type(plus)).toBe("");
      await wait(300);
    }
    expect(await wait(1000)).toMatch(/^\r\n\+QFUPL: 7,/);
  });

  it("says A after each 1024 bytes in ack mode", async () => {
    const { type } = await open();
    await type('AT+QFUPL="x.bin",2500,5,1\r');
    expect(await type("x".repeat(1000))).toBe("");
    expect(await type("x".repeat(1048))).toBe("AA");
    expect(await type("x".repeat(452))).toBe(`\r\n+QFUPL: 2500,${checksum(Buffer.alloc(2500, "x"))}\r\n${OK}`);
  });

  it("is forgotten when the power goes", async () => {
    const { type, wait, power, efs } = await open();
    await type('AT+QFUPL="x.bin",10\r');
    await type("12345");
    power.restart();
    await wait(60_000);
    expect(await type("67890\rATE0\r")).toContain("OK");
    expect(efs.exists("/modem/x.bin")).toBe(false);
  });

  it("holds unsolicited result codes back until the file is there", async () => {
    const { type, wait, update } = await open();
    await type("AT+CEREG=1\r");
    await type('AT+QFUPL="x.bin",4\r');
    update(({ registration }) => ({ registration: { ...registration, eps: 0 } }));
    expect(await wait(2000)).toBe("");
    expect(await type("1234")).toMatch(/^\r\n\+QFUPL: 4,/);
    expect(await wait(100)).toContain("+CEREG: 0");
  });
});

describe("files already there", () => {
  it("are listed, downloaded and deleted under the names they were asked by", async () => {
    const { type, efs } = await open();
    efs.write("/modem/a.txt", "aa");
    efs.write("/modem/b.txt", "bbb");
    expect(await type("AT+QFLST\r")).toBe(`\r\n+QFLST: "a.txt",2\r\n+QFLST: "b.txt",3\r\n${OK}`);
    expect(await type('AT+QFLST="UFS:b*"\r')).toBe(`\r\n+QFLST: "UFS:b.txt",3\r\n${OK}`);
    expect(await type('AT+QFLST="EUFS:/datatx/*"\r')).toBe(`\r\n+QFLST: "EUFS:/datatx/lwm2m_cfg",17\r\n${OK}`);
    expect(await type('AT+QFLST="none"\r')).toBe(cme(405));
    expect(await type('AT+QFLST="n*"\r')).toBe(OK);
    expect(await type('AT+QFDWL="a.txt"\r')).toBe(`\r\nCONNECT\r\naa\r\n+QFDWL: 2,6161\r\n${OK}`);
    expect(await type('AT+QFDWL="c.txt"\r')).toBe(cme(405));
    expect(await type('AT+QFDEL="a.txt"\r')).toBe(OK);
    expect(await type('AT+QFDEL="a.txt"\r')).toBe(cme(405));
    expect(await type('AT+QFDEL="*"\r')).toBe(OK);
    expect(efs.list("/modem")).toEqual([]);
    expect(efs.exists("/nv/settings.json")).toBe(true);
  });

  it("are found by a pattern with any number of stars, in no time", async () => {
    const { type, efs } = await open();
    for (const name of ["log-1.txt", "log-22.txt", "log.bin", "aXbXc", "a"]) efs.write(`/modem/${name}`, "x");
    const found = async (pattern: string) =>
      [...(await type(`AT+QFLST="${pattern}"\r`)).matchAll(/\+QFLST: "(.*)",/g)].map(([, name]) => name);
    expect(await found("*.txt")).toEqual(["log-1.txt", "log-22.txt"]);
    expect(await found("log*")).toEqual(["log-1.txt", "log-22.txt", "log.bin"]);
    expect(await found("l*2*t")).toEqual(["log-22.txt"]);
    expect(await found("a*X*c")).toEqual(["aXbXc"]);
    expect(await found("a*a")).toEqual([]);
    expect(await found("**")).toHaveLength(5);
    efs.write(`/modem/${"a".repeat(70)}`, "x");
    const startedAtMs = performance.now();
    expect(await found(`${"*a".repeat(38)}b`)).toEqual([]);
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
  });

  it("tells the space of the flash as /3/0/10 and /3/0/21 do", async () => {
    const { type, modem, efs } = await open();
    efs.write("/modem/a.txt", "aa");
    const { freeKb, totalKb } = modem.state.memory;
    expect(await type('AT+QFLDS="UFS"\r')).toBe(`\r\n+QFLDS: ${freeKb * 1024},${totalKb * 1024}\r\n${OK}`);
    expect(await type("AT+QFLDS\r")).toBe(`\r\n+QFLDS: 2,1\r\n${OK}`);
  });

  it("take their blocks of the flash, in /3/0/10 as in AT+QFLDS, and give them back", async () => {
    const { type, modem } = await open();
    const before = modem.state.memory.freeKb;
    await type('AT+QFUPL="a.bin",1025\r');
    await type("x".repeat(1025));
    expect(modem.state.memory.freeKb).toBe(before - 2);
    await type('AT+QFOPEN="a.bin",1\r'); // emptied
    expect(modem.state.memory.freeKb).toBe(before);
    await type("AT+QFWRITE=1,1\r");
    await type("x");
    expect(modem.state.memory.freeKb).toBe(before - 1);
    await type("AT+QFCLOSE=1\r");
    await type('AT+QFDEL="*"\r');
    expect(modem.state.memory.freeKb).toBe(before);
  });

  it("grow no further than the flash, nor than a file may", async () => {
    const { type, update, modem } = await open();
    await type('AT+QFOPEN="a.bin",1\r');
    update(({ memory }) => ({ memory: { ...memory, freeKb: 1 } }));
    await type("AT+QFWRITE=1,1024\r");
    expect(await type("x".repeat(1024))).toBe(`\r\n+QFWRITE: 1024,1024\r\n${OK}`);
    await type("AT+QFWRITE=1,1\r");
    expect(await type("x")).toBe(cme(403));
    expect(modem.state.memory.freeKb).toBe(0);
    expect(await type("AT+QFWRITE=1,8388608\r")).toBe(cme(423));
  });

  it("that the module has used up, or made shorter, take less from its next boot on", async () => {
    const { type, wait, modem, efs, power } = await open();
    const before = modem.state.memory.freeKb;
    for (const name of ["EUFS:/fota/update.zip", "b.bin"]) {
      await type(`AT+QFUPL="${name}",3000\r`);
      await type("x".repeat(3000));
    }
    await type('AT+QFUPL="EUFS:/data//c.bin",1\r');
    await type("x");
    expect(await type('AT+QFDEL="EUFS:/datatx/c.bin"\r')).toBe(OK);
    efs.remove("/fota/update.zip");
    efs.write("/modem/b.bin", "x".repeat(1000));
    expect(modem.state.memory.freeKb).toBe(before - 6);
    power.restart();
    await wait(60_000);
    expect(modem.state.memory.freeKb).toBe(before - 1);
  });

  it("of an earlier run have their place in the flash", async () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/modem/a.bin", "x".repeat(5000));
    const { modem } = await openAtTerminal({ host: { efs } });
    expect(modem.state.memory.freeKb).toBe(21_500 - 5);
  });
});

describe("open files", () => {
  it("are read and written where they stand, moved in and cut", async () => {
    const { type, efs } = await open();
    expect(await type('AT+QFOPEN="EUFS:/datatx/notes",0\r')).toBe(`\r\n+QFOPEN: 20000\r\n${OK}`);
    expect(await type('AT+QFOPEN="n.txt",1\r')).toBe(`\r\n+QFOPEN: 1\r\n${OK}`);
    expect(await type("AT+QFOPEN?\r")).toBe(
      `\r\n+QFOPEN: "EUFS:/datatx/notes",20000,0\r\n+QFOPEN: "n.txt",1,1\r\n${OK}`,
    );
    expect(await type('AT+QFOPEN="UFS:n.txt"\r')).toBe(cme(410));
    expect(await type("AT+QFWRITE=1,10\r")).toBe("\r\nCONNECT\r\n");
    expect(await type("0123456789")).toBe(`\r\n+QFWRITE: 10,10\r\n${OK}`);
    expect(await type("AT+QFREAD=1,4\r")).toBe(cme(402));
    expect(await type("AT+QFSEEK=1,2,0\r")).toBe(OK);
    expect(await type("AT+QFREAD=1,4\r")).toBe(`\r\nCONNECT 4\r\n2345${OK}`);
    expect(await type("AT+QFPOSITION=1\r")).toBe(`\r\n+QFPOSITION: 6\r\n${OK}`);
    expect(await type("AT+QFSEEK=1,5,1\r")).toBe(cme(401));
    await type("AT+QFWRITE=1,2\r");
    expect(await type("xy")).toBe(`\r\n+QFWRITE: 2,10\r\n${OK}`);
    expect(await type("AT+QFTUCAT=1\r")).toBe(OK);
    expect(efs.read("/modem/n.txt")?.toString()).toBe("012345xy");
    expect(await type("AT+QFCLOSE=1\r")).toBe(OK);
    expect(await type("AT+QFREAD=1\r")).toBe(cme(416));
  });

  it("keep to their mode, and close when the power goes", async () => {
    const { type, wait, power } = await open();
    expect(await type('AT+QFOPEN="none",2\r')).toBe(cme(405));
    await type('AT+QFOPEN="EUFS:/datatx/lwm2m_cfg",2\r');
    expect(await type("AT+QFWRITE=20000,2\r")).toBe(cme(414));
    expect(await type("AT+QFTUCAT=20000\r")).toBe(cme(414));
    power.restart();
    await wait(60_000);
    await type("ATE0\r");
    expect(await type("AT+QFOPEN?\r")).toBe(OK);
  });

  it("cannot be deleted", async () => {
    const { type, efs } = await open();
    await type('AT+QFOPEN="a.txt"\r');
    expect(await type('AT+QFDEL="a.txt"\r')).toBe(cme(418));
    expect(await type('AT+QFDEL="UFS:*"\r')).toBe(cme(418));
    expect(efs.exists("/modem/a.txt")).toBe(true);
    await type("AT+QFCLOSE=1\r");
    expect(await type('AT+QFDEL="a.txt"\r')).toBe(OK);
  });

  it("are sought from the start, from where they stand, and back from the end", async () => {
    const { type, efs } = await open();
    efs.write("/modem/a.txt", "0123456789");
    await type('AT+QFOPEN="a.txt",2\r');
    for (const [order, found] of [
      ["1,0", "0"],
      ["1,10", undefined],
      ["1,3,2", "7"],
      ["1,10,2", "0"],
      ["1,11,2", undefined],
      ["1,1,1", "2"],
      ["1,11", undefined],
    ] as const) {
      const answer = await type(`AT+QFSEEK=${order}\r`);
      if (found) expect([order, await type("AT+QFREAD=1,1\r")]).toEqual([order, `\r\nCONNECT 1\r\n${found}${OK}`]);
      else expect([order, answer]).toEqual([order, order === "1,10" ? OK : cme(401)]);
      if (!found && answer === OK) expect(await type("AT+QFREAD=1,1\r")).toBe(cme(402));
      if (!found) await type("AT+QFSEEK=1,1\r");
    }
  });

  it("are ten at most", async () => {
    const { type } = await open();
    for (let index = 0; index < 10; index++) await type(`AT+QFOPEN="${index}"\r`);
    expect(await type('AT+QFOPEN="10"\r')).toBe(cme(413));
  });
});
