/** Blockwise transfers (RFC 7959), both ways. */
import { describe, expect, it } from "vitest";
import { block, type ReadCoap } from "../support/coap-bytes.ts";
import { type Ask, FORMAT, get, numberOf, OPTION, put } from "./ask.ts";
import { openRegistered, type RawDevice, SECOND_ACCOUNT, SERVER_ACCOUNT, walk } from "./raw-device.ts";
import type { RawServer } from "./raw-server.ts";

const PLACE = "/19/1/0";
const LARGE = Buffer.from(Array.from({ length: 1500 }, (_, index) => index % 251));

interface Piece {
  readonly number: number;
  readonly more: 0 | 1;
  readonly size: number;
}

const piece = (body: Buffer, { number, more, size }: Piece, parts: Parameters<typeof put>[1] = {}): Ask =>
  put(PLACE, {
    format: FORMAT.opaque,
    payload: body.subarray(number * size, (number + 1) * size),
    block1: block(number, more, size),
    ...parts,
  });

/** Writes in blocks; every answer must carry the block it answers. */
async function upload(server: RawServer, body: Buffer, size: number): Promise<void> {
  const last = Math.ceil(body.length / size) - 1;
  for (let number = 0; number <= last; number++) {
    const more = number < last ? 1 : 0;
    const response = await server.ask(piece(body, { number, more, size }));
    expect(response.code).toBe(more ? "2.31" : "2.04");
    expect(numberOf(response, OPTION.block1)).toBe(block(number, more, size));
  }
}

/** Reads in blocks from `number` on. */
async function download(server: RawServer, size: number, number = 0, place = PLACE): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let more = true; more; number++) {
    const response = await server.ask(get(place, { block2: block(number, 0, size) }));
    expect(response.code).toBe("2.05");
    const block2 = numberOf(response, OPTION.block2)!;
    expect(block2 & ~8).toBe(block(number, 0, size));
    more = (block2 & 8) !== 0;
    if (more) expect(response.payload).toHaveLength(size);
    parts.push(response.payload);
  }
  return Buffer.concat(parts);
}

async function openLarge(body = LARGE): Promise<RawDevice> {
  const device = await openRegistered();
  await upload(device.server, body, 1024);
  return device;
}

describe("Block1", () => {
  it.each([16, 32, 64, 128, 256, 512, 1024])("ANJ-BL1-01 TD_COAP_BLOCK_03 a Write in blocks of %i", async (size) => {
    const { server } = await openRegistered();
    await upload(server, LARGE, size);
    expect(await download(server, 1024)).toEqual(LARGE);
  });

  it("ANJ-BL1-02 ANJ-BL1-03 a transfer that begins late or has a gap is incomplete", async () => {
    const { server } = await openRegistered();
    await walk(server, [
      [piece(LARGE, { number: 1, more: 1, size: 64 }), "4.08"],
      [piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"],
      [piece(LARGE, { number: 2, more: 1, size: 64 }), "4.08"],
      [get(PLACE), "2.05 ct=42"],
    ]);
  });

  it("ANJ-BL1-04 a block that comes twice is answered alike and taken once", async () => {
    const { server } = await openRegistered();
    const body = LARGE.subarray(0, 150);
    const answers: ReadCoap[] = [];
    for (const [number, more] of [
      [0, 1],
      [1, 1],
      [1, 1],
      [2, 0],
      [2, 0],
    ] as const) {
      await server.send({ ...piece(body, { number, more, size: 64 }), mid: 0x600 + number, token: `0${number}` });
      answers.push(server.take().find(({ message }) => message.type === "ACK")!.message);
    }
    expect(answers.map(({ code }) => code)).toEqual(["2.31", "2.31", "2.31", "2.04", "2.04"]);
    expect(answers[2]).toEqual(answers[1]);
    expect(answers[4]).toEqual(answers[3]);
    expect((await server.ask(get(PLACE))).payload).toEqual(body);
  });

  it("ANJ-BL1-05 a single block", async () => {
    const { server } = await openRegistered();
    const response = await server.ask(put(PLACE, { format: FORMAT.opaque, payload: "abc", block1: block(0, 0, 512) }));
    expect(response.code).toBe("2.04");
    expect(numberOf(response, OPTION.block1)).toBe(block(0, 0, 512));
  });

  it("ANJ-BL1-07 the reserved size 7 is refused", async () => {
    const { server } = await openRegistered();
    await walk(server, [[put(PLACE, { format: FORMAT.opaque, payload: "abc", block1: 0x0f }), /^4\.0[02]/]]);
  });

  it("ANJ-BL1-08 ANJ-BL2-09 a ping and another request in between are served, and the transfer goes on", async () => {
    const { server } = await openRegistered();
    await walk(server, [[piece(LARGE, { number: 0, more: 1, size: 1024 }), "2.31"]]);
    server.take();
    await server.send({ type: "CON", code: "0.00", mid: 0x999 });
    expect(server.take().map(({ message }) => [message.type, message.mid])).toEqual([["RST", 0x999]]);
    await walk(server, [
      [get("/3/0/1"), "2.05 ct=0 BG96"],
      [piece(LARGE, { number: 1, more: 0, size: 1024 }), "2.04"],
    ]);
    const first = await server.ask(get(PLACE));
    await walk(server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    const rest = await server.ask(get(PLACE, { block2: block(1, 0, 1024) }));
    expect(Buffer.concat([first.payload, rest.payload])).toEqual(LARGE);
  });

  it("ANJ-BL1-10 two transfers at once are not mixed", async () => {
    const { server } = await openRegistered();
    const other = (number: number, more: 0 | 1) =>
      put("/19/0/0", { format: FORMAT.opaque, payload: "o".repeat(64), block1: block(number, more, 64) });
    await walk(server, [
      [piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"],
      [other(0, 1), "2.31"],
      [piece(LARGE, { number: 1, more: 0, size: 64 }), "2.04"],
      [other(1, 0), "2.04"],
    ]);
    expect((await server.ask(get(PLACE))).payload).toEqual(LARGE.subarray(0, 128));
    expect((await server.ask(get("/19/0/0"))).payload.toString()).toBe("o".repeat(128));
  });

  it("ANJ-BL1-12 a body over the limit is refused with the size there is room for", async () => {
    const { server } = await openRegistered();
    const response = await server.ask(
      piece(LARGE, { number: 0, more: 1, size: 1024 }, { options: [[60, 50_000_000]] }),
    );
    expect(response.code).toBe("4.13");
    expect(numberOf(response, 60)).toBeGreaterThan(8192);
  });

  it("RFC7959-05 a transfer that is left is forgotten, and can begin again", async () => {
    const { server, clock } = await openRegistered();
    await walk(server, [[piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"]]);
    await clock.advance(250_000);
    await walk(server, [
      [piece(LARGE, { number: 1, more: 0, size: 64 }), "4.08"],
      [piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"],
      [piece(LARGE, { number: 1, more: 0, size: 64 }), "2.04"],
    ]);
  });

  it("RFC7959-06 a first block in mid transfer begins anew", async () => {
    const { server } = await openRegistered();
    const other = Buffer.alloc(128, 0x5a);
    await walk(server, [
      [piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"],
      [piece(other, { number: 0, more: 1, size: 64 }), "2.31"],
      [piece(other, { number: 1, more: 0, size: 64 }), "2.04"],
    ]);
    expect((await server.ask(get(PLACE))).payload).toEqual(other);
  });

  it("RFC7959-07 a short block that is not the last is refused", async () => {
    const { server } = await openRegistered();
    const short = put(PLACE, { format: FORMAT.opaque, payload: "short", block1: block(0, 1, 64) });
    await walk(server, [[short, /^4\.0[08]/]]);
  });

  it("RFC7959-08 on a Read harms nothing", async () => {
    const { server } = await openRegistered();
    await walk(server, [[get("/3/0/1", { block1: block(0, 0, 64) }), /^(4\.02|2\.05 ct=0 BG96)/]]);
  });

  it("RFC7959-09 blocks of another Content-Format do not belong together", async () => {
    const { server } = await openRegistered();
    await walk(server, [
      [piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"],
      [piece(LARGE, { number: 1, more: 0, size: 64 }, { format: FORMAT.text }), /^4\.0[08]/],
      [get(PLACE), "2.05 ct=42"],
    ]);
  });

  it("RFC7959-10 blocks of another server do not belong together", async () => {
    const device = await openRegistered({ ini: `${SERVER_ACCOUNT}\n${SECOND_ACCOUNT}` });
    const [first, second] = device.servers;
    await walk(first!, [[piece(LARGE, { number: 0, more: 1, size: 64 }), "2.31"]]);
    await walk(second!, [[piece(LARGE, { number: 1, more: 0, size: 64 }), "4.08"]]);
    await walk(first!, [[piece(LARGE, { number: 1, more: 0, size: 64 }), "2.04"]]);
  });
});

describe("Block2", () => {
  it("ANJ-BL2-01 LSV-BLK-02 comes unasked with a large value, and goes on at half the size", async () => {
    const { server } = await openLarge();
    const first = await server.ask(get(PLACE));
    expect(numberOf(first, OPTION.block2)).toBe(block(0, 1, 1024));
    expect(Buffer.concat([first.payload, await download(server, 512, 2)])).toEqual(LARGE);
  });

  it.each([16, 64, 512, 1024])(
    "TD_COAP_BLOCK_01 TD_COAP_BLOCK_06 gives blocks of the size asked for, %i",
    async (size) => {
      const { server } = await openLarge();
      expect(await download(server, size)).toEqual(LARGE);
    },
  );

  it("ANJ-BL2-03 TD_COAP_BLOCK_02 goes on at the same offset when the size is lowered", async () => {
    const { server } = await openLarge();
    const first = await server.ask(get(PLACE, { block2: block(0, 0, 512) }));
    expect(Buffer.concat([first.payload, await download(server, 64, 8)])).toEqual(LARGE);
  });

  it("ANJ-BL2-04 refuses the reserved size 7, and the transfer may go on", async () => {
    const { server } = await openLarge();
    const first = await server.ask(get(PLACE));
    await walk(server, [[get(PLACE, { block2: 0x17 }), /^4\.0[02]/]]);
    expect(Buffer.concat([first.payload, await download(server, 1024, 1)])).toEqual(LARGE);
  });

  it("ANJ-BL2-06 says that there is one block only", async () => {
    const { server } = await openRegistered();
    const response = await server.ask(get("/3/0/1", { block2: block(0, 0, 1024) }));
    expect(numberOf(response, OPTION.block2)).toBe(block(0, 0, 1024));
  });

  it("RFC7959-11 beyond the end is refused", async () => {
    const { server } = await openLarge();
    await walk(server, [[get(PLACE, { block2: block(9, 0, 1024) }), /^4\.0[02]/]]);
  });

  it("ANJ-BL2-08 may begin anywhere", async () => {
    const { server } = await openLarge();
    const third = await server.ask(get(PLACE, { block2: block(3, 0, 64) }));
    expect(third.payload).toEqual(LARGE.subarray(192, 256));
  });

  it("RFC7959-01 RFC7959-02 with Size2 or the M bit in the request is the same", async () => {
    const { server } = await openLarge();
    const sized = await server.ask(get(PLACE, { block2: block(0, 0, 1024), options: [[28, 0]] }));
    expect(sized.payload).toEqual(LARGE.subarray(0, 1024));
    if (numberOf(sized, 28) !== undefined) expect(numberOf(sized, 28)).toBe(LARGE.length);
    const marked = await server.ask(get(PLACE, { block2: block(0, 1, 1024) }));
    expect(marked.payload).toEqual(sized.payload);
    expect(numberOf(marked, OPTION.block2)).toBe(block(0, 1, 1024));
  });

  it("RFC7959-03 never mixes two states: the blocks are of one value, or their ETags differ", async () => {
    const { server } = await openLarge();
    const tag = (message: ReadCoap) => message.options.find(([number]) => number === 4)?.[1].toString("hex");
    const first = await server.ask(get(PLACE));
    expect(tag(first)).toBeDefined();
    await upload(server, Buffer.alloc(1500, 0x5a), 1024);
    const rest = await server.ask(get(PLACE, { block2: block(1, 0, 1024) }));
    if (tag(rest) === tag(first)) expect(rest.payload).toEqual(LARGE.subarray(1024));
    else expect(rest.payload).toEqual(Buffer.alloc(476, 0x5a));
  });

  it("LSV-BLK-03 is hardly needed: every Object reads in less than 8192 bytes, in TLV and in JSON", async () => {
    const { server } = await openRegistered();
    for (const object of [1, 2, 3, 4, 5, 6, 7, 19]) {
      for (const accept of [FORMAT.tlv, FORMAT.json]) {
        let length = 0;
        for (let number = 0, more = true; more; number++) {
          const response = await server.ask(get(`/${object}`, { accept, block2: block(number, 0, 1024) }));
          expect(response.code).toBe("2.05");
          length += response.payload.length;
          more = ((numberOf(response, OPTION.block2) ?? 0) & 8) !== 0;
        }
        expect(length).toBeLessThan(8192);
      }
    }
  });
});

describe("TLV of large values", () => {
  it("T10-FMT-01 has the shortest length field that fits", async () => {
    const { server } = await openRegistered();
    const heads: string[] = [];
    for (const length of [7, 8, 255, 256, 65_535, 65_536]) {
      await upload(server, Buffer.alloc(length, 1), 1024);
      const { payload } = await server.ask(get(PLACE, { accept: FORMAT.tlv }));
      heads.push(payload.subarray(0, payload.indexOf(Buffer.alloc(5, 1))).toString("hex"));
    }
    expect(heads).toEqual(["c700", "c80008", "c800ff", "d0000100", "d000ffff", "d800010000"]);
  });
});
