/** A host at a pty: command lines in, results out. */
import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ReadStream } from "node:tty";

const OPEN_MS = 10_000;
const ANSWER_MS = 10_000;
const OK = "\r\nOK\r\n";

/** Once there is a port at `path` that answers. */
export async function openTerminal(path) {
  for (let waitedMs = 0; !existsSync(path); waitedMs += 20) {
    if (waitedMs > OPEN_MS) throw new Error(`no port at ${path}`);
    await sleep(20);
  }
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const stream = new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
  /** The end of what has come: a result may come in two pieces. */
  let tail = "";
  let onResults = () => {};
  stream.on("data", (bytes) => {
    const text = tail + bytes.toString("latin1");
    const results = text.split(OK).length - 1;
    tail = text.endsWith(OK) ? "" : text.slice(1 - OK.length);
    if (results > 0) onResults(results);
  });

  /** Keeps `window` lines outstanding for `durationMs`. */
  const run = (line, { window, durationMs }) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(`${line}\r`, "latin1");
      const latenciesMs = [];
      const startedAtMs = performance.now();
      let sentAtMs = startedAtMs;
      let count = 0;
      let outstanding = 0;
      const send = (lines) => {
        outstanding += lines;
        sentAtMs = performance.now();
        writeSync(descriptor, lines === 1 ? bytes : Buffer.concat(new Array(lines).fill(bytes)));
      };
      const watch = setTimeout(() => reject(new Error(`no result for ${line}`)), durationMs + ANSWER_MS);
      onResults = (results) => {
        const nowMs = performance.now();
        if (window === 1) latenciesMs.push(nowMs - sentAtMs);
        count += results;
        outstanding -= results;
        if (nowMs - startedAtMs < durationMs) return void (outstanding <= window / 2 && send(window - outstanding));
        if (outstanding > 0) return;
        clearTimeout(watch);
        resolve({ count, seconds: (nowMs - startedAtMs) / 1000, latenciesMs });
      };
      send(window);
    });

  await run("AT", { window: 1, durationMs: 0 });
  return {
    run,
    close() {
      stream.destroy();
      closeSync(descriptor);
    },
  };
}
