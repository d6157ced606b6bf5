/** The control socket: one JSON request a line, one JSON answer a line, over a Unix socket only its owner may open. */
import { chmodSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import type { OperatorAnswer, OperatorRequest } from "#control/operator";
import type { Clock, Log } from "#runtime";

/** sockaddr_un.sun_path holds 108 bytes with its final NUL. */
export const LONGEST_SOCKET_PATH = 107;
const LONGEST_LINE = 65_536;
const MAX_CONNECTIONS = 32;
const MOST_UNREAD = 1_048_576;

export interface ControlSocket {
  readonly path: string;
  /** Removes the socket; idempotent. */
  close(): Promise<void>;
}

/** Serves `answer` at `path`, replacing what a dead process left there. @throws Error when it cannot be made. */
export async function openControlSocket(
  path: string,
  answer: (request: unknown) => OperatorAnswer,
  log: Log,
): Promise<ControlSocket> {
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    connection.on("error", (error) => log.debug({ err: error }, "control connection failed"));
    const reply = (text: OperatorAnswer) => {
      connection.write(`${JSON.stringify(text)}\n`);
      if (connection.writableLength > MOST_UNREAD) connection.destroy(); // it asks without reading
    };
    onLines(
      connection,
      (line) => reply(answerLine(line, answer, log)),
      () => {
        reply({ ok: false, error: `request: longer than ${LONGEST_LINE} bytes` });
        connection.end();
      },
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => log.warn({ err: error }, "control socket failed"));
  chmodSync(path, 0o600);
  let closing: Promise<void> | undefined;
  return {
    path,
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve()); // which also removes the socket
        for (const connection of connections) connection.destroy();
      });
      return closing;
    },
  };
}

/** Sends one request. @throws Error when nobody listens there, or nothing was answered in time. */
export function askControlSocket(
  path: string,
  request: OperatorRequest,
  clock: Clock,
  withinMs = 3000,
): Promise<OperatorAnswer> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(path);
    const cancel = clock.after(withinMs, () => connection.destroy(new Error(`no answer within ${withinMs / 1000} s`)));
    connection.on("connect", () => connection.write(`${JSON.stringify(request)}\n`));
    connection.on("error", (error) => reject(new Error(`control socket ${path}: ${error.message}`)));
    connection.on("close", () => {
      cancel();
      reject(new Error(`control socket ${path}: closed without an answer`));
    });
    onLines(
      connection,
      (line) => {
        try {
          resolve(JSON.parse(line) as OperatorAnswer);
        } catch {
          reject(new Error(`control socket ${path}: the answer is not JSON`));
        }
        connection.end();
      },
      () => connection.destroy(new Error("answer too long")),
    );
  });
}

function answerLine(line: string, answer: (request: unknown) => OperatorAnswer, log: Log): OperatorAnswer {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return { ok: false, error: "request: not JSON" };
  }
  try {
    return answer(request);
  } catch (error) {
    log.error({ err: error, request }, "control request failed");
    return { ok: false, error: "request: failed, see the log" };
  }
}

function onLines(connection: Socket, onLine: (line: string) => void, onTooLong: () => void): void {
  let rest = "";
  connection.setEncoding("utf8");
  connection.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line);
    if (rest.length <= LONGEST_LINE) return;
    rest = "";
    connection.pause();
    onTooLong();
  });
}
