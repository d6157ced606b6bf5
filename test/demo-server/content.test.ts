// Bytes: OMA TS 1.0.2 §6.4.3.2 (the Device Object example), and writes of Leshan's Bootstrap-Server 2.0.0-M18 as captured.
import { describe, expect, it } from "vitest";
import { decodeContent, encodeInstance, encodeResource, formatScalar, OPAQUE, TEXT, TLV } from "#demo-server/content";
import { readTlv } from "#demo-server/tlv";

const DEVICE = Buffer.from(
  "c800144f70656e204d6f62696c6520416c6c69616e6365c801164c69676874776569676874204d324d20436c69656e74" +
    "c80209333435303030313233c303312e30860641000141010588070842000ed842011388870841007d42010384" +
    "c10964c10a0f830b410000c40d5182428fc60e2b30323a3030c11055",
  "hex",
);

function printed(path: string, payload: Buffer, format = TLV): string[] {
  return decodeContent(path, format, payload).map((leaf) => `${leaf.path}=${formatScalar(leaf.value)}`);
}

describe("what the demo server reads", () => {
  const resources = [
    "/3/0/0=Open Mobile Alliance",
    "/3/0/1=Lightweight M2M Client",
    "/3/0/2=345000123",
    "/3/0/3=1.0",
    "/3/0/6/0=1",
    "/3/0/6/1=5",
    "/3/0/7/0=3800",
    "/3/0/7/1=5000",
    "/3/0/8/0=125",
    "/3/0/8/1=900",
    "/3/0/9=100",
    "/3/0/10=15",
    "/3/0/11/0=0",
    "/3/0/13=1367491215",
    "/3/0/14=+02:00",
    "/3/0/16=U",
  ];
  it("lists the Resources of an Object Instance by path", () => {
    expect(printed("/3/0", DEVICE)).toEqual(resources);
  });
  it("lists an Object with the instance entry around its Resources the same way", () => {
    expect(printed("/3", Buffer.concat([Buffer.of(0x08, 0x00, DEVICE.length), DEVICE]))).toEqual(resources);
  });
  it("reads one Resource and one multiple Resource asked for by their own path", () => {
    expect(printed("/3/0/9", Buffer.from("c10964", "hex"))).toEqual(["/3/0/9=100"]);
    expect(printed("/3/0/7", Buffer.from("88070842000ed842011388", "hex"))).toEqual(["/3/0/7/0=3800", "/3/0/7/1=5000"]);
  });
  it("reads text and opaque payloads, and shows opaque in hexadecimal", () => {
    expect(printed("/3/0/9", Buffer.from("42"), TEXT)).toEqual(["/3/0/9=42"]);
    expect(printed("/19/0/0", Buffer.from("00ff", "hex"), OPAQUE)).toEqual(["/19/0/0=0x00ff"]);
  });
  it.each([
    ["ends inside a header", "c8"],
    ["promises more bytes than there are", "c80014"],
    ["puts an instance inside an instance", "02000000"],
    ["puts a Resource inside a multiple Resource", "8309c10901"],
  ])("refuses TLV that %s", (_, hex) => {
    expect(() => readTlv(Buffer.from(hex, "hex"))).toThrow("tlv:");
  });
});

describe("what the demo server writes", () => {
  it("encodes a Security and a Server Object Instance as Leshan does", () => {
    expect(encodeInstance(1, { 0: 123, 1: 300, 2: 1, 6: true, 7: "U" }).toString("hex")).toBe(
      "c1007bc201012cc10201c10601c10755",
    );
    expect(encodeInstance(0, { 1: false, 2: 0, 3: "ep1", 4: "", 10: 123 }).toString("hex")).toBe(
      "c10100c10200c303657031c004c10a7b",
    );
  });
  it("encodes a multiple Resource inside an Object Instance that has an id", () => {
    expect(encodeInstance(2, { 0: 3, 2: { 127: 7 } }, 1).toString("hex")).toBe("080108c100038302417f07");
  });
  it("writes opaque Resources as bytes and the others as text, and refuses what does not fit the type", () => {
    expect(encodeResource("/19/0/0", "0x00ff")).toEqual({ format: OPAQUE, payload: Buffer.of(0x00, 0xff) });
    expect(encodeResource("/1/1/6", "true")).toEqual({ format: TEXT, payload: Buffer.from("1") });
    expect(() => encodeResource("/1/1/1", "soon")).toThrow("value: /1/1/1 takes an integer");
  });
});
