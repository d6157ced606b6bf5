import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "#config";
import { type BootstrapEntry, formatBootstrapIni, parseBootstrapIni } from "#efs/bootstrap-ini";
import { problemsOf } from "./problems.ts";

const parse = (text: string) => parseBootstrapIni(text, "bootstrap.ini");
/** "/0/1/10 v 102" of each record. */
const brief = (text: string) =>
  parse(text).records.map(
    ({ path, kind, value }) => `/${Object.values(path).join("/")} ${kind} ${JSON.stringify(value)}`,
  );
const warnings = (text: string) => parse(text).warnings.map(({ place, message }) => `${place}: ${message}`);
const problems = (text: string) => problemsOf(() => parse(text));

// BG96 LwM2M User Guide V1.1 §6.1: Leshan without security, as printed
const GUIDE_NOSEC = `{ "bn": "/0/1/",
  "e": [
    { "n": "0", "sv": "coap://leshan.eclipse.org:5683" },
    { "n": "1", "bv": false },
    { "n": "2", "v": 3 },
    { "n": "10", "v": 102
  ] }
`;
// BG96 LwM2M User Guide V1.1 §6.1: Leshan with PSK, as printed
const GUIDE_PSK = `{ "bn": "/0/1/",
  "e": [
    { "n": "0", "sv": "coaps://leshan.eclipse.org:5684" },
    { "n": "1", "bv": false },
    { "n": "2", "v": 0 },
    { "n": "10", "v": 101
  ] }
`;

describe("bootstrap.ini", () => {
  it("[BG-054][BG-055][BG-058][BG-060][BG-061][BG-063] one sequence gives the paths and values of an instance", () => {
    const text = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://h:5683"},{"n":"1","bv":false},{"n":"10","v":102},{"n":"3","sv":"AQID"}]}`;
    expect(brief(text)).toEqual(['/0/1/0 sv "coap://h:5683"', "/0/1/1 bv false", "/0/1/10 v 102", '/0/1/3 sv "AQID"']);
    expect(parse(text).warnings).toEqual([]);
  });

  it("[BG-006][BG-046][BG-047] several sequences describe bootstrap server, servers and access control together", () => {
    const text = `
      {"bn":"/0/0/","e":[{"n":"0","sv":"coap://b:5783"},{"n":"1","bv":true}]}
      {"bn":"/0/1/","e":[{"n":"0","sv":"coap://s:5683"},{"n":"1","bv":false}]} {"bn":"/1/1/","e":[{"n":"0","v":102}]}
      {"bn":"/2/0/","e":[{"n":"0","v":3},{"n":"1","v":0},{"n":"2/102","v":15},{"n":"3","v":102}]}`;
    expect(brief(text).map((line) => line.split(" ")[0])).toEqual([
      "/0/0/0",
      "/0/0/1",
      "/0/1/0",
      "/0/1/1",
      "/1/1/0",
      "/2/0/0",
      "/2/0/1",
      "/2/0/2/102",
      "/2/0/3",
    ]);
  });

  it("[BG-055][BG-058] the base name may be absent, be the root, or be the whole path of the one entry", () => {
    expect(brief('{"e":[{"n":"/1/0/1","v":300}]}')).toEqual(["/1/0/1 v 300"]);
    expect(brief('{"bn":"/","e":[{"n":"1/0/1","v":300},{"n":"2/0/2/102","v":1}]}')).toEqual([
      "/1/0/1 v 300",
      "/2/0/2/102 v 1",
    ]);
    expect(brief('{"bn":"/1/0/1","e":[{"v":300}]}')).toEqual(["/1/0/1 v 300"]);
    expect(brief('{"e":[{"n":"1","v":300}],"bn":"/1/0/"}')).toEqual(["/1/0/1 v 300"]);
  });

  it("[BG-056][BG-059] times are optional and relative to the base time", () => {
    const times = (text: string) => parse(text).records.map(({ timeS }) => timeS);
    expect(times('{"bn":"/6/0/","bt":1000,"e":[{"n":"0","v":1,"t":-5},{"n":"0","v":2}]}')).toEqual([995, 1000]);
    expect(times('{"bn":"/6/0/","e":[{"n":"0","v":1,"t":7},{"n":"1","v":2}]}')).toEqual([7, undefined]);
  });

  it("[BG-060] numbers are whole or with a fraction", () => {
    expect(brief('{"bn":"/6/0/","e":[{"n":"0","v":-1.5e2},{"n":"1","v":0},{"n":"2","v":1751328000}]}')).toEqual([
      "/6/0/0 v -150",
      "/6/0/1 v 0",
      "/6/0/2 v 1751328000",
    ]);
  });

  it("[BG-062] an object link is kept as its text", () => {
    // the guide's own example, Table 2
    expect(brief('{"bn":"/9/0/","e":[{"n":"13","ov":"10:03"},{"n":"14","ov":"65535:65535"}]}')).toEqual([
      '/9/0/13 ov "10:03"',
      '/9/0/14 ov "65535:65535"',
    ]);
    expect(problems('{"bn":"/9/0/","e":[{"n":"13","ov":"/10/3"}]}')).toEqual([
      "bootstrap.ini:1:35: the value is no object link",
    ]);
  });

  it("says where each record stands", () => {
    const [, second] = parse('{"bn":"/1/0/","e":[\n  {"n":"0","v":1},\n  {"n":"1","v":300}\n]}').records;
    expect(second).toMatchObject({ line: 3, column: 3 });
  });

  it("reads a file of a Windows editor", () => {
    expect(brief('\ufeff{"bn":"/1/0/",\r\n"e":[\r\n{"n":"1","v":300}]}\r\n')).toEqual(["/1/0/1 v 300"]);
  });
});

describe("a bootstrap.ini with closing braces missing", () => {
  it("[BG-065] the guide's own samples are read, with a warning of the place", () => {
    for (const [sample, uri, mode, shortServerId] of [
      [GUIDE_NOSEC, "coap://leshan.eclipse.org:5683", 3, 102],
      [GUIDE_PSK, "coaps://leshan.eclipse.org:5684", 0, 101],
    ] as const) {
      expect(brief(sample)).toEqual([
        `/0/1/0 sv "${uri}"`,
        "/0/1/1 bv false",
        `/0/1/2 v ${mode}`,
        `/0/1/10 v ${shortServerId}`,
      ]);
      expect(warnings(sample)).toEqual(['bootstrap.ini:6:26: the closing "}" is missing at the end of the sequence']);
    }
  });

  it.each([
    ['{"bn":"/1/0/","e":[{"n":"0","v":1}]', ["1:36 }"]],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1}}', ["1:35 ]"]],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1', ["1:34 }", "1:34 ]", "1:34 }"]],
    ['{"bn":"/1/0/","e":[]\n{"bn":"/1/1/","e":[{"n":"0","v":1}]}', ["1:21 }"]],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1\n{"bn":"/1/1/","e":[]}', ["1:34 }", "1:34 ]", "1:34 }"]],
  ])("[BG-065] %j is read with warnings", (text, expected) => {
    expect(brief(text)).toHaveLength(1);
    const found = parse(text).warnings.map(({ place, remedy }) => `${place.slice(14)} ${remedy.slice(5, 6)}`);
    expect(found).toEqual(expected);
  });

  it.each([
    ['{"bn":"/1/0/","e":[{"n":"0","v":1, {"n":"1","v":1}]}', '1:36: expected a key in double quotes, found "{"'],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1 {"n":"1","v":1}]}', '1:35: expected "," or "}", found "{"'],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1} {"n":"1","v":1}]}', '1:36: expected "," or "]", found "{"'],
    ['{"bn":"/1/0/","e":[{"n":"0","v":1},]}', '1:36: expected "{", found "]"'],
  ])("[BG-065] braces missing elsewhere refuse the file: %j", (text, expected) => {
    expect(problems(text)).toEqual([`bootstrap.ini:${expected}`]);
  });
});

describe("a bootstrap.ini that is refused", () => {
  it.each([
    ['{"bn":"/1/0/"}', '1:1: the sequence has no "e"'],
    ["", "1:1: the file has no sequence"],
    ["  \n ", "1:1: the file has no sequence"],
  ])("[BG-057] %j has no resource array", (text, expected) => {
    expect(problems(text)).toEqual([`bootstrap.ini:${expected}`]);
  });

  it.each([
    ['{"n":"0"}', "1:20: the entry has no value"],
    ['{"n":"0","v":1,"sv":"1"}', "1:20: the entry has 2 values: v, sv"],
    ['{"n":"0","v":1,"v":2}', '1:35: "v" stands twice'],
  ])("[BG-064] the entry %s is an error", (entry, expected) => {
    expect(problems(`{"bn":"/1/0/","e":[${entry}]}`)).toEqual([`bootstrap.ini:${expected}`]);
  });

  it.each([
    ['{"n":"0","v":"1"}', '1:33: "v" must be a number, found a string'],
    ['{"n":"0","v":null}', '1:33: "v" must be a number, found null'],
    ['{"n":"6","bv":1}', '1:34: "bv" must be a boolean, found a number'],
    ['{"n":"7","sv":true}', '1:34: "sv" must be a string, found true or false'],
    ['{"n":0,"v":1}', '1:25: "n" must be a string, found a number'],
    ['{"n":"0","v":9007199254740993}', "1:33: the number cannot be kept exactly"],
    ['{"n":"0","v":1e999}', "1:33: the number cannot be kept exactly"],
    ['{"n":"0","w":1,"v":1}', "1:29: an unknown key stands here"],
    ['{"n":"x","v":1}', '1:25: "bn" and "n" make no path of a resource'],
    ['{"n":"65535","v":1}', '1:25: "bn" and "n" make no path of a resource'],
    ['{"n":"1/2/3","v":1}', '1:25: "bn" and "n" make no path of a resource'],
    ['{"n":"0","v":01}', "1:33: expected a value, found text that is no JSON"],
    ['{"n":"0","v":[1]}', '1:33: expected a value, found "["'],
    ['{"n":"0","bv":True}', "1:34: expected a value, found text that is no JSON"],
    ['{"n":"0","v":1},{"n":"0","v":2}', "1:36: the resource stands in line 1 too"],
  ])("names the place of the fault in %s", (entry, expected) => {
    expect(problems(`{"bn":"/1/0/","e":[${entry}]}`)).toEqual([`bootstrap.ini:${expected}`]);
  });

  it("asks for straight quotes, for closed strings, and for the slash of the base name", () => {
    const remedies = (text: string) => {
      try {
        parse(text);
      } catch (error) {
        return (error as ConfigError).problems.map(({ remedy }) => remedy);
      }
      return [];
    };
    expect(remedies("{“bn”:1}")).toEqual(['use the straight double quote "']);
    expect(remedies('{"bn":"/1/0/,\n"e":[]}')).toEqual(['close the string with "']);
    expect(remedies('{"bn":"/1/0","e":[{"n":"1","v":1}]}')[0]).toContain('"bn" ends with "/"');
  });

  it.each([
    ['{"n":"5","v":"U0VDUkVU"}', '"v" must be a number, found a string'],
    ['{"n":"5","sv":\'U0VDUkVU\'}', "expected a value, found text that is no JSON"],
    ['{"n":"5","sv":U0VDUkVU}', "expected a value, found text that is no JSON"],
    ['{"n":"5","sv":"U0VDUkVU}', "expected a value, found text that is no JSON"],
    ['{"n":"5","sv" "U0VDUkVU"}', 'expected ":", found a string'],
    ['{"n":"5","U0VDUkVU":"sv"}', "an unknown key stands here"],
    ['{"n":"5","sv":"a" "U0VDUkVU"}', 'expected "," or "}", found a string'],
    ['{"n":"5","ov":"U0VDUkVU"}', "the value is no object link"],
    ['{"n":"U0VDUkVU","sv":"5"}', '"bn" and "n" make no path of a resource'],
  ])("repeats no value in what it says of %s: it may be a key", (entry, expected) => {
    const texts = (secret: string) => {
      try {
        parse(`{"bn":"/0/0/","e":[${entry.replace("U0VDUkVU", secret)}]}`);
      } catch (error) {
        const { message, problems: all } = error as ConfigError;
        return [message, ...all.flatMap((each) => [each.message, each.remedy])];
      }
      return [];
    };
    expect(texts("U0VDUkVU")).toContain(expected);
    expect(texts("U0VDUkVU").join()).not.toContain("U0VD");
    expect(texts("001122334455").join()).not.toContain("001122");
  });

  it("names a key that stands where it does not belong", () => {
    expect(problems('{"bn":"/1/0/","e":[{"bn":"/1/","n":"1","v":1}]}')).toEqual([
      'bootstrap.ini:1:21: "bn" is no key here',
    ]);
  });

  it("lists the problems of all sequences, in order", () => {
    const text =
      '{"bn":"/1/0","e":[{"n":"1","v":1}]}\n{"bn" "/1/1/","e":[]}\n{"bn":"/1/2/","bt":"x","e":[{"n":"1"}]}\n]';
    expect(problems(text)).toEqual([
      'bootstrap.ini:1:24: "bn" and "n" make no path of a resource',
      'bootstrap.ini:2:7: expected ":", found a string',
      'bootstrap.ini:3:20: "bt" must be a number, found a string',
      "bootstrap.ini:3:29: the entry has no value",
      'bootstrap.ini:4:1: expected "{", found "]"',
    ]);
  });

  it("answers any text with records or with problems", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"bn"',
      '"e"',
      '"n"',
      '"v"',
      '"/0/1/"',
      '"1"',
      "1",
      "true",
      "\n",
      "\u2028",
      "x",
      '"',
      "\\",
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((some) => some.join("")),
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
          }
        },
      ),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("does not overflow on deep nesting", () => {
    expect(problems("[".repeat(60_000)).length).toBeGreaterThan(0);
    expect(problems('{"e":'.repeat(2_000)).length).toBeGreaterThan(0);
  });
});

describe("a bootstrap.ini beyond measure", () => {
  it("is refused for its length alone", () => {
    for (const piece of ["{", '{"e":[]}', "é\n"]) {
      const text = piece.repeat(65_537);
      expect(problems(text)).toEqual([
        `bootstrap.ini:1:1: the file is ${Buffer.byteLength(text)} bytes long, 65536 is the most`,
      ]);
    }
    const longest = '{"bn":"/1/0/","e":[{"n":"0","v":1}]}';
    expect(parse(longest.padEnd(65_536)).records).toHaveLength(1);
    expect(problems(longest.padEnd(65_537))).toHaveLength(1);
  });

  it.each(["{", "[{", '{"e":{', '{"e":[]]', '{"bn":', '{"e":[{}]}', '{"e":[{"n":"1', '{"":1,', '"', "1 ", "x\n"])(
    "is answered with at most 100 problems: %j over and over",
    (piece) => {
      const count = problems(piece.repeat(65_536 / piece.length)).length;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(100);
    },
  );
});

describe("a written bootstrap.ini", () => {
  const entries: readonly BootstrapEntry[] = [
    { path: { objectId: 0, instanceId: 1, resourceId: 0 }, kind: "sv", value: 'coap://a"b\n:5683' },
    { path: { objectId: 2, instanceId: 0, resourceId: 2, resourceInstanceId: 102 }, kind: "v", value: 15 },
    { path: { objectId: 0, instanceId: 1, resourceId: 1 }, kind: "bv", value: false },
    { path: { objectId: 9, instanceId: 0, resourceId: 13 }, kind: "ov", value: "10:3", timeS: 5 },
  ];

  it("is read back as it was given, grouped by instance", () => {
    const text = formatBootstrapIni(entries);
    const { records, warnings: none } = parse(text);
    expect(none).toEqual([]);
    expect(records.map(({ line, column, ...entry }) => entry)).toEqual([
      entries[0],
      entries[2],
      entries[1],
      entries[3],
    ]);
  });

  it("is valid JSON, sequence by sequence", () => {
    const sequences = formatBootstrapIni(entries).split(/(?<=\]\s\}\n)/);
    expect(sequences.map((sequence) => JSON.parse(sequence).bn)).toEqual(["/0/1/", "/2/0/", "/9/0/"]);
  });

  it("the factory file stands as it would be written", () => {
    const file = join(import.meta.dirname, "../../config/efs/datatx/bootstrap.ini");
    const text = readFileSync(file, "utf8");
    expect(formatBootstrapIni(parse(text).records)).toBe(text);
  });
});

describe("the factory bootstrap.ini", () => {
  it("holds a bootstrap server and one server with the values the guide shows", () => {
    const text = readFileSync(join(import.meta.dirname, "../../config/efs/datatx/bootstrap.ini"), "utf8");
    expect(brief(text)).toEqual([
      '/0/0/0 sv "coap://127.0.0.1:5783"',
      "/0/0/1 bv true",
      "/0/0/2 v 3",
      "/0/0/10 v 100",
      "/0/0/11 v 0",
      '/0/1/0 sv "coap://127.0.0.1:5683"',
      "/0/1/1 bv false",
      "/0/1/2 v 3",
      "/0/1/10 v 102",
      "/1/1/0 v 102",
      "/1/1/1 v 300",
      "/1/1/2 v 1",
      "/1/1/3 v 60",
      "/1/1/5 v 86400",
      "/1/1/6 bv true",
      '/1/1/7 sv "U"',
    ]);
  });
});
