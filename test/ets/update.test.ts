/** Update, De-register, Disable: a registration kept, left and taken up again. */
import { describe, expect, it } from "vitest";
import type { ReadCoap } from "../support/coap-bytes.ts";
import { get, numberOf, OPTION, post, put, text, tlv } from "./ask.ts";
import { answer, NOTHING, openRegistered, SECOND_ACCOUNT, SERVER_ACCOUNT } from "./raw-device.ts";
import type { RawServer } from "./raw-server.ts";

const ERRORS = [
  ..."4.00 4.01 4.02 4.03 4.04 4.05 4.06 4.08 4.09 4.12 4.15".split(" "),
  ..."5.00 5.01 5.02 5.03 5.04 5.05".split(" "),
];

describe("Update", () => {
  it("LightweightM2M-1.0-int-102 TD_LWM2M_1_INT_102 follows a Write of the lifetime at once, then comes before each expiry", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    expect((await server.ask(put("/1/1/1", tlv("c10114")))).code).toBe("2.04");
    await clock.advance(100);
    expect(server.requests().slice(1)).toEqual(["POST /rd/1?lt=20"]);
    const at = [clock.monotonic()];
    await clock.advance(60_000);
    const updates = server.heard.slice(1).filter(({ message }) => message.code === "0.02");
    for (const { atMs, message } of updates.slice(1)) {
      expect(atMs - at.at(-1)!).toBeLessThan(20_000);
      expect(message.payload).toHaveLength(0);
      at.push(atMs);
    }
    expect(updates.length).toBeGreaterThan(3);
    expect(
      server
        .requests()
        .slice(2)
        .every((each) => each === "POST /rd/1"),
    ).toBe(true);
  });

  it("ANJ-UPD-02 comes with the new lifetime, however short, and before each expiry", async () => {
    const { server, clock } = await openRegistered();
    expect((await server.ask(put("/1/1/1", text("2")))).code).toBe("2.04");
    await clock.advance(10_000);
    expect(server.requests()[1]).toBe("POST /rd/1?lt=2");
    expect(server.requests().length).toBeGreaterThanOrEqual(6);
  });

  it("LightweightM2M-1.0-int-104 TD_LWM2M_1_INT_104 LightweightM2M-1.0-int-556 follows the Registration Update Trigger", async () => {
    const { server, clock } = await openRegistered();
    const seen = server.heard.length;
    expect((await server.ask(post("/1/1/8"))).code).toBe("2.04");
    await clock.advance(100);
    const [response, update] = server.heard.slice(seen).map(({ message }) => message.code);
    expect([response, update]).toEqual(["2.04", "0.02"]);
    expect(server.requests().at(-1)).toBe("POST /rd/1");
    await clock.advance(301_000);
    expect(server.requests().filter((each) => each.startsWith("POST /rd?"))).toHaveLength(1);
    expect((await server.ask(get("/3/0/0"))).code).toBe("2.05");
  });

  it("ANJ-UPD-01 is empty when nothing has changed", async () => {
    const device = await openRegistered();
    device.client.update(0, false);
    await device.clock.advance(10_000);
    const updates = device.server.take().map(({ message }) => message);
    expect(device.server.requests().slice(1)).toEqual(["POST /rd/1"]);
    expect(updates[0]).toMatchObject({ type: "CON", payload: Buffer.alloc(0) });
    expect(numberOf(updates[0]!, OPTION.contentFormat)).toBeUndefined();
  });

  it("ANJ-UPD-04 does not come for a value that is what it was", async () => {
    const { server, clock } = await openRegistered();
    const same = "c201012cc1053cc10601c10755"; // lifetime 300, disable timeout 60, storing, U
    for (const write of [put("/1/1/1", text("300")), put("/1/1/7", text("U")), put("/1/1", tlv(same))]) {
      expect((await server.ask(write)).code).toBe("2.04");
      await clock.advance(10_000);
    }
    expect(server.requests()).toHaveLength(1);
    // of two values the one that has changed is told
    expect((await server.ask(put("/1/1", tlv(same.replace("012c", "0258"))))).code).toBe("2.04");
    await clock.advance(100);
    expect(server.requests().slice(1)).toEqual(["POST /rd/1?lt=600"]);
  });

  it("ANJ-UPD-04 comes again when the value is back at the former one before the server has answered", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    device.rescript((request) => (request.code === "0.02" ? NOTHING : undefined));
    await server.ask(put("/1/1/1", text("600")));
    await clock.advance(100);
    const update = server.take().find(({ message }) => message.code === "0.02")!.message;
    await server.ask(put("/1/1/1", text("300")));
    device.rescript(undefined);
    await server.send(answer(update, "2.04"));
    await clock.advance(100);
    expect(server.requests().at(-1)).toBe("POST /rd/1?lt=300&b=U");
  });

  it.each(ERRORS)("ANJ-UPD-05 leads to a Register when it gets %s", async (code) => {
    const device = await openRegistered();
    device.rescript((request) => (request.payload.length === 0 ? answer(request, code) : undefined));
    device.client.update(0, false);
    await device.clock.advance(1000);
    expect(device.requests().map((each) => each.split("?")[0])).toEqual(["POST /rd", "POST /rd/1", "POST /rd"]);
    expect(device.client.status.servers[0]).toMatchObject({ state: "registered", location: "/rd/2" });
  });

  it("ANJ-UPD-06 is repeated MAX_RETRANSMIT times, then Register takes its place", async () => {
    const device = await openRegistered();
    device.rescript((request) => (request.payload.length === 0 ? NOTHING : undefined));
    device.client.update(0, false);
    await device.clock.advance(94_000);
    const paths = device.requests().map((each) => each.split("?")[0]);
    expect(paths).toEqual(["POST /rd", ...Array(5).fill("POST /rd/1"), "POST /rd"]);
  });

  it("ANJ-UPD-09 carries the whole list once an Instance has come or gone", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    expect((await server.ask(post("/19", tlv("080503c0006162")))).code).toMatch(/2.01|4.00/);
    expect((await server.ask(post("/19", tlv("c2006162")))).code).toBe("2.01");
    await clock.advance(1000);
    const update = server.take().find(({ message }) => message.code === "0.02")!.message;
    expect(numberOf(update, OPTION.contentFormat)).toBe(40);
    expect(update.payload.toString().split(",")).toEqual(expect.arrayContaining(["</1/1>", "</3/0>", "</19/2>"]));
    expect(
      (
        await server.ask({
          code: "0.04",
          options: [
            [11, "19"],
            [11, "2"],
          ],
        })
      ).code,
    ).toBe("2.02");
    await clock.advance(1000);
    const second = server.take().find(({ message }) => message.code === "0.02")!.message;
    expect(second.payload.toString()).not.toContain("</19/2>");
  });
});

describe("Disable and De-register", () => {
  it("LightweightM2M-1.0-int-103 TD_LWM2M_1_INT_103 LightweightM2M-1.0-int-555 answers Disable, de-registers, and is back after Disable Timeout", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    const seen = server.heard.length;
    expect((await server.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(300);
    expect(server.heard.slice(seen).map(({ message }) => message.code)).toEqual(["2.04", "0.04"]);
    expect(server.requests().at(-1)).toBe("DELETE /rd/1");
    await clock.advance(58_000);
    expect(device.servers).toHaveLength(1);
    expect(server.heard).toHaveLength(seen + 2);
    await clock.advance(3_000);
    expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?/)]);
  });

  it("ANJ-DER-01 is deaf to reads while disabled", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    expect((await server.ask(put("/1/1/5", text("6")))).code).toBe("2.04");
    expect((await server.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(300);
    server.take();
    await expect(server.ask(get("/3/0/0"))).rejects.toThrow("no answer");
    await clock.advance(5_000);
    expect(server.take()).toEqual([]);
    expect(device.servers).toHaveLength(1);
    await clock.advance(1_000);
    expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?/)]);
  });

  it("ANJ-DER-02 counts from the last of several Disables, be it another server's", async () => {
    const mayExecute = '{"bn":"/2/0/","e":[{"n":"0","v":1},{"n":"1","v":1},{"n":"2/103","v":4},{"n":"3","v":102}]}';
    const device = await openRegistered({ ini: [SERVER_ACCOUNT, SECOND_ACCOUNT, mayExecute].join("\n") });
    const { clock, servers } = device;
    const [first, second] = servers as [RawServer, RawServer];
    expect((await second.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(40_000);
    expect(first.requests().at(-1)).toBe("DELETE /rd/1");
    expect((await second.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(59_000);
    expect(servers).toHaveLength(2);
    await clock.advance(2000);
    expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?/)]);
    expect(device.server.target.host).toBe(first.target.host);
  });

  it("ANJ-DER-02 leaves a server for Disable Timeout whose Register another one's Disable overtakes", async () => {
    const mayExecute = '{"bn":"/2/0/","e":[{"n":"0","v":1},{"n":"1","v":1},{"n":"2/103","v":4},{"n":"3","v":102}]}';
    let register: ReadCoap | undefined;
    const device = await openRegistered({
      ini: [SERVER_ACCOUNT, SECOND_ACCOUNT, mayExecute].join("\n"),
      script(request, { target }) {
        if (target.host !== "192.0.2.1" || register) return undefined;
        register = request;
        return NOTHING;
      },
    });
    const { clock, servers } = device;
    const first = servers.find(({ target }) => target.host === "192.0.2.1")!;
    const second = servers.find(({ target }) => target.host === "192.0.2.2")!;
    expect((await second.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(500);
    await first.send(
      answer(register!, "2.01", {
        options: [
          [OPTION.locationPath, "rd"],
          [OPTION.locationPath, "9"],
        ],
      }),
    );
    await clock.advance(100);
    expect(first.requests().at(-1)).toBe("DELETE /rd/9");
    await clock.advance(59_000);
    expect(servers).toHaveLength(2);
    await clock.advance(2000);
    expect(device.server.target.host).toBe("192.0.2.1");
    expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?/)]);
    expect(device.client.status.servers.map(({ state }) => state)).toEqual(["registered", "registered"]);
  });

  it("ANJ-DER-04 waits with De-register for the answer to an Update", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    device.rescript((request) => (request.payload.length === 0 && request.code === "0.02" ? NOTHING : undefined));
    device.client.update(0, false);
    await clock.advance(100);
    const update = server.take()[0]!.message;
    expect((await server.ask(post("/1/1/4"))).code).toBe("2.04");
    await clock.advance(300);
    expect(server.requests()).not.toContain("DELETE /rd/1");
    device.rescript(undefined);
    await server.send(answer(update, "2.04"));
    await clock.advance(100);
    expect(server.requests().at(-1)).toBe("DELETE /rd/1");
    await clock.advance(61_000);
    expect(device.server.requests()).toEqual([expect.stringMatching(/^POST \/rd\?/)]);
  });

  it("ANJ-DER-05 goes away even if De-register is never answered", async () => {
    const device = await openRegistered();
    device.rescript((request) => (request.code === "0.04" ? NOTHING : undefined));
    expect((await device.server.ask(post("/1/1/4"))).code).toBe("2.04");
    await device.clock.advance(94_000);
    expect(device.requests().slice(1)).toEqual(Array(5).fill("DELETE /rd/1"));
    expect(device.client.status.servers[0]?.state).toBe("disabled");
  });

  it("ANJ-REB-01 LightweightM2M-1.0-int-241 LightweightM2M-1.0-int-655 answers Reboot before it, then registers anew with messages of its own", async () => {
    const device = await openRegistered({ autostart: true });
    const { server, clock } = device;
    const { boots } = device.modem.state.power;
    const register = server.heard[0]!.message;
    expect((await server.ask(post("/3/0/4"))).code).toBe("2.04");
    await clock.advance(30_000);
    expect(device.modem.state.power.boots).toBe(boots + 1);
    const again = device.server.heard[0]!.message;
    expect(device.server.requests()[0]).toMatch(/^POST \/rd\?/);
    expect(again.mid).not.toBe(register.mid);
    expect(again.token).not.toBe(register.token);
  });
});
