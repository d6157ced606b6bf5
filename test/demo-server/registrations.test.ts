import { expect, it } from "vitest";
import type { ReceivedRequest } from "#demo-server/coap-peer";
import { createRegistrations } from "#demo-server/registrations";
import { createManualClock, createSeededRandom } from "../support/manual-clock.js";

function open() {
  const clock = createManualClock();
  const changes: string[] = [];
  const registrations = createRegistrations(clock, createSeededRandom(1), (change, { endpoint }) =>
    changes.push(`${change} ${endpoint}`),
  );
  const send = (method: ReceivedRequest["method"], path: string, payload = "", port = 40000) => {
    const [segments = "", query = ""] = path.split("?");
    return registrations.respond({
      method,
      path: segments.split("/").filter(Boolean),
      query: query.split("&").filter(Boolean),
      format: payload === "" ? undefined : 40,
      payload: Buffer.from(payload),
      from: { address: "127.0.0.1", port },
    });
  };
  const register = (path: string, payload = "</1/0>,</3/0>") => send("POST", path, payload).location?.join("/") ?? "";
  return { clock, changes, registrations, send, register };
}

it("a registration ends when its Lifetime has passed without an Update", async () => {
  const { clock, changes, registrations, register, send } = open();
  const location = register("/rd?ep=one&lt=60&lwm2m=1.0&b=U");
  expect(location).toMatch(/^rd\/\w+$/);
  await clock.advance(59_000);
  expect(send("POST", location).code).toBe("2.04");
  await clock.advance(59_999);
  expect(registrations.all).toHaveLength(1);
  await clock.advance(1);
  expect(changes).toEqual(["registered one", "updated one", "expired one"]);
  expect(send("POST", location).code).toBe("4.04");
});

it("an Update changes the Lifetime, the objects and the address it came from", () => {
  const { registrations, register, send } = open();
  const location = register("/rd?ep=one&lt=60");
  expect(send("POST", `${location}?lt=90`, "</1/0>,</3/0>,</5/0>", 40001).code).toBe("2.04");
  expect(registrations.find("one")).toMatchObject({
    lifetimeS: 90,
    objects: ["</1/0>", "</3/0>", "</5/0>"],
    address: { port: 40001 },
  });
});

it("a new Register of the same endpoint replaces its registration", () => {
  const { registrations, register, send } = open();
  const first = register("/rd?ep=one");
  const second = register("/rd?ep=one");
  expect(registrations.all).toHaveLength(1);
  expect(send("DELETE", first).code).toBe("4.04");
  expect(send("DELETE", second).code).toBe("2.02");
  expect(registrations.all).toHaveLength(0);
});

it("refuses what is no registration, and keeps nothing of it", () => {
  const { registrations, send } = open();
  expect(send("POST", "/rd").code).toBe("4.00");
  expect(send("POST", "/rd?ep=one&lt=soon").code).toBe("4.00");
  expect(send("POST", "/rd?ep=one&lt=0").code).toBe("4.00");
  expect(send("POST", "/rd?ep=one&lwm2m=2.0").code).toBe("4.12");
  expect(send("GET", "/rd").code).toBe("4.05");
  expect(send("POST", "/rd/nobody").code).toBe("4.04");
  expect(registrations.all).toEqual([]);
});
