import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fillFactory, openEfs } from "#efs/efs";
import { findPsk, formatPsk, parsePsk, readPsk, writePsk } from "#efs/psk-file";
import { problemsOf } from "./problems.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Files as psktool of GnuTLS 3.7.9 (Debian gnutls-bin) wrote them; the command stands in each test. */
const golden = (name: string) => readFileSync(join(import.meta.dirname, "golden", name));

describe("a PSK file", () => {
  it("[BG-096] is read as psktool writes it", () => {
    // psktool -u iot_app_101 -p 101_server.psk -s 32, as the guide has it (§3.3.4)
    const { identity, key } = parsePsk(golden("101_server.psk"), "101_server.psk");
    expect(identity.toString()).toBe("iot_app_101");
    expect(key.toString("hex")).toBe("2d92e4d00a6f766e624d59b69b61bf36df30888fdd68a7d06ea7f670895e9789");
  });

  it("is read as psktool writes an identity with a colon", () => {
    // psktool -u IMEI:864508030000019_X -p 100_server.psk -s 16
    const { identity, key } = parsePsk(golden("100_server.psk"), "100_server.psk");
    expect(identity.toString()).toBe("IMEI:864508030000019_X");
    expect(key.toString("hex")).toBe("27d1acbb524f200fec9a56565d499c10");
  });

  it("is written as psktool writes it", () => {
    for (const name of ["100_server.psk", "101_server.psk"]) {
      expect(formatPsk(parsePsk(golden(name), name))).toEqual(golden(name));
    }
  });

  it.each([
    ["a:00ff", "61", "00ff"],
    ["a:00FF\r\n", "61", "00ff"],
    ["IMEI:1_X:01", "494d45493a315f58", "01"],
    ["#00e4ff41:01\n", "00e4ff41", "01"],
    ["#nothex:01\n", "236e6f74686578", "01"],
    ["a b:01\nsecond:02\n", "612062", "01"],
    ["\ufeffa:01\r\n", "61", "01"],
  ])("%j is identity %s with key %s", (text, identity, key) => {
    const psk = parsePsk(Buffer.from(text), "x.psk");
    expect([psk.identity.toString("hex"), psk.key.toString("hex")]).toEqual([identity, key]);
  });

  it.each(["61", "00e4ff41", "2361", "20612020", "613a62", "c3a4", "610a62", "00", "efbbbf61"])(
    "identity %s is read back as written",
    (hex) => {
      const psk = { identity: Buffer.from(hex, "hex"), key: Buffer.from("0001fe", "hex") };
      expect(parsePsk(formatPsk(psk), "x.psk")).toEqual(psk);
    },
  );

  it.each([
    ["", '1:1: the first line has no ":"'],
    ["identity\n", '1:1: the first line has no ":"'],
    ["identity:", "1:10: the key is 0 bytes long"],
    [":00", "1:1: the identity is 0 bytes long"],
    ["identity:abc", "1:10: the key is not hexadecimal"],
    ["identity:secretkey", "1:10: the key is not hexadecimal"],
    [`identity:${"00".repeat(129)}`, "1:10: the key is 129 bytes long"],
  ])("%j is refused, the key untold", (text, expected) => {
    expect(problemsOf(() => parsePsk(Buffer.from(text), "x.psk"))).toEqual([`x.psk:${expected}`]);
  });
});

describe("a PSK file beyond measure", () => {
  it("is refused for its length alone", () => {
    const content = Buffer.from(`identity:${"00".repeat(100_000)}`);
    expect(problemsOf(() => parsePsk(content, "x.psk"))).toEqual([
      "x.psk:1:1: the file is 200009 bytes long, 16384 is the most",
    ]);
  });
});

describe("the PSK files of the tree", () => {
  it("[BG-093] lie in /datatx/ssl under the short server id", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/ssl/100_server.psk", golden("100_server.psk"));
    efs.write("/datatx/ssl/101_server.psk", golden("101_server.psk"));
    expect(readPsk(efs, 101)?.identity.toString()).toBe("iot_app_101");
    expect(readPsk(efs, 100)?.identity.toString()).toBe("IMEI:864508030000019_X");
    expect(readPsk(efs, 102)).toBeUndefined();
  });

  it("[BG-097] are used where the user copied them to", () => {
    const efs = openEfs(temporaryDirectory());
    expect(readPsk(efs, 101)).toBeUndefined();
    efs.write("/data/ssl/101_server.psk", golden("101_server.psk"));
    expect(readPsk(efs, 101)?.key).toHaveLength(32);
  });

  it("[BG-184] are looked for in the folders the guide names, in any case, in order", () => {
    const efs = openEfs(temporaryDirectory());
    fillFactory(efs, join(import.meta.dirname, "../../config/efs"));
    expect(efs.folders("/datatx")).toContain("lwm2m");
    const places = [
      "/datatx/lwm2m/Ssl/7_server.psk",
      "/datatx/lwm2m/ssl/7_server.psk",
      "/datatx/lwm2m/SSL/7_server.psk",
      "/datatx/Ssl/7_server.psk",
      "/datatx/SSL/7_server.psk",
      "/datatx/ssl/7_Server.PSK",
      "/datatx/ssl/7_server.psk",
    ];
    for (const path of places) {
      efs.write(path, "a:00");
      expect(findPsk(efs, 7)).toBe(path);
    }
  });

  it("are written for their owner alone, where they are looked for first", () => {
    const efs = openEfs(temporaryDirectory());
    efs.write("/datatx/SSL/5_server.psk", "old:00");
    writePsk(efs, 5, { identity: Buffer.from("new"), key: Buffer.from("ff", "hex") });
    expect(readPsk(efs, 5)?.identity.toString()).toBe("new");
    expect(statSync(join(efs.root, "datatx/ssl/5_server.psk")).mode & 0o777).toBe(0o600);
  });

  it("refuse an empty key or identity", () => {
    const efs = openEfs(temporaryDirectory());
    const empty = Buffer.alloc(0);
    expect(problemsOf(() => writePsk(efs, 5, { identity: Buffer.from("a"), key: empty }))).toHaveLength(1);
    expect(problemsOf(() => writePsk(efs, 5, { identity: empty, key: Buffer.from("a") }))).toHaveLength(1);
    expect(findPsk(efs, 5)).toBeUndefined();
  });
});
