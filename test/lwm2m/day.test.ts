/** A day with two Servers over a network that loses one datagram in five. */
import { describe, expect, it, vi } from "vitest";
import type { Link } from "#coap/link";
import type { Random } from "#runtime";
import { type Ask, get, nameOf, OPTION, post, text } from "../ets/ask.ts";
import { account, answer } from "../ets/raw-device.ts";
import { isRequest } from "../ets/raw-server.ts";
import { type CoapParts, coapBytes, optionOf, type ReadCoap, readCoap } from "../support/coap-bytes.ts";
import { openDevice } from "../support/lwm2m-device.ts";
import { createSeededRandom, type ManualClock } from "../support/manual-clock.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** RFC 7252 §4.8. */
const ACK_TIMEOUT_MS = 2000;
const MAX_RETRANSMIT = 4;
const LOSS = 0.2;
const SILENCE_MS = 10 * MINUTE_MS;
const WATCHED = ["/3/0/9", "/4/0/2"];

/** A Server that keeps its registration, repeats its requests, and acknowledges or resets what it is told. */
function createServer(name: string, clock: ManualClock) {
  let link: Link;
  let messageId = 0;
  let registrations = 0;
  let registration: { readonly location: string; readonly lifetimeS: number; readonly untilMs: number } | undefined;
  const answers = new Map<string, CoapParts>();
  const asking = new Map<string, (response: ReadCoap | undefined) => void>();
  const watching = new Map<string, string>();
  const heardAtMs = new Map<string, number>();
  const seen = { lapses: 0, updates: 0, notifications: 0, unanswered: 0 };

  const put = (message: CoapParts) => link.send(coapBytes(message));

  const renew = (location: string, lifetimeS: number) => {
    if (registration && clock.monotonic() > registration.untilMs) seen.lapses++;
    registration = { location, lifetimeS, untilMs: clock.monotonic() + lifetimeS * 1000 };
  };

  const serve = (request: ReadCoap): CoapParts => {
    const [method, place = ""] = nameOf(request).split(" ");
    const [path = "", query] = place.split("?");
    const lifetimeS = Number(new URLSearchParams(query).get("lt") ?? registration?.lifetimeS);
    if (method === "POST" && path === "/rd") {
      const location = String(++registrations);
      watching.clear();
      renew(`/rd/${location}`, lifetimeS);
      for (const watched of WATCHED) clock.after(0, () => void self.observe(watched));
      return answer(request, "2.01", { options: ["rd", location].map((part) => [OPTION.locationPath, part]) });
    }
    if (method !== "POST" || path !== registration?.location) return answer(request, "4.04");
    seen.updates++;
    renew(path, lifetimeS);
    return answer(request, "2.04");
  };

  const hear = (datagram: Buffer) => {
    const message = readCoap(datagram);
    const { type, mid, token } = message;
    if (isRequest(message)) {
      const key = `${mid}/${token}`;
      const reply = answers.get(key) ?? serve(message);
      answers.set(key, reply);
      return put(reply);
    }
    asking.get(token)?.(message);
    if (type === "ACK" || type === "RST") return;
    seen.notifications++;
    const path = watching.get(token);
    if (path !== undefined) heardAtMs.set(path, clock.monotonic());
    else return put({ type: "RST", code: "0.00", mid });
    if (optionOf(message, OPTION.observe) === undefined) watching.delete(token);
    if (type === "CON") put({ type: "ACK", code: "0.00", mid });
  };

  const self = {
    seen,
    get watching(): readonly string[] {
      return [...watching.values()];
    },
    takeOver(next: Link) {
      link = next;
      link.listen({ message: hear, closed() {} });
    },
    /** @returns undefined where nothing came back, however often it was repeated. */
    async ask(request: Ask, begun?: (token: string) => void): Promise<ReadCoap | undefined> {
      const mid = ++messageId & 0xffff;
      const token = `${name}${messageId.toString(16).padStart(6, "0")}`;
      begun?.(token);
      return new Promise((resolve) => {
        const end = (response: ReadCoap | undefined) => {
          asking.delete(token);
          resolve(response);
        };
        const transmit = (attempt: number) => {
          if (!asking.has(token)) return;
          if (attempt > MAX_RETRANSMIT) {
            seen.unanswered++;
            return end(undefined);
          }
          put({ type: "CON", ...request, mid, token });
          clock.after(ACK_TIMEOUT_MS * 2 ** attempt, () => transmit(attempt + 1));
        };
        asking.set(token, end);
        transmit(0);
      });
    },
    observe(path: string) {
      for (const [token, watched] of watching) if (watched === path) watching.delete(token);
      heardAtMs.set(path, clock.monotonic());
      return self.ask(get(path, { observe: 0 }), (token) => watching.set(token, path));
    },
    /** Observes anew what has been silent, though its value changes every minute. */
    renewObservations() {
      for (const [path, atMs] of heardAtMs) if (clock.monotonic() - atMs > SILENCE_MS) void self.observe(path);
    },
  };
  return self;
}

/** A Confirmable notification, from its first transmission on. */
interface Sent {
  readonly token: string;
  readonly host: string;
  transmissions: number;
  /** Its Acknowledgement reached the device. */
  acknowledged: boolean;
  /** A newer value took its place (RFC 7641 §4.5.2), or its link was given up with the registration. */
  replaced: boolean;
}

/** A network that loses datagrams, and knows what became of each Confirmable notification. */
function createNetwork(random: Random) {
  const all: Sent[] = [];
  return {
    all,
    open(host: string) {
      for (const each of all) if (each.host === host && !each.acknowledged) each.replaced = true;
      const byId = new Map<number, Sent>();
      return (from: 0 | 1, datagram: Buffer): boolean => {
        const message = readCoap(datagram);
        const { type, mid, token, code } = message;
        if (from === 0 && type === "CON" && code === "2.05") {
          expect(optionOf(message, OPTION.observe)).toBeDefined();
          let sent = byId.get(mid);
          if (!sent) {
            for (const each of byId.values()) if (each.token === token && !each.acknowledged) each.replaced = true;
            sent = { token, host, transmissions: 0, acknowledged: false, replaced: false };
            byId.set(mid, sent);
            all.push(sent);
          }
          sent.transmissions++;
        }
        const arrives = random.fraction() >= LOSS;
        if (from === 1 && arrives && type === "ACK" && code === "0.00") {
          const sent = byId.get(mid);
          if (sent) sent.acknowledged = true;
        }
        return arrives;
      };
    },
  };
}

describe("a day of two Servers with 20 % loss", () => {
  it.each([1, 2])(
    "misses no lifetime, executes nothing twice, and leaves no Confirmable notification open (seed %i)",
    { timeout: 60_000 },
    async (seed) => {
      const network = createNetwork(createSeededRandom(seed));
      const servers = new Map<string, ReturnType<typeof createServer>>();
      const device = openDevice({
        files: { "/datatx/bootstrap.ini": `${account(1, 102, 300)}\n${account(2, 103, 900)}` },
        network: ({ host }) => network.open(host),
        confirmable: true,
        serverOn: (link, { host }) => servers.get(host)!.takeOver(link),
      });
      const { clock, modem, registry, logged } = device;
      servers.set("192.0.2.1", createServer("01", clock));
      servers.set("192.0.2.2", createServer("02", clock));
      const executed: string[] = [];
      vi.spyOn(registry, "execute").mockImplementation((_, args) => void executed.push(args.get(0)!));
      await clock.advance(1000);
      device.client.register(false);

      const random = createSeededRandom(seed);
      let asked = 0;
      let done = 0;
      for (let minute = 0; minute < DAY_MINUTES; minute++) {
        await clock.advance(MINUTE_MS);
        modem.update(({ battery }) => ({ battery: { ...battery, percent: Math.floor(random.fraction() * 100) } }));
        if (minute % 5 !== 0) continue;
        for (const server of servers.values()) {
          server.renewObservations();
          void server.ask(post("/3/0/12", text(`0='${++asked}'`))).then((response) => {
            if (response?.code === "2.04") done++;
          });
        }
      }
      await clock.advance(5 * MINUTE_MS);

      for (const { seen } of servers.values()) {
        expect(seen.lapses).toBe(0);
        expect(seen.updates).toBeGreaterThan(100);
        expect(seen.notifications).toBeGreaterThan(1000);
      }
      expect(new Set(executed).size).toBe(executed.length);
      expect(executed.length).toBeGreaterThanOrEqual(done);
      expect(done).toBeGreaterThan(0.97 * asked);

      const lost = network.all.filter(({ acknowledged, replaced }) => !acknowledged && !replaced);
      expect(network.all.length).toBeGreaterThan(2000);
      for (const { transmissions, token } of lost) {
        expect(transmissions).toBe(1 + MAX_RETRANSMIT);
        expect(logged.filter((line) => line.includes("does not acknowledge") && line.includes(token))).not.toEqual([]);
      }
      expect(lost.length).toBeGreaterThan(0);
      console.log(
        network.all.length,
        lost.length,
        network.all.filter(({ replaced }) => replaced).length,
        [...servers.values()].map((s) => s.seen),
        logged,
      );
    },
  );
});
