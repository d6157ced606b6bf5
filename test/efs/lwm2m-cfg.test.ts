import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { editLwm2mCfg, type Lwm2mCfg, parseLwm2mCfg } from "#efs/lwm2m-cfg";
import { problemsOf } from "./problems.ts";

const parse = (text: string) => parseLwm2mCfg(text, "lwm2m_cfg").cfg;
const problems = (text: string) => problemsOf(() => parse(text));
const edit = (text: string, changes: Partial<Lwm2mCfg>) => editLwm2mCfg(text, changes, "lwm2m_cfg");

// BG96 LwM2M User Guide V1.1 §3.3.3, "a typical content", as printed
const GUIDE_SAMPLE = `{
APN=carrier_apn;
RETRY_TIMEOUT=30;
RETRY_EXPONENT_VAL=2;
MAX_RETRY_TIMEOUT=640;
MAX_NO_RETRIES=5;
ACK_TIMEOUT=30;
REG_RETRY_TIMEOUT=60;
REG_RETRY_EXPONENT=2;
REG_RETRY_MAXTIMEOUT=480;
ROAMING_FEAT=1;
PER_REGSTATUS_FEAT=0;
BATTERY_LEVEL_THRESHOLD=20;
REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS=5;
CARRIER_TYPE=0;
REG_EP_NAME=4;
BOOTSTRAP_EP_NAME=7;
BOOT_UP_SLEEP_TIME=10;
}
`;

// requirement, key, field, default of Table 4, another value it takes, one it does not
const TABLE_4 = [
  ["BG-074", "RETRY_TIMEOUT", "retryTimeoutS", 30, 45, "-1"],
  ["BG-075", "RETRY_EXPONENT_VAL", "retryExponent", 2, 3, "0"],
  ["BG-076", "MAX_RETRY_TIMEOUT", "maxRetryTimeoutS", 640, 100, "1.5"],
  ["BG-077", "MAX_NO_RETRIES", "maxRetries", 5, 0, "many"],
  ["BG-078", "ACK_TIMEOUT", "ackTimeoutS", 60, 30, "99999999999"],
  ["BG-079", "REG_RETRY_TIMEOUT", "registrationRetryTimeoutS", 60, 10, ""],
  ["BG-080", "REG_RETRY_EXPONENT", "registrationRetryExponent", 2, 1, "2x"],
  ["BG-081", "REG_RETRY_MAXTIMEOUT", "registrationRetryMaxTimeoutS", 480, 60, "0x10"],
  ["BG-082", "ROAMING_FEAT", "roamingFeature", 1, 0, "2"],
  ["BG-083", "PER_REGSTATUS_FEAT", "keepRegistration", 0, 1, "true"],
  ["BG-084", "BATTERY_LEVEL_THRESHOLD", "batteryLowPercent", 20, 100, "101"],
  ["BG-085", "CARRIER_TYPE", "carrierType", 0, 1, "2"],
  ["BG-086", "REBOOTSTRAP_REG_FAILS_MAX_NO_ATTEMPTS", "maxRebootstraps", 0, 5, "-5"],
  ["BG-087", "REG_EP_NAME", "registrationEndpointForm", 4, 7, "5"],
  ["BG-088", "BOOTSTRAP_EP_NAME", "bootstrapEndpointForm", 7, 4, "0"],
  ["BG-089", "BOOT_UP_SLEEP_TIME", "bootUpSleepS", 5, 10, "1e3"],
  ["BG-090", "GPS_MIN_INTERVAL", "gpsMinIntervalMs", 3000, 1000, "3 s"],
  ["BG-091", "GPS_MIN_DISTANCE", "gpsMinDistanceM", 1, 50, "1 m"],
] as const;

describe("lwm2m_cfg", () => {
  it.each(TABLE_4)("[%s] %s is read into %s and is %d when missing", (_id, key, field, missing, other) => {
    expect(parse("{}")[field]).toBe(missing);
    expect(parse(`{\n${key}=${other};\n}`)[field]).toBe(other);
  });

  it("[BG-073] APN is none when missing or empty", () => {
    expect(parse("{}").apn).toBeUndefined();
    expect(parse("{APN=;}").apn).toBeUndefined();
    expect(parse("{APN=iot.example.com;}").apn).toBe("iot.example.com");
  });

  it.each(TABLE_4)(
    "[%s] %s with a value it cannot have is refused with place and remedy",
    (_id, key, _field, _missing, _other, bad) => {
      expect(problems(`{\n  ${key}=${bad};\n}`)).toEqual([
        `lwm2m_cfg:2:${key.length + 4}: ${key} cannot be "${bad.trim()}"`,
      ]);
    },
  );

  it("[BG-050][BG-092] the guide's sample is read, and is what the module is shipped with", () => {
    const cfg = parse(GUIDE_SAMPLE);
    expect(cfg).toMatchObject({ apn: "carrier_apn", ackTimeoutS: 30, maxRebootstraps: 5, bootUpSleepS: 10 });
    expect(parseLwm2mCfg(GUIDE_SAMPLE, "lwm2m_cfg").warnings).toEqual([]);
    expect(readFileSync(join(import.meta.dirname, "../../config/efs/datatx/lwm2m_cfg"), "utf8")).toBe(GUIDE_SAMPLE);
  });

  it("[BG-092] blanks, Windows line ends and one line for all are read alike", () => {
    expect(parse("\ufeff {\r\n  APN = a ;\r\n\r\n RETRY_TIMEOUT =7;\r\n}\r\n")).toMatchObject({
      apn: "a",
      retryTimeoutS: 7,
    });
    expect(parse("{APN=a;RETRY_TIMEOUT=7;;}")).toMatchObject({ apn: "a", retryTimeoutS: 7 });
  });

  it("[BG-083] the keeping of registrations may be spelled FER_ or PER_, and PER_ wins", () => {
    expect(parse("{FER_REGSTATUS_FEAT=1;}").keepRegistration).toBe(1);
    expect(parse("{PER_REGSTATUS_FEAT=0;FER_REGSTATUS_FEAT=1;}").keepRegistration).toBe(0);
    expect(parse("{FER_REGSTATUS_FEAT=0;PER_REGSTATUS_FEAT=1;}").keepRegistration).toBe(1);
  });

  it("an unknown key is warned of", () => {
    const { warnings } = parseLwm2mCfg("{\nRETRY_TIMOUT=3;\n}", "lwm2m_cfg");
    expect(warnings.map(({ place, message }) => `${place}: ${message}`)).toEqual([
      "lwm2m_cfg:2:1: RETRY_TIMOUT is no known key: it is kept but not used",
    ]);
  });

  it.each([
    ["", ['1:1: the opening "{" is missing', '1:1: the closing "}" is missing']],
    ["APN=a;", ['1:1: the opening "{" is missing', '1:7: the closing "}" is missing']],
    ["{\nAPN=a;\n", ['2:7: the closing "}" is missing']],
    ["{\nAPN=a\nRETRY_TIMEOUT=x;\n}", ['2:6: the ";" is missing', '3:15: RETRY_TIMEOUT cannot be "x"']],
    ["{\nAPN=a;\nRETRY_TIMEOUT=3\n}", ['3:16: the ";" is missing']],
    ["{\nhello;\nAPN=a;\n}", ['2:1: "hello" is no KEY=value;']],
    ["{\n/* why */\nAPN=a;\n}", ['2:1: "/* why */" is no KEY=value;']],
    ["{\nAPN=a;\nAPN=b;\n}", ["3:1: APN stands twice"]],
    ["{\nAPN=a b;\n}", ['2:5: APN cannot be "a b"']],
    ["{\nAPN=ä;\n}", ['2:5: APN cannot be "ä"']],
  ])("[BG-092] %j is refused with every problem at its place", (text, expected) => {
    expect(problems(text)).toEqual(expected.map((each) => `lwm2m_cfg:${each}`));
  });
});

describe("a lwm2m_cfg beyond measure", () => {
  it("is refused for its length alone", () => {
    const text = `{${"xx\n".repeat(20_000)}}`;
    expect(problems(text)).toEqual(["lwm2m_cfg:1:1: the file is 60002 bytes long, 16384 is the most"]);
    expect(parse("{APN=a;}".padEnd(16_384)).apn).toBe("a");
    expect(problems("{APN=a;}".padEnd(16_385))).toHaveLength(1);
    expect(problemsOf(() => edit(text, { apn: "a" }))).toHaveLength(1);
    expect(problemsOf(() => edit("{}".padEnd(16_380), { apn: "a" }))).toHaveLength(1);
  });

  it.each(["xx\n", "a=1;", "APN=b\n", "a= ;", "APN\n", "a  ", "="])(
    "is answered with at most 100 problems: %j over and over",
    (piece) => {
      const count = problems(`{${piece.repeat(Math.floor(16_380 / piece.length))}}`).length;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(100);
    },
  );

  it("of blanks within a value is read once", () => {
    expect(problems(`{APN=a${" ".repeat(16_000)}b;}`)).toHaveLength(1);
  });
});

describe("a changed lwm2m_cfg", () => {
  it("differs in the changed values alone", () => {
    const text = "{\r\n  APN = a ;\r\nX_VENDOR=1;\r\nREG_EP_NAME=4;\r\n}\r\n";
    expect(edit(text, { apn: "b.c", registrationEndpointForm: 7 })).toBe(
      "{\r\n  APN = b.c ;\r\nX_VENDOR=1;\r\nREG_EP_NAME=7;\r\n}\r\n",
    );
  });

  it("gains the keys it had not, before the closing brace", () => {
    expect(edit("{\nAPN=a;\n}\n", { bootUpSleepS: 0, keepRegistration: 1 })).toBe(
      "{\nAPN=a;\nBOOT_UP_SLEEP_TIME=0;\nPER_REGSTATUS_FEAT=1;\n}\n",
    );
    expect(edit("", { apn: "a" })).toBe("{\nAPN=a;\n}\n");
  });

  it("says PER_ even where it read FER_", () => {
    const text = edit("{\nFER_REGSTATUS_FEAT=1;\n}", { keepRegistration: 0 });
    expect(text).toBe("{\nFER_REGSTATUS_FEAT=1;\nPER_REGSTATUS_FEAT=0;\n}");
    expect(parse(text).keepRegistration).toBe(0);
  });

  it("refuses what could not be read back", () => {
    expect(problemsOf(() => edit("{}", { apn: "a;APN=b" }))).toEqual(['lwm2m_cfg APN: APN cannot be "a;APN=b"']);
    expect(problemsOf(() => edit("{}", { apn: "" }))).toEqual(['lwm2m_cfg APN: APN cannot be ""']);
    expect(problemsOf(() => edit("{}", { bootUpSleepS: 1.5 }))).toHaveLength(1);
    expect(problemsOf(() => edit("APN=a;", { apn: "b" }))).toHaveLength(2);
  });
});
