// The conformance cases, each with what became of it: the ids that test titles begin with, held against the case list.
// usage: ets-matrix.mjs [REPORT...]     (of vitest; the reports of `npm test` when none is named)
// Writes test-results/ets.json, prints the matrix. "on" says who played the server: a raw CoAP peer, or a Leshan.
// Exit 1 if a case failed, an id is unknown, a report is missing, or a case is open.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const named = process.argv.slice(2);
const reports = named.length > 0 ? named : ["test-results/vitest-unit.json", "test-results/vitest-leshan.json"];
/** Those a client of LwM2M 1.0 can be held to: all a BG96 must pass, and the others of 1.0. */
const cases = readJson("test/support/conformance.json").filter(({ bg96, lwm2m }) => bg96 || lwm2m === "1.0");
const reasons = new Map(Object.entries(readJson("test/ets/does-not-apply.json")));
const known = new Set(cases.map(({ id }) => id));
const problems = [...reasons.keys()]
  .filter((id) => !known.has(id))
  .map((id) => `does-not-apply.json: unknown id ${id}`);

/** A title begins with the id of its case, or with those of several. */
function idsOf(title) {
  const words = title.split(" ");
  const end = words.findIndex((word) => !known.has(word));
  return end < 0 ? words : words.slice(0, end);
}

/** Versions of Leshan as the blocks around a test name them. */
function placesOf({ ancestorTitles }) {
  const block = ancestorTitles.find((title) => title.startsWith("Leshan "));
  return block?.match(/\d+\.\d+\.\d+(-M\d+)?/g) ?? ["raw"];
}

/** Where each case has passed, by id. */
const passed = new Map();
const failures = new Map();
const skipped = new Map();
for (const report of reports) {
  if (!existsSync(join(root, report))) {
    problems.push(`no report: ${report}`);
    continue;
  }
  for (const file of readJson(report).testResults) {
    const isOfCases = /\/test\/(ets\/|leshan\/ets)/.test(file.name);
    if (!isOfCases && !file.name.includes("/test/leshan/")) continue;
    if (file.assertionResults.length === 0) problems.push(`${file.name}: has no results`);
    for (const test of file.assertionResults) {
      const ids = idsOf(test.title);
      if (isOfCases && ids.length === 0) problems.push(`no case: "${test.title}"`);
      for (const id of ids) {
        if (test.status === "passed") passed.set(id, new Set([...(passed.get(id) ?? []), ...placesOf(test)]));
        else if (test.status === "failed") failures.set(id, `${placesOf(test).join(", ")}: ${test.title}`);
        else skipped.set(id, `${test.status}: ${test.title}`);
      }
    }
  }
}
for (const id of passed.keys()) if (reasons.has(id)) problems.push(`${id}: passes, though it is said not to apply`);

const results = cases.map(({ id }) => {
  const on = [...(passed.get(id) ?? [])];
  if (failures.has(id)) return { id, result: "failed", reason: failures.get(id), on };
  if (on.length > 0) return { id, result: "passed", reason: "", on };
  if (reasons.has(id)) return { id, result: "n/a", reason: reasons.get(id), on };
  return { id, result: "open", reason: skipped.get(id) ?? "no test yet", on };
});
writeFileSync(join(root, "test-results/ets.json"), `${JSON.stringify(results, undefined, 2)}\n`);

const rows = results.map((each, index) => ({ ...cases[index], ...each }));
const PLACES = ["raw", "2.0.0-M18", "1.5.0"];
const where = ({ on }) => PLACES.map((place) => (on.includes(place) ? place : "").padEnd(place.length)).join(" ");
console.log(`${"".padEnd(7)} ${"".padEnd(30)} on`);
for (const row of rows) {
  const { id, result, title, reason } = row;
  console.log(`${result.padEnd(7)} ${id.padEnd(30)} ${where(row)} ${title}${reason === "" ? "" : `: ${reason}`}`);
}

const KINDS = ["passed", "failed", "n/a", "open"];
const line = (name, of) => {
  const counts = KINDS.map((kind) => of.filter(({ result }) => result === kind).length);
  const places = PLACES.map((place) => of.filter(({ on }) => on.includes(place)).length);
  return `${name.padEnd(14)}${[...counts, ...places].map((count) => String(count).padStart(11)).join("")}`;
};
console.log(`\n${"".padEnd(14)}${[...KINDS, ...PLACES].map((name) => name.padStart(11)).join("")}`);
for (const area of new Set(cases.map((each) => each.area)))
  console.log(
    line(
      area,
      rows.filter((row) => row.area === area),
    ),
  );
const all = {
  all: rows,
  "  OMA ETS 1.0": rows.filter(({ id }) => id.startsWith("LightweightM2M-1.0-int-")),
  "  BG96 must": rows.filter(({ bg96 }) => bg96),
};
for (const [name, of] of Object.entries(all)) console.log(line(name, of));
for (const problem of problems) console.error(problem);
const isOpen = results.some(({ result }) => result === "open");
process.exit(failures.size > 0 || problems.length > 0 || isOpen ? 1 : 0);
