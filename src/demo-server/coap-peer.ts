/** One UDP port that serves requests and sends its own from the same port, over the `coap` package. */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { Agent, createServer, type IncomingMessage, type ObserveReadStream, type OutgoingMessage } from "coap";
import type { Cancel, Clock, Log } from "#runtime";

type CoapMethod = IncomingMessage["method"];

export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface PeerRequest {
  readonly method: CoapMethod;
  /** e.g. "/3/0/9". */
  readonly path: string;
  readonly query?: string;
  readonly payload?: Buffer;
  readonly format?: number;
  readonly accept?: number;
}

export interface PeerReply {
  /** e.g. "2.05"; "0.00" for a Reset. */
  readonly code: string;
  readonly format: number | undefined;
  readonly location: readonly string[];
  readonly payload: Buffer;
}

export interface ReceivedRequest {
  readonly method: CoapMethod;
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly format: number | undefined;
  readonly payload: Buffer;
  readonly from: Address;
}

export interface Response {
  readonly code: string;
  readonly location?: readonly string[];
  readonly payload?: string;
}

export interface Observation {
  /** Ends it here and tells the Client (GET with Observe 1). */
  cancel(): Promise<PeerReply>;
  /** Ends it here alone: the Client's next notification is answered by Reset. */
  forget(): void;
}

export interface CoapPeer {
  readonly port: number;
  /** @throws Error when nothing was answered within the deadline, or the Client answered Reset. */
  request(to: Address, request: PeerRequest): Promise<PeerReply>;
  /** `observation` is undefined when the Client answered without taking the observation. */
  observe(
    to: Address,
    request: PeerRequest,
    onNotify: (reply: PeerReply) => void,
  ): Promise<{ reply: PeerReply; observation: Observation | undefined }>;
  close(): Promise<void>;
}

export interface PeerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly answerWithinMs: number;
  respond(request: ReceivedRequest): Response;
}

/** The largest there is (RFC 7959 §2.2); what is longer goes in blocks. */
const BLOCK_BYTES = 1024;

/** Names the `coap` package gives instead of numbers. */
const FORMAT_NUMBERS: Readonly<Record<string, number>> = {
  "text/plain": 0,
  "application/link-format": 40,
  "application/octet-stream": 42,
  "application/vnd.oma.lwm2m+tlv": 11542,
  "application/vnd.oma.lwm2m+json": 11543,
};

/** @throws Error (code EADDRINUSE, EACCES …) when the port cannot be taken. */
export async function openCoapPeer(options: PeerOptions): Promise<CoapPeer> {
  const { clock, log } = options;
  const socket = createSocket(isIPv6(options.host) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port, options.host, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  socket.on("error", (error) => log.warn({ err: error }, "demo server: socket error"));

  const server = createServer({ piggybackReplyMs: 50 });
  server.listen(socket);
  const agent = new Agent({ socket });
  server.on("error", (error) => log.warn({ err: error }, "demo server: coap server error"));
  agent.on("error", (error) => log.warn({ err: error }, "demo server: coap agent error"));

  // The package's two listeners throw on odd datagrams and both answer a ping; each datagram goes to the one it is for.
  const [toServer, toAgent] = socket.listeners("message") as Array<(datagram: Buffer, from: unknown) => void>;
  socket.removeAllListeners("message");
  socket.on("message", (datagram, from) => {
    const kind = kindOf(datagram);
    if (kind === "garbage") return;
    if (kind === "ping") {
      socket.send(Buffer.of(0x70, 0, datagram[2]!, datagram[3]!), from.port, from.address); // RFC 7252 §4.3: Reset
      return;
    }
    try {
      (kind === "request" ? toServer : toAgent)?.(datagram, from);
    } catch (error) {
      log.warn({ err: error, from }, "demo server: datagram dropped");
    }
  });

  server.on("request", (message: IncomingMessage, out: OutgoingMessage) => {
    out.on("error", (error) => log.warn({ err: error }, "demo server: response not sent"));
    const values = optionsOf(message);
    let response: Response;
    try {
      response = options.respond({
        method: message.method,
        path: values("Uri-Path").map(String),
        query: values("Uri-Query").map(String),
        format: formatOf(message),
        payload: message.payload,
        from: message.rsinfo,
      });
    } catch (error) {
      log.error({ err: error }, "demo server: request failed");
      response = { code: "5.00" };
    }
    out.code = response.code;
    out.statusCode = response.code;
    const [block1] = values("Block1");
    if (block1 instanceof Buffer) out.setOption("Block1", block1); // RFC 7959 §2.3
    if (response.location)
      out.setOption(
        "Location-Path",
        response.location.map((segment) => Buffer.from(segment)),
      );
    out.end(response.payload === undefined ? undefined : Buffer.from(response.payload));
  });

  const pending = new Set<(reason: string) => void>();

  /** Sends, and settles with the first response; every way a request of the package can end comes out here. */
  const send = (to: Address, request: PeerRequest, extra: { observe?: 0 | 1; token?: Buffer }) =>
    new Promise<{ message: IncomingMessage; token: Buffer | undefined }>((resolve, reject) => {
      const out = agent.request({
        host: to.address,
        port: to.port,
        method: request.method,
        pathname: request.path,
        ...(request.query !== undefined && { query: request.query }),
        ...extra,
      });
      if (request.format !== undefined) out.setOption("Content-Format", uint(request.format));
      if (request.accept !== undefined) out.setOption("Accept", uint(request.accept));
      const size = request.payload?.length ?? 0;
      if (size > BLOCK_BYTES) {
        out.setOption("Block1", Buffer.of(6)); // its exponent
        out.setOption("Size1", uint(size)); // RFC 7959 §4
      }
      const settle = (finish: () => void) => {
        cancelDeadline();
        pending.delete(fail);
        finish();
      };
      const fail = (reason: string) => {
        settle(() => reject(new Error(reason)));
        agent.abort(out);
      };
      /** Of a payload in blocks, what has been sent: each block that is acknowledged takes it further. */
      const sentBytes = () => (out as { segmentedSender?: { currentByte: number } }).segmentedSender?.currentByte ?? 0;
      const awaitAnswer = (sentBefore: number): Cancel =>
        clock.after(options.answerWithinMs, () => {
          const sent = sentBytes();
          if (sent > sentBefore) cancelDeadline = awaitAnswer(sent);
          else fail(`no answer: nothing came from ${to.address}:${to.port} within ${options.answerWithinMs / 1000} s`);
        });
      let cancelDeadline = awaitAnswer(BLOCK_BYTES);
      pending.add(fail);
      out.on("error", (error: Error) => settle(() => reject(new Error(`not sent: ${error.message}`))));
      out.on("response", (message: IncomingMessage) => {
        if (message.code === "0.00") fail("refused: the client answered with Reset");
        else settle(() => resolve({ message, token: out._packet.token }));
      });
      out.end(request.payload);
    });

  return {
    port: socket.address().port,
    async request(to, request) {
      return replyOf((await send(to, request, {})).message);
    },
    async observe(to, request, onNotify) {
      const { message, token } = await send(to, request, { observe: 0 });
      const reply = replyOf(message);
      const stream = message as ObserveReadStream;
      const accepted = reply.code.startsWith("2.") && optionsOf(message)("Observe").length > 0;
      if (!accepted) {
        if ("close" in stream) stream.close();
        return { reply, observation: undefined };
      }
      let ended = false;
      const forget = () => {
        if (ended) return;
        ended = true;
        stream.close();
      };
      let first = true; // the answer itself comes once more as data
      stream.on("data", () => {
        if (ended) return;
        if (first) first = false;
        else {
          const notification = replyOf(stream);
          if (!notification.code.startsWith("2.")) forget(); // RFC 7641 §4.2: an error ends it
          onNotify(notification);
        }
      });
      stream.on("error", (error) => log.warn({ err: error }, "demo server: observation failed"));
      const cancel = async () => {
        forget();
        return replyOf((await send(to, request, { observe: 1, ...(token && { token }) })).message); // RFC 7641 §3.6
      };
      return { reply, observation: { cancel, forget } };
    },
    async close() {
      for (const fail of [...pending]) fail("not answered: the server was closed");
      server.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** The value of an option that is a number, without leading zeros: 0 is empty (RFC 7252 §3.2). */
function uint(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const first = bytes.findIndex((each) => each !== 0);
  return first === -1 ? Buffer.alloc(0) : bytes.subarray(first);
}

/** RFC 7252 §3: version 1, a token of at most 8 bytes that is there; option values of block options are checked by whoever reads them. */
function kindOf(datagram: Buffer): "garbage" | "ping" | "request" | "other" {
  const [first = 0, code = 0] = datagram;
  const tokenLength = first & 0x0f;
  if (datagram.length < 4 || first >> 6 !== 1 || tokenLength > 8 || datagram.length < 4 + tokenLength) return "garbage";
  if (code === 0) return datagram.length !== 4 ? "garbage" : ((first >> 4) & 3) === 0 ? "ping" : "other";
  return code >> 5 === 0 ? "request" : "other";
}

function optionsOf(message: IncomingMessage): (name: string) => unknown[] {
  const all = (message as unknown as { options: Array<{ name: string; value: unknown }> }).options;
  return (name) => all.filter((option) => option.name === name).map((option) => option.value);
}

function formatOf(message: IncomingMessage): number | undefined {
  const [value] = optionsOf(message)("Content-Format");
  return typeof value === "number" ? value : typeof value === "string" ? FORMAT_NUMBERS[value] : undefined;
}

function replyOf(message: IncomingMessage): PeerReply {
  return {
    code: message.code,
    format: formatOf(message),
    location: optionsOf(message)("Location-Path").map(String),
    payload: message.payload,
  };
}
