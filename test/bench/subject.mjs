/** A measured process: started, asked what it has used, ended. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const PROBE = join(import.meta.dirname, "probe.mjs");

/** @param program path of a script, @param args its arguments; what it prints is dropped */
export function startSubject(program, args) {
  const child = fork(program, args, {
    execArgv: ["--expose-gc", "--import", PROBE],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let log = "";
  child.stderr.on("data", (bytes) => {
    log = `${log}${bytes}`.slice(-4000);
  });
  const gone = once(child, "exit");
  const ask = async (message) => {
    child.send(message);
    const [usage] = await once(child, "message");
    return usage;
  };
  return {
    /** Rejects when the process ends unasked. */
    failed: gone.then(([code, signal]) => {
      throw new Error(`${program}: ended with ${code ?? signal}; its log:\n${log}`);
    }),
    /** @returns {Promise<{cpuS: number, rss: number, heapUsed: number, arrayBuffers: number}>} seconds of all threads since the start; bytes */
    usage: () => ask("usage"),
    /** The same once garbage has been collected. */
    usageCollected: () => ask("collect"),
    async end() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}
