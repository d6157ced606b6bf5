import { randomUUID } from "node:crypto";
import { createJournal } from "./event-journal.ts";
import { buildHosts, type LeshanHost, openHost } from "./leshan-host.ts";

/**
 * The JVMs that make up one Leshan. Maven Central holds the Bootstrap-Server of 2.0.0-M18 under no name we know;
 * 2.0.0-M15 is the newest 2.x that has it among its libraries.
 */
const HOSTS = {
  "2.0.0-M18": [
    { version: "2.0.0-M18", ports: 2 },
    { version: "2.0.0-M15", ports: 2 },
  ],
  "1.5.0": [{ version: "1.5.0", ports: 4 }],
} as const;

export type LeshanVersion = keyof typeof HOSTS;

export const VERSIONS: readonly LeshanVersion[] = ["2.0.0-M18", "1.5.0"];

export interface Link {
  readonly url: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Registration {
  readonly endpoint: string;
  readonly registrationId: string;
  /** Where Leshan sees the Client: "127.0.0.1:49152". */
  readonly address: string;
  readonly secure: boolean;
  /** Seconds. */
  readonly lifetime: number;
  readonly binding: string;
  readonly lwM2mVersion: string;
  readonly objectLinks: readonly Link[];
  readonly additionalAttributes: Readonly<Record<string, string>>;
}

/** Integers, floats and times (ms) are numbers, opaque is hex, an object link is "3:0". */
export type Value = string | number | boolean | null;

export type Type = "STRING" | "INTEGER" | "FLOAT" | "BOOLEAN" | "OPAQUE" | "TIME" | "OBJLNK";

export type Resource =
  | { readonly kind: "singleResource"; readonly id: number; readonly type: Type; readonly value: Value }
  | {
      readonly kind: "multiResource";
      readonly id: number;
      readonly type: Type;
      readonly values: Record<string, Value>;
    };

export interface Instance {
  readonly kind: "instance";
  readonly id: number;
  readonly resources: readonly Resource[];
}

export interface LwM2mObject {
  readonly kind: "object";
  readonly id: number;
  readonly instances: readonly Instance[];
}

export type Content = LwM2mObject | Instance | Resource;

/** A Client's answer as Leshan decoded it. */
export interface Answer {
  /** "2.05"; "0.00" when nothing was sent. */
  readonly status: string;
  readonly success: boolean;
  readonly errorMessage?: string;
  readonly content?: Content;
  readonly objectLinks?: readonly Link[];
  readonly location?: string;
  /** Of an observe: the token in lower-case hex. */
  readonly token?: string;
}

export interface CoapMessage {
  readonly side: "server" | "bootstrap";
  readonly secure: boolean;
  /** As Leshan sees it. */
  readonly direction: "sent" | "received";
  readonly peer: string;
  readonly type: "CON" | "NON" | "ACK" | "RST";
  readonly code: string;
  readonly messageId: number;
  readonly token: string;
  readonly options: readonly { readonly number: number; readonly value: string }[];
  readonly payload: string;
}

interface EventData {
  REGISTRATION: { endpoint: string; registration: Registration };
  UPDATED: { endpoint: string; withObjectLinks: boolean; registration: Registration };
  DEREGISTRATION: { endpoint: string; expired: boolean; registration: Registration };
  /** Of Queue mode: what Leshan assumes from times, and what it saw. */
  SLEEPING: { endpoint: string };
  AWAKE: { endpoint: string };
  NOTIFICATION: { endpoint: string; path: string; token: string; content?: Content };
  NOTIFICATION_ERROR: { endpoint: string; error: string };
  BSSESSION: { endpoint: string; state: string; detail?: string };
  COAPLOG: CoapMessage;
  MARK: { id: string };
}

export type LeshanEvent = {
  [N in keyof EventData]: { readonly event: N; readonly at: number; readonly data: EventData[N] };
}[keyof EventData];

export interface SecurityAccount {
  readonly uri: string;
  readonly bootstrapServer: boolean;
  readonly securityMode: "NO_SEC" | "PSK";
  readonly identity?: string;
  /** Hex. */
  readonly key?: string;
  readonly serverId: number;
}

/** One Access Control Instance: rights by short server id (1 read, 2 write, 4 execute, 8 delete, 16 create). */
export interface AccessControl {
  readonly objectId: number;
  readonly objectInstanceId: number;
  readonly acls: Readonly<Record<string, number>>;
  readonly AccessControlOwner: number;
}

/** What the Bootstrap-Server writes; keys are Object Instance ids. */
export interface BootstrapConfig {
  readonly toDelete?: readonly string[];
  readonly acls?: Readonly<Record<string, AccessControl>>;
  readonly servers: Readonly<
    Record<string, { shortId: number; lifetime: number; binding?: string; defaultMaxPeriod?: number }>
  >;
  readonly security: Readonly<Record<string, SecurityAccount>>;
}

/** `format` is TLV, TEXT, OPAQUE, JSON or LINK; without one a read sends no Accept. `timeoutS`: 10 unless given. */
export interface Options {
  readonly format?: string;
  readonly timeoutS?: number;
}

/** A running Leshan: LwM2M Server and Bootstrap-Server on free loopback ports, and all that they saw. */
export interface Leshan {
  readonly version: LeshanVersion;
  readonly coapPort: number;
  readonly coapsPort: number;
  readonly bootstrapCoapPort: number;
  readonly bootstrapCoapsPort: number;
  readonly events: readonly LeshanEvent[];

  clients(): Promise<Registration[]>;
  /** @throws Error "400 no registered client" */
  client(endpoint: string): Promise<Registration>;
  read(endpoint: string, path: string, options?: Options): Promise<Answer>;
  /** `replace` is PUT (the default), else POST. */
  write(endpoint: string, path: string, node: Content, options?: Options & { replace?: boolean }): Promise<Answer>;
  execute(endpoint: string, path: string, args?: string, options?: Options): Promise<Answer>;
  create(
    endpoint: string,
    path: string,
    instance: Omit<Instance, "id"> & { id?: number },
    options?: Options,
  ): Promise<Answer>;
  delete(endpoint: string, path: string, options?: Options): Promise<Answer>;
  discover(endpoint: string, path: string, options?: Options): Promise<Answer>;
  /** @param attributes as in a query: "pmin=1&pmax=5" */
  writeAttributes(endpoint: string, path: string, attributes: string): Promise<Answer>;
  observe(endpoint: string, path: string, options?: Options): Promise<Answer>;
  /** Passive: Leshan forgets, and resets the next notification. Active (not in 1.5.0): a GET with Observe=1. */
  cancelObservation(endpoint: string, path: string, how: "passive" | "active"): Promise<Answer>;
  /** How long Leshan takes this endpoint to listen after its last message, in Queue mode; 93 s unless told. */
  setAwakeTime(endpoint: string, ms: number): Promise<void>;
  addPsk(endpoint: string, identity: string, keyHex: string): Promise<void>;
  removePsk(endpoint: string): Promise<void>;
  addBootstrapPsk(endpoint: string, identity: string, keyHex: string): Promise<void>;
  addBootstrapConfig(endpoint: string, config: BootstrapConfig): Promise<void>;
  removeBootstrapConfig(endpoint: string): Promise<void>;

  /** The place after the last event so far. */
  mark(): number;
  /** The first event of that name which fits, since the mark (or since the start), within the deadline. */
  waitFor<N extends keyof EventData>(
    name: N,
    fits: (data: EventData[N]) => boolean,
    deadlineMs: number,
    since?: number,
  ): Promise<EventData[N]>;
  /** Resolves when every event of before this call is in `events`. */
  settle(): Promise<void>;
  /** Every message Leshan exchanged with that peer ("127.0.0.1:49152") since the mark; duplicates included. */
  coapLog(peer: string, since?: number): CoapMessage[];
  /** Ends the LwM2M Server, which forgets registrations and keys, and starts it anew on the same ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface LeshanOptions {
  readonly version: LeshanVersion;
  /** Of loopback; 127.0.0.1 by default. */
  readonly address?: string;
}

/** @returns why these versions cannot be had on this machine, or undefined when they can; builds what is missing */
export function prepareLeshan(versions: readonly LeshanVersion[]): Promise<string | undefined> {
  return buildHosts(versions.flatMap((version) => HOSTS[version].map((host) => host.version)));
}

/** @throws Error telling what is missing (Java, Maven, the network) when Leshan cannot be started */
export async function openLeshan({ version, address = "127.0.0.1" }: LeshanOptions): Promise<Leshan> {
  const missing = await prepareLeshan([version]);
  if (missing !== undefined) throw new Error(`leshan ${version}: ${missing}`);

  const journal = createJournal<LeshanEvent>(describeEvent);
  const open = (host: string, ports: readonly number[]) =>
    openHost(
      host,
      address,
      ports,
      (event) => journal.add(event as LeshanEvent),
      (reason) => journal.end(reason),
    );
  const hosts = await Promise.all(HOSTS[version].map((host) => open(host.version, Array(host.ports).fill(0))));
  const serverHost = () => hosts.find((host) => host.server !== undefined)!;
  const bootstrapHost = () => hosts.find((host) => host.bootstrap !== undefined)!;

  const operation = async (
    method: string,
    endpoint: string,
    rest: string,
    query: Options & { replace?: boolean },
    body?: string,
  ) => {
    const parameters = new URLSearchParams();
    if (query.format !== undefined) parameters.set("format", query.format);
    if (query.timeoutS !== undefined) parameters.set("timeout", String(query.timeoutS));
    if (query.replace !== undefined) parameters.set("replace", String(query.replace));
    const separator = rest.includes("?") ? "&" : "?";
    return (await serverHost().call(
      method,
      `clients/${encodeURIComponent(endpoint)}${rest}${separator}${parameters}`,
      body,
    )) as Answer;
  };
  const addCredentials = async (host: LeshanHost, where: string, endpoint: string, identity: string, key: string) => {
    await host.call("PUT", `security/${where}`, JSON.stringify({ endpoint, psk: { identity, key } }));
  };
  const waitFor: Leshan["waitFor"] = (name, fits, deadlineMs, since) =>
    journal.waitFor<EventData[typeof name]>(
      `leshan ${name}`,
      (one) => {
        if (one.event !== name) return undefined;
        const data = one.data as EventData[typeof name];
        return fits(data) ? data : undefined;
      },
      deadlineMs,
      since,
    );

  return {
    version,
    coapPort: serverHost().server!.coapPort,
    coapsPort: serverHost().server!.coapsPort,
    bootstrapCoapPort: bootstrapHost().bootstrap!.coapPort,
    bootstrapCoapsPort: bootstrapHost().bootstrap!.coapsPort,
    events: journal.entries,
    clients: async () => (await serverHost().call("GET", "clients")) as Registration[],
    client: async (endpoint) =>
      (await serverHost().call("GET", `clients/${encodeURIComponent(endpoint)}`)) as Registration,
    read: (endpoint, path, options = {}) => operation("GET", endpoint, path, options),
    write: (endpoint, path, node, options = {}) => operation("PUT", endpoint, path, options, JSON.stringify(node)),
    execute: (endpoint, path, args = "", options = {}) => operation("POST", endpoint, path, options, args),
    create: (endpoint, path, instance, options = {}) =>
      operation("POST", endpoint, path, options, JSON.stringify(instance)),
    delete: (endpoint, path, options = {}) => operation("DELETE", endpoint, path, options),
    discover: (endpoint, path, options = {}) => operation("GET", endpoint, `${path}/discover`, options),
    writeAttributes: (endpoint, path, attributes) => operation("PUT", endpoint, `${path}/attributes?${attributes}`, {}),
    observe: (endpoint, path, options = {}) => operation("POST", endpoint, `${path}/observe`, options),
    cancelObservation: (endpoint, path, how) =>
      operation("DELETE", endpoint, `${path}/observe${how === "active" ? "?active" : ""}`, {}),
    setAwakeTime: async (endpoint, ms) => {
      await serverHost().call("PUT", `awake/${encodeURIComponent(endpoint)}?ms=${ms}`);
    },
    addPsk: (endpoint, identity, key) => addCredentials(serverHost(), "clients", endpoint, identity, key),
    removePsk: async (endpoint) => {
      await serverHost().call("DELETE", `security/clients/${encodeURIComponent(endpoint)}`);
    },
    addBootstrapPsk: (endpoint, identity, key) => addCredentials(bootstrapHost(), "bootstrap", endpoint, identity, key),
    addBootstrapConfig: async (endpoint, config) => {
      await bootstrapHost().call("POST", `bootstrap/${encodeURIComponent(endpoint)}`, JSON.stringify(config));
    },
    removeBootstrapConfig: async (endpoint) => {
      await bootstrapHost().call("DELETE", `bootstrap/${encodeURIComponent(endpoint)}`);
    },
    mark: journal.mark,
    waitFor,
    async settle() {
      for (const host of hosts) {
        const id = randomUUID();
        await host.call("POST", `mark?id=${id}`);
        await waitFor("MARK", (data) => data.id === id, 5000);
      }
    },
    coapLog(peer, since = 0) {
      const messages = journal.entries.slice(since).flatMap((one) => (one.event === "COAPLOG" ? [one.data] : []));
      return messages.filter((message) => message.peer === peer);
    },
    async restart() {
      const index = hosts.indexOf(serverHost());
      const { server, bootstrap, close } = hosts[index]!;
      await close();
      const ports = [server, bootstrap].flatMap((of) => (of === undefined ? [] : [of.coapPort, of.coapsPort]));
      hosts[index] = await open(HOSTS[version][index]!.version, ports);
    },
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}

/** One option's values: paths and queries as text ("rd", "ep=…"). */
export function textOptions(message: CoapMessage, number: number): string[] {
  return message.options
    .filter((option) => option.number === number)
    .map((option) => Buffer.from(option.value, "hex").toString());
}

/** "/3/0/4" from the Uri-Path options. */
export function uriPath(message: CoapMessage): string {
  return `/${textOptions(message, 11).join("/")}`;
}

/** Finds a resource by id in an instance, or takes the resource itself; a multiple resource gives its first value. */
export function valueIn(content: Content | undefined, resourceId: number): Value | undefined {
  const resource = content?.kind === "instance" ? content.resources.find((one) => one.id === resourceId) : content;
  if (resource?.kind === "singleResource" && resource.id === resourceId) return resource.value;
  if (resource?.kind === "multiResource" && resource.id === resourceId) return Object.values(resource.values)[0];
  return undefined;
}

function describeEvent(one: LeshanEvent): string {
  if (one.event !== "COAPLOG") return `${one.event} ${JSON.stringify(one.data).slice(0, 200)}`;
  const { direction, type, code, messageId, token, payload, side } = one.data;
  const query = textOptions(one.data, 15).join("&");
  return `COAPLOG ${side} ${direction} ${type} ${code} mid=${messageId} token=${token} ${uriPath(one.data)}?${query} ${payload.slice(0, 80)}`;
}
