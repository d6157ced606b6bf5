/** Observe on the device: beginning, notifications, cancellation, end. */
import { describe, expect, it } from "vitest";
import { del, FORMAT, get, numberOf, OPTION, post, put, tlv } from "./ask.ts";
import { answer, NOTHING, openRegistered, type RawDevice, walk } from "./raw-device.ts";

const battery = ({ modem }: RawDevice, percent: number) =>
  modem.update((state) => ({ battery: { ...state.battery, percent } }));
/** Payloads as text of what has been notified since the last look, by token. */
const news = ({ server }: RawDevice, token: string) =>
  server
    .responses()
    .filter(({ message }) => message.token === token)
    .map(({ message }) => message.payload.toString());

async function openObserved(path = "/3/0/9", token = "aa"): Promise<RawDevice> {
  const device = await openRegistered();
  await walk(device.server, [[get(path, { observe: 0, token }), "2.05"]]);
  device.server.take();
  return device;
}

describe("Observe", () => {
  it("RFC7641-01 LSV-OB-04 is answered by the value with an Observe option", async () => {
    const { server } = await openRegistered();
    const response = await server.ask(get("/3/0/9", { observe: 0 }));
    expect(response).toMatchObject({ type: "ACK", code: "2.05", payload: Buffer.from("100") });
    expect(numberOf(response, OPTION.observe)).toBeGreaterThanOrEqual(0);
  });

  it("LSV-OB-06 RFC7641-13 is followed by notifications with Observe option and format, which promise no age", async () => {
    const device = await openObserved();
    battery(device, 90);
    await device.clock.advance(10);
    const [heard] = device.server.responses();
    expect(numberOf(heard!.message, OPTION.observe)).toBeGreaterThan(0);
    expect(numberOf(heard!.message, OPTION.contentFormat)).toBe(0);
    expect(heard!.message.options.map(([number]) => number)).not.toContain(14);
  });

  it("RFC7641-03 with a token in use replaces the relation", async () => {
    const device = await openObserved();
    await walk(device.server, [[get("/3/0/9", { observe: 0, token: "aa" }), "2.05"]]);
    device.server.take();
    battery(device, 90);
    await device.clock.advance(10);
    expect(news(device, "aa")).toEqual(["90"]);
  });

  it("RFC7641-04 of an executable Resource is refused", async () => {
    const { server } = await openRegistered();
    const response = await server.ask(get("/3/0/4", { observe: 0 }));
    expect(response.code).toBe("4.05");
    expect(numberOf(response, OPTION.observe)).toBeUndefined();
  });

  it("RFC7641-05 RFC7641-06 =1 with an unknown token, and any other number, are a plain Read", async () => {
    const device = await openRegistered();
    for (const observe of [1, 5]) {
      const response = await device.server.ask(get("/3/0/9", { observe, token: "bb" }));
      expect(response.code).toBe("2.05");
      expect(numberOf(response, OPTION.observe)).toBeUndefined();
    }
    battery(device, 90);
    await device.clock.advance(10);
    expect(news(device, "bb")).toEqual(["100", "100"]);
  });

  it("RFC7641-11 fixes the format of all notifications", async () => {
    const { server, clock, modem } = await openRegistered();
    await walk(server, [[get("/3/0/9", { observe: 0, accept: FORMAT.json, token: "aa" }), "2.05"]]);
    server.take();
    modem.update((state) => ({ battery: { ...state.battery, percent: 90 } }));
    await clock.advance(10);
    const [heard] = server.responses();
    expect(numberOf(heard!.message, OPTION.contentFormat)).toBe(FORMAT.json);
    expect(heard!.message.payload.toString()).toBe('{"bn":"/3/0/9","e":[{"v":90}]}');
  });

  it("RFC7641-12 survives a plain Read", async () => {
    const device = await openObserved();
    await walk(device.server, [
      [get("/3/0/9", { token: "bb" }), "2.05 ct=0 100"],
      [get("/3/0/9", { token: "aa" }), "2.05 ct=0 100"],
    ]);
    device.server.take();
    battery(device, 90);
    await device.clock.advance(10);
    expect(news(device, "aa")).toEqual(["90"]);
  });

  it("RFC7641-14 is nothing on PUT and POST", async () => {
    const device = await openRegistered();
    await walk(device.server, [
      [put("/1/1/1", { format: 0, payload: "200", observe: 0, token: "aa" }), "2.04"],
      [post("/3/0/12", { observe: 0, token: "bb" }), "2.04"],
    ]);
    device.server.take();
    await walk(device.server, [[put("/1/1/1", { format: 0, payload: "250" }), "2.04"]]);
    await device.clock.advance(100);
    expect(news(device, "aa")).toEqual([]);
  });

  it("ANJ-OB-01 LSV-OB-01 with two tokens on one path is served twice; a Reset to one leaves the other", async () => {
    const device = await openObserved();
    const { server, clock } = device;
    await walk(server, [[get("/3/0/9", { observe: 0, token: "bb" }), "2.05"]]);
    server.take();
    battery(device, 90);
    await clock.advance(10);
    const heard = server.responses().map(({ message }) => message);
    expect(heard.map(({ token }) => token).toSorted()).toEqual(["aa", "bb"]);
    await server.send({ type: "RST", code: "0.00", mid: heard.find(({ token }) => token === "aa")!.mid });
    battery(device, 80);
    await clock.advance(10);
    expect(server.responses().map(({ message }) => message.token)).toEqual(["bb"]);
  });

  it("LightweightM2M-1.0-int-1900 D-OBJ-19-02 carries data that the host sends up", async () => {
    const device = await openObserved("/19/0/0");
    for (const data of ["first", "first", "second"]) device.client.uplink(19, data);
    await device.clock.advance(10);
    expect(news(device, "aa")).toEqual(["first", "first", "second"]);
  });

  it("LightweightM2M-1.0-int-661 of the Device tells of any of its values", async () => {
    const device = await openObserved("/3/0");
    battery(device, 77);
    await device.clock.advance(10);
    const [heard] = device.server.responses();
    expect(numberOf(heard!.message, OPTION.contentFormat)).toBe(FORMAT.tlv);
    expect(heard!.message.payload.toString("hex")).toContain("c1094d");
  });
});

describe("the end of an observation", () => {
  it("LightweightM2M-1.0-int-302 RFC7641-07 LSV-OB-02 TD_COAP_OBS_06 is a Reset to a notification, NON or CON", async () => {
    const device = await openObserved();
    const { server, clock } = device;
    await walk(server, [[get("/4/0/2", { observe: 0, token: "bb" }), "2.05"]]);
    server.take();
    battery(device, 90);
    await clock.advance(10);
    const non = server.responses()[0]!.message;
    expect(non.type).toBe("NON");
    await server.send({ type: "RST", code: "0.00", mid: non.mid });
    await clock.advance(86_400_000);
    server.take();
    battery(device, 80);
    device.modem.update((state) => ({ radio: { ...state.radio, rsrpDbm: -80 } }));
    await clock.advance(10);
    const heard = server.responses().map(({ message }) => message);
    expect(heard.map(({ type, token }) => [type, token])).toEqual([["CON", "bb"]]);
    await server.send({ type: "RST", code: "0.00", mid: heard[0]!.mid });
    device.modem.update((state) => ({ radio: { ...state.radio, rsrpDbm: -90 } }));
    await clock.advance(100_000);
    expect(server.responses()).toEqual([]);
  });

  it("LightweightM2M-1.0-int-303 LES-OB-03 TD_COAP_OBS_12 is a Read with Observe=1, answered by the value alone", async () => {
    const device = await openObserved();
    const response = await device.server.ask(get("/3/0/9", { observe: 1, token: "aa" }));
    expect(response).toMatchObject({ code: "2.05", payload: Buffer.from("100") });
    expect(numberOf(response, OPTION.observe)).toBeUndefined();
    device.server.take();
    battery(device, 90);
    await device.clock.advance(100_000);
    expect(device.server.responses()).toEqual([]);
  });

  it("ANJ-OB-08 LES-OB-11 leaves no timer behind", async () => {
    const device = await openRegistered();
    const { server, clock } = device;
    await walk(server, [[put("/3/0/9?pmin=5&pmax=5"), "2.04"]]);
    const pending = clock.pending();
    await walk(server, [[get("/3/0/9", { observe: 0, token: "aa" }), "2.05"]]);
    await clock.advance(1);
    expect(clock.pending()).toBe(pending + 1);
    await walk(server, [[get("/3/0/9", { observe: 1, token: "aa" }), "2.05"]]);
    expect(clock.pending()).toBe(pending);
    server.take();
    await clock.advance(60_000);
    expect(server.responses()).toEqual([]);
  });

  it("ANJ-OB-03 RFC7641-10 is a Confirmable 4.04 without Observe option when the value goes", async () => {
    const device = await openRegistered();
    const { server, clock, modem } = device;
    const fix = {
      latitude: 1.5,
      longitude: 2.5,
      altitudeM: 3,
      uncertaintyM: 4,
      speedMs: 5,
      courseDeg: 6,
      takenAtMs: 0,
    };
    modem.update({ fix });
    await walk(server, [[get("/6/0/0", { observe: 0, token: "aa" }), "2.05 ct=0 1.5"]]);
    server.take();
    modem.update({ fix: undefined });
    await clock.advance(10);
    const [heard] = server.responses();
    expect(heard!.message).toMatchObject({ type: "CON", code: "4.04", token: "aa" });
    expect(numberOf(heard!.message, OPTION.observe)).toBeUndefined();
    await server.send({ type: "ACK", code: "0.00", mid: heard!.message.mid });
    modem.update({ fix });
    await clock.advance(100_000);
    expect(server.responses()).toEqual([]);
  });

  it("ANJ-OB-04 LES-OB-04 is a 4.04 when a server deletes the Instance", async () => {
    const { server, clock } = await openRegistered();
    await walk(server, [
      [post("/19", tlv("c2006162")), "2.01 at=19/2"],
      [get("/19/2/0", { observe: 0, token: "aa" }), "2.05"],
    ]);
    server.take();
    await walk(server, [[del("/19/2", { token: "cc" }), "2.02"]]);
    await clock.advance(10);
    const heard = server.responses().filter(({ message }) => message.token === "aa");
    expect(heard.map(({ message }) => [message.type, message.code])).toEqual([["CON", "4.04"]]);
  });

  it("ANJ-OB-07 LSV-OB-05 is a new Register, after which the server has to observe again", async () => {
    const device = await openObserved();
    device.rescript((request) => (request.payload.length === 0 ? answer(request, "4.03") : undefined));
    device.client.update(0, false);
    await device.clock.advance(100);
    expect(device.servers).toHaveLength(2);
    for (const server of device.servers) server.take();
    battery(device, 90);
    await device.clock.advance(10_000);
    expect(device.servers.map((server) => server.responses())).toEqual([[], []]);
    await walk(device.server, [[get("/3/0/9", { observe: 0, token: "aa" }), "2.05 ct=0 90"]]);
  });

  it("ANJ-OB-06 is not an Update that waits for its answer", async () => {
    const device = await openObserved();
    device.rescript(() => NOTHING);
    device.client.update(0, false);
    await device.clock.advance(100);
    battery(device, 90);
    await device.clock.advance(10);
    expect(news(device, "aa")).toEqual(["90"]);
  });
});
