/** What a Server talks to, without a network: registry, access, attributes and observations over a modem on the manual clock. */
import { DEFAULT_TRANSMISSION, type NotificationOutcome } from "#coap/endpoint";
import { LinkError } from "#coap/link";
import { CoapError, type Method, type Request, type Response } from "#coap/message";
import type { Efs } from "#efs/efs";
import { createFirmware } from "#firmware/firmware";
import { createAccess } from "#lwm2m/access";
import { createAttributes } from "#lwm2m/attributes";
import { type BootstrapContext, serveBootstrap } from "#lwm2m/bootstrap-operation";
import type { ObjectDefinition, ResourceValue } from "#lwm2m/object";
import { createObservations, type Observations, type RelationChange } from "#lwm2m/observation";
import { type ServeContext, serve } from "#lwm2m/operation";
import { parsePath } from "#lwm2m/path";
import { createRegistry, type InstanceValues } from "#lwm2m/registry";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { createPower } from "#modem/power";
import { createTrafficMeter } from "#modem/traffic-meter";
import { deviceObjects } from "#objects/device-objects";
import { type Log, silentLog } from "#runtime";
import { hardware } from "../support/hardware.js";
import { createManualClock, createSeededRandom } from "../support/manual-clock.js";
import { createMemoryEfs } from "../support/memory-efs.js";

export interface Notification {
  readonly token: string;
  readonly response: Response;
  readonly confirmable: boolean;
  readonly atMs: number;
  outcome(outcome: NotificationOutcome): void;
}

export type RequestParts = Partial<Omit<Request, "method" | "payload" | "token">> & {
  readonly payload?: Buffer | string;
  /** Hex. */
  readonly token?: string;
};

/** /1 with one instance per Server: lifetime 300, no default periods. */
export function serverAccounts(...shortServerIds: number[]): ReadonlyMap<number, InstanceValues> {
  return new Map(
    shortServerIds.map((id, index) => [
      index + 1,
      new Map<number, ResourceValue>([
        [0, id],
        [1, 300],
        [6, true],
        [7, "U"],
      ]),
    ]),
  );
}

export function createManagedDevice(
  options: { servers?: readonly number[]; extra?: readonly ObjectDefinition[] } = {},
) {
  const clock = createManualClock();
  const logged: string[] = [];
  const note = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { ...silentLog, info: note, warn: note, error: note };
  const runtime = { clock, random: createSeededRandom(1), log };
  const modem = createModem(createInitialState(hardware));
  const calls: string[] = [];
  const firmware = createFirmware({
    runtime,
    modem,
    power: createPower({ modem, clock, log, profile: "instant" }),
    efs: createMemoryEfs() as Efs,
    openLink: () => Promise.reject(new LinkError("there is no network")),
    transmission: DEFAULT_TRANSMISSION,
    pskFor: () => undefined,
    onTraffic() {},
    acceptAny: true,
    httpsVerify: true,
  });
  const definitions = deviceObjects(modem, {
    reboot: () => calls.push("reboot"),
    factoryReset: () => calls.push("factoryReset"),
    threshold: () => 20,
    now: () => clock.now(),
    after: clock.after,
    meter: createTrafficMeter(modem, clock),
    disable: (id) => calls.push(`disable ${id}`),
    update: (id) => calls.push(`update ${id}`),
    firmware,
    downlink: (path, data) => calls.push(`downlink ${path} ${data.toString("latin1")}`),
  });
  const registry = createRegistry([...definitions, ...(options.extra ?? [])]);
  registry.load(1, serverAccounts(...(options.servers ?? [102])));
  const access = createAccess({ registry });
  const attributes = createAttributes({ registry });
  const notifications: Notification[] = [];
  const relations: RelationChange[] = [];
  let woken = 0;

  const contexts = new Map<number, ServeContext & { observations: Observations }>();
  const contextOf = (shortServerId: number) => {
    const known = contexts.get(shortServerId);
    if (known) return known;
    const observations = createObservations({
      shortServerId,
      registry,
      access,
      attributes,
      modem,
      runtime,
      maxRelations: 4,
      notify: (token, response, confirmable, outcome) =>
        notifications.push({ token: token.toString("hex"), response, confirmable, atMs: clock.monotonic(), outcome }),
      onRelation: (change) => relations.push(change),
      onDue: () => woken++,
    });
    const context = { shortServerId, registry, access, attributes, observations };
    contexts.set(shortServerId, context);
    return context;
  };

  function answer(serveIt: () => Response): Response {
    try {
      return serveIt();
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      return { code: error.code, payload: Buffer.from(error.message) };
    }
  }

  const self = {
    clock,
    modem,
    registry,
    access,
    attributes,
    calls,
    logged,
    /** How often a sleeping device was to wake. */
    woken: () => woken,
    notifications,
    relations,
    contextOf,
    get observations() {
      return contextOf(102).observations;
    },
    request: (method: Method, path: string, parts: RequestParts = {}, from = 102, change: Partial<ServeContext> = {}) =>
      answer(() => serve(message(method, path, parts), { ...contextOf(from), ...change })),
    bootstrap: (method: Method, path: string, parts: RequestParts = {}, bootstrapInstanceId?: number) => {
      const context: BootstrapContext = { registry, bootstrapInstanceId };
      return answer(() => serveBootstrap(message(method, path, parts), context));
    },
    /** Puts one value in its place as the device itself does. */
    put(path: string, value: ResourceValue) {
      const at = parsePath(path)!;
      const type = registry.row(at.objectId!, at.resourceId!)!.type!;
      registry.write(at, { kind: "resource", id: at.resourceId!, type, value }, "replace", "client");
    },
    batteryPercent(percent: number) {
      modem.update(({ battery }) => ({ battery: { ...battery, percent } }));
    },
  };
  return self;
}

/** @param path e.g. "/3/0?pmin=1&pmax=5" */
export function message(method: Method, path: string, parts: RequestParts = {}): Request {
  const [place = "", query] = path.split("?");
  const { payload = "", token = "a1", ...rest } = parts;
  const uriPath = place === "/" ? [] : place.slice(1).split("/");
  return {
    method,
    confirmable: true,
    uriPath,
    ...(query !== undefined && { uriQuery: query.split("&") }),
    token: Buffer.from(token, "hex"),
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    ...rest,
  };
}

export const textOf = ({ payload }: Response) => payload?.toString("utf8") ?? "";
export const hex = (digits: string) => Buffer.from(digits.replace(/\s/g, ""), "hex");
