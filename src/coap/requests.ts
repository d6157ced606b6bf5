/** Our requests as a whole: large ones leave by Block1, large responses are fetched by Block2 (RFC 7959). */
import { blockBytes, LARGEST_BLOCK_BYTES, LARGEST_SZX } from "#coap/block";
import type { OutgoingRequest } from "#coap/endpoint";
import type { Exchanges, RequestPart } from "#coap/exchanges";
import { CoapFailure, type Response, type ResponseCode } from "#coap/message";
import { EMPTY, type Message } from "#coap/wire";

/** How often a body that changes while it is fetched, or that the peer forgot while it was sent, is begun anew. */
const MAX_RESTARTS = 2;

type Perform = Exchanges["perform"];

/** Sends `request` under `token` and @returns the whole response. @throws CoapFailure */
export async function performRequest(
  perform: Perform,
  request: OutgoingRequest,
  token: Buffer,
  maxBodyBytes: number,
): Promise<Response> {
  const { method, payload = EMPTY, ...options } = request;
  const part: RequestPart = { method, token, options, payload };
  const response = payload.length > LARGEST_BLOCK_BYTES ? await upload(perform, part) : await perform(part);
  if (!response.block2 || (response.block2.number === 0 && !response.block2.more)) {
    return toResponse(response, response.payload);
  }
  return download(perform, part, response, maxBodyBytes);
}

function toResponse(message: Message, payload: Buffer): Response {
  return { ...message.options, code: message.code as ResponseCode, payload };
}

/** @returns the response to the last block, or the one that ended the transfer early */
async function upload(perform: Perform, whole: RequestPart): Promise<Message> {
  const body = whole.payload;
  let szx = LARGEST_SZX;
  let sent = 0;
  let restarts = 0;
  for (;;) {
    const number = sent / blockBytes(szx);
    const end = Math.min(sent + blockBytes(szx), body.length);
    const more = end < body.length;
    const response = await perform({
      ...whole,
      payload: body.subarray(sent, end),
      block1: { number, more, szx },
      size1: sent === 0 ? body.length : undefined, // RFC 7959 §4
    });
    if (!more) return response;
    const echo = response.block1;
    if (response.code === "4.13" && echo && echo.szx < szx && sent === 0) {
      szx = echo.szx; // RFC 7959 §2.9.3: a hint to try smaller blocks
    } else if (response.code === "4.08" && sent > 0 && restarts < MAX_RESTARTS) {
      restarts++;
      sent = 0;
    } else if (!response.code.startsWith("2.") || !echo) {
      return response;
    } else if (echo.number !== number) {
      throw failure(whole, `block ${echo.number} is acknowledged where ${number} was sent`);
    } else {
      sent = end;
      if (echo.szx < szx) szx = echo.szx; // RFC 7959 §2.3: later blocks shrink, counted in the new size
    }
  }
}

async function download(
  perform: Perform,
  request: RequestPart,
  first: Message,
  maxBodyBytes: number,
): Promise<Response> {
  const { observe: _, ...options } = request.options; // RFC 7959 §3.4: only the first block observes
  const next = { ...request, options, payload: EMPTY };
  let response = first;
  for (let restarts = 0; restarts <= MAX_RESTARTS; restarts++) {
    const chunks: Buffer[] = [];
    let received = 0;
    const start = response;
    while (response.block2 && isSameBody(start, response)) {
      const { number, more, szx } = response.block2;
      const size = blockBytes(szx);
      if (szx > LARGEST_SZX || number * size !== received) {
        throw failure(request, `block ${number} of ${size} bytes arrived where byte ${received} was due`);
      }
      if (more && response.payload.length !== size) throw failure(request, `block ${number} is not ${size} bytes long`);
      received += response.payload.length;
      if (received > maxBodyBytes || (response.size2 ?? 0) > maxBodyBytes) {
        throw failure(request, `the response is larger than ${maxBodyBytes} bytes`);
      }
      chunks.push(response.payload);
      if (!more) return toResponse(start, Buffer.concat(chunks, received));
      response = await perform({ ...next, block2: { number: received / size, more: false, szx } });
    }
    // The body changed meanwhile (RFC 7959 §2.4). What is not a GET cannot be asked for twice.
    if (request.method !== "GET") break;
    if (!response.block2 && response.code.startsWith("2.")) return toResponse(response, response.payload);
    response = await perform({ ...next, block2: { number: 0, more: false, szx: LARGEST_SZX } });
    if (!response.block2) return toResponse(response, response.payload);
  }
  throw failure(request, "the response changed while its blocks were fetched");
}

function isSameBody(a: Message, b: Message): boolean {
  if (a.code !== b.code) return false;
  const [left, right] = [a.options.etag, b.options.etag];
  return left && right ? left.equals(right) : left === right;
}

function failure(request: RequestPart, why: string): CoapFailure {
  return new CoapFailure("protocol", `${request.method} /${request.options.uriPath?.join("/") ?? ""}: ${why}`);
}
