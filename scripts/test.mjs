/** `npm test`: installs and builds what is missing, then runs the suites; the one on Leshan where Java and Maven are. */
import { freshen } from "./freshen.mjs";
import { runLeshanSuite, runSuite } from "./suites.mjs";

await freshen();
const args = process.argv.slice(2);
const unit = await runSuite(...args);
if (args.length > 0) {
  console.error("\nbg96: the suite on Leshan runs with npm run test:leshan; arguments were given for the unit suite");
  process.exit(unit);
}
const leshan = await runLeshanSuite();
process.exit(unit || leshan);
