/** A Bootstrap-Server that begins by itself, where `lwm2m.serverInitiatedBootstrap` is on. */
import { describe, expect, it } from "vitest";
import { del, FORMAT, get, post, put, tlv } from "./ask.ts";
import { BOOTSTRAP_ACCOUNT, openRawDevice, type Step, walk } from "./raw-device.ts";

const URI = Buffer.from("coap://192.0.2.1:5683").toString("hex");
const ACCOUNT: readonly Step[] = [
  [put("/1/42", tlv("c1007bc201012cc10601c10755")), "2.04"],
  [put("/0/42", tlv(`c80015${URI}c10100c10203c003c004c005c10a7b`)), "2.04"],
];
const FINISH: Step = [post("/bs"), "2.04"];
const paths = (requests: readonly string[]) => requests.map((each) => each.split("?")[0]);

/** In its ClientHoldOffTime. */
async function openHolding() {
  const device = await openRawDevice({
    ini: BOOTSTRAP_ACCOUNT.replace("]}", ',{"n":"11","v":600}]}'),
    serverInitiatedBootstrap: true,
  });
  device.client.register(false);
  await device.clock.advance(10_000);
  return Object.assign(device, { bootstrap: device.server });
}

describe("a bootstrap that the server begins", () => {
  it("ANJ-BS-11 writes accounts and finishes without a request, and the device registers", async () => {
    const device = await openHolding();
    expect(device.requests()).toEqual([]);
    await walk(device.bootstrap, [...ACCOUNT, FINISH]);
    await device.clock.advance(1000);
    expect(paths(device.requests())).toEqual(["POST /rd"]);
    expect(device.client.status.servers).toMatchObject([{ shortServerId: 123, state: "registered" }]);
    await device.clock.advance(600_000);
    expect(device.requests().filter((each) => each.startsWith("POST /bs"))).toEqual([]);
  });

  it("ANJ-BS-06 finishes once more after the registration: it is made anew", async () => {
    const device = await openHolding();
    await walk(device.bootstrap, [...ACCOUNT, FINISH]);
    await device.clock.advance(200_000);
    await walk(device.bootstrap, [FINISH]);
    await device.clock.advance(1000);
    expect(paths(device.requests())).toEqual(["POST /rd", "POST /rd"]);
    expect(device.client.status.servers).toMatchObject([{ state: "registered", location: "/rd/2" }]);
  });

  it("ANJ-BS-12 deletes everything twice but the bootstrap account, which the device then asks", async () => {
    const device = await openHolding();
    await walk(device.bootstrap, [
      ...ACCOUNT,
      FINISH,
      [del("/"), "2.02"],
      [del("/"), "2.02"],
      [get("/", { accept: FORMAT.link }), /^2\.05 ct=40 lwm2m="1\.0",<\/0\/0>,<\/1>,<\/2>,<\/3\/0>/],
      FINISH,
    ]);
    await device.clock.advance(599_000);
    expect(paths(device.bootstrap.requests())).toEqual([]); // ClientHoldOffTime holds here, too
    await device.clock.advance(1000);
    expect(paths(device.bootstrap.requests())).toEqual(["POST /bs"]);
  });

  it("ANJ-BS-14 that does not fit is not finished, though it may be mended", async () => {
    const device = await openHolding();
    await walk(device.bootstrap, [
      [put("/1/42", tlv("c1007bc201012cc10601")), "2.04"],
      [post("/bs"), "4.06"],
      ...ACCOUNT,
      FINISH,
    ]);
    await device.clock.advance(1000);
    expect(paths(device.requests())).toEqual(["POST /rd"]);
  });
});
