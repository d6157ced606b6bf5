/** CoRE Link Format (RFC 6690) as LwM2M 1.0 uses it: Register, Discover, Bootstrap-Discover. */
import { CONTENT_FORMAT, CoapError } from "#coap/message";
import type { AttributeSet, Attributes } from "#lwm2m/attributes";
import { isMultiple, type ObjectDefinition } from "#lwm2m/object";
import { formatPath, type Path } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

export interface LinkOptions {
  /** How the version of an Object other than 1.0 is written: ;ver="1.1" (TS 1.0 examples; Leshan 2 refuses it), ;ver=1.1, or not at all. */
  readonly version?: "quoted" | "bare" | "none";
  /** Puts the root link `</>;rt="oma.lwm2m";ct=11543` first, which says that JSON is served. */
  readonly root?: boolean;
}

const SECURITY_OBJECT = 0;
const SERVER_OBJECT = 1;

/** The object list of Register and Update: "</1/0>,</3/0>,…"; Object 0 is left out (OMA TS 1.0.2 §5.3.1). */
export function formatObjectList(registry: Registry, options: LinkOptions = {}): string {
  const links: string[] = [];
  if (options.root) links.push(`</>;rt="oma.lwm2m";ct=${CONTENT_FORMAT.json}`);
  for (const definition of registry.objects.values()) {
    if (definition.id === SECURITY_OBJECT) continue;
    const version = formatVersion(definition, options);
    const instances = registry.instances(definition.id);
    if (instances.length === 0 || version !== "") links.push(`</${definition.id}>${version}`);
    for (const id of instances) links.push(`</${definition.id}/${id}>`);
  }
  return links.join(",");
}

/**
 * The answer to Discover for one Server (OMA TS 1.0.2 §5.4.2): from an Object or an Instance down, each with the
 * attributes attached to it; of a single Resource with those it inherits, too.
 * @throws CoapError 4.04
 */
export function formatDiscovery(
  registry: Registry,
  path: Path,
  attributes: Attributes,
  shortServerId: number,
  options: LinkOptions = {},
): string {
  const { objectId, instanceId, resourceId } = path;
  const definition = objectId === undefined ? undefined : registry.objects.get(objectId);
  if (!definition) throw new CoapError("4.04", `${formatPath(path)}: not there`);
  const attached = (at: Path) => formatAttributes(attributes.attached(shortServerId, at));
  const linksOfInstance = (id: number) => {
    const at = { objectId: definition.id, instanceId: id };
    const resources = presentResources(registry, definition, id);
    return [
      `<${formatPath(at)}>${attached(at)}`,
      ...resources.map((resource) => {
        const dimension = formatDimension(registry, definition.id, id, resource);
        return `<${formatPath({ ...at, resourceId: resource })}>${dimension}${attached({ ...at, resourceId: resource })}`;
      }),
    ];
  };
  if (instanceId === undefined) {
    const self = `</${definition.id}>${formatVersion(definition, options)}${attached(path)}`;
    return [self, ...registry.instances(definition.id).flatMap(linksOfInstance)].join(",");
  }
  if (!registry.hasInstance(definition.id, instanceId)) throw new CoapError("4.04", `${formatPath(path)}: not there`);
  if (resourceId === undefined) return linksOfInstance(instanceId).join(",");
  if (!presentResources(registry, definition, instanceId).includes(resourceId)) {
    throw new CoapError("4.04", `${formatPath(path)}: not there`);
  }
  const dimension = formatDimension(registry, definition.id, instanceId, resourceId);
  return `<${formatPath(path)}>${dimension}${formatAttributes(attributes.inherited(shortServerId, path))}`;
}

/**
 * The answer to Bootstrap-Discover (OMA TS 1.0.2 §5.2.7.3): Objects and Instances, with the Short Server ID of accounts.
 * @throws CoapError 4.04
 */
export function formatBootstrapDiscovery(registry: Registry, path: Path, options: LinkOptions = {}): string {
  if (path.objectId !== undefined && !registry.objects.has(path.objectId)) {
    throw new CoapError("4.04", `${formatPath(path)}: not there`);
  }
  const links = ['lwm2m="1.0"'];
  for (const definition of registry.objects.values()) {
    if (path.objectId !== undefined && path.objectId !== definition.id) continue;
    const version = formatVersion(definition, options);
    const instances = registry.instances(definition.id);
    if (instances.length === 0 || version !== "") links.push(`</${definition.id}>${version}`);
    for (const id of instances)
      links.push(`</${definition.id}/${id}>${formatShortServerId(registry, definition.id, id)}`);
  }
  return links.join(",");
}

/** e.g. ";pmin=10;pmax=60;gt=50". */
export function formatAttributes(set: AttributeSet): string {
  let text = "";
  for (const name of ["pmin", "pmax", "gt", "lt", "st"] as const) {
    if (set[name] !== undefined) text += `;${name}=${set[name]}`;
  }
  return text;
}

function formatVersion({ version = "1.0" }: ObjectDefinition, options: LinkOptions): string {
  if (version === "1.0" || options.version === "none") return "";
  return options.version === "bare" ? `;ver=${version}` : `;ver="${version}"`;
}

/** Executable Resources are always there, others when they have a value. */
function presentResources(registry: Registry, definition: ObjectDefinition, instanceId: number): number[] {
  return Object.keys(definition.resources)
    .map(Number)
    .filter((id) => {
      const row = definition.resources[id];
      if (row?.operations === "E" || row?.operations === "W") return true;
      return registry.value(definition.id, instanceId, id) !== undefined;
    });
}

function formatDimension(registry: Registry, objectId: number, instanceId: number, resourceId: number): string {
  if (!registry.row(objectId, resourceId)?.multiple) return "";
  const value = registry.value(objectId, instanceId, resourceId);
  return value !== undefined && isMultiple(value) ? `;dim=${value.size}` : "";
}

function formatShortServerId(registry: Registry, objectId: number, instanceId: number): string {
  if (objectId === SECURITY_OBJECT && registry.value(SECURITY_OBJECT, instanceId, 1) !== true) {
    return formatId(registry.value(SECURITY_OBJECT, instanceId, 10));
  }
  return objectId === SERVER_OBJECT ? formatId(registry.value(SERVER_OBJECT, instanceId, 0)) : "";
}

function formatId(shortServerId: unknown): string {
  return typeof shortServerId === "number" ? `;ssid=${shortServerId}` : "";
}
