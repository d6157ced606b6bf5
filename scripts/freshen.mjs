/** Brings node_modules and dist up to date, doing nothing when they are. Used by `npm start` and `npm test`; no dependencies. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LOCK = join(ROOT, ".cache", "freshen.lock");

/** Installs and builds what is missing or stale; of several at once, one does it and the others wait. */
export async function freshen({ install = true } = {}) {
  requireNode();
  const mustInstall = () => install && installIsStale();
  if (!mustInstall() && !buildIsStale()) return;
  const unlock = await lock();
  try {
    if (mustInstall()) await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], "installing");
    if (buildIsStale())
      await run(
        process.execPath,
        [join("node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"],
        "building",
      );
  } finally {
    unlock();
  }
}

/** Runs a program to its end, passing signals on to it; ends this process when it fails or a signal came. */
export async function run(command, args, title) {
  const code = await exitCodeOf(command, args, title);
  if (code !== 0) process.exit(code);
}

/** The same, but leaves the exit code to the caller; what has a title is preparation and prints on stderr. */
export function exitCodeOf(command, args, title) {
  if (title) console.error(`bg96: ${title} …`);
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", title ? 2 : 1, 2] });
  let signalled;
  const pass = (signal) => {
    signalled ??= signal;
    child.kill(signal);
  };
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const signal of Object.keys(signals)) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of Object.keys(signals)) process.off(signal, pass);
      if (signalled) process.exit(signals[signalled]);
      resolve(code ?? 1);
    });
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`bg96 needs Node.js 20.19 or later, this is ${process.versions.node}`);
  process.exit(1);
}

/** Whether a package that package-lock.json names is missing, or there in another version. */
function installIsStale() {
  const wanted = readJson("package-lock.json").packages;
  const installed = readJson(join("node_modules", ".package-lock.json"))?.packages ?? {};
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === "") return false;
    const found = installed[path];
    return found ? found.version !== entry.version : !entry.optional; // optional: for other platforms
  });
}

/** Whether a source is newer than what was built from it. */
function buildIsStale() {
  const builtAtMs = statSync(join(ROOT, "dist", "cli.js"), { throwIfNoEntry: false })?.mtimeMs;
  if (builtAtMs === undefined) return true;
  const sources = readdirSync(join(ROOT, "src"), { recursive: true }).map((name) => join("src", name));
  return ["package.json", "tsconfig.json", "tsconfig.build.json", ...sources].some(
    (name) => statSync(join(ROOT, name)).mtimeMs > builtAtMs,
  );
}

function readJson(name) {
  try {
    return JSON.parse(readFileSync(join(ROOT, name), "utf8"));
  } catch {
    return undefined;
  }
}

/** Waits until no other process freshens. */
async function lock() {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  for (let said = false; ; said = true) {
    try {
      const file = openSync(LOCK, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
      const unlock = () => rmSync(LOCK, { force: true });
      process.on("exit", unlock);
      return unlock;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = Number(readJson(join(".cache", "freshen.lock")) ?? 0);
    if (holder && !isAlive(holder)) rmSync(LOCK, { force: true });
    else if (!said) console.error("bg96: waiting for another build …");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await freshen({ install: !process.argv.includes("--no-install") });
