/** Requests written as a Server means them, and answers shown as a case expects them. */
import type { CoapParts, ReadCoap } from "../support/coap-bytes.ts";

/** A request without message id; token and type may be given. */
export type Ask = Omit<CoapParts, "mid">;

/** Option numbers (RFC 7252 §5.10, RFC 7641, RFC 7959). */
export const OPTION = {
  observe: 6,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
} as const;
export const FORMAT = { text: 0, link: 40, opaque: 42, tlv: 11542, json: 11543 } as const;

export interface AskParts {
  readonly type?: "CON" | "NON";
  /** Hex. */
  readonly token?: string;
  readonly observe?: number;
  readonly accept?: number;
  readonly format?: number;
  /** Text, or the bytes. */
  readonly payload?: string | Buffer;
  readonly block1?: number;
  readonly block2?: number;
  /** Further options; they find their places by themselves. */
  readonly options?: ReadonlyArray<readonly [number, string | number | Buffer]>;
}

const METHOD = { GET: "0.01", POST: "0.02", PUT: "0.03", DELETE: "0.04" } as const;
type Method = keyof typeof METHOD;

/** @param place e.g. "/3/0?pmin=1&pmax=5" */
export function ask(method: Method, place: string, parts: AskParts = {}): Ask {
  const [path = "", query] = place.split("?");
  const { type, token, observe, accept, format, payload, block1, block2 } = parts;
  const options: (readonly [number, string | number | Buffer])[] = [...(parts.options ?? [])];
  const add = (number: number, value: string | number | undefined) => {
    if (value !== undefined) options.push([number, value]);
  };
  if (path !== "/") for (const segment of path.slice(1).split("/")) add(OPTION.uriPath, segment);
  for (const each of query?.split("&") ?? []) add(OPTION.uriQuery, each);
  add(OPTION.observe, observe);
  add(OPTION.contentFormat, format);
  add(OPTION.accept, accept);
  add(OPTION.block2, block2);
  add(OPTION.block1, block1);
  options.sort(([a], [b]) => a - b); // stable: segments keep their order
  return {
    code: METHOD[method],
    ...(type !== undefined && { type }),
    ...(token !== undefined && { token }),
    options,
    ...(payload !== undefined && { payload }),
  };
}

export const get = (place: string, parts?: AskParts): Ask => ask("GET", place, parts);
export const put = (place: string, parts?: AskParts): Ask => ask("PUT", place, parts);
export const post = (place: string, parts?: AskParts): Ask => ask("POST", place, parts);
export const del = (place: string, parts?: AskParts): Ask => ask("DELETE", place, parts);
export const text = (payload: string): AskParts => ({ format: FORMAT.text, payload });
export const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ""), "hex");
export const tlv = (digits: string): AskParts => ({ format: FORMAT.tlv, payload: hex(digits) });

const optionsOf = ({ options }: ReadCoap, wanted: number) =>
  options.filter(([number]) => number === wanted).map(([, value]) => value);

/** An option's value as a number; undefined where the option is absent. */
export function numberOf(message: ReadCoap, option: number): number | undefined {
  const [value] = optionsOf(message, option);
  return value && (value.length === 0 ? 0 : value.readUIntBE(0, value.length));
}

/** e.g. "rd/5"; undefined without Location-Path. */
export function locationOf(message: ReadCoap): string | undefined {
  const parts = optionsOf(message, OPTION.locationPath);
  return parts.length === 0 ? undefined : parts.join("/");
}

/** A request as "POST /rd?ep=x&lt=300". */
export function nameOf(message: ReadCoap): string {
  const method = Object.entries(METHOD).find(([, code]) => code === message.code)?.[0] ?? message.code;
  const query = optionsOf(message, OPTION.uriQuery).join("&");
  return `${method} /${optionsOf(message, OPTION.uriPath).join("/")}${query && `?${query}`}`;
}

/** An answer as "2.05 ct=0 Quectel", "2.01 at=19/2", "2.05 ct=11542 c2..." (binary payloads in hex), "4.04 not there". */
export function show(message: ReadCoap): string {
  const format = numberOf(message, OPTION.contentFormat);
  const location = locationOf(message);
  const isText = format === undefined || format === FORMAT.text || format === FORMAT.link || format === FORMAT.json;
  const words = [
    message.code,
    ...(location === undefined ? [] : [`at=${location}`]),
    ...(format === undefined ? [] : [`ct=${format}`]),
    ...(message.payload.length === 0 ? [] : [message.payload.toString(isText ? "utf8" : "hex")]),
  ];
  return words.join(" ");
}
