import { describe, expect, it } from "vitest";
import { parsePackageUri } from "#firmware/package-uri";

describe("a Package URI", () => {
  it.each([
    ["coap://192.0.2.1", "coap", "192.0.2.1", 5683, [], []],
    ["coap://192.0.2.1:80/a", "coap", "192.0.2.1", 80, ["a"], []],
    ["coaps://example.org/firmware", "coaps", "example.org", 5684, ["firmware"], []],
    ["coaps://[2001:db8::1]:4/a/b%20c/?x=1&y=%26#part", "coaps", "2001:db8::1", 4, ["a", "b c", ""], ["x=1", "y=&"]],
    ["http://example.org/fw.bin", "http", "example.org", 80, ["fw.bin"], []],
    ["HTTPS://example.org:8443/fw?v=2", "https", "example.org", 8443, ["fw"], ["v=2"]],
  ])("[CU-044] %s is understood", (text, scheme, host, port, path, query) => {
    expect(parsePackageUri(text)).toEqual({ scheme, host, port, path, query, text });
  });

  it.each([
    "",
    "firmware",
    "/firmware",
    "totally:bad",
    "coap:/192.0.2.1/a",
    "coap://",
    "coap://h:65536/",
    "coap://h:0/",
    "http://a b/",
    "coap://h/%zz",
    `coap://h/${"a".repeat(256)}`,
  ])("%j is none", (text) => {
    expect(() => parsePackageUri(text)).toThrow(expect.objectContaining({ fault: "uri" }));
  });

  it.each(["ftp://h/a", "coap+tcp://h/a", "unsupported://x"])("%s is of a protocol that is not spoken", (text) => {
    expect(() => parsePackageUri(text)).toThrow(expect.objectContaining({ fault: "protocol" }));
  });
});
