/** A TCP port where each connection is a line of its own, for hosts in another container or on another machine. */
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Line, PortError } from "#port/port";
import type { Runtime } from "#runtime";

export interface TcpOptions {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly runtime: Runtime;
  /** A host has connected; its line is attached until it goes, and never again. */
  onLine(line: Line): void;
}

export interface TcpPort {
  /** host:port as it is. */
  readonly address: string;
  /** Ends every connection; idempotent. */
  close(): void;
}

/** Connections at a time; more are refused. */
export const MOST_LINES = 32;
/** What may wait for a host that does not read, not counting the last write taken. */
const CAPACITY_BYTES = 256 * 1024;
/** A host that has sent its last byte, as a script does, has so long to hear the answers. */
const LAST_WORDS_MS = 1000;

/** @throws PortError when the address cannot be listened on. */
export async function openTcp({ host, port, runtime, onLine }: TcpOptions): Promise<TcpPort> {
  const { log } = runtime;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onLine(lineOf(socket, runtime));
  });
  server.maxConnections = MOST_LINES;
  server.on("drop", (peer) => log.warn({ from: peer?.remoteAddress }, "a TCP connection too many was refused"));
  const bound = await listen(server, host, port);
  server.on("error", (error) => log.warn({ reason: error.message }, "a TCP connection could not be taken"));
  const address = `${isIPv6(bound.address) ? `[${bound.address}]` : bound.address}:${bound.port}`;
  log.info({ address }, "AT port on TCP: whoever reaches it controls the modem");
  return {
    address,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<{ address: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const [why, remedy] = EXPLANATIONS[error.code ?? ""] ?? [error.message, "name an address of this machine"];
      reject(new PortError(`cannot listen on ${host}:${port}: ${why}`, remedy));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners("error");
      const bound = server.address();
      if (bound && typeof bound === "object") resolve(bound);
    });
  });
}

const EXPLANATIONS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EADDRINUSE: ["the port is in use", "name another port, or 0 for a free one"],
  EADDRNOTAVAIL: [
    "this machine has no such address",
    "127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses",
  ],
  EACCES: ["permission denied", "name a port above 1023"],
  ENOTFOUND: ["there is no such host", "name an address of this machine"],
};

function lineOf(socket: Socket, { clock, log }: Runtime): Line {
  const from = `${socket.remoteAddress}:${socket.remotePort}`;
  const attachHandlers: ((attached: boolean) => void)[] = [];
  let attached = true;
  let droppedBytes = 0;
  log.debug({ from }, "a host connected");
  socket.on("error", (error) => log.debug({ from, reason: error.message }, "the connection failed"));
  socket.once("end", () => clock.after(LAST_WORDS_MS, () => socket.end()));
  socket.once("close", () => {
    attached = false;
    if (droppedBytes > 0) log.warn({ from, bytes: droppedBytes }, "output dropped: the host did not read");
    log.debug({ from }, "the host left");
    for (const handle of attachHandlers) handle(false);
  });
  return {
    get attached() {
      return attached;
    },
    onData: (handler) => void socket.on("data", handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (!attached || !socket.writable) return;
      if (socket.writableLength >= CAPACITY_BYTES) droppedBytes += bytes.length;
      else socket.write(Buffer.from(bytes)); // a copy: the caller may use its buffer again
    },
    close: () => socket.destroy(),
  };
}
