import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatEvent, runConsoleLine } from "#demo-server/console";
import { type DemoEvent, type DemoServer, openDemoServer } from "#demo-server/server";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { openRawClient, type RawClient, type Reply, type Seen } from "./raw-client.js";

const LINKS = '</>;rt="oma.lwm2m",</1/1>,</3/0>';
let server: DemoServer;
let client: RawClient;
let events: DemoEvent[];
let answer: (request: Seen) => Reply | undefined;
let waiting: Array<{ type: DemoEvent["type"]; resolve: (event: DemoEvent) => void }>;

beforeEach(async () => {
  events = [];
  waiting = [];
  answer = () => ({ code: "4.04" });
  server = await openDemoServer({
    port: 0,
    bootstrapPort: 0,
    runtime: { clock: systemClock, random: systemRandom, log: silentLog },
    answerWithinMs: 500,
    onEvent(event) {
      events.push(event);
      for (const each of waiting.filter(({ type }) => type === event.type)) each.resolve(event);
    },
  });
  client = await openRawClient((request) => answer(request));
});
afterEach(async () => {
  await client.close();
  await server.close();
});

const register = (ep = "one") =>
  client.send("POST", server.port, `/rd?ep=${ep}&lt=300&lwm2m=1.0&b=U`, { payload: LINKS, format: 40 });
const event = (type: DemoEvent["type"]) => new Promise<DemoEvent>((resolve) => waiting.push({ type, resolve }));
const type = (line: string) => runConsoleLine(server, line);

describe("registration", () => {
  it("gives a location of two segments, and takes Update and De-register there", async () => {
    const { code, location } = await register();
    expect(code).toBe("2.01");
    expect(location).toHaveLength(2);
    expect(server.registrations[0]).toMatchObject({ endpoint: "one", lifetimeS: 300, address: { port: client.port } });
    expect((await client.send("POST", server.port, `/${location.join("/")}`)).code).toBe("2.04");
    expect((await client.send("DELETE", server.port, `/${location.join("/")}`)).code).toBe("2.02");
    expect((await client.send("DELETE", server.port, `/${location.join("/")}`)).code).toBe("4.04");
    expect(events.map((each) => each.type)).toEqual(["registered", "updated", "deregistered"]);
  });

  it("tells who is registered", async () => {
    expect((await type("clients")).lines).toEqual(["no client is registered"]);
    await register();
    expect((await type("clients")).lines[0]).toMatch(
      /^one at 127\.0\.0\.1:\d+, lifetime 300 s, binding U, lwm2m 1\.0,/,
    );
    expect(formatEvent(events[0]!)[0]).toMatch(/^registered one at 127\.0\.0\.1:\d+, 300 s, /);
  });
});

describe("the console, in the words of the Cumulocity document", () => {
  beforeEach(() => register());

  it.each<[string, Partial<Seen>, Reply, string[]]>([
    [
      "read /3/0/9",
      { method: "GET", path: "/3/0/9" },
      { code: "2.05", format: 0, payload: "100" },
      ["2.05 /3/0/9 = 100"],
    ],
    [
      "read /3/0",
      { method: "GET", path: "/3/0" },
      { code: "2.05", format: 11542, payload: Buffer.from("c10964c10a0f", "hex") },
      ["2.05 /3/0", "  /3/0/9 = 100", "  /3/0/10 = 15"],
    ],
    [
      "write /1/1/1 60",
      { method: "PUT", path: "/1/1/1", payload: Buffer.from("60") },
      { code: "2.04" },
      ["2.04 /1/1/1"],
    ],
    [
      'write /1/1 {"1":60}',
      { method: "PUT", path: "/1/1", payload: Buffer.from("c1013c", "hex") },
      { code: "2.04" },
      ["2.04 /1/1"],
    ],
    ["execute /3/0/4", { method: "POST", path: "/3/0/4" }, { code: "2.04" }, ["2.04 /3/0/4"]],
    [
      "discover /3",
      { method: "GET", path: "/3" },
      { code: "2.05", format: 40, payload: "</3/0>,</3/0/9>" },
      ["2.05 /3 </3/0>,</3/0/9>"],
    ],
    ["delete /19/0", { method: "DELETE", path: "/19/0" }, { code: "2.02" }, ["2.02 /19/0"]],
    [
      'create /19 {"1":5}',
      { method: "POST", path: "/19", payload: Buffer.from("c10105", "hex") },
      { code: "2.01", location: ["19", "1"] },
      ["2.01 /19/1"],
    ],
    [
      "writeattr /3/0/9 pmin=1&pmax=5",
      { method: "PUT", path: "/3/0/9?pmin=1&pmax=5" },
      { code: "2.04" },
      ["2.04 /3/0/9"],
    ],
    ["one read /3/0/9", { method: "GET", path: "/3/0/9" }, { code: "4.05" }, ["4.05 /3/0/9"]],
    ["read one /3/0/9", { method: "GET", path: "/3/0/9" }, { code: "4.05" }, ["4.05 /3/0/9"]],
  ])("%s", async (line, request, reply, lines) => {
    answer = () => reply;
    expect(await type(line)).toEqual({ ok: reply.code.startsWith("2."), lines });
    expect(client.seen).toHaveLength(1);
    expect(client.seen[0]).toMatchObject(request);
  });

  it.each([
    ["fly /3", "fly: no such command, try help"],
    ["read", "read: takes a path of 1 to 3 ids, such as /3/0/9"],
    ["read /3/0/x", "read: takes a path of 1 to 3 ids, such as /3/0/9"],
    ["execute /3/0", "execute: takes a path of 3 ids, such as /3/0/9"],
    ["write /1/1/1", "write: something is missing after /1/1/1, try help"],
    ["write /1/1/1 soon", "value: /1/1/1 takes an integer"],
    ["two read /3/0/9", "endpoint: two is not registered"],
    ["cancelobservation /3/0/9", "observation: /3/0/9 of one is not observed"],
  ])("%s is refused and nothing is sent", async (line, why) => {
    expect(await type(line)).toEqual({ ok: false, lines: [why] });
    expect(client.seen).toEqual([]);
  });

  it("asks for an endpoint when several clients are registered", async () => {
    await register("two");
    expect((await type("read /3/0/9")).lines).toEqual(["clients: several are registered, put an endpoint name first"]);
  });

  it("says so when the client does not answer", async () => {
    answer = () => undefined;
    expect((await type("read /3/0/9")).lines[0]).toMatch(
      /^no answer: nothing came from 127\.0\.0\.1:\d+ within 0\.5 s$/,
    );
  });

  it("prints notifications until the observation is cancelled", async () => {
    answer = () => ({ code: "2.05", format: 11542, payload: Buffer.from("c10964", "hex") });
    expect((await type("observe /3/0/9")).lines).toEqual(["2.05 /3/0/9 = 100"]);
    expect(client.seen[0]?.observe).toBe(0);
    const notified = event("notification");
    client.notify(Buffer.from("c10963", "hex"), 11542);
    expect(formatEvent(await notified)).toEqual(["notify one 2.05 /3/0/9 = 99"]);
    expect((await type("cancelobservation /3/0/9")).ok).toBe(true);
    expect(client.seen[1]?.observe).toBe(1);
  });
});

it("observations end with the registration: a later notification is refused with Reset", async () => {
  await register();
  answer = () => ({ code: "2.05", format: 11542, payload: Buffer.from("c10964", "hex") });
  await type("observe /3/0/9");
  await register();
  const reset = client.reset();
  client.notify(Buffer.from("c10963", "hex"), 11542);
  await reset;
  expect(events.map((each) => each.type)).toEqual(["registered", "registered"]);
});

describe("bootstrap", () => {
  it("deletes the accounts, writes new ones and finishes, to the port the request came from", async () => {
    answer = (request) => ({ code: request.method === "DELETE" ? "2.02" : "2.04" });
    const done = event("bootstrapped");
    expect((await client.send("POST", server.bootstrapPort, "/bs?ep=one")).code).toBe("2.04");
    await done;
    expect(client.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "DELETE /0",
      "DELETE /1",
      "PUT /0/1",
      "PUT /1/1",
      "POST /bs",
    ]);
    expect(client.seen[2]?.payload.toString("latin1")).toContain(server.uri);
  });

  it("tells at which step a client refused", async () => {
    answer = (request) => ({ code: request.method === "DELETE" ? "2.02" : "4.00" });
    const failed = event("bootstrapFailed");
    await client.send("POST", server.bootstrapPort, "/bs?ep=one");
    expect(formatEvent(await failed)).toEqual(["bootstrap failed one: PUT /0/1: the client answered 4.00, not 2.04"]);
  });
});

it("outlives datagrams that are no CoAP, and answers a ping with Reset", async () => {
  const socket = createSocket("udp4");
  for (const hex of [
    "",
    "00",
    "ffffffff",
    "4f01000100",
    "400100",
    "60450001d1",
    "7f000001",
    "40014711b1ff",
    "6045000100d10eff",
  ]) {
    socket.send(Buffer.from(hex, "hex"), server.port, "127.0.0.1");
  }
  socket.send(Buffer.of(0x40, 0x00, 0x12, 0x34), server.port, "127.0.0.1");
  const replies: string[] = [];
  socket.on("message", (datagram) => replies.push(datagram.toString("hex")));
  while (!replies.includes("70001234")) await once(socket, "message");
  socket.close();
  expect((await register()).code).toBe("2.01");
});
