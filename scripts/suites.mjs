/** Runs of the suites, for the scripts that run several. No dependencies. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { exitCodeOf } from "./freshen.mjs";

/** @param args of `vitest run`; @returns its exit code */
export const runSuite = (...args) =>
  exitCodeOf(process.execPath, [join("node_modules", "vitest", "vitest.mjs"), "run", ...args]);

/** The suite on Leshan, or loud words why it cannot be; @returns 1 instead of them where BG96_REQUIRE_LESHAN is set */
export async function runLeshanSuite(...args) {
  const missing = ["java", "mvn"].filter((tool) => spawnSync(tool, ["-version"]).status !== 0);
  if (missing.length > 0) {
    console.error(`\nbg96: SKIPPED the suite on Leshan: ${missing.join(" and ")} not found (needs Java 17 and Maven)`);
    return process.env.BG96_REQUIRE_LESHAN ? 1 : 0;
  }
  console.error("\nbg96: the suite on Leshan");
  return runSuite("-c", "vitest.leshan.config.ts", ...args);
}
