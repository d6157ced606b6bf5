/** `npm test`: installs and builds what is missing, then runs the suites; the one on Leshan where Java and Maven are. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, freshen, ROOT } from "./freshen.mjs";

await freshen();
const vitest = [join("node_modules", "vitest", "vitest.mjs"), "run"];
const unit = await exitCodeOf(process.execPath, [...vitest, ...process.argv.slice(2)]);

const missing = ["java", "mvn"].filter((tool) => spawnSync(tool, ["-version"]).status !== 0);
let leshan = 0;
if (process.argv.length > 2)
  console.error("\nbg96: the suite on Leshan runs with npm run test:leshan; arguments were given for the unit suite");
else if (!existsSync(join(ROOT, "test", "leshan")))
  console.error("\nbg96: SKIPPED the suite on Leshan: test/leshan is not there");
else if (missing.length > 0) {
  console.error(`\nbg96: SKIPPED the suite on Leshan: ${missing.join(" and ")} not found (needs Java 17 and Maven)`);
  if (process.env.BG96_REQUIRE_LESHAN) leshan = 1;
} else {
  console.error("\nbg96: the suite on Leshan");
  leshan = await exitCodeOf(process.execPath, [...vitest, "-c", "vitest.leshan.config.ts"]);
}
process.exit(unit || leshan);
