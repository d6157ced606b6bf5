/** The values that one Write or Create gives to an Instance: all checked first, then carried out. */
import { CoapError } from "#coap/message";
import type { InstanceNode } from "#lwm2m/node";
import type { ResourceRow, ResourceValue } from "#lwm2m/object";
import type { Shelf } from "#lwm2m/shelf";
import { checkValue } from "#lwm2m/value";

export interface Assignment {
  readonly id: number;
  readonly row: ResourceRow;
  readonly value: ResourceValue;
}

/** @throws CoapError 4.04 no such Resource, 4.05 not `allowed` to be written, 4.00 bad value */
export function planAssignments(
  shelf: Shelf,
  { resources }: Pick<InstanceNode, "resources">,
  allowed: (row: ResourceRow) => boolean,
): readonly Assignment[] {
  return resources.map(({ id, value }) => {
    const row = shelf.definition.resources[id];
    if (!row) throw new CoapError("4.04", `resource ${id}: not in object ${shelf.definition.id}`);
    if (!allowed(row)) throw new CoapError("4.05", `${row.name}: cannot be written`);
    const checked = checkValue(row, value);
    if ("check" in row) row.check?.(checked);
    return { id, row, value: checked };
  });
}

/** @returns the rows that nothing is assigned to. */
export function leftOut({ rows }: Shelf, assignments: readonly Assignment[]): Shelf["rows"] {
  return rows.filter(([id]) => !assignments.some((assigned) => assigned.id === id));
}

/** @throws CoapError 4.00 when one of these rows, which are left out, is mandatory. */
export function refuseMandatory(rows: Shelf["rows"]): void {
  const missing = rows.find(([, row]) => row.mandatory);
  if (missing) throw new CoapError("4.00", `${missing[1].name}: mandatory resource is missing`);
}

/** Derived rows go first: they may refuse, and then nothing has been stored. */
export function assign(
  values: Map<number, ResourceValue>,
  assignments: readonly Assignment[],
  instanceId: number,
): void {
  for (const { row, value } of assignments) if ("read" in row) row.write?.(value, instanceId);
  for (const { id, row, value } of assignments) if (!("read" in row)) values.set(id, value);
}

/** Tells the rows what a Server or Bootstrap-Server has written. */
export function tellRows(assignments: readonly Assignment[], instanceId: number): void {
  for (const { row, value } of assignments) if ("written" in row) row.written?.(value, instanceId);
}
