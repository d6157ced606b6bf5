import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Port, PortError } from "#port/port";
import { openPty } from "#port/pty";
import { isSerialDevice, openSerial, type SerialDevice, type SerialPort } from "#port/serial";
import { type Log, silentLog, systemClock, systemRandom } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";
import { until, untilStill } from "../support/tty-host.ts";

const runtime = { clock: systemClock, random: systemRandom, log: silentLog };

let directory: string;
let opened: { close(): void }[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bg96-serial-"));
  opened = [];
});
afterEach(() => {
  for (const each of opened) each.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The host's end of a null-modem cable; the other end is a device at `path`. */
function openCable() {
  const host = openPty({ link: join(directory, "cable"), runtime });
  opened.push(host);
  const heard = { text: "" };
  host.onData((bytes) => {
    heard.text += bytes.toString("latin1");
  });
  return { host, heard, path: realpathSync(host.link) };
}

const openDevice = async (path: string): Promise<{ port: SerialPort; said: { text: string } }> => {
  const port = await openSerial({ path, baud: 115_200, runtime });
  opened.push(port);
  const said = { text: "" };
  port.onData((bytes) => {
    said.text += bytes.toString("latin1");
  });
  return { port, said };
};

const plugged = (host: Port) => until(() => host.attached, "the device to be opened");

describe("a serial device as the port", () => {
  it("carries bytes both ways, all 256 of them", async () => {
    const { host, heard, path } = openCable();
    const { port, said } = await openDevice(path);
    await plugged(host);
    const all = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    host.write(all);
    await until(() => said.text.length >= 256, "the bytes from the host");
    expect(said.text).toBe(all.toString("latin1"));
    port.write(Buffer.from("\r\nOK\r\n"));
    port.write(all);
    await until(() => heard.text.length >= 262, "the answer");
    expect(heard.text).toBe(`\r\nOK\r\n${all.toString("latin1")}`);
    expect([port.link, port.attached]).toEqual([path, true]);
  });

  it("makes its host wait, as RTS does, and hears it out when it goes on", async () => {
    const { host, path } = openCable();
    const { port, said } = await openDevice(path);
    await plugged(host);
    port.hold(true);
    for (let times = 0; times < 100; times++) host.write(Buffer.alloc(1000, "x"));
    await untilStill(() => said.text.length);
    expect(said.text.length).toBeLessThan(50_000);
    port.hold(false);
    await until(() => said.text.length === 100_000, "the rest");
  });

  it("says all of an answer longer than what waits, if room is waited for", async () => {
    const { host, heard, path } = openCable();
    const { port } = await openDevice(path);
    await plugged(host);
    port.write(Buffer.alloc(600_000, "x"));
    expect(port.full).toBe(true);
    await new Promise<void>((resolve) => port.onRoom(resolve));
    port.write(Buffer.from("\r\nOK\r\n"));
    await until(() => heard.text.endsWith("\r\nOK\r\n"), "the result");
    expect(heard.text.length).toBe(600_006);
  });

  it("is given up when it is unplugged, at no cost, and taken again when it is back", async () => {
    const link = join(directory, "ttyUSB");
    const first = openCable();
    symlinkSync(first.path, link);
    const { port, said } = await openDevice(link);
    const attaches: boolean[] = [];
    port.onAttach((attached) => attaches.push(attached));
    await plugged(first.host);
    first.host.close();
    await until(() => attaches.length === 1, "the loss to be noticed");
    expect([port.attached, attaches]).toEqual([false, [false]]);
    port.write(Buffer.from("lost"));
    rmSync(link);
    const second = openCable();
    symlinkSync(second.path, link);
    const before = process.cpuUsage();
    await until(() => attaches.length === 2, "the device to be found"); // a second later
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(600);
    expect([port.attached, attaches]).toEqual([true, [false, true]]);
    await plugged(second.host);
    second.host.write(Buffer.from("AT\r"));
    await until(() => said.text === "AT\r", "the bytes of the host");
    expect(second.heard.text).toBe("");
  });

  it("says why it cannot be opened, and what to do", async () => {
    const refusal = async (path: string) => {
      const error = await openDevice(path).then(
        () => undefined,
        (reason) => reason as PortError,
      );
      expect(error).toBeInstanceOf(PortError);
      return `${error!.message} / ${error!.remedy}`;
    };
    expect(await refusal("/dev/ttyNONE")).toMatch(
      /^cannot open the serial device \/dev\/ttyNONE: .*[Nn]o such file.* \/ see whether the device is plugged in$/,
    );
    const { path } = openCable();
    await openDevice(path);
    expect(await refusal(path)).toContain(`cannot open the serial device ${path}: `);
    expect(await refusal(path)).toContain("end the program that has it open");
  });
});

/** Devices that read as ended or have nothing to read yet, and note what is done with them; a manual clock. */
async function openFake(reads: "ended" | "silent") {
  const clock = createManualClock();
  const logged: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => void logged.push(message), child: () => log };
  const done: string[] = [];
  const open = async (): Promise<SerialDevice> => {
    done.push("open");
    const fd = openSync("/dev/null", "r+");
    opened.push({ close: () => closeSync(fd) });
    const note = async (what: string) => void done.push(what);
    return {
      fd,
      poller: { once: (_, readable) => reads === "ended" && setImmediate(readable, null) },
      write: (bytes) => note(`write ${bytes}`),
      update: ({ baudRate }) => note(`update ${baudRate}`),
      drain: () => note("drain"),
      close: () => note("close"),
    };
  };
  const port = await openSerial({ path: "/dev/ttyX", baud: 115_200, runtime: { ...runtime, clock, log }, open });
  opened.push(port);
  return { clock, port, done, logged };
}

describe("a device", () => {
  it("that reads as ended for ever is read once, told of once and looked for each second", async () => {
    const { clock, port, done, logged } = await openFake("ended");
    await until(() => done.length === 2, "the device to be given up");
    expect([done, port.attached]).toEqual([["open", "close"], false]);
    expect(logged).toEqual(["the serial device has gone; it is looked for"]);
    await clock.advance(999);
    expect(done).toHaveLength(2);
    await clock.advance(1);
    expect(done[2]).toBe("open");
    await until(() => done.length === 4, "it to be given up again");
    port.close();
    expect(clock.pending()).toBe(0);
  });

  it("takes a new rate once the answer that announces it has left", async () => {
    const { clock, port, done } = await openFake("silent");
    port.setBaud(921_600);
    port.write(Buffer.from("OK"));
    port.setBaud(921_600);
    await clock.advance(1000);
    expect(done).toEqual(["open", "write OK", "drain", "update 921600"]);
  });
});

describe("what a path leads to", () => {
  it("is a device where one is there, but no link to a pty, nothing and no file", () => {
    const { host, path } = openCable();
    expect(isSerialDevice(path)).toBe(true);
    expect(isSerialDevice(host.link)).toBe(false);
    expect(isSerialDevice(join(directory, "none"))).toBe(false);
    writeFileSync(join(directory, "file"), "");
    expect(isSerialDevice(join(directory, "file"))).toBe(false);
    symlinkSync("/dev/null", join(directory, "by-id"));
    expect(isSerialDevice(join(directory, "by-id"))).toBe(true);
  });
});
