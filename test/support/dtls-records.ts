/** DTLS datagrams on their way: a relay that loses and changes them, and records written by hand. */
import { createCipheriv, createHmac } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Random } from "#runtime";

export interface Relay {
  readonly port: number;
  /** Sends to the latest client as if from the server. */
  inject(datagram: Buffer): void;
  close(): void;
}

export interface RelayOptions {
  readonly serverPort: number;
  /** What becomes of a datagram: the datagrams to pass on in its place. */
  readonly pass: (from: "client" | "server", datagram: Buffer) => readonly Buffer[];
}

/** Each client's port has a port of its own towards the server. */
export async function openRelay({ serverPort, pass }: RelayOptions): Promise<Relay> {
  const front = createSocket("udp4");
  const backs = new Map<number, Socket>();
  let latestClient = 0;
  let isClosed = false;
  const forward = (socket: Socket, port: number, datagrams: readonly Buffer[]) => {
    if (isClosed || port === 0) return;
    for (const datagram of datagrams) socket.send(datagram, port, "127.0.0.1");
  };
  const openBack = (clientPort: number): Socket => {
    const back = createSocket("udp4");
    back.on("error", () => {});
    back.on("message", (datagram) => forward(front, clientPort, pass("server", datagram)));
    backs.set(clientPort, back);
    return back;
  };
  front.on("error", () => {});
  front.on("message", (datagram, { port }) => {
    latestClient = port;
    forward(backs.get(port) ?? openBack(port), serverPort, pass("client", datagram));
  });
  front.bind(0, "127.0.0.1");
  await once(front, "listening");
  return {
    port: front.address().port,
    inject: (datagram) => forward(front, latestClient, [datagram]),
    close() {
      isClosed = true;
      for (const socket of [front, ...backs.values()]) socket.close();
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

/** A handshake message or a fragment of one, RFC 6347 §4.2.2. */
export function handshakeMessage(
  type: number,
  sequence: number,
  body: Buffer,
  total = body.length,
  offset = 0,
): Buffer {
  const head = Buffer.alloc(12);
  head[0] = type;
  head.writeUIntBE(total, 1, 3);
  head.writeUInt16BE(sequence, 4);
  head.writeUIntBE(offset, 6, 3);
  head.writeUIntBE(body.length, 9, 3);
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

/** Whether a record, or the first of a datagram, is that handshake message in the clear (RFC 5246 §7.4). */
export const isHandshake = (type: number, record: Buffer): boolean =>
  record[0] === 22 && record.readUInt16BE(3) === 0 && record[13] === type;

/** The suites a ClientHello offers, in order. */
export function cipherSuitesOf(hello: Buffer): string[] {
  const body = hello.subarray(13 + 12);
  const cookieAt = 35 + body[34]!;
  const at = cookieAt + 1 + body[cookieAt]!;
  const list = body.subarray(at + 2, at + 2 + body.readUInt16BE(at)).toString("hex");
  return list.match(/.{4}/g)!;
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
