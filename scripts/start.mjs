/** `npm start`: installs and builds what is missing, then is `bg96 demo` itself, so that no process stands between it and its signals. */
import { freshen } from "./freshen.mjs";

await freshen();
process.argv.splice(2, 0, "demo");
await import("../dist/cli.js");
