/** The power, or the process, goes at each single call to the disk: after the restart there is the old state or the new one. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keepNonVolatile, readNonVolatile } from "#at/memory/non-volatile";
import { type Efs, fillFactory, openEfs } from "#efs/efs";
import { createStore } from "#efs/store";
import { createAccounts } from "#lwm2m/accounts";
import { createKeptRegistrations, type KeptRegistration } from "#lwm2m/kept-registrations";
import { createRegistry } from "#lwm2m/registry";
import { createSettings, type Settings } from "#lwm2m/settings";
import { createInitialState } from "#modem/initial-state";
import { createModem } from "#modem/modem";
import { accessControl } from "#objects/access-control";
import { security } from "#objects/security";
import { server } from "#objects/server";
import { silentLog } from "#runtime";
import { hardware } from "../support/hardware.js";
import { createManualClock } from "../support/manual-clock.js";
import { createFailingDisk, LOSSES } from "./failing-disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const FACTORY = join(import.meta.dirname, "../../config/efs");

interface Change {
  /** The state before. */
  readonly before: (efs: Efs) => void;
  readonly change: (efs: Efs) => void;
  /** What a program that starts finds, piece by piece: each is to be the old one or the new one. */
  readonly found: (efs: Efs) => Readonly<Record<string, unknown>>;
}

/** Cuts the power at every call that the change makes to the disk, and once after the last. */
function cutEverywhere({ before, change, found }: Change): void {
  const look = (directory: string) =>
    Object.entries(found(openEfs(directory))).map(([piece, content]) => `${piece} ${JSON.stringify(content)}`);
  const original = temporaryDirectory();
  before(openEfs(original));
  const old = look(copyOf(original));
  const changed = copyOf(original);
  change(openEfs(changed));
  const next = look(changed);
  expect(next).not.toEqual(old);
  for (let failAt = 1, isDone = false; !isDone; failAt++) {
    for (const loss of LOSSES) {
      const root = copyOf(original);
      const failing = createFailingDisk(failAt);
      const efs = openEfs(root, failing.disk);
      try {
        change(efs);
      } catch (error) {
        if (!failing.failed) throw error;
      }
      failing.lose(loss);
      const left = look(root);
      for (const [index, piece] of left.entries()) {
        expect([old[index], next[index]], `call ${failAt}, ${loss}`).toContain(piece);
      }
      expect(left).toHaveLength(next.length);
      expect(filesIn(root).filter((name) => name.endsWith(".bg96-tmp"))).toEqual([]);
      if (failAt === 1) expect(left).toEqual(old);
      isDone = !failing.failed;
      if (isDone) expect(left, `done, ${loss}`).toEqual(next);
    }
  }
}

const copyOf = (directory: string): string => {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
};
const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const settingsOf = (efs: Efs): Settings =>
  createSettings({ efs, modem: createModem(createInitialState(hardware)), log: silentLog });

const contents = (efs: Efs, ...paths: string[]) =>
  Object.fromEntries(paths.map((path) => [path, efs.read(path)?.toString() ?? "absent"]));

const keptAs = (efs: Efs, endpoint: string) => {
  const kept: KeptRegistration[] = [
    {
      shortServerId: 102,
      uri: "coap://192.0.2.1:5683",
      grant: {
        endpoint,
        localPort: 5,
        location: ["rd", "1"],
        expiresAtMs: 9e15,
        lifetimeS: 300,
        binding: "U",
        objects: "</1/1>",
      },
      relations: [{ token: "aa", path: "/3/0/9", accept: 0 }],
      attributes: [{ shortServerId: 102, path: "/3/0/9", attributes: { pmin: 5 } }],
    },
  ];
  return createKeptRegistrations({
    store: createStore(efs, silentLog),
    clock: createManualClock(),
    log: silentLog,
    current: () => kept,
  });
};
const keep = (efs: Efs, endpoint: string) => {
  const registrations = keptAs(efs, endpoint);
  registrations.begin(true);
  registrations.changed();
};

const accountsOf = (efs: Efs) => {
  const registry = createRegistry([security(), server({ disable() {}, update() {} }), accessControl()]);
  const overrides = () => ({}) as never;
  const accounts = createAccounts({ efs, store: createStore(efs, silentLog), registry, log: silentLog, overrides });
  return { registry, accounts };
};
const changeLifetime = (efs: Efs, lifetimeS: number) => {
  const { accounts } = accountsOf(efs);
  accounts.load(0);
  accounts.save();
  accounts.amendLifetime(102, lifetimeS);
};

const setBaudRate = (efs: Efs, rate: string) => {
  const modem = createModem({ ...createInitialState(hardware), ...readNonVolatile(efs, silentLog) });
  keepNonVolatile(efs, modem, silentLog);
  modem.update((state) => ({ settings: { ...state.settings, IPR: rate } }));
};

const INI = "/datatx/bootstrap.ini";
const HOST = "/datatx/qlwm2m.json";
const ACCOUNT = `{"bn":"/0/1/","e":[{"n":"0","sv":"coap://192.0.2.1:5683"},{"n":"1","bv":false},{"n":"2","v":3},{"n":"10","v":102}]}
{"bn":"/1/1/","e":[{"n":"0","v":102},{"n":"1","v":300},{"n":"6","bv":true},{"n":"7","sv":"U"}]}`;

const CHANGES: Readonly<Record<string, Change>> = {
  "stored state": {
    before: (efs) => createStore(efs, silentLog).save("x", { a: "old" }),
    change: (efs) => createStore(efs, silentLog).save("x", { a: "new".repeat(5000) }),
    found: (efs) => ({ x: createStore(efs, silentLog).load("x") }),
  },
  "the first of it, folder included": {
    before() {},
    change: (efs) => createStore(efs, silentLog).save("x", 1),
    found: (efs) => ({ x: createStore(efs, silentLog).load("x") ?? "absent" }),
  },
  "stored state that is removed": {
    before: (efs) => createStore(efs, silentLog).save("x", 1),
    change: (efs) => createStore(efs, silentLog).remove("x"),
    found: (efs) => ({ x: createStore(efs, silentLog).load("x") ?? "absent" }),
  },
  "persistent accounts": {
    before(efs) {
      efs.write(INI, ACCOUNT);
      changeLifetime(efs, 600);
    },
    change: (efs) => accountsOf(efs).accounts.amendLifetime(102, 900),
    found(efs) {
      const { accounts, registry } = accountsOf(efs);
      return { from: accounts.load(0), lifetime: registry.value(1, 1, 1) };
    },
  },
  "kept registrations": {
    before: (efs) => keep(efs, "old"),
    change: (efs) => keep(efs, "new"),
    found(efs) {
      const registrations = keptAs(efs, "any");
      registrations.begin(true);
      const account = { shortServerId: 102, uri: "coap://192.0.2.1:5683" } as never;
      return { kept: registrations.find(account, "old") ?? registrations.find(account, "new") ?? "absent" };
    },
  },
  "non-volatile AT settings": {
    before: (efs) => setBaudRate(efs, "9600"),
    change: (efs) => setBaudRate(efs, "115200"),
    found: (efs) => ({ rate: readNonVolatile(efs, silentLog).settings?.IPR }),
  },
  "a PSK file, and the key in bootstrap.ini that would win over it": {
    before(efs) {
      efs.write(INI, ACCOUNT.replace('{"n":"10"', '{"n":"5","sv":"AAAA"},{"n":"10"'));
      settingsOf(efs).setServer("192.0.2.9", 5684);
    },
    change: (efs) => settingsOf(efs).generatePsk(),
    found: (efs) => contents(efs, INI, "/datatx/ssl/102_server.psk"),
  },
  "the server's address": {
    before(efs) {
      fillFactory(efs, FACTORY);
      settingsOf(efs).setServer("192.0.2.9", 5684);
    },
    change: (efs) => settingsOf(efs).setServer("192.0.2.10", 5685),
    found: (efs) => ({ ...contents(efs, INI, HOST), readable: settingsOf(efs).serverUri !== undefined }),
  },
  "a profile": {
    before: (efs) => void fillFactory(efs, FACTORY),
    change: (efs) => settingsOf(efs).selectProfile(2),
    found: (efs) => contents(efs, INI, HOST, "/datatx/lwm2m_cfg", "/datatx/carrier_apn_cfg"),
  },
  autostart: {
    before: (efs) => void fillFactory(efs, FACTORY),
    change: (efs) => settingsOf(efs).setEnabled(true),
    found: (efs) => ({ enabled: settingsOf(efs).enabled }),
  },
  "all that reset removes": {
    before(efs) {
      for (const name of ["accounts", "registrations"]) createStore(efs, silentLog).save(name, name);
    },
    change: (efs) => settingsOf(efs).reset(),
    found(efs) {
      const store = createStore(efs, silentLog);
      return { accounts: store.load("accounts") ?? "absent", registrations: store.load("registrations") ?? "absent" };
    },
  },
};

describe("where the power goes at any call to the disk, there is afterwards the old or the new", () => {
  for (const [what, change] of Object.entries(CHANGES)) it(what, () => cutEverywhere(change));

  it("factory tree, completed by the next start", () => {
    const whole = temporaryDirectory();
    fillFactory(openEfs(whole), FACTORY);
    const listing = (root: string) =>
      Object.fromEntries(filesIn(root).map((name) => [name.slice(root.length), readFileSync(name, "utf8")]));
    for (let failAt = 1, isDone = false; !isDone; failAt++) {
      for (const loss of LOSSES) {
        const root = copyOf(temporaryDirectory());
        const failing = createFailingDisk(failAt);
        try {
          fillFactory(openEfs(root, failing.disk), FACTORY);
        } catch {
          expect(failing.failed).toBe(true);
        }
        failing.lose(loss);
        fillFactory(openEfs(root), FACTORY);
        expect(listing(root), `call ${failAt}, ${loss}`).toEqual(listing(whole));
        isDone = !failing.failed;
      }
    }
  });

  it("a damaged file that is set aside is somewhere, whole", () => {
    for (let failAt = 1, isDone = false; !isDone; failAt++) {
      for (const loss of LOSSES) {
        const root = temporaryDirectory();
        openEfs(root).write("/datatx/lwm2m/x.json", "{damaged");
        const failing = createFailingDisk(failAt);
        try {
          createStore(openEfs(root, failing.disk), silentLog).load("x");
        } catch {
          expect(failing.failed).toBe(true);
        }
        failing.lose(loss);
        const efs = openEfs(root);
        const left = ["/datatx/lwm2m/x.json", "/datatx/lwm2m/x.json.bad"].map((path) => efs.read(path)?.toString());
        expect(
          left.filter((each) => each !== undefined),
          `call ${failAt}, ${loss}`,
        ).toContain("{damaged");
        expect(createStore(efs, silentLog).load("x")).toBeUndefined();
        isDone = !failing.failed;
      }
    }
  });
});
