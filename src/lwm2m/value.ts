/** Whether a value may stand in a Resource: type, range, allowed values (OMA TS 1.0.2 Appendix C and D). */
import { CoapError } from "#coap/message";
import { isMultiple, type ResourceRow, type ResourceType, type ResourceValue, type Value } from "#lwm2m/object";
import { MAX_ID } from "#lwm2m/path";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** @returns the value as the registry keeps it: small integers as number, Resource Instances in ascending order. @throws CoapError 4.00 */
export function checkValue(row: ResourceRow, value: ResourceValue): ResourceValue {
  const type = row.type ?? "string";
  if (!isMultiple(value)) {
    if (row.multiple) throw new CoapError("4.00", `${row.name}: is a multiple resource`);
    return checkSingle(row, type, value);
  }
  if (!row.multiple) throw new CoapError("4.00", `${row.name}: is a single resource`);
  const kept: Array<[number, Value]> = [];
  for (const [id, single] of value) {
    if (id > MAX_ID) throw new CoapError("4.00", `${row.name}: resource instance ${id} is reserved`);
    kept.push([id, checkSingle(row, type, single)]);
  }
  return new Map(kept.sort(([a], [b]) => a - b));
}

function checkSingle(row: ResourceRow, type: ResourceType, value: Value): Value {
  const kept = typed(type, value);
  if (kept === undefined) throw new CoapError("4.00", `${row.name}: not of type ${type}`);
  if (row.oneOf && !row.oneOf.includes(kept as string | number)) {
    throw new CoapError("4.00", `${row.name}: not one of ${row.oneOf.join(", ")}`);
  }
  if (row.range) {
    const measure = measureOf(kept);
    if (measure < row.range[0] || measure > row.range[1]) {
      throw new CoapError("4.00", `${row.name}: outside ${row.range[0]}-${row.range[1]}`);
    }
  }
  return kept;
}

function typed(type: ResourceType, value: Value): Value | undefined {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "opaque":
      return Buffer.isBuffer(value) ? value : undefined;
    case "float":
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    case "integer":
    case "time":
      return wholeNumber(value);
    case "objlnk":
      return typeof value === "object" && "objectId" in value && isId(value.objectId) && isId(value.instanceId)
        ? value
        : undefined;
  }
}

function wholeNumber(value: Value): number | bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== "bigint" || value < INT64_MIN || value > INT64_MAX) return undefined;
  return narrow(value);
}

/** @returns a number where it is exact. */
export function narrow(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** Object links may name 65535:65535, "no link". */
function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= MAX_ID + 1;
}

function measureOf(value: Value): number | bigint {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Buffer.isBuffer(value)) return value.length;
  return typeof value === "number" || typeof value === "bigint" ? value : 0;
}
