/** Chooses the format of a payload by Content-Format and Accept (OMA TS 1.0.2 §6.4). */
import { CONTENT_FORMAT, CoapError, type Request } from "#coap/message";
import { decodeJsonEntries, decodeJsonValue, encodeJson, type JsonEntry } from "#lwm2m/format/json";
import { decodeOpaque, encodeOpaque } from "#lwm2m/format/opaque";
import { decodeText, encodeText } from "#lwm2m/format/text";
import { decodeTlvEntries, decodeTlvResource, encodeTlv, TLV_KIND, type TlvEntry } from "#lwm2m/format/tlv";
import type { InstanceNode, Node, ResourceNode } from "#lwm2m/node";
import { isMultiple, type ResourceType, type ResourceValue, type Value } from "#lwm2m/object";
import { formatPath, isWithin, MAX_ID, type Path } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

export interface Content {
  readonly contentFormat: number;
  readonly payload: Buffer;
}

/** What becomes of Resources the Object does not have: 4.04, or left out (Create and Bootstrap-Write). */
export type UnknownResources = "refuse" | "ignore";

/** What a Create carries; no id where the Client may choose. */
export interface Creation {
  readonly instanceId: number | undefined;
  readonly values: InstanceNode;
}

/** TLV and JSON by the numbers in use before 11542 and 11543 were assigned. */
export const OLD_FORMAT = { tlv: 1542, json: 1543 } as const;

/** For a Client that is to know the numbers of the standard alone. @throws CoapError 4.06, 4.15 */
export function refuseOldFormats({ method, accept, contentFormat }: Request): void {
  const format = method === "GET" ? accept : contentFormat;
  if (format !== OLD_FORMAT.tlv && format !== OLD_FORMAT.json) return;
  throw new CoapError(method === "GET" ? "4.06" : "4.15", `format ${format}: not supported`);
}

/** Without Accept: text for a single value (opaque for an opaque one), TLV for everything else. @throws CoapError 4.06 */
export function encodeNode(node: Node, accept: number | undefined, path: Path): Content {
  const single = node.kind === "resource" && !isMultiple(node.value) ? node.value : undefined;
  const contentFormat = accept ?? defaultFormat(node);
  switch (contentFormat) {
    case CONTENT_FORMAT.text:
      if (single === undefined || node.kind !== "resource") break;
      return { contentFormat, payload: encodeText(node.type, single) };
    case CONTENT_FORMAT.opaque:
      if (single === undefined || node.kind !== "resource") break;
      return { contentFormat, payload: encodeOpaque(node.type, single) };
    case CONTENT_FORMAT.tlv:
    case OLD_FORMAT.tlv:
      return { contentFormat, payload: encodeTlv(node) };
    case CONTENT_FORMAT.json:
    case OLD_FORMAT.json:
      return { contentFormat, payload: encodeJson(node, path) };
  }
  throw new CoapError("4.06", `${formatPath(path)}: not to be had in format ${accept}`);
}

function defaultFormat(node: Node): number {
  if (node.kind !== "resource" || isMultiple(node.value)) return CONTENT_FORMAT.tlv;
  return node.type === "opaque" ? CONTENT_FORMAT.opaque : CONTENT_FORMAT.text;
}

/**
 * The payload of a Write on an Object, Instance or Resource.
 * @throws CoapError 4.00 malformed or of another path, 4.04 Resource not in the Object, 4.05 not a value, 4.15 format
 */
export function decodePayload(
  contentFormat: number | undefined,
  payload: Buffer,
  path: Path,
  registry: Registry,
  unknown: UnknownResources = "refuse",
): Node {
  const reader = createReader(registry, path, unknown);
  const isResource = path.resourceId !== undefined;
  const multiple = isResource && (reader.rowOf(path.resourceId as number)?.multiple ?? false);
  switch (contentFormat ?? (isResource && !multiple ? CONTENT_FORMAT.text : CONTENT_FORMAT.tlv)) {
    case CONTENT_FORMAT.text:
      return reader.single(payload, decodeText);
    case CONTENT_FORMAT.opaque:
      return reader.single(payload, decodeOpaque);
    case CONTENT_FORMAT.tlv:
    case OLD_FORMAT.tlv:
      return reader.tlv(decodeTlvEntries(payload));
    case CONTENT_FORMAT.json:
    case OLD_FORMAT.json:
      return reader.json(decodeJsonEntries(payload));
  }
  throw new CoapError("4.15", `content format ${contentFormat}: not supported`);
}

/** The payload of a Create: one Instance with its id, or bare Resources. @throws CoapError 4.00, 4.05, 4.15 */
export function decodeCreation(
  contentFormat: number | undefined,
  payload: Buffer,
  objectId: number,
  registry: Registry,
): Creation {
  const path = { objectId };
  if (contentFormat === undefined || contentFormat === CONTENT_FORMAT.tlv || contentFormat === OLD_FORMAT.tlv) {
    const entries = decodeTlvEntries(payload);
    if (!entries.some(({ kind }) => kind === TLV_KIND.instance)) {
      const values = createReader(registry, path, "ignore").bare(entries, 0);
      return { instanceId: undefined, values };
    }
  }
  const node = decodePayload(contentFormat, payload, path, registry, "ignore");
  const [only, ...others] = node.kind === "object" ? node.instances : [];
  if (!only || others.length > 0) throw new CoapError("4.00", "create: payload is not one instance");
  return { instanceId: only.id, values: only };
}

/** Gives types to decoded bytes by the rows of the Object that `path` names. */
function createReader(registry: Registry, path: Path, unknown: UnknownResources) {
  const objectId = path.objectId as number;
  if (!registry.objects.has(objectId)) throw new CoapError("4.04", `/${objectId}: not there`);

  const rowOf = (resourceId: number) => registry.row(objectId, resourceId);

  /** @returns undefined where the Resource is to be left out. */
  function typedRow(resourceId: number): { type: ResourceType; multiple: boolean } | undefined {
    const row = rowOf(resourceId);
    if (!row) {
      if (unknown === "ignore") return undefined;
      throw new CoapError("4.04", `resource ${resourceId}: not in object ${objectId}`);
    }
    if (row.operations === "E") throw new CoapError("4.05", `${row.name}: cannot be written`);
    return { type: row.type, multiple: row.multiple ?? false };
  }

  function bare(entries: readonly TlvEntry[], id: number): InstanceNode {
    const resources: ResourceNode[] = [];
    const seen = new Set<number>();
    for (const entry of entries) {
      if (entry.kind !== TLV_KIND.resource && entry.kind !== TLV_KIND.multipleResource) throw mismatch(path);
      if (seen.has(entry.id)) throw new CoapError("4.00", `resource ${entry.id}: occurs twice`);
      seen.add(entry.id);
      const row = typedRow(entry.id);
      if (row) resources.push(decodeTlvResource(entry, row.type, row.multiple));
    }
    return { kind: "instance", id, resources };
  }

  function wrapped(entries: readonly TlvEntry[]): InstanceNode[] {
    const instances: InstanceNode[] = [];
    const seen = new Set<number>();
    for (const entry of entries) {
      if (entry.kind !== TLV_KIND.instance || entry.id > MAX_ID || seen.has(entry.id)) throw mismatch(path);
      seen.add(entry.id);
      instances.push(bare(decodeTlvEntries(entry.value), entry.id));
    }
    return instances;
  }

  return {
    rowOf,
    bare,

    single(payload: Buffer, decode: (type: ResourceType, bytes: Buffer) => Value): Node {
      if (path.resourceId === undefined) throw new CoapError("4.00", "write: the format holds a single value");
      const row = typedRow(path.resourceId);
      if (!row) throw new CoapError("4.04", `${formatPath(path)}: not there`);
      if (row.multiple) throw new CoapError("4.00", "write: the format holds a single value");
      return { kind: "resource", id: path.resourceId, type: row.type, value: decode(row.type, payload) };
    },

    tlv(entries: readonly TlvEntry[]): Node {
      if (path.instanceId === undefined) return { kind: "object", id: objectId, instances: wrapped(entries) };
      if (path.resourceId === undefined) {
        if (!entries.some(({ kind }) => kind === TLV_KIND.instance)) return bare(entries, path.instanceId);
        const [only, ...others] = wrapped(entries);
        if (!only || only.id !== path.instanceId || others.length > 0) throw mismatch(path);
        return only;
      }
      const [resource, ...others] = bare(entries, path.instanceId).resources;
      if (!resource || resource.id !== path.resourceId || others.length > 0) throw mismatch(path);
      return resource;
    },

    json(entries: readonly JsonEntry[]): Node {
      const instances = new Map<number, Map<number, ResourceValue>>();
      for (const entry of entries) {
        if (!isWithin(entry.path, path)) throw mismatch(path);
        const { instanceId, resourceId, resourceInstanceId } = entry.path;
        if (instanceId === undefined || resourceId === undefined) throw mismatch(path);
        const values = instances.get(instanceId) ?? new Map<number, ResourceValue>();
        instances.set(instanceId, values);
        const row = typedRow(resourceId);
        if (!row) continue;
        if (row.multiple !== (resourceInstanceId !== undefined)) throw mismatch(path);
        const value = decodeJsonValue(row.type, entry);
        if (resourceInstanceId === undefined) {
          if (values.has(resourceId)) throw new CoapError("4.00", `resource ${resourceId}: occurs twice`);
          values.set(resourceId, value);
          continue;
        }
        const multiple = (values.get(resourceId) ?? new Map()) as Map<number, Value>;
        if (multiple.has(resourceInstanceId)) {
          throw new CoapError("4.00", `resource instance ${resourceInstanceId}: occurs twice`);
        }
        values.set(resourceId, multiple.set(resourceInstanceId, value));
      }
      return assemble(instances);
    },
  };

  function assemble(instances: ReadonlyMap<number, ReadonlyMap<number, ResourceValue>>): Node {
    const nodes = [...instances].map(
      ([id, values]): InstanceNode => ({ kind: "instance", id, resources: nodesOf(values) }),
    );
    if (path.instanceId === undefined) return { kind: "object", id: objectId, instances: nodes };
    const instance = nodes[0] ?? { kind: "instance", id: path.instanceId, resources: [] };
    if (path.resourceId === undefined) return instance;
    const resource = instance.resources[0];
    if (resource) return resource;
    const row = typedRow(path.resourceId);
    if (!row?.multiple) throw mismatch(path);
    return { kind: "resource", id: path.resourceId, type: row.type, value: new Map() };
  }

  function nodesOf(values: ReadonlyMap<number, ResourceValue>): ResourceNode[] {
    return [...values].map(([id, value]) => ({ kind: "resource", id, type: rowOf(id)?.type as ResourceType, value }));
  }
}

function mismatch(path: Path): CoapError {
  return new CoapError("4.00", `payload: does not fit ${formatPath(path)}`);
}
