import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { editCarrierApnCfg, parseCarrierApnCfg } from "#efs/carrier-apn-cfg";
import { problemsOf } from "./problems.ts";

const parse = (text: string) => parseCarrierApnCfg(text, "carrier_apn_cfg").servers;
const problems = (text: string) => problemsOf(() => parse(text));
const edit = (text: string, shortServerId: number, changes: Parameters<typeof editCarrierApnCfg>[2]) =>
  editCarrierApnCfg(text, shortServerId, changes, "carrier_apn_cfg");

// BG96 LwM2M User Guide V1.1 §3.3.2, as printed
const GUIDE_SAMPLE = `/* Existing APN config */
APN_NAME=vzwadmin
APN_CLASS=2
SHORT_SERVER_ID1=102
; /* New APN config */
APN_NAME=vzwinternet
APN_CLASS=3
SHORT_SERVER_ID1=103
`;

describe("carrier_apn_cfg", () => {
  it("[BG-071][BG-072] the guide's sample gives two servers", () => {
    expect(parse(GUIDE_SAMPLE)).toEqual([
      { apn: "vzwadmin", apnClass: 2, shortServerId: 102, bootstrapIfRegistrationFails: 0 },
      { apn: "vzwinternet", apnClass: 3, shortServerId: 103, bootstrapIfRegistrationFails: 0 },
    ]);
  });

  it("[BG-067][BG-068] what a block leaves out is as in Table 3", () => {
    const defaults = { apn: "carrierAPN1", apnClass: 2, shortServerId: 102, bootstrapIfRegistrationFails: 0 };
    expect(parse("APN_CLASS=2")).toEqual([defaults]);
    expect(parse("BS_IF_REG_FAILS=1\nSHORT_SERVER_ID1=7\n")).toEqual([
      { ...defaults, bootstrapIfRegistrationFails: 1, shortServerId: 7 },
    ]);
  });

  it("a file of comments or of nothing names no server", () => {
    expect(parse("")).toEqual([]);
    expect(parse("/* none\n; yet */\n;\n")).toEqual([]);
  });

  it("[BG-072] a comment may stand anywhere and span lines", () => {
    expect(
      parse("\ufeff/* a\r\n b */ APN_NAME=x /* c */\r\n/* SHORT_SERVER_ID1=1 */ SHORT_SERVER_ID1 = 9\r\n"),
    ).toEqual([{ apn: "x", apnClass: 2, shortServerId: 9, bootstrapIfRegistrationFails: 0 }]);
    expect(problems("APN_NAME=a\n  /* open")).toEqual(["carrier_apn_cfg:2:3: the comment has no end"]);
  });

  it.each([
    ["APN_NAME=\n", '1:10: APN_NAME cannot be ""'],
    ["APN_CLASS=x", '1:11: APN_CLASS cannot be "x"'],
    ["/* c */\n SHORT_SERVER_ID1=0", '2:19: SHORT_SERVER_ID1 cannot be "0"'],
    ["SHORT_SERVER_ID1=65535", '1:18: SHORT_SERVER_ID1 cannot be "65535"'],
    ["BS_IF_REG_FAILS=2", '1:17: BS_IF_REG_FAILS cannot be "2"'],
    ["APN_CLASS=1\nAPN_CLASS=2", "2:1: APN_CLASS stands twice"],
    ["{\nAPN_NAME=a", '1:1: "{" is no KEY=value'],
    ["APN_NAME=a;\nAPN_CLASS=2;\n", "2:1: a block for server 102 stands above"],
  ])("%j is refused with its place", (text, expected) => {
    expect(problems(text)).toEqual([`carrier_apn_cfg:${expected}`]);
  });

  it("an unknown key is warned of", () => {
    const { warnings } = parseCarrierApnCfg("APN_NAM=a", "carrier_apn_cfg");
    expect(warnings.map(({ place }) => place)).toEqual(["carrier_apn_cfg:1:1"]);
  });

  it("the factory file gives server 102 an APN", () => {
    expect(parse(readFileSync(join(import.meta.dirname, "../../config/efs/datatx/carrier_apn_cfg"), "utf8"))).toEqual([
      { apn: "carrierAPN1", apnClass: 2, shortServerId: 102, bootstrapIfRegistrationFails: 0 },
    ]);
  });
});

describe("a carrier_apn_cfg beyond measure", () => {
  it("is refused for its length alone", () => {
    expect(problems("APN_CLASS=1;".repeat(20_000))).toEqual([
      "carrier_apn_cfg:1:1: the file is 240000 bytes long, 16384 is the most",
    ]);
    expect(parse("APN_CLASS=1".padEnd(16_384))).toHaveLength(1);
    expect(problemsOf(() => edit("".padEnd(16_385), 5, { apn: "a" }))).toHaveLength(1);
    expect(problemsOf(() => edit(" ".repeat(16_370).concat("APN_NAME=a"), 5, { apn: "a" }))).toHaveLength(1);
  });

  it.each(["xx\n", "APN_CLASS=1;", "/*", "/*/", "a\n;"])(
    "is answered with at most 100 problems: %j over and over",
    (piece) => {
      const count = problems(piece.repeat(16_384 / piece.length)).length;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(100);
    },
  );

  it("with more servers than a module can have is refused", () => {
    const blocks = Array.from({ length: 101 }, (_, index) => `SHORT_SERVER_ID1=${index + 1};`);
    expect(problems(blocks.join(""))).toHaveLength(1);
    expect(parse(blocks.slice(1).join(""))).toHaveLength(100);
  });
});

describe("a changed carrier_apn_cfg", () => {
  it("differs in the one server's values alone", () => {
    expect(edit(GUIDE_SAMPLE, 103, { apn: "other" })).toBe(GUIDE_SAMPLE.replace("vzwinternet", "other"));
  });

  it("gains the keys the block had not", () => {
    expect(edit(GUIDE_SAMPLE, 102, { bootstrapIfRegistrationFails: 1 })).toBe(
      GUIDE_SAMPLE.replace("SHORT_SERVER_ID1=102\n", "SHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n"),
    );
  });

  it.each([
    ["", 1],
    [GUIDE_SAMPLE, 3],
    [`${GUIDE_SAMPLE};`, 3],
    ["/* none yet */", 1],
    ["APN_NAME=a", 2],
  ])("gains a block for a server it had not: %j", (text, count) => {
    const changed = edit(text, 104, { apn: "new" });
    expect(changed.startsWith(text.trimEnd())).toBe(true);
    expect(parse(changed)).toHaveLength(count);
    expect(parse(changed).at(-1)).toEqual({
      apn: "new",
      apnClass: 2,
      shortServerId: 104,
      bootstrapIfRegistrationFails: 0,
    });
  });

  it("refuses what could not be read back", () => {
    expect(problemsOf(() => edit("", 102, { apn: "a\nb" }))).toHaveLength(1);
    expect(problemsOf(() => edit("", 102, { apn: "a;b" }))).toHaveLength(1);
    expect(problemsOf(() => edit("", 102, { apn: "a/*b" }))).toHaveLength(1);
    expect(problemsOf(() => edit("", 0, { apn: "a" }))).toHaveLength(1);
  });
});
