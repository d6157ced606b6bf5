/**
 * The JSON format, Content-Format 11543 (OMA TS 1.0.2 §6.4.4): base name and name together are the whole path. What is
 * sent divides them as the examples there do, {"bn":"/3/0/","e":[{"n":"9",…}]}; what is received may divide them elsewhere.
 */
import { CoapError } from "#coap/message";
import { formatValue, parseBase64, parseValue } from "#lwm2m/format/text";
import { decodeUtf8 } from "#lwm2m/format/tlv";
import type { InstanceNode, Node, ResourceNode } from "#lwm2m/node";
import { isMultiple, type ObjectLink, type ResourceType, type Value } from "#lwm2m/object";
import { formatPath, type Path, parsePath } from "#lwm2m/path";

/** One value with the whole path it stands at, its type still open. */
export interface JsonEntry {
  readonly path: Path;
  readonly raw: unknown;
  readonly key: "v" | "sv" | "bv" | "ov";
}

const VALUE_KEYS = ["v", "sv", "bv", "ov"] as const;

/** @param path of the node; becomes the base name, with a slash at its end where names follow. */
export function encodeJson(node: Node, path: Path): Buffer {
  const entries: string[] = [];
  if (node.kind === "resource") addResource(entries, node, "");
  else if (node.kind === "instance") addInstance(entries, node, "");
  else for (const instance of node.instances) addInstance(entries, instance, `${instance.id}/`);
  const isLeaf = node.kind === "resource" && !isMultiple(node.value);
  const baseName = `${formatPath(path)}${isLeaf ? "" : "/"}`;
  return Buffer.from(`{"bn":${JSON.stringify(baseName)},"e":[${entries.join(",")}]}`);
}

function addInstance(entries: string[], instance: InstanceNode, prefix: string): void {
  for (const resource of instance.resources) addResource(entries, resource, `${prefix}${resource.id}`);
}

function addResource(entries: string[], { type, value }: ResourceNode, name: string): void {
  if (!isMultiple(value)) {
    entries.push(entryText(name, type, value));
    return;
  }
  const prefix = name === "" ? "" : `${name}/`;
  for (const [id, single] of value) entries.push(entryText(`${prefix}${id}`, type, single));
}

function entryText(name: string, type: ResourceType, value: Value): string {
  const named = name === "" ? "" : `"n":${JSON.stringify(name)},`;
  return `{${named}${valueText(type, value)}}`;
}

/** Numbers are written digit by digit: a bigint loses nothing. */
function valueText(type: ResourceType, value: Value): string {
  switch (type) {
    case "integer":
    case "float":
    case "time":
      return `"v":${formatValue(type, value)}`;
    case "boolean":
      return `"bv":${value ? "true" : "false"}`;
    case "objlnk":
      return `"ov":${JSON.stringify(formatValue(type, value as ObjectLink))}`;
    default:
      return `"sv":${JSON.stringify(formatValue(type, value))}`;
  }
}

/** @throws CoapError 4.00 */
export function decodeJsonEntries(bytes: Buffer): JsonEntry[] {
  let document: unknown;
  try {
    document = JSON.parse(decodeUtf8(bytes));
  } catch {
    throw malformed("cannot be parsed");
  }
  if (!isRecord(document) || !Array.isArray(document.e)) throw malformed("has no array e");
  const baseName = document.bn ?? "";
  if (typeof baseName !== "string") throw malformed("bn is no text");
  return document.e.map((entry: unknown) => decodeEntry(entry, baseName));
}

function decodeEntry(entry: unknown, baseName: string): JsonEntry {
  if (!isRecord(entry)) throw malformed("entry is no object");
  const name = entry.n ?? "";
  if (typeof name !== "string") throw malformed("n is no text");
  const [key, ...others] = VALUE_KEYS.filter((candidate) => Object.hasOwn(entry, candidate));
  if (!key || others.length > 0) throw malformed(`${baseName}${name} has not exactly one value`);
  const text = joinNames(baseName, name);
  const path = parsePath(text);
  if (!path) throw malformed(`${text} is no path`);
  return { path, raw: entry[key], key };
}

/** A slash between the two may stand at either, both or neither, and the one in front of all may be left out. */
function joinNames(baseName: string, name: string): string {
  const parts = [baseName.replace(/\/$/, ""), name.replace(/^\/|\/$/g, "")];
  const text = parts.filter((part) => part !== "").join("/");
  return text.startsWith("/") ? text : `/${text}`;
}

/** @throws CoapError 4.00 when the value is not of this type. */
export function decodeJsonValue(type: ResourceType, { key, raw }: JsonEntry): Value {
  switch (type) {
    case "integer":
    case "time":
      if (key === "v" && Number.isSafeInteger(raw)) return raw as number;
      break;
    case "float":
      if (key === "v" && typeof raw === "number" && Number.isFinite(raw)) return raw;
      break;
    case "boolean":
      if (key === "bv" && typeof raw === "boolean") return raw;
      break;
    case "string":
      if (key === "sv" && typeof raw === "string") return raw;
      break;
    case "opaque":
      if (key === "sv" && typeof raw === "string") return parseBase64(raw);
      break;
    case "objlnk":
      if (key === "ov" && typeof raw === "string") return parseValue(type, raw);
      break;
  }
  throw malformed(`value is not of type ${type}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(why: string): CoapError {
  return new CoapError("4.00", `json: ${why}`);
}
