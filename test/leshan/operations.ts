import { type Bench, SOON } from "./bench.ts";
import { exchange } from "./exchange.ts";
import type { Answer, Content, Leshan, Type, Value } from "./leshan.ts";

/** The content formats of LwM2M 1.0 as Leshan names them, and their numbers (OMA TS 1.0.2 §6.4). */
export const FORMATS = { TEXT: 0, OPAQUE: 42, TLV: 11542, JSON: 11543 } as const;
export type Format = keyof typeof FORMATS;

type InstanceNode = Content & { readonly kind: "instance" };

/** What a Server does on one endpoint, each operation seen from both sides. */
export function operationsOn(bench: Pick<Bench, "leshan">, endpoint: string) {
  const does = (operate: (leshan: Leshan) => Promise<Answer>) =>
    exchange(bench.leshan, endpoint, () => operate(bench.leshan));
  return {
    read: (path: string, format: Format) => does((leshan) => leshan.read(endpoint, path, { format })),
    /** Write that replaces. */
    write: (path: string, node: Content, format: Format = "TLV") =>
      does((leshan) => leshan.write(endpoint, path, node, { format })),
    /** Write that updates partially. */
    update: (path: string, node: Content, format: Format = "TLV") =>
      does((leshan) => leshan.write(endpoint, path, node, { format, replace: false })),
    execute: (path: string) => does((leshan) => leshan.execute(endpoint, path)),
    create: (path: string, node: InstanceNode) => does((leshan) => leshan.create(endpoint, path, node)),
    delete: (path: string) => does((leshan) => leshan.delete(endpoint, path)),
    discover: (path: string) => does((leshan) => leshan.discover(endpoint, path)),
    writeAttributes: (path: string, attributes: string) =>
      does((leshan) => leshan.writeAttributes(endpoint, path, attributes)),
    observe: (path: string) => does((leshan) => leshan.observe(endpoint, path)),
    /** By a Read with Observe=1. */
    cancel: (path: string) => does((leshan) => leshan.cancelObservation(endpoint, path, "active")),
    /** The first fitting notification since the mark. */
    notified: (path: string, fits: (content: Content | undefined) => boolean, since: number) =>
      bench.leshan.waitFor(
        "NOTIFICATION",
        (data) => data.endpoint === endpoint && data.path === path && fits(data.content),
        SOON,
        since,
      ),
  };
}

const TYPES: Readonly<Record<string, Type>> = { string: "STRING", boolean: "BOOLEAN", number: "INTEGER" };

/** @param type left out, a number is an integer */
export function resource(
  id: number,
  value: Value,
  type: Type = TYPES[typeof value]!,
): Content & { kind: "singleResource" } {
  return { kind: "singleResource", id, type, value };
}

/** @param types of Resources that are not what `resource` takes them for */
export function instance(
  id: number,
  values: Readonly<Record<number, Value>>,
  types: Readonly<Record<string, Type>> = {},
): InstanceNode {
  const resources = Object.entries(values).map(([key, value]) => resource(Number(key), value, types[key]));
  return { kind: "instance", id, resources };
}

/** What was read of an Instance or a Resource, by Resource id; of a multiple Resource its values by theirs. */
export function valuesOf(answer: {
  readonly content?: Content | undefined;
}): Record<number, Value | Record<string, Value>> {
  const { content } = answer;
  if (content === undefined || content.kind === "object") return {};
  const resources = content.kind === "instance" ? content.resources : [content];
  return Object.fromEntries(resources.map((one) => [one.id, one.kind === "singleResource" ? one.value : one.values]));
}
