/** The peer's requests: from a message to a call of `onRequest`, and from its result to messages (RFC 7252 §5.2). */
import { LARGEST_SZX, transferKey } from "#coap/block";
import type { Bodies, ResponsePart } from "#coap/bodies";
import { cut, tagged } from "#coap/bodies";
import type { Seen } from "#coap/duplicates";
import type { EndpointOptions } from "#coap/endpoint";
import { CoapError, type Method, type Options, type Request, type Response, type ResponseCode } from "#coap/message";
import { responseMessage } from "#coap/notifications";
import type { Retransmission } from "#coap/retransmission";
import type { BodySink, UploadStep, Uploads } from "#coap/uploads";
import { type Block, EMPTY, encode, encodeEmpty, type Message, methodOf } from "#coap/wire";
import type { Log } from "#runtime";

export interface ServingOptions {
  readonly onRequest: (request: Request) => Response | Promise<Response>;
  readonly onUpload: EndpointOptions["onUpload"];
  readonly bodies: Bodies;
  readonly uploads: Uploads;
  readonly retransmission: Retransmission;
  readonly nextMessageId: () => number;
  /** Sends a reply, and notes it for a duplicate of what it answers. */
  readonly answer: (seen: Seen, reply: Buffer) => void;
  readonly log: Log;
}

export interface Serving {
  /** Serves one request that is no duplicate. */
  serve(message: Message, seen: Seen): void;
  /** The transfer a notification under this token belongs to. */
  observedKey(token: Buffer): string | undefined;
}

/** Requests whose handlers have not settled; beyond it 5.03. */
const MAX_DEFERRED = 64;
/** Observations whose path is remembered for the later blocks of a large notification. */
const MAX_OBSERVED = 256;
/** Characters of a diagnostic payload, which is to be brief (RFC 7252 §5.5.2): some repeat what the peer has sent. */
const LONGEST_DIAGNOSTIC = 200;

export function createServing(options: ServingOptions): Serving {
  const { onRequest, onUpload, bodies, uploads, retransmission, nextMessageId, answer, log } = options;
  const observed = new Map<string, string>();
  let deferred = 0;

  const rememberObservation = (message: Message) => {
    const token = message.token.toString("latin1");
    observed.delete(token);
    if (observed.size >= MAX_OBSERVED) observed.delete(observed.keys().next().value!);
    observed.set(token, transferKey(message));
  };

  /** In the Acknowledgement of a CON request, in a NON message for a NON one (RFC 7252 §5.2). */
  const reply = (message: Message, seen: Seen, part: ResponsePart, block1?: Block, size1?: number) => {
    const isConfirmable = message.type === "CON";
    const messageId = isConfirmable ? message.messageId : nextMessageId();
    const type = isConfirmable ? "ACK" : "NON";
    answer(seen, encode(responseMessage(type, messageId, message.token, part, block1, size1)));
  };

  const refuse = (message: Message, seen: Seen, code: ResponseCode, size1?: number) =>
    reply(message, seen, { response: { code }, payload: EMPTY }, undefined, size1);

  const partFor = (message: Message, response: Response): ResponsePart => {
    const wanted = message.block2;
    if (!wanted || wanted.number === 0) return bodies.first(response, wanted, () => transferKey(message));
    return response.code.startsWith("2.")
      ? cut(tagged(response), wanted)
      : { response, payload: response.payload ?? EMPTY };
  };

  const toErrorResponse = (error: unknown, message: Message): Response => {
    if (error instanceof CoapError) {
      const text = error.message.slice(0, LONGEST_DIAGNOSTIC);
      return text === "" ? { code: error.code } : { code: error.code, payload: Buffer.from(text) };
    }
    log.error({ err: error, path: message.options.uriPath }, "a request could not be served");
    return { code: "5.00" };
  };

  /** The separate response (RFC 7252 §5.2.2). */
  const replyLater = (message: Message, seen: Seen, response: Response, block1: Block | undefined) => {
    deferred--;
    if (message.type === "NON") {
      replyEncodable(message, seen, response, block1);
      return;
    }
    const encodeSeparate = (part: ResponsePart) => encode(responseMessage("CON", 0, message.token, part, block1));
    let datagram: Buffer;
    try {
      datagram = encodeSeparate(partFor(message, response));
    } catch (error) {
      datagram = encodeSeparate({ response: toErrorResponse(error, message), payload: EMPTY });
    }
    const transmission = retransmission.submit(datagram, (end) => {
      if (end !== "acknowledged") log.debug({ end }, "a separate response did not reach the peer");
    });
    if (!transmission) log.warn({}, "a separate response was dropped: the queue is full or the endpoint closed");
  };

  /** A response that does not fit its fields is our own bug: 5.00. */
  const replyEncodable = (message: Message, seen: Seen, response: Response, block1: Block | undefined) => {
    try {
      reply(message, seen, partFor(message, response), block1);
    } catch (error) {
      reply(message, seen, { response: toErrorResponse(error, message), payload: EMPTY });
    }
  };

  const finish = (sink: BodySink, message: Message): Response => {
    try {
      return sink.end();
    } catch (error) {
      return toErrorResponse(error, message);
    }
  };

  const run = (message: Message, seen: Seen, request: Request, block1: Block | undefined) => {
    let result: Response | Promise<Response>;
    try {
      result = onRequest(request);
    } catch (error) {
      result = toErrorResponse(error, message);
    }
    if (!(result instanceof Promise)) {
      replyEncodable(message, seen, result, block1);
      return;
    }
    deferred++;
    if (message.type === "CON") answer(seen, encodeEmpty("ACK", message.messageId));
    result
      .catch((error: unknown) => toErrorResponse(error, message))
      .then((response) => replyLater(message, seen, response, block1))
      .catch((error: unknown) => log.error({ err: error }, "a response could not be sent"));
  };

  return {
    serve(message, seen) {
      const method = methodOf(message.code);
      if (message.badOption !== undefined) {
        if (message.type === "CON") return refuse(message, seen, "4.02"); // RFC 7252 §5.4.1
        return answer(seen, encodeEmpty("RST", message.messageId));
      }
      if (message.proxied) return refuse(message, seen, "5.05"); // §5.10.2
      if (!method) return refuse(message, seen, "4.05"); // §5.8
      if (deferred >= MAX_DEFERRED) return refuse(message, seen, "5.03");

      const { block1, block2 } = message;
      if (block2 && block2.szx > LARGEST_SZX) return refuse(message, seen, "4.00"); // RFC 7959 §2.2
      let { options, payload } = message;
      if (block2 && block2.number > 0) {
        const part = bodies.next(transferKey(message), block2);
        if (part) return reply(message, seen, part, block1);
        if (method !== "GET") return refuse(message, seen, "4.08");
        const { observe: _, ...rest } = options; // RFC 7959 §2.6: later blocks do not observe
        options = rest;
      }
      if (block1) {
        let step: UploadStep;
        try {
          step = uploads.add(message, block1, () =>
            onUpload?.(toRequest(message, options, method, EMPTY), message.size1),
          );
        } catch (error) {
          return replyEncodable(message, seen, toErrorResponse(error, message), undefined);
        }
        if ("sink" in step) return replyEncodable(message, seen, finish(step.sink, message), block1);
        if (!("body" in step)) {
          return reply(message, seen, { response: { code: step.code }, payload: EMPTY }, step.block1, step.size1);
        }
        payload = step.body;
      }
      if (options.observe === 0 && method === "GET") rememberObservation(message);
      run(message, seen, toRequest(message, options, method, payload), block1);
    },
    observedKey: (token) => observed.get(token.toString("latin1")),
  };
}

/** Makes the decoded options the request: a spread copy costs more than all the rest of a Read. */
function toRequest(message: Message, options: Options, method: Method, payload: Buffer): Request {
  const request = options as { -readonly [K in keyof Request]: Request[K] };
  request.method = method;
  request.confirmable = message.type === "CON";
  request.token = message.token;
  request.payload = payload;
  return request;
}
