import { existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DemoEvent, type DemoServer, openDemoServer } from "#demo-server/server";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { BIN, build, isRunning, openPlace, type Place, within } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

describe("a modem in the foreground", () => {
  it("prints one line, READY with link and endpoint, and logs JSON lines elsewhere", async () => {
    const program = place.begin(["run", "--endpoint", "urn:dev:1"]);
    const [, tty = ""] = await program.sees(/^READY tty=(\S+) endpoint=urn:dev:1$/m);
    expect(readlinkSync(tty)).toMatch(/^\/dev\/pts\/\d+$/);
    expect(statSync(join(tty, "..", "control.sock")).mode & 0o777).toBe(0o600);
    expect((await place.run("at", "--tty", tty, "ATI", "AT+CGSN")).stdout).toContain("BG96");
    program.kill("SIGTERM");
    expect((await program.ended).code).toBe(0);
    expect(program.stdout).toMatch(/^READY [^\n]*\n$/);
    for (const line of program.stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
    expect(readdirSync(place.base)).toEqual([]);
  });

  it("warns in the log of a variable that is no option; start warns beside its output", async () => {
    const env = { BG96_LWM2M_SERVR: "coap://192.0.2.1" };
    const program = place.begin(["run"], { env });
    await program.sees(/^READY /m);
    program.kill("SIGTERM");
    await program.ended;
    const lines = program.stderr.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        level: "warn",
        place: "environment",
        msg: "BG96_LWM2M_SERVR is no option and has no effect",
        remedy: "did you mean BG96_LWM2M_SERVER?",
      }),
    );
    const start = place.begin(["start", "meter"], { env });
    expect((await start.ended).code).toBe(0);
    expect(start.stderr).toBe(
      "environment: BG96_LWM2M_SERVR is no option and has no effect (did you mean BG96_LWM2M_SERVER?)\n",
    );
  });

  it("says on the READY line where its debug port and its TCP port are", async () => {
    const program = place.begin([
      "run",
      "--qcli",
      "debug",
      "--nmea",
      "gnss",
      "--tcp",
      "127.0.0.1:0",
      "--dialect",
      "edition=1.0",
    ]);
    const [, tty = "", tcp = ""] = await program.sees(
      /^READY tty=(\S+) endpoint=\S+ tcp=(127\.0\.0\.1:\d+) nmea=\S+\/gnss qcli=\S+\/debug$/m,
    );
    expect((await place.run("at", "--tty", tty, "AT+QLWM2M=?")).stdout).toContain('"select", (0-3)');
    const second = await place.run("run", "--tcp", tcp, "--qcli", "other");
    expect([second.code, second.stderr]).toEqual([
      1,
      `cannot listen on ${tcp}: the port is in use\ntry: name another port, or 0 for a free one\n`,
    ]);
    program.kill("SIGTERM");
    expect((await program.ended).code).toBe(0);
    expect(readdirSync(place.directory).filter((name) => name.startsWith("debug"))).toEqual([]);
  });

  it("refuses faulty rules and dialects with place and remedy, as a daemon too", async () => {
    writeFileSync(join(place.directory, "rules.toml"), '[[rule]]\ncomand = "AT"\n');
    for (const command of ["run", "start"]) {
      const { code, stderr } = await place.run(command, "--rules", "rules.toml", "--dialect", "epnsMode=maybe");
      expect(code).toBe(78);
      expect(stderr).toMatch(/rules\.toml:2:1: comand is no part of a rule \(did you mean command\?\)/);
      expect(stderr).toContain('--dialect: dialect.epnsMode cannot be "maybe" (give true or false)');
    }
  });

  it("exits 0 on OK, 1 on ERROR, 4 on no final result, for the lines sent to it", async () => {
    const program = place.begin(["run"]);
    const [, tty = ""] = await program.sees(/^READY tty=(\S+) /m);
    expect((await place.run("at", "--tty", tty, "AT")).code).toBe(0);
    expect((await place.run("at", "--tty", tty, "AT+NOSUCH")).code).toBe(1);
    const kept = await place.run("at", "--tty", tty, "--keep-going", "AT+NOSUCH", "AT");
    expect(kept).toMatchObject({ code: 1, stdout: "ERROR\nOK\n" });
    const piped = place.begin(["-c", `printf 'AT\\n\\nAT+GMM\\n' | "$0" at --tty ${tty}`, BIN], { command: "sh" });
    expect((await piped.ended).code).toBe(0);
    expect(piped.stdout).toBe("OK\nBG96\nOK\n");
    const silent = await place.run("at", "--tty", tty, "--timeout", "1", "ATQ1", "AT");
    expect(silent.code).toBe(4);
    expect(silent.stderr).toBe(
      `${tty}: no answer within 1 s\ntry: --timeout 180 for a slow command; the modem is silent while it is off or after ATQ1\n`,
    );
  });

  it("keeps a link to itself while it lives, and takes over one whose modem was killed", async () => {
    const link = join(place.directory, "modem");
    const first = place.begin(["run", "--tty", link]);
    await first.sees(/^READY /m);
    const second = await place.run("run", "--tty", link);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`cannot make the port ${link}: it is in use by process ${first.pid}`);
    expect(second.stderr).toMatch(/^try: /m);
    first.kill("SIGKILL");
    await first.ended;
    const third = place.begin(["run", "--tty", link]);
    await third.sees(/^READY /m);
    expect((await place.run("at", "--tty", link, "AT")).code).toBe(0);
    third.kill("SIGINT");
    expect((await third.ended).code).toBe(0);
    expect(existsSync(link)).toBe(false);
    expect(readdirSync(place.base)).toEqual([]); // what the killed one left there too
  });

  it("makes no directory for its link, and says which is missing", async () => {
    const link = join(place.directory, "missing", "modem");
    const { code, stderr } = await place.run("run", "--tty", link);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `cannot make the port ${link}: there is no directory ${join(link, "..")}\ntry: mkdir -p ${join(link, "..")}\n`,
    );
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it.each([
    [["run", "--efs", "/proc/x"], "/proc/x"],
    [["init", "/proc/x/y"], "/proc/x/y/bg96.toml"],
  ])("%s ends with 78 where no directory can be made", async (args, where) => {
    const { code, stderr } = await place.run(...args);
    expect(code).toBe(78);
    expect(stderr).toContain(`${where}: cannot be `);
  });

  it("is turned like a module whose battery runs down", async () => {
    const program = place.begin(["run"]);
    const [, tty = ""] = await program.sees(/^READY tty=(\S+) /m);
    const directory = join(tty, "..");
    expect((await place.run("set", "--run-dir", directory, "battery.percent=42", "battery.millivolts=3600")).code).toBe(
      0,
    );
    const refused = await place.run("set", "--run-dir", directory, "battery.percent=142");
    expect(refused).toMatchObject({
      code: 2,
      stderr: "battery.percent: takes an integer of 0 to 100\ntry: bg96 set --help\n",
    });
    const half = await place.run("set", "--run-dir", directory, "battery.percent=7", "battery.precent=3");
    expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining("battery.precent: no such setting") });
    const late = await place.run("set", "--run-dir", directory, "battery.percent=7", "memory.freeKb=1000000000");
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining("memory.freeKb: takes an integer of 0 to") });
    // all of them or none
    expect((await place.run("at", "--tty", tty, "AT+CBC")).stdout).toMatch(/^\+CBC: 0,42,3600$/m);
    // at once: a band of the new access technology; the same setting again comes after
    const cell = ["radio.technology=GSM", "radio.band=1800", "radio.cellId=7", "radio.cellId=8"];
    expect(await place.run("set", "--run-dir", directory, ...cell)).toMatchObject({ code: 0, stderr: "" });
    const now = await place.run("get", "--run-dir", directory, "radio.band", "radio.cellId");
    expect(now.stdout).toBe("radio.band=1800\nradio.cellId=8\n");
  });
});

it("bg96 get shows how it stands, as bg96 set takes it; bg96 status and list know it, too", async () => {
  const program = place.begin(["run", "--boot", "instant"]);
  const [, tty = ""] = await program.sees(/^READY tty=(\S+) /m);
  const at = ["--run-dir", join(tty, "..")];
  const before = await place.run("get", ...at);
  expect(before.stdout).toMatch(/^battery\.percent=85$/m);
  expect(await place.run("set", ...at, ...before.stdout.trimEnd().split("\n"))).toMatchObject({ code: 0, stderr: "" });
  expect((await place.run("get", ...at)).stdout).toBe(before.stdout);
  await place.run("set", ...at, "battery.percent=10", "fix=52.5,13.25");
  expect((await place.run("get", ...at, "fix", "battery.percent", "battery.millivolts")).stdout).toBe(
    "battery.percent=10\nbattery.millivolts=3570\nfix=52.5,13.25,0,10,0,0\n",
  );
  expect(JSON.parse((await place.run("get", ...at, "--json")).stdout)).toMatchObject({ "network.coverage": true });
  expect(JSON.parse((await place.run("status", ...at, "--json")).stdout)).toMatchObject({ running: true, tty });
  const [line = "", ...others] = (await place.run("list", "--json")).stdout.trimEnd().split("\n");
  expect([JSON.parse(line), others]).toMatchObject([{ name: `run-${program.pid}`, pid: program.pid, tty }, []]);
  expect((await place.run("list")).stdout).toBe(
    `run-${program.pid}   process ${program.pid}   ${tty}   not registered\n`,
  );
  // under the name that the list shows
  const name = `run-${program.pid}`;
  expect((await place.run("get", name, "battery.percent")).stdout).toBe("battery.percent=10\n");
  expect(await place.run("set", name, "battery.percent=11")).toMatchObject({ code: 0, stderr: "" });
  expect(await place.run("at", "--name", name, "AT+CBC")).toMatchObject({ stdout: "+CBC: 0,11,3577\nOK\n" });
  expect(await place.run("status", name)).toMatchObject({ code: 0, stdout: expect.stringContaining(tty) });
  expect(await place.run("start", name)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('begins with "run-"'),
  });
  program.kill("SIGKILL");
  await program.ended;
  expect(await place.run("list")).toEqual({ code: 0, stdout: "no modem runs\n", stderr: "" });
});

describe("a modem registered to a server", () => {
  let server: DemoServer;
  let events: string[];
  beforeEach(async () => {
    events = [];
    server = await openDemoServer({
      port: 0,
      bootstrapPort: 0,
      runtime: { clock: systemClock, random: systemRandom, log: silentLog },
      onEvent: (event: DemoEvent) => events.push(event.type),
    });
  });
  afterEach(() => server.close());
  const registered = () =>
    within(
      until(() => server.registrations.length === 1),
      () => `no registration: ${events}`,
    );
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("de-registers on %s", async (signal) => {
    const program = place.begin(["run", "--server", server.uri, "--register", "--boot", "instant"]);
    await registered();
    program.kill(signal);
    expect((await program.ended).code).toBe(0);
    expect(events).toEqual(["registered", "deregistered"]);
  });

  it("start --wait ends when it is registered, or says in time why it is not", async () => {
    const options = ["--server", server.uri, "--boot", "instant", "--wait", "20"];
    const started = await place.run("start", "meter", ...options, "--register");
    expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^READY /) });
    expect(server.registrations).toHaveLength(1);
    await place.run("stop", "meter");
    const idle = await place.run("start", "meter", "--boot", "instant", "--wait", "0.2");
    expect(idle).toMatchObject({
      code: 4,
      stderr:
        "meter: runs, but is not registered within 0.2 s: it has not begun (power running, network home)\n" +
        "try: bg96 logs meter\n",
    });
    expect((await place.run("status", "meter")).code).toBe(0);
    const deaf = ["--server", "coap://127.0.0.1:9", "--register"];
    const unheard = await place.run("restart", "meter", ...deaf, "--wait", "0.2");
    expect(unheard).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/: server 102 coap:\S+ \w+\ntry: bg96 logs/),
    });
    expect(await place.run("stop", "meter")).toEqual({
      code: 0,
      stdout: "meter: stopped\n",
      stderr: "meter: waiting for its servers to answer the De-register, 5 s at most\n",
    });
  }, 60_000);

  it("a reader of its output that goes away does not end it", async () => {
    const program = place.begin(
      [
        "-c",
        `"$0" "$@" | head -n 1; sleep 60`,
        join(import.meta.dirname, "../../bin/bg96"),
        "run",
        "--server",
        server.uri,
        "--register",
      ],
      { command: "sh", detached: true },
    );
    await program.sees(/^READY /m);
    await registered();
    expect(isRunning(program.pid)).toBe(true);
    expect((await server.read(server.registrations[0]!.endpoint, "/3/0/0")).code).toBe("2.05");
    process.kill(-program.pid, "SIGTERM");
    await within(
      until(() => server.registrations.length === 0),
      () => "not de-registered",
    );
  });
});
