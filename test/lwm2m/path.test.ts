import { expect, it } from "vitest";
import { formatPath, parsePath } from "#lwm2m/path";

it.each(["/", "/0", "/3", "/3/0", "/3/0/9", "/65534/65534/65534/65534"])(
  "%s is a path, and written as it is read",
  (text) => {
    expect(formatPath(parsePath(text)!)).toBe(text);
  },
);

it("an id is a decimal number of 16 bits as it is usually written, and there are four at most", () => {
  for (const id of [
    "",
    "65535",
    "99999",
    "100000",
    "00",
    "03",
    "+3",
    "-3",
    "3 ",
    "3.0",
    "0x3",
    "1e3",
    "٣",
    "a",
    "/",
    ":",
  ])
    expect(parsePath(`/3/${id}`), id).toBeUndefined();
  expect(parsePath("3/0")).toBeUndefined();
  expect(parsePath("/3//9")).toBeUndefined();
  expect(parsePath("/1/2/3/4/5")).toBeUndefined();
  expect(parsePath("/1/2/3/4")).toEqual({ objectId: 1, instanceId: 2, resourceId: 3, resourceInstanceId: 4 });
});
