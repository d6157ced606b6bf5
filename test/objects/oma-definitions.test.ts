/** The tables of the Objects against the OMA registry's facts, row by row; where the BG96 departs, it is told why. */
import { describe, expect, it } from "vitest";
import type { ObjectDefinition } from "#lwm2m/object";
import { createManagedDevice } from "../lwm2m/managed-device.js";
import { OMA_OBJECTS, type OmaObject, type OmaResource } from "../support/oma-objects.js";

const FOUR_BYTES = "the registry sets no bounds; beyond four bytes Servers lose digits";
const NO_UNITS = "the registry has the kilobytes in the description alone";
const EMPTY_KEYS = "optional keys may be empty: Leshan writes them so";

/** What differs, by "object/resource what"; "/absent": an optional Resource that a BG96 does not have. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  "0/7 range": EMPTY_KEYS,
  "0/8 range": EMPTY_KEYS,
  "0/10 range": "the account of a Bootstrap-Server may have 0 (Leshan writes it), and 65535 comes without harm",
  "0/11 range": FOUR_BYTES,
  "0/12 range": FOUR_BYTES,
  "1/1 range": FOUR_BYTES,
  "1/2 range": FOUR_BYTES,
  "1/3 range": FOUR_BYTES,
  "1/5 range": FOUR_BYTES,
  "2/2 range": "of the 16 bits five have a meaning (OMA TS 1.0.2 Appendix E.3)",
  "3/13 range": "times are those a clock of dates can show",
  "3/15 range": "names of time zones are shorter; nothing a Server writes may grow without end",
  "3/21 units": NO_UNITS,
  "4/9 units": "the registry's % is a slip: it is a code",
  "5/8 range": "1.0 has 0 to 3; 4 and 5 are CoAP over TCP",
  "7/2 units": NO_UNITS,
  "7/3 units": NO_UNITS,
  "7/8 range": FOUR_BYTES,
  "9 instances": "one Instance, for the one application that a module carries",
  "9/5 absent": "there are no checkpoints",
  "9/8 absent": "an application brings no Objects",
  "9/13 absent": "an application has no settings",
  "9/14 absent": "packages are fetched without a login",
  "9/15 absent": "packages are fetched without a login",
  "15 instances": "one Instance, for the one capability that can be switched",
  "15/3 absent": "no capability is removable",
  "15/7 absent": "no capability is removable: nothing to notify of",
  "19/0 multiple": "one value; Servers take the one for the other",
};

const definitions = createManagedDevice().registry.objects;

/** Every difference of a table from the registry, as in DEVIATIONS. */
function differences(ours: ObjectDefinition, oma: OmaObject): string[] {
  const found: string[] = [];
  for (const what of ["name", "instances", "mandatory"] as const) {
    if (ours[what] !== oma[what]) found.push(`${oma.id} ${what}`);
  }
  for (const [id, theirs] of Object.entries(oma.resources)) {
    const row = ours.resources[Number(id)];
    if (!row) {
      found.push(`${oma.id}/${id} absent`);
      continue;
    }
    const { name, operations, multiple = false, mandatory, type, range, oneOf, units } = row;
    for (const [what, told] of Object.entries({ name, operations, multiple, mandatory, type, range, oneOf, units })) {
      if (JSON.stringify(told) !== JSON.stringify(theirs[what as keyof OmaResource]))
        found.push(`${oma.id}/${id} ${what}`);
    }
  }
  for (const id of Object.keys(ours.resources)) if (!oma.resources[Number(id)]) found.push(`${oma.id}/${id} unknown`);
  return found;
}

describe("the table of an Object", () => {
  it.each(OMA_OBJECTS.map((oma) => [oma.id, oma.name, oma] as const))(
    "[ET-031] /%i, %s, is the registry's, but for what is said",
    (id, _, oma) => {
      const ours = definitions.get(id)!;
      const said = Object.keys(DEVIATIONS).filter((key) => /^\d+/.exec(key)![0] === String(id));
      expect(differences(ours, oma)).toEqual(said);
      expect([ours.urn, ours.version]).toEqual([`urn:oma:lwm2m:oma:${id}`, undefined]);
    },
  );

  it("[ZE-034] is there for Security, Server, Device and Firmware Update", () => {
    expect([0, 1, 3, 5].filter((id) => !definitions.has(id))).toEqual([]);
  });

  it("is held against the registry unless it is LGU+'s own", () => {
    const unknown = [...definitions.keys()].filter((id) => !OMA_OBJECTS.some((oma) => oma.id === id));
    expect(unknown).toEqual([10250, 26241]);
  });

  it("has every mandatory Resource", () => {
    const missing = OMA_OBJECTS.flatMap(({ id, resources }) =>
      Object.entries(resources).flatMap(([resourceId, { mandatory }]) =>
        mandatory && !definitions.get(id)?.resources[Number(resourceId)] ? [`/${id}/x/${resourceId}`] : [],
      ),
    );
    expect(missing).toEqual([]);
  });
});
