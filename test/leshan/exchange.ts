import { type Answer, type CoapMessage, type Leshan, textOptions, uriPath } from "./leshan.ts";

/** An operation seen from both sides: Leshan's REST answer, and what went over the wire for it. */
export interface Exchange extends Answer {
  /** "GET /3/0/0 accept=0 -> 2.05 ct=0", "GET /3/0/9 observe=0 -> 2.05 observe ct=0" */
  readonly wire: string;
  /** The response's payload. */
  readonly payload: Buffer;
}

/** @param operate one operation on that endpoint through Leshan's REST @throws Error where nothing was sent or nothing answered */
export async function exchange(leshan: Leshan, endpoint: string, operate: () => Promise<Answer>): Promise<Exchange> {
  const { address } = await leshan.client(endpoint);
  const since = leshan.mark();
  const answer = await operate();
  await leshan.settle();
  const log = leshan.coapLog(address, since);
  const request = log.find((one) => one.direction === "sent" && METHODS[one.code] !== undefined);
  const response = log.find((one) => one.direction === "received" && one.messageId === request?.messageId);
  if (request === undefined || response === undefined) throw new Error(`no exchange with ${endpoint}`);
  return {
    ...answer,
    wire: `${describeRequest(request)} -> ${[response.code, ...describeOptions(response)].join(" ")}`,
    payload: Buffer.from(response.payload, "hex"),
  };
}

/** "POST /rd/5?lt=20 ct=40" */
export function describeRequest(request: CoapMessage): string {
  const query = textOptions(request, 15).join("&");
  return [`${METHODS[request.code]} ${uriPath(request)}${query && `?${query}`}`, ...describeOptions(request)].join(" ");
}

/** Requests of the device, duplicates left out. */
export function requestsIn(log: readonly CoapMessage[]): string[] {
  const requests = log.filter((one) => one.direction === "received" && METHODS[one.code] !== undefined);
  return [...new Map(requests.map((one) => [one.messageId, describeRequest(one)])).values()];
}

/** An option's value as a number; undefined where the option is absent. */
export function numberOption(message: CoapMessage, number: number): number | undefined {
  const option = message.options.find((one) => one.number === number);
  return option && Number.parseInt(option.value || "0", 16);
}

const METHODS: Readonly<Record<string, string>> = { "0.01": "GET", "0.02": "POST", "0.03": "PUT", "0.04": "DELETE" };
const SHOWN = { observe: 6, ct: 12, accept: 17 } as const;

function describeOptions(message: CoapMessage): string[] {
  return Object.entries(SHOWN).flatMap(([name, number]) => {
    const value = numberOption(message, number);
    if (value === undefined) return [];
    // a notification counter may be any number
    return [name === "observe" && METHODS[message.code] === undefined ? name : `${name}=${value}`];
  });
}
