/** A whole Client on the manual clock whose Servers are bytes: see raw-server.ts. */
import { describe, expect, it } from "vitest";
import type { CoapParts, ReadCoap } from "../support/coap-bytes.ts";
import { type DeviceOptions, openDevice } from "../support/lwm2m-device.ts";
import { type Ask, nameOf, OPTION, show } from "./ask.ts";
import { createRawServer, type RawServer, type Script } from "./raw-server.ts";

export const SERVER_ACCOUNT = account(1, 102, 300);
export const SECOND_ACCOUNT = account(2, 103, 600);
export const BOOTSTRAP_ACCOUNT =
  '{"bn":"/0/0/","e":[{"n":"0","sv":"coap://192.0.2.9:5783"},{"n":"1","bv":true},{"n":"2","v":3},{"n":"10","v":100}]}';

/** Security and Server Object Instances `id` as bootstrap.ini writes them, without default periods. */
export function account(
  id: number,
  shortServerId: number,
  lifetimeS: number,
  uri = `coap://192.0.2.${id}:5683`,
): string {
  return `{"bn":"/0/${id}/","e":[{"n":"0","sv":"${uri}"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":${shortServerId}}]}
{"bn":"/1/${id}/","e":[{"n":"0","v":${shortServerId}},{"n":"1","v":${lifetimeS}},{"n":"5","v":60},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;
}

export interface RawDeviceOptions extends Omit<DeviceOptions, "answer" | "files" | "serverOn"> {
  /** bootstrap.ini; one account by default. */
  readonly ini?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Asked first; what it leaves undefined goes to the usual answers. Return NOTHING for silence. */
  readonly script?: (request: ReadCoap, server: RawServer) => CoapParts | Buffer | undefined;
}

/** What a script returns to leave a request unanswered. */
export const NOTHING: Buffer = Buffer.alloc(0);

/** The Acknowledgement that carries a response. */
export function answer(request: ReadCoap, code: string, more: Partial<CoapParts> = {}): CoapParts {
  return { type: "ACK", code, mid: request.mid, token: request.token, ...more };
}

/** What a Server answers when all is well; each Register gets a location of its own. */
export function usualAnswers(): (request: ReadCoap) => CoapParts {
  let registrations = 0;
  return (request) => {
    const [method] = nameOf(request).split(" ");
    if (nameOf(request).startsWith("POST /rd?")) {
      const options = ["rd", String(++registrations)].map((part) => [OPTION.locationPath, part] as const);
      return answer(request, "2.01", { options });
    }
    return answer(request, method === "DELETE" ? "2.02" : "2.04");
  };
}

/** A device that is on, its Client not started. */
export async function openRawDevice({ ini = SERVER_ACCOUNT, files, script, ...rest }: RawDeviceOptions = {}) {
  const servers: RawServer[] = [];
  let current = script;
  const usual = usualAnswers();
  const respond: Script = (request, server) => {
    const reply = current?.(request, server) ?? usual(request);
    return reply === NOTHING ? undefined : reply;
  };
  const device = openDevice({
    ...rest,
    files: { "/datatx/bootstrap.ini": ini, ...files },
    serverOn: (link, target) =>
      void servers.push(createRawServer({ link, target, clock: device.clock, script: () => respond })),
  });
  await device.clock.advance(1000);
  return {
    ...device,
    /** One for each link the Client has opened, in order. */
    servers,
    get server() {
      return servers.at(-1)!;
    },
    /** From now on. */
    rescript(next: RawDeviceOptions["script"]) {
      current = next;
    },
    /** All requests of the Client to all Servers, in the order of the Servers. */
    requests: () => servers.flatMap((server) => server.requests()),
  };
}

export type RawDevice = Awaited<ReturnType<typeof openRawDevice>>;

/** The same, registered with its Servers, and what they heard so far taken. */
export async function openRegistered(options: RawDeviceOptions = {}): Promise<RawDevice> {
  const device = await openRawDevice(options);
  device.client.register(false);
  await device.clock.advance(100);
  for (const server of device.servers) server.take();
  return device;
}

/** A request and the answer expected: its code, the whole line of `show`, or a pattern of it. */
export type Step = readonly [request: Ask, expected: string | RegExp];

/** Asks one after the other. */
export async function walk(server: RawServer, steps: readonly Step[]): Promise<void> {
  for (const [index, [request, expected]] of steps.entries()) {
    const response = await server.ask(request);
    const where = `step ${index + 1}`;
    if (typeof expected === "string" && expected.length === 4) expect(response.code, where).toBe(expected);
    else if (typeof expected === "string") expect(show(response), where).toBe(expected);
    else expect(show(response), where).toMatch(expected);
  }
}

/** A conformance case that is one exchange after another with a registered device. */
export interface Case {
  /** Begins with the id, or ids, of what it shows. */
  readonly title: string;
  readonly options?: RawDeviceOptions;
  readonly steps: readonly Step[];
}

export function defineCases(area: string, cases: readonly Case[]): void {
  describe(area, () => {
    for (const { title, options, steps } of cases) {
      it(title, async () => walk((await openRegistered(options)).server, steps));
    }
  });
}
