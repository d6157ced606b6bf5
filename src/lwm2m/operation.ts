/**
 * CoAP requests of a Server as LwM2M operations (OMA TS 1.0.2 §8.2.3 - §8.2.4): everything between the endpoint's two ends,
 * synchronous and free of I/O. A thrown CoapError becomes the response's code.
 */
import { CONTENT_FORMAT, CoapError, type Request, type Response } from "#coap/message";
import type { Access, Operation } from "#lwm2m/access";
import type { Attributes } from "#lwm2m/attributes";
import { decodeArguments } from "#lwm2m/format/arguments";
import { decodeCreation, decodePayload, encodeNode, refuseOldFormats } from "#lwm2m/format/content";
import { formatDiscovery, formatObjectList, type LinkOptions } from "#lwm2m/format/link";
import type { Observations } from "#lwm2m/observation";
import { formatPath, type Path, pathOf } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

/** Guide 3.3 offers reading and writing only: "rwOnly" answers 4.05 to anything else. */
export type Capabilities = "all" | "rwOnly";

/** One per Server link; made once. */
export interface ServeContext {
  readonly shortServerId: number;
  readonly registry: Registry;
  readonly access: Access;
  readonly attributes: Attributes;
  readonly observations: Observations;
  readonly capabilities?: Capabilities;
  /** Whether 1542 and 1543 are understood as TLV and JSON, and answered in kind. */
  readonly oldFormats?: boolean;
  readonly link?: LinkOptions;
}

const SECURITY_OBJECT = 0;
/** What "rwOnly" leaves; reports are reads that repeat themselves. */
const READING_AND_WRITING: ReadonlySet<Operation> = new Set(["read", "write", "observe"]);

/** Serves a management Server. @throws CoapError */
export function serve(request: Request, context: ServeContext): Response {
  if (isWellKnownCore(request)) return serveWellKnownCore(request, context);
  const path = requirePath(request);
  if (path.objectId === undefined) throw new CoapError("4.00", "/: names no object");
  const operation = operationOf(request, path);
  if (context.capabilities === "rwOnly" && !READING_AND_WRITING.has(operation)) {
    throw new CoapError("4.05", `${operation}: not offered`);
  }
  if (!context.oldFormats) refuseOldFormats(request);
  switch (operation) {
    case "read":
    case "observe":
      return read(request, path, context);
    case "discover":
      return discover(path, context);
    case "write":
      return write(request, path, context);
    case "writeAttributes":
      requireTarget(path, operation, context);
      context.attributes.write(context.shortServerId, path, request.uriQuery ?? []);
      return { code: "2.04" };
    case "execute":
      return execute(request, path, context);
    case "create":
      return create(request, path, context);
    case "delete":
      return remove(path, context);
  }
}

/** OMA TS 1.0.2 §8.2.4, table 25. @throws CoapError 4.05 */
function operationOf({ method, accept, observe, uriQuery }: Request, path: Path): Operation {
  switch (method) {
    case "GET":
      if (accept === CONTENT_FORMAT.link) return "discover";
      return observe === 0 ? "observe" : "read";
    case "PUT":
      return uriQuery && uriQuery.length > 0 ? "writeAttributes" : "write";
    case "POST":
      if (path.instanceId === undefined) return "create";
      return path.resourceId === undefined ? "write" : "execute";
    case "DELETE":
      return "delete";
  }
}

function read(request: Request, path: Path, { observations, access, shortServerId }: ServeContext): Response {
  if (request.observe === 0) return observations.observe(request.token, path, request.accept);
  if (request.observe === 1) observations.cancel(request.token);
  return { code: "2.05", ...encodeNode(access.read(shortServerId, path), request.accept, path) };
}

function discover(path: Path, { registry, access, attributes, shortServerId, link }: ServeContext): Response {
  access.check(shortServerId, "discover", path);
  return links(formatDiscovery(registry, path, attributes, shortServerId, link));
}

/** PUT replaces, POST on an Instance updates. */
function write(request: Request, path: Path, context: ServeContext): Response {
  requireTarget(path, "write", context);
  if (path.instanceId === undefined) throw new CoapError("4.05", "write: names no instance");
  const { registry } = context;
  requireRow(path, registry);
  const node = decodePayload(request.contentFormat, request.payload, path, registry);
  registry.write(path, node, request.method === "PUT" ? "replace" : "update");
  return { code: "2.04" };
}

function execute(request: Request, path: Path, context: ServeContext): Response {
  requireTarget(path, "execute", context);
  const row = requireRow(path, context.registry);
  if (row?.operations !== "E") throw new CoapError("4.05", `${row?.name}: cannot be executed`);
  if ((request.contentFormat ?? CONTENT_FORMAT.text) !== CONTENT_FORMAT.text) {
    throw new CoapError("4.15", "execute: arguments are plain text");
  }
  context.registry.execute(path, decodeArguments(request.payload));
  return { code: "2.04" };
}

function create(request: Request, path: Path, context: ServeContext): Response {
  const { registry, access, shortServerId } = context;
  const objectId = path.objectId as number;
  const definition = registry.objects.get(objectId);
  requireTarget(path, "create", context);
  if (definition?.instances === "single") throw new CoapError("4.05", `${definition.name}: has a single instance`);
  const { instanceId, values } = decodeCreation(request.contentFormat, request.payload, objectId, registry);
  const created = registry.create(objectId, instanceId, values);
  access.own(shortServerId, objectId, created);
  return { code: "2.01", locationPath: [`${objectId}`, `${created}`] };
}

function remove(path: Path, context: ServeContext): Response {
  requireTarget(path, "delete", context);
  context.registry.delete(path);
  return { code: "2.02" };
}

/** What is not there is 4.04, whatever the rights; then the rights. Object 0 shows nothing at all. */
function requireTarget(path: Path, operation: Operation, { registry, access, shortServerId }: ServeContext): void {
  const { objectId, instanceId } = path;
  if (objectId !== SECURITY_OBJECT) {
    const there =
      instanceId === undefined
        ? registry.objects.has(objectId as number)
        : registry.hasInstance(objectId as number, instanceId);
    if (!there) throw new CoapError("4.04", `${formatPath(path)}: not there`);
  }
  access.check(shortServerId, operation, path);
}

export function requireRow(path: Path, registry: Registry) {
  if (path.resourceId === undefined) return undefined;
  const row = registry.row(path.objectId as number, path.resourceId);
  if (!row) throw new CoapError("4.04", `${formatPath(path)}: not there`);
  return row;
}

/** @throws CoapError 4.04 for text and for too many segments, and for Resource Instances, which 1.0 cannot address. */
export function requirePath({ uriPath = [] }: Request): Path {
  const segments = uriPath.length === 1 && uriPath[0] === "" ? [] : uriPath;
  const path = pathOf(segments);
  if (!path || path.resourceInstanceId !== undefined) throw new CoapError("4.04", `/${segments.join("/")}: not there`);
  return path;
}

function isWellKnownCore({ uriPath }: Request): boolean {
  return uriPath?.length === 2 && uriPath[0] === ".well-known" && uriPath[1] === "core";
}

/** RFC 6690 §4. */
function serveWellKnownCore({ method, accept }: Request, { registry, link }: ServeContext): Response {
  if (method !== "GET") throw new CoapError("4.05", "/.well-known/core: can only be read");
  if (accept !== undefined && accept !== CONTENT_FORMAT.link) {
    throw new CoapError("4.06", `/.well-known/core: not to be had in format ${accept}`);
  }
  return links(formatObjectList(registry, link));
}

export function links(text: string): Response {
  return { code: "2.05", contentFormat: CONTENT_FORMAT.link, payload: Buffer.from(text) };
}
