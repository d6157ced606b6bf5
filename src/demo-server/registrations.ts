/** Who is registered, until when (OMA TS 1.0.2 §5.3). */
import type { Address, ReceivedRequest, Response } from "#demo-server/coap-peer";
import { LINK_FORMAT } from "#demo-server/content";
import type { Cancel, Clock, Random } from "#runtime";

export interface Registration {
  readonly id: string;
  readonly endpoint: string;
  readonly address: Address;
  readonly lifetimeS: number;
  readonly version: string;
  readonly binding: string;
  /** As the Client listed them, e.g. ["</1/0>", "</3/0>"]. */
  readonly objects: readonly string[];
}

export type RegistrationChange = "registered" | "updated" | "deregistered" | "expired";

export interface Registrations {
  readonly all: readonly Registration[];
  find(endpoint: string): Registration | undefined;
  /** Answers a request to /rd or below. */
  respond(request: ReceivedRequest): Response;
  close(): void;
}

/** OMA TS 1.0.2 §5.3.1: Lifetime when Register carries none. */
const DEFAULT_LIFETIME_S = 86_400;
/** Enough for a demo; more is answered 5.03. */
const MAX_REGISTRATIONS = 1000;

export function createRegistrations(
  clock: Clock,
  random: Random,
  onChange: (change: RegistrationChange, registration: Registration) => void,
): Registrations {
  const byId = new Map<string, { registration: Registration; cancelExpiry: Cancel }>();

  const put = (registration: Registration) => {
    byId.get(registration.id)?.cancelExpiry();
    const cancelExpiry = clock.after(registration.lifetimeS * 1000, () => {
      byId.delete(registration.id);
      onChange("expired", registration);
    });
    byId.set(registration.id, { registration, cancelExpiry });
  };
  const remove = (id: string) => {
    byId.get(id)?.cancelExpiry();
    byId.delete(id);
  };
  const find = (endpoint: string) =>
    [...byId.values()].find((entry) => entry.registration.endpoint === endpoint)?.registration;

  const register = (request: ReceivedRequest): Response => {
    const query = queryOf(request);
    const endpoint = query.ep;
    const lifetimeS = lifetimeOf(query.lt);
    if (!endpoint || endpoint.length > 255) return { code: "4.00", payload: "ep: endpoint name is missing" };
    if (lifetimeS === undefined) return { code: "4.00", payload: "lt: not a number of seconds" };
    if (query.lwm2m !== undefined && !/^1\.\d+$/.test(query.lwm2m)) {
      return { code: "4.12", payload: "lwm2m: version is not supported" }; // OMA TS 1.0.2 §8.2.3
    }
    if (request.format !== undefined && request.format !== LINK_FORMAT) return { code: "4.15" };
    const earlier = find(endpoint);
    if (earlier)
      remove(earlier.id); // a new Register replaces the registration
    else if (byId.size >= MAX_REGISTRATIONS) return { code: "5.03" };
    const id = random.bytes(5).toString("hex");
    const registration: Registration = {
      id,
      endpoint,
      address: { address: request.from.address, port: request.from.port },
      lifetimeS,
      version: query.lwm2m ?? "1.0",
      binding: query.b ?? "U",
      objects: linksOf(request.payload),
    };
    put(registration);
    onChange("registered", registration);
    return { code: "2.01", location: ["rd", id] };
  };

  const update = (request: ReceivedRequest, registration: Registration): Response => {
    const query = queryOf(request);
    const lifetimeS = query.lt === undefined ? registration.lifetimeS : lifetimeOf(query.lt);
    if (lifetimeS === undefined) return { code: "4.00", payload: "lt: not a number of seconds" };
    const updated: Registration = {
      ...registration,
      address: { address: request.from.address, port: request.from.port },
      lifetimeS,
      binding: query.b ?? registration.binding,
      objects: request.payload.length > 0 ? linksOf(request.payload) : registration.objects,
    };
    put(updated);
    onChange("updated", updated);
    return { code: "2.04" };
  };

  return {
    get all() {
      return [...byId.values()].map((entry) => entry.registration);
    },
    find,
    respond(request) {
      const [, id, ...rest] = request.path;
      if (id === undefined) return request.method === "POST" ? register(request) : { code: "4.05" };
      const found = rest.length === 0 ? byId.get(id)?.registration : undefined;
      if (!found) return { code: "4.04" };
      if (request.method === "POST") return update(request, found);
      if (request.method !== "DELETE") return { code: "4.05" };
      remove(id);
      onChange("deregistered", found);
      return { code: "2.02" };
    },
    close() {
      for (const entry of byId.values()) entry.cancelExpiry();
      byId.clear();
    },
  };
}

function queryOf(request: ReceivedRequest): Partial<Record<string, string>> {
  return Object.fromEntries(
    request.query.map((item) => {
      const [key = "", ...value] = item.split("=");
      return [key, value.join("=")];
    }),
  );
}

function lifetimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return DEFAULT_LIFETIME_S;
  return /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function linksOf(payload: Buffer): string[] {
  return payload
    .toString("utf8")
    .split(/,(?=<)/)
    .filter((link) => link !== "");
}
