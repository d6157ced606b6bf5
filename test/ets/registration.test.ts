/** Register: what is said, and what is made of the answer. */
import { describe, expect, it } from "vitest";
import { get, numberOf, OPTION, put, tlv } from "./ask.ts";
import {
  answer,
  BOOTSTRAP_ACCOUNT,
  NOTHING,
  openRawDevice,
  openRegistered,
  SECOND_ACCOUNT,
  SERVER_ACCOUNT,
} from "./raw-device.ts";

const BOOTSTRAP_ON_FAILURE = {
  "/datatx/carrier_apn_cfg": "APN_NAME=internet\nAPN_CLASS=2\nSHORT_SERVER_ID1=102\nBS_IF_REG_FAILS=1\n",
};
const ERRORS = [
  ..."4.00 4.01 4.02 4.03 4.04 4.05 4.06 4.08 4.09 4.12 4.15".split(" "),
  ..."5.00 5.01 5.02 5.03 5.04 5.05".split(" "),
];

async function openRegister(ini?: string) {
  const device = await openRegistered({ ...(ini !== undefined && { ini }) });
  const { message, datagram } = device.server.heard[0]!;
  const query = message.options.filter(([number]) => number === OPTION.uriQuery).map(([, value]) => value.toString());
  const path = message.options.filter(([number]) => number === OPTION.uriPath).map(([, value]) => value.toString());
  return { device, message, datagram, query, path, links: message.payload.toString() };
}

describe("what Register says", () => {
  it("LightweightM2M-1.0-int-101 names endpoint, lifetime, version and binding, and lists all but the Security Object", async () => {
    const { device, message, query, path, links } = await openRegister();
    expect(message).toMatchObject({ type: "CON", code: "0.02" });
    expect(path).toEqual(["rd"]);
    expect(query.toSorted()).toEqual(["b=U", "ep=urn:imei:864508030012428", "lt=300", "lwm2m=1.0"]);
    expect(numberOf(message, OPTION.contentFormat)).toBe(40);
    for (const link of ["</1/1>", "</3/0>", "</4/0>", "</5/0>", "</6/0>", "</7/0>"])
      expect(links.split(",")).toContain(link);
    expect(links).not.toMatch(/<\/0[/>]/);
    expect(device.client.status.servers).toMatchObject([{ state: "registered", location: "/rd/1" }]);
  });

  it("LSV-REG-01 carries the query lwm2m=1.0, without which servers refuse", async () => {
    expect((await openRegister()).query).toContain("lwm2m=1.0");
  });

  it("LSV-REG-03 LSV-REG-04 LSV-REG-05 lists links without spaces, trailing comma or broken brackets, and some", async () => {
    expect((await openRegister()).links).toMatch(/^<\/\d+(\/\d+)?>(,<\/\d+(\/\d+)?>)*$/);
  });

  it("LSV-REG-06 is Confirmable", async () => {
    expect((await openRegister()).message.type).toBe("CON");
  });

  it("LSV-REG-07 goes to /rd without an empty segment", async () => {
    expect((await openRegister()).path).toEqual(["rd"]);
  });

  it("LSV-REG-08 names no root path of its own", async () => {
    expect((await openRegister()).links).not.toContain("oma.lwm2m");
  });

  it("LSV-REG-10 LES-REG-05 never names a binding unknown to 1.0: it cannot be written", async () => {
    const { device } = await openRegister();
    for (const binding of ["X", "UT", "N", ""]) {
      expect((await device.server.ask(put("/1/1/7", { format: 0, payload: binding }))).code).toBe("4.00");
    }
    await device.clock.advance(1000);
    expect(device.requests()).toHaveLength(1);
    expect((await device.server.ask(get("/1/1/7"))).payload.toString()).toBe("U");
  });

  it("LES-REG-04 LSV-REG-11 says queue mode as b=UQ beside lwm2m=1.0, without a query Q", async () => {
    const { query } = await openRegister(SERVER_ACCOUNT.replace('"sv":"U"', '"sv":"UQ"'));
    expect(query).toContain("b=UQ");
    expect(query).toContain("lwm2m=1.0");
    expect(query).not.toContain("Q");
  });

  it("LightweightM2M-1.0-int-950 goes to each of two servers, with locations, lifetimes and ids of their own", async () => {
    const device = await openRegistered({ ini: `${SERVER_ACCOUNT}\n${SECOND_ACCOUNT}` });
    expect(device.servers.map((server) => server.requests()[0])).toEqual([
      expect.stringContaining("lt=300"),
      expect.stringContaining("lt=600"),
    ]);
    expect(device.client.status.servers).toMatchObject([
      { shortServerId: 102, location: "/rd/1", lifetimeS: 300 },
      { shortServerId: 103, location: "/rd/2", lifetimeS: 600 },
    ]);
    for (const server of device.servers) expect((await server.ask(get("/3/0/0"))).code).toBe("2.05");
  });
});

describe("what is made of the answer to Register", () => {
  it("ANJ-REG-01 re-sends the same message until an answer with its message id comes", async () => {
    let copies = 0;
    const device = await openRawDevice({
      script: (request) => {
        copies++;
        if (copies === 1) return NOTHING;
        const reply = answer(request, "2.01", {
          options: [
            [OPTION.locationPath, "rd"],
            [OPTION.locationPath, "5"],
          ],
        });
        return copies === 2 ? { ...reply, mid: (request.mid + 7) & 0xffff } : reply;
      },
    });
    device.client.register(false);
    await device.clock.advance(60_000);
    expect(copies).toBe(3);
    const [first, ...others] = device.server.heard;
    for (const other of others) expect(other.datagram).toEqual(first!.datagram);
    expect(device.client.status.servers[0]).toMatchObject({ state: "registered", location: "/rd/5" });
  });

  it("ANJ-REG-09 TD_COAP_CORE_18 uses a Location of any path for Update and De-register", async () => {
    const path = ["some", "weird", "rd", "point"];
    const device = await openRegistered({
      script: (request, server) =>
        server.heard.length === 1
          ? answer(request, "2.01", { options: path.map((part) => [OPTION.locationPath, part] as const) })
          : undefined,
    });
    device.client.update(0, false);
    await device.clock.advance(100);
    const left = device.client.deregister();
    await device.clock.advance(100);
    await left;
    expect(device.requests().slice(1)).toEqual(["POST /some/weird/rd/point", "DELETE /some/weird/rd/point"]);
  });

  it.each(ERRORS)("ANJ-REG-10 takes %s as a failure, and tries again only after REG_RETRY_TIMEOUT", async (code) => {
    const device = await openRawDevice({ script: (request) => answer(request, code) });
    device.client.register(false);
    await device.clock.advance(59_000);
    expect(device.requests()).toHaveLength(1);
    expect(device.events).not.toContain(5);
    expect(device.logged.some((line) => line.includes(code))).toBe(true);
    await device.clock.advance(2_000);
    expect(device.requests()).toHaveLength(2);
  });

  it("ANJ-REG-12 goes to the Bootstrap-Server on 4.03 where BS_IF_REG_FAILS says so, and to the server no more", async () => {
    const device = await openRawDevice({
      ini: `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`,
      files: BOOTSTRAP_ON_FAILURE,
      script: (request, { target }) => (target.port === 5683 ? answer(request, "4.03") : undefined),
    });
    device.client.register(false);
    await device.clock.advance(120_000);
    expect(device.requests().map((each) => each.split("?")[0])).toEqual(["POST /rd", "POST /bs"]);
  });

  it("ANJ-REG-13 registers anew when Update gets 4.00, and bootstraps when that gets 4.03", async () => {
    let refusing = false;
    const device = await openRegistered({
      ini: `${BOOTSTRAP_ACCOUNT}\n${SERVER_ACCOUNT}`,
      files: BOOTSTRAP_ON_FAILURE,
      script(request, { target }) {
        if (!refusing || target.port !== 5683) return undefined;
        const isUpdate = request.payload.length === 0;
        return answer(request, isUpdate ? "4.00" : "4.03");
      },
    });
    refusing = true;
    device.client.update(0, false);
    await device.clock.advance(10_000);
    const paths = device.requests().map((each) => each.split("?")[0]);
    expect(paths).toEqual(["POST /rd", "POST /rd/1", "POST /rd", "POST /bs"]);
  });

  it("LES-REG-01 takes a new location each time it registers", async () => {
    const device = await openRegistered();
    device.client.update(0, false);
    await device.clock.advance(100);
    const left = device.client.deregister();
    await device.clock.advance(100);
    await left;
    device.client.register(false);
    await device.clock.advance(100);
    const paths = device.requests().map((each) => each.split("?")[0]);
    expect(paths).toEqual(["POST /rd", "POST /rd/1", "DELETE /rd/1", "POST /rd"]);
    expect(device.client.status.servers[0]?.location).toBe("/rd/2");
  });

  it("LES-REG-02 registers under the same name after a stop without De-register", async () => {
    const device = await openRegistered();
    device.client.halt();
    await device.clock.advance(1000);
    device.client.register(false);
    await device.clock.advance(100);
    const [first, second, ...others] = device.requests();
    expect(second).toBe(first);
    expect(others).toEqual([]);
  });

  it("ANJ-DM-21 goes on with the same Register whatever changes meanwhile; after a stop it is a new one", async () => {
    const device = await openRawDevice({ script: () => NOTHING });
    device.client.register(false);
    await device.clock.advance(1000);
    device.modem.update(({ battery }) => ({ battery: { ...battery, percent: 50 } }));
    device.client.setLifetime(102, 600);
    await device.clock.advance(5000);
    const first = device.server.heard.map(({ message }) => message);
    expect(first.length).toBeGreaterThan(1);
    expect(new Set(first.map(({ mid }) => mid)).size).toBe(1);
    device.client.halt();
    device.client.register(false);
    await device.clock.advance(1000);
    expect(device.servers).toHaveLength(2);
    const again = device.server.heard[0]!.message;
    expect(again.mid).not.toBe(first[0]!.mid);
    expect(again.token).not.toBe(first[0]!.token);
    // while an Update is under way NON notifications go out
    device.rescript((request) => (request.payload.length === 0 ? NOTHING : undefined));
    await device.clock.advance(20_000);
    expect(device.client.status.servers[0]?.state).toBe("registered");
    await device.server.ask(get("/3/0/9", { observe: 0 }));
    await device.server.ask(put("/1/1/1", tlv("c2010258")));
    await device.clock.advance(100);
    device.server.take();
    device.modem.update(({ battery }) => ({ battery: { ...battery, percent: 40 } }));
    await device.clock.advance(10);
    expect(device.server.responses().map(({ message }) => [message.type, message.payload])).toEqual([
      ["NON", Buffer.from("40")],
    ]);
  });
});
