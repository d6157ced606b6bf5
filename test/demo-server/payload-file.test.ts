/** `write /5/0/0 @file`: a file as the value of a Resource, to a Client that is bytes on a socket. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runConsoleLine } from "#demo-server/console";
import { MAX_FILE_BYTES } from "#demo-server/payload-file";
import { type DemoServer, openDemoServer } from "#demo-server/server";
import { silentLog, systemClock, systemRandom } from "#runtime";
import { temporaryDirectory } from "../efs/temporary-directory.js";
import { block, type CoapParts, coapBytes, optionOf, type ReadCoap, readCoap } from "../support/coap-bytes.js";

const BLOCK1 = 27;
const SIZE1 = 60;
const CONTENT_FORMAT = 12;
const ANSWER_WITHIN_MS = 300;

let server: DemoServer;
let requests: ReadCoap[];
/** What the Client answers, how much later. */
let answer: (request: ReadCoap) => { parts: Omit<CoapParts, "mid" | "token">; afterMs?: number } | undefined;
let close: () => void;

beforeEach(async () => {
  requests = [];
  server = await openDemoServer({
    port: 0,
    bootstrapPort: 0,
    runtime: { clock: systemClock, random: systemRandom, log: silentLog },
    answerWithinMs: ANSWER_WITHIN_MS,
  });
  const socket = createSocket("udp4");
  const register = {
    code: "0.02",
    options: [
      [11, "rd"],
      [15, "ep=one"],
    ],
    payload: "</5/0>",
  } as const;
  socket.send(coapBytes(register), server.port, "127.0.0.1");
  await once(socket, "message");
  socket.on("message", (datagram) => {
    const request = readCoap(datagram);
    requests.push(request);
    const reply = answer(request);
    if (!reply) return;
    const { mid, token } = request;
    const bytes = coapBytes({ type: "ACK", mid, token, ...reply.parts });
    const cancel = systemClock.after(reply.afterMs ?? 0, () => socket.send(bytes, server.port, "127.0.0.1"));
    cancels.push(cancel);
  });
  const cancels: Array<() => void> = [];
  close = () => {
    for (const cancel of cancels) cancel();
    socket.close();
  };
});
afterEach(async () => {
  close();
  await server.close();
});

function fileOf(size: number): { path: string; bytes: Buffer } {
  const path = join(temporaryDirectory(), "fw.bin");
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
  writeFileSync(path, bytes);
  return { path, bytes };
}
const write = (path: string, at = "/5/0/0") => runConsoleLine(server, `write ${at} @${path}`);
/** Number of the block, whether more follow, size, as text. */
const blocks = () => requests.map((each) => optionOf(each, BLOCK1));
const takeBlock = (request: ReadCoap): CoapParts => {
  const block1 = optionOf(request, BLOCK1) ?? 0;
  return { code: block1 & 8 ? "2.31" : "2.04", options: [[BLOCK1, block1]] };
};

describe("a file written to a Resource", () => {
  it("goes in blocks of 1024 bytes, with its size, however long they take together", async () => {
    const { path, bytes } = fileOf(5000);
    answer = (request) => ({ parts: takeBlock(request), afterMs: ANSWER_WITHIN_MS / 2 });
    expect(await write(path)).toEqual({ ok: true, lines: ["2.04 /5/0/0"] });
    expect(blocks()).toEqual([0, 1, 2, 3, 4].map((number) => block(number, number < 4 ? 1 : 0, 1024)));
    expect(Buffer.concat(requests.map(({ payload }) => payload)).equals(bytes)).toBe(true);
    const uriPath = requests[0]?.options.filter(([number]) => number === 11).map(([, value]) => value.toString());
    expect([requests[0]?.code, uriPath]).toEqual(["0.03", ["5", "0", "0"]]);
    expect(requests.map((each) => [optionOf(each, CONTENT_FORMAT), optionOf(each, SIZE1)])).toEqual(
      Array(5).fill([42, 5000]),
    );
  });

  it.each([0, 1, 1024])("of %i bytes goes whole", async (size) => {
    const { path, bytes } = fileOf(size);
    answer = () => ({ parts: { code: "2.04" } });
    expect(await write(path)).toEqual({ ok: true, lines: ["2.04 /5/0/0"] });
    expect(blocks()).toEqual([undefined]);
    expect(requests[0]?.payload.equals(bytes)).toBe(true);
  });

  it("ends with the Client's refusal in the midst of it", async () => {
    answer = (request) =>
      requests.length < 3 ? { parts: takeBlock(request) } : { parts: { code: "4.13", payload: "no room" } };
    expect(await write(fileOf(5000).path)).toEqual({ ok: false, lines: ["4.13 /5/0/0 no room"] });
    expect(requests).toHaveLength(3);
  });

  it("ends with the Client's silence in the midst of it", async () => {
    answer = (request) => (requests.length < 3 ? { parts: takeBlock(request) } : undefined);
    const { ok, lines } = await write(fileOf(5000).path);
    expect([ok, lines[0]]).toEqual([false, expect.stringMatching(/^no answer: nothing came from .* within 0\.3 s$/)]);
  });

  it("goes to a Resource of no known type, too; elsewhere @ begins a text", async () => {
    const { path, bytes } = fileOf(10);
    answer = () => ({ parts: { code: "2.04" } });
    await write(path, "/32769/0/1");
    expect(requests.at(-1)?.payload.equals(bytes)).toBe(true);
    await write(path, "/3/0/14");
    expect(requests.at(-1)?.payload.toString()).toBe(`@${path}`);
  });

  it("that cannot be read or is too large is refused with the reason, and nothing is sent", async () => {
    const directory = temporaryDirectory();
    const missing = join(directory, "fw.bin");
    const large = join(directory, "large.bin");
    writeFileSync(large, "");
    truncateSync(large, MAX_FILE_BYTES + 1);
    mkdirSync(join(directory, "tree"));
    answer = () => ({ parts: { code: "2.04" } });
    for (const [path, why] of [
      [missing, `${missing}: there is no such file`],
      [join(directory, "tree"), `${join(directory, "tree")}: it is no file`],
      [large, `${large}: ${MAX_FILE_BYTES + 1} bytes are too many, ${MAX_FILE_BYTES} is the limit`],
      ["", "@: a file name is missing after it, as in @fw.bin"],
    ] as const) {
      expect(await write(path)).toEqual({ ok: false, lines: [why] });
    }
    expect(requests).toEqual([]);
  });
});
