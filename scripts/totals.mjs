// The closing line of a run of all suites, from the reports the suites left; exits 1 if a test failed or a suite left none.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const results = join(import.meta.dirname, "..", "test-results");
/** Those of the conformance cases alone hold what the others hold too. */
const isCounted = (name) => /^vitest-.*\.json$/.test(name) && !name.startsWith("vitest-ets");
const reports = existsSync(results) ? readdirSync(results).filter(isCounted) : [];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of reports) {
  const report = JSON.parse(readFileSync(join(results, name), "utf8"));
  sum.passed += report.numPassedTests;
  sum.failed += report.numFailedTests;
  sum.skipped += report.numPendingTests;
  // a file that could not be loaded has no tests to count
  sum.failed += report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
}
const missing = ["vitest-unit.json", "vitest-leshan.json"].filter((name) => !reports.includes(name));
for (const name of missing) console.log(`no report: ${name}`);
console.log(
  `${sum.passed} passed, ${sum.failed + missing.length} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`,
);
process.exit(sum.failed + missing.length > 0 ? 1 : 0);
