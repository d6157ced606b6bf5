import { describe, expect, it } from "vitest";
import { isWithin } from "#modem/geofence";
import type { Geofence } from "#modem/state";

const fence = (area: Geofence["area"]): Geofence => ({ mode: 3, area, asTold: "" });
const places = (...numbers: readonly (readonly [number, number])[]) =>
  numbers.map(([latitude, longitude]) => ({ latitude, longitude }));

describe("a geofence", () => {
  it("of a radius ends there, whatever the latitude", () => {
    // a minute of latitude is a nautical mile; at 60 degrees one of longitude is half of it
    const centre = { latitude: 60, longitude: 10 };
    const mile = fence({ centre, radiusM: 1853 });
    expect(isWithin({ latitude: 60 + 0.99 / 60, longitude: 10 }, mile)).toBe(true);
    expect(isWithin({ latitude: 60 + 1.01 / 60, longitude: 10 }, mile)).toBe(false);
    expect(isWithin({ latitude: 60, longitude: 10 + 1.99 / 60 }, mile)).toBe(true);
    expect(isWithin({ latitude: 60, longitude: 10 + 2.01 / 60 }, mile)).toBe(false);
  });

  it("of corners has what lies between its sides, whichever way round they are told", () => {
    const triangle = places([0, 0], [2, 1], [0, 2]);
    for (const corners of [triangle, triangle.toReversed()]) {
      expect(isWithin({ latitude: 1, longitude: 1 }, fence({ corners }))).toBe(true);
      expect(isWithin({ latitude: 1, longitude: 0.4 }, fence({ corners }))).toBe(false);
      expect(isWithin({ latitude: 1, longitude: 1.6 }, fence({ corners }))).toBe(false);
      expect(isWithin({ latitude: -0.1, longitude: 1 }, fence({ corners }))).toBe(false);
    }
    // an arrowhead: the notch is outside
    const arrow = fence({ corners: places([0, 0], [4, 2], [0, 4], [1, 2]) });
    expect(isWithin({ latitude: 0.5, longitude: 2 }, arrow)).toBe(false);
    expect(isWithin({ latitude: 2, longitude: 2 }, arrow)).toBe(true);
  });

  it("south and west of the origin is one as well", () => {
    const square = fence({ corners: places([-34, -71], [-34, -70], [-33, -70], [-33, -71]) });
    expect(isWithin({ latitude: -33.5, longitude: -70.5 }, square)).toBe(true);
    expect(isWithin({ latitude: 33.5, longitude: 70.5 }, square)).toBe(false);
  });
});
