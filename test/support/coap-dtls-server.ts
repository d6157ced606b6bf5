/** An independent DTLS server: openssl s_server, and a relay before it that loses and changes datagrams. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Random } from "#runtime";

export interface OpensslServer {
  readonly port: number;
  /** Types a command into s_server, e.g. "Q\n". */
  type(text: string): void;
  close(): Promise<void>;
}

export interface OpensslOptions {
  readonly keyHex: string;
  /** OpenSSL's names. */
  readonly cipher?: string;
  /** More options, e.g. ["-listen"]; "-rev" echoes each line reversed. */
  readonly more?: readonly string[];
}

/** A UDP port nobody uses right now. */
export async function findFreePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

export async function openOpensslServer(options: OpensslOptions): Promise<OpensslServer> {
  const port = await findFreePort();
  const { keyHex, cipher = "PSK-AES128-CCM8", more = ["-rev"] } = options;
  const argv = ["s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-nocert", "-psk", keyHex];
  const child: ChildProcess = spawn("openssl", [...argv, "-cipher", `${cipher}:@SECLEVEL=0`, ...more], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    let output = "";
    const onData = (chunk: Buffer) => {
      output += chunk;
      if (output.includes("ACCEPT")) resolve();
    };
    child.stdout!.on("data", onData);
    child.stderr!.on("data", onData);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`openssl ended: ${output}`)));
  });
  return {
    port,
    type: (text) => void child.stdin!.write(text),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

export interface Relay {
  readonly port: number;
  /** Sends to the client as if from the server. */
  inject(datagram: Buffer): void;
  close(): void;
}

export interface RelayOptions {
  readonly serverPort: number;
  /** What becomes of a datagram: the datagrams to pass on in its place. */
  readonly pass: (from: "client" | "server", datagram: Buffer) => readonly Buffer[];
}

export async function openRelay({ serverPort, pass }: RelayOptions): Promise<Relay> {
  const front = createSocket("udp4");
  const back = createSocket("udp4");
  for (const socket of [front, back]) {
    socket.on("error", () => {});
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
  }
  let clientPort = 0;
  let isClosed = false;
  const forward = (socket: Socket, port: number, datagrams: readonly Buffer[]) => {
    if (isClosed || port === 0) return;
    for (const datagram of datagrams) socket.send(datagram, port, "127.0.0.1");
  };
  front.on("message", (datagram, { port }) => {
    clientPort = port;
    forward(back, serverPort, pass("client", datagram));
  });
  back.on("message", (datagram) => forward(front, clientPort, pass("server", datagram)));
  return {
    port: front.address().port,
    inject: (datagram) => forward(front, clientPort, [datagram]),
    close() {
      isClosed = true;
      front.close();
      back.close();
    },
  };
}

/** Loses and repeats datagrams, the same ones for the same seed. */
export const lossy =
  (random: Random, lossRate: number, duplicateRate = 0): RelayOptions["pass"] =>
  (_, datagram) => {
    if (random.fraction() < lossRate) return [];
    return random.fraction() < duplicateRate ? [datagram, datagram] : [datagram];
  };

/** One DTLS 1.2 record in the clear, RFC 6347 §4.1. */
export function dtlsRecord(type: number, epoch: number, sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head[0] = type;
  head.writeUInt16BE(0xfefd, 1);
  head.writeUInt16BE(epoch, 3);
  head.writeUIntBE(sequence, 5, 6);
  head.writeUInt16BE(body.length, 11);
  return Buffer.concat([head, body]);
}

/** The records of one datagram. */
export function splitRecords(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 13 <= datagram.length; ) {
    const end = at + 13 + datagram.readUInt16BE(at + 11);
    records.push(datagram.subarray(at, end));
    at = end;
  }
  return records;
}
