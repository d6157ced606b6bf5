/** What a BG96 ships with is all a Server sees, whatever a host or a Server tries to add. */
import { describe, expect, it } from "vitest";
import { FORMAT, get, post, put, tlv } from "../ets/ask.ts";
import { openRegistered, SERVER_ACCOUNT, walk } from "../ets/raw-device.ts";

const asTlv = { accept: FORMAT.tlv };

/** bootstrap.ini entries for a Resource, an Instance and an Object that a BG96 does not have. */
const OWN = `
{"bn":"/3/0/","e":[{"n":"99","sv":"mine"}]}
{"bn":"/3/1/","e":[{"n":"0","sv":"mine"}]}
{"bn":"/1/1/","e":[{"n":"77","v":7}]}
{"bn":"/3303/0/","e":[{"n":"5700","v":21.5}]}`;

describe("the Resources of a BG96", () => {
  it("[BG-045] are not added to by the host's bootstrap.ini, which the log tells", async () => {
    const shipped = await openRegistered();
    const { server, logged, registry } = await openRegistered({ ini: `${SERVER_ACCOUNT}${OWN}` });
    await walk(server, [
      [get("/3/0/99"), "4.04"],
      [get("/3/1"), "4.04"],
      [get("/1/1/77"), "4.04"],
      [get("/3303/0/5700"), "4.04"],
      [get("/3303"), "4.04"],
    ]);
    expect([...registry.objects.keys()]).toEqual([...shipped.registry.objects.keys()]);
    const links = async (of: typeof server) => (await of.ask(get("/.well-known/core"))).payload.toString();
    expect(await links(server)).toBe(await links(shipped.server));
    expect(logged.filter((line) => line.includes("entry ignored")).length).toBeGreaterThanOrEqual(3);
  });

  it("[BG-045] are not added to by a Server's Write or Create", async () => {
    const { server } = await openRegistered();
    await walk(server, [
      [put("/3/0/99", tlv("c163 01")), "4.04"],
      [post("/3303", tlv("c0 00")), "4.04"],
      [get("/3/0/99"), "4.04"],
    ]);
    const before = (await server.ask(get("/19/1", asTlv))).payload;
    await server.ask(post("/19/1", tlv("c16305")));
    expect((await server.ask(get("/19/1", asTlv))).payload).toEqual(before);
  });
});
