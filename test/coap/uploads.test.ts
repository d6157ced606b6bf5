/** Bodies in blocks that are handed on piece by piece instead of being joined (RFC 7959 §2.5). */
import { describe, expect, it } from "vitest";
import { CoapError } from "#coap/message";
import { createUploads } from "#coap/uploads";
import { decode, type Message } from "#coap/wire";
import { block, coapBytes } from "../support/coap-bytes.js";
import { createCoapPeer } from "../support/coap-peer.js";
import { createManualClock } from "../support/manual-clock.js";

const EXCHANGE_LIFETIME_MS = 247_000;

/** A peer whose bodies under /sink go to a sink that notes what it hears. */
function createSinkPeer(answer: { write?: () => void; end?: () => void; open?: () => void } = {}) {
  const heard: string[] = [];
  const peer = createCoapPeer({
    maxBodyBytes: 64,
    onRequest: () => ({ code: "2.04" }),
    onUpload({ uriPath, contentFormat }, size) {
      if (uriPath?.[0] !== "sink") return undefined;
      answer.open?.();
      heard.push(`open ct=${contentFormat} size=${size}`);
      return {
        write(piece) {
          answer.write?.();
          heard.push(piece.toString());
        },
        end() {
          answer.end?.();
          heard.push("end");
          return { code: "2.04" };
        },
        abandon: () => void heard.push("abandoned"),
      };
    },
  });
  let mid = 0;
  const put = async (
    number: number,
    more: 0 | 1,
    { place = "sink", size1 = undefined as number | undefined, repeat = false } = {},
  ) => {
    if (!repeat) mid++;
    const payload = String.fromCharCode(97 + (number % 26)).repeat(more ? 16 : 5);
    const options: (readonly [number, string | number])[] = [
      [11, place],
      [12, 42],
      [27, block(number, more, 16)],
    ];
    if (size1 !== undefined) options.push([60, size1]);
    await peer.send({ code: "0.03", mid, token: "01", options, payload });
    return peer.take().map(({ message }) => message.code)[0];
  };
  return { ...peer, heard, put };
}

const a = "a".repeat(16);
const b = "b".repeat(16);

describe("a body that goes to a sink", () => {
  it("is heard piece by piece, in order, and answered by the sink", async () => {
    const { put, heard, requests } = createSinkPeer();
    expect([await put(0, 1, { size1: 37 }), await put(1, 1), await put(2, 0)]).toEqual(["2.31", "2.31", "2.04"]);
    expect(heard).toEqual(["open ct=42 size=37", a, b, "ccccc", "end"]);
    expect(requests).toEqual([]);
  });

  it("may be larger than one that is joined", async () => {
    const { put, heard } = createSinkPeer();
    for (let number = 0; number < 20; number++) expect(await put(number, 1, { size1: 1000 })).toBe("2.31");
    expect(heard).toHaveLength(21);
    expect(await put(0, 1, { place: "other", size1: 1000 })).toBe("4.13");
    expect(await put(0, 1, { place: "another" })).toBe("2.31");
    expect(await put(20, 1)).toBe("2.31"); // it takes no room from those that are joined
  });

  it("is heard once, whether the datagram or only its block comes twice", async () => {
    const { put, heard } = createSinkPeer();
    await put(0, 1);
    await put(1, 1);
    expect(await put(1, 1, { repeat: true })).toBe("2.31");
    expect(await put(1, 1)).toBe("2.31");
    expect(heard.slice(1)).toEqual([a, b]);
  });

  it("with a gap is incomplete, and can be gone on with", async () => {
    const { put, heard } = createSinkPeer();
    await put(0, 1);
    expect(await put(2, 1)).toBe("4.08");
    expect(await put(1, 1)).toBe("2.31");
    expect(heard.slice(1)).toEqual([a, b]);
  });

  it("of one block only is a request like any other", async () => {
    const { put, heard, requests } = createSinkPeer();
    expect(await put(0, 0)).toBe("2.04");
    expect(heard).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it("is abandoned when it is begun anew, when nothing comes for so long, and when the link ends", async () => {
    const anew = createSinkPeer();
    await anew.put(0, 1);
    await anew.put(0, 1);
    expect(anew.heard.slice(1)).toEqual([a, "abandoned", "open ct=42 size=undefined", a]);

    const silent = createSinkPeer();
    await silent.put(0, 1);
    await silent.clock.advance(200_000);
    await silent.put(1, 1);
    await silent.clock.advance(EXCHANGE_LIFETIME_MS - 1000);
    expect(silent.heard.at(-1)).toBe(b);
    await silent.clock.advance(2000);
    expect(silent.heard.at(-1)).toBe("abandoned");
    expect(await silent.put(2, 1)).toBe("4.08");

    const closed = createSinkPeer();
    await closed.put(0, 1);
    closed.endpoint.close();
    expect(closed.heard.at(-1)).toBe("abandoned");
  });

  it.each(["open", "write", "end"] as const)(
    "ends with what the sink throws at %s, and hears no more",
    async (when) => {
      let calls = 0;
      const refuse = () => {
        if (++calls === (when === "write" ? 2 : 1)) throw new CoapError("4.13", "full");
      };
      const { put, heard } = createSinkPeer({ [when]: refuse });
      const codes = [await put(0, 1), await put(1, 1), await put(2, 0)];
      const expected = {
        open: ["4.13", "4.08", "4.08"],
        write: ["2.31", "4.13", "4.08"],
        end: ["2.31", "2.31", "4.13"],
      };
      expect(codes).toEqual(expected[when]);
      expect(heard).not.toContain("abandoned");
      expect(heard).not.toContain("end");
    },
  );

  it("leaves room for others: the longest untouched of many is abandoned", async () => {
    const { put, heard } = createSinkPeer();
    await put(0, 1);
    for (let number = 0; number < 16; number++) await put(0, 1, { place: `other${number}` });
    expect(heard.at(-1)).toBe("abandoned");
  });
});

describe("a body that is joined", () => {
  it("is copied: neither the memory of the datagrams nor their number costs more than the body", () => {
    const uploads = createUploads(createManualClock(), EXCHANGE_LIFETIME_MS, 2 ** 20);
    const pieces = 2 ** 16;
    let body: Buffer | undefined;
    for (let number = 0; number < pieces; number++) {
      const datagram = coapBytes({
        code: "0.03",
        options: [
          [11, "x"],
          [27, block(number, number === pieces - 1 ? 0 : 1, 16)],
        ],
        payload: String(number).padStart(16, "."),
      });
      const message = decode(datagram) as Message;
      const step = uploads.add(message, message.block1!, () => undefined);
      datagram.fill(0); // it is the link's again
      if ("body" in step) body = step.body;
    }
    expect(body).toHaveLength(2 ** 20);
    expect(body!.buffer.byteLength).toBeLessThanOrEqual(2 ** 21);
    for (const number of [0, 1, 4711, pieces - 1]) {
      expect(body!.toString("latin1", number * 16, number * 16 + 16)).toBe(String(number).padStart(16, "."));
    }
  });
});
