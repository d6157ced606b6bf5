import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ConfigProblem } from "#config";
import { readUserRules } from "#config/user-rules";
import { temporaryDirectory } from "../efs/temporary-directory.ts";

function read(toml: string) {
  const file = join(temporaryDirectory(), "my-rules.toml");
  writeFileSync(file, toml);
  const problems: ConfigProblem[] = [];
  const rules = readUserRules(file, problems);
  return {
    rules,
    told: problems.map(({ place, message, remedy }) => `${place.replace(/^.*\//, "")}: ${message} (${remedy})`),
  };
}

describe("a file of rules", () => {
  it("gives the rules in its order, with what they leave out", () => {
    const { rules, told } = read(`
[[rule]]
command = "AT+X"
[[rule]]
pattern = "AT\\\\+Y=(\\\\d+)"
answer = ["+Y: $1", ""]
result = "+CME ERROR: 10"
delayMs = 150.5
once = true
urcs = ["+YIND: $1"]
urcDelayMs = 5000
`);
    expect(told).toEqual([]);
    const silent = { answer: [], result: "OK", delayMs: 0, once: false, urcs: [], urcDelayMs: 0 };
    expect(rules).toEqual([
      { ...silent, command: "AT+X", pattern: undefined },
      {
        command: undefined,
        pattern: /^(?:AT\+Y=(\d+))$/i,
        answer: ["+Y: $1", ""],
        result: "+CME ERROR: 10",
        delayMs: 150.5,
        once: true,
        urcs: ["+YIND: $1"],
        urcDelayMs: 5000,
      },
    ]);
  });

  it("of nothing has none", () => {
    expect(read("# none yet\n")).toEqual({ rules: [], told: [] });
  });

  it("tells of every fault at its place, with a remedy", () => {
    const { told } = read(`[[rule]]
command = "AT+X"
anser = []
[[rule]]
answer = ["OK"]
[[rule]]
command = "AT+A"
pattern = "AT"
[[rule]]
command = "+X"
delayMs = -1
answer = "text"
once = 1
[[rule]]
pattern = "AT("
urcs = ["two\\nlines"]
result = 5
urcDelayMs = 86400001
[other]
x = 1
`);
    expect(told).toEqual([
      "my-rules.toml:3:1: anser is no part of a rule (did you mean answer?)",
      'my-rules.toml:4:1: a rule has either a command or a pattern (give one of them, e.g. command = "AT+X=1")',
      'my-rules.toml:7:1: a rule has either a command or a pattern (give one of them, e.g. command = "AT+X=1")',
      'my-rules.toml:10:1: command cannot be "+X" (give a command as it is typed, e.g. "AT+X=1")',
      "my-rules.toml:11:1: delayMs cannot be -1 (give milliseconds, 0 to a day)",
      'my-rules.toml:12:1: answer cannot be "text" (give a list of lines, e.g. ["+X: 1"])',
      "my-rules.toml:13:1: once cannot be 1 (give true or false)",
      expect.stringMatching(/^my-rules\.toml:15:1: pattern cannot be "AT\(" \(give a regular expression/),
      expect.stringMatching(/^my-rules\.toml:16:1: urcs cannot be /),
      expect.stringMatching(/^my-rules\.toml:17:1: result cannot be 5 /),
      expect.stringMatching(/^my-rules\.toml:18:1: urcDelayMs cannot be 86400001 /),
      "my-rules.toml:19:1: other is no list of rules (write [[rule]], and its keys below)",
    ]);
  });

  it("that is one table instead of a list says so", () => {
    expect(read('[rule]\ncommand = "AT"').told).toEqual([
      "my-rules.toml:1:1: rule is no list of rules (write [[rule]], and its keys below)",
    ]);
    expect(read("rule = [1]").told).toEqual([
      'my-rules.toml:1:1: a rule has either a command or a pattern (give one of them, e.g. command = "AT+X=1")',
    ]);
  });

  it("that is no TOML, is too long or is not there says so", () => {
    expect(read("[[rule]\n").told[0]).toMatch(/^my-rules\.toml:1:\d+: .+ \(write TOML 1\.0 \(toml\.io\)\)$/);
    expect(read("#".repeat(300_000)).told).toEqual([
      "my-rules.toml: cannot be read: longer than 256 KiB (name a file of [[rule]] tables)",
    ]);
    const problems: ConfigProblem[] = [];
    readUserRules("/nonexistent/rules.toml", problems);
    expect(problems).toMatchObject([
      { place: "/nonexistent/rules.toml", message: "cannot be read: no such file or directory" },
    ]);
  });
});
