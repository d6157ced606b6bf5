import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Line, PortError } from "#port/port";
import { MOST_LINES, openTcp, type TcpPort } from "#port/tcp";
import { type Log, type Runtime, silentLog, systemClock, systemRandom } from "#runtime";
import { createManualClock } from "../support/manual-clock.ts";
import { until, untilStill } from "../support/tty-host.ts";

let logged: string[] = [];
const log: Log = { ...silentLog, warn: (_, message) => void logged.push(message), child: () => log };
const runtime = { clock: systemClock, random: systemRandom, log };

interface Connected {
  readonly line: Line;
  heard: string;
  readonly attaches: boolean[];
}

let port: TcpPort;
let lines: Connected[];
let hosts: Socket[];

const open = (host = "127.0.0.1", number = 0, by: Runtime = runtime) =>
  openTcp({
    host,
    port: number,
    runtime: by,
    onLine(line) {
      const connected: Connected = { line, heard: "", attaches: [] };
      line.onData((bytes) => {
        connected.heard += bytes.toString("latin1");
      });
      line.onAttach((attached) => connected.attaches.push(attached));
      lines.push(connected);
    },
  });

const numberOf = ({ address }: TcpPort) => Number(/:(\d+)$/.exec(address)![1]);

/** A host that has connected, and what it has got. */
async function come(to: TcpPort = port) {
  const socket = connect(numberOf(to), to.address.startsWith("[") ? "::1" : "127.0.0.1");
  hosts.push(socket);
  const got = { text: "", bytes: 0, ended: false, closed: false };
  socket.on("data", (bytes) => {
    got.bytes += bytes.length;
    if (got.text.length < 10_000) got.text += bytes.toString("latin1");
  });
  socket.on("end", () => {
    got.ended = true;
  });
  socket.on("close", () => {
    got.closed = true;
  });
  socket.on("error", () => {});
  const before = lines.length;
  await until(() => lines.length > before || got.closed, "the connection to be taken or refused");
  return { socket, got, line: lines[before] };
}

beforeEach(async () => {
  lines = [];
  hosts = [];
  logged = [];
  port = await open();
});
afterEach(() => {
  port.close();
  for (const host of hosts) host.destroy();
});

describe("AT over TCP", () => {
  it("makes each connection a line of its own, both ways, and tells when it ends", async () => {
    const first = await come();
    const second = await come();
    first.socket.write("AT\r");
    second.socket.write("ATI\r");
    await until(() => first.line!.heard === "AT\r" && second.line!.heard === "ATI\r", "each to hear its own");
    first.line!.line.write(Buffer.from("\r\nOK\r\n"));
    await until(() => first.got.text === "\r\nOK\r\n", "the answer");
    expect(second.got.text).toBe("");
    expect(first.line!.line.attached).toBe(true);
    first.socket.destroy();
    await until(() => first.line!.attaches.length > 0, "the end to be noticed");
    expect(first.line!.attaches).toEqual([false]);
    expect(first.line!.line.attached).toBe(false);
    first.line!.line.write(Buffer.from("nobody is there"));
    expect(second.line!.line.attached).toBe(true);
  });

  it("answers a host that has said all it has to say, then ends", async () => {
    const { socket, got, line } = await come();
    socket.end("ATI\r");
    await until(() => line!.heard === "ATI\r", "the line");
    line!.line.write(Buffer.from("\r\nBG96\r\n"));
    await until(() => got.closed, "the connection to end");
    expect(got.text).toBe("\r\nBG96\r\n");
  });

  it("does not grow for a host that does not read, and drops what it would not hear", async () => {
    const { socket, got, line } = await come();
    socket.pause();
    const piece = Buffer.alloc(64 * 1024, "x");
    for (let i = 0; i < 1000; i++) {
      line!.line.write(piece);
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    line!.line.close();
    socket.resume();
    await until(() => got.closed, "the end");
    expect([...new Set(logged)]).toEqual(["output dropped: the host did not read"]);
    expect(got.bytes).toBeLessThan(20_000_000); // what two kernel buffers and the queue hold
  });

  it("loses nothing of what is said to a host that reads in its own time, if room is waited for", async () => {
    const { socket, got, line } = await come();
    socket.pause();
    const piece = Buffer.alloc(64 * 1024, "x");
    let said = 0;
    const say = () => {
      for (; said < 400 && !line!.line.full; said++) line!.line.write(piece);
    };
    line!.line.onRoom(say);
    say();
    await until(() => line!.line.full, "it to be full");
    expect(said).toBeLessThan(400);
    socket.resume();
    await until(() => got.bytes === 400 * piece.length, "all of it", 15_000);
    expect(logged).toEqual([]);
  });

  it("makes a host wait, and takes all it sent when it goes on", async () => {
    const { socket, line } = await come();
    line!.line.hold(true);
    const text = "AT\r".repeat(1000);
    for (let times = 0; times < 3000; times++) socket.write(text);
    await untilStill(() => line!.heard.length);
    expect(line!.heard.length).toBeLessThan(1_000_000);
    line!.line.hold(false);
    await until(() => line!.heard.length === 3000 * text.length, "all of it", 15_000);
  });

  it("says all of a long answer to a host that has said all it has to say and reads", async () => {
    const clock = createManualClock();
    const own = await open("127.0.0.1", 0, { ...runtime, clock });
    const { socket, got, line } = await come(own);
    socket.pause();
    socket.end("AT\r");
    await until(() => clock.pending() === 1, "its end");
    line!.line.write(Buffer.alloc(20_000_000, "x"));
    await clock.advance(1000);
    socket.resume();
    await until(() => got.bytes === 20_000_000, "the answer", 15_000);
    await clock.advance(1000);
    await until(() => got.closed, "the connection to end");
    own.close();
  });

  it(`takes ${MOST_LINES} connections at a time and refuses more, until one ends`, async () => {
    const all = [];
    for (let i = 0; i < MOST_LINES; i++) all.push(await come());
    expect((await come()).got.closed).toBe(true);
    expect(lines).toHaveLength(MOST_LINES);
    all[0]!.socket.destroy();
    await until(() => lines[0]!.attaches.length > 0, "one to end");
    expect((await come()).line).toBeDefined();
  });

  it("listens on IPv6 too, and ends every connection when it closes", async () => {
    const six = await open("::1");
    expect(six.address).toMatch(/^\[::1\]:\d+$/);
    const { got } = await come(six);
    six.close();
    six.close();
    await until(() => got.closed, "the connection to end");
  });

  it("says why an address cannot be listened on, and what to do", async () => {
    const refusal = async (host: string, number: number) => {
      const error = await open(host, number).then(
        () => undefined,
        (reason) => reason as PortError,
      );
      expect(error).toBeInstanceOf(PortError);
      return `${error!.message} / ${error!.remedy}`;
    };
    const taken = numberOf(port);
    expect(await refusal("127.0.0.1", taken)).toBe(
      `cannot listen on 127.0.0.1:${taken}: the port is in use / name another port, or 0 for a free one`,
    );
    expect(await refusal("192.0.2.1", 0)).toMatch(/^cannot listen on 192\.0\.2\.1:0: this machine has no such address/);
  });
});
