// Which requirements are proven: the ids in the titles of tests that ran and passed, held against test/support/requirements.json.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const results = join(root, "test-results");
const requirements = JSON.parse(readFileSync(join(root, "test/support/requirements.json"), "utf8"));
const known = new Map(requirements.map((each) => [each.id, each]));

const proven = new Map();
const unknown = new Set();
const failed = new Set();
const reports = existsSync(results) ? readdirSync(results).filter((name) => /^vitest-.*\.json$/.test(name)) : [];
if (reports.length === 0) {
  console.error("no test results: run `npm test` first (and `npm run test:leshan` where Java and Maven are)");
  process.exit(1);
}
for (const name of reports) {
  const report = JSON.parse(readFileSync(join(results, name), "utf8"));
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      const title = [...test.ancestorTitles, test.title].join(" ");
      for (const [, id] of title.matchAll(/\[([A-Z]{2}-\d{3})\]/g)) {
        if (!known.has(id)) unknown.add(`${id} in "${test.title}"`);
        else if (test.status === "passed") proven.set(id, (proven.get(id) ?? 0) + 1);
        else if (test.status === "failed") failed.add(id);
      }
    }
  }
}
for (const id of failed) proven.delete(id);

const documents = new Map();
for (const each of requirements) {
  const rows = documents.get(each.seed) ?? [];
  documents.set(each.seed, [...rows, each]);
}
console.log(`from ${reports.join(", ")}`);
for (const [seed, rows] of documents) {
  const done = rows.filter((each) => proven.has(each.id)).length;
  console.log(`${seed}: ${done} of ${rows.length} proven`);
}
const only = process.argv[2];
for (const [seed, rows] of documents) {
  const open = rows.filter((each) => !proven.has(each.id) && (!only || each.id.startsWith(only)));
  if (open.length === 0) continue;
  console.log(`\nnot proven, ${seed}:`);
  for (const each of open) console.log(`  ${each.id} (${each.kind}) ${each.requirement}`);
}
if (unknown.size > 0) {
  console.error(`\nids that no document has:\n  ${[...unknown].join("\n  ")}`);
  process.exit(1);
}
