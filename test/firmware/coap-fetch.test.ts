/** Packages from CoAP servers of many kinds (RFC 7959 §2.4). */
import { describe, expect, it } from "vitest";
import { makePackage } from "#firmware/package";
import { numberOf, OPTION, put, text } from "../ets/ask.js";
import { blockOf } from "../ets/file-server.js";
import { answer, NOTHING } from "../ets/raw-device.js";
import { block, type CoapParts, type ReadCoap } from "../support/coap-bytes.js";
import { openFotaDevice } from "./fota-device.js";

const PACKAGE = makePackage({ name: "BG96 firmware", version: "BG96MAR04A04M1G" }, 5000);
const OTHER = makePackage({ name: "BG96 firmware", version: "BG96MAR05A01M1G" }, 4000);
const REPOSITORY = "192.0.2.77";
const URI_HOST = 3;

/** Fetches from a repository that answers so. @returns which blocks it was asked for, as "number/size", and the device */
async function fetched(
  respond: (request: ReadCoap, index: number) => CoapParts | Buffer,
  { host = REPOSITORY, forMs = 5000 } = {},
) {
  const requests: ReadCoap[] = [];
  const device = await openFotaDevice({
    script: (request, { target }) => (target.host === host ? respond(request, requests.push(request) - 1) : undefined),
  });
  expect((await device.server.ask(put("/5/0/1", text(`coap://${host}/fw`)))).code).toBe("2.04");
  await device.clock.advance(forMs);
  const asked = requests.map((request) => {
    const option = numberOf(request, OPTION.block2)!;
    return `${option >> 4}/${16 << (option & 7)}`;
  });
  const { state, result } = device.shown();
  return { device, requests, asked, standing: [state, result], bytes: device.efs.read("/fota/update.bin") };
}

describe("a package by CoAP", () => {
  it("comes in the blocks the server likes", async () => {
    const { asked, bytes } = await fetched((request) => blockOf(request, PACKAGE, { size: 256 }));
    expect(asked.slice(0, 3)).toEqual(["0/1024", "1/256", "2/256"]);
    expect(asked).toHaveLength(20);
    expect(bytes).toEqual(PACKAGE);
  });

  it("comes whole from a server without blocks", async () => {
    const small = makePackage({ name: "", version: "R3" }, 600);
    const { asked, bytes, standing } = await fetched((request) => answer(request, "2.05", { payload: small }));
    expect([asked, standing]).toEqual([["0/1024"], [2, 0]]);
    expect(bytes).toEqual(small);
  });

  it("is asked for once more when five transmissions in a row are lost, and is lost when ten are", async () => {
    const five = await fetched((request, index) => (index >= 2 && index < 7 ? NOTHING : blockOf(request, PACKAGE)), {
      forMs: 200_000,
    });
    expect(five.standing).toEqual([2, 0]);
    expect(five.bytes).toEqual(PACKAGE);
    const ten = await fetched((request, index) => (index >= 2 && index < 12 ? NOTHING : blockOf(request, PACKAGE)), {
      forMs: 200_000,
    });
    expect(ten.standing).toEqual([0, 4]);
  });

  it("is begun anew when it changes meanwhile, and given up when it changes all the time", async () => {
    const once = await fetched((request, index) =>
      index < 2 ? blockOf(request, PACKAGE, { etag: "a" }) : blockOf(request, OTHER, { etag: "b" }),
    );
    expect(once.asked).toEqual(["0/1024", "1/1024", "2/1024", "0/1024", "1/1024", "2/1024", "3/1024"]);
    expect(once.bytes).toEqual(OTHER);
    const always = await fetched((request, index) => blockOf(request, PACKAGE, { etag: `${index}` }));
    expect(always.standing).toEqual([0, 4]);
    expect(always.asked.length).toBeLessThan(10);
  });

  it("is lost when a day was not enough for it, however steadily it comes", async () => {
    const large = makePackage({ name: "", version: "R3" }, 60_000);
    const { device, standing } = await fetched(
      (request, index) => (index % 5 < 4 ? NOTHING : blockOf(request, large, { size: 16 })),
      { forMs: 86_000_000 },
    );
    expect(standing).toEqual([1, 0]);
    await device.clock.advance(400_000);
    expect(device.shown()).toMatchObject({ state: 0, result: 4 });
    expect(device.efs.exists("/fota/update.bin")).toBe(false);
  });

  it.each([
    ["4.04", 7],
    ["4.01", 7],
    ["5.00", 4],
    ["5.03", 4],
  ])("that is answered %s gives the result %i", async (code, result) => {
    expect((await fetched((request) => answer(request, code))).standing).toEqual([0, result]);
  });

  it.each<[string, (request: ReadCoap) => CoapParts]>([
    [
      "of another block than was asked for",
      (request) =>
        answer(request, "2.05", { options: [[OPTION.block2, block(7, 1, 1024)]], payload: PACKAGE.subarray(0, 1024) }),
    ],
    [
      "of a block that is not full",
      (request) => answer(request, "2.05", { options: [[OPTION.block2, block(0, 1, 1024)]], payload: "short" }),
    ],
    ["by Reset", ({ mid }) => ({ type: "RST", code: "0.00", mid })],
  ])("whose request is answered %s is lost", async (_, respond) => {
    expect((await fetched(respond)).standing).toEqual([0, 4]);
  });

  it("that is larger than there is room for is refused at its first block", async () => {
    const { asked, standing } = await fetched((request) => ({
      ...blockOf(request, PACKAGE),
      options: [
        [OPTION.block2, block(0, 1, 1024)],
        [28, 9_000_000],
      ],
    }));
    expect([asked, standing]).toEqual([["0/1024"], [0, 2]]);
  });

  it("is asked for by its host's name where it has one", async () => {
    const named = await fetched((request) => blockOf(request, PACKAGE), { host: "fw.example" });
    expect(named.requests[0]!.options.find(([number]) => number === URI_HOST)?.[1].toString()).toBe("fw.example");
    const numbered = await fetched((request) => blockOf(request, PACKAGE));
    expect(numbered.requests[0]!.options.some(([number]) => number === URI_HOST)).toBe(false);
  });

  it("without an ETag is begun anew after a loss of power: nobody knows whether it is the same", async () => {
    let isStopped = true;
    const asked: number[] = [];
    const device = await openFotaDevice({
      script(request, { target }) {
        if (target.host !== REPOSITORY) return undefined;
        const number = numberOf(request, OPTION.block2)! >> 4;
        if (isStopped && number === 3) return NOTHING;
        asked.push(number);
        return blockOf(request, PACKAGE);
      },
    });
    await device.server.ask(put("/5/0/1", text(`coap://${REPOSITORY}/fw`)));
    await device.clock.advance(1000);
    device.power.cut();
    isStopped = false;
    device.power.on();
    await device.clock.advance(5000);
    expect(asked).toEqual([0, 1, 2, 0, 1, 2, 3, 4]);
  });
});
