import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Port, PortError } from "#port/port";
import { openPty } from "#port/pty";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { buildPortProgram, type PortProcess, type PortProgram } from "../support/port-process.ts";
import { openTtyHost, type TtyHost, until } from "../support/tty-host.ts";

const runtime = { clock: systemClock, random: systemRandom, log: silentLog };

const NOBODY = { uid: 65534, gid: 65534 };

/** Whether we are root, and another user can run this Node and read this checkout. */
const nobodyMayRun = () => {
  try {
    const needed = ["package.json", "node_modules/koffi/package.json"].map((file) => join(process.cwd(), file));
    execFileSync(process.execPath, ["-e", `${JSON.stringify(needed)}.map((file) => fs.accessSync(file))`], {
      ...NOBODY,
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
};

let directory: string;
let link: string;
let ports: Port[];

/** A port on `link` that closes with the test; `heard` collects what the host sends. */
const openPort = () => {
  const port = openPty({ link, runtime });
  ports.push(port);
  const heard = { text: "", attaches: [] as boolean[] };
  port.onData((bytes) => {
    heard.text += bytes.toString("latin1");
  });
  port.onAttach((attached) => heard.attaches.push(attached));
  return { port, heard };
};

const openAttachedHost = async (port: Port): Promise<TtyHost> => {
  const host = openTtyHost(link);
  await until(() => port.attached, "the host's open to be noticed");
  return host;
};

const closeHost = async (host: TtyHost, port: Port) => {
  host.close();
  await until(() => !port.attached, "the host's close to be noticed");
};

const refusal = (): PortError => {
  try {
    openPort();
  } catch (error) {
    expect(error).toBeInstanceOf(PortError);
    return error as PortError;
  }
  throw new Error("the port opened");
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bg96-port-"));
  link = join(directory, "run/tty");
  ports = [];
});

afterEach(() => {
  for (const port of ports) port.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("the line", () => {
  it("is raw from the first byte, in both directions", async () => {
    const { port, heard } = openPort();
    const host = await openAttachedHost(port);
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    port.write(Buffer.from(everyByte, "latin1"));
    host.write(everyByte);
    expect(await host.waitFor("\xff")).toBe(everyByte);
    await until(() => heard.text.includes("\xff"), "the host's bytes");
    expect(heard.text).toBe(everyByte);
    host.close();
  });

  it("has no echo and no translation before any host opens it", () => {
    openPort();
    const settings = execFileSync("stty", ["-F", link, "-a"], { encoding: "utf8" });
    for (const off of ["icanon", "echo", "isig", "opost", "icrnl", "ixon"])
      expect(settings).toMatch(new RegExp(`\\s-${off}\\s`));
  });

  it("has the permissions asked for, 0660 by default", () => {
    openPort();
    expect(statSync(link).mode & 0o777).toBe(0o660);
  });

  it("survives a host that opens and closes it 20 times", async () => {
    const { port, heard } = openPort();
    port.onData((bytes) => port.write(Buffer.concat([bytes, Buffer.from("\r\nOK\r\n")])));
    for (let round = 0; round < 20; round++) {
      const host = openTtyHost(link);
      host.write(`AT${round}\r`);
      expect(await host.waitFor("OK\r\n")).toBe(`AT${round}\r\r\nOK\r\n`);
      await closeHost(host, port);
    }
    expect(heard.attaches).toEqual(Array.from({ length: 40 }, (_, turn) => turn % 2 === 0));
  });

  it("takes what a host wrote that closed at once", async () => {
    const { port, heard } = openPort();
    writeFileSync(link, "AT+CREG=0\r", { flag: "r+" });
    await until(() => heard.text === "AT+CREG=0\r", "the bytes of the short visit");
    await until(() => !port.attached, "the end of the visit");
    expect(heard.attaches).toEqual([true, false]);
  });

  it("does not send the modem's output back as input after a host left it in a terminal's mode", async () => {
    const { port, heard } = openPort();
    execFileSync("stty", ["-F", link, "sane"]);
    const host = await openAttachedHost(port);
    port.write(Buffer.from("\r\n+QIND: SMS DONE\r\n"));
    expect(await host.waitFor("DONE\r\n")).toBe("\r\n+QIND: SMS DONE\r\n");
    host.write("AT\r");
    await until(() => heard.text.endsWith("AT\r"), "the host's line");
    expect(heard.text).toBe("AT\r");
    await closeHost(host, port);
  });

  it("is raw again after a host that left it in a terminal's mode when it closed", async () => {
    const { port } = openPort();
    const first = await openAttachedHost(port);
    execFileSync("stty", ["-F", link, "sane", "-echo"]);
    await closeHost(first, port);
    const second = await openAttachedHost(port);
    port.write(Buffer.from("> "));
    expect(await second.waitFor("> ")).toBe("> "); // a terminal would keep it until the line ends
    second.close();
  });

  it("keeps what a host set before its open was noticed", async () => {
    const { port } = openPort();
    const host = openTtyHost(link);
    execFileSync("stty", ["-F", link, "min", "7", "time", "3"]);
    await until(() => port.attached, "the host's open to be noticed");
    port.write(Buffer.from("x"));
    await host.waitFor("x");
    expect(execFileSync("stty", ["-F", link, "-a"], { encoding: "utf8" })).toContain("min = 7; time = 3");
    host.close();
  });
});

describe("bytes nobody takes", () => {
  it("are dropped while no host is attached: the next one reads nothing stale", async () => {
    const { port } = openPort();
    port.write(Buffer.from("\r\nRDY\r\n"));
    const first = await openAttachedHost(port);
    await closeHost(first, port);
    port.write(Buffer.from("\r\nAPP RDY\r\n"));
    const second = await openAttachedHost(port);
    port.write(Buffer.from("fresh"));
    expect(await second.waitFor("fresh")).toBe("fresh");
    second.close();
  });

  it("are dropped when a host closes without having read them", async () => {
    const { port } = openPort();
    const first = await openAttachedHost(port);
    for (let i = 0; i < 1000; i++) port.write(Buffer.from(`\r\n+QLWEVENT: ${i}\r\n`));
    await closeHost(first, port);
    const second = await openAttachedHost(port);
    port.write(Buffer.from("fresh"));
    expect(await second.waitFor("fresh")).toBe("fresh");
    second.close();
  });

  it("do not hold up the process: 1 MB to a host that does not read", async () => {
    const { port, heard } = openPort();
    const host = await openAttachedHost(port);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const urc = Buffer.from(`\r\n+QLWDLDATA: ${"a".repeat(84)}\r\n`);
    for (let sent = 0; sent < 1024 * 1024; sent += urc.length) {
      port.write(urc);
      if (sent % (100 * urc.length) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    host.write("AT\r");
    await until(() => heard.text === "AT\r", "the deaf host's line");
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(1000);
    // What was taken arrives once the host reads; the rest is lost in whole writes.
    await until(() => host.received().length > 256 * 1024, "what the port held");
    port.write(Buffer.from("fresh"));
    const text = await host.waitFor("fresh");
    expect(text.length).toBeLessThan(512 * 1024);
    expect(text).toBe(`${urc.toString().repeat(Math.floor(text.length / urc.length))}fresh`);
    host.close();
  });

  it("does not lose any of a 100 KB answer to a host that reads", async () => {
    const { port } = openPort();
    const host = await openAttachedHost(port);
    port.write(Buffer.from(`${"x".repeat(100_000)}end`));
    expect((await host.waitFor("end")).length).toBe(100_003);
    host.close();
  });
});

describe("a host that sends more than is taken", () => {
  /** Writes until the system takes no more. @returns bytes written */
  const writeAll = async (host: TtyHost, most: number) => {
    const piece = "x".repeat(1024);
    for (let sent = 0; sent < most; ) {
      try {
        host.write(piece);
        sent += piece.length;
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (heardNothingSince()) return sent;
      }
    }
    return most;
  };
  let heardNothingSince: () => boolean;

  it("is made to wait, loses nothing and goes on when it may", async () => {
    const { port, heard } = openPort();
    const host = await openAttachedHost(port);
    let before = -1;
    heardNothingSince = () => {
      const same = heard.text.length === before;
      before = heard.text.length;
      return same;
    };
    port.hold(true);
    const sent = await writeAll(host, 10_000_000);
    expect(sent).toBeLessThan(1_000_000);
    port.hold(false);
    await until(() => heard.text.length === sent, "all that was sent");
    host.write("AT\r");
    await until(() => heard.text.endsWith("AT\r"), "the next line");
    host.close();
  });

  it("may leave meanwhile: that is noticed, and the next one is heard", async () => {
    const { port, heard } = openPort();
    const first = await openAttachedHost(port);
    port.hold(true);
    first.write("AT+FIRST\r");
    await closeHost(first, port);
    const second = await openAttachedHost(port);
    port.hold(false);
    second.write("AT+SECOND\r");
    await until(() => heard.text.endsWith("AT+SECOND\r"), "the second host's line");
    second.close();
  });

  it("is told of as full when it does not read, and of room when it reads or leaves", async () => {
    const { port } = openPort();
    const told = { times: 0 };
    port.onRoom(() => {
      told.times++;
    });
    const host = await openAttachedHost(port);
    port.write(Buffer.alloc(512 * 1024, "x"));
    expect([port.full, told.times]).toEqual([true, 0]);
    await until(() => host.received().length === 512 * 1024, "all of it");
    expect([port.full, told.times]).toEqual([false, 1]);
    port.write(Buffer.alloc(512 * 1024, "x"));
    await closeHost(host, port);
    expect([port.full, told.times]).toEqual([false, 2]);
  });
});

describe("the link", () => {
  it("leads to the pty, in a directory made for it", () => {
    const { port } = openPort();
    expect(port.link).toBe(link);
    expect(readlinkSync(link)).toMatch(/^\/dev\/pts\/\d+$/);
  });

  it("is removed on close, with its lock, and close may be called twice", () => {
    const { port } = openPort();
    port.close();
    port.close();
    expect(existsSync(link) || existsSync(`${link}.lock`)).toBe(false);
    openPort();
  });

  it("is left alone on close when it leads elsewhere by then", () => {
    const { port } = openPort();
    rmSync(link);
    symlinkSync("/dev/null", link);
    port.close();
    expect(readlinkSync(link)).toBe("/dev/null");
  });

  it("is refused while another port of this process has it, naming the pid", () => {
    const { port } = openPort();
    const { message } = refusal();
    expect(message).toBe(`cannot make the port ${link}: it is in use by process ${process.pid}`);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(port.attached).toBe(false);
  });

  it("is refused where a regular file stands, which stays", () => {
    link = join(directory, "file");
    writeFileSync(link, "AT\r");
    const { message, remedy } = refusal();
    expect(message).toBe(`cannot make the port ${link}: it is a regular file`);
    expect(remedy).toContain("remove it");
    expect(readFileSync(link, "utf8")).toBe("AT\r");
    expect(existsSync(`${link}.lock`)).toBe(false);
  });

  it("is refused where it leads to a device that is not ours, and replaced where it leads nowhere", () => {
    link = join(directory, "other");
    symlinkSync("/dev/null", link);
    expect(refusal().message).toBe(`cannot make the port ${link}: it is a link to /dev/null, which no bg96 made`);
    rmSync(link);
    symlinkSync("/dev/pts/99999", link);
    openPort();
    expect(existsSync(link)).toBe(true);
  });

  it("is refused in a directory that cannot be made", () => {
    link = "/proc/nowhere/tty";
    expect(refusal().message).toContain(`cannot make the port ${link}: `);
  });
});

describe("a process with a port", () => {
  let program: PortProgram;
  let processes: PortProcess[];
  const start = async (user?: { uid: number; gid: number }) => {
    const started = await program.start(link, user);
    processes.push(started);
    return started;
  };
  beforeAll(() => {
    program = buildPortProgram();
  });
  beforeEach(() => {
    processes = [];
  });
  afterEach(async () => {
    for (const each of processes) await each.kill("SIGKILL");
  });
  afterAll(() => program.remove());

  it("keeps its link from others while it lives, and leaves none when it ends", async () => {
    const owner = await start();
    expect(refusal().message).toBe(`cannot make the port ${link}: it is in use by process ${owner.pid}`);
    await owner.kill("SIGTERM");
    expect(existsSync(link) || existsSync(`${link}.lock`)).toBe(false);
  });

  it("lives on with no host attached", async () => {
    const owner = await start();
    const host = openTtyHost(link);
    host.write("AT\r");
    await host.waitFor("OK\r\n");
    host.close();
    await until(() => owner.printed.includes("detached"), "the host's close to be noticed");
    const again = openTtyHost(link);
    again.write("AT\r");
    await again.waitFor("OK\r\n");
    again.close();
  });

  it("killed outright leaves a link that the next start replaces", async () => {
    const victim = await start();
    await victim.kill("SIGKILL");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const next = await start();
    expect(next.printed[0]).toBe(`ready ${link}`);
    const host = openTtyHost(link);
    host.write("AT\r");
    await host.waitFor("OK\r\n");
    host.close();
  });

  it("killed outright leaves a link that is replaced although its number leads to another terminal by now", async () => {
    const victim = await start();
    await victim.kill("SIGKILL");
    rmSync(link);
    symlinkSync("/dev/ptmx", link);
    expect((await start()).printed[0]).toBe(`ready ${link}`);
  });

  // Root may open an exclusive terminal all the same, so the host is another user; a port that is root's frees its
  // pty, any other one moves to a new pty.
  it.skipIf(!nobodyMayRun()).each([
    ["root's", undefined],
    ["another user's", NOBODY],
  ])("is open to the next host after one that left it exclusive: %s port", async (_, owner) => {
    mkdirSync(join(directory, "run"));
    if (owner) chownSync(join(directory, "run"), owner.uid, owner.gid);
    chmodSync(directory, 0o755);
    expect((await start(owner)).printed[0]).toBe(`ready ${link}`);
    const exclusive = "import fcntl,os,sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), 0x540c)";
    const plain = `
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
os.write(fd, b"AT\\r")
got = b""
while not got.endswith(b"OK\\r\\n"): got += os.read(fd, 64)
`;
    for (let round = 0; round < 3; round++) {
      execFileSync("python3", ["-c", exclusive, link], NOBODY);
      // The line is tidied within one look, 10 ms; until then a host may be refused.
      await until(() => {
        try {
          execFileSync("timeout", ["5", "python3", "-c", plain, link], { ...NOBODY, stdio: "ignore" });
          return true;
        } catch {
          return false;
        }
      }, "a host to be let in again");
    }
  });
});
