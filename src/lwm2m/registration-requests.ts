/** Register, Update and De-register as a Server is asked for them (OMA TS 1.0.2 §5.3), and what it has granted then. */
import type { Endpoint } from "#coap/endpoint";
import { CONTENT_FORMAT, type Response } from "#coap/message";
import type { ServerParameters } from "#lwm2m/accounts";
import type { UpdateContent } from "#lwm2m/registration";
import type { Clock, Log } from "#runtime";

/** A registration as the Server knows it. */
export interface Grant {
  /** The endpoint name. */
  readonly endpoint: string;
  /** The device's port it came from. */
  readonly localPort: number;
  readonly location: readonly string[];
  /** Wall clock ms at which the Server drops it, unless an Update comes before. */
  readonly expiresAtMs: number;
  readonly lifetimeS: number;
  readonly binding: string;
  /** The list of Objects and Object Instances, in CoRE Link Format. */
  readonly objects: string;
}

export interface RegistrationRequestsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Sent as the query lwm2m=…; undefined leaves it out. */
  readonly version: string | undefined;
  endpointName(): string;
  /** The SIM's MSISDN; told beside a binding that has SMS in it. */
  phoneNumber(): string | undefined;
  parameters(): ServerParameters;
  /** The list of Objects and Object Instances, in CoRE Link Format. */
  objectLinks(): string;
}

/** All throw CoapFailure without an answer; a refusal is logged. */
export interface RegistrationRequests {
  /** @returns undefined when refused. */
  register(peer: Endpoint): Promise<Grant | undefined>;
  /** @returns undefined when refused. */
  update(peer: Endpoint, grant: Grant, content: UpdateContent): Promise<Grant | undefined>;
  deregister(peer: Endpoint, location: readonly string[]): Promise<void>;
  /** What an Update has to tell so that the Server knows all as it is now. */
  changesSince(grant: Grant): UpdateContent;
}

export function createRegistrationRequests(options: RegistrationRequestsOptions): RegistrationRequests {
  const { clock, log } = options;

  const refused = (operation: string, response: Response) => {
    const detail = response.payload?.length ? response.payload.toString("utf8") : undefined;
    log.warn({ code: response.code, detail }, `${operation} refused by the server`);
  };

  /** OMA TS 1.0.2 §5.3.1. */
  const bindingQuery = (binding: string): readonly string[] => {
    const number = binding.includes("S") ? options.phoneNumber() : undefined;
    return [`b=${binding}`, ...(number === undefined ? [] : [`sms=${number.replace(/^\+/, "")}`])];
  };

  /** @param askedAtMs when the request left: the Server may count from then on */
  const expiry = (askedAtMs: number, lifetimeS: number) => askedAtMs + lifetimeS * 1000;

  return {
    async register(peer) {
      const { lifetimeS, binding } = options.parameters();
      const endpoint = options.endpointName();
      const objects = options.objectLinks();
      const askedAtMs = clock.now();
      const version = options.version === undefined ? [] : [`lwm2m=${options.version}`];
      const response = await peer.request({
        method: "POST",
        uriPath: ["rd"],
        uriQuery: [`ep=${endpoint}`, `lt=${lifetimeS}`, ...version, ...bindingQuery(binding)],
        contentFormat: CONTENT_FORMAT.link,
        payload: Buffer.from(objects),
      });
      if (response.code !== "2.01") {
        refused("Register", response);
        return undefined;
      }
      const { locationPath: location = [] } = response;
      log.info({ location: location.join("/"), endpoint }, "registered");
      const { localPort } = peer.link;
      return { endpoint, localPort, location, expiresAtMs: expiry(askedAtMs, lifetimeS), lifetimeS, binding, objects };
    },

    async update(peer, grant, content) {
      const now = options.parameters();
      const lifetimeS = content.lifetime ? now.lifetimeS : grant.lifetimeS;
      const binding = content.binding ? now.binding : grant.binding;
      const objects = content.objects ? options.objectLinks() : grant.objects;
      const askedAtMs = clock.now();
      const uriQuery = [
        ...(content.lifetime ? [`lt=${lifetimeS}`] : []),
        ...(content.binding ? bindingQuery(binding) : []),
      ];
      const response = await peer.request({
        method: "POST",
        uriPath: grant.location,
        ...(uriQuery.length > 0 && { uriQuery }),
        ...(content.objects && { contentFormat: CONTENT_FORMAT.link, payload: Buffer.from(objects) }),
      });
      if (response.code !== "2.04") {
        refused("Update", response);
        return undefined;
      }
      const { localPort } = peer.link;
      return { ...grant, localPort, expiresAtMs: expiry(askedAtMs, lifetimeS), lifetimeS, binding, objects };
    },

    async deregister(peer, location) {
      const response = await peer.request({ method: "DELETE", uriPath: location });
      if (response.code === "2.02") log.info({ location: location.join("/") }, "de-registered");
      else refused("De-register", response);
    },

    changesSince(grant) {
      const { lifetimeS, binding } = options.parameters();
      return {
        lifetime: lifetimeS !== grant.lifetimeS,
        binding: binding !== grant.binding,
        objects: options.objectLinks() !== grant.objects,
      };
    },
  };
}
