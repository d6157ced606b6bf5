/** An independent DTLS server: openssl s_server, and a relay before it that loses and changes datagrams. */
import { type ChildProcess, spawn } from "node:child_process";
import { createCipheriv, createHmac } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Random } from "#runtime";

/** It answers "say x" by "heard x". */
export interface OpensslServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface OpensslOptions {
  readonly keyHex: string;
  /** OpenSSL's names. */
  readonly cipher?: string;
  /** More options, e.g. ["-listen"]. */
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
  const { keyHex, cipher = "PSK-AES128-CCM8", more = [] } = options;
  const argv = ["s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-nocert", "-psk", keyHex];
  const child: ChildProcess = spawn("openssl", [...argv, "-cipher", `${cipher}:@SECLEVEL=0`, ...more], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    let output = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      const lines = (output + chunk).split("\n");
      output = lines.pop()!;
      for (const line of lines) {
        if (line === "ACCEPT") resolve();
        const said = /^say (.*)/.exec(line)?.[1];
        if (said !== undefined) child.stdin!.write(`heard ${said}\n`);
      }
    });
    child.stderr!.resume();
    child.stdin!.on("error", () => {});
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`openssl ended: ${output}`)));
  });
  return {
    port,
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

export interface Forger {
  /** Shows it a datagram of the handshake, to learn the random values. */
  watch(datagram: Buffer): void;
  /** A record of epoch 1 as the server itself would send it; sequence numbers are the caller's. */
  seal(type: number, sequence: number, body: Buffer): Buffer;
}

/** Whoever knows the key can speak for the server: TLS_PSK_WITH_AES_128_CCM_8 by RFC 5246, RFC 4279 and RFC 6655. */
export function createForger(key: Buffer): Forger {
  let clientRandom: Buffer = Buffer.alloc(0);
  let serverRandom: Buffer = Buffer.alloc(0);
  const prf = (secret: Buffer, label: string, seed: Buffer, length: number) => {
    const hmac = (data: Buffer) => createHmac("sha256", secret).update(data).digest();
    const labelled = Buffer.concat([Buffer.from(label), seed]);
    const output: Buffer[] = [];
    for (let a = hmac(labelled); output.length * 32 < length; a = hmac(a))
      output.push(hmac(Buffer.concat([a, labelled])));
    return Buffer.concat(output).subarray(0, length);
  };
  return {
    watch(datagram) {
      for (const record of splitRecords(datagram)) {
        if (record[0] !== 22 || record.readUInt16BE(3) !== 0) continue;
        const random = record.subarray(13 + 12 + 2, 13 + 12 + 2 + 32);
        if (record[13] === 1) clientRandom = random;
        if (record[13] === 2) serverRandom = random;
      }
    },
    seal(type, sequence, body) {
      const size = Buffer.from([0, key.length]);
      const premaster = Buffer.concat([size, Buffer.alloc(key.length), size, key]);
      const master = prf(premaster, "master secret", Buffer.concat([clientRandom, serverRandom]), 48);
      const keys = prf(master, "key expansion", Buffer.concat([serverRandom, clientRandom]), 40);
      const head = dtlsRecord(type, 1, sequence, body);
      const explicit = head.subarray(3, 11);
      const nonce = Buffer.concat([keys.subarray(36, 40), explicit]);
      const cipher = createCipheriv("aes-128-ccm", keys.subarray(16, 32), nonce, { authTagLength: 8 });
      const aad = Buffer.concat([explicit, head.subarray(0, 3), head.subarray(11, 13)]);
      cipher.setAAD(aad, { plaintextLength: body.length });
      const sealed = Buffer.concat([cipher.update(body), cipher.final()]);
      return dtlsRecord(type, 1, sequence, Buffer.concat([explicit, sealed, cipher.getAuthTag()]));
    },
  };
}
