/** A TCP port where each connection is a line of its own, for hosts in another container or on another machine. */
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Line, PortError } from "#port/port";
import { createSendQueue } from "#port/send-queue";
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
/** Given to the operating system at a time. */
const PIECE_BYTES = 16 * 1024;
/** Silence after which the operating system asks whether a host is still there: one that is not must not keep its place. */
const KEEP_ALIVE_MS = 60_000;
/** A host that has sent its last byte, as a script does, has so long to hear the answers. */
const LAST_WORDS_MS = 1000;

/** @throws PortError when the address cannot be listened on. */
export async function openTcp({ host, port, runtime, onLine }: TcpOptions): Promise<TcpPort> {
  const { log } = runtime;
  const sockets = new Set<Socket>();
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = createServer(options, (socket) => {
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

function lineOf(socket: Socket, runtime: Runtime): Line {
  const { clock, log } = runtime;
  const from = `${socket.remoteAddress}:${socket.remotePort}`;
  const attachHandlers: ((attached: boolean) => void)[] = [];
  let attached = true;
  const output = createSendQueue({
    runtime: { clock, log: log.child({ from }) },
    pieceBytes: PIECE_BYTES,
    send: (piece) => new Promise((resolve) => socket.write(piece, () => resolve())),
  });
  /** @param known bytes that waited when it was looked last: while a host reads, there is more to hear */
  const end = (known: number) => {
    const { bytes } = output;
    if (bytes > 0 && bytes < known) clock.after(LAST_WORDS_MS, () => end(bytes));
    else socket.end();
  };
  log.debug({ from }, "a host connected");
  socket.on("error", (error) => log.debug({ from, reason: error.message }, "the connection failed"));
  socket.once("end", () => clock.after(LAST_WORDS_MS, () => end(Number.POSITIVE_INFINITY)));
  socket.once("close", () => {
    attached = false;
    output.clear();
    log.debug({ from }, "the host left");
    for (const handle of attachHandlers) handle(false);
  });
  return {
    get attached() {
      return attached;
    },
    get full() {
      return output.full;
    },
    onRoom: output.onRoom,
    onData: (handler) => void socket.on("data", handler),
    onAttach: (handler) => void attachHandlers.push(handler),
    write(bytes) {
      if (attached && socket.writable) output.push(bytes);
    },
    hold: (held) => void (held ? socket.pause() : socket.resume()),
    close: () => socket.destroy(),
  };
}
