import { execFile, spawn } from "node:child_process";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, "../../.cache/leshan");

/** One JVM of ours with real Leshan servers inside. */
export interface LeshanHost {
  readonly httpPort: number;
  /** Ports of the LwM2M Server and of the Bootstrap-Server, where this JVM runs them. */
  readonly server: HostPorts | undefined;
  readonly bootstrap: HostPorts | undefined;
  /** @throws Error with Leshan's reason unless the host answers 200; a Client that never answered is "504 …" */
  call(method: string, path: string, body?: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface HostPorts {
  readonly coapPort: number;
  readonly coapsPort: number;
}

/**
 * Fetches and compiles what is not there yet.
 * @param versions directories of test/leshan/host
 * @returns why Leshan cannot be had here, or undefined when it can
 */
export function buildHosts(versions: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("sh", [join(HERE, "fetch.sh"), ...versions], (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else resolve(stderr.trim() === "" ? error.message : stderr.trim());
    });
  });
}

/**
 * Starts one built host.
 * @param address an address of loopback
 * @param ports of its servers, CoAP and CoAPs each; 0 is a free one
 * @param onEvent each event of the host, in order, from the first on
 * @param onEnd called once if the JVM ends without `close()`
 */
export async function openHost(
  version: string,
  address: string,
  ports: readonly number[],
  onEvent: (event: unknown) => void,
  onEnd: (reason: string) => void,
): Promise<LeshanHost> {
  const home = join(CACHE, version);
  const child = spawn("java", [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    ...(address.includes(":") ? [] : ["-Djava.net.preferIPv4Stack=true"]),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-cp",
    `${join(home, "classes")}:${join(home, "lib/*")}`,
    "Host",
    join(HERE, "host/models"),
    address,
    ...ports.map(String),
  ]);
  child.stdin.on("error", () => {});
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-4000);
  });

  let closing = false;
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`java: ${error.message}`));
    child.on("exit", (code, signal) => resolve(`leshan ${version} ended (${signal ?? code}): ${complaint}`));
  });
  const ready = await new Promise<Ready>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line) as Ready);
    });
    void ended.then((reason) => reject(new Error(reason)));
  });
  void ended.then((reason) => {
    if (!closing) onEnd(reason);
  });
  await listen(ready.httpPort, onEvent);

  return {
    httpPort: ready.httpPort,
    server: ready.server,
    bootstrap: ready.bootstrap,
    async call(method, path, body) {
      const response = await fetch(`http://127.0.0.1:${ready.httpPort}/api/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
      });
      const answer = (await response.json()) as { error?: string };
      if (!response.ok) throw new Error(`leshan ${method} ${path}: ${response.status} ${answer.error}`);
      return answer;
    },
    async close() {
      closing = true;
      child.stdin.end(); // The host ends with its standard input.
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

interface Ready {
  httpPort: number;
  server: HostPorts | undefined;
  bootstrap: HostPorts | undefined;
}

/** Resolves at the stream's first line, after which no event is missed. */
function listen(httpPort: number, onEvent: (event: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = request({ host: "127.0.0.1", port: httpPort, path: "/api/events" }, (response) => {
      response.on("error", () => {});
      // the host's end closes this stream: readline repeats its error
      const lines = createInterface(response);
      lines.on("error", () => {});
      lines.on("line", (line) => {
        const event = JSON.parse(line) as { event: string };
        if (event.event === "HELLO") resolve();
        else onEvent(event);
      });
    });
    stream.on("error", reject);
    stream.end();
  });
}
