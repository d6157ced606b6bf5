/** A small LwM2M Server and Bootstrap-Server (UDP, NoSec) for the quick start and for tests. */
import { bootstrapClient } from "#demo-server/bootstrap";
import {
  type CoapPeer,
  type Observation,
  openCoapPeer,
  type PeerReply,
  type PeerRequest,
  type ReceivedRequest,
} from "#demo-server/coap-peer";
import {
  decodeContent,
  encodeInstance,
  encodeResource,
  idsOf,
  type Leaf,
  LINK_FORMAT,
  TLV,
  type Values,
} from "#demo-server/content";
import { createRegistrations, type Registration } from "#demo-server/registrations";
import type { Runtime } from "#runtime";

export interface Answer {
  /** e.g. "2.05". */
  readonly code: string;
  readonly path: string;
  readonly format: number | undefined;
  readonly payload: Buffer;
  /** The payload as paths and values; empty when there is none, it is a link list, or it could not be read. */
  readonly values: readonly Leaf[];
  /** Where a created Object Instance stands. */
  readonly location: string | undefined;
}

export type DemoEvent =
  | { readonly type: "registered" | "updated" | "deregistered" | "expired"; readonly registration: Registration }
  | { readonly type: "notification"; readonly endpoint: string; readonly answer: Answer }
  | { readonly type: "bootstrapped"; readonly endpoint: string }
  | { readonly type: "bootstrapFailed"; readonly endpoint: string; readonly reason: string };

export interface DemoServerOptions {
  /** Default 127.0.0.1: reachable from this machine alone. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly bootstrapPort: number;
  readonly runtime: Runtime;
  readonly onEvent?: (event: DemoEvent) => void;
  /** Seconds of Lifetime given out in a bootstrap. */
  readonly bootstrapLifetimeS?: number;
  readonly answerWithinMs?: number;
}

/** Every operation throws an Error when the endpoint is not registered or the Client does not answer. */
export interface DemoServer {
  readonly port: number;
  readonly bootstrapPort: number;
  /** "coap://host:port" of the LwM2M Server, and of the Bootstrap-Server. */
  readonly uri: string;
  readonly bootstrapUri: string;
  readonly registrations: readonly Registration[];
  /** @param accept Content-Format asked for; undefined leaves the choice to the Client. */
  read(endpoint: string, path: string, accept?: number): Promise<Answer>;
  discover(endpoint: string, path: string): Promise<Answer>;
  /** Writes one Resource: text by its type, bytes as they are. @throws Error when the text does not fit the type. */
  write(endpoint: string, path: string, value: string | Buffer): Promise<Answer>;
  /** Writes an Object Instance in TLV: replaces it (PUT) or changes the Resources named alone (POST). */
  writeInstance(endpoint: string, path: string, values: Values, mode: "replace" | "update"): Promise<Answer>;
  writeAttributes(endpoint: string, path: string, attributes: string): Promise<Answer>;
  execute(endpoint: string, path: string, args?: string): Promise<Answer>;
  /** @param path "/o" lets the Client choose the instance, "/o/i" names it. */
  create(endpoint: string, path: string, values: Values): Promise<Answer>;
  delete(endpoint: string, path: string): Promise<Answer>;
  /** Notifications come as events. */
  observe(endpoint: string, path: string): Promise<Answer>;
  cancelObservation(endpoint: string, path: string): Promise<Answer>;
  close(): Promise<void>;
}

/** @throws Error (code EADDRINUSE …) when a port cannot be taken. */
export async function openDemoServer(options: DemoServerOptions): Promise<DemoServer> {
  const { runtime, host = "127.0.0.1", answerWithinMs = 20_000, onEvent = () => {} } = options;
  const log = runtime.log.child({ area: "demo-server" });
  const observations = new Map<string, Observation>();
  const keyOf = (endpoint: string, path: string) => `${endpoint} ${path}`;
  const forgetObservations = (endpoint: string) => {
    for (const [key, observation] of observations) {
      if (!key.startsWith(`${endpoint} /`)) continue;
      observation.forget();
      observations.delete(key);
    }
  };

  const registrations = createRegistrations(runtime.clock, runtime.random, (change, registration) => {
    if (change !== "updated") forgetObservations(registration.endpoint); // they end with the registration
    log.info({ endpoint: registration.endpoint, registration: registration.id }, change);
    onEvent({ type: change, registration });
  });
  const peerOptions = { host, clock: runtime.clock, log, answerWithinMs };
  const peer = await openCoapPeer({
    ...peerOptions,
    port: options.port,
    respond: (request) => (request.path[0] === "rd" ? registrations.respond(request) : { code: "4.04" }),
  });

  const bootstraps = new Set<string>();
  const startBootstrap = (request: ReceivedRequest) => {
    const endpoint = request.query.find((item) => item.startsWith("ep="))?.slice(3);
    if (request.path.join("/") !== "bs") return { code: "4.04" };
    if (request.method !== "POST") return { code: "4.05" };
    if (!endpoint) return { code: "4.00", payload: "ep: endpoint name is missing" };
    if (bootstraps.has(endpoint)) return { code: "2.04" }; // the one under way goes on
    bootstraps.add(endpoint);
    const serverUri = uriOf(localHost(host), peer.port);
    runtime.clock.after(0, () =>
      bootstrapClient(bootstrapPeer, request.from, { serverUri, lifetimeS: options.bootstrapLifetimeS ?? 86_400 })
        .then(() => onEvent({ type: "bootstrapped", endpoint }))
        .catch((error: Error) => onEvent({ type: "bootstrapFailed", endpoint, reason: error.message }))
        .finally(() => bootstraps.delete(endpoint)),
    );
    return { code: "2.04" };
  };
  let bootstrapPeer: CoapPeer;
  try {
    bootstrapPeer = await openCoapPeer({ ...peerOptions, port: options.bootstrapPort, respond: startBootstrap });
  } catch (error) {
    await peer.close();
    throw error;
  }

  const addressOf = (endpoint: string) => {
    const registration = registrations.find(endpoint);
    if (!registration) throw new Error(`endpoint: ${endpoint} is not registered`);
    return registration.address;
  };
  const answerOf = (path: string, reply: PeerReply): Answer => {
    const answer = {
      code: reply.code,
      path,
      format: reply.format,
      payload: reply.payload,
      location: undefined,
      values: [],
    };
    if (reply.location.length > 0) return { ...answer, location: `/${reply.location.join("/")}` };
    if (!reply.code.startsWith("2.") || reply.payload.length === 0 || reply.format === LINK_FORMAT) return answer;
    try {
      return { ...answer, values: decodeContent(path, reply.format, reply.payload) };
    } catch (error) {
      log.warn(
        { path, payload: reply.payload.toString("hex"), reason: (error as Error).message },
        "unreadable payload",
      );
      return answer;
    }
  };
  const ask = async (endpoint: string, request: PeerRequest) =>
    answerOf(request.path, await peer.request(addressOf(endpoint), request));

  return {
    port: peer.port,
    bootstrapPort: bootstrapPeer.port,
    uri: uriOf(localHost(host), peer.port),
    bootstrapUri: uriOf(localHost(host), bootstrapPeer.port),
    get registrations() {
      return registrations.all;
    },
    read: (endpoint, path, accept) => ask(endpoint, { method: "GET", path, ...(accept !== undefined && { accept }) }),
    discover: (endpoint, path) => ask(endpoint, { method: "GET", path, accept: LINK_FORMAT }),
    write: async (endpoint, path, value) => ask(endpoint, { method: "PUT", path, ...encodeResource(path, value) }),
    writeInstance: async (endpoint, path, values, mode) => {
      const payload = encodeInstance(idsOf(path)[0] ?? 0, values);
      return ask(endpoint, { method: mode === "replace" ? "PUT" : "POST", path, format: TLV, payload });
    },
    writeAttributes: (endpoint, path, attributes) => ask(endpoint, { method: "PUT", path, query: attributes }),
    execute: (endpoint, path, args) =>
      ask(endpoint, { method: "POST", path, ...(args && { format: 0, payload: Buffer.from(args) }) }),
    create: async (endpoint, path, values) => {
      const [objectId = 0, instanceId] = idsOf(path);
      const payload = encodeInstance(objectId, values, instanceId);
      return ask(endpoint, { method: "POST", path: `/${objectId}`, format: TLV, payload });
    },
    delete: (endpoint, path) => ask(endpoint, { method: "DELETE", path }),
    async observe(endpoint, path) {
      observations.get(keyOf(endpoint, path))?.forget();
      const { reply, observation } = await peer.observe(addressOf(endpoint), { method: "GET", path }, (notification) =>
        onEvent({ type: "notification", endpoint, answer: answerOf(path, notification) }),
      );
      if (observation) observations.set(keyOf(endpoint, path), observation);
      return answerOf(path, reply);
    },
    async cancelObservation(endpoint, path) {
      const observation = observations.get(keyOf(endpoint, path));
      if (!observation) throw new Error(`observation: ${path} of ${endpoint} is not observed`);
      observations.delete(keyOf(endpoint, path));
      return answerOf(path, await observation.cancel());
    },
    async close() {
      registrations.close();
      for (const observation of observations.values()) observation.forget();
      observations.clear();
      await Promise.all([peer.close(), bootstrapPeer.close()]);
    },
  };
}

/** An address to reach a server by that listens on all of them. */
function localHost(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}

function uriOf(host: string, port: number): string {
  return `coap://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
