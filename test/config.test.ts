import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { type Config, ConfigError, type ConfigOptions, type ConfigProblem, DEFAULTS, loadConfig } from "#config";
import { luhnDigit, OPTIONS, variableOf } from "#config/options";
import { readUserRules } from "#config/user-rules";
import { initDirectory } from "#efs/starter";
import { temporaryDirectory } from "./efs/temporary-directory.ts";

const shipped = join(import.meta.dirname, "../config");

interface Sources {
  readonly toml?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly options?: ConfigOptions;
}

function load({ toml, env = {}, options = {} }: Sources): Config {
  const file = toml === undefined ? undefined : join(temporaryDirectory(), "my.toml");
  if (file !== undefined && toml !== undefined) writeFileSync(file, toml);
  return loadConfig({ file, env, options });
}

/** "place: message (remedy)", the file's directory left out. */
function problems(sources: Sources): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ place, message, remedy }) => `${place.replace(/^.*\//, "")}: ${message} (${remedy})`);
  }
  return [];
}

const optionOf = (config: Config, path: string) =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);

describe("the configuration", () => {
  it("has a default for everything, and cannot be changed", () => {
    const config = load({});
    expect(config).toEqual(DEFAULTS);
    expect(() => Object.assign(config.network, { roaming: true })).toThrow(TypeError);
    expect(() => (config.lwm2m.ciphers as string[]).push("x")).toThrow(TypeError);
    expect(Object.isFrozen(DEFAULTS.network)).toBe(true);
  });

  it("every default is one that could be given", () => {
    for (const [path, { schema }] of Object.entries(OPTIONS)) {
      const value = optionOf(DEFAULTS, path);
      if (value !== undefined) expect(schema.safeParse(value), path).toMatchObject({ success: true });
    }
  });

  it("is taken from the file, over that the environment, over that the command line", () => {
    const toml = 'boot = "instant"\n[log]\nlevel = "warn"\n[lwm2m]\nlifetimeS = 60\n';
    expect(load({ toml })).toMatchObject({ boot: "instant", log: { level: "warn" }, lwm2m: { lifetimeS: 60 } });
    const env = { BG96_BOOT: "realistic", BG96_LOG_LEVEL: "debug", PATH: "/bin" };
    expect(load({ toml, env })).toMatchObject({ boot: "realistic", log: { level: "debug" }, lwm2m: { lifetimeS: 60 } });
    const options = { boot: "fast", lifetime: "90", tty: undefined };
    expect(load({ toml, env, options })).toMatchObject({
      boot: "fast",
      log: { level: "debug" },
      lwm2m: { lifetimeS: 90 },
    });
  });

  it("takes every option of the command line", () => {
    const options: Required<ConfigOptions> = {
      efs: "e",
      tty: "t",
      usbmodem: "m",
      uart1: "u",
      tcp: "[::1]:5023",
      nmea: "n",
      qcli: "q",
      rules: join(temporaryDirectory(), "rules.toml"),
      dialect: "observeFlag=never, epnsMode=true",
      server: "coaps://[::1]:5684",
      endpoint: "urn:dev:1",
      pskIdentity: "id",
      pskKey: "00ff",
      lifetime: 45,
      boot: "instant",
      register: true,
      logLevel: "silent",
    };
    writeFileSync(String(options.rules), "");
    expect(load({ options })).toMatchObject({
      efs: "e",
      tty: "t",
      usbmodem: "m",
      uart1: "u",
      tcp: "[::1]:5023",
      nmea: "n",
      qcli: "q",
      rules: options.rules,
      dialect: { observeFlag: "never", epnsMode: true },
      register: true,
      boot: "instant",
      log: { level: "silent" },
      lwm2m: {
        server: "coaps://[::1]:5684",
        endpoint: "urn:dev:1",
        pskIdentity: "id",
        pskKeyHex: "00ff",
        lifetimeS: 45,
      },
    });
  });

  it("gives a battery the voltage of its charge, unless it has one of its own", () => {
    const file = (text: string) => load({ toml: `[battery]\n${text}\n` }).battery;
    expect(file("percent = 20")).toEqual({ percent: 20, millivolts: 3640 });
    expect(file("percent = 20\nmillivolts = 4000")).toEqual({ percent: 20, millivolts: 4000 });
    expect(file("millivolts = 4000")).toEqual({ percent: 85, millivolts: 4000 });
    expect(load({ env: { BG96_BATTERY_PERCENT: "0" } }).battery).toEqual({ percent: 0, millivolts: 3300 });
  });

  it("takes every option of the environment", () => {
    const env: Record<string, string> = {};
    for (const path of Object.keys(OPTIONS)) {
      const value = optionOf(DEFAULTS, path);
      if (value !== undefined) env[variableOf(path)] = Array.isArray(value) ? value.join(", ") : String(value);
    }
    expect(env).toMatchObject({
      BG96_COAP_ACK_TIMEOUT_MS: "2000",
      BG96_SIM_PRESENT: "true",
      BG96_IDENTITY_IMEI: "864508030000019",
    });
    expect(load({ env })).toEqual(DEFAULTS);
    expect(load({ env: { BG96_NETWORK_APNS: "a,b", BG96_REGISTER: "1", BG96_NETWORK_RSSI_DBM: "-60" } })).toMatchObject(
      {
        register: true,
        network: { apns: ["a", "b"], rssiDbm: -60 },
      },
    );
  });

  it("an empty text means none where there may be none, and nothing elsewhere", () => {
    expect(load({ toml: '[sim]\nmsisdn = ""' }).sim.msisdn).toBeUndefined();
    expect(load({ env: { BG96_SIM_MSISDN: "", BG96_BOOT: "" } })).toMatchObject({
      boot: "fast",
      sim: { msisdn: undefined },
    });
  });

  it("warns of a variable that is no option, by its name and the nearest one, and goes on", () => {
    const warnings: string[] = [];
    const warn = ({ place, message, remedy }: ConfigProblem) => void warnings.push(`${place}: ${message} (${remedy})`);
    const env = {
      BG96_FOO: "1",
      BG96_COLOUR_SCHEME: "1",
      BG96_LWM2M_SERVR: "",
      BG96_NETWORK_APN: "x",
      BG96_BOOT: "instant",
      MY_BG96_FOO: "1",
    };
    expect(loadConfig({ file: undefined, env, options: {}, warn })).toEqual({ ...DEFAULTS, boot: "instant" });
    expect(warnings).toEqual([
      "environment: BG96_FOO is no option and has no effect (did you mean BG96_BOOT?)",
      "environment: BG96_COLOUR_SCHEME is no option and has no effect (`bg96 init DIR` writes a file with every option)",
      "environment: BG96_LWM2M_SERVR is no option and has no effect (did you mean BG96_LWM2M_SERVER?)",
      "environment: BG96_NETWORK_APN is no option and has no effect (did you mean BG96_NETWORK_APNS?)",
    ]);
  });

  it("tells of such a variable beside what is wrong, which it may be the reason for", () => {
    const env = { BG96_LWM2M_PSK_KEY_HEX: "00ff", BG96_LWM2M_PSK_IDENTTY: "id" };
    expect(problems({ env })).toEqual([
      "BG96_LWM2M_PSK_KEY_HEX: there is a key without an identity (give lwm2m.pskIdentity (--psk-identity) too)",
      "environment: BG96_LWM2M_PSK_IDENTTY is no option and has no effect (did you mean BG96_LWM2M_PSK_IDENTITY?)",
    ]);
  });

  it.each([
    ["Docker and Kubernetes", ["BG96_PORT", "BG96_PORT_5683_UDP", "BG96_SERVICE_HOST", "BG96_NAME", "BG96_ENV_X"]],
    ["tests", ["BG96_FUZZ_SEED", "BG96_FUZZ_COUNT", "BG96_TEST_LOG", "BG96_REQUIRE_LESHAN"]],
  ])("says nothing of the variables of %s", (_, names) => {
    const warnings: unknown[] = [];
    const env = Object.fromEntries(names.map((name) => [name, "x"]));
    const warn = (warning: ConfigProblem) => void warnings.push(warning);
    expect(loadConfig({ file: undefined, env, options: {}, warn })).toEqual(DEFAULTS);
    expect(warnings).toEqual([]);
  });

  it("means paths in a file from where the file is", () => {
    const directory = temporaryDirectory();
    const file = join(directory, "my.toml");
    writeFileSync(file, 'efs = "tree"\ntty = "/dev/ttyBG96"\nqcli = "debug"\nrules = "mine/rules.toml"\n');
    mkdirSync(join(directory, "mine"));
    writeFileSync(join(directory, "mine/rules.toml"), "");
    expect(loadConfig({ file, env: {}, options: {} })).toMatchObject({
      efs: join(directory, "tree"),
      tty: "/dev/ttyBG96",
      qcli: join(directory, "debug"),
      rules: join(directory, "mine/rules.toml"),
    });
  });
});

describe("a faulty configuration", () => {
  it("is told of in full, with place and remedy, whatever it comes from", () => {
    const toml = `# mine
boot = "slow"
colour = 1
[network]
apn = "x"
rssiDbm = 5
note = """
rssiDbm = 6 # no key
"""
  "roaming" = "yes"
[ sim ]
imsi = 1
`;
    const env = { BG96_BATTERY_PERCENT: "full", BG96_LOG_LEVEL: "loud" };
    const options = { lifetime: "0", server: "http://x" };
    expect(problems({ toml, env, options })).toEqual([
      'my.toml:2:1: boot cannot be "slow" (give one of instant, fast, realistic)',
      "my.toml:3:1: colour is no option (there are boot, efs, tty, usbmodem, uart1, tcp, nmea, qcli, pacing, reopenOnReset, rules, register, log, lwm2m, coap, dtls, identity, sim, network, dialect, firmware, battery)",
      "my.toml:5:1: network.apn is no option (did you mean network.apns?)",
      "my.toml:6:1: network.rssiDbm cannot be 5 (give a whole number from -113 to -51)",
      "my.toml:7:1: network.note is no option (there are apns, defaultApn, rejectCause, searchS, activationS, roaming, coverage, mcc, mnc, operatorLong, operatorShort, technology, rssiDbm, rsrpDbm, rsrqDb, sinrDb)",
      'my.toml:10:3: network.roaming cannot be "yes" (give true or false)',
      "my.toml:12:1: sim.imsi cannot be 1 (give 14 or 15 digits in quotes)",
      'BG96_BATTERY_PERCENT: battery.percent cannot be "full" (give a whole number from 0 to 100)',
      'BG96_LOG_LEVEL: log.level cannot be "loud" (give one of trace, debug, info, warn, error, silent)',
      '--server: lwm2m.server cannot be "http://x" (give coap://host:port or coaps://host:port)',
      "--lifetime: lwm2m.lifetimeS cannot be 0 (give 1 to 86400 seconds)",
    ]);
  });

  it("is told of in full when the server's key is part of it", () => {
    const toml = '[lwm2m]\npskIdentity = "me"\nserver = "http://x"\n[battery]\npercent = 101\n';
    expect(problems({ toml, options: { lifetime: "0" } })).toEqual([
      "my.toml:2:1: there is an identity without a key (give lwm2m.pskKeyHex (--psk-key) too)",
      'my.toml:3:1: lwm2m.server cannot be "http://x" (give coap://host:port or coaps://host:port)',
      "my.toml:5:1: battery.percent cannot be 101 (give a whole number from 0 to 100)",
      "--lifetime: lwm2m.lifetimeS cannot be 0 (give 1 to 86400 seconds)",
    ]);
    expect(problems({ options: { pskIdentity: "\n" } })).toEqual([
      expect.stringMatching(/^--psk-identity: lwm2m\.pskIdentity cannot be /),
      expect.stringMatching(/^--psk-identity: there is an identity without a key /),
    ]);
  });

  it("an empty endpoint is refused in the file as on the command line", () => {
    const why = 'lwm2m.endpoint cannot be "" (give 1 to 255 characters without quotes or control characters)';
    expect(problems({ toml: '[lwm2m]\nendpoint = ""' })).toEqual([`my.toml:2:1: ${why}`]);
    expect(problems({ options: { endpoint: "" } })).toEqual([`--endpoint: ${why}`]);
  });

  it("names what is wrong with a dialect", () => {
    expect(problems({ options: { dialect: "observeflag=never,observeFlag=no,epnsMode,=1" } })).toEqual([
      "--dialect: dialect.observeflag is no option (did you mean dialect.observeFlag?)",
      expect.stringMatching(/^--dialect: dialect\. is no option /),
      '--dialect: dialect.observeFlag cannot be "no" (give one of always, cancelOnly, never)',
      '--dialect: dialect.epnsMode cannot be "" (give true or false)',
    ]);
  });

  it.each(["5023", "host", "host:65536", "::1:5023", "[host]:5023", "a b:1", ":1"])(
    "%j is no address to listen on",
    (tcp) => {
      expect(problems({ options: { tcp } })).toEqual([
        `--tcp: tcp cannot be "${tcp}" (give host:port, e.g. 127.0.0.1:5023; port 0 = a free one)`,
      ]);
    },
  );

  it("is told of although a later source would win", () => {
    expect(problems({ toml: "boot = 1", env: { BG96_BOOT: "fast" } })).toHaveLength(1);
  });

  it.each([
    ["network = 5", "my.toml:1:1: network is no single value (write [network] and its keys below)"],
    ["network = { roaming = 5 }", "my.toml:1:1: network.roaming cannot be 5 (give true or false)"],
    ["network.apns = [1]", 'my.toml:1:1: network.apns cannot be [1] (give a list of APNs, e.g. ["iot.example.com"])'],
    ["boot = 1979-05-27", 'my.toml:1:1: boot cannot be "1979-05-27" (give one of instant, fast, realistic)'],
    ["__proto__ = 1\nboot = 2", "my.toml:1:1: __proto__ is no option (there are boot"],
    ['imei = "1"', "my.toml:1:1: imei is no option (did you mean identity.imei?)"],
    ["lifetime = nan", "my.toml:1:1: lifetime is no option (there are boot"],
    [
      "[coap]\nackTimeoutMs = 1.5",
      "my.toml:2:1: coap.ackTimeoutMs cannot be 1.5 (give a whole number from 1 to 600000)",
    ],
    [
      '[lwm2m]\nciphers = ["TLS_PSK_WITH_AES_128_CCM_8", "TLS_PSK_WITH_AES128_CBC_SHA256"]',
      'my.toml:2:1: lwm2m.ciphers cannot be ["TLS_PSK_WITH_AES_128_CCM_8","TLS_PSK_WITH_AES128_CBC_SHA256"] ("TLS_PSK_WITH_AES128_CBC_SHA256" is none: did you mean TLS_PSK_WITH_AES_128_CBC_SHA256?)',
    ],
    [
      '[lwm2m]\nciphers = ["PSK-AES128-CCM8"]',
      'my.toml:2:1: lwm2m.ciphers cannot be ["PSK-AES128-CCM8"] ("PSK-AES128-CCM8" is none: there are TLS_PSK_WITH_AES_128_CCM_8, ',
    ],
    ["[lwm2m]\nciphers = []", "my.toml:2:1: lwm2m.ciphers cannot be [] (give a list of TLS_PSK_WITH_AES_128_CCM_8"],
  ])("%j names its place", (toml, expected) => {
    expect(problems({ toml })[0]).toContain(expected);
  });

  it("is placed right behind lists and texts of several lines", () => {
    const toml = '[network]\napns = [ # ] "\n  "roaming", [\n"coverage"]\n]\ncoverage = 1\nroaming = 2';
    expect(problems({ toml }).map((problem) => problem.split(" ")[0])).toEqual([
      "my.toml:2:1:",
      "my.toml:6:1:",
      "my.toml:7:1:",
    ]);
  });

  it("that is no TOML is told of with line and column, next to the others", () => {
    expect(problems({ toml: 'boot = "fast"\n[log\nlevel = 1', env: { BG96_BOOT: "x" } })).toEqual([
      expect.stringMatching(/^my\.toml:2:5: .+ \(write TOML 1\.0 \(toml\.io\)\)$/),
      expect.stringMatching(/^BG96_BOOT: /),
    ]);
  });

  it("that cannot be read is told of with its name", () => {
    const file = join(temporaryDirectory(), "none.toml");
    const reading = () => loadConfig({ file, env: {}, options: {} });
    expect(reading).toThrow(
      `${file}: cannot be read: no such file or directory (name a file as \`bg96 init DIR\` writes it)`,
    );
  });
});

describe("identity and card", () => {
  it("the default IMEI has the BG96's type allocation code and a valid check digit", () => {
    expect(DEFAULTS.identity.imei).toMatch(/^86450803\d{7}$/);
    // the IMEI in the guide's figure 11, and the example of ISO/IEC 7812-1
    expect(luhnDigit("86450803001242")).toBe(8);
    expect(luhnDigit("7992739871")).toBe(3);
    expect(luhnDigit(DEFAULTS.sim.iccid.slice(0, -1))).toBe(Number(DEFAULTS.sim.iccid.at(-1)));
  });

  it.each([
    ["864508030000010", 'the check digit of 86450803000001 is 9: give "864508030000019"'],
    ["86450803000001", 'the check digit of 86450803000001 is 9: give "864508030000019"'],
    ["8645080300000190", "give 15 digits, the last one the check digit of the others, in quotes"],
    ["86450803000001x", "give 15 digits, the last one the check digit of the others, in quotes"],
  ])("the IMEI %s is refused, and the right one told", (imei, remedy) => {
    expect(problems({ toml: `[identity]\nimei = "${imei}"` })).toEqual([
      `my.toml:2:1: identity.imei cannot be "${imei}" (${remedy})`,
    ]);
  });

  it.each(["iccid", "imsi", "msisdn", "pin"])("the card's %s is digits", (key) => {
    expect(problems({ toml: `[sim]\n${key} = "12a4567890123456789"` })).toHaveLength(1);
    expect(problems({ toml: `[sim]\n${key} = "1"` })).toHaveLength(1);
  });
});

describe("server and key", () => {
  const [pskIdentity, pskKey] = ["id", "0011"];

  it.each([
    ["coap://h", {}],
    ["coap://h:5683/", {}],
    ["coaps://h", { pskIdentity, pskKey }],
    ["coaps://h", { efs: "tree" }],
  ])("%s goes with %j", (server, options) => {
    expect(problems({ options: { server, ...options } })).toEqual([]);
  });

  it.each([
    "h",
    "coap://",
    "coap://h:0",
    "coap://h:65536",
    "coap://h:x",
    "coap://h/path",
    "coap://a b",
    "coap://u@h",
    "coap://::1",
  ])("%s is no server", (server) => {
    expect(problems({ options: { server } })).toHaveLength(1);
  });

  it.each([
    [{ pskIdentity }, "--psk-identity: there is an identity without a key (give lwm2m.pskKeyHex (--psk-key) too)"],
    [{ pskKey }, "--psk-key: there is a key without an identity (give lwm2m.pskIdentity (--psk-identity) too)"],
    [
      { server: "coaps://h:5684" },
      "--server: coaps://h:5684 needs a PSK (give --psk-identity and --psk-key, or --efs with a PSK file)",
    ],
    [
      { server: "coap://h:5683", pskIdentity, pskKey },
      "--server: a PSK is given, but coap://h:5683 is without security (did you mean coaps://h:5684?)",
    ],
  ])("%j do not go together", (options, expected) => {
    expect(problems({ options })).toEqual([expected]);
  });

  it.each(["001", "0x00", "secret", ""])("the key %j is refused, and never shown", (key) => {
    expect(problems({ options: { pskIdentity, pskKey: key } })).toEqual([
      "--psk-key: lwm2m.pskKeyHex cannot be what is given (give 1 to 128 bytes in hexadecimal, two digits a byte)",
    ]);
  });
});

describe("config/bg96.toml", () => {
  const template = readFileSync(join(shipped, "bg96.toml"), "utf8");
  const uncommented = template.replace(/^#(?=[a-zA-Z])/gm, "");

  it("changes nothing as it is", () => {
    expect(load({ toml: template })).toEqual(DEFAULTS);
  });

  it("shows every option at its default, or an example that can be given where there is none", () => {
    const file = join(temporaryDirectory(), "my.toml");
    writeFileSync(file, uncommented);
    // the rule that the comments show
    writeFileSync(
      join(file, "../rules.toml"),
      template
        .match(/^# {3}.*$/gm)!
        .join("\n")
        .replaceAll(/^# +/gm, ""),
    );
    const { rules } = loadConfig({ file, env: {}, options: {} });
    expect(readUserRules(rules!, [])).toHaveLength(1);
    const inFile = parse(uncommented) as unknown as Config;
    for (const path of Object.keys(OPTIONS)) {
      const [fallback, shown] = [optionOf(DEFAULTS, path), optionOf(inFile, path)];
      expect(shown, path).toBeDefined();
      if (fallback !== undefined) expect(shown, path).toEqual(fallback);
    }
  });
});

describe("bg96 init", () => {
  it("lays down a configuration and the files it names", () => {
    const directory = join(temporaryDirectory(), "mine");
    const file = initDirectory(directory, shipped);
    expect(file).toBe(join(directory, "bg96.toml"));
    expect(loadConfig({ file, env: {}, options: {} })).toEqual({ ...DEFAULTS, efs: join(directory, "efs") });
    expect(existsSync(join(directory, "efs/datatx/bootstrap.ini"))).toBe(true);
    expect(existsSync(join(directory, "efs/datatx/lwm2m_app_autostart"))).toBe(false);
  });

  it("overwrites nothing, and names all that is in the way", () => {
    const directory = temporaryDirectory();
    initDirectory(directory, shipped);
    writeFileSync(join(directory, "bg96.toml"), "mine");
    const again = () => initDirectory(directory, shipped);
    expect(again).toThrow(ConfigError);
    expect(again).toThrow(/bg96\.toml: exists already.*\n.*efs: exists already/);
    expect(readFileSync(join(directory, "bg96.toml"), "utf8")).toBe("mine");
  });

  it("says when the directory cannot be made", () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    expect(() => initDirectory(join(file, "below"), shipped)).toThrow(
      `${join(file, "below", "bg96.toml")}: cannot be written: not a directory (name a directory that can be made and written)`,
    );
  });
});
