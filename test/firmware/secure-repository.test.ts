/** Where a package over DTLS may come from: a host that the device has a PSK for. */
import { expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { get, put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { account, SERVER_ACCOUNT, walk } from "../ets/raw-device.js";
import { openFotaDevice } from "./fota-device.js";

const PACKAGE = makePackage({ name: "BG96 firmware", version: "BG96MAR04A04M1G" }, 3000);
const KEY = "00112233445566778899aabbccddeeff";
const secured = account(1, 102, 300, "coaps://192.0.2.1:5684").replace('{"n":"2","v":3}', '{"n":"2","v":0}');

it("[CU-044] a package comes by coaps with the key of the Security Object for its host, whatever the port", async () => {
  const opened: string[] = [];
  const device = await openFotaDevice({
    ini: secured,
    files: { "/datatx/ssl/102_server.psk": `meter:${KEY}\n` },
    script: (request, { target }) => {
      opened.push(`${target.scheme} ${target.host}:${target.port} ${target.identity} ${target.key?.toString("hex")}`);
      return target.port === 5700 ? blockOf(request, PACKAGE) : undefined;
    },
  });
  const management = device.server;
  await walk(management, [[put("/5/0/1", text("coaps://192.0.2.1:5700/image")), "2.04"]]);
  await device.clock.advance(1000);
  expect(opened.at(-1)).toBe(`coaps 192.0.2.1:5700 meter ${KEY}`);
  expect(device.shown()).toMatchObject({ state: 2, result: 0 });
});

it("a package from a host without a key is refused, and no link is opened", async () => {
  const device = await openFotaDevice({
    ini: `${SERVER_ACCOUNT}\n${secured.replaceAll("/1/", "/2/").replaceAll("102", "103").replace("192.0.2.1", "192.0.2.2")}`,
    files: { "/datatx/ssl/103_server.psk": `meter:${KEY}\n` },
  });
  const [, server] = device.servers;
  const links = device.servers.length;
  expect(server!.target).toMatchObject({ scheme: "coaps", host: "192.0.2.2" });
  await walk(device.servers[0]!, [
    [put("/5/0/1", text("coaps://192.0.2.1/image")), "4.00 package URI: there is no PSK for 192.0.2.1"],
    [get("/5/0/3"), "2.05 ct=0 0"],
    [get("/5/0/5"), "2.05 ct=0 9"],
    [put("/9/0/3", text("coaps://192.0.2.50/image")), "2.04"],
    [get("/9/0/9"), "2.05 ct=0 57"],
  ]);
  await device.clock.advance(10_000);
  expect(device.servers).toHaveLength(links);
  expect(device.logged.join("\n")).toContain("there is no PSK for 192.0.2.50");
});
