import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KNOBS } from "#control/knobs";
import { BIN, build, openPlace, type Place } from "./program.js";

let place: Place;
beforeAll(build, 120_000);
beforeEach(() => {
  place = openPlace();
});
afterEach(() => place.close());

const COMMANDS = [
  "run",
  "start",
  "stop",
  "restart",
  "status",
  "list",
  "logs",
  "at",
  "get",
  "set",
  "init",
  "firmware",
  "commands",
  "demo-server",
  "demo",
];

describe("help", () => {
  it.each(COMMANDS)("%s --help shows how to call it, with examples", async (command) => {
    const { code, stdout } = await place.run(command, "--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n +bg96 ${command}`));
  });
  it.each([["--help"], ["-h"], ["help"]])("%s lists every command and every exit code", async (...args) => {
    const { code, stdout } = await place.run(...args);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`  bg96 ${command}`);
    for (const each of [0, 1, 2, 3, 4, 78]) expect(stdout).toMatch(new RegExp(`^  ${each} {5,6}\\S`, "m"));
  });
  it.each([[["--help", "set"]], [["help", "set"]], [["set", "-h"]]])(
    "%j lists every setting with what it takes, and power",
    async (args) => {
      const { code, stdout } = await place.run(...args);
      expect(code).toBe(0);
      for (const [path, { takes }] of Object.entries(KNOBS)) {
        const row = stdout.split("\n").find((line) => line.startsWith(`  ${path} `));
        expect(row?.slice(path.length + 2).trimStart()).toBe(takes);
      }
      expect(stdout).toMatch(/^ {2}power +one of restart, off, on, loss, brownout$/m);
    },
  );
  it("fits in 80 columns, but for what is to be copied", async () => {
    for (const command of ["run", "start", "at", "get"]) {
      const { stdout } = await place.run(command, "--help");
      const [options = ""] = stdout.split(/^(?:Settings|Examples):$/m);
      const table = options.slice(options.indexOf("Options:")).split("\n\n")[0] ?? "";
      expect(table.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  }, 30_000);
  it("runs from any directory, through a symbolic link", async () => {
    const link = join(place.directory, "modem");
    symlinkSync(BIN, link);
    const program = place.begin(["--version"], { command: link, cwd: "/" });
    expect((await program.ended).code).toBe(0);
    expect(program.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a usage error exits 2, says why and what to try", () => {
  it.each([
    [[], "a command is missing", "bg96 --help"],
    [["fly"], "no such command: fly", "bg96 --help"],
    [["fly", "--high", "now"], "no such command: fly", "bg96 --help"],
    [["statsu", "meter"], "no such command: statsu", "bg96 status"],
    [["help", "fly"], "no such command: fly", "bg96 --help"],
    [["run", "--fly"], "Unknown argument: fly", "bg96 run --help"],
    [["run", "--endpont", "x"], "Unknown argument: endpont (did you mean --endpoint?)", "bg96 run --help"],
    [
      ["run", "--psk-identitty", "x"],
      "Unknown argument: psk-identitty (did you mean --psk-identity?)",
      "bg96 run --help",
    ],
    [
      ["run", "--zzzzzz", "--log-levl=info"],
      "Unknown arguments: zzzzzz, log-levl (did you mean --log-level?)",
      "bg96 run",
    ],
    [["logs", "--run-dir", "R"], "Unknown argument: run-dir\n", "bg96 logs --help"],
    [["run", "--register=maybe"], '--register: cannot be "maybe"', "--register, or --no-register"],
    [["run", "--efs"], "Not enough arguments following: efs", "bg96 run --help"],
    [["run", "--efs", "a", "--efs", "b"], "--efs: is given more than once", "bg96 run --help"],
    [["run", "--boot", "never"], 'Given: "never"', "bg96 run --help"],
    [["status", "../../etc"], 'name "../../etc": not letters', "bg96 status --help"],
    [["start", "a/b"], 'name "a/b": not letters', "bg96 start --help"],
    [["start", "--wait", "soon"], "--wait: is not a number of seconds", "--wait 10"],
    [["at"], "at: no lines to send", "bg96 at ATI"],
    [["at", "--tty", "x", "--name", "y", "ATI"], "Arguments tty and name are mutually exclusive", "bg96 at --help"],
    [["at", "--timeout", "x", "ATI"], "--timeout: is not a number of seconds above 0", "--timeout 10"],
    [["at", "--timeout", "0", "ATI"], "--timeout: is not", "--timeout 10"],
    [["at", "--timeout=-1", "ATI"], "--timeout: is not", "--timeout 10"],
    [["set"], "set: nothing to set", "battery.percent=42"],
    [["set", "meter"], "set: nothing to set", "bg96 get shows them all"],
    [["set", "power=sometimes"], "power: takes one of restart, off, on, loss, brownout", "bg96 set --help"],
    [["set", "meter", "power=foo"], "power: takes one of restart, off, on, loss, brownout", "bg96 set --help"],
    [
      ["set", "--run-dir", "R", "battery.percent"],
      "battery.percent: no value, write battery.percent=VALUE (an integer of 0 to 100)",
      "bg96 set --help",
    ],
    [["set", "battery.percent", "42"], "battery.percent: no value", "bg96 set --help"],
    [["set", "=5"], '=5: no setting before the "="', "bg96 set --help"],
    [["set", "pover=on"], "pover: no such setting (did you mean power?)", "bg96 set --help"],
    [
      ["set", "radio.x=1", "battery.precent=1"],
      "battery.precent: no such setting (did you mean battery.percent?)",
      "set",
    ],
    [["set", "__proto__=1"], "__proto__: no such setting", "bg96 set --help"],
    [
      ["set", "meter", "--run-dir", "R", "fix=none"],
      "meter: a NAME and --run-dir, give one of them",
      "bg96 set --help",
    ],
    [["status", "meter", "--run-dir", "R"], "meter: a NAME and --run-dir, give one of them", "bg96 status --help"],
    [
      ["get", "meter", "battery.precent"],
      "battery.precent: no such setting (did you mean battery.percent?)",
      "bg96 get",
    ],
    [["init"], "Not enough non-option arguments", "bg96 init --help"],
    [["firmware", "make", "--version", "R2"], "Missing required argument: output", "bg96 firmware --help"],
    [["firmware", "bake", "--version", "R2", "--output", "x"], 'Given: "bake"', "bg96 firmware --help"],
    [["firmware", "make", "--version", "", "--output", "x"], "--version: not 1 to 64 bytes", "bg96 firmware --help"],
    [
      ["firmware", "make", "--version", "R2", "--size", "x", "--output", "x"],
      "--size: not 172 to",
      "bg96 firmware --help",
    ],
    [["demo-server", "--timeout", "x"], "--timeout: is not", "--timeout 10"],
    [["demo-server", "--command", "clients", "--command", "frob"], '--command "frob": frob: no such command', "help"],
    [["demo-server", "--command", "read 3/0"], "read: takes a path of 1 to 3 ids", "help"],
    [["demo-server", "--port", "70000"], "--port: is not a number of 0 to 65535", "--port 0"],
  ])("bg96 %s", async (args, why, remedy) => {
    const { code, stdout, stderr } = await place.run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(why);
    expect(stderr).toMatch(/^try: .*/m);
    expect(stderr.slice(stderr.indexOf("try: "))).toContain(remedy);
  });
});

describe("what is not running", () => {
  it.each([
    [["at", "--name", "nobody", "ATI"]],
    [["set", "nobody", "battery.percent=1"]],
    [["get", "nobody"]],
    [["restart", "nobody"]],
  ])("bg96 %s exits 3 and says how to start it", async (args) => {
    expect(await place.run(...args)).toEqual({
      code: 3,
      stdout: "",
      stderr: "nobody: not running\ntry: bg96 start nobody\n",
    });
    expect(existsSync(place.base)).toBe(false);
  });
});

it.each([
  [["logs", "nobody"], 3, /^nobody: not running, and there is no log \S+\/nobody\/log\ntry: bg96 start nobody\n$/],
  [["at", "--name", "run-1", "ATI"], 3, /^run-1: not running\ntry: bg96 list, for those that run\n$/],
  [["get", "--run-dir", "R"], 3, /^R: not running\ntry: bg96 list, for those that run\n$/],
  [["at", "--tty", "/dev/null", "AT"], 1, /^cannot open \/dev\/null: it is no serial port\ntry: name the link/],
  [["at", "--tty", "/", "AT"], 1, /^cannot open \/: it is no serial port\ntry: name the link/],
])("bg96 %s exits %i and says what, where and what to do", async (args, code, stderr) => {
  expect(await place.run(...args)).toEqual({ code, stdout: "", stderr: expect.stringMatching(stderr) });
});

it("what the operating system refuses is told in a line, not by a stack, and leaves nothing", async () => {
  mkdirSync(place.base, { mode: 0o700 });
  mkdirSync(join(place.base, "meter"), { mode: 0o700 });
  mkdirSync(join(place.base, "meter", "log"));
  const log = join(place.base, "meter", "log");
  const start = ["start", "meter", "--psk-identity", "me", "--psk-key", "00"];
  expect(await place.run(...start)).toEqual({ code: 1, stdout: "", stderr: `${log}: it is a directory\n` });
  expect(readdirSync(join(place.base, "meter"))).toEqual(["log"]);
});

describe("bad configuration exits 78 and lists every problem", () => {
  it("of the command line", async () => {
    const { code, stdout, stderr } = await place.run("run", "--lifetime", "soon", "--server", "http://x");
    expect(code).toBe(78);
    expect(stdout).toBe("");
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^--server: .+ \(.+\)$/),
      expect.stringMatching(/^--lifetime: .+ \(.+\)$/),
    ]);
  });
  it("of a file, with line and column, and never shows a key", async () => {
    const file = join(place.directory, "bg96.toml");
    writeFileSync(file, 'boot = "never"\n\n[lwm2m]\npskKeyHex = "5ec0de5ec0de5"\n');
    const { code, stderr } = await place.run("run", "--config", file);
    expect(code).toBe(78);
    expect(stderr).toMatch(new RegExp(`^${file}:1:1: boot .+ \\(.+\\)$`, "m"));
    expect(stderr).toMatch(new RegExp(`^${file}:4:1: .+ \\(.+\\)$`, "m"));
    expect(stderr).not.toContain("5ec0de");
  });
  it("also when a daemon is started, and leaves nothing running", async () => {
    const { code, stderr } = await place.run("start", "--lifetime", "soon");
    expect(code).toBe(78);
    expect(stderr).toMatch(/^--lifetime: /m);
    expect((await place.run("status")).code).toBe(3);
    expect(existsSync(place.base)).toBe(false);
    expect((await place.run("start", "--efs", "/proc/x")).code).toBe(78);
    expect(readdirSync(place.base)).toEqual([]);
  });
});

describe("init", () => {
  it("writes a commented configuration and the module's files, which run as they are", async () => {
    const directory = join(place.directory, "meter");
    expect((await place.run("init", directory)).code).toBe(0);
    expect(readFileSync(join(directory, "bg96.toml"), "utf8")).toContain("#register = false");
    expect(existsSync(join(directory, "efs", "datatx", "bootstrap.ini"))).toBe(true);
    const program = place.begin(["run", "--config", join(directory, "bg96.toml")]);
    await program.sees(/^READY /m);
    program.kill("SIGTERM");
    expect((await program.ended).code).toBe(0);
  });
  it("touches no file that is there already", async () => {
    const directory = join(place.directory, "full");
    mkdirSync(directory);
    writeFileSync(join(directory, "bg96.toml"), "mine");
    const { code, stderr } = await place.run("init", directory);
    expect(code).toBe(78);
    expect(stderr).toContain("exists already");
    expect(readFileSync(join(directory, "bg96.toml"), "utf8")).toBe("mine");
    expect(existsSync(join(directory, "efs"))).toBe(false);
  });
});

it("says how to build when it is not built", async () => {
  const elsewhere = join(place.directory, "bin");
  mkdirSync(elsewhere);
  const copy = join(elsewhere, "bg96");
  writeFileSync(copy, readFileSync(BIN), { mode: 0o755 });
  const program = place.begin([], { command: copy });
  expect((await program.ended).code).toBe(1);
  expect(program.stderr).toContain(`run "npm ci && npm run build" in ${place.directory}/`);
});
