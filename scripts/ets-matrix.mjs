// The conformance cases, each with what became of it: the ids that test titles begin with, held against the case list.
// Reads test-results/vitest-ets.json, writes test-results/ets.json, prints the matrix.
// Exit 1 if a case failed, an id is unknown, or (with --complete) a case is open.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const REPORT = "test-results/vitest-ets.json";
if (!existsSync(join(root, REPORT))) {
  console.error("no report: run `npx vitest run -c vitest.ets.config.ts` first");
  process.exit(1);
}
/** Those a client of LwM2M 1.0 can be held to: all a BG96 must pass, and the others of 1.0. */
const cases = readJson("test/support/conformance.json").filter(({ bg96, lwm2m }) => bg96 || lwm2m === "1.0");
const reasons = new Map(Object.entries(readJson("test/ets/does-not-apply.json")));
const known = new Set(cases.map(({ id }) => id));
const problems = [...reasons.keys()]
  .filter((id) => !known.has(id))
  .map((id) => `does-not-apply.json: unknown id ${id}`);

/** A title begins with the id of its case, or with those of several. */
function idsOf(title) {
  const ids = [];
  for (const word of title.split(" ")) {
    if (!known.has(word)) break;
    ids.push(word);
  }
  return ids;
}

const passed = new Set();
const failures = new Map();
for (const file of readJson(REPORT).testResults) {
  if (file.assertionResults.length === 0) problems.push(`${file.name}: has no results`);
  for (const test of file.assertionResults) {
    const ids = idsOf(test.title);
    if (ids.length === 0) problems.push(`no case: "${test.title}"`);
    for (const id of ids) {
      if (test.status === "passed") passed.add(id);
      else failures.set(id, `${test.status}: ${test.title}`);
    }
  }
}
for (const id of passed) if (reasons.has(id)) problems.push(`${id}: passes, though it is said not to apply`);

const results = cases.map(({ id }) => {
  if (failures.has(id)) return { id, result: "failed", reason: failures.get(id) };
  if (passed.has(id)) return { id, result: "passed", reason: "" };
  if (reasons.has(id)) return { id, result: "n/a", reason: reasons.get(id) };
  return { id, result: "open", reason: "no test yet" };
});
writeFileSync(join(root, "test-results/ets.json"), `${JSON.stringify(results, undefined, 2)}\n`);

const KINDS = ["passed", "failed", "n/a", "open"];
const rows = results.map((each, index) => ({ ...each, ...cases[index], result: each.result, reason: each.reason }));
for (const { id, result, title, reason } of rows) {
  const what = result === "passed" || result === "open" ? title : `${title}: ${reason}`;
  console.log(`${result.padEnd(7)} ${id.padEnd(30)} ${what}`);
}
const line = (name, of) =>
  `${name.padEnd(14)}${KINDS.map((kind) => String(of.filter(({ result }) => result === kind).length).padStart(8)).join("")}`;
console.log(`\n${"".padEnd(14)}${KINDS.map((kind) => kind.padStart(8)).join("")}`);
for (const area of [...new Set(cases.map((each) => each.area))])
  console.log(
    line(
      area,
      rows.filter((row) => row.area === area),
    ),
  );
console.log(line("all", rows));
console.log(
  line(
    "  BG96 must",
    rows.filter(({ bg96 }) => bg96),
  ),
);
for (const problem of problems) console.error(problem);
const isOpen = process.argv.includes("--complete") && results.some(({ result }) => result === "open");
process.exit(failures.size > 0 || problems.length > 0 || isOpen ? 1 : 0);
