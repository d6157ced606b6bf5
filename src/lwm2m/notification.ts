/** When the next Notify of an Observation is due (OMA TS 1.0.2 §5.1.2). Pure. */
import type { AttributeSet } from "#lwm2m/attributes";
import { type Content, encodeNode } from "#lwm2m/format/content";
import { encodeTlv } from "#lwm2m/format/tlv";
import type { InstanceNode, Node } from "#lwm2m/node";
import { isMultiple, type ResourceRow } from "#lwm2m/object";
import type { Path } from "#lwm2m/path";
import type { Registry } from "#lwm2m/registry";

/** What an observed path looks like at one moment. */
export interface Sample extends Content {
  /** What is compared: the payload, with clocks replaced by what sets them. */
  readonly news: Buffer;
  /** The value or values of one numeric Resource, which gt, lt and st look at. */
  readonly numbers: readonly number[] | undefined;
}

/** What the Server was last told, and when (monotonic ms). */
export interface Sent extends Pick<Sample, "news" | "numbers"> {
  readonly atMs: number;
}

export type Due = "now" | "never" | { readonly atMs: number };

/** @param node what `path` reads as now. @throws CoapError 4.06 */
export function takeSample(registry: Registry, node: Node, path: Path, accept: number | undefined): Sample {
  const content = encodeNode(node, accept, path);
  return { ...content, news: newsOf(registry, node, path, content.payload), numbers: numbersOf(node) };
}

/**
 * pmin holds a change back, pmax sends without one; of a numeric Resource with gt, lt or st only a crossing of a
 * threshold or a whole step is a change. pmax below pmin, and pmax 0, count as absent.
 * @param happened an event that counts as a change whatever the value.
 */
export function nextNotify(
  last: Sent,
  current: Pick<Sample, "news" | "numbers">,
  attributes: AttributeSet,
  nowMs: number,
  happened: boolean,
): Due {
  const { pmin = 0, pmax = 0 } = attributes;
  const notBeforeMs = last.atMs + pmin * 1000;
  const notAfterMs = pmax > 0 && pmax >= pmin ? last.atMs + pmax * 1000 : Number.POSITIVE_INFINITY;
  const dueMs = happened || isChange(last, current, attributes) ? notBeforeMs : notAfterMs;
  if (dueMs <= nowMs) return "now";
  return dueMs === Number.POSITIVE_INFINITY ? "never" : { atMs: dueMs };
}

function isChange(last: Sent, current: Pick<Sample, "news" | "numbers">, { gt, lt, st }: AttributeSet): boolean {
  if (last.news.equals(current.news)) return false;
  const before = last.numbers;
  const now = current.numbers;
  if (!before || !now || before.length !== now.length) return true;
  if (gt === undefined && lt === undefined && st === undefined) return true;
  return now.some((value, index) => {
    const from = before[index] as number;
    return (
      (gt !== undefined && value > gt !== from > gt) ||
      (lt !== undefined && value < lt !== from < lt) ||
      (st !== undefined && Math.abs(value - from) >= st)
    );
  });
}

function numbersOf(node: Node): readonly number[] | undefined {
  if (node.kind !== "resource" || (node.type !== "integer" && node.type !== "float")) return undefined;
  return isMultiple(node.value) ? [...node.value.values()].map(Number) : [Number(node.value)];
}

function newsOf(registry: Registry, node: Node, path: Path, payload: Buffer): Buffer {
  const objectId = path.objectId as number;
  const definition = registry.objects.get(objectId);
  const rows = definition?.resources ?? {};
  if (node.kind === "resource") {
    const row = rows[node.id];
    return row && hasClock(row) ? clockNews(row, path.instanceId as number) : payload;
  }
  const clocks = Object.entries(rows).filter(([, row]) => hasClock(row));
  if (clocks.length === 0) return payload;
  const instances = node.kind === "instance" ? [node] : node.instances;
  const still = instances.map((instance): InstanceNode => {
    const resources = instance.resources.filter(({ id }) => !clocks.some(([clock]) => Number(clock) === id));
    return { ...instance, resources };
  });
  const moving = instances.flatMap(({ id }) => clocks.map(([, row]) => clockNews(row as ClockRow, id)));
  return Buffer.concat([encodeTlv({ kind: "object", id: objectId, instances: still }), ...moving]);
}

type ClockRow = ResourceRow & { compare(instanceId: number): string | number };

function hasClock(row: ResourceRow): row is ClockRow {
  return "compare" in row && row.compare !== undefined;
}

function clockNews(row: ClockRow, instanceId: number): Buffer {
  return Buffer.from(`|${row.compare(instanceId)}`);
}
