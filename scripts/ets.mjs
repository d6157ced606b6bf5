/** `npm run test:ets`: the conformance cases on a raw peer and on Leshan, then the matrix of both. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, freshen, ROOT } from "./freshen.mjs";
import { runLeshanSuite, runSuite } from "./suites.mjs";

const RAW = join("test-results", "vitest-ets.json");
const LESHAN = join("test-results", "vitest-ets-leshan.json");

await freshen();
for (const report of [RAW, LESHAN]) rmSync(join(ROOT, report), { force: true });
await runSuite("-c", "vitest.ets.config.ts");
// all but the suite that has no cases in it
const onLeshan = await runLeshanSuite("--exclude", "test/leshan/leshan.test.ts", `--outputFile.json=${LESHAN}`);
const reports = existsSync(join(ROOT, LESHAN)) ? [RAW, LESHAN] : [RAW];
const matrix = await exitCodeOf(process.execPath, [join("scripts", "ets-matrix.mjs"), ...reports]);
process.exit(matrix || onLeshan);
