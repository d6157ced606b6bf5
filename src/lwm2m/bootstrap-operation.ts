/** Requests of a Bootstrap-Server as operations: Discover, Write and Delete (OMA TS 1.0.2 §5.2.7); Finish is the session's. */
import { CONTENT_FORMAT, CoapError, type Request, type Response } from "#coap/message";
import { SECURITY } from "#lwm2m/account-tree";
import { decodePayload, refuseOldFormats } from "#lwm2m/format/content";
import { formatBootstrapDiscovery, type LinkOptions } from "#lwm2m/format/link";
import { links, requirePath, requireRow } from "#lwm2m/operation";
import { formatPath, type Path } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

export interface BootstrapContext {
  readonly registry: Registry;
  /** Instance of Object 0 that is the account of the Bootstrap-Server; survives its Deletes. */
  readonly bootstrapInstanceId: number | undefined;
  /** Whether 1542 and 1543 are understood as TLV and JSON, and answered in kind. */
  readonly oldFormats?: boolean;
  readonly link?: LinkOptions;
}

/** POST /bs, with which the Bootstrap-Server ends. */
export function isBootstrapFinish({ method, uriPath }: Request): boolean {
  return method === "POST" && uriPath?.length === 1 && uriPath[0] === "bs";
}

/** What is no POST but Finish, and no GET but Discover, belongs to a bootstrap. */
export function isBootstrapRequest(request: Request): boolean {
  if (request.method === "GET") return request.accept === CONTENT_FORMAT.link;
  return request.method !== "POST" || isBootstrapFinish(request);
}

/** Serves all but Finish. @throws CoapError */
export function serveBootstrap(request: Request, context: BootstrapContext): Response {
  const path = requirePath(request);
  if (!context.oldFormats) refuseOldFormats(request);
  switch (request.method) {
    case "GET":
      if (request.accept !== CONTENT_FORMAT.link || path.instanceId !== undefined) {
        throw new CoapError("4.05", "bootstrap: only discover can be asked for");
      }
      return links(formatBootstrapDiscovery(context.registry, path, context.link));
    case "PUT":
      return bootstrapWrite(request, path, context);
    case "DELETE":
      return bootstrapDelete(path, context);
    case "POST":
      throw new CoapError("4.05", "bootstrap: only /bs takes a post");
  }
}

/** On an Object, an Instance or a Resource; what is there is overwritten, what is not is made. */
function bootstrapWrite(request: Request, path: Path, { registry }: BootstrapContext): Response {
  if (path.objectId === undefined) throw new CoapError("4.05", "/: cannot be written");
  requireRow(path, registry);
  const node = decodePayload(request.contentFormat, request.payload, path, registry, "ignore");
  registry.write(path, node, "replace", "bootstrap");
  return { code: "2.04" };
}

/** The account of the Bootstrap-Server and the single Instances of Objects stay; asked for by name they are refused. */
function bootstrapDelete(path: Path, { registry, bootstrapInstanceId }: BootstrapContext): Response {
  const { objectId, instanceId } = path;
  if (path.resourceId !== undefined) throw new CoapError("4.00", "bootstrap: a resource cannot be deleted");
  if (instanceId !== undefined) {
    if (objectId === SECURITY && instanceId === bootstrapInstanceId) {
      throw new CoapError("4.05", `${formatPath(path)}: account of the bootstrap server`);
    }
    registry.delete(path, "bootstrap");
    return { code: "2.02" };
  }
  if (objectId !== undefined && !registry.objects.has(objectId)) {
    throw new CoapError("4.04", `${formatPath(path)}: not there`);
  }
  for (const definition of registry.objects.values()) {
    if (objectId !== undefined && objectId !== definition.id) continue;
    if (definition.instances === "single") {
      if (objectId !== undefined) throw new CoapError("4.05", `${definition.name}: its only instance stays`);
      continue;
    }
    for (const id of registry.instances(definition.id)) {
      if (definition.id === SECURITY && id === bootstrapInstanceId) continue;
      // An Access Control Instance goes with the Instance it is for.
      if (registry.hasInstance(definition.id, id))
        registry.delete({ objectId: definition.id, instanceId: id }, "bootstrap");
    }
  }
  return { code: "2.02" };
}
