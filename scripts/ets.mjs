/** `npm run test:ets`: the conformance cases on a raw peer and on Leshan, then the matrix of both. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, freshen, ROOT } from "./freshen.mjs";
import { runLeshanSuite, runSuite } from "./suites.mjs";

const REPORTS = ["vitest-ets.json", "vitest-ets-leshan.json"].map((name) => join("test-results", name));

await freshen();
for (const report of REPORTS) rmSync(join(ROOT, report), { force: true });
await runSuite("-c", "vitest.ets.config.ts");
// all but the suite that has no cases in it
const onLeshan = await runLeshanSuite("--exclude", "test/leshan/leshan.test.ts", `--outputFile.json=${REPORTS[1]}`);
const matrix = await exitCodeOf(process.execPath, [join("scripts", "ets-matrix.mjs"), ...REPORTS]);
process.exit(matrix || onLeshan);
