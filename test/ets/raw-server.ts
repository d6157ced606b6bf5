/** A Server of bytes: what it sends is written by hand, what it hears is read by hand, nothing is done by itself but what its script says. */
import type { Link, LinkTarget } from "#coap/link";
import { type CoapParts, coapBytes, type ReadCoap, readCoap } from "../support/coap-bytes.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { type Ask, nameOf } from "./ask.ts";

/** What a Server answers to a request of the Client: a message, nothing (as if lost), or its own bytes. */
export type Script = (request: ReadCoap, server: RawServer) => CoapParts | Buffer | undefined;

export interface Heard {
  readonly atMs: number;
  readonly message: ReadCoap;
  readonly datagram: Buffer;
}

export interface RawServer {
  readonly target: LinkTarget;
  /** Everything heard so far. */
  readonly heard: readonly Heard[];
  /** Requests of the Client so far, each transmission, as "POST /rd?ep=…". */
  requests(): string[];
  /** Sends; lets the Client work without moving time. */
  send(message: CoapParts | Buffer): Promise<void>;
  /** Sends a request with a message id and a token of its own. @returns the response. @throws if there is none */
  ask(request: Ask): Promise<ReadCoap>;
  /** What has been heard since the last call; requests the script has answered too. */
  take(): Heard[];
  /** Those of take() that are neither requests nor empty: notifications and responses. */
  responses(): Heard[];
  /** Forgets everything heard so far. */
  forget(): void;
}

export interface RawServerOptions {
  readonly link: Link;
  readonly target: LinkTarget;
  readonly clock: ManualClock;
  script(): Script;
}

export const isRequest = ({ code }: ReadCoap): boolean => code.startsWith("0.") && code !== "0.00";

export function createRawServer({ link, target, clock, script }: RawServerOptions): RawServer {
  const heard: Heard[] = [];
  let taken = 0;
  let messageId = 0x4000;
  const take = () => {
    const fresh = heard.slice(taken);
    taken = heard.length;
    return fresh;
  };
  const put = (message: CoapParts | Buffer) => link.send(Buffer.isBuffer(message) ? message : coapBytes(message));
  const self: RawServer = {
    target,
    heard,
    take,
    requests: () => heard.filter(({ message }) => isRequest(message)).map(({ message }) => nameOf(message)),
    forget() {
      heard.length = 0;
      taken = 0;
    },
    responses: () => take().filter(({ message }) => !isRequest(message) && message.code !== "0.00"),
    async send(message) {
      put(message);
      await clock.advance(0);
      await clock.advance(0);
    },
    async ask(request) {
      messageId++;
      const token = request.token ?? messageId.toString(16);
      const before = heard.length;
      await self.send({ type: "CON", mid: messageId, token, ...request });
      const answer = heard.slice(before).find(({ message }) => !isRequest(message) && message.token === token);
      if (!answer) throw new Error(`no answer to ${request.code}`);
      return answer.message;
    },
  };
  link.listen({
    message(datagram) {
      const message = readCoap(datagram);
      heard.push({ atMs: clock.monotonic(), message, datagram });
      const reply = isRequest(message) ? script()(message, self) : undefined;
      if (reply) put(reply);
    },
    closed() {},
  });
  return self;
}
