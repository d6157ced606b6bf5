import { describe, expect, it } from "vitest";
import { typeOf } from "#demo-server/model";
import { OMA_OBJECTS } from "../support/oma-objects.js";

describe("the types the demo server knows", () => {
  it.each(OMA_OBJECTS.map(({ id, name, resources }) => [id, name, resources] as const))(
    "of /%i, %s, are the OMA registry's",
    (objectId, _, resources) => {
      const registry = Object.entries(resources).map(([id, { type, operations }]) => [
        Number(id),
        operations === "E" ? "x" : type === "objlnk" ? "l" : type?.[0],
      ]);
      expect(registry.map(([id]) => [id, typeOf(objectId, id as number)])).toEqual(registry);
    },
  );
});
