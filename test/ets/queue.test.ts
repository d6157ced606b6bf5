/** Queue mode (OMA TS 1.0.2 §8.3). */
import { describe, expect, it } from "vitest";
import { get } from "./ask.ts";
import { NOTHING, openRegistered, SERVER_ACCOUNT, walk } from "./raw-device.ts";

const ini = SERVER_ACCOUNT.replace('"sv":"U"', '"sv":"UQ"');

describe("queue mode", () => {
  it("T10-Q-01 LES-Q-01 is said in Register, and requests are served after Register and after each Update", async () => {
    const device = await openRegistered({ ini });
    const { server, clock } = device;
    expect(server.requests()[0]).toMatch(/[?&]b=UQ(&|$)/);
    await clock.advance(1000);
    await walk(server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    for (let update = 0; update < 3; update++) {
      await clock.advance(208_000);
      expect(server.requests().at(-1)).toBe("POST /rd/1");
      await walk(server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    }
  });

  it("ANJ-Q-02 the device is deaf 93 s after the last message where ACK_TIMEOUT says so, and not before", async () => {
    const files = { "/datatx/lwm2m_cfg": "{\nAPN=internet;\nACK_TIMEOUT=93;\n}\n" };
    const { server, clock } = await openRegistered({ ini: ini.replace('"v":300', '"v":3600'), files });
    await clock.advance(92_000);
    await walk(server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    await clock.advance(92_900);
    await walk(server, [[get("/3/0/1"), "2.05 ct=0 BG96"]]);
    await clock.advance(93_000);
    await expect(server.ask(get("/3/0/1"))).rejects.toThrow("no answer");
    await clock.advance(10_000);
    await expect(server.ask(get("/3/0/1"))).rejects.toThrow("no answer");
  });

  it("ANJ-Q-04 an Update without an answer is repeated, then Register takes its place", async () => {
    const device = await openRegistered({ ini });
    device.rescript((request) => (request.payload.length === 0 ? NOTHING : undefined));
    await device.clock.advance(310_000);
    const paths = device.requests().map((each) => each.split("?")[0]);
    expect(paths.slice(0, 7)).toEqual(["POST /rd", ...Array(5).fill("POST /rd/1"), "POST /rd"]);
  });
});
